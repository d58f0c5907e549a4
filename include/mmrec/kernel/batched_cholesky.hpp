// mmrec/kernel/batched_cholesky.hpp - small symmetric positive definite systems, several at a time.
#pragma once
#include <cstddef>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/als_lanes.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Most systems that one call of solve_positive_definite takes.
inline constexpr std::size_t largest_cholesky_batch = detail::als_batch;

/// Solves A_s x_s = b_s by Cholesky factorisation, for s = 0 .. systems - 1. Returns false if a pivot of any of them is not
/// positive and finite; the solutions mean nothing then.
///
/// Shapes     matrices[s]: width x width, row-major, width a multiple of 16; only blocks of 16 x 16 on and above the
///            diagonal are read (diagonal blocks whole), all are overwritten. sides[s]: b_s, becomes x_s. scratch:
///            systems * width
/// Cost       width^3 / 3 + 2 width^2 operations a system. One system alone waits for its own pivots: give several
/// Result     each solution has the same bits in any company; levels differ by rounding
/// Avoid when a system has thousands of unknowns: the rows are walked without blocking for the cache
inline bool solve_positive_definite(float* const* matrices, float* const* sides, float* scratch, std::size_t width,
                                    std::size_t systems, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::als_avx512::solve(matrices, sides, scratch, width, systems);
  if (level == simd_level::avx2) return detail::als_avx2::solve(matrices, sides, scratch, width, systems);
#endif
  static_cast<void>(level);
  return detail::als_portable::solve(matrices, sides, scratch, width, systems);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
