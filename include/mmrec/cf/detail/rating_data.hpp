// mmrec/cf/detail/rating_data.hpp - training ratings by user and by item, and what models of ratings share.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// The mean of all ratings and the scale they are on.
struct rating_summary {
  double mean = 0.0;
  rating_scale scale;
};

/// Throws data_error without ratings. The sum is made in the order of users and items.
inline rating_summary summarize_ratings(std::string_view function, const data::interactions& log) {
  const std::span<const float> values = log.value_array();
  if (values.empty()) throw data_error(function, "there are no ratings to learn from");
  const auto [low, high] = std::minmax_element(values.begin(), values.end());
  return {std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size()), {*low, *high}};
}

/// Ratings of each user, or of each item: row r holds entries starts[r] .. starts[r + 1] - 1, ids increasing.
struct rating_rows_view {
  std::span<const std::size_t> starts;
  std::span<const std::uint32_t> ids;
  std::span<const float> values;

  std::size_t rows() const { return starts.size() - 1; }
  std::size_t count(std::size_t row) const { return starts[row + 1] - starts[row]; }
  std::span<const std::uint32_t> ids_of(std::size_t row) const { return ids.subspan(starts[row], count(row)); }
  std::span<const float> values_of(std::size_t row) const { return values.subspan(starts[row], count(row)); }
};

/// The same, owned.
struct rating_rows {
  std::vector<std::size_t> starts;
  std::vector<std::uint32_t> ids;
  std::vector<float> values;

  rating_rows_view view() const { return {starts, ids, values}; }
  std::size_t rows() const { return starts.size() - 1; }
  std::size_t count(std::size_t row) const { return starts[row + 1] - starts[row]; }
  std::span<const std::uint32_t> ids_of(std::size_t row) const { return view().ids_of(row); }
  std::span<const float> values_of(std::size_t row) const { return view().values_of(row); }

  static std::uint64_t bytes(std::uint64_t rows, std::uint64_t entries) {
    return (rows + 1) * sizeof(std::size_t) + entries * (sizeof(std::uint32_t) + sizeof(float));
  }
};

/// The ratings of each user.
inline rating_rows ratings_by_user(const data::interactions& log) {
  rating_rows result{{log.starts().begin(), log.starts().end()}, {}, {log.value_array().begin(), log.value_array().end()}};
  result.ids.resize(log.size());
  std::transform(log.item_array().begin(), log.item_array().end(), result.ids.begin(),
                 [](item_id item) { return item.value; });
  return result;
}

/// The ratings of each item. Takes 8 bytes an item more than its result while it runs.
inline rating_rows ratings_by_item(const data::interactions& log) {
  rating_rows result;
  result.starts.assign(log.items() + 1, 0);
  for (const item_id item : log.item_array()) ++result.starts[item.index() + 1];
  std::partial_sum(result.starts.begin(), result.starts.end(), result.starts.begin());
  result.ids.resize(log.size());
  result.values.resize(log.size());
  std::vector<std::size_t> next(result.starts.begin(), result.starts.end() - 1);
  for (std::size_t user = 0; user < log.users(); ++user) {
    for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
      const std::size_t place = next[log.item_array()[entry].index()]++;
      result.ids[place] = static_cast<std::uint32_t>(user);
      result.values[place] = log.value_array()[entry];
    }
  }
  return result;
}

/// Which items have ratings.
inline std::vector<std::uint8_t> rated_items(const data::interactions& log) {
  std::vector<std::uint8_t> rated(log.items(), 0);
  for (const item_id item : log.item_array()) rated[item.index()] = 1;
  return rated;
}

/// Throws unknown_id for a user outside 0..users-1.
inline void require_user(std::string_view function, user_id user, std::size_t users) {
  if (user.index() >= users) throw unknown_id(function, "user", std::to_string(user.index()), users);
}

/// Throws data_error for a rating that is not finite; the interactions of a fit cannot hold one, a caller's history can.
inline void require_finite_ratings(std::string_view function, std::span<const float> values) {
  for (const float value : values) {
    if (!std::isfinite(value)) throw data_error(function, "a rating of the history is not finite");
  }
}

/// Parts of a long fit between two progress reports, if anybody listens.
inline constexpr std::size_t rating_progress_steps = 50;

/// body(begin, end) for ranges of at most `grain` of 0..count-1, with reports on the way.
template <executor Exec, class Body>
void for_reported_ranges(const Exec& exec, std::string_view function, std::size_t count, std::size_t grain,
                         const Body& body) {
  report_progress(exec.sink(), function, 0, count);
  const std::size_t step = exec.sink() == nullptr ? count : (std::max)(grain, count / rating_progress_steps + 1);
  for (std::size_t first = 0; first < count; first += step) {
    const std::size_t last = (std::min)(count, first + step);
    for_ranges(exec, last - first, grain, [&](std::size_t begin, std::size_t end) { body(first + begin, first + end); });
    report_progress(exec.sink(), function, last, count);
  }
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
