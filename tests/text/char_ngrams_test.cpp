#include <mmrec/text/char_ngrams.hpp>

#include <string>
#include <vector>

#include <mmrec/core/error.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"
#include "text/helpers.hpp"

using namespace mmrec;
using test::tokens_of;
using list = std::vector<std::string>;

// That these are scikit-learn's char_wb is part of tfidf_test (case count_char).
TEST_CASE("char_ngrams gives the runs of characters of each word, with its ends") {
  CHECK(tokens_of(text::char_ngrams{.min_n = 2, .max_n = 2}, list{"ab"}) == list{" a", "ab", "b "});
  CHECK(tokens_of(text::char_ngrams{.min_n = 3, .max_n = 4}, list{"été"}) == list{" ét", "été", "té ", " été", "été "});
  CHECK(tokens_of(text::char_ngrams{.min_n = 3, .max_n = 5}, list{"a"}) == list{" a "});  // short words count once
  CHECK(tokens_of(text::char_ngrams{.min_n = 6, .max_n = 7}, list{"ab", "c"}) == list{" ab ", " c "});
  CHECK(tokens_of(text::char_ngrams{.min_n = 2, .max_n = 2}, list{"\x80\x80"}).size() == 1);  // stray bytes: no harm
}

TEST_CASE("char_ngrams refuses lengths that make no sense") {
  CHECK(test::thrown<invalid_config>([] { tokens_of(text::char_ngrams{.min_n = 0}, list{}); }) ==
        "text::char_ngrams::fit: min_n must be at least 1");
  CHECK(test::thrown<invalid_config>([] { tokens_of(text::char_ngrams{.min_n = 3, .max_n = 2}, list{}); }) ==
        "text::char_ngrams::fit: max_n must not be below min_n");
}
