// mmrec/eval/online/off_policy.hpp - what a new policy would earn, from what an old one was paid for.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace eval::online {

/// One logged recommendation.
struct logged_action {
  double reward = 0.0;               ///< what came of it: a click, a rating, money
  double logging_probability = 1.0;  ///< with which the old policy chose this action here, in (0, 1]
  double target_probability = 0.0;   ///< with which the new policy would have, in [0, 1]
  friend bool operator==(const logged_action&, const logged_action&) = default;
};

/// How the mean reward of the new policy is estimated from the weights w = target / logging probability.
enum class off_policy_estimator {
  /// Mean of w r: unbiased, but of large variance where w is large.
  ips,
  /// Sum of w r / sum of w: hardly biased, of smaller variance, and always within the range of the rewards.
  self_normalised,
  /// Mean of min(w, clip) r: biased downwards for rewards >= 0, of small variance.
  clipped,
};

/// How to estimate.
struct off_policy_options {
  off_policy_estimator estimator = off_policy_estimator::self_normalised;
  double clip = 10.0;        ///< > 0, largest weight of `clipped`
  double confidence = 0.95;  ///< of the interval, between 0 and 1
  friend bool operator==(const off_policy_options&, const off_policy_options&) = default;
};

/// The value of the new policy, and how far to trust it.
struct off_policy_estimate {
  double value = 0.0;
  double standard_error = 0.0;
  double low = 0.0;  ///< of the normal interval, value -+ z standard_error
  double high = 0.0;
  double effective_samples = 0.0;  ///< (sum of w)^2 / sum of w^2: so many logged actions the estimate really rests on
  double mean_weight = 0.0;        ///< near 1 if the logged probabilities are right (before clipping)
  friend bool operator==(const off_policy_estimate&, const off_policy_estimate&) = default;
};

namespace detail {
/// The z with P(|Z| <= z) = confidence, by bisection of the error function.
inline double normal_quantile(double confidence) {
  double low = 0.0, high = 40.0;
  for (int step = 0; step < 200; ++step) {
    const double middle = 0.5 * (low + high);
    (std::erf(middle / std::sqrt(2.0)) < confidence ? low : high) = middle;
  }
  return 0.5 * (low + high);
}
}  // namespace detail

/// Estimates the mean reward of a policy that was never deployed from the log of another one.
///
/// Cost       O(n)
/// Result     variance: of ips and clipped the sample variance of the terms / n; of self_normalised the delta method,
///            sum of w^2 (r - value)^2 / (sum of w)^2. The interval assumes many actions and no huge weight
/// Throws     invalid_config; data_error without actions, for a probability out of range, a reward that is not finite, and
///            for self_normalised if no logged action could be the new policy's; for a weight that is not finite
/// Avoid when the old policy never chose what the new one would: no estimator can know what that is worth
/// Example    eval::online::estimate_policy(log, {.estimator = eval::online::off_policy_estimator::ips}).value
/// Reference  Horvitz, Thompson, "A generalization of sampling without replacement from a finite universe", JASA 47, 1952;
///            Swaminathan, Joachims, "The self-normalized estimator for counterfactual learning", NIPS 2015; Bottou et al.,
///            "Counterfactual reasoning and learning systems", JMLR 14, 2013 (clipping)
inline off_policy_estimate estimate_policy(std::span<const logged_action> log, const off_policy_options& options = {}) {
  constexpr std::string_view function = "eval::online::estimate_policy";
  require_config(options.clip > 0.0, function, "clip", "must be positive");
  require_config(options.confidence > 0.0 && options.confidence < 1.0, function, "confidence", "must lie between 0 and 1");
  if (log.empty()) throw data_error(function, "there are no actions");
  const bool normalised = options.estimator == off_policy_estimator::self_normalised;
  const double limit =
      options.estimator == off_policy_estimator::clipped ? options.clip : std::numeric_limits<double>::infinity();
  double weights = 0.0, squared_weights = 0.0, raw_weights = 0.0, total = 0.0;
  for (std::size_t index = 0; index < log.size(); ++index) {
    const logged_action& one = log[index];
    const bool logged = one.logging_probability > 0.0 && one.logging_probability <= 1.0;
    const bool wanted = one.target_probability >= 0.0 && one.target_probability <= 1.0;
    if (!logged || !wanted || !std::isfinite(one.reward)) {
      throw data_error(function,
                       "action " + std::to_string(index) + " has a probability out of range or a reward that is not finite");
    }
    const double raw = one.target_probability / one.logging_probability;
    if (!std::isfinite(raw)) {
      throw data_error(
          function, "action " + std::to_string(index) + " has so small a logging probability that its weight is not finite");
    }
    const double weight = (std::min)(raw, limit);
    raw_weights += raw;
    weights += weight;
    squared_weights += weight * weight;
    total += weight * one.reward;
  }
  if (normalised && !(weights > 0.0)) throw data_error(function, "the new policy would have chosen none of the actions");
  const auto count = static_cast<double>(log.size());
  off_policy_estimate found;
  found.value = normalised ? total / weights : total / count;
  found.mean_weight = raw_weights / count;
  found.effective_samples = squared_weights > 0.0 ? weights * weights / squared_weights : 0.0;
  double squares = 0.0;
  for (const logged_action& one : log) {
    const double weight = (std::min)(one.target_probability / one.logging_probability, limit);
    const double distance = normalised ? weight * (one.reward - found.value) : weight * one.reward - found.value;
    squares += distance * distance;
  }
  if (normalised) {
    found.standard_error = std::sqrt(squares) / weights;
  } else if (log.size() > 1) {
    found.standard_error = std::sqrt(squares / (count - 1.0) / count);
  }
  const double reach = detail::normal_quantile(options.confidence) * found.standard_error;
  found.low = found.value - reach;
  found.high = found.value + reach;
  return found;
}

}  // namespace eval::online
}  // namespace mmrec::inline v0
