// mmrec/eval/bootstrap.hpp - how sure a mean over users is, and a difference between two models.
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
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

/// The mean of each resample, in the order of resamples: number r draws from its own stream (key, r).
template <executor Exec>
std::vector<double> resampled_means(const Exec& exec, std::span<const double> values, const bootstrap_options& options) {
  std::vector<double> means(options.resamples);
  for_ranges(exec, options.resamples, 16, [&](std::size_t begin, std::size_t end) {
    for (std::size_t resample = begin; resample < end; ++resample) {
      random_stream draws(options.key, resample);
      double sum = 0.0;
      for (std::size_t draw = 0; draw < values.size(); ++draw) {
        sum += values[draws.below(static_cast<std::uint32_t>(values.size()))];
      }
      means[resample] = sum / static_cast<double>(values.size());
    }
  });
  return means;
}

inline interval interval_of(std::vector<double> means, double mean, double confidence) {
  std::sort(means.begin(), means.end());
  const double tail = (1.0 - confidence) / 2.0;
  return {mean, quantile(means, tail), quantile(means, 1.0 - tail)};
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
  return detail::interval_of(detail::resampled_means(exec, values, options), detail::mean_of(values), options.confidence);
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
///            observed mean as that is from 0) / (resamples + 1)
/// Throws     shape_error if the lengths differ; invalid_config; data_error without values or for one that is not finite
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
  std::vector<double> differences(first.size());
  std::transform(first.begin(), first.end(), second.begin(), differences.begin(), [](double a, double b) { return a - b; });
  const double mean = detail::mean_of(differences);
  const std::vector<double> means = detail::resampled_means(exec, differences, options);
  // Without the slack, rounding in the sums would decide about resamples that are exactly as far.
  const double distance = std::abs(mean) * (1.0 - 1e-12);
  const auto extreme =
      std::count_if(means.begin(), means.end(), [&](double resampled) { return std::abs(resampled - mean) >= distance; });
  return {detail::interval_of(means, mean, options.confidence),
          (1.0 + static_cast<double>(extreme)) / (1.0 + static_cast<double>(options.resamples))};
}

/// Whether two evaluations judge the same thing, so that their numbers compare.
template <class First, class Second>
concept comparable_evaluations = std::same_as<typename First::protocol_type, typename Second::protocol_type> &&
    std::same_as<typename First::split_type, typename Second::split_type> &&
    std::same_as<typename First::role_type, typename Second::role_type>;

/// Throws data_error unless two evaluations of one type agree in all that is no part of it: the relevance, the settings of
/// the split, the judged users. Cut-offs may differ.
template <class Evaluation>
void require_comparable(std::string_view function, const Evaluation& first, const Evaluation& second) {
  if (!(first.protocol().relevance == second.protocol().relevance)) {
    throw data_error(function, "the evaluations differ in what counts as relevant");
  }
  if (!(first.split() == second.split())) throw data_error(function, "the evaluations come from different splits");
  if (!std::ranges::equal(first.users(), second.users())) {
    throw data_error(function, "the evaluations judged different users (" + std::to_string(first.users().size()) + " and " +
                                   std::to_string(second.users().size()) + ")");
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
    require_comparable("eval::paired_bootstrap", first, second);
    return paired_bootstrap(exec, first.per_user(which), second.per_user(which), options);
  } else {
    return {};
  }
}

}  // namespace eval
}  // namespace mmrec::inline v0
