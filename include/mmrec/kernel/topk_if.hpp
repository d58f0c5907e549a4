// mmrec/kernel/topk_if.hpp - the k best of an array of scores under a filter, exactly.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/candidates.hpp>
#include <mmrec/kernel/listing_filter.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

// Collect from position `begin` on until there are more candidates than the limit; return the position reached.

inline std::size_t collect_portable(candidates& found, const float* scores, std::size_t begin, std::size_t end) {
  constexpr std::size_t block = 16;
  while (begin < end && found.count <= found.limit) {
    const std::size_t lanes = (std::min)(block, end - begin);
    std::uint64_t above = 0;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      above |= static_cast<std::uint64_t>(scores[begin + lane] >= found.admission) << lane;
    }
    append_lanes_portable(found, begin, scores + begin, above);
    begin += lanes;
  }
  return begin;
}

#if MMREC_X86
__attribute__((target("avx2"))) inline std::size_t collect_avx2(candidates& found, const float* scores, std::size_t begin,
                                                                std::size_t end) {
  const __m256 admission = _mm256_set1_ps(found.admission);
  for (; begin + 32 <= end && found.count <= found.limit; begin += 32) {
    std::uint64_t above = 0;
    for (std::size_t part = 0; part < 4; ++part) {
      const __m256 reaches = _mm256_cmp_ps(_mm256_loadu_ps(scores + begin + 8 * part), admission, _CMP_GE_OQ);
      above |= static_cast<std::uint64_t>(static_cast<unsigned>(_mm256_movemask_ps(reaches))) << (8 * part);
    }
    if (above != 0) append_lanes_portable(found, begin, scores + begin, above);
  }
  return begin + 32 <= end ? begin : collect_portable(found, scores, begin, end);
}

__attribute__((target("avx512f"))) inline std::size_t collect_avx512(candidates& found, const float* scores,
                                                                     std::size_t begin, std::size_t end) {
  const __m512 admission = _mm512_set1_ps(found.admission);
  for (; begin + 64 <= end && found.count <= found.limit; begin += 64) {
    std::uint64_t above = 0;
    for (std::size_t part = 0; part < 4; ++part) {
      const unsigned reaches = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores + begin + 16 * part), admission, _CMP_GE_OQ);
      above |= std::uint64_t{reaches} << (16 * part);
    }
    if (above != 0) append_lanes_avx512(found, begin, scores + begin, above);
  }
  return begin + 64 <= end ? begin : collect_portable(found, scores, begin, end);
}
#endif

inline std::size_t collect(candidates& found, std::span<const float> scores, std::size_t begin,
                           [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return collect_avx512(found, scores.data(), begin, scores.size());
  if (level == simd_level::avx2) return collect_avx2(found, scores.data(), begin, scores.size());
#endif
  return collect_portable(found, scores.data(), begin, scores.size());
}

}  // namespace detail

/// The memory of top_k_if, reused by the next call.
struct top_k_scratch {
  aligned_vector<std::uint32_t> items;
  aligned_vector<float> scores;
};

/// The k best of an array of scores, position = item id, among those that a filter admits, at the scores it gives them.
///
/// Shapes     scores: I      out: room for min(k, I) entries
/// Cost       O(I), and the filter's time for the items whose score is high enough for the list so far: about
///            4 k ln(I / k) of them for scores in random order, more where the filter admits few. No allocation once the
///            scratch has served a call of this size.
/// Result     exact, in the order of listed_before; min(k, items that are admitted and whose score is not NaN) entries, the
///            same at every `level`
/// Throws     shape_error if `out` is too small
/// Example    tests/kernel/topk_if_test.cpp
template <listing_filter Filter>
std::size_t top_k_if(std::span<const float> scores, std::size_t k, const Filter& filter, std::span<scored_item> out,
                     top_k_scratch& scratch, simd_level level = best_simd_level()) {
  const std::size_t wanted = (std::min)(k, scores.size());
  if (out.size() < wanted) throw shape_error("kernel::top_k_if", "entries of out", wanted, out.size());
  if (wanted == 0) return 0;
  const std::size_t limit = detail::candidates_limit(wanted, scores.size());
  scratch.items.resize(detail::candidates_room(limit));
  scratch.scores.resize(scratch.items.size());
  detail::candidates found;
  found.items = scratch.items.data();
  found.scores = scratch.scores.data();
  found.limit = limit;
  for (std::size_t item = 0; (item = detail::collect(found, scores, item, level)) < scores.size();) {
    detail::keep_best(found, wanted, filter, level);
  }
  detail::finish(found, wanted, filter, out.data(), level);
  return found.count;
}

}  // namespace kernel
}  // namespace mmrec::inline v0
