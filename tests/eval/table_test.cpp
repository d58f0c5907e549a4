#include <mmrec/eval/table.hpp>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/eval/evaluate.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;

namespace {

const mm::exec::cpu one_thread{};

/// Puts the last `best` items in front, in the order of their ids.
struct favourites {
  std::size_t best;
  struct workspace {};
  std::size_t users() const { return 4; }
  std::size_t items() const { return 6; }
  void score(mm::user_id, std::span<float> out, workspace&) const {
    for (std::size_t item = 0; item < out.size(); ++item) out[item] = item + best >= out.size() ? 1.0f : 0.0f;
  }
  void score_history(mm::history_view, std::span<float> out, workspace& scratch) const {
    score(mm::user_id{}, out, scratch);
  }
};

auto judged(std::size_t best, float at_least = 0.0f) {
  const auto users = std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(4));
  const auto items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(6));
  const auto events = [](std::vector<std::pair<std::size_t, std::size_t>> pairs) {
    std::vector<mm::data::interaction> all;
    for (const auto& [user, item] : pairs) all.push_back({mm::user_id{user}, mm::item_id{item}});
    return all;
  };
  const mm::data::interactions train(users, items, events({{0, 0}, {1, 0}, {2, 0}, {3, 0}}));
  const mm::data::interactions test(users, items, events({{0, 5}, {1, 5}, {2, 4}, {3, 1}}));
  return evaluate(eval::full_ranking<eval::mask::train>{.metrics = {.cutoffs = {1, 2}, .auc = true},
                                                        .relevance = {.at_least = at_least}},
                  one_thread, favourites{best}, mm::split::given{}(train, {users, items, {}}, test));
}

}  // namespace

TEST_CASE("numbers are printed with fixed digits") {
  CHECK(eval::fixed_digits(0.12345, 4) == "0.1235");
  CHECK(eval::fixed_digits(1.0, 0) == "1");
  CHECK(eval::fixed_digits(-0.5, 2) == "-0.50");
  CHECK(eval::fixed_digits(std::numeric_limits<double>::max(), 60).size() == 309 + 1 + 60);
}

TEST_CASE("a table holds means, intervals and differences to the first model") {
  using result = decltype(judged(0));
  eval::table<result> table({"recall@1", "item_coverage@1"}, {.resamples = 200});
  table.add(one_thread, "none", judged(0));  // lists item 1: right for user 3
  table.add(one_thread, "last", judged(1));  // lists item 5: right for users 0 and 1
  REQUIRE(table.rows().size() == 2);
  CHECK(table.rows()[0].model == "none");
  CHECK(table.rows()[0].values[0].mean == 0.25);
  CHECK(table.rows()[0].to_baseline.empty());
  CHECK(table.rows()[1].values[0] == eval::bootstrap_mean(one_thread, judged(1), "recall@1", {.resamples = 200}));
  REQUIRE(table.rows()[1].to_baseline.size() == 2);
  CHECK(table.rows()[1].to_baseline[0] ==
        eval::paired_bootstrap(one_thread, judged(1), judged(0), "recall@1", {.resamples = 200}));
  CHECK(table.rows()[1].to_baseline[0]->difference.mean == 0.25);
  CHECK_FALSE(table.rows()[1].to_baseline[1].has_value());
  CHECK(table.metrics()[1] == eval::metric("item_coverage@1"));
}

TEST_CASE("tables print as aligned text and as Markdown") {
  eval::table<decltype(judged(0))> table({"recall@1", "auc"});
  table.add(one_thread, "none", judged(0));
  table.add(one_thread, "\xC3\xA9toile", judged(1));  // one character of two bytes
  CHECK(table.text({.digits = 2, .intervals = false}) ==
        "model   recall@1  auc\n"
        "none    0.25      0.50\n"
        "\xC3\xA9toile  0.50      0.69\n");
  CHECK(table.markdown({.digits = 2, .intervals = false}) ==
        "| model  | recall@1 | auc  |\n"
        "| ------ | -------- | ---- |\n"
        "| none   | 0.25     | 0.50 |\n"
        "| \xC3\xA9toile | 0.50     | 0.69 |\n");
  CHECK_THAT(table.text(), test::contains("0.2500 [0.0000, 0.7500]"));
}

TEST_CASE("an empty table has a header alone") {
  const eval::table<decltype(judged(0))> table({"auc"});
  CHECK(table.text() == "model  auc\n");
}

TEST_CASE("a table refuses what does not compare or was not measured") {
  eval::table<decltype(judged(0))> table({"recall@1"});
  table.add(one_thread, "none", judged(0));
  CHECK_THROWS_WITH(table.add(one_thread, "other", judged(0, 0.5f)),
                    "eval::table::add: the evaluations differ in what counts as relevant");
  eval::table<decltype(judged(0))> unknown({"recall@7"});
  CHECK_THROWS_AS(unknown.add(one_thread, "none", judged(0)), mm::unknown_id);
  CHECK(unknown.rows().empty());
}

TEST_CASE("differences are tested by permutation, corrected for their number, and starred on request") {
  const auto first = judged(1), second = judged(2);
  eval::table<std::remove_cvref_t<decltype(first)>> table({"recall@1", "recall@2", "gini@2"});
  table.add(one_thread, "one", first);
  table.add(one_thread, "two", second);
  table.add(one_thread, "same", first);
  REQUIRE(table.rows()[0].permutation_p.empty());
  REQUIRE(table.rows()[1].permutation_p.size() == 3);
  const auto expected = eval::paired_permutation(one_thread, second, first, "recall@1");
  CHECK(table.rows()[1].permutation_p[0] == expected.p_value);
  CHECK(expected.exact);
  CHECK_FALSE(table.rows()[1].permutation_p[2].has_value());
  CHECK(table.rows()[2].permutation_p[0] == 1.0);
  const auto corrected = table.corrected_p();
  REQUIRE(corrected.size() == 3);
  CHECK(corrected[0].empty());
  CHECK_FALSE(corrected[1][2].has_value());
  for (std::size_t row = 1; row < 3; ++row) {
    for (std::size_t column = 0; column < 2; ++column) {
      CHECK(*corrected[row][column] >= *table.rows()[row].permutation_p[column]);
      CHECK(*corrected[row][column] <= 1.0);
    }
  }
  CHECK(table.text().find('*') == std::string::npos);
  CHECK(table.text({.significance = 1.0}).find('*') == std::string::npos);  // nothing here is below 1
  CHECK(table.text({.significance = 1.5}).find('*') != std::string::npos);
}

namespace {

/// Ranks by a hash of user and item, or, above `share`, the item that the user is going to want first.
struct lucky {
  std::size_t user_count;
  float share;
  struct workspace {};
  std::size_t users() const { return user_count; }
  std::size_t items() const { return 50; }
  void score(mm::user_id user, std::span<float> out, workspace&) const {
    mm::random_stream random(mm::seed{9}, user.index());
    for (float& score : out) score = random.uniform_float();
    if (random.uniform_float() < share) out[user.index() % 49 + 1] = 2.0f;
  }
  void score_history(mm::history_view, std::span<float> out, workspace& scratch) const {
    score(mm::user_id{}, out, scratch);
  }
};

auto judged_lucky(std::size_t count, float share, std::vector<std::size_t> cutoffs) {
  const auto users = std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(count));
  const auto items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(50));
  std::vector<mm::data::interaction> past, future;
  for (std::size_t user = 0; user < count; ++user) {
    past.push_back({mm::user_id{user}, mm::item_id{0u}});
    future.push_back({mm::user_id{user}, mm::item_id{user % 49 + 1}});
  }
  return evaluate(eval::full_ranking<eval::mask::train>{.metrics = {.cutoffs = std::move(cutoffs)}}, one_thread,
                  lucky{count, share}, mm::split::given{}({users, items, past}, {users, items, {}}, {users, items, future}));
}

}  // namespace

TEST_CASE("a difference beyond doubt is starred in a table of many cells, too") {
  const auto bad = judged_lucky(300, 0.0f, {1, 2, 3, 4, 5, 6, 7, 8}),
             good = judged_lucky(300, 0.9f, {1, 2, 3, 4, 5, 6, 7, 8});
  std::vector<eval::metric> metrics;
  for (std::size_t k = 1; k <= 8; ++k) metrics.insert(metrics.end(), {{eval::measure::recall, k}, {eval::measure::ndcg, k}});
  eval::table<decltype(judged_lucky(1, 0.0f, {}))> table(metrics, {.resamples = 20});
  table.add(one_thread, "bad", bad);
  for (int row = 0; row < 10; ++row) table.add(one_thread, "good", good);  // 160 differences
  for (const auto& p : table.rows()[1].permutation_p) CHECK(p == 1.0 / 10'001);
  CHECK(table.text({.significance = 0.05}).find('*') != std::string::npos);
}

TEST_CASE("users are resampled once for all metrics, with the results of one metric alone, for any number of threads") {
  const auto first = judged_lucky(1200, 0.1f, {1, 5}), second = judged_lucky(1200, 0.2f, {1, 5});
  const std::vector<eval::metric> metrics{"recall@1", "gini@5", "ndcg@5", "mrr@5"};
  const eval::bootstrap_options options{.resamples = 100};
  for (const std::size_t threads : {1u, 2u, 8u}) {
    eval::table<std::remove_cvref_t<decltype(first)>> table(metrics, options);
    table.add(mm::exec::cpu{.threads = threads}, "first", first);
    table.add(mm::exec::cpu{.threads = threads}, "second", second);
    for (const std::size_t index : {0u, 2u, 3u}) {
      CHECK(table.rows()[0].values[index] == eval::bootstrap_mean(one_thread, first, metrics[index], options));
      CHECK(table.rows()[1].values[index] == eval::bootstrap_mean(one_thread, second, metrics[index], options));
      CHECK(table.rows()[1].to_baseline[index] ==
            eval::paired_bootstrap(one_thread, second, first, metrics[index], options));
      CHECK(table.rows()[1].permutation_p[index] ==
            eval::paired_permutation(one_thread, second, first, metrics[index]).p_value);
    }
    CHECK(table.rows()[1].values[1].low == table.rows()[1].values[1].high);
  }
}
