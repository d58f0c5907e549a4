// mmrec/kernel/rating_sgd.hpp - steps of stochastic gradient descent on factors and biases, one for each rating.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/rating_sgd_loops.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// A user, an item and the rating, less the mean of all ratings.
using rated_pair = detail::rated_pair;

/// What is learnt: row u of `users` and of `items` has `width` numbers from u * width on; all four arrays begin on a cache
/// line, and width is a multiple of rating_lanes. Rows are padded with zeros, which stay zero.
using rating_tables = detail::rating_tables;

/// How far a step goes. The user's factors may go `user_gain` times as far along the gradient (not along the decay).
using rating_steps = detail::rating_steps;

inline constexpr std::size_t rating_lanes = detail::rating_lanes;

/// K factors padded to whole registers.
constexpr std::size_t rating_padded(std::size_t factors) {
  return (factors + rating_lanes - 1) / rating_lanes * rating_lanes;
}

/// For one pair after another, with e = rating - b_u - b_i - p.q, all at once:
///   p = (1 - rate * decay) p + user_gain * rate * e * q       q = (1 - rate * decay) q + rate * e * p
///   b_u += bias_rate * (e - decay * b_u)                      b_i += bias_rate * (e - decay * b_i)
///
/// Cost       4 width multiply-adds and 16 width bytes read and written a pair
/// Result     depends on the arguments alone; levels differ by rounding
inline void rating_sgd(const rated_pair* pairs, std::size_t count, const rating_tables& tables, const rating_steps& steps,
                       simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::rating_sgd_avx512(pairs, count, tables, steps);
  if (level == simd_level::avx2) return detail::rating_sgd_avx2(pairs, count, tables, steps);
#endif
  static_cast<void>(level);
  detail::rating_sgd_portable(pairs, count, tables, steps);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
