#include <mmrec/text/stop_words.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/text/detail/stop_lists.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"
#include "text/helpers.hpp"

using namespace mmrec;
using test::tokens_of;
using list = std::vector<std::string>;

TEST_CASE("stop_words leaves out the words of a language and one's own") {
  const list words = {"the", "night", "don", "film", "的", "没有", "沒有", "电影"};
  CHECK(tokens_of(text::stop_words{}, words) == list{"night", "film", "的", "没有", "沒有", "电影"});
  CHECK(tokens_of(text::stop_words{.language = "zh"}, words) == list{"the", "night", "don", "film", "电影"});
  CHECK(tokens_of(text::stop_words{.language = "", .extra = {"film", "night"}}, words) ==
        list{"the", "don", "的", "没有", "沒有", "电影"});
  CHECK(tokens_of(text::stop_words{.extra = {"film", "film", "the"}}, words) == list{"night", "的", "没有", "沒有", "电影"});
  CHECK(tokens_of(text::stop_words{.language = ""}, words) == words);
  CHECK(tokens_of(text::stop_words{}, list{"The"}) == list{"The"});  // byte for byte
}

TEST_CASE("the built-in lists hold each word once") {
  const auto all_different = [](auto words) {
    std::sort(words.begin(), words.end());
    return std::adjacent_find(words.begin(), words.end()) == words.end();
  };
  CHECK(all_different(text::detail::english_stop_words));
  CHECK(all_different(text::detail::chinese_stop_words));
  const auto model = text::stop_words{}.fit(exec::cpu{}, list{});
  CHECK(model.size() == text::detail::english_stop_words.size());
  CHECK(model.contains("themselves"));
  CHECK_FALSE(model.contains("theme"));
  CHECK_FALSE(model.contains(""));
}

TEST_CASE("looking up a stop word does not allocate") {
  const auto model = text::stop_words{.extra = {"a_word_of_more_than_fifteen_bytes"}}.fit(exec::cpu{}, list{});
  CHECK(test::allocations_of([&] {
          if (!model.contains("a_word_of_more_than_fifteen_bytes") ||
              model.contains("another_word_of_more_than_fifteen_bytes"))
            throw 1;
        }) == 0);
}

TEST_CASE("stop_words names a language it does not know") {
  CHECK(test::thrown<invalid_config>([] { tokens_of(text::stop_words{.language = "xx"}, list{}); }) ==
        "text::stop_words::fit: language 'xx' has no list: \"en\", \"zh\" or \"\"");
}
