// mmrec/fusion/normalization.hpp - scores of different recommenders on one scale.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
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

  /// NaN stays NaN and infinities stay themselves, even where scale is 0 because all finite scores are equal.
  double operator()(float score) const {
    return std::isinf(score) ? static_cast<double>(score) : (static_cast<double>(score) - shift) * scale;
  }
};

inline constexpr std::size_t score_lanes = 8;

/// Count, sum and range of scores, in eight interleaved lanes that are added in a fixed order: compilers turn small loops
/// over local arrays into vector code, where one sum would bind them to one score after another.
struct score_moments {
  std::array<double, score_lanes> sums{};
  std::array<std::uint32_t, score_lanes> counts{};
  std::array<float, score_lanes> low;
  std::array<float, score_lanes> high;

  score_moments() {
    low.fill(std::numeric_limits<float>::infinity());
    high.fill(-std::numeric_limits<float>::infinity());
  }

  /// Takes eight scores; those that are not finite count for nothing.
  void add(const float* scores) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    float value[score_lanes], below[score_lanes], above[score_lanes];
    for (std::size_t lane = 0; lane < score_lanes; ++lane) {
      const bool finite = std::abs(scores[lane]) < infinity;
      value[lane] = finite ? scores[lane] : 0.0f;
      below[lane] = finite ? scores[lane] : infinity;
      above[lane] = finite ? scores[lane] : -infinity;
      counts[lane] += finite ? 1u : 0u;
    }
    for (std::size_t lane = 0; lane < score_lanes; ++lane) sums[lane] += static_cast<double>(value[lane]);
    for (std::size_t lane = 0; lane < score_lanes; ++lane) low[lane] = below[lane] < low[lane] ? below[lane] : low[lane];
    for (std::size_t lane = 0; lane < score_lanes; ++lane) high[lane] = above[lane] > high[lane] ? above[lane] : high[lane];
  }
};

/// Squared distances from the mean, in the same lanes.
struct score_squares {
  double mean;
  std::array<double, score_lanes> sums{};

  void add(const float* scores) {
    constexpr float infinity = std::numeric_limits<float>::infinity();
    for (std::size_t lane = 0; lane < score_lanes; ++lane) {
      const double away = std::abs(scores[lane]) < infinity ? static_cast<double>(scores[lane]) - mean : 0.0;
      sums[lane] += away * away;
    }
  }
};

/// Hands all scores to `sink`, a copy of which is returned: eight at a time, the last of them filled up with NaN.
template <class Sink>
Sink gather(std::span<const float> scores, Sink sink) {
  std::size_t index = 0;
  for (; index + score_lanes <= scores.size(); index += score_lanes) sink.add(scores.data() + index);
  if (index < scores.size()) {
    std::array<float, score_lanes> rest;
    rest.fill(std::numeric_limits<float>::quiet_NaN());
    std::copy(scores.begin() + static_cast<std::ptrdiff_t>(index), scores.end(), rest.begin());
    sink.add(rest.data());
  }
  return sink;
}

inline double total(const std::array<double, score_lanes>& x) {
  return ((x[0] + x[4]) + (x[1] + x[5])) + ((x[2] + x[6]) + (x[3] + x[7]));
}

/// The scale of one branch for one user; `rank` is not a scale and is treated where it is used. O(I), at most two passes.
inline score_scale scale_of(normalization how, std::span<const float> scores) {
  const score_moments moments = gather(scores, score_moments{});
  const auto count = static_cast<double>(std::accumulate(moments.counts.begin(), moments.counts.end(), std::uint64_t{0}));
  if (count == 0.0) return {};
  const double mean = total(moments.sums) / count;
  const double smallest = *std::min_element(moments.low.begin(), moments.low.end());
  const double largest = *std::max_element(moments.high.begin(), moments.high.end());
  if (how == normalization::none) return {0.0, 1.0, mean};
  if (smallest == largest) return {0.0, 0.0, 0.0};
  if (how == normalization::min_max) {
    const double range = largest - smallest;
    return {smallest, 1.0 / range, (mean - smallest) / range};
  }
  const double variance = total(gather(scores, score_squares{mean}).sums) / count;
  return {mean, 1.0 / std::sqrt(variance), 0.0};
}

}  // namespace detail
}  // namespace fusion
}  // namespace mmrec::inline v0
