// mmrec/kernel/topk.hpp - the k best of an array of scores, exactly.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#if MMREC_X86
#include <immintrin.h>
#endif

namespace mmrec::inline v0 {
namespace kernel {

/// The order of every list: the higher score first, equal scores by the lower item id. NaN has no place in it.
struct listed_before {
  template <class Entry>
  constexpr bool operator()(const Entry& left, const Entry& right) const {
    return left.score > right.score || (left.score == right.score && left.item < right.item);
  }
};

/// Keeps the best of the items it is offered, in the caller's memory, as a heap whose root is the worst one kept.
///
/// Cost       O(1) for an item that is not kept, O(log k) for one that is; finish O(k log k); no allocation
/// Result     does not depend on the order of the offers, as long as no item is offered twice
///
/// Entry is an aggregate of an item and a score: scored_item, or one with a more precise score.
template <class Entry>
class basic_top_k_collector {
 public:
  using score_type = decltype(Entry::score);

  /// Keeps at most storage.size() items.
  explicit basic_top_k_collector(std::span<Entry> storage) : storage_(storage) {}

  bool full() const { return count_ == storage_.size(); }
  /// The worst kept item; only when something is kept.
  const Entry& worst() const { return storage_.front(); }

  /// NaN is ignored.
  void offer(item_id item, score_type score) {
    const Entry candidate{item, score};
    if (score != score) return;
    if (!full()) {
      storage_[count_++] = candidate;
      if (full()) std::make_heap(storage_.begin(), storage_.end(), listed_before{});
    } else if (!storage_.empty() && listed_before{}(candidate, worst())) {
      replace_worst(candidate);
    }
  }

  /// Puts the kept items in their final order at the front of the storage and returns how many there are.
  std::size_t finish() {
    const auto last = storage_.begin() + static_cast<std::ptrdiff_t>(count_);
    std::sort(storage_.begin(), last, listed_before{});
    return count_;
  }

 private:
  // One walk down from the root instead of pop_heap + push_heap, which walk twice.
  void replace_worst(const Entry& candidate) {
    const std::size_t size = storage_.size();
    std::size_t hole = 0;
    while (true) {
      std::size_t child = 2 * hole + 1;
      if (child >= size) break;
      if (child + 1 < size && listed_before{}(storage_[child], storage_[child + 1])) ++child;
      if (!listed_before{}(candidate, storage_[child])) break;
      storage_[hole] = storage_[child];
      hole = child;
    }
    storage_[hole] = candidate;
  }

  std::span<Entry> storage_;
  std::size_t count_ = 0;
};
using top_k_collector = basic_top_k_collector<scored_item>;

namespace detail {

/// The first position >= begin whose score is above the threshold (NaN never is); scores.size() if there is none.
inline std::size_t next_above_portable(std::span<const float> scores, std::size_t begin, float threshold) {
  constexpr std::size_t block = 16;
  for (; begin + block <= scores.size(); begin += block) {
    int any = 0;
    for (std::size_t lane = 0; lane < block; ++lane) any |= static_cast<int>(scores[begin + lane] > threshold);
    if (any != 0) break;
  }
  while (begin < scores.size() && !(scores[begin] > threshold)) ++begin;
  return begin;
}

#if MMREC_X86
__attribute__((target("avx2"))) inline std::size_t next_above_avx2(std::span<const float> scores, std::size_t begin,
                                                                   float threshold) {
  const __m256 limit = _mm256_set1_ps(threshold);
  for (; begin + 32 <= scores.size(); begin += 32) {
    const float* block = scores.data() + begin;
    const __m256 above0 = _mm256_cmp_ps(_mm256_loadu_ps(block), limit, _CMP_GT_OQ);
    const __m256 above1 = _mm256_cmp_ps(_mm256_loadu_ps(block + 8), limit, _CMP_GT_OQ);
    const __m256 above2 = _mm256_cmp_ps(_mm256_loadu_ps(block + 16), limit, _CMP_GT_OQ);
    const __m256 above3 = _mm256_cmp_ps(_mm256_loadu_ps(block + 24), limit, _CMP_GT_OQ);
    if (_mm256_movemask_ps(_mm256_or_ps(_mm256_or_ps(above0, above1), _mm256_or_ps(above2, above3))) != 0) break;
  }
  while (begin < scores.size() && !(scores[begin] > threshold)) ++begin;
  return begin;
}

__attribute__((target("avx512f"))) inline std::size_t next_above_avx512(std::span<const float> scores, std::size_t begin,
                                                                        float threshold) {
  const __m512 limit = _mm512_set1_ps(threshold);
  for (; begin + 64 <= scores.size(); begin += 64) {
    const float* block = scores.data() + begin;
    const unsigned above0 = _mm512_cmp_ps_mask(_mm512_loadu_ps(block), limit, _CMP_GT_OQ);
    const unsigned above1 = _mm512_cmp_ps_mask(_mm512_loadu_ps(block + 16), limit, _CMP_GT_OQ);
    const unsigned above2 = _mm512_cmp_ps_mask(_mm512_loadu_ps(block + 32), limit, _CMP_GT_OQ);
    const unsigned above3 = _mm512_cmp_ps_mask(_mm512_loadu_ps(block + 48), limit, _CMP_GT_OQ);
    if ((above0 | above1 | above2 | above3) != 0) break;
  }
  for (; begin + 16 <= scores.size(); begin += 16) {
    const unsigned above = _mm512_cmp_ps_mask(_mm512_loadu_ps(scores.data() + begin), limit, _CMP_GT_OQ);
    if (above != 0) return begin + static_cast<std::size_t>(__builtin_ctz(above));
  }
  while (begin < scores.size() && !(scores[begin] > threshold)) ++begin;
  return begin;
}
#endif

inline std::size_t next_above(std::span<const float> scores, std::size_t begin, float threshold,
                              [[maybe_unused]] simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return next_above_avx512(scores, begin, threshold);
  if (level == simd_level::avx2) return next_above_avx2(scores, begin, threshold);
#endif
  return next_above_portable(scores, begin, threshold);
}

}  // namespace detail

/// The k best of an array of scores, position = item id, in the order of listed_before.
///
/// Shapes     scores: I      out: room for min(k, I) entries; it is all the memory used
/// Cost       O(I + h log k + k log k), h = how often a score beats the k best before it (about k ln(I / k) for scores in
///            random order); blocks without such a score are skipped at the speed of reading them
/// Result     exact; returns the number of entries written, min(k, scores that are not NaN). Infinities are values like any
///            other. The same at every `level`, which exists for tests.
/// Throws     shape_error if `out` is too small
/// Example    tests/kernel/topk_test.cpp
inline std::size_t top_k(std::span<const float> scores, std::size_t k, std::span<scored_item> out,
                         simd_level level = best_simd_level()) {
  const std::size_t wanted = (std::min)(k, scores.size());
  if (out.size() < wanted) throw shape_error("kernel::top_k", "entries of out", wanted, out.size());
  if (wanted == 0) return 0;
  top_k_collector best(out.first(wanted));
  std::size_t item = 0;
  for (; item < scores.size() && !best.full(); ++item) best.offer(item_id{item}, scores[item]);
  // Items come in increasing order, so one that only equals the worst kept score loses the tie: "above" is enough.
  while (best.full() && (item = detail::next_above(scores, item, best.worst().score, level)) < scores.size()) {
    best.offer(item_id{item}, scores[item]);
    ++item;
  }
  return best.finish();
}

}  // namespace kernel
}  // namespace mmrec::inline v0
