// mmrec/kernel/striped_transpose.hpp - the transpose of a sparse matrix, cut so that products with it stay in the caches.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/line_products.hpp>
#include <mmrec/kernel/spmm.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// The transposes of stripes of rows of a sparse A, N x D. The lines that the product with a stripe gathers fit in half a
/// second-level cache, where they were just computed.
///
/// Cost       O(entries + D) time; for each entry an index, a value and at most half a byte more
template <class T>
class striped_transpose {
 public:
  template <executor Exec>
  striped_transpose(const Exec& exec, const sparse_rows<T>& a, std::size_t columns) : rows_(a.rows()), columns_(columns) {
    const std::size_t entries = a.values.size();
    // A stripe costs a read and a write of each line of the product: entries enough for that in each.
    const std::size_t most = (std::max)(entries / (16 * (columns + 1)), std::size_t{1});
    const std::size_t count = std::clamp((rows_ + preferred_rows - 1) / preferred_rows, std::size_t{1}, most);
    stripe_rows_ = (std::max)((rows_ + count - 1) / count, std::size_t{1});
    starts_.assign(stripes() * (columns + 1), 0);
    indices_.resize(entries);
    values_.resize(entries);
    for_ranges(exec, stripes(), 1, [&](std::size_t stripe, std::size_t) { fill(a, stripe); });
  }

  /// How many stripes there are, and the rows of each.
  std::size_t stripes() const { return (rows_ + stripe_rows_ - 1) / stripe_rows_; }
  std::size_t first_row(std::size_t stripe) const { return stripe * stripe_rows_; }
  std::size_t end_row(std::size_t stripe) const { return (std::min)(rows_, (stripe + 1) * stripe_rows_); }
  /// A stripe's transpose, D x rows; row numbers count from its first.
  sparse_rows<T> of(std::size_t stripe) const {
    return {std::span(starts_).subspan(stripe * (columns_ + 1), columns_ + 1), indices_, values_};
  }

 private:
  static constexpr std::size_t preferred_rows = 8192;
  /// Columns filled at a time: the ends of so many stay in a second-level cache.
  static constexpr std::size_t column_group = 4096;

  void fill(const sparse_rows<T>& a, std::size_t stripe) {
    const std::size_t first = first_row(stripe), end = end_row(stripe);
    const std::int64_t begin = a.starts[first], stop = a.starts[end];
    const std::span<std::int64_t> starts = std::span(starts_).subspan(stripe * (columns_ + 1), columns_ + 1);
    for (std::int64_t e = begin; e < stop; ++e) {
      ++starts[static_cast<std::size_t>(a.indices[static_cast<std::size_t>(e)]) + 1];
    }
    starts[0] = begin;
    for (std::size_t column = 0; column < columns_; ++column) starts[column + 1] += starts[column];
    std::vector<std::int64_t> next(starts.begin(), starts.end() - 1);
    std::vector<std::int64_t> reached(a.starts.begin() + static_cast<std::ptrdiff_t>(first),
                                      a.starts.begin() + static_cast<std::ptrdiff_t>(end));
    for (std::size_t left = 0; left < columns_; left += column_group) {
      const auto limit = static_cast<std::int32_t>((std::min)(columns_, left + column_group) - 1);
      for (std::size_t row = first; row < end; ++row) {
        auto e = static_cast<std::size_t>(reached[row - first]);
        const auto last = static_cast<std::size_t>(a.starts[row + 1]);
        for (; e < last && a.indices[e] <= limit; ++e) {
          const auto target = static_cast<std::size_t>(next[static_cast<std::size_t>(a.indices[e])]++);
          indices_[target] = static_cast<std::int32_t>(row - first);
          values_[target] = a.values[e];
        }
        reached[row - first] = static_cast<std::int64_t>(e);
      }
    }
  }

  std::size_t rows_;
  std::size_t columns_;
  std::size_t stripe_rows_ = 1;
  std::vector<std::int64_t> starts_;
  std::vector<std::int32_t> indices_;
  std::vector<T> values_;
};

/// C = A^T A B for a sparse A, given with its transpose, and line matrices B and C.
///
/// Shapes     A: N x D; B, C: D x L; product: scratch for the lines of one stripe
/// Result     as sparse_times_lines, one stripe added after the other: same bits for any number of threads
template <executor Exec, class T>
void normal_times_lines(const Exec& exec, const sparse_rows<T>& a, const striped_transpose<T>& transpose, const T* b,
                        T* product, T* c, simd_level level = best_simd_level()) {
  for (std::size_t stripe = 0; stripe < transpose.stripes(); ++stripe) {
    const std::size_t first = transpose.first_row(stripe), rows = transpose.end_row(stripe) - first;
    const sparse_rows<T> part{a.starts.subspan(first, rows + 1), a.indices, a.values};
    sparse_times_lines<Exec, T>(exec, part, b, product, false, level);
    sparse_times_lines<Exec, T>(exec, transpose.of(stripe), product, c, stripe != 0, level);
  }
}

}  // namespace kernel
}  // namespace mmrec::inline v0
