// mmrec/eval/by_segment.hpp - how good a model is for each segment of users.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/segments.hpp>
#include <mmrec/eval/bootstrap.hpp>
#include <mmrec/eval/evaluation.hpp>
#include <mmrec/eval/metric.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// One segment of a table; values of an empty one are all 0.
struct segment_row {
  std::string segment;
  std::size_t users = 0;         ///< judged users of the segment
  std::vector<interval> values;  ///< for each metric asked for
  friend bool operator==(const segment_row&, const segment_row&) = default;
};

/// Means over the judged users of each segment, with percentile bootstrap intervals of their own.
///
/// Shapes     users and values in pairs: values[u] belongs to users[u]
/// Cost       O(resamples U') for each metric, U' judged users
/// Result     one row a segment, in the order of the names, then "(none)" if a judged user belongs to none, then "(all)".
///            Segments of few users have wide intervals: differences between rows are no evidence where those overlap.
///            Same bits for any number of threads
/// Throws     unknown_id for a user that the segments do not know; shape_error; data_error for a value that is not finite
template <executor Exec>
std::vector<segment_row> mean_by_segment(const Exec& asked, std::span<const user_id> users,
                                         std::span<const std::span<const double>> values, const data::segments& groups,
                                         const bootstrap_options& options = {}) {
  constexpr std::string_view function = "eval::mean_by_segment";
  const exec::session<Exec> session(asked);
  for (const auto& column : values) require_size(function, "values", users.size(), column.size());
  std::vector<std::vector<std::size_t>> places(groups.size() + 2);
  for (std::size_t place = 0; place < users.size(); ++place) {
    if (users[place].index() >= groups.users()) {
      throw unknown_id(function, "user", std::to_string(users[place].index()), groups.users());
    }
    const std::uint32_t label = groups.labels()[users[place].index()];
    places[label == data::segments::none ? groups.size() : label].push_back(place);
    places.back().push_back(place);
  }
  std::vector<segment_row> rows;
  std::vector<double> own;
  for (std::size_t group = 0; group < places.size(); ++group) {
    if (group == groups.size() && places[group].empty()) continue;
    segment_row row{group < groups.size()    ? groups.names()[group]
                    : group == groups.size() ? "(none)"
                                             : "(all)",
                    places[group].size(),
                    {}};
    for (const auto& column : values) {
      own.clear();
      for (const std::size_t place : places[group]) own.push_back(column[place]);
      row.values.push_back(own.empty() ? interval{}
                                       : bootstrap_mean(session.executor(), std::span<const double>(own), options));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

/// The same for measures of an evaluation.
///
/// Throws     invalid_config for a measure that has no value for each user; unknown_id for one that was not measured
/// Example    for (const auto& row : eval::by_segment(exec, result, {"recall@20", "ndcg@20"}, groups)) ...
template <executor Exec, class Protocol, class Split, class Role>
std::vector<segment_row> by_segment(const Exec& exec, const evaluation<Protocol, Split, Role>& result,
                                    const std::vector<metric>& metrics, const data::segments& groups,
                                    const bootstrap_options& options = {}) {
  std::vector<std::span<const double>> values;
  for (const metric which : metrics) values.push_back(result.per_user(which));
  return mean_by_segment(exec, result.users(), values, groups, options);
}

}  // namespace eval
}  // namespace mmrec::inline v0
