// mmrec/kernel/gram.hpp - column means and products of a tall matrix with itself.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/mirror.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/ordered_sum.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// A dense matrix seen by the kernels of this header: rows `stride` apart, minus `mean` in each row unless that is null.
template <class T>
struct centered_rows {
  const T* data = nullptr;
  std::size_t stride = 0;
  std::size_t rows = 0;
  std::size_t columns = 0;
  const double* mean = nullptr;

  /// Writes the rows first .. first + count - 1, columns left .. left + width - 1, to `out`, contiguous.
  void copy(std::size_t first, std::size_t count, std::size_t left, std::size_t width, T* out) const {
    for (std::size_t row = 0; row < count; ++row, out += width) {
      const T* from = data + (first + row) * stride + left;
      if (mean == nullptr) {
        std::copy_n(from, width, out);
      } else {
        for (std::size_t j = 0; j < width; ++j) out[j] = static_cast<T>(static_cast<double>(from[j]) - mean[left + j]);
      }
    }
  }
};

namespace detail {
/// Rows (or columns) whose products are summed in T before they are added to a double.
inline constexpr std::size_t gram_block = 1024;
}  // namespace detail

/// The mean of each column.
/// Shapes     x: N x D; mean: D
/// Result     summed in double, same bits for any number of threads; non-finite where the column has a non-finite value
template <executor Exec, class T>
void column_means(const Exec& exec, const centered_rows<T>& x, double* mean) {
  std::fill_n(mean, x.columns, 0.0);
  const std::size_t blocks = (x.rows + detail::gram_block - 1) / detail::gram_block;
  add_blocks<double>(exec, blocks, x.columns, mean, [&](const auto&, std::size_t block, double* sums) {
    std::fill_n(sums, x.columns, 0.0);
    const std::size_t end = (std::min)(x.rows, (block + 1) * detail::gram_block);
    for (std::size_t row = block * detail::gram_block; row < end; ++row) {
      const T* values = x.data + row * x.stride;
      for (std::size_t j = 0; j < x.columns; ++j) sums[j] += static_cast<double>(values[j]);
    }
  });
  for (std::size_t j = 0; j < x.columns; ++j) mean[j] /= static_cast<double>(x.rows);
}

/// The sum of the squares of all centred values, in double.
template <executor Exec, class T>
double sum_of_squares(const Exec& exec, const centered_rows<T>& x) {
  double total = 0.0;
  const std::size_t blocks = (x.rows + detail::gram_block - 1) / detail::gram_block;
  add_blocks<double>(exec, blocks, 1, &total, [&](const auto&, std::size_t block, double* sum) {
    const std::size_t end = (std::min)(x.rows, (block + 1) * detail::gram_block);
    double sums[8] = {};  // independent chains, for speed
    for (std::size_t row = block * detail::gram_block; row < end; ++row) {
      const T* values = x.data + row * x.stride;
      for (std::size_t j = 0; j < x.columns; ++j) {
        const double value = static_cast<double>(values[j]) - (x.mean == nullptr ? 0.0 : x.mean[j]);
        sums[j % 8] += value * value;
      }
    }
    *sum = ((sums[0] + sums[1]) + (sums[2] + sums[3])) + ((sums[4] + sums[5]) + (sums[6] + sums[7]));
  });
  return total;
}

/// X^T X of the centred rows.
///
/// Shapes     x: N x D; out: D x D, whole
/// Cost       N D^2 operations
/// Result     products are summed in T within blocks of 1024 rows and in double beyond: the error does not grow with N.
///            Same bits for any number of threads
template <executor Exec, class T>
void gram_of_columns(const Exec& exec, const centered_rows<T>& x, double* out, simd_level level = best_simd_level()) {
  const std::size_t size = x.columns * x.columns;
  const std::size_t blocks = (x.rows + detail::gram_block - 1) / detail::gram_block;
  std::fill_n(out, size, 0.0);
  add_blocks<T>(exec, blocks, size, out, [&](const auto& inner, std::size_t block, T* partial) {
    const std::size_t first = block * detail::gram_block, count = (std::min)(detail::gram_block, x.rows - first);
    aligned_buffer<T> rows(count * x.columns);
    x.copy(first, count, 0, x.columns, rows.data());
    gemm(inner,
         gemm_problem<T>{.rows = x.columns,
                         .columns = x.columns,
                         .inner = count,
                         .a = transposed<T>(rows.data(), x.columns),
                         .b = as_stored<T>(rows.data(), x.columns),
                         .c = partial,
                         .c_stride = x.columns,
                         .lower = true},
         level);
  });
  detail::mirror_lower(exec, out, x.columns);
}

/// X X^T of the centred rows: cheaper than X^T X when there are fewer rows than columns.
/// Shapes     x: N x D; out: N x N, whole. Cost N^2 D operations; result as for gram_of_columns, with blocks of columns
template <executor Exec, class T>
void gram_of_rows(const Exec& exec, const centered_rows<T>& x, double* out, simd_level level = best_simd_level()) {
  const std::size_t size = x.rows * x.rows;
  const std::size_t blocks = (x.columns + detail::gram_block - 1) / detail::gram_block;
  std::fill_n(out, size, 0.0);
  add_blocks<T>(exec, blocks, size, out, [&](const auto& inner, std::size_t block, T* partial) {
    const std::size_t left = block * detail::gram_block, width = (std::min)(detail::gram_block, x.columns - left);
    aligned_buffer<T> rows(x.rows * width);
    x.copy(0, x.rows, left, width, rows.data());
    gemm(inner,
         gemm_problem<T>{.rows = x.rows,
                         .columns = x.rows,
                         .inner = width,
                         .a = as_stored<T>(rows.data(), width),
                         .b = transposed<T>(rows.data(), width),
                         .c = partial,
                         .c_stride = x.rows,
                         .lower = true},
         level);
  });
  detail::mirror_lower(exec, out, x.rows);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
