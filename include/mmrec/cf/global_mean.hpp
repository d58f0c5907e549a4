// mmrec/cf/global_mean.hpp - the same prediction for every user and item: the mean of all ratings.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/rating_data.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf {

class global_mean_model;

/// Predicts the mean of all ratings, for everyone. What every model of ratings has to beat.
///
/// Shapes     out: I scores, all alike; no_score for an item without ratings
/// Cost       fit O(R) for R ratings, predict O(1), score O(I)
/// Result     the same for every user; cold users and items get the mean as well; same bits for any executor
/// Throws     data_error without ratings; limit_error beyond the executor's memory limit; unknown_id for a user or item
///            outside the catalogue
/// Avoid when a list is wanted: its scores order nothing
/// Example    tests/cf/global_mean_test.cpp
struct global_mean {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  template <executor Exec>
  global_mean_model fit(const Exec& exec, const data::interactions& log) const;
  /// Peak memory of fit, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec&, const data::interactions& log) const {
    return log.items();
  }

  friend bool operator==(const global_mean&, const global_mean&) = default;
};

/// Fitted mean.
class global_mean_model {
 public:
  struct workspace {};

  std::size_t users() const { return users_; }
  std::size_t items() const { return rated_.size(); }
  rating_scale scale() const { return summary_.scale; }
  /// The mean of all ratings.
  double mean() const { return summary_.mean; }

  float predict(user_id user, item_id item) const {
    detail::require_user("cf::global_mean::predict", user, users_);
    detail::require_item("cf::global_mean::predict", item, items());
    return scale().clip(mean());
  }
  float predict(user_id user, item_id item, workspace&) const { return predict(user, item); }

  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::global_mean::score";
    detail::require_user(function, user, users_);
    fill(function, out);
  }
  void score_history(history_view history, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::global_mean::score_history";
    detail::require_history(function, history, items());
    fill(function, out);
  }

 private:
  friend struct global_mean;
  global_mean_model(std::size_t users, const detail::rating_summary& summary, std::vector<std::uint8_t> rated)
      : users_(users), summary_(summary), rated_(std::move(rated)) {}

  void fill(std::string_view function, std::span<float> out) const {
    require_size(function, "out", items(), out.size());
    for (std::size_t item = 0; item < items(); ++item) {
      out[item] = rated_[item] != 0 ? static_cast<float>(mean()) : no_score;
    }
  }

  std::size_t users_;
  detail::rating_summary summary_;
  std::vector<std::uint8_t> rated_;
};

template <executor Exec>
global_mean_model global_mean::fit(const Exec& exec, const data::interactions& log) const {
  constexpr std::string_view function = "cf::global_mean::fit";
  const detail::rating_summary summary = detail::summarize_ratings(function, log);
  require_memory(exec, function, fit_bytes(exec, log));
  return {log.users(), summary, detail::rated_items(log)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
