// mmrec/nn/touched_rows.hpp - which rows of a table a batch has touched.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace mmrec::inline v0 {
namespace nn {

/// The set of rows of one sparse tensor whose gradients are not zero. No allocation once reserved.
class touched_rows {
 public:
  touched_rows() = default;
  touched_rows(std::size_t rows, std::size_t most) : seen_(rows, 0) { rows_.reserve((std::min)(rows, most)); }

  void add(std::size_t row) {
    if (seen_[row] != 0) return;
    seen_[row] = 1;
    rows_.push_back(static_cast<std::uint32_t>(row));
  }
  /// In increasing order, so that what is done row by row does not depend on the order of a batch.
  std::span<const std::uint32_t> sorted() {
    std::sort(rows_.begin(), rows_.end());
    return rows_;
  }
  std::span<const std::uint32_t> rows() const { return rows_; }
  void clear() {
    for (const std::uint32_t row : rows_) seen_[row] = 0;
    rows_.clear();
  }

 private:
  std::vector<std::uint32_t> rows_;
  std::vector<std::uint8_t> seen_;
};

}  // namespace nn
}  // namespace mmrec::inline v0
