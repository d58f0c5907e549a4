// mmrec/kernel/randomized_svd.hpp - leading right singular vectors by random projection and power iteration.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/gram.hpp>
#include <mmrec/kernel/orthonormalize.hpp>
#include <mmrec/kernel/spmm.hpp>
#include <mmrec/kernel/symmetric_eigen.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// A sparse matrix A, N x D, and its transpose, as randomized_right_vectors asks for it. Refers to A.
///
///   normal(exec, Q, L, Z)  Z := A^T A Q; the sums of a column in T
///   gram(exec, Q, L, S)    S := (A Q)^T (A Q), of which the lower triangle counts; in T within blocks of rows, in double
///                          beyond
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
        sparse_row_times<T>(row.indices, row.values, product_.data(), stride_of(width), width, sums.data());
        std::copy_n(sums.data(), width, z + column * width);
      }
    });
  }
  template <executor Exec>
  void gram(const Exec& exec, const T* q, std::size_t width, double* s) {
    multiply(exec, q, width);
    gram_of_columns(exec, centered_rows<T>{product_.data(), stride_of(width), rows_.rows(), width, nullptr}, s);
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
      product_ = aligned_buffer<T>(rows_.rows() * stride);
      basis_ = aligned_buffer<T>(rows_.cols() * stride);
    }
    for (std::size_t row = 0; row < rows_.cols(); ++row) std::copy_n(q + row * width, width, basis_.data() + row * stride);
    spmm<Exec, T>(exec, {rows_.starts(), rows_.indices(), rows_.values()}, basis_.data(), stride, width, product_.data(),
                  stride);
  }

  const csr_matrix<T>& rows_;
  csr_matrix<T> columns_;
  aligned_buffer<T> product_;
  aligned_buffer<T> basis_;
};

/// The `count` leading right singular vectors of A, N x D, from a random subspace of `width` >= count dimensions.
///
/// Halko, Martinsson and Tropp's range finder on the side of the columns: A^T A is applied power_iterations + 1 times to a
/// Gaussian start, with an orthonormal basis in between, and A is then solved exactly within that space. The tall
/// intermediate A Q is never orthonormalised, so every large operation is a matrix product.
///
/// Shapes     vectors: count x D, rows of length 1, their signs unspecified; squares: width, the squared singular values
/// Result     false, and both are spoilt, if the values are too large for the projected matrix to have finite eigenvalues.
///            Same bits for any number of threads. Reports its progress as `function`
/// Reference  Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011
template <class T, executor Exec, class Operator>
bool randomized_right_vectors(std::string_view function, const Exec& exec, Operator& a, std::size_t columns,
                              std::size_t count, std::size_t width, std::size_t power_iterations, seed key,
                              std::span<double> vectors, std::span<double> squares) {
  std::vector<double> basis(columns * width);
  std::vector<T> rounded(columns * width);
  for_ranges(exec, columns, 256, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = begin; row < end; ++row) {
      random_stream random(key, row);
      for (std::size_t j = 0; j < width; ++j) rounded[row * width + j] = static_cast<T>(random.normal());
    }
  });
  for (std::size_t iteration = 0; iteration <= power_iterations; ++iteration) {
    report_progress(exec.sink(), function, iteration, power_iterations + 2);
    a.normal(exec, rounded.data(), width, basis.data());
    orthonormalize_columns(exec, basis.data(), columns, width);
    std::transform(basis.begin(), basis.end(), rounded.begin(), [](double value) { return static_cast<T>(value); });
  }
  report_progress(exec.sink(), function, power_iterations + 1, power_iterations + 2);

  std::vector<double> inner(width * width);
  a.gram(exec, rounded.data(), width, inner.data());
  if (!symmetric_eigen(exec, std::span<double>(inner), squares)) return false;
  // Rows of V^T = W Q^T.
  gemm(exec, gemm_problem<double>{.rows = count,
                                  .columns = columns,
                                  .inner = width,
                                  .a = as_stored<double>(inner.data(), width),
                                  .b = transposed<double>(basis.data(), width),
                                  .c = vectors.data(),
                                  .c_stride = columns});
  report_progress(exec.sink(), function, power_iterations + 2, power_iterations + 2);
  return true;
}

}  // namespace kernel
}  // namespace mmrec::inline v0
