// mmrec/decomp/detail/operators.hpp - dense matrices as the randomized solver sees them.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/gram.hpp>
#include <mmrec/kernel/ordered_sum.hpp>

namespace mmrec::inline v0 {
namespace decomp::detail {

// For A of N x D and Q of D x L:
//   normal(exec, Q, L, Z)  Z := A^T A Q
//   gram(exec, Q, L, S)    S := (A Q)^T (A Q), of which the lower triangle counts
// Both sum in T within blocks of rows and in double beyond. For sparse matrices see kernel::sparse_operator.

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

}  // namespace decomp::detail
}  // namespace mmrec::inline v0
