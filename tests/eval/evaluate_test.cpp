#include <mmrec/eval/evaluate.hpp>

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/exec/cpu.hpp>

#include "eval/support.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;
using mm::item_id;
using mm::user_id;
using mm::data::interaction;
using mm::data::interactions;

namespace {

const mm::exec::cpu one_thread{};

/// Scores read from a table.
struct table_model {
  std::vector<std::vector<float>> rows;
  std::size_t columns;
  struct workspace {};
  std::size_t users() const { return rows.size(); }
  std::size_t items() const { return columns; }
  void score(user_id user, std::span<float> out, workspace&) const {
    std::copy(rows[user.index()].begin(), rows[user.index()].end(), out.begin());
  }
  void score_history(mm::history_view, std::span<float> out, workspace&) const {
    std::fill(out.begin(), out.end(), mm::no_score);
  }
};

interactions numbered(std::size_t users, std::size_t items, std::vector<interaction> events) {
  return {std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(users)),
          std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(items)), std::move(events)};
}

/// Random events; some items are never touched before time 80, so that late parts hold cold items.
interactions random_interactions(mm::random_stream& random, std::uint32_t users, std::uint32_t items) {
  std::vector<interaction> events;
  for (std::uint32_t user = 0; user < users; ++user) {
    for (const std::uint32_t item : random.sample(items, random.below(items / 2 + 1))) {
      const auto time = item % 5 == 0 ? 80 + random.below(20) : random.below(100);
      events.push_back({user_id{user}, item_id{item}, static_cast<float>(1 + random.below(5)), time});
    }
  }
  return numbered(users, items, events);
}

/// Scores with ties, and a few items that cannot be judged.
table_model random_model(mm::random_stream& random, std::size_t users, std::size_t items) {
  table_model model{{}, items};
  for (std::size_t user = 0; user < users; ++user) {
    model.rows.emplace_back(items);
    for (float& score : model.rows.back()) {
      score = random.below(10) == 0 ? mm::no_score : static_cast<float>(random.below(12));
    }
  }
  return model;
}

std::set<std::size_t> items_of(const interactions& all, std::size_t user) {
  std::set<std::size_t> items;
  for (const item_id item : all.history(user_id{user}).items) items.insert(item.index());
  return items;
}

/// Evaluates by the book and compares user by user.
template <class Evaluation>
void check_by_the_book(const Evaluation& found, const table_model& model, const interactions& train,
                       const interactions& held_out, const std::vector<const interactions*>& masked) {
  using protocol = typename Evaluation::protocol_type;
  const auto counts = train.item_counts();
  const double threshold = found.protocol().relevance.at_least;
  std::vector<std::size_t> judged;
  for (std::size_t user = 0; user < train.users(); ++user) {
    std::set<std::size_t> candidates;
    for (std::size_t item = 0; item < train.items(); ++item) {
      if (std::same_as<typename protocol::candidates_type, eval::candidates::cold_items> && counts[item] > 0) continue;
      if (std::same_as<typename protocol::candidates_type, eval::candidates::warm_items> && counts[item] == 0) continue;
      candidates.insert(item);
    }
    for (const interactions* set : masked) {
      for (const std::size_t item : items_of(*set, user)) candidates.erase(item);
    }
    std::set<std::size_t> relevant;
    const auto held = held_out.history(user_id{user});
    for (std::size_t entry = 0; entry < held.items.size(); ++entry) {
      const std::size_t item = held.items[entry].index();
      if (static_cast<double>(held.values[entry]) >= threshold && candidates.count(item) > 0) relevant.insert(item);
    }
    if (relevant.empty()) continue;
    const std::size_t place = judged.size();
    judged.push_back(user);
    REQUIRE(place < found.users().size());
    REQUIRE(found.users()[place] == user_id{user});
    const auto& scores = model.rows[user];
    const auto list = test::plain::ranked(scores, candidates);
    for (const std::size_t k : found.protocol().metrics.cutoffs) {
      const auto expected = test::plain::judge(list, relevant, candidates.size(), k);
      const auto check = [&](eval::measure what, double value) {
        CHECK(found.per_user({what, k})[place] == Approx(value).epsilon(1e-12).margin(1e-15));
      };
      check(eval::measure::recall, expected.recall);
      check(eval::measure::precision, expected.precision);
      check(eval::measure::f1, expected.f1);
      check(eval::measure::accuracy, expected.accuracy);
      check(eval::measure::hit_rate, expected.hit_rate);
      check(eval::measure::ndcg, expected.ndcg);
      check(eval::measure::mrr, expected.mrr);
      check(eval::measure::map, expected.map);
      double popularity = 0.0;
      for (std::size_t rank = 0; rank < std::min(k, list.size()); ++rank) popularity += counts[list[rank]];
      check(eval::measure::popularity, list.empty() ? 0.0 : popularity / static_cast<double>(std::min(k, list.size())));
    }
    CHECK(found.per_user("auc")[place] ==
          Approx(test::plain::auc(scores, relevant, candidates)).epsilon(1e-12).margin(1e-15));
    const std::size_t longest = std::min(list.size(), found.protocol().metrics.cutoffs.back());
    REQUIRE(found.list(place).size() == longest);
    for (std::size_t rank = 0; rank < longest; ++rank) CHECK(found.list(place)[rank].index() == list[rank]);
  }
  CHECK(found.users().size() == judged.size());
}

template <template <class> class Ranking>
void check_all_masks(const table_model& model, const mm::split::parts<mm::split::user_ratio>& parts, float at_least) {
  const eval::metrics measured{.cutoffs = {1, 3, 8}, .auc = true};
  const interactions& train = parts.train.interactions();
  const interactions& validation = parts.validation.interactions();
  const interactions& test = parts.test.interactions();
  const Ranking<eval::mask::nothing> open{.metrics = measured, .relevance = {.at_least = at_least}};
  check_by_the_book(evaluate(open, one_thread, model, parts), model, train, test, {});
  check_by_the_book(evaluate(open, one_thread, model, parts.train, parts.validation), model, train, validation, {});
  const Ranking<eval::mask::train> trained{.metrics = measured, .relevance = {.at_least = at_least}};
  check_by_the_book(evaluate(trained, one_thread, model, parts), model, train, test, {&train});
  check_by_the_book(evaluate(trained, one_thread, model, parts.train, parts.validation), model, train, validation, {&train});
  const Ranking<eval::mask::train_and_validation> both{.metrics = measured, .relevance = {.at_least = at_least}};
  check_by_the_book(evaluate(both, one_thread, model, parts), model, train, test, {&train, &validation});
}

struct small_case {
  table_model model;
  mm::split::parts<mm::split::user_ratio> parts;
};

small_case make_case(std::uint64_t number, std::uint32_t users = 150, std::uint32_t items = 70) {
  mm::random_stream random(mm::seed{number});
  const interactions all = random_interactions(random, users, items);
  return {random_model(random, users, items), mm::split::user_ratio{.validation = 0.2, .test = 0.3}(all)};
}

using masked_train = eval::full_ranking<eval::mask::train>;

}  // namespace

TEST_CASE("evaluations equal the book's definitions under every mask and candidate set") {
  for (std::uint64_t number = 0; number < 60; ++number) {
    mm::random_stream random(mm::seed{100 + number});
    const std::uint32_t users = 1 + random.below(12);
    const std::uint32_t items = 2 + random.below(20);
    const interactions all = random_interactions(random, users, items);
    const table_model model = random_model(random, users, items);
    if (all.size() < 2) continue;
    const auto parts = mm::split::user_ratio{.validation = 0.2, .test = 0.3}(all);
    const float at_least = number % 2 == 0 ? 4.0f : -std::numeric_limits<float>::infinity();
    check_all_masks<eval::full_ranking>(model, parts, at_least);
    check_all_masks<eval::cold_ranking>(model, parts, at_least);
    check_all_masks<eval::warm_ranking>(model, parts, at_least);
  }
}

TEST_CASE("means are taken over the users with relevant items") {
  // Users 0 and 1 have a test item, user 2 has none.
  const interactions train =
      numbered(3, 4, {{user_id{0u}, item_id{0u}}, {user_id{1u}, item_id{1u}}, {user_id{2u}, item_id{1u}}});
  const interactions none = train.filtered([](const interaction&) { return false; });
  const interactions test(train.user_keys(), train.item_keys(), {{user_id{0u}, item_id{3u}}, {user_id{1u}, item_id{2u}}});
  const auto parts = mm::split::given{.name = "hand"}(train, none, test);
  const table_model model{{{9, 1, 2, 3}, {1, 9, 2, 3}, {1, 1, 1, 1}}, 4};
  const auto found = evaluate(masked_train{.metrics = {.cutoffs = {1, 2}, .auc = true}}, one_thread, model, parts);
  CHECK(found.users().size() == 2);
  CHECK(found.mean("recall@1") == 0.5);
  CHECK(found.mean("recall@2") == 1.0);
  CHECK(found.mean("mrr@2") == Approx(0.75));
  CHECK(found.mean("auc") == Approx((1.0 + 0.5) / 2));
  CHECK(found.mean("popularity@2") == 0.0);  // items 2 and 3 are new to training
  CHECK(found.mean("item_coverage@1") == 0.25);
  CHECK(found.mean("user_coverage@2") == 1.0);
  CHECK(found.list(0)[0] == item_id{3u});
  CHECK(found.describe() == "full catalogue, train masked, equal scores by item id; test of given(hand); 2 users");
  CHECK(masked_train{.relevance = {.at_least = 4}}.describe() ==
        "full catalogue, train masked, equal scores by item id, relevant from 4");
}

TEST_CASE("pooled measures count hits over all users") {
  const small_case one = make_case(6);
  const auto found = evaluate(masked_train{.metrics = {.cutoffs = {5}}}, one_thread, one.model, one.parts);
  const interactions& test = one.parts.test.interactions();
  double hits = 0.0;
  for (std::size_t place = 0; place < found.users().size(); ++place) {
    const auto relevant = test.history(found.users()[place]).items;
    CHECK(found.relevant_counts()[place] == relevant.size());
    for (const item_id item : found.list(place))
      hits += std::binary_search(relevant.begin(), relevant.end(), item) ? 1.0 : 0.0;
  }
  const double precision = hits / (5.0 * static_cast<double>(found.users().size()));
  const double recall = hits / static_cast<double>(test.size());
  CHECK(found.pooled("precision@5") == Approx(precision));
  CHECK(found.pooled("precision@5") == Approx(found.mean("precision@5")));
  CHECK(found.pooled("recall@5") == Approx(recall));
  CHECK(found.pooled("recall@5") != Approx(found.mean("recall@5")));
  CHECK(found.pooled("f1@5") == Approx(2.0 * precision * recall / (precision + recall)));
  CHECK_THROWS_WITH(found.pooled("ndcg@5"),
                    "eval::evaluation::pooled: ndcg@5 cannot be pooled; precision, recall and f1 can");
  CHECK_THROWS_AS(found.pooled("recall@7"), mm::unknown_id);
}

TEST_CASE("the same bits for 1, 2 and 8 threads, with and without progress") {
  struct counter final : mm::progress_sink {
    std::vector<std::size_t> done;
    bool report(const mm::progress_event& event) override {
      CHECK(event.task == "eval::evaluate");
      done.push_back(event.done);
      return true;
    }
  };
  const small_case one = make_case(1, 700, 90);
  const masked_train protocol{};
  const auto expected = evaluate(protocol, one_thread, one.model, one.parts);
  CHECK(expected.users().size() > 500);
  for (const std::size_t threads : {2u, 8u}) {
    CHECK(evaluate(protocol, mm::exec::cpu{.threads = threads}, one.model, one.parts) == expected);
  }
  counter progress;
  CHECK(evaluate(protocol, mm::exec::cpu{.threads = 2, .progress = &progress}, one.model, one.parts) == expected);
  CHECK(progress.done.size() > 10);
  CHECK(std::is_sorted(progress.done.begin(), progress.done.end()));
  CHECK(progress.done.back() == expected.users().size());
}

TEST_CASE("a sink can cancel an evaluation") {
  struct stop final : mm::progress_sink {
    bool report(const mm::progress_event&) override { return false; }
  };
  const small_case one = make_case(2);
  stop sink;
  CHECK_THROWS_AS(evaluate(masked_train{}, mm::exec::cpu{.progress = &sink}, one.model, one.parts), mm::cancelled);
}

TEST_CASE("what does not fit together is an error with a name") {
  const small_case one = make_case(3);
  table_model narrow = one.model;
  narrow.columns -= 1;
  CHECK_THROWS_WITH(evaluate(masked_train{}, one_thread, narrow, one.parts),
                    "eval::evaluate: items of the model: expected 70, got 69");
  table_model few = one.model;
  few.rows.pop_back();
  CHECK_THROWS_WITH(evaluate(masked_train{}, one_thread, few, one.parts),
                    "eval::evaluate: users of the model: expected 150, got 149");
  CHECK_THROWS_WITH(evaluate(masked_train{.metrics = {.cutoffs = {}}}, one_thread, one.model, one.parts),
                    "eval::evaluate: metrics.cutoffs must not be empty");
  CHECK_THROWS_WITH(evaluate(masked_train{.metrics = {.cutoffs = {0, 5}}}, one_thread, one.model, one.parts),
                    "eval::evaluate: metrics.cutoffs must be at least 1");
  CHECK_THROWS_WITH(evaluate(masked_train{.metrics = {.cutoffs = {5, 5}}}, one_thread, one.model, one.parts),
                    "eval::evaluate: metrics.cutoffs must increase");
  CHECK_THROWS_AS(evaluate(masked_train{.relevance = {.at_least = mm::no_score}}, one_thread, one.model, one.parts),
                  mm::invalid_config);
  const auto found = evaluate(masked_train{.metrics = {.cutoffs = {5}, .auc = false}}, one_thread, one.model, one.parts);
  CHECK_THROWS_WITH(found.mean("recall@10"), test::contains("eval::evaluation::mean: unknown metric recall@10"));
  CHECK_THROWS_AS(found.mean("auc"), mm::unknown_id);
  CHECK_THROWS_WITH(found.per_user("gini@5"), "eval::evaluation::per_user: gini@5 has no value for each user");
  const auto elsewhere = mm::split::user_ratio{.validation = 0.1, .test = 0.3}(one.parts.train);
  CHECK_THROWS_WITH(evaluate(masked_train{}, one_thread, one.model, one.parts.train, elsewhere.validation),
                    "eval::evaluate: the validation set is of user_ratio(validation 0.1, test 0.3), the train set of "
                    "user_ratio(validation 0.2, test 0.3)");
  const mm::split::validation_set<mm::split::user_ratio> wider(one.parts.test.rule(),
                                                               numbered(150, 90, {{user_id{0u}, item_id{80u}}}));
  CHECK_THROWS_WITH(evaluate(eval::full_ranking<eval::mask::train_and_validation>{}, one_thread, one.model,
                             mm::split::parts<mm::split::user_ratio>{one.parts.train, wider, one.parts.test}),
                    "eval::evaluate: items of a masked set: expected 70, got 90");
  // A part of somebody's own making that repeats a training pair.
  using rule = mm::split::user_ratio;
  const mm::split::validation_set<rule> leaked(one.parts.train.rule(), one.parts.train.interactions());
  CHECK_THROWS_WITH(evaluate(masked_train{}, one_thread, one.model, one.parts.train, leaked),
                    test::contains("is both held out and masked"));
}

TEST_CASE("cut-offs beyond the catalogue and empty parts are fine") {
  const small_case one = make_case(4);
  const auto deep = evaluate(masked_train{.metrics = {.cutoffs = {10, 500}}}, one_thread, one.model, one.parts);
  CHECK(deep.mean("user_coverage@500") == 0.0);
  CHECK(deep.mean("recall@500") <= 1.0);
  CHECK(deep.mean("precision@500") < deep.mean("precision@10"));
  const interactions none = one.parts.train.interactions().filtered([](const interaction&) { return false; });
  const auto nobody = evaluate(masked_train{}, one_thread, one.model, mm::split::given{}(one.parts.train, none, none));
  CHECK(nobody.users().empty());
  CHECK(nobody.mean("recall@10") == 0.0);
  CHECK(nobody.mean("gini@10") == 0.0);
}

TEST_CASE("a model that judges nothing lists nothing") {
  const small_case one = make_case(5);
  table_model silent = one.model;
  for (auto& row : silent.rows) std::fill(row.begin(), row.end(), mm::no_score);
  const auto found = evaluate(masked_train{.metrics = {.auc = true}}, one_thread, silent, one.parts);
  CHECK(found.mean("recall@20") == 0.0);
  CHECK(found.mean("auc") == 0.5);
  CHECK(found.mean("user_coverage@10") == 0.0);
  CHECK(found.mean("item_coverage@10") == 0.0);
}

TEST_CASE("what must not mix is of different types") {
  using test_result = decltype(evaluate(masked_train{}, one_thread, std::declval<table_model>(),
                                        std::declval<mm::split::parts<mm::split::user_ratio>>()));
  using other_split = decltype(evaluate(masked_train{}, one_thread, std::declval<table_model>(),
                                        std::declval<mm::split::parts<mm::split::leave_last_out>>()));
  using other_mask = decltype(evaluate(eval::full_ranking<eval::mask::nothing>{}, one_thread, std::declval<table_model>(),
                                       std::declval<mm::split::parts<mm::split::user_ratio>>()));
  using other_role = decltype(evaluate(masked_train{}, one_thread, std::declval<table_model>(),
                                       std::declval<mm::split::train_set<mm::split::user_ratio>>(),
                                       std::declval<mm::split::validation_set<mm::split::user_ratio>>()));
  STATIC_REQUIRE(!std::same_as<test_result, other_split>);
  STATIC_REQUIRE(!std::same_as<test_result, other_mask>);
  STATIC_REQUIRE(!std::same_as<test_result, other_role>);
}

TEST_CASE("popularity, coverage and Gini equal RecBole's numbers") {
  for (const auto& row : test::golden_rows("lists.csv")) {
    const std::size_t items = std::stoul(row[0]);
    const auto counts = test::numbers<std::size_t>(row[2]);
    std::vector<std::vector<std::size_t>> lists;
    for (std::size_t begin = 0; begin < row[1].size();) {
      const std::size_t end = std::min(row[1].find(' ', begin), row[1].size());
      lists.push_back(test::numbers<std::size_t>(row[1].substr(begin, end - begin)));
      begin = end + 1;
    }
    // The judged users come first; others, who are not judged, give each item its number of interactions.
    const std::size_t users = lists.size() + 50;
    std::vector<interaction> train_events;
    std::vector<interaction> test_events;
    table_model model{std::vector<std::vector<float>>(users, std::vector<float>(items, mm::no_score)), items};
    for (std::size_t item = 0; item < items; ++item) {
      for (std::size_t n = 0; n < counts[item]; ++n) train_events.push_back({user_id{lists.size() + n}, item_id{item}});
    }
    for (std::size_t user = 0; user < lists.size(); ++user) {
      test_events.push_back({user_id{user}, item_id{0u}});
      for (std::size_t rank = 0; rank < lists[user].size(); ++rank)
        model.rows[user][lists[user][rank]] = -static_cast<float>(rank);
    }
    const interactions train = numbered(users, items, train_events);
    const interactions none(train.user_keys(), train.item_keys(), {});
    const interactions test(train.user_keys(), train.item_keys(), test_events);
    const std::size_t k = lists.front().size();
    const auto found =
        evaluate(masked_train{.metrics = {.cutoffs = {k}}}, one_thread, model, mm::split::given{}(train, none, test));
    CHECK(found.mean({eval::measure::item_coverage, k}) == Approx(std::stod(row[3])).epsilon(1e-12));
    CHECK(found.mean({eval::measure::gini, k}) == Approx(std::stod(row[4])).epsilon(1e-12).margin(1e-15));
    CHECK(found.mean({eval::measure::popularity, k}) == Approx(std::stod(row[5])).epsilon(1e-12));
  }
}
