#include <mmrec/eval/bootstrap.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/split.hpp>
#include <mmrec/eval/evaluate.hpp>
#include <mmrec/eval/sampled.hpp>
#include <mmrec/exec/cpu.hpp>

#include "eval/support.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace eval = mmrec::eval;

namespace {

const mm::exec::cpu one_thread{};

std::vector<double> normal_values(std::uint64_t number, std::size_t count, double mean) {
  mm::random_stream random(mm::seed{7}, number);
  std::vector<double> values(count);
  for (double& value : values) value = mean + random.normal();
  return values;
}

/// Likes items in the order of (item + shift) mod I.
struct shifted_model {
  std::size_t user_count;
  std::size_t item_count;
  std::size_t shift;
  struct workspace {};
  std::size_t users() const { return user_count; }
  std::size_t items() const { return item_count; }
  void score(mm::user_id user, std::span<float> out, workspace&) const {
    for (std::size_t item = 0; item < out.size(); ++item) {
      out[item] = static_cast<float>((item + shift * (1 + user.index() % 3)) % item_count);
    }
  }
  void score_history(mm::history_view, std::span<float> out, workspace& scratch) const {
    score(mm::user_id{}, out, scratch);
  }
};

mm::data::interactions some_interactions() {
  mm::random_stream random(mm::seed{4});
  std::vector<mm::data::interaction> events;
  for (std::size_t user = 0; user < 60; ++user) {
    for (const std::uint32_t item : random.sample(30, 10)) {
      events.push_back({mm::user_id{user}, mm::item_id{item}, 1.0f, static_cast<std::int64_t>(random.below(1000))});
    }
  }
  return {std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(60)),
          std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(30)), events};
}

}  // namespace

TEST_CASE("the bootstrap equals NumPy on the same draws") {
  const auto row = test::golden_rows("bootstrap.csv").front();
  const eval::bootstrap_options options{
      .resamples = std::stoul(row[1]), .confidence = std::stod(row[2]), .key = mm::seed{std::stoul(row[0])}};
  const auto first = test::numbers<double>(row[7]);
  const auto second = test::numbers<double>(row[8]);
  const auto found = eval::paired_bootstrap(one_thread, first, second, options);
  CHECK(found.difference.mean == Approx(std::stod(row[3])).epsilon(1e-12));
  CHECK(found.difference.low == Approx(std::stod(row[4])).epsilon(1e-12));
  CHECK(found.difference.high == Approx(std::stod(row[5])).epsilon(1e-12));
  CHECK(found.p_value == Approx(std::stod(row[6])).epsilon(1e-12));
  std::vector<double> difference(first.size());
  for (std::size_t i = 0; i < first.size(); ++i) difference[i] = first[i] - second[i];
  CHECK(eval::bootstrap_mean(one_thread, difference, options) == found.difference);
}

TEST_CASE("intervals cover the truth as often as they say, p values are uniform without a difference") {
  constexpr int trials = 400;
  int covered = 0;
  int significant = 0;
  for (int trial = 0; trial < trials; ++trial) {
    const auto number = static_cast<std::uint64_t>(2 * trial);
    const eval::bootstrap_options options{.resamples = 400, .confidence = 0.9, .key = mm::seed{number}};
    const auto interval = eval::bootstrap_mean(one_thread, normal_values(number, 100, 0.3), options);
    covered += interval.low <= 0.3 && 0.3 <= interval.high ? 1 : 0;
    const auto pair =
        eval::paired_bootstrap(one_thread, normal_values(number, 100, 0.0), normal_values(number + 1, 100, 0.0), options);
    significant += pair.p_value <= 0.1 ? 1 : 0;
  }
  // 400 trials at .9 (and .1): three standard deviations are .045; the percentile interval of 100 values is a little short.
  CHECK(covered / double{trials} == Approx(0.9).margin(0.055));
  CHECK(significant / double{trials} == Approx(0.1).margin(0.055));
}

TEST_CASE("a clear difference is found, none is not") {
  const auto low = normal_values(1, 300, 0.0);
  auto high = low;
  for (double& value : high) value += 0.2;
  const auto clear = eval::paired_bootstrap(one_thread, high, low);
  CHECK(clear.difference.mean == Approx(0.2));
  CHECK(clear.difference.low > 0.19);
  CHECK(clear.p_value == Approx(1.0 / 2001));
  const auto reversed = eval::paired_bootstrap(one_thread, low, high);
  CHECK(reversed.difference.mean == Approx(-0.2));
  CHECK(reversed.p_value == clear.p_value);
  const auto same = eval::paired_bootstrap(one_thread, low, low);
  CHECK(same.difference == eval::interval{0.0, 0.0, 0.0});
  CHECK(same.p_value == 1.0);
}

TEST_CASE("the same bits for 1, 2 and 8 threads, other bits for another seed") {
  const auto first = normal_values(1, 500, 0.1);
  const auto second = normal_values(2, 500, 0.0);
  const auto expected = eval::paired_bootstrap(one_thread, first, second);
  for (const std::size_t threads : {2u, 8u}) {
    CHECK(eval::paired_bootstrap(mm::exec::cpu{.threads = threads}, first, second) == expected);
  }
  CHECK_FALSE(eval::paired_bootstrap(one_thread, first, second, {.key = mm::seed{1}}) == expected);
}

TEST_CASE("one value is its own interval") {
  CHECK(eval::bootstrap_mean(one_thread, std::vector{0.25}) == eval::interval{0.25, 0.25, 0.25});
  CHECK(eval::bootstrap_mean(one_thread, std::vector{0.0, 1.0}, {.resamples = 1}).low ==
        eval::bootstrap_mean(one_thread, std::vector{0.0, 1.0}, {.resamples = 1}).high);
}

TEST_CASE("bad options and values are errors") {
  const std::vector<double> some{1.0, 2.0};
  const std::vector<double> none;
  CHECK_THROWS_WITH(eval::bootstrap_mean(one_thread, some, {.resamples = 0}),
                    "eval::bootstrap_mean: resamples must be at least 1");
  for (const double confidence : {0.0, 1.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS(eval::paired_bootstrap(one_thread, some, some, {.confidence = confidence}), mm::invalid_config);
  }
  CHECK_THROWS_WITH(eval::bootstrap_mean(one_thread, none), "eval::bootstrap_mean: there are no users to resample");
  CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, some, std::vector{1.0}),
                    "eval::paired_bootstrap: values of the second model: expected 2, got 1");
  const std::vector<double> bad{1.0, std::numeric_limits<double>::quiet_NaN()};
  CHECK_THROWS_WITH(eval::bootstrap_mean(one_thread, bad), "eval::bootstrap_mean: value 1 is not finite");
  CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, bad, some),
                    "eval::paired_bootstrap: first model's value 1 is not finite");
  CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, some, bad),
                    "eval::paired_bootstrap: second model's value 1 is not finite");
}

TEST_CASE("evaluations are compared when they judged the same, refused otherwise") {
  using protocol = eval::full_ranking<eval::mask::train>;
  const auto all = some_interactions();
  const auto parts = mm::split::user_ratio{.test = 0.2}(all);
  const shifted_model good{60, 30, 3};
  const shifted_model other{60, 30, 7};
  const auto first = evaluate(protocol{}, one_thread, good, parts);
  const auto second = evaluate(protocol{.metrics = {.cutoffs = {5, 10}}}, one_thread, other, parts);
  const auto compared = eval::paired_bootstrap(one_thread, first, second, "recall@10");
  CHECK(compared == eval::paired_bootstrap(one_thread, first.per_user("recall@10"), second.per_user("recall@10")));
  CHECK(compared.difference.mean == Approx(first.mean("recall@10") - second.mean("recall@10")));
  CHECK(eval::bootstrap_mean(one_thread, first, "ndcg@20").mean == Approx(first.mean("ndcg@20")));
  CHECK_THROWS_AS(eval::paired_bootstrap(one_thread, first, second, "recall@20"), mm::unknown_id);
  CHECK_THROWS_AS(eval::bootstrap_mean(one_thread, first, "gini@20"), mm::invalid_config);

  const auto choosy = evaluate(protocol{.relevance = {.at_least = 1}}, one_thread, good, parts);
  CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, first, choosy, "recall@20"),
                    "eval::paired_bootstrap: the evaluations differ in what counts as relevant");
  const auto elsewhere = evaluate(protocol{}, one_thread, good, mm::split::user_ratio{.test = 0.3}(all));
  CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, first, elsewhere, "recall@20"),
                    "eval::paired_bootstrap: the evaluations come from different splits");
  const auto fewer =
      mm::split::user_ratio{.test = 0.2}(all.filtered([](const auto& event) { return event.user.index() < 50; }));
  CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, first, evaluate(protocol{}, one_thread, good, fewer), "recall@20"),
                    "eval::paired_bootstrap: the evaluations judged different users (60 and 50)");
}

TEST_CASE("rankings among different negatives do not compare, the same ones drawn twice do") {
  using namespace eval::negatives;
  const shifted_model good{60, 30, 3};
  const auto parts = mm::split::user_ratio{.test = 0.2}(some_interactions());
  const auto judged = [&](auto negatives) {
    const eval::sampled_ranking_for_comparison_with_papers<decltype(negatives), eval::mask::train> protocol{.negatives =
                                                                                                                negatives};
    return evaluate(protocol, one_thread, good, parts);
  };
  const auto first = judged(uniform{.per_relevant = 5});
  for (const uniform& other : {uniform{.per_relevant = 9}, uniform{.per_relevant = 5, .key = mm::seed{1}}}) {
    CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, first, judged(other), "recall@10"),
                      "eval::paired_bootstrap: the evaluations ranked among different negatives");
  }
  CHECK(eval::paired_bootstrap(one_thread, first, judged(uniform{.per_relevant = 5}), "recall@10").p_value == 1.0);
  const auto lists = [](std::size_t item) {
    return std::make_shared<const std::vector<std::vector<mm::item_id>>>(60, std::vector{mm::item_id{item}});
  };
  const auto theirs = judged(given{"theirs", lists(4)});
  CHECK(eval::paired_bootstrap(one_thread, theirs, judged(given{"theirs", lists(4)}), "recall@10").p_value == 1.0);
  CHECK_THROWS_AS(eval::paired_bootstrap(one_thread, theirs, judged(given{"theirs", lists(5)}), "recall@10"),
                  mm::data_error);
}

TEST_CASE("measures of the long tail and of vectors compare under one rule and one set of vectors") {
  using protocol = eval::full_ranking<eval::mask::train>;
  const shifted_model good{60, 30, 3};
  const auto parts = mm::split::user_ratio{.test = 0.2}(some_interactions());
  const auto judged = [&](double share, float first) {
    mm::matrix<float> vectors = mm::matrix<float>::Ones(30, 2);
    vectors(0, 0) = first;
    return evaluate(
        protocol{.metrics = {.tail = {.share = share}, .item_vectors = std::make_shared<const mm::matrix<float>>(vectors)}},
        one_thread, good, parts);
  };
  const auto one = judged(0.2, 1.0f), other_tail = judged(0.3, 1.0f), other_vectors = judged(0.2, 2.0f);
  CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, one, other_tail, "tail_share@10"),
                    "eval::paired_bootstrap: the evaluations differ in what they call the long tail");
  CHECK_THROWS_WITH(eval::paired_bootstrap(one_thread, one, other_vectors, "serendipity@10"),
                    "eval::paired_bootstrap: the evaluations differ in the vectors of the items");
  CHECK(eval::paired_bootstrap(one_thread, one, other_tail, "recall@10").p_value == 1.0);
  CHECK(eval::paired_bootstrap(one_thread, one, other_vectors, "tail_share@10").p_value == 1.0);
  CHECK(eval::paired_bootstrap(one_thread, one, judged(0.2, 1.0f), "diversity@10").p_value == 1.0);
}

TEST_CASE("a single user proves nothing, and rounding does not decide about equal models") {
  CHECK(eval::paired_bootstrap(one_thread, std::vector{0.9}, std::vector{0.1}).p_value == 1.0);
  // Differences that add up to 0, but for rounding; resamples of half of the users do so, too.
  const std::vector<double> first{0.1, 0.2, 0.0, 0.3, 0.0, 0.0}, second{0.0, 0.0, 0.3, 0.0, 0.2, 0.1};
  CHECK(eval::paired_bootstrap(one_thread, first, second).p_value == 1.0);
}
