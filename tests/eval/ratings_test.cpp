// Errors of predicted ratings: by hand, by bootstrap, and against a model that knows the answers.
#include <mmrec/eval/ratings.hpp>

#include <cmath>
#include <limits>
#include <memory>
#include <utility>
#include <vector>

#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/split/given.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using eval::rating_measure;
using test::thrown;

namespace {

data::interactions log_of(std::size_t users, std::size_t items, std::vector<data::interaction> events) {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

/// Predicts a number for each user and item.
struct table_model {
  struct workspace {};
  std::vector<std::vector<float>> table;

  std::size_t users() const { return table.size(); }
  std::size_t items() const { return table[0].size(); }
  rating_scale scale() const { return {1.0f, 5.0f}; }
  float predict(user_id user, item_id item) const { return table[user.index()][item.index()]; }
  float predict(user_id user, item_id item, workspace&) const { return predict(user, item); }
  void score(user_id, std::span<float>, workspace&) const {}
  void score_history(history_view, std::span<float>, workspace&) const {}
};
static_assert(rating_model<table_model>);

/// A model and ratings for which it errs by normal numbers of this deviation.
std::pair<table_model, data::interactions> noisy(double deviation, std::uint64_t key) {
  constexpr std::size_t users = 120, items = 30;
  random_stream random(seed{key});
  table_model model{std::vector(users, std::vector<float>(items))};
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t item = 0; item < items; ++item) {
      model.table[user][item] = static_cast<float>(3.0 + deviation * random.normal());
      if (item <= user % items) events.push_back({user_id{user}, item_id{item}, 3.0f});
    }
  }
  return {std::move(model), log_of(users, items, std::move(events))};
}

}  // namespace

TEST_CASE("errors by hand") {
  const table_model model{{{1.0f, 2.0f, 3.0f}, {4.0f, 4.0f, 4.0f}, {5.0f, 5.0f, 5.0f}}};
  // Errors: user 0: -1, 2; user 2: 1. User 1 has nothing held out.
  const auto held_out =
      log_of(3, 3, {{user_id{0}, item_id{0}, 2.0f}, {user_id{0}, item_id{2}, 1.0f}, {user_id{2}, item_id{1}, 4.0f}});
  const eval::rating_evaluation found = eval::evaluate_ratings(exec::cpu{}, model, held_out);
  CHECK(found.ratings() == 3);
  REQUIRE(found.users().size() == 2);
  CHECK(found.users()[1] == user_id{2});
  CHECK(found.counts()[0] == 2);
  CHECK(found.value(rating_measure::mse) == Approx(2.0));
  CHECK(found.value(rating_measure::rmse) == Approx(std::sqrt(2.0)));
  CHECK(found.value(rating_measure::mae) == Approx(4.0 / 3.0));
  CHECK(found.per_user(rating_measure::rmse) == std::vector<double>{std::sqrt(2.5), 1.0});
  CHECK(found.mean(rating_measure::mae) == Approx(1.25));
  CHECK(eval::evaluate_ratings(exec::cpu{}, model, log_of(3, 3, {})).value(rating_measure::rmse) == 0.0);
}

TEST_CASE("the parts of a split are judged as what they hold") {
  const table_model model{{{1.0f, 2.0f}}};
  const auto parts = split::given{.name = "hand"}(log_of(1, 2, {}), log_of(1, 2, {{user_id{0}, item_id{0}, 1.0f}}),
                                                  log_of(1, 2, {{user_id{0}, item_id{1}, 5.0f}}));
  CHECK(eval::evaluate_ratings(exec::cpu{}, model, parts.validation).value(rating_measure::mae) == 0.0);
  CHECK(eval::evaluate_ratings(exec::cpu{}, model, parts.test).value(rating_measure::mae) == 3.0);
}

TEST_CASE("an evaluation has the same bits for any number of threads, and with a listener") {
  const auto [model, held_out] = noisy(1.0, 1);
  struct counting : progress_sink {
    std::size_t reports = 0;
    bool report(const progress_event&) override {
      ++reports;
      return true;
    }
  } sink;
  const auto one = eval::evaluate_ratings(exec::cpu{}, model, held_out);
  CHECK(eval::evaluate_ratings(exec::cpu{.threads = 2}, model, held_out) == one);
  CHECK(eval::evaluate_ratings(exec::cpu{.threads = 8, .progress = &sink}, model, held_out) == one);
  CHECK(sink.reports > 1);
  const auto interval = eval::bootstrap_mean(exec::cpu{}, one, rating_measure::rmse);
  CHECK(eval::bootstrap_mean(exec::cpu{.threads = 8}, one, rating_measure::rmse) == interval);
}

TEST_CASE("the interval of an error holds it, and narrows as a mean's does") {
  const auto [model, held_out] = noisy(0.8, 2);
  const auto found = eval::evaluate_ratings(exec::cpu{}, model, held_out);
  const auto interval = eval::bootstrap_mean(exec::cpu{}, found, rating_measure::mse, {.resamples = 4000});
  CHECK(interval.mean == found.value(rating_measure::mse));
  // The errors are independent here: e^2 has deviation sqrt(2) 0.64.
  const double expected = 2.0 * 1.96 * std::sqrt(2.0) * 0.64 / std::sqrt(static_cast<double>(held_out.size()));
  CHECK(interval.high - interval.low == Approx(expected).epsilon(0.2));
  CHECK(interval.low < 0.64);
  CHECK(interval.high > 0.6);
  const auto root = eval::bootstrap_mean(exec::cpu{}, found, rating_measure::rmse, {.resamples = 4000});
  CHECK(root.low == Approx(std::sqrt(interval.low)));
}

TEST_CASE("a better model is told from an equal one") {
  const auto drawn = noisy(0.8, 3);
  const table_model& model = drawn.first;
  auto worse = model, other = noisy(0.8, 4).first;
  for (auto& row : worse.table) {
    for (float& value : row) value = 3.0f + 1.15f * (value - 3.0f);
  }
  const auto judge = [&](const table_model& which) { return eval::evaluate_ratings(exec::cpu{}, which, drawn.second); };
  const auto gain = eval::paired_bootstrap(exec::cpu{}, judge(worse), judge(model), rating_measure::rmse);
  CHECK(gain.difference.mean == Approx(judge(worse).value(rating_measure::rmse) - judge(model).value(rating_measure::rmse)));
  CHECK(gain.difference.low > 0.0);
  CHECK(gain.p_value < 0.01);
  const auto nothing = eval::paired_bootstrap(exec::cpu{}, judge(other), judge(model), rating_measure::rmse);
  CHECK(nothing.difference.low < 0.0);
  CHECK(nothing.difference.high > 0.0);
  CHECK(nothing.p_value > 0.05);
  const auto alone = log_of(1, 2, {{user_id{0}, item_id{0}, 1.0f}});
  const table_model near{{{1.1f, 2.0f}}}, far{{{4.0f, 2.0f}}};
  CHECK(eval::paired_bootstrap(exec::cpu{}, eval::evaluate_ratings(exec::cpu{}, far, alone),
                               eval::evaluate_ratings(exec::cpu{}, near, alone), rating_measure::mae)
            .p_value == 1.0);  // one user proves nothing
}

TEST_CASE("evaluations that make no sense are refused") {
  const table_model model{{{1.0f, 2.0f}}};
  const auto message = [&](std::size_t users, std::size_t items) {
    return thrown<shape_error>([&] { eval::evaluate_ratings(exec::cpu{}, model, log_of(users, items, {})); });
  };
  CHECK(message(2, 2) == "eval::evaluate_ratings: users of the model: expected 2, got 1");
  CHECK(message(1, 3) == "eval::evaluate_ratings: items of the model: expected 3, got 2");
  const table_model broken{{{std::numeric_limits<float>::quiet_NaN(), 2.0f}}};
  const auto held_out = log_of(1, 2, {{user_id{0}, item_id{0}, 1.0f}});
  CHECK(thrown<data_error>([&] { eval::evaluate_ratings(exec::cpu{}, broken, held_out); }) ==
        "eval::evaluate_ratings: the prediction for user \"0\", item \"0\" is not finite");
  const auto found = eval::evaluate_ratings(exec::cpu{}, model, held_out);
  const auto other = eval::evaluate_ratings(exec::cpu{}, model,
                                            log_of(1, 2, {{user_id{0}, item_id{0}, 1.0f}, {user_id{0}, item_id{1}, 1.0f}}));
  CHECK(thrown<data_error>([&] { eval::paired_bootstrap(exec::cpu{}, found, other, rating_measure::mae); }) ==
        "eval::paired_bootstrap: the evaluations judged different ratings");
  CHECK(thrown<invalid_config>([&] { eval::bootstrap_mean(exec::cpu{}, found, rating_measure::mae, {.resamples = 0}); }) ==
        "eval::bootstrap_mean: resamples must be at least 1");
  const auto nobody = eval::evaluate_ratings(exec::cpu{}, model, log_of(1, 2, {}));
  CHECK(thrown<data_error>([&] { eval::bootstrap_mean(exec::cpu{}, nobody, rating_measure::mae); }) ==
        "eval::bootstrap_mean: there are no users to resample");
}
