// mmrec/cf/detail/item_factors.hpp - vectors of items whose inner product with a user's is the score.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/topk_dot.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// I x K vectors, kept twice: as rows, and packed for the products with all of them. NaN for items without one.
class item_factors {
 public:
  /// `known`: whether an item has a vector.
  item_factors(matrix<float> rows, std::vector<std::uint8_t> known) : rows_(std::move(rows)), known_(std::move(known)) {
    for (std::size_t item = 0; item < known_.size(); ++item) {
      if (known_[item] == 0) rows_.row(static_cast<Eigen::Index>(item)).setConstant(no_score);
    }
    packed_ = kernel::packed_items({rows_.data(), static_cast<std::size_t>(rows_.size())}, items(), width());
  }
  static std::uint64_t bytes(std::uint64_t items, std::uint64_t width) { return 8 * items * width + items; }

  std::size_t items() const { return known_.size(); }
  std::size_t width() const { return static_cast<std::size_t>(rows_.cols()); }
  bool has(item_id item) const { return known_[item.index()] != 0; }
  std::span<const float> row(item_id item) const { return row_of(rows_, static_cast<Eigen::Index>(item.value)); }
  const matrix<float>& rows() const { return rows_; }
  void dot_all(std::span<const float> user, std::span<float> out) const { packed_.score(user, out); }

 private:
  matrix<float> rows_;
  std::vector<std::uint8_t> known_;
  kernel::packed_items packed_;
};

/// Whether each item has interactions.
inline std::vector<std::uint8_t> items_with_interactions(const data::interactions& log) {
  std::vector<std::uint8_t> known(log.items(), 0);
  for (const item_id item : log.item_array()) known[item.index()] = 1;
  return known;
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
