// mmrec/kernel/detail/mirror.hpp - from one triangle of a symmetric matrix to the whole.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/executor.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Fills the part above the diagonal from the part below.
template <executor Exec, class T>
void mirror_lower(const Exec& exec, T* a, std::size_t n) {
  constexpr std::size_t square = 32;
  for_ranges(exec, n, 8 * square, [&](std::size_t begin, std::size_t end) {
    for (std::size_t top = begin; top < end; top += square) {
      for (std::size_t left = top; left < n; left += square) {
        for (std::size_t i = top; i < (std::min)(end, top + square); ++i) {
          for (std::size_t j = (std::max)(left, i + 1); j < (std::min)(n, left + square); ++j) a[i * n + j] = a[j * n + i];
        }
      }
    }
  });
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
