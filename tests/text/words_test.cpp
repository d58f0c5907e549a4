#include <mmrec/text/words.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/text/detail/byte_classes.hpp>
#include <mmrec/text/detail/utf8.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"
#include "text/helpers.hpp"

using namespace mmrec;
using test::tokens_of;
using list = std::vector<std::string>;

TEST_CASE("words are the longest runs of letters, digits and underscores, in lower case") {
  CHECK(tokens_of(text::words{}, "The quick, brown_fox: 42 a I'm O'Neill's x2") ==
        list{"the", "quick", "brown_fox", "42", "neill", "x2"});
  CHECK(tokens_of(text::words{}, "").empty());
  CHECK(tokens_of(text::words{}, " \t\n.,;").empty());
  CHECK(tokens_of(text::words{.min_length = 1}, "a b") == list{"a", "b"});
  CHECK(tokens_of(text::words{.min_length = 4}, "one three été années") == list{"three", "années"});
  CHECK(tokens_of(text::words{.lowercase = false}, "The ÉCOLE") == list{"The", "ÉCOLE"});
}

TEST_CASE("words of other scripts, as Python's \\w and lower() see them") {
  CHECK(tokens_of(text::words{}, "ÉCOLE Straße GRÖẞE") == list{"école", "straße", "größe"});
  CHECK(tokens_of(text::words{}, "НОЧНОЙ поезд") == list{"ночной", "поезд"});
  CHECK(tokens_of(text::words{}, "ΔΡΟΜΟΣ ΣΑΣ Σ Σ1") == list{"δρομος", "σας", "σ1"});
  CHECK(tokens_of(text::words{}, "İstanbul xİy") == list{"stanbul", "xi"});
  CHECK(tokens_of(text::words{}, "北京大学 iPhone手机") == list{"北京大学", "iphone手机"});
  CHECK(tokens_of(text::words{}, "𐐀𐐁 ȺȺȺȺ") == list{"𐐨𐐩", "ⱥⱥⱥⱥ"});
  CHECK(tokens_of(text::words{}, "cafe\xcc\x81s na\xc3\xafve") == list{"cafe", "naïve"});  // a combining accent ends a word
}

TEST_CASE("words of every length begin and end at every place of a block of 64 bytes") {
  for (std::size_t before = 0; before < 70; ++before) {
    for (const std::size_t length : {std::size_t{1}, std::size_t{2}, std::size_t{7}, std::size_t{63}, std::size_t{64},
                                     std::size_t{65}, std::size_t{130}}) {
      const std::string word(length, 'Q');
      const std::string expected(length, 'q');
      list wanted;
      if (length > 1) wanted.push_back(expected);
      CHECK(tokens_of(text::words{}, std::string(before, ' ') + word) == wanted);
      CHECK(tokens_of(text::words{}, std::string(before, '.') + word + " é") == wanted);
      const list joined = {expected + "é"};
      CHECK(tokens_of(text::words{}, std::string(before, '.') + word + "É!") == joined);
    }
  }
}

TEST_CASE("cjk runs stay whole, or become characters or pairs") {
  CHECK(tokens_of(text::words{.cjk_runs = text::cjk::run}, "北京大学 我") == list{"北京大学"});
  CHECK(tokens_of(text::words{.cjk_runs = text::cjk::single}, "北京 iPhone手机x") == list{"北", "京", "iphone", "手", "机"});
  CHECK(tokens_of(text::words{.cjk_runs = text::cjk::bigrams}, "北京大学 我,タワー") ==
        list{"北京", "京大", "大学", "我", "タワ", "ワー"});
  CHECK(tokens_of(text::words{.cjk_runs = text::cjk::bigrams}, "x我y北京z") == list{"我", "北京"});
  CHECK(tokens_of(text::words{.cjk_runs = text::cjk::bigrams}, "ab我cd") == list{"ab", "我", "cd"});
}

TEST_CASE("bytes that are not UTF-8 follow the policy asked for") {
  const std::string bad =
      "ab\xff"
      "cd ef\xe4\xb8gh \xc3";
  CHECK(tokens_of(text::words{}, bad) == list{"ab", "cd", "ef", "gh"});
  CHECK(tokens_of(text::words{.on_malformed = text::malformed::ignore}, bad) == list{"abcd", "efgh"});
  const auto rejected = [&] { tokens_of(text::words{.on_malformed = text::malformed::reject}, bad); };
  CHECK(test::thrown<data_error>(rejected) == "text::words: byte 2 of a document is not UTF-8");
  CHECK(tokens_of(text::words{.on_malformed = text::malformed::reject}, "fine é") == list{"fine"});
}

TEST_CASE("a piece of text ends with its last word") {
  CHECK(tokens_of(text::words{}, list{"one tw", "o three"}) == list{"one", "tw", "three"});
}

TEST_CASE("words refuses a length of 0") {
  const auto fit = [] { tokens_of(text::words{.min_length = 0}, "x"); };
  CHECK(test::thrown<invalid_config>(fit) == "text::words::fit: min_length must be at least 1");
}

TEST_CASE("letters and lower case are Python's for every code point") {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/text_unicode.csv");
  REQUIRE(file);
  std::vector<bool> word(0x110000, false);
  std::vector<std::uint32_t> lower(0x110000);
  for (std::uint32_t point = 0; point < lower.size(); ++point) lower[point] = point;
  std::string kind;
  std::uint32_t first = 0;
  std::uint32_t second = 0;
  char comma = 0;
  std::size_t lines = 0;
  while (std::getline(file, kind, ',') && file >> first >> comma >> second) {
    file.ignore();
    ++lines;
    if (kind == "lower") lower[first] = second;
    for (std::uint32_t point = first; kind == "word" && point <= second; ++point) word[point] = true;
  }
  CHECK(lines == 2136);
  std::size_t wrong = 0;
  for (std::uint32_t point = 0x80; point < 0x110000; ++point) {
    if (point >= 0xd800 && point < 0xe000) continue;
    if (text::detail::is_wide_word(point) != word[point]) ++wrong;
    if (point != 0x130 && text::detail::wide_lower(point) != lower[point]) ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("decoding accepts exactly the well-formed sequences") {
  std::size_t wrong = 0;
  std::array<char, 4> bytes{};
  for (std::uint32_t point = 0; point < 0x110000; ++point) {
    const std::size_t size = text::detail::encode_utf8(point, bytes.data());
    const auto result = text::detail::decode_utf8(std::string_view(bytes.data(), size), 0);
    const bool surrogate = point >= 0xd800 && point < 0xe000;
    if (result.valid == surrogate) ++wrong;
    if (result.valid && (result.point != point || result.size != size)) ++wrong;
    for (std::size_t cut = 1; cut < size; ++cut) {  // every truncation is malformed and takes at least one byte
      const auto part = text::detail::decode_utf8(std::string_view(bytes.data(), cut), 0);
      if (part.valid || part.size < 1 || part.size > cut) ++wrong;
    }
  }
  // Every start of two and three bytes: what is accepted is what encoding gives back.
  for (std::uint32_t value = 0; value < (1u << 24); ++value) {
    bytes = {static_cast<char>(value >> 16), static_cast<char>(value >> 8), static_cast<char>(value), 0};
    const auto result = text::detail::decode_utf8(std::string_view(bytes.data(), 3), 0);
    if (result.size < 1 || result.size > 3) ++wrong;
    if (!result.valid) continue;
    std::array<char, 4> again{};
    const std::size_t size = text::detail::encode_utf8(result.point, again.data());
    if (size != result.size || !std::equal(again.begin(), again.begin() + static_cast<std::ptrdiff_t>(size), bytes.begin()))
      ++wrong;
  }
  CHECK(wrong == 0);
}

TEST_CASE("the block classifier agrees with its plain form on all bytes") {
  std::mt19937 random(1);
  std::array<char, 64> in{};
  std::array<char, 64> fast{};
  std::array<char, 64> plain{};
  for (int round = 0; round < 2000; ++round) {
    for (char& byte : in) byte = static_cast<char>(random());
    const auto a = text::detail::classify_block<true>(in.data(), fast.data());
    const auto b = text::detail::classify_block_portable<true>(in.data(), plain.data());
    REQUIRE(a.word == b.word);
    REQUIRE(a.wide == b.wide);
    REQUIRE(fast == plain);
    const auto c = text::detail::classify_block<false>(in.data(), fast.data());
    REQUIRE(c.word == b.word);
    REQUIRE(fast == in);
  }
}

TEST_CASE("random bytes never read or write out of bounds, and ASCII agrees with a plain loop") {
  std::mt19937 random(2);
  for (int round = 0; round < 3000; ++round) {
    const bool ascii = round % 2 == 0;
    std::string document(random() % 300, ' ');
    for (char& byte : document)
      byte = static_cast<char>(ascii ? "aZ_9 .,\n"[random() % 8] : static_cast<int>(random() % 256));
    std::vector<char> exact(document.begin(), document.end());  // no slack behind it: the sanitizer sees any step beyond
    const list tokens = tokens_of(text::words{}, std::string_view(exact.data(), exact.size()));
    if (!ascii) continue;
    list expected;
    std::string word;
    for (const char byte : document + " ") {
      if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || byte == '_' || byte == '9') {
        word += byte == 'Z' ? 'z' : byte;
      } else {
        if (word.size() > 1) expected.push_back(word);
        word.clear();
      }
    }
    REQUIRE(tokens == expected);
  }
}

TEST_CASE("words does not allocate once warm, and handles a megabyte of anything") {
  const text::words words;
  text::words::workspace scratch;
  std::size_t tokens = 0;
  std::size_t bytes = 0;
  auto sink = words.attach(scratch, test::tally{&tokens, &bytes});
  const std::size_t size = std::size_t{1} << 20;
  const std::vector<std::string> units = {"a", "<", "&", " ", "9", "\xcc\x81", "é", "北", "\xff", "Ⱥ", "😀\xe2\x80\x8d",
                                          "a "};
  for (const std::string& unit : units) {
    std::string document;
    while (document.size() < size) document += unit;
    tokens = bytes = 0;
    sink(document);
    sink.finish();
    CHECK(tokens <= 1);  // a run of letters is one word, however long; all else is none
    const bool letters = unit == "a" || unit == "9" || unit == "é" || unit == "北" || unit == "Ⱥ";
    CHECK((bytes >= size) == letters);
    CHECK(test::allocations_of([&] { sink(document); }) == 0);
  }
}
