// mmrec/kernel/score_scan.hpp - finds the few products of two arrays that are large enough to look at.
#pragma once
#include <cstddef>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

inline std::size_t next_product_above_portable(const float* values, const float* scales, std::size_t begin, std::size_t end,
                                               float threshold) {
  constexpr std::size_t block = 16;
  for (; begin + block <= end; begin += block) {
    int any = 0;
    for (std::size_t lane = begin; lane < begin + block; ++lane) {
      any |= static_cast<int>(values[lane] * scales[lane] > threshold);
    }
    if (any != 0) break;
  }
  while (begin < end && !(values[begin] * scales[begin] > threshold)) ++begin;
  return begin;
}

#if MMREC_X86
__attribute__((target("avx2"))) inline std::size_t next_product_above_avx2(const float* values, const float* scales,
                                                                           std::size_t begin, std::size_t end,
                                                                           float threshold) {
  const __m256 limit = _mm256_set1_ps(threshold);
  for (; begin + 16 <= end; begin += 16) {
    const __m256 low = _mm256_mul_ps(_mm256_loadu_ps(values + begin), _mm256_loadu_ps(scales + begin));
    const __m256 high = _mm256_mul_ps(_mm256_loadu_ps(values + begin + 8), _mm256_loadu_ps(scales + begin + 8));
    const int above = _mm256_movemask_ps(_mm256_cmp_ps(low, limit, _CMP_GT_OQ)) |
                      (_mm256_movemask_ps(_mm256_cmp_ps(high, limit, _CMP_GT_OQ)) << 8);
    if (above != 0) return begin + static_cast<std::size_t>(__builtin_ctz(static_cast<unsigned>(above)));
  }
  while (begin < end && !(values[begin] * scales[begin] > threshold)) ++begin;
  return begin;
}

__attribute__((target("avx512f"))) inline std::size_t next_product_above_avx512(const float* values, const float* scales,
                                                                                std::size_t begin, std::size_t end,
                                                                                float threshold) {
  const __m512 limit = _mm512_set1_ps(threshold);
  for (; begin + 32 <= end; begin += 32) {
    const __m512 low = _mm512_mul_ps(_mm512_loadu_ps(values + begin), _mm512_loadu_ps(scales + begin));
    const __m512 high = _mm512_mul_ps(_mm512_loadu_ps(values + begin + 16), _mm512_loadu_ps(scales + begin + 16));
    const unsigned above_low = _mm512_cmp_ps_mask(low, limit, _CMP_GT_OQ);
    const unsigned above = above_low | (static_cast<unsigned>(_mm512_cmp_ps_mask(high, limit, _CMP_GT_OQ)) << 16);
    if (above != 0) return begin + static_cast<std::size_t>(__builtin_ctz(above));
  }
  while (begin < end && !(values[begin] * scales[begin] > threshold)) ++begin;
  return begin;
}
#endif

}  // namespace detail

/// The first position >= begin where values[p] * scales[p] is above the threshold, values.size() if there is none. With it,
/// a row of co-occurrence counts is searched for the largest similarities without computing them all.
///
/// Shapes     values, scales: the same length
/// Cost       the time to read both up to there
/// Result     the same at every `level`; a product that is NaN is never above
/// Example    tests/kernel/score_scan_test.cpp
inline std::size_t next_product_above(std::span<const float> values, std::span<const float> scales, std::size_t begin,
                                      float threshold, [[maybe_unused]] simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) {
    return detail::next_product_above_avx512(values.data(), scales.data(), begin, values.size(), threshold);
  }
  if (level == simd_level::avx2) {
    return detail::next_product_above_avx2(values.data(), scales.data(), begin, values.size(), threshold);
  }
#endif
  return detail::next_product_above_portable(values.data(), scales.data(), begin, values.size(), threshold);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
