// mmrec/kernel/detail/candidates.hpp - the best items of one query while a search goes over the items.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <type_traits>

#include <mmrec/core/config.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/kth_largest.hpp>
#include <mmrec/kernel/listing_filter.hpp>
#include <mmrec/kernel/topk.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel::detail {

/// The least float above x; +infinity for +infinity. As std::nextafter, without its call.
inline float next_up(float x) {
  if (x == std::numeric_limits<float>::infinity()) return x;
  if (x == 0.0f) return std::numeric_limits<float>::denorm_min();
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>(x > 0.0f ? bits + 1 : bits - 1);
}

/// Items that passed the tiles' test, in increasing order of items, and the score that the next ones have to reach. They are
/// collected without a look at them; once there are more than `limit`, the k best of them are kept and the test sharpened.
/// So nothing is sorted and no branch depends on the data while a search runs (a heap costs 5x as much for k = 100).
struct candidates {
  std::uint32_t* items = nullptr;
  float* scores = nullptr;
  std::size_t count = 0;
  std::size_t limit = 0;
  std::size_t checked = 0;                                    ///< so many have been shown to the filter
  float admission = -std::numeric_limits<float>::infinity();  ///< scores below it, and NaN, are not collected
};

/// Most entries that a step of a search appends, and a register that is stored whole.
inline constexpr std::size_t candidates_slack = 64 + 16;

/// How many candidates are collected before the k best are kept.
constexpr std::size_t candidates_limit(std::size_t k, std::size_t items) {
  const std::size_t wanted = k < 32 ? 64 : k <= 4096 ? 2 * k : k + 4096;
  return (std::min)(wanted, (std::max)(items, k));
}
/// Room for that many, a whole number of registers.
constexpr std::size_t candidates_room(std::size_t limit) { return (limit + candidates_slack + 15) / 16 * 16; }

inline void append_lanes_portable(candidates& found, std::size_t first_item, const float* scores, std::uint64_t lanes) {
  std::size_t count = found.count;
  for (; lanes != 0; lanes &= lanes - 1) {
    const auto lane = static_cast<std::size_t>(std::countr_zero(lanes));
    found.items[count] = static_cast<std::uint32_t>(first_item + lane);
    found.scores[count] = scores[lane];
    ++count;
  }
  found.count = count;
}

/// Keeps the entries that reach `bound`, and of those that equal it only the first `ties`, in their order.
inline std::size_t keep_portable(std::uint32_t* items, float* scores, std::size_t count, float bound, std::size_t ties) {
  std::size_t kept = 0;
  for (std::size_t index = 0; index < count; ++index) {
    const float score = scores[index];
    bool stays = score > bound;
    if (score == bound && ties > 0) {
      stays = true;
      --ties;
    }
    items[kept] = items[index];
    scores[kept] = score;
    kept += static_cast<std::size_t>(stays);
  }
  return kept;
}

#if MMREC_X86
__attribute__((target("avx512f"), noinline)) inline void append_lanes_avx512(candidates& found, std::size_t first_item,
                                                                             const float* scores, std::uint64_t lanes) {
  // One by one, few lanes take one branch that is foretold wrongly, at the end; by registers they take several.
  if (std::popcount(lanes) <= 6) return append_lanes_portable(found, first_item, scores, lanes);
  __m512i ids = _mm512_add_epi32(_mm512_set1_epi32(static_cast<int>(first_item)),
                                 _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15));
  for (; lanes != 0; lanes >>= 16, scores += 16, ids = _mm512_add_epi32(ids, _mm512_set1_epi32(16))) {
    const auto mask = static_cast<__mmask16>(lanes);
    _mm512_storeu_si512(found.items + found.count, _mm512_maskz_compress_epi32(mask, ids));
    _mm512_storeu_ps(found.scores + found.count, _mm512_maskz_compress_ps(mask, _mm512_loadu_ps(scores)));
    found.count += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(mask)));
  }
}

/// keep_portable for bounds that only as many entries reach as stay.
__attribute__((target("avx512f"))) inline std::size_t keep_all_avx512(std::uint32_t* items, float* scores, std::size_t count,
                                                                      float bound) {
  const __m512 limit = _mm512_set1_ps(bound);
  std::size_t kept = 0;
  for (std::size_t index = 0; index < count; index += 16) {
    const auto lanes = static_cast<__mmask16>(count - index >= 16 ? 0xffffU : (1U << (count - index)) - 1);
    const __m512 part = _mm512_loadu_ps(scores + index);
    const __m512i ids = _mm512_loadu_si512(items + index);
    const __mmask16 stays = _mm512_mask_cmp_ps_mask(lanes, part, limit, _CMP_GE_OQ);
    _mm512_storeu_ps(scores + kept, _mm512_maskz_compress_ps(stays, part));
    _mm512_storeu_si512(items + kept, _mm512_maskz_compress_epi32(stays, ids));
    kept += static_cast<std::size_t>(std::popcount(static_cast<unsigned>(stays)));
  }
  return kept;
}
#endif

inline void append_lanes(candidates& found, std::size_t first_item, const float* scores, std::uint64_t lanes,
                         [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return append_lanes_avx512(found, first_item, scores, lanes);
#endif
  append_lanes_portable(found, first_item, scores, lanes);
}

/// Shows the new entries to the filter, drops what it does not admit and gives the others the scores they are listed with.
template <listing_filter Filter>
void apply_filter(candidates& found, const Filter& filter) {
  if constexpr (!std::is_same_v<Filter, list_all>) {
    std::size_t kept = found.checked;
    for (std::size_t index = found.checked; index < found.count; ++index) {
      const item_id item{std::size_t{found.items[index]}};
      float score = found.scores[index];
      if constexpr (Filter::adjusts) score = filter.adjust(item, score);
      found.items[kept] = found.items[index];
      found.scores[kept] = score;
      kept += static_cast<std::size_t>(filter.admits(item));
    }
    found.count = kept;
  }
  found.checked = found.count;
}

/// Keeps the k >= 1 best of what was collected, still in increasing order of items, and raises the admission. Returns the
/// k-th best score, -infinity if there are fewer.
template <listing_filter Filter>
float keep_best(candidates& found, std::size_t k, const Filter& filter, simd_level level) {
  apply_filter(found, filter);
  if (found.count < k) return -std::numeric_limits<float>::infinity();
  const float bound = kth_largest({found.scores, found.count}, k, level);
  if (found.count > k) {
    const at_least reach = count_at_least({found.scores, found.count}, bound, level);
#if MMREC_X86
    if (reach.count == k && level == simd_level::avx512) {
      found.count = keep_all_avx512(found.items, found.scores, found.count, bound);
    } else
#endif
    {
      const bool endless = bound == std::numeric_limits<float>::infinity();
      const std::size_t above = endless ? 0 : count_at_least({found.scores, found.count}, next_up(bound), level).count;
      const std::size_t ties = k - above;
      found.count = keep_portable(found.items, found.scores, found.count, bound, ties);
    }
  }
  found.checked = found.count;
  // A later item loses a tie, so that it has to be above the worst kept score.
  if constexpr (Filter::adjusts) {
    found.admission = (std::max)(found.admission, filter.least_score(next_up(bound)));
  } else {
    found.admission = next_up(bound);
  }
  return bound;
}

/// The place of each entry in the order of lists: how many come before it. Quadratic, but without a branch, which makes it
/// the faster way up to about a thousand entries.
inline void ranks_portable(const float* scores, std::size_t count, std::uint32_t* ranks) {
  for (std::size_t index = 0; index < count; ++index) {
    std::uint32_t before = 0;
    const float score = scores[index];
    for (std::size_t other = 0; other < index; ++other) before += static_cast<std::uint32_t>(scores[other] >= score);
    for (std::size_t other = index + 1; other < count; ++other) before += static_cast<std::uint32_t>(scores[other] > score);
    ranks[index] = before;
  }
}
#if MMREC_X86
__attribute__((target("avx512f"))) inline void ranks_avx512(const float* scores, std::size_t count, std::uint32_t* ranks) {
  const __m512i one = _mm512_set1_epi32(1);
  for (std::size_t first = 0; first < count; first += 16) {
    const auto lanes = static_cast<__mmask16>(count - first >= 16 ? 0xffffU : (1U << (count - first)) - 1);
    const __m512 own = _mm512_maskz_loadu_ps(lanes, scores + first);
    __m512i before = _mm512_setzero_si512();
    for (std::size_t other = 0; other < first; ++other) {
      const __mmask16 ahead = _mm512_cmp_ps_mask(_mm512_set1_ps(scores[other]), own, _CMP_GE_OQ);
      before = _mm512_mask_add_epi32(before, ahead, before, one);
    }
    const std::size_t last = (std::min)(count, first + 16);
    for (std::size_t other = first; other < last; ++other) {
      // Of the entries with the same score in these lanes, only those after `other` have it before them.
      const auto after = static_cast<__mmask16>(0xfffeU << (other - first));
      const __m512 score = _mm512_set1_ps(scores[other]);
      const auto ahead = static_cast<__mmask16>(_mm512_cmp_ps_mask(score, own, _CMP_GT_OQ) |
                                                _mm512_mask_cmp_ps_mask(after, score, own, _CMP_EQ_OQ));
      before = _mm512_mask_add_epi32(before, ahead, before, one);
    }
    for (std::size_t other = last; other < count; ++other) {
      const __mmask16 ahead = _mm512_cmp_ps_mask(_mm512_set1_ps(scores[other]), own, _CMP_GT_OQ);
      before = _mm512_mask_add_epi32(before, ahead, before, one);
    }
    _mm512_mask_storeu_epi32(ranks + first, lanes, before);
  }
}
#endif

/// Writes entries that are in increasing order of items as a list, best first.
inline void write_list(const std::uint32_t* items, const float* scores, std::size_t count, scored_item* out,
                       [[maybe_unused]] simd_level level) {
  constexpr std::size_t most_ranked = 512;
#if MMREC_X86
  if (level == simd_level::avx512 && count <= most_ranked) {
    std::uint32_t ranks[most_ranked];
    ranks_avx512(scores, count, ranks);
    for (std::size_t index = 0; index < count; ++index) {
      out[ranks[index]] = {item_id{std::size_t{items[index]}}, scores[index]};
    }
    return;
  }
#endif
  if (count <= 32) {
    std::uint32_t ranks[32];
    ranks_portable(scores, count, ranks);
    for (std::size_t index = 0; index < count; ++index) {
      out[ranks[index]] = {item_id{std::size_t{items[index]}}, scores[index]};
    }
    return;
  }
  for (std::size_t index = 0; index < count; ++index) out[index] = {item_id{std::size_t{items[index]}}, scores[index]};
  std::sort(out, out + count, listed_before{});
}

/// Puts the k best entries into the list. Returns the k-th best score, -infinity if there are fewer.
template <listing_filter Filter>
float finish(candidates& found, std::size_t k, const Filter& filter, scored_item* out, simd_level level) {
  const float worst = keep_best(found, k, filter, level);
  write_list(found.items, found.scores, found.count, out, level);
  return worst;
}

// A search begins with a look at one part in `sample_stride` of the items: the score that a few of these reach is reached by
// more than k of all items, most probably. With it as the first admission, most candidates that would be replaced later are
// never collected. If it was too high after all, which the k-th best score tells, the search is made again without it.
inline constexpr std::size_t sample_stride = 16;

/// How many items of the sample have to reach it: the expected number of the k best, and 4 standard deviations.
inline std::size_t sample_rank(std::size_t k) {
  const double expected = static_cast<double>(k) / static_cast<double>(sample_stride);
  return static_cast<std::size_t>(expected + 4.0 * std::sqrt(expected)) + 2;
}
constexpr bool sample_pays(std::size_t k, std::size_t items) { return items >= 4096 && items / 64 >= k; }

/// Begins anew, with an admission that the listed score `floor` asks for.
template <class Candidates, class Filter>
void restart(Candidates& found, std::size_t limit, float floor, const Filter& filter) {
  found.count = found.checked = 0;
  found.limit = limit;
  found.admission = floor;
  if constexpr (Filter::adjusts) found.admission = filter.least_score(floor);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
