// fuzz/targets.hpp - what the fuzzers call, and the test that replays their corpus. Each target takes any bytes; errors of
// the library are fine, everything else (a crash, another exception, a broken property) is a finding.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/io/adjacency.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/mmrec_folder.hpp>
#include <mmrec/io/movielens_classic.hpp>
#include <mmrec/io/npy.hpp>
#include <mmrec/io/recbole.hpp>
#include <mmrec/io/recbole_interactions.hpp>
#include <mmrec/io/safetensors.hpp>
#include <mmrec/io/table.hpp>
#include <mmrec/io/wav.hpp>

namespace fuzz {

/// Ends the program: a fuzzer reports this as a crash, and it is not an exception that a reader might swallow.
inline void require(bool property) {
  if (!property) std::abort();
}

/// The first byte chooses among options, the rest is the file.
inline std::uint8_t take_choice(std::string_view& bytes) {
  if (bytes.empty()) return 0;
  const auto choice = static_cast<std::uint8_t>(bytes.front());
  bytes.remove_prefix(1);
  return choice;
}

inline mmrec::limits small_limits() {
  mmrec::limits bounds;
  bounds.line_bytes = 4096;
  bounds.columns = 64;
  bounds.rows = 10000;
  return bounds;
}

inline mmrec::io::table_options options_of(std::uint8_t choice) {
  constexpr const char* delimiters[] = {",", "\t", "::", " "};
  return {.delimiter = delimiters[choice & 3], .quotes = (choice & 4) == 0, .header = (choice & 8) == 0};
}

using records = std::vector<std::vector<std::string>>;

/// All records, or those before the first error.
inline records read_records(std::string_view bytes, const mmrec::io::table_options& options) {
  records result;
  try {
    mmrec::io::table_reader table(bytes, "fuzz", options, small_limits());
    while (table.next()) {
      result.emplace_back();
      for (std::size_t place = 0; place < table.columns(); ++place) {
        result.back().emplace_back(table[place]);
        try {
          static_cast<void>(table.value<float>(place));
          static_cast<void>(table.value<std::int64_t>(place));
        } catch (const mmrec::parse_error& error) {
          require(error.line() >= 1 && error.column() >= 1);
        }
      }
    }
  } catch (const mmrec::error&) {
  }
  return result;
}

/// Skipping gives at least what strictness gives before its first error, and records written as CSV read as they were.
inline void table(std::string_view bytes) {
  mmrec::io::table_options options = options_of(take_choice(bytes));
  const records strict = read_records(bytes, options);
  options.on_malformed = mmrec::io::malformed::skip;
  const records all = read_records(bytes, options);
  require(strict.size() <= all.size());
  for (std::size_t row = 0; row < strict.size(); ++row) require(strict[row] == all[row]);

  std::string csv;
  for (const auto& record : strict) {
    for (std::size_t place = 0; place < record.size(); ++place) {
      csv += place == 0 ? "\"" : ",\"";
      for (const char c : record[place]) csv += c == '"' ? std::string("\"\"") : std::string(1, c);
      csv += '"';
    }
    csv += "\r\n";
  }
  if (csv.size() <= small_limits().line_bytes) require(read_records(csv, {.header = false}) == strict);
}

template <class T>
void npy_as(std::string_view bytes) {
  try {
    const mmrec::io::npy_array<T> array = mmrec::io::parse_npy<T>(bytes, "fuzz");
    const mmrec::io::npy_array<T> again =
        mmrec::io::parse_npy<T>(mmrec::io::format_npy<T>(array.values, array.shape), "fuzz");
    require(again.shape == array.shape && again.values.size() == array.values.size());
    require(array.values.empty() ||
            std::memcmp(again.values.data(), array.values.data(), array.values.size() * sizeof(T)) == 0);
  } catch (const mmrec::error&) {
  }
}

/// What is read as an array of some type is written and read again with the same bits.
inline void npy(std::string_view bytes) {
  npy_as<float>(bytes);
  npy_as<double>(bytes);
  npy_as<std::int32_t>(bytes);
  npy_as<std::int64_t>(bytes);
  npy_as<std::uint8_t>(bytes);
}

inline void check(const mmrec::data::interactions& events) {
  require(events.starts().size() == events.users() + 1);
  for (const mmrec::item_id item : events.item_array()) require(item.index() < events.items());
}

/// Every choice of policies gives interactions that hold together.
inline void interactions(std::string_view bytes) {
  const std::uint8_t choice = take_choice(bytes);
  const std::uint8_t policies = take_choice(bytes);
  mmrec::io::interaction_table spec{.format = options_of(choice), .user = 0, .item = 1, .value = 2, .time = 3};
  spec.format.on_malformed = (choice & 16) != 0 ? mmrec::io::malformed::skip : mmrec::io::malformed::error;
  spec.numeric_keys = (choice & 32) != 0;
  spec.policy.on_duplicate = static_cast<mmrec::data::duplicates>(policies % 5);
  spec.policy.on_bad_value = (policies & 8) != 0 ? mmrec::data::bad_values::skip : mmrec::data::bad_values::error;
  spec.on_unknown_item = (policies & 16) != 0 ? mmrec::io::unknown_keys::skip : mmrec::io::unknown_keys::error;
  mmrec::io::key_maps keys;
  if ((policies & 32) != 0) keys.items = std::make_shared<const mmrec::data::item_map>(mmrec::data::item_map::numbered(5));
  try {
    const auto file = mmrec::io::parse_interactions(bytes, "fuzz", spec, keys, small_limits());
    check(file.interactions);
    require(file.interactions.report().events + file.unknown_items + file.table.skipped >= file.table.records);
  } catch (const mmrec::error&) {
  }
}

/// Lists of numbers give interactions that hold together.
inline void lists(std::string_view bytes) {
  const std::uint8_t choice = take_choice(bytes);
  const mmrec::io::adjacency_lists spec{.policy = {.on_duplicate = static_cast<mmrec::data::duplicates>(choice % 5)}};
  try {
    check(mmrec::io::parse_adjacency(bytes, "fuzz", spec, {}, small_limits()).interactions);
  } catch (const mmrec::error&) {
  }
}

/// What is read as a sound is finite, and written as floats it is read as it was.
inline void wav(std::string_view bytes) {
  try {
    const mmrec::data::sound sound = mmrec::io::parse_wav(bytes, "fuzz");
    for (const float x : sound.samples) require(std::isfinite(x));
    require(mmrec::io::parse_wav(bytes, "fuzz", {.channel = 0}).samples.size() == sound.samples.size());
    require(mmrec::io::parse_wav(mmrec::io::format_wav(sound, mmrec::io::wav_encoding::float32), "fuzz") == sound);
  } catch (const mmrec::error&) {
  }
}

inline void safetensors_file(const std::string& bytes) {
  try {
    const mmrec::io::safetensors file = mmrec::io::parse_safetensors(bytes, "fuzz", {.allow_non_finite = true});
    std::vector<mmrec::io::tensor_view> tensors;
    for (std::size_t index = 0; index < file.size(); ++index) {
      tensors.push_back(file[index]);
      require(file.at(tensors.back().name).bytes.data() == tensors.back().bytes.data());
      std::vector<double> numbers(tensors.back().size());
      try {
        tensors.back().copy_to(std::span<double>(numbers));
      } catch (const mmrec::data_error&) {
      }
    }
    const std::string written = mmrec::io::format_safetensors(tensors, file.metadata());
    const mmrec::io::safetensors again = mmrec::io::parse_safetensors(written, "fuzz", {.allow_non_finite = true});
    require(again.size() == file.size() && again.metadata() == file.metadata());
    for (const mmrec::io::tensor_view& tensor : tensors) {
      const mmrec::io::tensor_view copy = again.at(tensor.name);
      require(copy.type == tensor.type && std::ranges::equal(copy.shape, tensor.shape));
      require(std::ranges::equal(copy.bytes, tensor.bytes));
    }
    static_cast<void>(mmrec::io::parse_safetensors(bytes, "fuzz"));
  } catch (const mmrec::error&) {
  }
}

/// Tensors that are read are found by name and, written and read again, the same. The bytes are tried as a file, and as a
/// header whose length fits, with the data it may want after it.
inline void safetensors(std::string_view bytes) {
  safetensors_file(std::string(bytes));
  const std::size_t data = take_choice(bytes);
  std::string file(8, '\0');
  for (std::size_t i = 0; i < 8; ++i) file[i] = static_cast<char>(bytes.size() >> (8 * i) & 255);
  file += bytes;
  file.append(data, '\1');
  safetensors_file(file);
}

/// Atomic files: what is read holds together, and fields give what their types say.
inline void recbole(std::string_view bytes) {
  const std::uint8_t choice = take_choice(bytes);
  try {
    const mmrec::io::recbole_table table(bytes, "fuzz", small_limits(),
                                         (choice & 1) != 0 ? mmrec::io::malformed::skip : mmrec::io::malformed::error);
    for (std::size_t place = 0; place < table.fields().size(); ++place) {
      require(table.field(table.fields()[place].name) == place);
      for (std::size_t row = 0; row < table.rows(); ++row) {
        try {
          require(table.tokens(row, place).size() <= table.text(row, place).size());
        } catch (const mmrec::data_error&) {
          for (const float x : table.numbers(row, place)) require(std::isfinite(x));
        }
      }
    }
    if (table.has("user_id")) {
      mmrec::data::user_map users;
      for (const char* key : {"1", "2", "3"}) users.insert(key);
      for (const mmrec::io::recbole_field& field : table.fields()) {
        try {
          require(table.text_of("user_id", field.name, users).present.size() == 3);
          require(table.numbers_of("user_id", field.name, users).present.size() == 3);
        } catch (const mmrec::error&) {
        }
      }
      static_cast<void>(mmrec::io::parse_recbole_edges(bytes, "fuzz", users, "user_id", "item_id", small_limits()));
    }
  } catch (const mmrec::error&) {
  }
  mmrec::io::recbole_interactions spec;
  spec.on_malformed = (choice & 2) != 0 ? mmrec::io::malformed::skip : mmrec::io::malformed::error;
  spec.policy.on_duplicate = static_cast<mmrec::data::duplicates>(choice / 4 % 5);
  try {
    check(mmrec::io::parse_recbole_interactions(bytes, "fuzz", spec, {}, small_limits()).interactions);
  } catch (const mmrec::error&) {
  }
}

/// Tables of films and people have one entry for each number.
inline void movielens(std::string_view bytes) {
  const std::uint8_t choice = take_choice(bytes);
  try {
    if ((choice & 1) != 0) {
      const auto people = (choice & 2) != 0 ? mmrec::io::parse_movielens_1m_people(bytes, "fuzz", small_limits())
                                            : mmrec::io::parse_movielens_100k_people(bytes, "fuzz", small_limits());
      require(people.ages.size() == people.users->size() && people.zip_codes.size() == people.users->size());
    } else {
      const auto films = (choice & 2) != 0 ? mmrec::io::parse_movielens_dat_films(bytes, "fuzz", small_limits())
                                           : mmrec::io::parse_movielens_100k_films(bytes, "fuzz", small_limits());
      require(films.titles.size() == films.items->size() && films.genres.size() == films.items->size());
      for (const std::string& title : films.titles) require(mmrec::io::detail::is_utf8(title));
    }
  } catch (const mmrec::error&) {
  }
}

/// Events with a label for their part: the parts share their users and items.
inline void labelled(std::string_view bytes) {
  try {
    const auto parts = mmrec::io::parse_mmrec_interactions(bytes, "fuzz", {.time = "timestamp"}, 0, small_limits());
    check(parts.train.interactions());
    check(parts.test.interactions());
    require(parts.train.interactions().items() == parts.test.interactions().items());
  } catch (const mmrec::error&) {
  }
}

}  // namespace fuzz
