// mmrec/eval/bootstrap.hpp - how sure a mean over users is, and a difference between two models.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/eval/evaluation.hpp>
#include <mmrec/eval/metric.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// How to resample users.
struct bootstrap_options {
  std::size_t resamples = 2000;  ///< at least 1; the smallest p value is 1 / (resamples + 1)
  double confidence = 0.95;      ///< of the interval, between 0 and 1
  seed key = seed{42};
  friend bool operator==(const bootstrap_options&, const bootstrap_options&) = default;
};

/// A mean and where it may lie.
struct interval {
  double mean = 0.0;
  double low = 0.0;
  double high = 0.0;
  friend bool operator==(const interval&, const interval&) = default;
};

/// How much better the first model is than the second.
struct paired_difference {
  interval difference;   ///< mean of first - second over users
  double p_value = 1.0;  ///< two-sided: how likely a difference at least as large is if there is none
  friend bool operator==(const paired_difference&, const paired_difference&) = default;
};

namespace detail {

/// The value at a share of the way through sorted values, between neighbours linearly (NumPy's default quantile).
inline double quantile(std::span<const double> sorted, double share) {
  const double place = share * static_cast<double>(sorted.size() - 1);
  const auto below = (std::min)(static_cast<std::size_t>(place), sorted.size() - 1);
  const std::size_t above = (std::min)(below + 1, sorted.size() - 1);
  const double rest = place - static_cast<double>(below);
  return sorted[below] + rest * (sorted[above] - sorted[below]);
}

inline void require_finite(std::string_view function, std::string_view what, std::span<const double> values) {
  for (std::size_t index = 0; index < values.size(); ++index) {
    if (!std::isfinite(values[index])) {
      throw data_error(function, std::string(what) + ' ' + std::to_string(index) + " is not finite");
    }
  }
}

inline void require_options(std::string_view function, const bootstrap_options& options, std::size_t values) {
  require_config(options.resamples >= 1, function, "resamples", "must be at least 1");
  require_config(options.confidence > 0.0 && options.confidence < 1.0, function, "confidence", "must lie between 0 and 1");
  if (values == 0) throw data_error(function, "there are no users to resample");
  if (values > (std::numeric_limits<std::uint32_t>::max)()) {
    throw limit_error(function, "users", (std::numeric_limits<std::uint32_t>::max)(), values);
  }
}

inline double mean_of(std::span<const double> values) {
  return std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
}

/// The means of each resample over several columns of n values each, by column, then in the order of resamples: number r
/// draws from its own stream (key, r), once for all columns, and adds in the order of the draws.
template <executor Exec>
std::vector<std::vector<double>> resampled_means(const Exec& exec, std::span<const std::span<const double>> columns,
                                                 const bootstrap_options& options) {
  constexpr std::size_t chunk = 512;  // draws whose places are kept
  std::vector<std::vector<double>> means(columns.size(), std::vector<double>(options.resamples));
  if (columns.empty()) return means;
  const std::size_t users = columns.front().size();
  for_ranges(exec, options.resamples, 16, [&](std::size_t begin, std::size_t end) {
    std::array<std::uint32_t, chunk> places;
    std::vector<double> sums(columns.size());
    for (std::size_t resample = begin; resample < end; ++resample) {
      random_stream draws(options.key, resample);
      std::fill(sums.begin(), sums.end(), 0.0);
      for (std::size_t first = 0; first < users; first += chunk) {
        const std::span<std::uint32_t> drawn(places.data(), (std::min)(chunk, users - first));
        for (std::uint32_t& place : drawn) place = draws.below(static_cast<std::uint32_t>(users));
        for (std::size_t column = 0; column < columns.size(); ++column) {
          double sum = sums[column];
          for (const std::uint32_t place : drawn) sum += columns[column][place];
          sums[column] = sum;
        }
      }
      for (std::size_t column = 0; column < columns.size(); ++column) {
        means[column][resample] = sums[column] / static_cast<double>(users);
      }
    }
  });
  return means;
}

inline interval interval_of(std::vector<double> means, double mean, double confidence) {
  std::sort(means.begin(), means.end());
  const double tail = (1.0 - confidence) / 2.0;
  return {mean, quantile(means, tail), quantile(means, 1.0 - tail)};
}

/// Where a difference counts as far from 0 as the observed one: sums of values of that magnitude, equal but for the order in
/// which they were rounded, have to.
inline double distance_of(double observed, double magnitude) {
  return (std::max)(0.0, std::abs(observed) - 1e-12 * magnitude);
}

/// What the resampled differences of `users` users say about their mean.
inline paired_difference difference_of(std::vector<double> drawn, double observed, double magnitude, std::size_t users,
                                       const bootstrap_options& options) {
  const double distance = distance_of(observed, magnitude);
  const auto extreme =
      std::count_if(drawn.begin(), drawn.end(), [&](double value) { return std::abs(value - observed) >= distance; });
  const double p = (1.0 + static_cast<double>(extreme)) / (1.0 + static_cast<double>(options.resamples));
  // Resamples of a single user are all the same: they know no chance.
  return {interval_of(std::move(drawn), observed, options.confidence), users == 1 ? 1.0 : p};
}

/// Of the differences of each user.
inline paired_difference difference_of(std::vector<double> drawn, std::span<const double> differences,
                                       const bootstrap_options& options) {
  double magnitude = 0.0;
  for (const double difference : differences) magnitude += std::abs(difference);
  return difference_of(std::move(drawn), mean_of(differences), magnitude / static_cast<double>(differences.size()),
                       differences.size(), options);
}

inline std::vector<double> differences_of(std::span<const double> first, std::span<const double> second) {
  std::vector<double> differences(first.size());
  std::transform(first.begin(), first.end(), second.begin(), differences.begin(), [](double a, double b) { return a - b; });
  return differences;
}

/// Whether two sets of item vectors are the same, absent vectors included.
inline bool same_vectors(const std::shared_ptr<const matrix<float>>& first,
                         const std::shared_ptr<const matrix<float>>& second) {
  if (first == second) return true;
  if (first == nullptr || second == nullptr) return false;
  return first->rows() == second->rows() && first->cols() == second->cols() &&
         (first->size() == 0 ||
          std::memcmp(first->data(), second->data(), static_cast<std::size_t>(first->size()) * sizeof(float)) == 0);
}

}  // namespace detail

/// The mean of values with a percentile bootstrap interval.
///
/// Cost       O(resamples n) time, O(resamples) memory
/// Result     same bits for any number of threads
/// Throws     invalid_config; data_error without values or for one that is not finite
/// Reference  Efron, Tibshirani, An introduction to the bootstrap, 1993, ch. 13
template <executor Exec>
interval bootstrap_mean(const Exec& exec, std::span<const double> values, const bootstrap_options& options = {}) {
  detail::require_options("eval::bootstrap_mean", options, values.size());
  detail::require_finite("eval::bootstrap_mean", "value", values);
  auto means = detail::resampled_means(exec, std::span<const std::span<const double>>(&values, 1), options);
  return detail::interval_of(std::move(means.front()), detail::mean_of(values), options.confidence);
}

/// The mean of a measure over the judged users with a percentile bootstrap interval.
///
/// Throws     invalid_config for a measure that has no value for each user; unknown_id for one that was not measured
/// Example    const eval::interval ndcg = eval::bootstrap_mean(exec, result, "ndcg@10");
template <executor Exec, class Protocol, class Split, class Role>
interval bootstrap_mean(const Exec& exec, const evaluation<Protocol, Split, Role>& result, metric which,
                        const bootstrap_options& options = {}) {
  return bootstrap_mean(exec, result.per_user(which), options);
}

/// The mean of first[u] - second[u] with a percentile bootstrap interval and a p value.
///
/// Cost       O(resamples n) time, O(n + resamples) memory
/// Result     same bits for any number of threads. p = (1 + number of resamples whose mean is at least as far from the
///            observed mean as that is from 0) / (resamples + 1); 1 for a single user
/// Throws     shape_error if the lengths differ; invalid_config; data_error without values or for one that is not finite
/// Avoid when there are few users: their resamples spread too little, and p comes out too small; paired_permutation is exact
/// Reference  Efron, Tibshirani, An introduction to the bootstrap, 1993, ch. 16; Sakai, "Evaluating evaluation metrics based
///            on the bootstrap", SIGIR 2006
template <executor Exec>
paired_difference paired_bootstrap(const Exec& exec, std::span<const double> first, std::span<const double> second,
                                   const bootstrap_options& options = {}) {
  constexpr std::string_view function = "eval::paired_bootstrap";
  require_size(function, "values of the second model", first.size(), second.size());
  detail::require_options(function, options, first.size());
  detail::require_finite(function, "first model's value", first);
  detail::require_finite(function, "second model's value", second);
  const std::vector<double> differences = detail::differences_of(first, second);
  const std::span<const double> column(differences);
  auto means = detail::resampled_means(exec, std::span<const std::span<const double>>(&column, 1), options);
  return detail::difference_of(std::move(means.front()), differences, options);
}

/// Whether two evaluations judge the same thing, so that their numbers compare.
template <class First, class Second>
concept comparable_evaluations = std::same_as<typename First::protocol_type, typename Second::protocol_type> &&
    std::same_as<typename First::split_type, typename Second::split_type> &&
    std::same_as<typename First::role_type, typename Second::role_type>;

/// Throws data_error unless two evaluations of one type agree in all that is no part of it: the relevance, the negatives of a
/// sampled ranking, the settings of the split, the judged users. Cut-offs may differ.
template <class Evaluation>
void require_comparable(std::string_view function, const Evaluation& first, const Evaluation& second) {
  if (!(first.protocol().relevance == second.protocol().relevance)) {
    throw data_error(function, "the evaluations differ in what counts as relevant");
  }
  if constexpr (requires { first.protocol().negatives; }) {
    if (!(first.protocol().negatives == second.protocol().negatives)) {
      throw data_error(function, "the evaluations ranked among different negatives");
    }
  }
  if (!(first.split() == second.split())) throw data_error(function, "the evaluations come from different splits");
  if (!std::ranges::equal(first.users(), second.users())) {
    throw data_error(function, "the evaluations judged different users (" + std::to_string(first.users().size()) + " and " +
                                   std::to_string(second.users().size()) + ")");
  }
}

/// The same, and that both understand one measure alike: what the long tail is, what items are like.
template <class Evaluation>
void require_comparable(std::string_view function, const Evaluation& first, const Evaluation& second, metric which) {
  require_comparable(function, first, second);
  const metrics& left = first.protocol().metrics;
  const metrics& right = second.protocol().metrics;
  if (needs_long_tail(which.what) && !(left.tail == right.tail)) {
    throw data_error(function, "the evaluations differ in what they call the long tail");
  }
  if (needs_item_vectors(which.what) && !detail::same_vectors(left.item_vectors, right.item_vectors)) {
    throw data_error(function, "the evaluations differ in the vectors of the items");
  }
}

/// Compares two models user by user on a measure. Evaluations of different protocols, splits or parts do not compile.
///
/// Throws     data_error see require_comparable; otherwise as the functions above
/// Avoid when many models are compared with one: correct the p values for that (Holm)
/// Example    const auto gain = eval::paired_bootstrap(exec, with_text, without, "recall@20");
///            gain.difference.low > 0.0;
template <executor Exec, class P1, class S1, class R1, class P2, class S2, class R2>
paired_difference paired_bootstrap(const Exec& exec, const evaluation<P1, S1, R1>& first,
                                   const evaluation<P2, S2, R2>& second, metric which,
                                   const bootstrap_options& options = {}) {
  constexpr bool comparable = comparable_evaluations<evaluation<P1, S1, R1>, evaluation<P2, S2, R2>>;
  static_assert(comparable,
                "mmrec: these evaluations do not compare: they differ in protocol (candidates, mask), in the kind of split "
                "or in the part that was judged");
  if constexpr (comparable) {
    require_comparable("eval::paired_bootstrap", first, second, which);
    return paired_bootstrap(exec, first.per_user(which), second.per_user(which), options);
  } else {
    return {};
  }
}

}  // namespace eval
}  // namespace mmrec::inline v0
