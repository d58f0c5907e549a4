// mmrec/eval/log_loss.hpp - how well predicted probabilities fit what happened.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// The logarithmic loss of predicted probabilities p of outcomes y, 1 for what happened and 0 for what did not: the mean of
/// -y log p - (1 - y) log(1 - p), with p kept at least 1e-15 away from 0 and 1; 0 without outcomes. Equals RecBole's LogLoss.
///
/// Cost       O(n)
/// Throws     shape_error if the lengths differ; data_error for a probability outside [0, 1] or another outcome
/// Example    eval::log_loss(clicked_with, clicked)
inline double log_loss(std::span<const double> probabilities, std::span<const double> outcomes) {
  constexpr std::string_view function = "eval::log_loss";
  require_size(function, "outcomes", probabilities.size(), outcomes.size());
  double sum = 0.0;
  for (std::size_t index = 0; index < outcomes.size(); ++index) {
    if (!(probabilities[index] >= 0.0 && probabilities[index] <= 1.0)) {
      throw data_error(function, "probability " + std::to_string(index) + " lies outside [0, 1]");
    }
    if (outcomes[index] != 0.0 && outcomes[index] != 1.0) {
      throw data_error(function, "outcome " + std::to_string(index) + " is neither 0 nor 1");
    }
    const double p = std::clamp(probabilities[index], 1e-15, 1.0 - 1e-15);
    sum -= outcomes[index] == 1.0 ? std::log(p) : std::log(1.0 - p);
  }
  return outcomes.empty() ? 0.0 : sum / static_cast<double>(outcomes.size());
}

}  // namespace eval
}  // namespace mmrec::inline v0
