// mmrec/kernel/rank_counts.hpp - how many scores lie below a given one.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {

/// Where a score stands among others.
struct rank_counts {
  std::size_t below = 0;  ///< scores < pivot
  std::size_t equal = 0;  ///< scores == pivot
  friend bool operator==(const rank_counts&, const rank_counts&) = default;
};

namespace detail {

inline rank_counts count_ranks_portable(std::span<const float> scores, float pivot) {
  rank_counts counts;
  for (const float score : scores) {
    counts.below += static_cast<std::size_t>(score < pivot);
    counts.equal += static_cast<std::size_t>(score == pivot);
  }
  return counts;
}

#if MMREC_X86
__attribute__((target("avx2,popcnt"))) inline rank_counts count_ranks_avx2(std::span<const float> scores, float pivot) {
  const __m256 limit = _mm256_set1_ps(pivot);
  rank_counts counts;
  std::size_t at = 0;
  for (; at + 16 <= scores.size(); at += 16) {
    const __m256 low = _mm256_loadu_ps(scores.data() + at);
    const __m256 high = _mm256_loadu_ps(scores.data() + at + 8);
    const int below = _mm256_movemask_ps(_mm256_cmp_ps(low, limit, _CMP_LT_OQ)) |
                      (_mm256_movemask_ps(_mm256_cmp_ps(high, limit, _CMP_LT_OQ)) << 8);
    const int equal = _mm256_movemask_ps(_mm256_cmp_ps(low, limit, _CMP_EQ_OQ)) |
                      (_mm256_movemask_ps(_mm256_cmp_ps(high, limit, _CMP_EQ_OQ)) << 8);
    counts.below += static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned>(below)));
    counts.equal += static_cast<std::size_t>(__builtin_popcount(static_cast<unsigned>(equal)));
  }
  const rank_counts rest = count_ranks_portable(scores.subspan(at), pivot);
  return {counts.below + rest.below, counts.equal + rest.equal};
}

__attribute__((target("avx512f,popcnt"))) inline rank_counts count_ranks_avx512(std::span<const float> scores, float pivot) {
  const __m512 limit = _mm512_set1_ps(pivot);
  rank_counts counts;
  std::size_t at = 0;
  for (; at + 32 <= scores.size(); at += 32) {
    const __m512 low = _mm512_loadu_ps(scores.data() + at);
    const __m512 high = _mm512_loadu_ps(scores.data() + at + 16);
    const unsigned below = static_cast<unsigned>(_mm512_cmp_ps_mask(low, limit, _CMP_LT_OQ)) |
                           (static_cast<unsigned>(_mm512_cmp_ps_mask(high, limit, _CMP_LT_OQ)) << 16);
    const unsigned equal = static_cast<unsigned>(_mm512_cmp_ps_mask(low, limit, _CMP_EQ_OQ)) |
                           (static_cast<unsigned>(_mm512_cmp_ps_mask(high, limit, _CMP_EQ_OQ)) << 16);
    counts.below += static_cast<std::size_t>(__builtin_popcount(below));
    counts.equal += static_cast<std::size_t>(__builtin_popcount(equal));
  }
  const rank_counts rest = count_ranks_portable(scores.subspan(at), pivot);
  return {counts.below + rest.below, counts.equal + rest.equal};
}
#endif

}  // namespace detail

/// Counts the scores below and equal to `pivot`; NaN among the scores is neither.
///
/// Cost       O(scores), at the speed of reading them
/// Result     exact, the same at every `level`, which exists for tests
/// Example    tests/kernel/rank_counts_test.cpp
inline rank_counts count_ranks(std::span<const float> scores, float pivot,
                               [[maybe_unused]] simd_level level = best_simd_level()) {
#if MMREC_X86
  if (level == simd_level::avx512) return detail::count_ranks_avx512(scores, pivot);
  if (level == simd_level::avx2) return detail::count_ranks_avx2(scores, pivot);
#endif
  return detail::count_ranks_portable(scores, pivot);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
