// tests/contract/rating_contract.hpp - what every model of ratings has to do, beside what every recommender has to.
//
//   TEST_CASE("my model keeps the contract of rating models") { contract::check_rating_model(my_spec{}); }
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>

#include "contract/recommender_contract.hpp"
#include "support/peak_memory.hpp"

namespace contract {

struct rating_expectations {
  bool scores_without_history = false;  ///< whether a user without ratings gets scores
  bool folds_in_exactly = true;         ///< see expectations
  bool learns = true;                   ///< whether it predicts better than the mean
  double constant_error = 1e-4;         ///< how far it is from ratings that are all alike
};

/// spec.fit(exec, log), with a seed where it takes one.
template <class Spec, class Exec>
auto fit_ratings(const Spec& spec, const Exec& exec, const data::interactions& log) {
  if constexpr (requires { spec.fit(exec, log, seed{5}); }) {
    return spec.fit(exec, log, seed{5});
  } else {
    return spec.fit(exec, log);
  }
}

/// Ratings 1 to 5 that follow from the user, the item and a little chance, for a share of all pairs.
inline data::interactions planted_ratings(std::size_t users, std::size_t items, double share, std::uint64_t key) {
  const auto offset = [](std::size_t id, std::uint64_t part) {
    return random_stream(seed{3}.derive(part), id).uniform() - 0.5;
  };
  random_stream random(seed{key});
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t item = 0; item < items; ++item) {
      const double rating = 3.0 + 3.0 * offset(user, 0) + 3.0 * offset(item, 1) + random.uniform() - 0.5;
      if (random.uniform() >= share) continue;
      events.push_back({user_id{user}, item_id{item}, static_cast<float>(std::clamp(std::round(rating), 1.0, 5.0))});
    }
  }
  return interactions_of(users, items, std::move(events));
}

/// Cancels at the first report.
struct cancelling_sink : progress_sink {
  bool report(const progress_event&) override { return false; }
};

template <class Model>
double error_of(const Model& model, const data::interactions& held_out) {
  double sum = 0.0;
  for (const data::interaction& event : held_out.events()) {
    const double error = double{model.predict(event.user, event.item)} - double{event.value};
    sum += error * error;
  }
  return std::sqrt(sum / static_cast<double>(held_out.size()));
}

template <class Error, class Call>
void requires_text(const std::string& text, Call&& call) {
  try {
    call();
    FAIL("no exception");
  } catch (const Error& fault) {
    CAPTURE(fault.what());
    CHECK(std::string(fault.what()).find(text) != std::string::npos);
  }
}

template <class Spec>
void check_rating_model(const Spec& spec, const rating_expectations& expected = {}) {
  const exec::cpu exec{};
  using model_type = decltype(fit_ratings(spec, exec, std::declval<const data::interactions&>()));
  static_assert(rating_model<model_type>);
  check_recommender([&](const auto& where, const data::interactions& log) { return fit_ratings(spec, where, log); },
                    {.personal = false,
                     .scores_without_history = expected.scores_without_history,
                     .folds_in_exactly = expected.folds_in_exactly});

  const data::interactions log = random_log(60, 90);
  const user_id cold_user{log.users() - 1};
  const item_id cold_item{log.items() - 1};
  REQUIRE(log.item_counts()[cold_item.index()] == 0);

  SECTION("predictions are the scores within the scale") {
    const model_type model = fit_ratings(spec, exec, log);
    CHECK(model.scale() == rating_scale{1.0f, 5.0f});
    typename model_type::workspace scratch;
    for (std::size_t user = 0; user < log.users(); ++user) {
      const auto scores = scores_of(model, user_id{user});
      for (std::size_t item = 0; item < log.items(); ++item) {
        const float predicted = model.predict(user_id{user}, item_id{item}, scratch);
        CAPTURE(user, item, scores[item]);
        REQUIRE((predicted >= 1.0f && predicted <= 5.0f));
        REQUIRE(predicted == model.predict(user_id{user}, item_id{item}));
        if (!std::isnan(scores[item])) REQUIRE(std::abs(predicted - model.scale().clip(double{scores[item]})) <= 2e-6f);
      }
    }
  }

  SECTION("of a cold user and a cold item nothing is known but the mean") {
    const model_type model = fit_ratings(spec, exec, log);
    double sum = 0.0;
    for (const float rating : log.value_array()) sum += double{rating};
    CHECK(double{model.predict(cold_user, cold_item)} == Approx(sum / static_cast<double>(log.size())).epsilon(1e-6));
    for (std::size_t user = 0; user < log.users(); ++user) {
      CHECK(std::isnan(scores_of(model, user_id{user})[cold_item.index()]));
    }
  }

  SECTION("ratings that are all alike are predicted") {
    std::vector<data::interaction> events = log.events();
    for (data::interaction& event : events) event.value = 3.5f;
    const model_type model = fit_ratings(spec, exec, interactions_of(60, 90, std::move(events)));
    CHECK(model.scale() == rating_scale{3.5f, 3.5f});
    for (std::size_t user = 0; user < log.users(); ++user) {
      for (const float score : scores_of(model, user_id{user})) {
        if (!std::isnan(score)) REQUIRE(std::abs(double{score} - 3.5) <= expected.constant_error);
      }
      CHECK(model.predict(user_id{user}, item_id{0}) == 3.5f);
    }
  }

  SECTION("held-out ratings are predicted better than by their mean") {
    if (!expected.learns) return;
    const data::interactions train = planted_ratings(80, 60, 0.4, 1), test = planted_ratings(80, 60, 0.1, 2);
    double sum = 0.0, squares = 0.0;
    for (const float rating : test.value_array()) {
      sum += double{rating};
      squares += double{rating} * double{rating};
    }
    const auto count = static_cast<double>(test.size());
    const double deviation = std::sqrt(squares / count - sum / count * (sum / count));
    CHECK(error_of(fit_ratings(spec, exec, train), test) < 0.75 * deviation);
  }

  SECTION("predicting with a warm workspace allocates nothing") {
    const model_type model = fit_ratings(spec, exec, log);
    typename model_type::workspace scratch;
    const auto ask_all = [&] {
      float sum = 0.0f;
      for (std::size_t user = 0; user < log.users(); ++user) {
        for (std::size_t item = 0; item < log.items(); ++item) sum += model.predict(user_id{user}, item_id{item}, scratch);
      }
      return sum;
    };
    CHECK(ask_all() > 0.0f);
    CHECK(test::allocations_of(ask_all) == 0);
  }

  SECTION("requests and data that make no sense are refused with the function's name") {
    const model_type model = fit_ratings(spec, exec, log);
    requires_text<unknown_id>("::predict: unknown user 60 (60 known)", [&] { model.predict(user_id{60u}, item_id{0}); });
    requires_text<unknown_id>("::predict: unknown item 90 (90 known)", [&] { model.predict(user_id{0}, item_id{90u}); });
    requires_text<data_error>("::fit: there are no ratings", [&] { fit_ratings(spec, exec, interactions_of(3, 4, {})); });
    const std::vector<item_id> items{item_id{1u}};
    const std::vector<float> infinite{std::numeric_limits<float>::infinity()};
    typename model_type::workspace scratch;
    std::vector<float> scores(model.items());
    if (expected.learns) {
      requires_text<data_error>("::score_history: a rating", [&] {
        model.score_history({items, infinite}, scores, scratch);
      });
      cancelling_sink sink;
      requires_text<cancelled>("::fit: cancelled", [&] { fit_ratings(spec, exec::cpu{.progress = &sink}, log); });
    }
  }

  SECTION("the memory of a fit is known before, and refused beyond the limit") {
    const data::interactions large = planted_ratings(700, 500, 0.15, 3);
    const std::uint64_t bytes = spec.fit_bytes(exec, large);
    test::check_peak(bytes, [&] { fit_ratings(spec, exec, large); });
    requires_text<limit_error>(
        "::fit: memory in bytes " + std::to_string(bytes) + " exceeds the limit of " + std::to_string(bytes - 1),
        [&] { fit_ratings(spec, exec::cpu{.memory_limit = bytes - 1}, large); });
    CHECK_NOTHROW(fit_ratings(spec, exec::cpu{.memory_limit = bytes}, large));
  }
}

}  // namespace contract
