// mmrec/cluster/rfm.hpp - users by recency, frequency and monetary value.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cluster/activity.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/segments.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// Scores of one user, 1 (worst) .. 5 (best); zeros for a user without events.
struct rfm_score {
  std::uint8_t recency = 0;    ///< 5: active lately
  std::uint8_t frequency = 0;  ///< 5: many events
  std::uint8_t monetary = 0;   ///< 5: a large sum of values
  friend bool operator==(const rfm_score&, const rfm_score&) = default;
};

/// The scores of all users, where the limits between them lie, and the segments.
class rfm_result {
 public:
  /// Four limits: a user scores one more than the number of limits that lie below the user's number.
  using limits_type = std::array<double, 4>;

  rfm_result(std::vector<rfm_score> scores, limits_type recency, limits_type frequency, limits_type monetary,
             data::segments groups)
      : scores_(std::move(scores)),
        recency_(recency),
        frequency_(frequency),
        monetary_(monetary),
        segments_(std::move(groups)) {}

  std::span<const rfm_score> scores() const { return scores_; }
  /// Of the time of the last event.
  const limits_type& recency_limits() const { return recency_; }
  /// Of the number of events.
  const limits_type& frequency_limits() const { return frequency_; }
  /// Of the sum of values.
  const limits_type& monetary_limits() const { return monetary_; }
  /// By recency and frequency; see rfm. Users without events belong to none.
  const data::segments& segments() const { return segments_; }

  friend bool operator==(const rfm_result&, const rfm_result&) = default;

 private:
  std::vector<rfm_score> scores_;
  limits_type recency_;
  limits_type frequency_;
  limits_type monetary_;
  data::segments segments_;
};

namespace detail {

inline constexpr std::array<std::string_view, 10> rfm_names = {
    "hibernating", "at risk",       "cannot lose them", "about to sleep",      "need attention",
    "promising",   "new customers", "loyal customers",  "potential loyalists", "champions"};

/// The number of the segment's name, by recency (row) and frequency (column), both from 1.
inline constexpr std::uint8_t rfm_grid[5][5] = {{0, 0, 1, 1, 2},   //
                                                {0, 0, 1, 1, 2},   //
                                                {3, 3, 4, 7, 7},   //
                                                {5, 8, 8, 7, 7},   //
                                                {6, 8, 8, 9, 9}};  //

/// The quantiles .2, .4, .6 and .8, between neighbours linearly (NumPy's default).
inline std::array<double, 4> quintiles(std::vector<double> values) {
  std::array<double, 4> result{};
  if (values.empty()) return result;
  std::sort(values.begin(), values.end());
  for (std::size_t limit = 0; limit < result.size(); ++limit) {
    // In fifths, so that a limit that is a value is found exactly.
    const std::size_t fifths = (limit + 1) * (values.size() - 1), below = fifths / 5;
    const std::size_t above = (std::min)(below + 1, values.size() - 1);
    const double rest = static_cast<double>(fifths % 5) / 5.0;
    result[limit] = values[below] + rest * (values[above] - values[below]);
  }
  return result;
}
inline std::uint8_t score_of(double value, const std::array<double, 4>& limits) {
  return static_cast<std::uint8_t>(1 + std::count_if(limits.begin(), limits.end(), [&](double x) { return value > x; }));
}

}  // namespace detail

/// Scores users by how recently, how often and for how much they acted, and names the usual ten segments.
///
/// Rule       recency: the time of the last event; frequency: the number of events; monetary: the sum of values. Each is
///            scored 1..5 by the quintiles among the users who have events; equal numbers score equally, so that a
///            score may be rare or absent where many users are alike. The segment follows from recency R and frequency F:
///            R 1-2: F 1-2 hibernating, 3-4 at risk, 5 cannot lose them; R 3: F 1-2 about to sleep, 3 need attention,
///            4-5 loyal customers; R 4: F 1 promising, 2-3 potential loyalists, 4-5 loyal customers; R 5: F 1 new
///            customers, 2-3 potential loyalists, 4-5 champions
/// Cost       O(E + U log U)
/// Result     a function of the interactions alone; `until` leaves out what happened later, for segments as of a day
/// Throws     data_error if no event has a time other than 0: there is no recency
/// Avoid when values are ratings: their sum says little about worth; read the recency and frequency scores only
/// Example    const auto scored = cluster::rfm{}(log);
///            scored.segments().members(scored.segments().label("champions"));
/// Reference  Hughes, "Strategic Database Marketing", 1994; Bult, Wansbeek, "Optimal selection for direct mail", Marketing
///            Science 14(4), 1995
struct rfm {
  std::int64_t until = (std::numeric_limits<std::int64_t>::max)();  ///< events later than this do not count

  rfm_result operator()(const data::interactions& log) const {
    const auto times = log.time_array();
    if (!times.empty() && std::all_of(times.begin(), times.end(), [](std::int64_t time) { return time == 0; })) {
      throw data_error("cluster::rfm", "the interactions have no times");
    }
    const bool all = std::all_of(times.begin(), times.end(), [&](std::int64_t time) { return time <= until; });
    const std::vector<activity> users =
        all ? activities(log)
            : activities(log.filtered([&](const data::interaction& event) { return event.time <= until; }));
    std::vector<double> last, count, sum;
    for (const activity& user : users) {
      if (user.events == 0) continue;
      last.push_back(static_cast<double>(user.last_time));
      count.push_back(static_cast<double>(user.events));
      sum.push_back(user.value_sum);
    }
    const auto recency = detail::quintiles(std::move(last)), frequency = detail::quintiles(std::move(count)),
               monetary = detail::quintiles(std::move(sum));
    std::vector<rfm_score> scores;
    std::vector<std::uint32_t> labels;
    scores.reserve(users.size());
    labels.reserve(users.size());
    for (const activity& user : users) {
      if (user.events == 0) {
        scores.emplace_back();
        labels.push_back(data::segments::none);
        continue;
      }
      scores.push_back({detail::score_of(static_cast<double>(user.last_time), recency),
                        detail::score_of(static_cast<double>(user.events), frequency),
                        detail::score_of(user.value_sum, monetary)});
      labels.push_back(detail::rfm_grid[scores.back().recency - 1][scores.back().frequency - 1]);
    }
    return {std::move(scores), recency, frequency, monetary,
            data::segments({detail::rfm_names.begin(), detail::rfm_names.end()}, std::move(labels))};
  }

  friend bool operator==(const rfm&, const rfm&) = default;
};

}  // namespace cluster
}  // namespace mmrec::inline v0
