// mmrec/eval/beyond.hpp - what lists are like beyond their accuracy: popular, surprising, from the long tail, diverse.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/eval/judge.hpp>
#include <mmrec/eval/metric.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// Which items are the long tail: one flag for each. See tail_rule. O(I log I).
inline std::vector<std::uint8_t> long_tail_of(std::span<const std::uint32_t> train_counts, const long_tail& tail) {
  std::vector<std::uint32_t> order(train_counts.size());
  std::iota(order.begin(), order.end(), 0u);
  const auto total = std::accumulate(train_counts.begin(), train_counts.end(), std::uint64_t{0});
  if (tail.rule == tail_rule::interactions) {
    std::stable_sort(order.begin(), order.end(),
                     [&](std::uint32_t left, std::uint32_t right) { return train_counts[left] > train_counts[right]; });
    std::vector<std::uint8_t> flags(train_counts.size(), 1);
    double missing = (1.0 - tail.share) * static_cast<double>(total);
    for (const std::uint32_t item : order) {
      flags[item] = 0;
      missing -= static_cast<double>(train_counts[item]);
      if (missing <= 0.0) break;
    }
    return flags;
  }
  std::stable_sort(order.begin(), order.end(),
                   [&](std::uint32_t left, std::uint32_t right) { return train_counts[left] < train_counts[right]; });
  std::erase_if(order, [&](std::uint32_t item) { return train_counts[item] == 0; });
  const auto share = static_cast<std::size_t>(tail.share * static_cast<double>(order.size()));
  std::vector<std::uint8_t> flags(train_counts.size(), 0);
  for (std::size_t place = 0; place < (std::min)(order.size(), (std::max<std::size_t>)(share, 1)); ++place) {
    flags[order[place]] = 1;
  }
  return flags;
}

/// The values of one user's list at one cut-off that depend on how popular its items are; see `measure` for the formulas.
struct list_popularity {
  double popularity = 0.0;
  double novelty = 0.0;
  double efd = 0.0;
  double epc = 0.0;
  double tail_share = 0.0;
  double tail_count = 0.0;
  friend bool operator==(const list_popularity&, const list_popularity&) = default;
};

/// What training says of the popularity of each item.
///
/// Cost       O(I log I) once, 24 I bytes; O(k) for a list
/// Example    eval::item_popularity items(train.item_counts(), users_that_did_something, {});
class item_popularity {
 public:
  /// `users`: how many users have training interactions.
  item_popularity(std::vector<std::uint32_t> train_counts, std::size_t users, const long_tail& tail)
      : counts_(std::move(train_counts)),
        surprise_(counts_.size()),
        unknown_(counts_.size()),
        tail_(long_tail_of(counts_, tail)) {
    const auto total = static_cast<double>(std::accumulate(counts_.begin(), counts_.end(), std::uint64_t{0}));
    double largest = 0.0;
    for (std::size_t item = 0; item < counts_.size(); ++item) {
      const auto count = static_cast<double>(counts_[item]);
      unknown_[item] = users == 0 ? 1.0 : 1.0 - count / static_cast<double>(users);
      surprise_[item] = counts_[item] == 0 ? -1.0 : -std::log2(count / total);
      largest = (std::max)(largest, surprise_[item]);
    }
    std::replace(surprise_.begin(), surprise_.end(), -1.0, largest);
  }

  const std::vector<std::uint32_t>& counts() const { return counts_; }
  bool in_tail(item_id item) const { return tail_[item.index()] != 0; }
  /// -log2(n_j / N); the largest of them for an item without training interactions.
  double surprise(item_id item) const { return surprise_[item.index()]; }
  /// 1 - n_j / users.
  double unknown(item_id item) const { return unknown_[item.index()]; }

  /// Describes a list; `hits` as for judge_hits, as long as the list. All 0 for an empty one.
  list_popularity describe(std::span<const item_id> list, std::span<const std::uint8_t> hits,
                           const rank_weights& weights) const {
    list_popularity found;
    if (list.empty()) return found;
    std::uint64_t count = 0;
    std::size_t tail = 0;
    for (std::size_t place = 0; place < list.size(); ++place) {
      const std::size_t item = list[place].index();
      count += counts_[item];
      tail += tail_[item];
      found.novelty += surprise_[item];
      if (hits[place] == 0) continue;
      found.efd += weights.discount(place) * surprise_[item];
      found.epc += weights.discount(place) * unknown_[item];
    }
    const auto length = static_cast<double>(list.size());
    found.popularity = static_cast<double>(count) / length;
    found.novelty /= length;
    found.efd /= weights.discount_sum(list.size());
    found.epc /= weights.discount_sum(list.size());
    found.tail_share = static_cast<double>(tail) / length;
    found.tail_count = static_cast<double>(tail);
    return found;
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::vector<double> surprise_;
  std::vector<double> unknown_;
  std::vector<std::uint8_t> tail_;
};

/// How alike items are by the cosine of their vectors, for whole lists at once: the vectors are scaled to length 1, and the
/// cosines of all pairs add up to the product of two sums of vectors.
///
/// Cost       8 I D bytes; O(k D) for a list, O(|H| D) for a history
class item_likeness {
 public:
  /// Rows that are 0 or not finite are no vectors: they are like nothing.
  explicit item_likeness(const matrix<float>& vectors)
      : width_(static_cast<std::size_t>(vectors.cols())),
        items_(static_cast<std::size_t>(vectors.rows())),
        units_(items_ * width_, 0.0) {
    for (std::size_t item = 0; item < items_; ++item) {
      const float* row = vectors.data() + item * width_;
      double square = 0.0;
      for (std::size_t d = 0; d < width_; ++d) square += double{row[d]} * double{row[d]};
      if (!(square > 0.0) || !std::isfinite(square)) continue;
      const double length = std::sqrt(square);
      for (std::size_t d = 0; d < width_; ++d) units_[item * width_ + d] = double{row[d]} / length;
    }
  }

  std::size_t items() const { return items_; }
  std::size_t width() const { return width_; }

  /// Adds an item's vector of length 1 to `sum`, D long; nothing for an item without vector.
  void add_to(std::span<double> sum, item_id item) const {
    for (std::size_t d = 0; d < width_; ++d) sum[d] += units_[item.index() * width_ + d];
  }
  /// The inner product of an item's vector of length 1 and `sum`.
  double product(std::span<const double> sum, item_id item) const {
    double total = 0.0;
    for (std::size_t d = 0; d < width_; ++d) total += units_[item.index() * width_ + d] * sum[d];
    return total;
  }

  /// 1 - the mean cosine of two different items of a list; 0 for less than two items. `sum`: D numbers of scratch.
  double diversity(std::span<const item_id> list, std::span<double> sum) const {
    if (list.size() < 2) return 0.0;
    std::fill(sum.begin(), sum.end(), 0.0);
    double pairs = 0.0;
    for (const item_id item : list) {
      pairs += product(sum, item);
      add_to(sum, item);
    }
    const auto length = static_cast<double>(list.size());
    return 1.0 - pairs / (length * (length - 1.0) / 2.0);
  }

  /// Sum over the hits of 1 - the mean cosine to the history, divided by the length of the list; 0 for an empty list.
  /// `history`: the sum of the vectors of length 1 of `history_size` items.
  double serendipity(std::span<const item_id> list, std::span<const std::uint8_t> hits, std::span<const double> history,
                     std::size_t history_size) const {
    if (list.empty()) return 0.0;
    double total = 0.0;
    for (std::size_t place = 0; place < list.size(); ++place) {
      if (hits[place] == 0) continue;
      total += history_size == 0 ? 1.0 : 1.0 - product(history, list[place]) / static_cast<double>(history_size);
    }
    return total / static_cast<double>(list.size());
  }

 private:
  std::size_t width_;
  std::size_t items_;
  std::vector<double> units_;
};

}  // namespace eval
}  // namespace mmrec::inline v0
