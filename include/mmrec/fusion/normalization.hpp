// mmrec/fusion/normalization.hpp - scores of different recommenders on one scale.
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>

namespace mmrec::inline v0 {
namespace fusion {

/// How the scores of a branch are brought to a common scale, for each user anew, over the items that the branch judges.
/// Scores that are all equal say nothing and become 0 (except under `none`).
///
///   none     as they are
///   z_score  (score - mean) / standard deviation
///   min_max  (score - smallest) / (largest - smallest), in [0, 1]
///   rank     the share of the branch's other scores that are lower, in [0, 1]
///
/// Infinite scores take no part in mean, deviation, smallest and largest and stay infinite (a branch that vetoes an item
/// with -infinity still does); `rank` places them like any other.
enum class normalization { none, z_score, min_max, rank };

namespace detail {

/// normalised = (score - shift) * scale.
struct score_scale {
  double shift = 0.0;
  double scale = 1.0;
  double mean = 0.0;  ///< of the normalised finite scores

  double operator()(float score) const {
    return std::isinf(score) ? static_cast<double>(score) : (static_cast<double>(score) - shift) * scale;
  }
};

/// Sums term(score) over the finite scores in eight interleaved lanes, added in a fixed order.
template <class Term>
double sum_finite(std::span<const float> scores, Term&& term) {
  std::array<double, 8> lanes{};
  std::size_t index = 0;
  for (; index + lanes.size() <= scores.size(); index += lanes.size()) {
    for (std::size_t lane = 0; lane < lanes.size(); ++lane) {
      const float score = scores[index + lane];
      lanes[lane] += std::isfinite(score) ? term(static_cast<double>(score)) : 0.0;
    }
  }
  for (; index < scores.size(); ++index)
    lanes[0] += std::isfinite(scores[index]) ? term(static_cast<double>(scores[index])) : 0.0;
  return ((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7]));
}

/// The scale of one branch for one user; `rank` is not a scale and is treated where it is used. O(I), two passes.
inline score_scale scale_of(normalization how, std::span<const float> scores) {
  float smallest = std::numeric_limits<float>::infinity();
  float largest = -std::numeric_limits<float>::infinity();
  for (const float score : scores) {
    const bool finite = std::isfinite(score);
    smallest = finite && score < smallest ? score : smallest;
    largest = finite && score > largest ? score : largest;
  }
  if (smallest > largest) return {};
  const double count = sum_finite(scores, [](double) { return 1.0; });
  const double mean = sum_finite(scores, [](double score) { return score; }) / count;
  if (how == normalization::none) return {0.0, 1.0, mean};
  if (smallest == largest) return {0.0, 0.0, 0.0};
  if (how == normalization::min_max) {
    const double range = static_cast<double>(largest) - static_cast<double>(smallest);
    return {smallest, 1.0 / range, (mean - smallest) / range};
  }
  const double variance = sum_finite(scores, [mean](double score) { return (score - mean) * (score - mean); }) / count;
  return {mean, 1.0 / std::sqrt(variance), 0.0};
}

}  // namespace detail
}  // namespace fusion
}  // namespace mmrec::inline v0
