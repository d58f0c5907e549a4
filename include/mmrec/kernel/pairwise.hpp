// mmrec/kernel/pairwise.hpp - the inner steps of pairwise ranking on rows of factors.
#pragma once
#include <cstddef>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/pairwise_lanes.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Triples (user, positive item, negative item) and the tables that they change: row r of a table is values[r * stride] ..
/// values[r * stride + width - 1]. `biases` has one number an item, or is null.
using bpr_job = detail::bpr_job;

/// K factors padded to whole vectors of every level: the width and stride of the tables, padding zero.
constexpr std::size_t pairwise_padded(std::size_t factors) { return (factors + 15) / 16 * 16; }

/// One step of stochastic gradient ascent on log sigmoid(x . (y_i - y_j) + b_i - b_j) - lambda / 2 (|x|^2 + |y_i|^2 +
/// |y_j|^2 + b_i^2 + b_j^2) for each triple, in their order. Tells for how many the margin was positive before the step.
///
/// Shapes     user_of, positives, negatives: count < 2^24    width: a multiple of 16
/// Cost       O(count width)
/// Result     depends on the arguments alone; levels differ by rounding
inline std::size_t bpr_steps(const bpr_job& job, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::level_avx512::bpr_steps<false>(job);
  if (level == simd_level::avx2) return detail::level_avx2::bpr_steps<false>(job);
#endif
  static_cast<void>(level);
  return detail::level_portable::bpr_steps<false>(job);
}

/// The same while other threads take steps on the same items (not the same users): a number may then be that of any of
/// them, and steps may be lost.
inline std::size_t bpr_steps_shared(const bpr_job& job, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::level_avx512::bpr_steps<true>(job);
  if (level == simd_level::avx2) return detail::level_avx2::bpr_steps<true>(job);
#endif
  static_cast<void>(level);
  return detail::level_portable::bpr_steps<true>(job);
}

/// The inner product of two rows of a padded width.
inline float dot_rows(const float* a, const float* b, std::size_t width, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::level_avx512::dot_rows(a, b, width);
  if (level == simd_level::avx2) return detail::level_avx2::dot_rows(a, b, width);
#endif
  static_cast<void>(level);
  return detail::level_portable::dot_rows(a, b, width);
}

/// Rows of a user, of an item of theirs and of one that is not, each with the sums of its squared gradients (which start
/// above zero), and their padded width.
using warp_rows = detail::warp_rows;

/// One step of AdaGrad that lowers weight (x . y_j - x . y_i) + regularization / 2 (|x|^2 + |y_i|^2 + |y_j|^2): each number
/// moves by rate / sqrt(sum of squares so far) times its gradient, which then enters its sum.
inline void warp_step(const warp_rows& rows, float weight, float rate, float regularization,
                      simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::level_avx512::warp_step(rows, weight, rate, regularization);
  if (level == simd_level::avx2) return detail::level_avx2::warp_step(rows, weight, rate, regularization);
#endif
  static_cast<void>(level);
  detail::level_portable::warp_step(rows, weight, rate, regularization);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
