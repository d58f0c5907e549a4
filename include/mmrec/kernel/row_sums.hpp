// mmrec/kernel/row_sums.hpp - sums over one row of floats, in double.
#pragma once
#include <cstddef>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {

namespace detail {
#if MMREC_X86
__attribute__((target("avx512f"))) inline std::size_t add_row_avx512(double* sums, const float* row, const float* shift,
                                                                     std::size_t width) {
  std::size_t d = 0;
  for (; d + 8 <= width; d += 8) {
    const __m512d value = _mm512_maskz_cvtps_pd(0xff, _mm256_sub_ps(_mm256_loadu_ps(row + d), _mm256_loadu_ps(shift + d)));
    _mm512_storeu_pd(sums + d, _mm512_add_pd(_mm512_loadu_pd(sums + d), value));
  }
  return d;
}
__attribute__((target("avx512f"))) inline std::size_t move_row_avx512(double* to, double* from, const float* row,
                                                                      const float* shift, std::size_t width) {
  std::size_t d = 0;
  for (; d + 8 <= width; d += 8) {
    const __m512d value = _mm512_maskz_cvtps_pd(0xff, _mm256_sub_ps(_mm256_loadu_ps(row + d), _mm256_loadu_ps(shift + d)));
    _mm512_storeu_pd(to + d, _mm512_add_pd(_mm512_loadu_pd(to + d), value));
    _mm512_storeu_pd(from + d, _mm512_sub_pd(_mm512_loadu_pd(from + d), value));
  }
  return d;
}
__attribute__((target("avx512f"))) inline std::size_t squares_avx512(const float* row, const float* shift,
                                                                     const float* centre, std::size_t width, double* sums) {
  std::size_t d = 0;
  __m512d sum = _mm512_setzero_pd();
  for (; d + 8 <= width; d += 8) {
    __m512d value = _mm512_maskz_cvtps_pd(0xff, _mm256_sub_ps(_mm256_loadu_ps(row + d), _mm256_loadu_ps(shift + d)));
    if (centre != nullptr) value = _mm512_sub_pd(value, _mm512_maskz_cvtps_pd(0xff, _mm256_loadu_ps(centre + d)));
    sum = _mm512_add_pd(sum, _mm512_mul_pd(value, value));
  }
  _mm512_storeu_pd(sums, sum);
  return d;
}
#endif
}  // namespace detail

/// sums += row - shift. Shapes  D each. The difference is taken in float: same bits at every level.
inline void add_row(double* sums, const float* row, const float* shift, std::size_t width,
                    [[maybe_unused]] simd_level level = best_simd_level()) {
  std::size_t d = 0;
#if MMREC_X86
  if (level == simd_level::avx512) d = detail::add_row_avx512(sums, row, shift, width);
#endif
  for (; d < width; ++d) sums[d] += static_cast<double>(row[d] - shift[d]);
}

/// to += row - shift and from -= row - shift. Shapes  D each; to and from do not overlap.
inline void move_row(double* to, double* from, const float* row, const float* shift, std::size_t width,
                     [[maybe_unused]] simd_level level = best_simd_level()) {
  std::size_t d = 0;
#if MMREC_X86
  if (level == simd_level::avx512) d = detail::move_row_avx512(to, from, row, shift, width);
#endif
  for (; d < width; ++d) {
    const auto value = static_cast<double>(row[d] - shift[d]);
    to[d] += value;
    from[d] -= value;
  }
}

/// The sum of (row - shift - centre)^2 over the columns, in double; centre may be null for zeros.
/// Result     eight sums in turn, then added in pairs: same bits at every level
inline double squared_difference(const float* row, const float* shift, const float* centre, std::size_t width,
                                 [[maybe_unused]] simd_level level = best_simd_level()) {
  double sums[8] = {};
  std::size_t d = 0;
#if MMREC_X86
  if (level == simd_level::avx512) d = detail::squares_avx512(row, shift, centre, width, sums);
#endif
  for (; d < width; ++d) {
    const double value = static_cast<double>(row[d] - shift[d]) - (centre == nullptr ? 0.0 : static_cast<double>(centre[d]));
    sums[d % 8] += value * value;
  }
  return ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
}

}  // namespace kernel
}  // namespace mmrec::inline v0
