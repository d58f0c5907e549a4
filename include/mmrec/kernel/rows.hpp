// mmrec/kernel/rows.hpp - some columns of a matrix, copied.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/executor.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Copies `width` numbers of each row, from rows that begin from_stride apart to rows that begin to_stride apart.
template <executor Exec, class T>
void copy_columns(const Exec& exec, std::size_t rows, std::size_t width, const T* from, std::size_t from_stride, T* to,
                  std::size_t to_stride) {
  const std::size_t grain = 1 + 32768 / (std::max)(std::size_t{1}, width);
  for_ranges(exec, rows, grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) std::copy_n(from + row * from_stride, width, to + row * to_stride);
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
