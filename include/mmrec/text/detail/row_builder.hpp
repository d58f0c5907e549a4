// mmrec/text/detail/row_builder.hpp - counts columns and gives them back in order.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace mmrec::inline v0 {
namespace text::detail {

/// Counts the columns of one document and lists them in increasing order without sorting: a bit for each column that
/// occurs, and a bit for each 64 of those. O(entries + D / 4096) a document; 4 bytes for each of the D columns.
class row_builder {
 public:
  /// Makes room for D columns; no allocation when there is enough.
  void prepare(std::size_t columns) {
    if (counts_.size() >= columns) return;
    counts_.assign(columns, 0);
    bits_.assign(columns / 64 + 1, 0);
    summary_.assign(columns / 4096 + 1, 0);
  }

  void add(std::uint32_t column, std::uint32_t count) {
    std::uint32_t& total = counts_[column];
    total += count;
    bits_[column / 64] |= std::uint64_t{1} << (column % 64);
    summary_[column / 4096] |= std::uint64_t{1} << (column / 64 % 64);
  }

  /// Calls take(column, count) for each column added, in increasing order, and forgets them.
  template <class Take>
  void drain(Take&& take) {
    for (std::size_t top = 0; top < summary_.size(); ++top) {
      for (std::uint64_t words = summary_[top]; words != 0; words &= words - 1) {
        const std::size_t word = top * 64 + static_cast<std::size_t>(std::countr_zero(words));
        for (std::uint64_t set = bits_[word]; set != 0; set &= set - 1) {
          const std::size_t column = word * 64 + static_cast<std::size_t>(std::countr_zero(set));
          take(static_cast<std::uint32_t>(column), counts_[column]);
          counts_[column] = 0;
        }
        bits_[word] = 0;
      }
      summary_[top] = 0;
    }
  }

 private:
  std::vector<std::uint32_t> counts_;
  std::vector<std::uint64_t> bits_;
  std::vector<std::uint64_t> summary_;
};

}  // namespace text::detail
}  // namespace mmrec::inline v0
