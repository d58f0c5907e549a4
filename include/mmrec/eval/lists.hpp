// mmrec/eval/lists.hpp - what many lists have in common: whom and what they cover.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// Counts how often each item is listed. See `measure` for the formulas.
///
/// Cost       O(list) for each list, O(I log I) for gini, O(I) for entropy; 4 I bytes
/// Example    eval::list_counts counts(competes); counts.add(list, 10); counts.item_coverage();
class list_counts {
 public:
  /// `competes`: 1 for each item that can be listed; the others do not count as uncovered.
  explicit list_counts(std::span<const std::uint8_t> competes) : counts_(competes.size(), 0) {
    for (const std::uint8_t flag : competes) candidates_ += flag;
  }

  /// One user's list, at most `k` long. Throws unknown_id.
  void add(std::span<const item_id> list, std::size_t k) {
    for (const item_id item : list) {
      if (item.index() >= counts_.size()) {
        throw unknown_id("eval::list_counts::add", "item", std::to_string(item.index()), counts_.size());
      }
      ++counts_[item.index()];
    }
    entries_ += list.size();
    ++lists_;
    if (list.size() >= k) ++full_lists_;
  }

  double item_coverage() const {
    if (candidates_ == 0) return 0.0;
    return static_cast<double>(listed_items()) / static_cast<double>(candidates_);
  }

  double user_coverage() const { return lists_ == 0 ? 0.0 : static_cast<double>(full_lists_) / static_cast<double>(lists_); }

  double gini() const {
    if (entries_ == 0) return 0.0;
    std::vector<std::uint32_t> sorted = counts_;
    std::sort(sorted.begin(), sorted.end());
    // Items that do not compete have count 0 and stand in front: they are left out by starting behind them.
    const std::size_t first = sorted.size() - candidates_;
    double sum = 0.0;
    for (std::size_t rank = 1; rank <= candidates_; ++rank) {
      const double weight = 2.0 * static_cast<double>(rank) - static_cast<double>(candidates_) - 1.0;
      sum += weight * sorted[first + rank - 1];
    }
    return sum / (static_cast<double>(candidates_) * static_cast<double>(entries_));
  }

  double entropy() const {
    double bits = 0.0;
    for (const std::uint32_t count : counts_) {
      if (count == 0) continue;
      const double share = static_cast<double>(count) / static_cast<double>(entries_);
      bits -= share * std::log2(share);
    }
    return bits;
  }

  /// How many different items are listed.
  std::size_t listed_items() const {
    return counts_.size() - static_cast<std::size_t>(std::count(counts_.begin(), counts_.end(), 0u));
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::size_t candidates_ = 0;
  std::size_t entries_ = 0;
  std::size_t lists_ = 0;
  std::size_t full_lists_ = 0;
};

}  // namespace eval
}  // namespace mmrec::inline v0
