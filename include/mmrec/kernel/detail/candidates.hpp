// mmrec/kernel/detail/candidates.hpp - the best items of one query while a search goes over the items.
#pragma once
#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// The least float above x; +infinity for +infinity. As std::nextafter, without its call.
inline float next_up(float x) {
  if (x == std::numeric_limits<float>::infinity()) return x;
  if (x == 0.0f) return std::numeric_limits<float>::denorm_min();
  const auto bits = std::bit_cast<std::uint32_t>(x);
  return std::bit_cast<float>(x > 0.0f ? bits + 1 : bits - 1);
}

/// Collects candidates in a buffer of several times k entries and thins it to the best k whenever it is full: cheaper than
/// a heap, whose every insertion walks through mispredicted branches. Items have to come in increasing order.
class candidates {
 public:
  /// Needs buffer.size() > k >= 1.
  candidates(std::span<scored_item> buffer, std::size_t k, std::span<const item_id> excluded)
      : buffer_(buffer), k_(k), excluded_(excluded) {}

  /// Only scores >= this can still be listed; NaN is not. At first all numbers can; later only those above the k-th best,
  /// because a later item loses a tie.
  float admission() const { return admission_; }

  void push(item_id item, float score) {
    if (std::binary_search(excluded_.begin(), excluded_.end(), item)) return;
    buffer_[count_++] = {item, score};
    if (count_ == buffer_.size()) thin();
  }

  /// Writes the best, at most k, in their final order and returns their number.
  std::size_t finish(scored_item* out) {
    const auto begin = buffer_.begin();
    const std::size_t kept = std::min(k_, count_);
    std::partial_sort(begin, begin + static_cast<std::ptrdiff_t>(kept), begin + static_cast<std::ptrdiff_t>(count_),
                      listed_before{});
    std::copy_n(begin, kept, out);
    return kept;
  }

 private:
  void thin() {
    const auto last_kept = buffer_.begin() + static_cast<std::ptrdiff_t>(k_ - 1);
    std::nth_element(buffer_.begin(), last_kept, buffer_.end(), listed_before{});
    count_ = k_;
    admission_ = next_up(last_kept->score);
  }

  float admission_ = -std::numeric_limits<float>::infinity();
  std::size_t count_ = 0;
  std::span<scored_item> buffer_;
  std::size_t k_;
  std::span<const item_id> excluded_;
};

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
