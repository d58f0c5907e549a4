// mmrec/cf/slope_one.hpp - how much higher one item is rated than another, on average, by the users who rated both.
#pragma once
#include <algorithm>
#include <cmath>
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
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace cf {

class slope_one_model;

/// Slope One: the user's mean plus the mean, over the user's items j that somebody rated together with item i, of how much
/// higher i is rated than j by those who rated both.
///
/// Shapes     dev: I x I    out: I scores; no_score for an item that nobody rated together with an item of the history
/// Cost       fit O(sum over users of |history|^2) time and 4 I^2 bytes (400 MB for 10,000 items), which the model keeps;
///            predict O(|history|), score O(|history| I)
/// Result     exact; nothing to tune. Without such an item the user's mean stands; for cold users and items it is the mean
///            of all ratings. A user described by a history gets the same bits as that user of the fit; same bits for any
///            number of threads
/// Throws     limit_error if I > max_items or beyond the executor's memory limit; data_error without ratings; unknown_id for
///            a user or item outside the catalogue; cancelled
/// Avoid when the catalogue is large: cf::svd
/// Example    tests/cf/slope_one_test.cpp
/// Reference  Lemire, Maclachlan, "Slope one predictors for online rating-based collaborative filtering", SDM 2005
struct slope_one {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t max_items = 40'000;  ///< larger catalogues are refused: 40,000 items need 6.4 GB

  template <executor Exec>
  slope_one_model fit(const Exec& exec, const data::interactions& log) const;
  /// Peak memory of fit, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const {
    const std::uint64_t items = log.items();
    const std::uint64_t sums = exec.concurrency() * items * (sizeof(double) + sizeof(std::uint32_t));
    return items * items * sizeof(float) + detail::rating_rows::bytes(items, log.size()) +
           detail::rating_rows::bytes(log.users(), log.size()) + sums;
  }

  friend bool operator==(const slope_one&, const slope_one&) = default;
};

/// Fitted differences. All members are const and safe to call from any number of threads.
class slope_one_model {
 public:
  /// Scratch memory of one thread, 12 I bytes.
  struct workspace {
    std::vector<double> sums;
    std::vector<std::uint32_t> counts;
  };

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return rated_.size(); }
  rating_scale scale() const { return summary_.scale; }
  /// The mean of all ratings.
  double mean() const { return summary_.mean; }

  /// dev(i, j) for all j: how much higher this item is rated than item j by those who rated both; NaN where nobody did.
  std::span<const float> differences(item_id item) const {
    detail::require_item("cf::slope_one::differences", item, items());
    return std::span(differences_).subspan(item.index() * items(), items());
  }

  float predict(user_id user, item_id item) const {
    constexpr std::string_view function = "cf::slope_one::predict";
    const history_view history = histories_.of(function, user);
    detail::require_item(function, item, items());
    if (history.items.empty() || rated_[item.index()] == 0) return scale().clip(mean());
    const double own = mean_of(history);
    const auto [sum, count] = sum_of(history, item.index());
    return scale().clip(count == 0 ? own : own + sum / static_cast<double>(count));
  }
  float predict(user_id user, item_id item, workspace&) const { return predict(user, item); }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of("cf::slope_one::score", user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::slope_one::score_history";
    detail::require_history(function, history, items());
    detail::require_finite_ratings(function, history.values);
    require_size(function, "out", items(), out.size());
    const double own = history.items.empty() ? 0.0 : mean_of(history);
    // Row after row of the history's items, whose differences are those of the items to be scored with the sign turned,
    // bit by bit: the columns are far apart in memory.
    scratch.sums.assign(items(), 0.0);
    scratch.counts.assign(items(), 0);
    for (const item_id other : history.items) {
      const float* const row = differences_.data() + other.index() * items();
      for (std::size_t item = 0; item < items(); ++item) {
        const bool known = !std::isnan(row[item]);
        scratch.sums[item] -= known ? double{row[item]} : 0.0;
        scratch.counts[item] += known ? 1 : 0;
      }
    }
    for (std::size_t item = 0; item < items(); ++item) {
      const std::uint32_t count = scratch.counts[item];
      out[item] = count == 0 ? no_score : static_cast<float>(own + scratch.sums[item] / static_cast<double>(count));
    }
  }

 private:
  friend struct slope_one;
  slope_one_model(const detail::rating_summary& summary, std::vector<float> differences, detail::user_histories histories,
                  std::vector<std::uint8_t> rated)
      : summary_(summary),
        differences_(std::move(differences)),
        histories_(std::move(histories)),
        rated_(std::move(rated)) {}

  static double mean_of(const history_view& history) {
    double sum = 0.0;
    for (const float rating : history.values) sum += double{rating};
    return sum / static_cast<double>(history.values.size());
  }
  std::pair<double, std::size_t> sum_of(const history_view& history, std::size_t item) const {
    const float* const row = differences_.data() + item * items();
    double sum = 0.0;
    std::size_t count = 0;
    for (const item_id other : history.items) {
      const float difference = row[other.index()];
      if (std::isnan(difference)) continue;
      sum += double{difference};
      ++count;
    }
    return {sum, count};
  }

  detail::rating_summary summary_;
  std::vector<float> differences_;  // I x I
  detail::user_histories histories_;
  std::vector<std::uint8_t> rated_;
};

template <executor Exec>
slope_one_model slope_one::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::slope_one::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  const std::size_t items = log.items();
  if (items > max_items) throw limit_error(function, "number of items", max_items, items);
  const detail::rating_summary summary = detail::summarize_ratings(function, log);
  require_memory(asked, function, fit_bytes(asked, log));
  const detail::rating_rows by_item = detail::ratings_by_item(log);
  std::vector<float> differences(items * items);
  constexpr std::size_t range = 32;
  detail::for_reported_ranges(exec, function, items, range, [&](std::size_t begin, std::size_t end) {
    std::vector<double> sums(items);
    std::vector<std::uint32_t> counts(items);
    for (std::size_t item = begin; item < end; ++item) {
      std::fill(sums.begin(), sums.end(), 0.0);
      std::fill(counts.begin(), counts.end(), 0u);
      const auto users = by_item.ids_of(item);
      const auto values = by_item.values_of(item);
      for (std::size_t entry = 0; entry < users.size(); ++entry) {
        const history_view history = log.history(user_id{std::size_t{users[entry]}});
        const double value = values[entry];
        for (std::size_t place = 0; place < history.items.size(); ++place) {
          const std::size_t other = history.items[place].index();
          sums[other] += value - double{history.values[place]};
          ++counts[other];
        }
      }
      float* const row = differences.data() + item * items;
      for (std::size_t other = 0; other < items; ++other) {
        row[other] = counts[other] == 0 ? no_score : static_cast<float>(sums[other] / static_cast<double>(counts[other]));
      }
    }
  });
  return {summary, std::move(differences), detail::user_histories(log), detail::rated_items(log)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
