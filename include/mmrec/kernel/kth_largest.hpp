// mmrec/kernel/kth_largest.hpp - the k-th largest of a short array, without a branch that depends on the values.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

// Unsigned integers in the order of the floats (-0 directly below +0); NaN has no place.
inline std::uint32_t ordered_bits(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000U;
}
inline float from_ordered_bits(std::uint32_t bits) {
  return std::bit_cast<float>((bits >> 31) != 0 ? bits & 0x7fffffffU : ~bits);
}

/// What one pass over the values finds for a bound: how many are >= it, and the least of those.
struct at_least {
  std::size_t count;
  float least;
};
struct extremes {
  float least;
  float largest;
};

inline extremes extremes_portable(const float* values, std::size_t count) {
  extremes found{values[0], values[0]};
  for (std::size_t index = 1; index < count; ++index) {
    found.least = (std::min)(found.least, values[index]);
    found.largest = (std::max)(found.largest, values[index]);
  }
  return found;
}
inline at_least at_least_portable(const float* values, std::size_t count, float bound) {
  at_least found{0, std::numeric_limits<float>::infinity()};
  for (std::size_t index = 0; index < count; ++index) {
    const bool reaches = values[index] >= bound;
    found.count += static_cast<std::size_t>(reaches);
    found.least = reaches ? (std::min)(found.least, values[index]) : found.least;
  }
  return found;
}

#if MMREC_X86
__attribute__((target("avx2"))) inline at_least at_least_avx2(const float* values, std::size_t count, float bound) {
  const __m256 limit = _mm256_set1_ps(bound), infinity = _mm256_set1_ps(std::numeric_limits<float>::infinity());
  __m256 least = infinity;
  __m256i above = _mm256_setzero_si256();
  std::size_t index = 0;
  for (; index + 8 <= count; index += 8) {
    const __m256 part = _mm256_loadu_ps(values + index);
    const __m256 reaches = _mm256_cmp_ps(part, limit, _CMP_GE_OQ);
    above = _mm256_sub_epi32(above, _mm256_castps_si256(reaches));
    least = _mm256_min_ps(least, _mm256_blendv_ps(infinity, part, reaches));
  }
  at_least found = at_least_portable(values + index, count - index, bound);
  alignas(32) float leasts[8];
  alignas(32) std::int32_t counts[8];
  _mm256_store_ps(leasts, least);
  _mm256_store_si256(reinterpret_cast<__m256i*>(counts), above);
  for (std::size_t lane = 0; lane < 8; ++lane) {
    found.count += static_cast<std::size_t>(counts[lane]);
    found.least = (std::min)(found.least, leasts[lane]);
  }
  return found;
}

__attribute__((target("avx512f"))) inline extremes extremes_avx512(const float* values, std::size_t count) {
  constexpr float infinity = std::numeric_limits<float>::infinity();
  __m512 least = _mm512_set1_ps(infinity), largest = _mm512_set1_ps(-infinity);
  for (std::size_t index = 0; index < count; index += 16) {
    const auto lanes = static_cast<__mmask16>(count - index >= 16 ? 0xffffU : (1U << (count - index)) - 1);
    const __m512 part = _mm512_maskz_loadu_ps(lanes, values + index);
    least = _mm512_mask_min_ps(least, lanes, least, part);
    largest = _mm512_mask_max_ps(largest, lanes, largest, part);
  }
  alignas(64) float leasts[16], largests[16];
  _mm512_store_ps(leasts, least);
  _mm512_store_ps(largests, largest);
  extremes found{leasts[0], largests[0]};
  for (std::size_t lane = 1; lane < 16; ++lane) {
    found.least = (std::min)(found.least, leasts[lane]);
    found.largest = (std::max)(found.largest, largests[lane]);
  }
  return found;
}

__attribute__((target("avx512f"))) inline at_least at_least_avx512(const float* values, std::size_t count, float bound) {
  const __m512 limit = _mm512_set1_ps(bound);
  const __m512i one = _mm512_set1_epi32(1);
  __m512 least = _mm512_set1_ps(std::numeric_limits<float>::infinity());
  __m512i above = _mm512_setzero_si512();
  for (std::size_t index = 0; index < count; index += 16) {
    const auto lanes = static_cast<__mmask16>(count - index >= 16 ? 0xffffU : (1U << (count - index)) - 1);
    const __m512 part = _mm512_maskz_loadu_ps(lanes, values + index);
    const __mmask16 reaches = _mm512_mask_cmp_ps_mask(lanes, part, limit, _CMP_GE_OQ);
    above = _mm512_mask_add_epi32(above, reaches, above, one);
    least = _mm512_mask_min_ps(least, reaches, least, part);
  }
  alignas(64) float leasts[16];
  alignas(64) std::int32_t counts[16];
  _mm512_store_ps(leasts, least);
  _mm512_store_si512(counts, above);
  at_least found{0, leasts[0]};
  for (std::size_t lane = 0; lane < 16; ++lane) {
    found.count += static_cast<std::size_t>(counts[lane]);
    found.least = (std::min)(found.least, leasts[lane]);
  }
  return found;
}
#endif

inline at_least count_at_least(std::span<const float> values, float bound, [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return at_least_avx512(values.data(), values.size(), bound);
  if (level == simd_level::avx2) return at_least_avx2(values.data(), values.size(), bound);
#endif
  return at_least_portable(values.data(), values.size(), bound);
}

}  // namespace detail

/// The k-th largest of the values, by bisection of the bits of the answer: each of at most 32 passes counts the values above
/// a bound. For the few hundred candidates of a search this takes a tenth of the time of std::nth_element, whose branches
/// cannot be foretold; it also leaves the values where they are.
///
/// Shapes     values: n >= 1 numbers, none of them NaN      k: 1..n
/// Cost       O(n log(1 / precision)): about log2(n) + 3 passes for values without many ties, 34 at most
/// Result     the value itself, the same at every `level`; of -0 and +0, which are equal, either
/// Example    tests/kernel/kth_largest_test.cpp
inline float kth_largest(std::span<const float> values, std::size_t k, simd_level level = best_simd_level()) {
  MMREC_ASSERT(k >= 1 && k <= values.size());
#if MMREC_X86
  const detail::extremes range = level == simd_level::avx512 ? detail::extremes_avx512(values.data(), values.size())
                                                             : detail::extremes_portable(values.data(), values.size());
#else
  const detail::extremes range = detail::extremes_portable(values.data(), values.size());
#endif
  // At least k values reach `low`, fewer than k reach what is above `high`.
  std::uint32_t low = detail::ordered_bits(range.least), high = detail::ordered_bits(range.largest);
  while (low < high) {
    const std::uint32_t middle = low + (high - low) / 2 + 1;
    const detail::at_least found = detail::count_at_least(values, detail::from_ordered_bits(middle), level);
    if (found.count == k) return found.least;
    if (found.count > k) {
      low = (std::max)(middle, detail::ordered_bits(found.least));
    } else {
      high = middle - 1;
    }
  }
  return detail::from_ordered_bits(low);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
