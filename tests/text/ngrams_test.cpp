#include <mmrec/text/ngrams.hpp>

#include <cstddef>
#include <random>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"
#include "text/helpers.hpp"

using namespace mmrec;
using test::tokens_of;
using list = std::vector<std::string>;

TEST_CASE("ngrams joins neighbouring words by a space") {
  const list words = {"new", "york", "city"};
  CHECK(tokens_of(text::ngrams{.min_n = 1, .max_n = 1}, words) == words);
  CHECK(tokens_of(text::ngrams{.min_n = 1, .max_n = 2}, words) == list{"new", "york", "new york", "city", "york city"});
  CHECK(tokens_of(text::ngrams{.min_n = 2, .max_n = 3}, words) == list{"new york", "york city", "new york city"});
  CHECK(tokens_of(text::ngrams{.min_n = 4, .max_n = 5}, words).empty());
  CHECK(tokens_of(text::ngrams{}, list{}).empty());
  CHECK(tokens_of(text::ngrams{.min_n = 2, .max_n = 2}, list{"", "", "a"}) == list{" ", " a"});
}

TEST_CASE("ngrams of long documents are those of a plain loop") {
  std::mt19937 random(3);
  for (int round = 0; round < 200; ++round) {
    const std::size_t max_n = 1 + random() % 5;
    const std::size_t min_n = 1 + random() % max_n;
    list words(random() % 200);
    for (std::string& word : words)
      word = std::string(random() % (round % 10 == 0 ? 200 : 6), static_cast<char>('a' + random() % 26));
    list expected;
    for (std::size_t last = 0; last < words.size(); ++last) {
      for (std::size_t n = min_n; n <= max_n && n <= last + 1; ++n) {
        std::string joined = words[last + 1 - n];
        for (std::size_t word = last + 2 - n; word <= last; ++word) joined += ' ' + words[word];
        expected.push_back(joined);
      }
    }
    REQUIRE(tokens_of(text::ngrams{.min_n = min_n, .max_n = max_n}, words) == expected);
  }
}

TEST_CASE("ngrams does not cross documents, and holds only the last words") {
  list tokens;
  int documents = 0;
  const text::ngrams ngrams{.min_n = 2, .max_n = 2};
  text::ngrams::workspace scratch;
  auto sink = ngrams.attach(scratch, test::collector{&tokens, &documents});
  sink("a");
  sink.finish();
  sink("b");
  sink("c");
  sink.finish();
  CHECK(tokens == list{"b c"});
  CHECK(documents == 2);

  std::size_t count = 0;
  std::size_t bytes = 0;
  auto counting = ngrams.attach(scratch, test::tally{&count, &bytes});
  for (int word = 0; word < 1000; ++word) counting("word");
  CHECK(test::allocations_of([&] {
          for (int word = 0; word < 100000; ++word) counting("word");
        }) == 0);
  CHECK(scratch.joined.capacity() < 1000);
  CHECK(count == 100999);
}

TEST_CASE("ngrams refuses lengths that make no sense") {
  CHECK(test::thrown<invalid_config>([] { tokens_of(text::ngrams{.min_n = 0}, list{}); }) ==
        "text::ngrams::fit: min_n must be at least 1");
  CHECK(test::thrown<invalid_config>([] { tokens_of(text::ngrams{.min_n = 3, .max_n = 2}, list{}); }) ==
        "text::ngrams::fit: max_n must not be below min_n");
}
