// mmrec/cf/baseline.hpp - ratings as the mean plus what is particular to the user and to the item.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/rating_biases.hpp>
#include <mmrec/cf/detail/rating_data.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace cf {

class baseline_model;

/// The baseline estimate of a rating, mean + b_user + b_item: the biases minimise the squared error of all ratings plus
/// user_regularization |b_user|^2 + item_regularization |b_item|^2, found by alternating least squares.
///
/// Shapes     out: I scores; no_score for an item without ratings
/// Cost       fit O(epochs R) for R ratings, 8 (R + U + 2 I) bytes; predict O(1), score O(I)
/// Result     a cold user or item has bias 0. score_history solves for the user's bias as the fit did, so that a user of
///            the fit gets the same bits; same bits for any number of threads
/// Throws     invalid_config if a regularization is negative or not finite, or epochs < 1; data_error without ratings;
///            limit_error beyond the executor's memory limit; unknown_id for a user or item outside the catalogue; cancelled
/// Avoid when lists shall be personal: every user gets the items in the same order
/// Example    tests/cf/baseline_test.cpp
/// Reference  Koren, "Factor in the neighbors: scalable and accurate collaborative filtering", ACM TKDD 4(1), 2010,
///            section 2.1
struct baseline {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  float item_regularization = 10.0f;  ///< >= 0; counts like as many ratings at the mean
  float user_regularization = 15.0f;  ///< >= 0; the same for users
  std::size_t epochs = 10;            ///< 1..100000; each solves for all items, then for all users

  /// Throws invalid_config for a field that makes no sense, in the name of a function.
  void validate(std::string_view function) const {
    const auto sane = [](float value) { return std::isfinite(value) && value >= 0.0f; };
    require_config(sane(item_regularization), function, "item_regularization", "must be finite and not negative");
    require_config(sane(user_regularization), function, "user_regularization", "must be finite and not negative");
    require_config(epochs >= 1 && epochs <= 100'000, function, "epochs", "must be 1 to 100000");
  }
  template <executor Exec>
  baseline_model fit(const Exec& exec, const data::interactions& log) const;
  /// Peak memory of fit, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec&, const data::interactions& log) const {
    const std::uint64_t biases = sizeof(double) * (std::uint64_t{log.users()} + log.items());
    return detail::rating_rows::bytes(log.items(), log.size()) + biases + log.items();
  }

  friend bool operator==(const baseline&, const baseline&) = default;
};

/// The same estimate, its biases learnt by stochastic gradient descent. The regularization is paid once for each rating, so
/// that it grows with their number.
///
/// Cost       fit O(epochs R) for R ratings, 8 (U + I) bytes
/// Result     sequential, one rating after another in the order of users and items, whatever the executor. score_history
///            gives the bias that minimises the same objective exactly: close to, but not the bits of, what fit stopped at
/// Throws     as baseline; invalid_config if learning_rate is not positive and finite; numeric_error if it diverges
/// Example    tests/cf/baseline_test.cpp
/// Reference  as baseline
struct baseline_sgd {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  float learning_rate = 0.005f;  ///< > 0
  float regularization = 0.02f;  ///< >= 0
  std::size_t epochs = 20;       ///< 1..100000

  template <executor Exec>
  baseline_model fit(const Exec& exec, const data::interactions& log) const;
  /// Peak memory of fit, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec&, const data::interactions& log) const {
    return sizeof(double) * (std::uint64_t{log.users()} + log.items()) + log.items();
  }

  friend bool operator==(const baseline_sgd&, const baseline_sgd&) = default;
};

/// Fitted biases, of either kind.
class baseline_model {
 public:
  struct workspace {};

  std::size_t users() const { return biases_.users.size(); }
  std::size_t items() const { return biases_.items.size(); }
  rating_scale scale() const { return summary_.scale; }
  /// The mean of all ratings.
  double mean() const { return summary_.mean; }
  /// How much higher than others each user rates; 0 without ratings.
  std::span<const double> user_biases() const { return biases_.users; }
  /// How much higher than others each item is rated; 0 without ratings.
  std::span<const double> item_biases() const { return biases_.items; }

  float predict(user_id user, item_id item) const {
    detail::require_user("cf::baseline::predict", user, users());
    detail::require_item("cf::baseline::predict", item, items());
    return scale().clip(mean() + biases_.users[user.index()] + biases_.items[item.index()]);
  }
  float predict(user_id user, item_id item, workspace&) const { return predict(user, item); }

  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::baseline::score";
    detail::require_user(function, user, users());
    fill(function, biases_.users[user.index()], out);
  }
  void score_history(history_view history, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::baseline::score_history";
    detail::require_history(function, history, items());
    detail::require_finite_ratings(function, history.values);
    fill(function, of_users_.solve(history.items, history.values, mean(), biases_.items), out);
  }

 private:
  friend struct baseline;
  friend struct baseline_sgd;
  baseline_model(const detail::rating_summary& summary, detail::rating_biases biases, std::vector<std::uint8_t> rated,
                 const detail::bias_ridge& of_users)
      : summary_(summary), biases_(std::move(biases)), rated_(std::move(rated)), of_users_(of_users) {}

  void fill(std::string_view function, double user_bias, std::span<float> out) const {
    require_size(function, "out", items(), out.size());
    for (std::size_t item = 0; item < items(); ++item) {
      out[item] = rated_[item] != 0 ? static_cast<float>(mean() + user_bias + biases_.items[item]) : no_score;
    }
  }

  detail::rating_summary summary_;
  detail::rating_biases biases_;
  std::vector<std::uint8_t> rated_;
  detail::bias_ridge of_users_;
};

template <executor Exec>
baseline_model baseline::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::baseline::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  validate(function);
  const detail::rating_summary summary = detail::summarize_ratings(function, log);
  require_memory(asked, function, fit_bytes(asked, log));
  const detail::rating_rows by_item = detail::ratings_by_item(log);
  const detail::bias_ridge of_users{double{user_regularization}}, of_items{double{item_regularization}};
  detail::rating_biases biases = detail::als_biases(exec, function, log, by_item, summary.mean, of_users, of_items, epochs);
  return {summary, std::move(biases), detail::rated_items(log), of_users};
}

template <executor Exec>
baseline_model baseline_sgd::fit(const Exec& exec, const data::interactions& log) const {
  constexpr std::string_view function = "cf::baseline_sgd::fit";
  require_config(std::isfinite(learning_rate) && learning_rate > 0.0f, function, "learning_rate",
                 "must be positive and finite");
  require_config(std::isfinite(regularization) && regularization >= 0.0f, function, "regularization",
                 "must be finite and not negative");
  require_config(epochs >= 1 && epochs <= 100'000, function, "epochs", "must be 1 to 100000");
  const detail::rating_summary summary = detail::summarize_ratings(function, log);
  require_memory(exec, function, fit_bytes(exec, log));
  detail::rating_biases biases =
      detail::sgd_biases(exec, function, log, summary.mean, double{learning_rate}, double{regularization}, epochs);
  for (const auto* side : {&biases.users, &biases.items}) {
    for (const double bias : *side) {
      if (!std::isfinite(bias)) throw numeric_error(function, "the biases diverge; lower learning_rate");
    }
  }
  return {summary, std::move(biases), detail::rated_items(log), {0.0, double{regularization}}};
}

}  // namespace cf
}  // namespace mmrec::inline v0
