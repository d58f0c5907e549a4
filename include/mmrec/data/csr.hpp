// mmrec/data/csr.hpp - sparse matrices in compressed rows.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {

/// One sparse row: column indices in increasing order, and their values.
template <class T>
struct sparse_row_view {
  std::span<const std::int32_t> indices;
  std::span<const T> values;
};

/// An owned sparse row that keeps its memory between uses.
template <class T>
struct sparse_row {
  std::vector<std::int32_t> indices;
  std::vector<T> values;

  void clear() {
    indices.clear();
    values.clear();
  }
  sparse_row_view<T> view() const { return {indices, values}; }
};

/// Compressed sparse rows, N x D: row r holds entries starts[r] .. starts[r + 1] - 1, columns increasing.
template <class T>
class csr_matrix {
 public:
  csr_matrix() : starts_(1, 0) {}
  /// No rows yet, `columns` columns.
  explicit csr_matrix(std::size_t columns) : columns_(columns), starts_(1, 0) {}
  /// Takes the three arrays after checking that they fit together. Throws shape_error or data_error. O(entries).
  csr_matrix(std::size_t columns, std::vector<std::int64_t> starts, std::vector<std::int32_t> indices, std::vector<T> values)
      : columns_(columns), starts_(std::move(starts)), indices_(std::move(indices)), values_(std::move(values)) {
    constexpr std::string_view function = "csr_matrix";
    if (starts_.empty() || starts_.front() != 0) throw data_error(function, "row starts must begin with 0");
    require_size(function, "entries", indices_.size(), values_.size());
    require_size(function, "last row start", indices_.size(), static_cast<std::size_t>(starts_.back()));
    for (std::size_t row = 0; row + 1 < starts_.size(); ++row) {
      if (starts_[row] > starts_[row + 1] || starts_[row + 1] > starts_.back()) {
        throw data_error(function, "row starts must not decrease");
      }
      for (std::int64_t entry = starts_[row]; entry < starts_[row + 1]; ++entry) {
        const std::int32_t column = indices_[static_cast<std::size_t>(entry)];
        const bool ordered = entry == starts_[row] || indices_[static_cast<std::size_t>(entry - 1)] < column;
        if (column < 0 || static_cast<std::size_t>(column) >= columns_ || !ordered) {
          throw data_error(function, "column indices must increase within a row and stay below the number of columns");
        }
      }
    }
  }

  std::size_t rows() const { return starts_.size() - 1; }
  std::size_t cols() const { return columns_; }
  std::size_t entries() const { return indices_.size(); }
  std::span<const std::int64_t> starts() const { return starts_; }
  std::span<const std::int32_t> indices() const { return indices_; }
  std::span<const T> values() const { return values_; }
  std::span<T> values() { return values_; }

  sparse_row_view<T> row(std::size_t index) const {
    const auto begin = static_cast<std::size_t>(starts_[index]);
    const auto count = static_cast<std::size_t>(starts_[index + 1]) - begin;
    return {std::span(indices_).subspan(begin, count), std::span(values_).subspan(begin, count)};
  }

  /// Appends one row; throws data_error unless its columns increase and stay below cols().
  void push_row(const sparse_row_view<T>& entries_of_row) {
    require_size("csr_matrix::push_row", "values", entries_of_row.indices.size(), entries_of_row.values.size());
    std::int64_t previous = -1;
    for (const std::int32_t column : entries_of_row.indices) {
      if (column <= previous || static_cast<std::size_t>(column) >= columns_) {
        throw data_error("csr_matrix::push_row", "column indices must increase and stay below the number of columns");
      }
      previous = column;
    }
    indices_.insert(indices_.end(), entries_of_row.indices.begin(), entries_of_row.indices.end());
    values_.insert(values_.end(), entries_of_row.values.begin(), entries_of_row.values.end());
    starts_.push_back(static_cast<std::int64_t>(indices_.size()));
  }

  /// The transposed matrix, O(entries + rows + columns).
  csr_matrix transposed() const {
    csr_matrix result;
    result.columns_ = rows();
    result.starts_.assign(columns_ + 1, 0);
    for (const std::int32_t column : indices_) ++result.starts_[static_cast<std::size_t>(column) + 1];
    for (std::size_t column = 0; column < columns_; ++column) result.starts_[column + 1] += result.starts_[column];
    result.indices_.resize(entries());
    result.values_.resize(entries());
    std::vector<std::int64_t> next(result.starts_.begin(), result.starts_.end() - 1);
    for (std::size_t row_index = 0; row_index < rows(); ++row_index) {
      const sparse_row_view<T> entries_of_row = row(row_index);
      for (std::size_t entry = 0; entry < entries_of_row.indices.size(); ++entry) {
        const auto target = static_cast<std::size_t>(next[static_cast<std::size_t>(entries_of_row.indices[entry])]++);
        result.indices_[target] = static_cast<std::int32_t>(row_index);
        result.values_[target] = entries_of_row.values[entry];
      }
    }
    return result;
  }

  friend bool operator==(const csr_matrix&, const csr_matrix&) = default;

 private:
  std::size_t columns_ = 0;
  std::vector<std::int64_t> starts_;
  std::vector<std::int32_t> indices_;
  std::vector<T> values_;
};

}  // namespace mmrec::inline v0
