// mmrec/kernel/als.hpp - the inner work of alternating least squares: normal equations of one user or item.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/als_lanes.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Factor rows to gather from: row r is values[r * stride] .. values[r * stride + width - 1].
using als_rows = detail::als_rows;

/// K factors padded to whole blocks: the side of the matrices below.
constexpr std::size_t als_padded(std::size_t factors) {
  return (factors + detail::als_block - 1) / detail::als_block * detail::als_block;
}

/// Floats of scratch memory that als_accumulate needs for matrices of this (padded) width.
constexpr std::size_t als_scratch_size(std::size_t width) {
  return detail::als_panel_rows(width) * width + detail::als_largest_panel;
}

/// Adds the part of some rows to a user's or item's normal equations:
///   matrix = from + sum over n of w_n y_n y_n^T        side += sum over n of (1 + w_n) y_n      (y_n is row ids[n])
///
/// Shapes     ids, weights: count (weights >= 0; a row of weight 0 counts as absent)   side: width, padded with zeros
///            from, matrix: width x width, row-major; only blocks of 16 x 16 on and above the diagonal are read or written.
///            They may be the same. width = als_padded(rows.width)   scratch: als_scratch_size(width)
/// Cost       O(count width^2 / 2) multiply-adds, at the speed of the multipliers from a few dozen rows on
/// Result     depends on the arguments alone; levels differ by rounding
inline void als_accumulate(const als_rows& rows, const std::uint32_t* ids, const float* weights, std::size_t count,
                           const float* from, float* matrix, float* side, std::size_t width, float* scratch,
                           simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) {
    return detail::als_avx512::accumulate(rows, ids, weights, count, from, matrix, side, width, scratch);
  }
  if (level == simd_level::avx2) {
    return detail::als_avx2::accumulate(rows, ids, weights, count, from, matrix, side, width, scratch);
  }
#endif
  static_cast<void>(level);
  detail::als_portable::accumulate(rows, ids, weights, count, from, matrix, side, width, scratch);
}

/// matrix = sum over n of y_n y_n^T for rows first .. last - 1, in the blocks on and above the diagonal; padding is zero.
inline void als_gram(const als_rows& rows, std::size_t first, std::size_t last, float* matrix, std::size_t width,
                     float* scratch, simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::als_avx512::gram(rows, first, last, matrix, width, scratch);
  if (level == simd_level::avx2) return detail::als_avx2::gram(rows, first, last, matrix, width, scratch);
#endif
  static_cast<void>(level);
  detail::als_portable::gram(rows, first, last, matrix, width, scratch);
}

/// out[n] = inner product of row n and x, for count rows; x has rows.width values.
inline void als_scores(const als_rows& rows, std::size_t count, const float* x, float* out,
                       simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::als_avx512::dot_rows(rows, count, x, out);
  if (level == simd_level::avx2) return detail::als_avx2::dot_rows(rows, count, x, out);
#endif
  static_cast<void>(level);
  detail::als_portable::dot_rows(rows, count, x, out);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
