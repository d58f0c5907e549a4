// The classes and mappings come from utf8proc, which is linked where CMake finds it.
#if __has_include(<utf8proc.h>) && defined(MMREC_TEST_UNICODE)
#include <mmrec/text/unicode_words.hpp>
#else
#define MMREC_TEST_WITHOUT_UNICODE
#endif

#include <cstddef>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/text/words.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"
#include "text/helpers.hpp"

using namespace mmrec;
using test::tokens_of;
using list = std::vector<std::string>;

#ifdef MMREC_TEST_WITHOUT_UNICODE
TEST_CASE("unicode_words") { WARN("skipped: data set: utf8proc is not installed"); }
#else

TEST_CASE("unicode_words composes, folds case and keeps marks") {
  CHECK(tokens_of(text::unicode_words{},
                  "The cafe\xcc\x81 Stra\xc3\x9f"
                  "e STRASSE ΔΡΟΜΟΣ x_1 a") == list{"the", "café", "strasse", "strasse", "δρομοσ", "x_1"});
  CHECK(tokens_of(text::unicode_words{}, "हिन्दी भाषा") == list{"हिन्दी", "भाषा"});
  CHECK(tokens_of(text::unicode_words{.fold_case = false}, "The ÉCOLE") == list{"The", "ÉCOLE"});
  CHECK(tokens_of(text::unicode_words{}, "ＦＵＬＬ ﬁn") == list{"ｆｕｌｌ", "fin"});
  CHECK(tokens_of(text::unicode_words{.form = text::normal_form::nfkc}, "ＦＵＬＬ ﬁn x²") == list{"full", "fin", "x2"});
  CHECK(tokens_of(text::unicode_words{.min_length = 1}, "a \xcc\x81 b") == list{"a", "b"});
}

TEST_CASE("unicode_words gives equal tokens for equivalent orders of marks") {
  const std::string below_first = "q\xcc\xa3\xcc\x87z";  // dot below, dot above
  const std::string above_first = "q\xcc\x87\xcc\xa3z";
  CHECK(tokens_of(text::unicode_words{}, below_first) == tokens_of(text::unicode_words{}, above_first));
}

TEST_CASE("unicode_words equals words on plain text, wherever its segments end") {
  for (std::size_t length = 0; length < 700; length += 7) {
    std::string document;
    while (document.size() < length) document += "Été nine " + std::to_string(document.size()) + ", ";
    CHECK(tokens_of(text::unicode_words{}, document) == tokens_of(text::words{}, document));
  }
}

TEST_CASE("unicode_words takes malformed bytes by policy and a megabyte of anything") {
  const std::string bad =
      "ab\xff"
      "cd";
  CHECK(tokens_of(text::unicode_words{}, bad) == list{"ab", "cd"});
  CHECK(tokens_of(text::unicode_words{.on_malformed = text::malformed::ignore}, bad) == list{"abcd"});
  CHECK(test::thrown<data_error>([&] { tokens_of(text::unicode_words{.on_malformed = text::malformed::reject}, bad); }) ==
        "text::unicode_words: byte 2 of a document is not UTF-8");
  CHECK(test::thrown<invalid_config>([] { tokens_of(text::unicode_words{.min_length = 0}, "x"); }) ==
        "text::unicode_words::fit: min_length must be at least 1");
  const text::unicode_words words;
  text::unicode_words::workspace scratch;
  std::size_t tokens = 0;
  std::size_t bytes = 0;
  auto sink = words.attach(scratch, test::tally{&tokens, &bytes});
  for (const std::string unit : {"a", " ", "\xcc\x81", "\xcc\x81\xcc\xa3", "\xff", "北", "a\xcc\x81"}) {
    std::string document;
    while (document.size() < std::size_t{1} << 20) document += unit;
    tokens = 0;
    sink(document);
    CHECK(tokens <= 1);
    CHECK(test::allocations_of([&] { sink(document); }) == 0);
  }
}

TEST_CASE("unicode_words cuts long runs of marks, also of characters that only decompose into marks") {
  const text::unicode_words words;
  for (const std::string unit : {"\xe0\xbd\xb3", "\xe0\xbd\xb5", "\xe0\xbe\x81", "\xcc\x81", "\xcc\x81\xcc\xa3"}) {
    std::string document = "a";
    while (document.size() < 30'000) document += unit;
    text::unicode_words::workspace scratch;
    std::size_t tokens = 0;
    std::size_t bytes = 0;
    words.attach(scratch, test::tally{&tokens, &bytes})(document);
    CHECK(scratch.points.capacity() <= 64);  // what has to be ordered at a time
  }
}
#endif
