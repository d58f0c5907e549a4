// mmrec/kernel/detail/pack.hpp - copies of parts of a matrix in the order in which the product reads them.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/simd_vector.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

#if MMREC_X86
/// to[j * to_stride + i] = from[i * from_stride + j] for i and j below 8.
inline __attribute__((target("avx2,fma"))) void transpose_square(const float* from, std::size_t from_stride, float* to,
                                                                 std::size_t to_stride) {
  __m256 rows[8], pairs[8], quads[8];
#pragma GCC unroll 8
  for (std::size_t i = 0; i < 8; ++i) rows[i] = _mm256_loadu_ps(from + i * from_stride);
#pragma GCC unroll 4
  for (std::size_t i = 0; i < 8; i += 2) {
    pairs[i] = _mm256_unpacklo_ps(rows[i], rows[i + 1]);
    pairs[i + 1] = _mm256_unpackhi_ps(rows[i], rows[i + 1]);
  }
#pragma GCC unroll 2
  for (std::size_t i = 0; i < 8; i += 4) {
    quads[i] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0x44);
    quads[i + 1] = _mm256_shuffle_ps(pairs[i], pairs[i + 2], 0xee);
    quads[i + 2] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0x44);
    quads[i + 3] = _mm256_shuffle_ps(pairs[i + 1], pairs[i + 3], 0xee);
  }
#pragma GCC unroll 4
  for (std::size_t j = 0; j < 4; ++j) {
    _mm256_storeu_ps(to + j * to_stride, _mm256_permute2f128_ps(quads[j], quads[j + 4], 0x20));
    _mm256_storeu_ps(to + (j + 4) * to_stride, _mm256_permute2f128_ps(quads[j], quads[j + 4], 0x31));
  }
}
inline __attribute__((target("avx2,fma"))) void transpose_square(const double* from, std::size_t from_stride, double* to,
                                                                 std::size_t to_stride) {
#pragma GCC unroll 2
  for (std::size_t i = 0; i < 8; i += 4) {
#pragma GCC unroll 2
    for (std::size_t j = 0; j < 8; j += 4) {
      const double* source = from + i * from_stride + j;
      double* target = to + j * to_stride + i;
      const __m256d row0 = _mm256_loadu_pd(source), row1 = _mm256_loadu_pd(source + from_stride);
      const __m256d row2 = _mm256_loadu_pd(source + 2 * from_stride), row3 = _mm256_loadu_pd(source + 3 * from_stride);
      const __m256d low01 = _mm256_unpacklo_pd(row0, row1), high01 = _mm256_unpackhi_pd(row0, row1);
      const __m256d low23 = _mm256_unpacklo_pd(row2, row3), high23 = _mm256_unpackhi_pd(row2, row3);
      _mm256_storeu_pd(target, _mm256_permute2f128_pd(low01, low23, 0x20));
      _mm256_storeu_pd(target + to_stride, _mm256_permute2f128_pd(high01, high23, 0x20));
      _mm256_storeu_pd(target + 2 * to_stride, _mm256_permute2f128_pd(low01, low23, 0x31));
      _mm256_storeu_pd(target + 3 * to_stride, _mm256_permute2f128_pd(high01, high23, 0x31));
    }
  }
}
#endif

/// The part of an operand that a panel holds: `count` rows, `inner` columns; element (r, p) at
/// source[r * row_stride + p * column_stride], one of the strides being 1.
template <class T>
struct pack_task {
  const T* source;
  std::size_t row_stride;
  std::size_t column_stride;
  std::size_t count;
  std::size_t inner;
};

/// Copies it so that element (r, p) is at panel[p * height + r]; rows count .. height - 1 become zeros. Columns are packed
/// by passing the transpose.
template <class T>
void pack_panel(const pack_task<T>& task, std::size_t height, T* panel, simd_level level) {
  if (task.row_stride == 1) {
    for (std::size_t p = 0; p < task.inner; ++p) {
      T* padding = std::copy_n(task.source + p * task.column_stride, task.count, panel + p * height);
      std::fill_n(padding, height - task.count, T(0));
    }
    return;
  }
  constexpr std::size_t square = 8;
  const bool vectors = MMREC_X86 && level >= simd_level::avx2;
  for (std::size_t r = 0; r < height; r += square) {
    const std::size_t rows = r < task.count ? (std::min)(square, task.count - r) : 0;
    const T* source = task.source + r * task.row_stride;
    std::size_t p = 0;
#if MMREC_X86
    if (vectors && rows == square) {
      for (; p + square <= task.inner; p += square)
        transpose_square(source + p, task.row_stride, panel + p * height + r, height);
    }
#endif
    for (; p < task.inner; ++p) {
      for (std::size_t i = 0; i < rows; ++i) panel[p * height + r + i] = source[i * task.row_stride + p];
      std::fill_n(panel + p * height + r + rows, (std::min)(square, height - r) - rows, T(0));
    }
  }
  static_cast<void>(vectors);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
