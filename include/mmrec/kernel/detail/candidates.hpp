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

/// The best of the items that come by in increasing order, excluded ones left out, and the filter in front of them.
class candidates {
 public:
  /// Keeps storage.size() >= 1 items.
  candidates(std::span<scored_item> storage, std::span<const item_id> excluded) : best_(storage), excluded_(excluded) {}

  /// Only scores >= this can still be listed, and NaN is not. At first all numbers can; once the list is full only those
  /// above its worst, because a later item loses a tie.
  float admission() const { return admission_; }

  void offer(item_id item, float score) {
    if (std::binary_search(excluded_.begin(), excluded_.end(), item)) return;
    best_.offer(item, score);
    if (best_.full()) admission_ = next_up(best_.worst().score);
  }

  /// Puts the list in its final order and returns its length.
  std::size_t finish() { return best_.finish(); }

 private:
  float admission_ = -std::numeric_limits<float>::infinity();
  top_k_collector best_;
  std::span<const item_id> excluded_;
};

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
