// texts.hpp - texts of several classes: read from files, or made up.
#pragma once
#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/io/file.hpp>

namespace titles {

namespace mm = mmrec;

struct texts {
  mm::data::text_column documents;
  std::vector<std::uint32_t> classes;

  void add(std::string_view document, std::uint32_t label) {
    documents.push_back(document);
    classes.push_back(label);
  }
};

/// What is trained on, what the best epoch is chosen by, and what nothing is chosen by.
struct parts {
  texts known, validation, test;

  void train_on_validation() {
    for (std::size_t i = 0; i < validation.classes.size(); ++i) known.add(validation.documents[i], validation.classes[i]);
    validation = {};
  }
};

/// Every tenth text of the training files is held out for validation.
inline parts divided(const texts& training, texts test) {
  parts all;
  all.test = std::move(test);
  for (std::size_t i = 0; i < training.classes.size(); ++i) {
    (i % 10 == 9 ? all.validation : all.known).add(training.documents[i], training.classes[i]);
  }
  return all;
}

/// Lines of a title, a tabulator and the number of its class.
inline texts read_titles(const std::filesystem::path& file) {
  const std::string bytes = mm::io::read_file(file);
  texts all;
  std::size_t number = 0;
  for (std::size_t start = 0; start < bytes.size();) {
    const std::size_t end = std::min(bytes.find('\n', start), bytes.size());
    std::string_view line(bytes.data() + start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    start = end + 1;
    ++number;
    if (line.empty()) continue;
    const std::size_t tab = line.rfind('\t');
    std::uint32_t label = 0;
    const char* const last = line.data() + line.size();
    if (tab == std::string_view::npos || std::from_chars(line.data() + tab + 1, last, label).ptr != last) {
      throw mm::parse_error(file.native(), number, 0, "is not a title, a tabulator and a number");
    }
    all.add(line.substr(0, tab), label);
  }
  return all;
}

/// THUCNews's titles as https://github.com/649453932/Chinese-Text-Classification-Pytorch has them. Trained on dev.txt.
inline parts read_titles_of(const std::filesystem::path& folder) {
  return divided(read_titles(folder / "dev.txt"), read_titles(folder / "test.txt"));
}

/// A folder for each class, with a file for each text; classes are numbered in the order of their names.
inline texts read_folders(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    if (entry.is_regular_file()) files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  texts all;
  std::uint32_t label = 0;
  for (std::size_t i = 0; i < files.size(); ++i) {
    if (i != 0 && files[i].parent_path() != files[i - 1].parent_path()) ++label;
    all.add(mm::io::read_file(files[i]), label);
  }
  return all;
}

/// The messages of 20 Newsgroups, divided by date. http://qwone.com/~jason/20Newsgroups
inline parts read_newsgroups(const std::filesystem::path& folder) {
  return divided(read_folders(folder / "20news-bydate-train"), read_folders(folder / "20news-bydate-test"));
}

/// Texts of made-up characters. A topic has its own words of two characters; all topics are written with the same
/// characters, so that only their order tells.
inline texts make_texts(std::size_t count, std::uint32_t topics, std::size_t words, mm::seed key) {
  constexpr std::uint32_t characters = 60, words_of_topic = 12;
  const auto append = [](std::string& text, std::uint32_t character) {  // U+4E00 and up, as UTF-8
    const std::uint32_t point = 0x4e00 + character;
    text += static_cast<char>(0xe0 | (point >> 12));
    text += static_cast<char>(0x80 | ((point >> 6) & 0x3f));
    text += static_cast<char>(0x80 | (point & 0x3f));
  };
  std::vector<std::string> lexicon;
  mm::random_stream language(mm::seed{7});
  for (std::uint32_t word = 0; word < topics * words_of_topic; ++word) {
    append(lexicon.emplace_back(), language.below(characters));
    append(lexicon.back(), language.below(characters));
  }
  texts all;
  for (std::size_t i = 0; i < count; ++i) {
    mm::random_stream random(key, i);
    const std::uint32_t topic = random.below(topics);
    std::string text;
    for (std::size_t word = 0; word < words; ++word) {
      if (random.below(3) == 0) {
        text += lexicon[topic * words_of_topic + random.below(words_of_topic)];
      } else {  // of no topic
        append(text, random.below(characters));
        append(text, random.below(characters));
      }
    }
    all.add(text, topic);
  }
  return all;
}
inline parts make_parts(std::uint32_t topics, std::size_t words, mm::seed key) {
  return divided(make_texts(2000, topics, words, key.derive(0)), make_texts(500, topics, words, key.derive(1)));
}

}  // namespace titles
