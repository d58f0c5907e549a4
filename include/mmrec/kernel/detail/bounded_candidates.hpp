// mmrec/kernel/detail/bounded_candidates.hpp - items whose scores are known up to an error, while a search goes on.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <mmrec/core/config.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/candidates.hpp>
#include <mmrec/kernel/kth_largest.hpp>
#include <mmrec/kernel/listing_filter.hpp>
#include <mmrec/kernel/ordered_dot.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

/// As `candidates`, but a score lies between two bounds; both are the score where it is known. Whatever is dropped has k
/// items before it whose least scores are higher than its largest: it is not among the k best.
struct bounded_candidates {
  std::uint32_t* items = nullptr;
  float* lows = nullptr;
  float* highs = nullptr;
  std::size_t count = 0;
  std::size_t limit = 0;
  std::size_t checked = 0;
  float admission = -std::numeric_limits<float>::infinity();  ///< items whose largest score is below it are not collected
};

/// How many are collected before they are compared: more than of scores that are known, because two to three times k of
/// them cannot be told apart.
constexpr std::size_t bounded_limit(std::size_t k, std::size_t items) {
  const std::size_t wanted = k < 24 ? 96 : k <= 2048 ? 4 * k : 2 * k + 4096;
  return (std::min)(wanted, (std::max)(items, k));
}

/// How to compute the scores of items exactly.
struct exact_scores {
  const float* rows;
  std::size_t width;
  const float* query;
};

/// What the sums of a block of 64 items with a query say of its scores: (sum - offset) * scale, up to an error.
struct sum_meaning {
  std::int32_t offset;
  float scale;
  float error;
};

/// Appends sums in chosen lanes, one by one.
inline void append_sums_portable(bounded_candidates& found, std::size_t first_item, const std::int32_t* sums,
                                 std::uint64_t lanes, const sum_meaning& meaning) {
  constexpr float rounding = 1e-6f;
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(lanes));
    const float middle = static_cast<float>(sums[lane] - meaning.offset) * meaning.scale;
    const float error = meaning.error + (middle < 0.0f ? -middle : middle) * rounding;
    found.items[found.count] = static_cast<std::uint32_t>(first_item + lane);
    found.lows[found.count] = middle - error;
    found.highs[found.count] = middle + error;
    ++found.count;
  }
}

inline std::size_t keep_bounded_portable(bounded_candidates& found, float bound) {
  std::size_t kept = 0;
  for (std::size_t index = 0; index < found.count; ++index) {
    const float high = found.highs[index];
    found.items[kept] = found.items[index];
    found.lows[kept] = found.lows[index];
    found.highs[kept] = high;
    kept += static_cast<std::size_t>(high >= bound);
  }
  return kept;
}

#if MMREC_X86
/// The unmasked forms of some intrinsics begin with an undefined register, of which g++ 12 warns.
inline constexpr __mmask16 every_lane = 0xffff;

__attribute__((target("avx512f"))) inline void append_sums_avx512(bounded_candidates& found, std::size_t first_item,
                                                                  const std::int32_t* sums, std::uint64_t lanes,
                                                                  const sum_meaning& meaning) {
  // One by one, few lanes take one branch that is foretold wrongly, at the end; by registers they take several.
  if (std::popcount(lanes) <= 6) return append_sums_portable(found, first_item, sums, lanes, meaning);
  const __m512i offset = _mm512_set1_epi32(meaning.offset);
  const __m512 scale = _mm512_set1_ps(meaning.scale), error = _mm512_set1_ps(meaning.error);
  const __m512 rounding = _mm512_set1_ps(1e-6f);
  __m512i ids = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first_item)),
                                 _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  for (; lanes != 0; lanes >>= 16, sums += 16, ids = _mm512_add_epi32(ids, _mm512_set1_epi32(16))) {
    const auto mask = static_cast<__mmask16>(lanes);
    if (mask == 0) continue;
    const __m512 middle =
        _mm512_mul_ps(_mm512_maskz_cvtepi32_ps(every_lane, _mm512_sub_epi32(_mm512_loadu_si512(sums), offset)), scale);
    const __m512 spread = _mm512_fmadd_ps(_mm512_abs_ps(middle), rounding, error);
    _mm512_storeu_si512(found.items + found.count, _mm512_maskz_compress_epi32(mask, ids));
    _mm512_storeu_ps(found.lows + found.count, _mm512_maskz_compress_ps(mask, _mm512_sub_ps(middle, spread)));
    _mm512_storeu_ps(found.highs + found.count, _mm512_maskz_compress_ps(mask, _mm512_add_ps(middle, spread)));
    found.count += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(mask)));
  }
}

__attribute__((target("avx512f"))) inline std::size_t keep_bounded_avx512(bounded_candidates& found, float bound) {
  const __m512 limit = _mm512_set1_ps(bound);
  std::size_t kept = 0;
  for (std::size_t index = 0; index < found.count; index += 16) {
    const std::size_t left = found.count - index;
    const auto lanes = static_cast<__mmask16>(left >= 16 ? 0xffffU : (1U << left) - 1);
    const __m512 low = _mm512_loadu_ps(found.lows + index), high = _mm512_loadu_ps(found.highs + index);
    const __m512i ids = _mm512_loadu_si512(found.items + index);
    const __mmask16 stays = _mm512_mask_cmp_ps_mask(lanes, high, limit, _CMP_GE_OQ);
    _mm512_storeu_ps(found.lows + kept, _mm512_maskz_compress_ps(stays, low));
    _mm512_storeu_ps(found.highs + kept, _mm512_maskz_compress_ps(stays, high));
    _mm512_storeu_si512(found.items + kept, _mm512_maskz_compress_epi32(stays, ids));
    kept += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(stays)));
  }
  return kept;
}
#endif

/// Shows the new entries to the filter. A score that is adjusted keeps its bounds: adjusting does not change the order, and
/// rounding does not either.
template <listing_filter Filter>
void apply_filter(bounded_candidates& found, const Filter& filter) {
  if constexpr (!std::is_same_v<Filter, list_all>) {
    std::size_t kept = found.checked;
    for (std::size_t index = found.checked; index < found.count; ++index) {
      const item_id item{std::size_t{found.items[index]}};
      float low = found.lows[index], high = found.highs[index];
      if constexpr (Filter::adjusts) {
        low = filter.adjust(item, low);
        high = filter.adjust(item, high);
      }
      found.items[kept] = found.items[index];
      found.lows[kept] = low;
      found.highs[kept] = high;
      kept += static_cast<std::size_t>(filter.admits(item));
    }
    found.count = kept;
  }
  found.checked = found.count;
}

/// Drops what cannot reach `bound`.
inline void keep_bounded(bounded_candidates& found, float bound, [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) {
    found.count = keep_bounded_avx512(found, bound);
    return;
  }
#endif
  found.count = keep_bounded_portable(found, bound);
}

/// Computes the scores of the entries whose least score is `bound` or more, unless they are known: bounds are never equal.
template <listing_filter Filter>
void resolve(bounded_candidates& found, float bound, const Filter& filter, const exact_scores& exact, simd_level level) {
  constexpr std::size_t step = 128;
  std::uint32_t items[step], places[step];
  float scores[step];
  std::size_t asked = 0;
  const auto flush = [&] {
    ordered_dots(exact.rows, exact.width, {items, asked}, exact.query, scores, level);
    for (std::size_t index = 0; index < asked; ++index) {
      float score = scores[index];
      if constexpr (Filter::adjusts) score = filter.adjust(item_id{std::size_t{items[index]}}, score);
      found.lows[places[index]] = found.highs[places[index]] = score;
    }
    asked = 0;
  };
  for (std::size_t index = 0; index < found.count; ++index) {
    items[asked] = found.items[index];
    places[asked] = static_cast<std::uint32_t>(index);
    asked += static_cast<std::size_t>(found.lows[index] >= bound && found.lows[index] != found.highs[index]);
    if (asked == step) flush();
  }
  flush();
}

/// Keeps the k <= count best, in increasing order of items, at their scores. `bound`: what k least scores reach.
template <listing_filter Filter>
void keep_exact(bounded_candidates& found, std::size_t k, float bound, const Filter& filter, const exact_scores& exact,
                simd_level level) {
  // The scores of the k that promise most rule out many others, whose scores then need not be computed.
  resolve(found, bound, filter, exact, level);
  if (found.count > k) {
    keep_bounded(found, kth_largest({found.lows, found.count}, k, level), level);
    resolve(found, -std::numeric_limits<float>::infinity(), filter, exact, level);
    candidates known{found.items, found.lows, found.count, found.limit, found.count};
    keep_best(known, k, list_all{}, level);
    found.count = known.count;
  }
  found.checked = found.count;
  std::copy_n(found.lows, found.count, found.highs);
}

/// Keeps what can still be among the k best and raises the admission. Returns a score that k candidates reach, -infinity if
/// there are fewer.
template <listing_filter Filter>
float keep_best(bounded_candidates& found, std::size_t k, const Filter& filter, const exact_scores& exact,
                simd_level level) {
  apply_filter(found, filter);
  if (found.count < k) return -std::numeric_limits<float>::infinity();
  float bound = kth_largest({found.lows, found.count}, k, level);
  keep_bounded(found, bound, level);
  if (found.count > (found.limit + k) / 2) {  // the bounds are too wide to tell the candidates apart
    keep_exact(found, k, bound, filter, exact, level);
    bound = *std::min_element(found.lows, found.lows + found.count);
  }
  found.checked = found.count;
  // k items that came before have at least this score: a later one loses a tie.
  if constexpr (Filter::adjusts) {
    found.admission = (std::max)(found.admission, filter.least_score(next_up(bound)));
  } else {
    found.admission = next_up(bound);
  }
  return bound;
}

/// Puts the k best entries into the list. Returns the k-th best score, -infinity if there are fewer.
template <listing_filter Filter>
float finish(bounded_candidates& found, std::size_t k, const Filter& filter, const exact_scores& exact, scored_item* out,
             simd_level level) {
  const float bound = keep_best(found, k, filter, exact, level);
  keep_exact(found, k, bound, filter, exact, level);
  write_list(found.items, found.lows, found.count, out, level);
  if (found.count < k) return -std::numeric_limits<float>::infinity();
  return *std::min_element(found.lows, found.lows + found.count);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
