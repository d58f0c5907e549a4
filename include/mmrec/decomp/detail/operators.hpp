// mmrec/decomp/detail/operators.hpp - dense and sparse matrices as the randomized solver sees them.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/gram.hpp>
#include <mmrec/kernel/ordered_sum.hpp>
#include <mmrec/kernel/spmm.hpp>

namespace mmrec::inline v0 {
namespace decomp::detail {

// For A of N x D and Q of D x L:
//   normal(exec, Q, L, Z)  Z := A^T A Q
//   gram(exec, Q, L, S)    S := (A Q)^T (A Q), of which the lower triangle counts
// Both sum in T within blocks of rows and in double beyond, but for sparse_operator::normal, which sums a column in T.

/// A dense matrix, minus its mean where it has one, read once for each operation.
template <class T>
class dense_operator {
 public:
  explicit dense_operator(const kernel::centered_rows<T>& rows) : rows_(rows) {}

  template <executor Exec>
  void normal(const Exec& exec, const T* q, std::size_t width, double* z) const {
    apply(exec, q, width, rows_.columns, z,
          [&](const auto& inner, std::size_t count, const T* block, const T* product, T* out) {
            kernel::gemm(inner, kernel::gemm_problem<T>{.rows = rows_.columns,
                                                        .columns = width,
                                                        .inner = count,
                                                        .a = kernel::transposed<T>(block, rows_.columns),
                                                        .b = kernel::as_stored<T>(product, width),
                                                        .c = out,
                                                        .c_stride = width});
          });
  }
  template <executor Exec>
  void gram(const Exec& exec, const T* q, std::size_t width, double* s) const {
    apply(exec, q, width, width, s, [&](const auto& inner, std::size_t count, const T*, const T* product, T* out) {
      kernel::gemm(inner, kernel::gemm_problem<T>{.rows = width,
                                                  .columns = width,
                                                  .inner = count,
                                                  .a = kernel::transposed<T>(product, width),
                                                  .b = kernel::as_stored<T>(product, width),
                                                  .c = out,
                                                  .c_stride = width,
                                                  .lower = true});
    });
  }

 private:
  static constexpr std::size_t block_rows = 512;

  template <executor Exec, class Finish>
  void apply(const Exec& exec, const T* q, std::size_t width, std::size_t out_rows, double* total,
             const Finish& finish) const {
    std::fill_n(total, out_rows * width, 0.0);
    const std::size_t blocks = (rows_.rows + block_rows - 1) / block_rows;
    kernel::add_blocks<T>(exec, blocks, out_rows * width, total, [&](const auto& inner, std::size_t block, T* partial) {
      const std::size_t first = block * block_rows, count = (std::min)(block_rows, rows_.rows - first);
      kernel::aligned_buffer<T> rows(count * rows_.columns), product(count * width);
      rows_.copy(first, count, 0, rows_.columns, rows.data());
      kernel::gemm(inner, kernel::gemm_problem<T>{.rows = count,
                                                  .columns = width,
                                                  .inner = rows_.columns,
                                                  .a = kernel::as_stored<T>(rows.data(), rows_.columns),
                                                  .b = kernel::as_stored<T>(q, width),
                                                  .c = product.data(),
                                                  .c_stride = width});
      finish(inner, count, rows.data(), product.data(), partial);
    });
  }

  kernel::centered_rows<T> rows_;
};

/// A sparse matrix and its transpose.
template <class T>
class sparse_operator {
 public:
  explicit sparse_operator(const csr_matrix<T>& rows) : rows_(rows), columns_(rows.transposed()) {}

  template <executor Exec>
  void normal(const Exec& exec, const T* q, std::size_t width, double* z) {
    multiply(exec, q, width);
    constexpr std::size_t grain = 128;
    for_ranges(exec, columns_.rows(), grain, [&](std::size_t begin, std::size_t end) {
      std::vector<T> sums(width);
      for (std::size_t column = begin; column < end; ++column) {
        const sparse_row_view<T> row = columns_.row(column);
        kernel::sparse_row_times<T>(row.indices, row.values, product_.data(), stride_of(width), width, sums.data());
        std::copy_n(sums.data(), width, z + column * width);
      }
    });
  }
  template <executor Exec>
  void gram(const Exec& exec, const T* q, std::size_t width, double* s) {
    multiply(exec, q, width);
    kernel::gram_of_columns(exec, kernel::centered_rows<T>{product_.data(), stride_of(width), rows_.rows(), width, nullptr},
                            s);
  }

 private:
  /// Whole cache lines, so that no row shares one with its neighbour.
  static std::size_t stride_of(std::size_t width) {
    constexpr std::size_t line = 64 / sizeof(T);
    return (width + line - 1) / line * line;
  }
  template <executor Exec>
  void multiply(const Exec& exec, const T* q, std::size_t width) {
    const std::size_t stride = stride_of(width);
    if (product_.size() != rows_.rows() * stride) {
      product_ = kernel::aligned_buffer<T>(rows_.rows() * stride);
      basis_ = kernel::aligned_buffer<T>(rows_.cols() * stride);
    }
    for (std::size_t row = 0; row < rows_.cols(); ++row) std::copy_n(q + row * width, width, basis_.data() + row * stride);
    kernel::spmm<Exec, T>(exec, {rows_.starts(), rows_.indices(), rows_.values()}, basis_.data(), stride, width,
                          product_.data(), stride);
  }

  const csr_matrix<T>& rows_;
  csr_matrix<T> columns_;
  kernel::aligned_buffer<T> product_;
  kernel::aligned_buffer<T> basis_;
};

}  // namespace decomp::detail
}  // namespace mmrec::inline v0
