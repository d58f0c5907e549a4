// mmrec/kernel/als_refine.hpp - solvers of alternating least squares that start from the factors they have and better them.
#pragma once
#include <cstddef>

#include <mmrec/kernel/als.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/als_lanes.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// The equations of one user's or item's factors x, with the other side's Gram matrix G:
///   (G + sum over n of w_n y_n y_n^T + strength I) x = sum over n of (1 + w_n) y_n + strength mean      (y_n is row ids[n])
/// where rows of weight 0 count as absent.
using als_system = detail::als_system;

/// Most systems that one call of the functions below takes.
inline constexpr std::size_t als_systems = detail::als_batch;

/// out_s = x_s times a matrix, for als_systems row vectors, `width` apart.
///
/// Shapes     matrix: width x width, row-major, width a multiple of 16   x, out: als_systems * width, not overlapping
inline void als_multiply(const float* matrix, std::size_t width, const float* x, float* out,
                         simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::als_avx512::multiply_batch(matrix, width, x, out);
  if (level == simd_level::avx2) return detail::als_avx2::multiply_batch(matrix, width, x, out);
#endif
  static_cast<void>(level);
  detail::als_portable::multiply_batch(matrix, width, x, out);
}

/// Floats of scratch memory that als_conjugate_gradient needs.
constexpr std::size_t als_conjugate_gradient_scratch(std::size_t width) { return 3 * als_systems * width; }

/// Takes `steps` steps of the method of conjugate gradients from x on. False if a number was not finite; x means nothing then.
///
/// Shapes     rows.width: a multiple of 16, the width here   gram: width x width, stored whole   systems: count <= als_systems,
///            their means width floats   x: als_systems * width, zero for those beyond count; becomes the better solutions
///            scratch: als_conjugate_gradient_scratch(width)
/// Cost       (steps + 1) (4 width times the entries + 2 width^2) operations a system; no matrix is built
/// Result     the same bits in any company; levels differ by rounding. Systems whose residual is as small as rounding lets it
///            stop early
/// Reference  Takacs, Pilaszy, Tikk, "Applications of the conjugate gradient method for implicit feedback collaborative
///            filtering", RecSys 2011
inline bool als_conjugate_gradient(const als_rows& rows, const float* gram, const als_system* systems, std::size_t count,
                                   std::size_t steps, float* x, float* scratch, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) {
    return detail::als_avx512::conjugate_gradient(rows, gram, systems, count, steps, x, scratch);
  }
  if (level == simd_level::avx2) {
    return detail::als_avx2::conjugate_gradient(rows, gram, systems, count, steps, x, scratch);
  }
#endif
  static_cast<void>(level);
  return detail::als_portable::conjugate_gradient(rows, gram, systems, count, steps, x, scratch);
}

/// Floats of scratch memory that als_descend_blocks needs.
constexpr std::size_t als_descend_blocks_scratch(std::size_t block) {
  return als_systems * (block * block + 3 * block) + 2 * detail::als_panel_rows(block) * block;
}

/// Solves for `block` factors at a time, one block after the other, while all other factors stand: each block's solution is
/// exact. False if a block's matrix is not positive definite in float; x means nothing then.
///
/// Shapes     as above; block: a multiple of 16   scores[s]: room for the entries of system s
///            scratch: als_descend_blocks_scratch(block)
/// Cost       width (block + 6) operations an entry and width (2 width + block^2 / 3) a system, for all factors
/// Result     the same bits in any company; levels differ by rounding
/// Reference  Rendle, Krichene, Zhang, Koren, "iALS++: speeding up matrix factorization with subspace optimization", 2021
inline bool als_descend_blocks(const als_rows& rows, const float* gram, const als_system* systems, std::size_t count,
                               std::size_t block, float* x, float* const* scores, float* scratch,
                               simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) {
    return detail::als_avx512::descend_blocks(rows, gram, systems, count, block, x, scores, scratch);
  }
  if (level == simd_level::avx2) {
    return detail::als_avx2::descend_blocks(rows, gram, systems, count, block, x, scores, scratch);
  }
#endif
  static_cast<void>(level);
  return detail::als_portable::descend_blocks(rows, gram, systems, count, block, x, scores, scratch);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
