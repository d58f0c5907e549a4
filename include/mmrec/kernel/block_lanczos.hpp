// mmrec/kernel/block_lanczos.hpp - leading right singular vectors of a sparse matrix by block Lanczos.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/line_basis.hpp>
#include <mmrec/kernel/line_products.hpp>
#include <mmrec/kernel/spmm.hpp>
#include <mmrec/kernel/striped_transpose.hpp>
#include <mmrec/kernel/symmetric_eigen.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Columns of a Krylov space in which the leading `width` dimensions are found at least as well as `power_iterations` + 1
/// steps of power iteration on a space of `width` dimensions find them. Chebyshev polynomials separate in a number of steps
/// that grows with the square root of the powers' (Musco and Musco); the constants are measured.
inline std::size_t krylov_columns(std::size_t width, std::size_t power_iterations) {
  const double steps = std::sqrt(static_cast<double>(power_iterations) + 2.0);
  return 2 * width + static_cast<std::size_t>(std::ceil(26.0 * steps));
}

/// The `count` leading right singular vectors of a sparse A, N x D, from a Krylov space of A^T A.
///
/// The space is built from blocks as wide as a cache line, a random one first, so that both products of a step take one
/// line an entry. Each block is orthogonalised twice against all before it, and columns that are no new directions are
/// replaced by random ones; projected on the space of all blocks, A^T A is solved exactly.
///
/// Shapes     vectors: count x D, rows of length 1, their signs unspecified; squares: count, the squared singular values
/// Cost       4 columns operations for each entry, one line of 64 bytes at a time; 4 D columns^2 to orthogonalise; memory
///            D (columns + 2 L) numbers and the transpose of A
/// Result     false, and both are spoilt, if the values are too large for the projected matrix to have finite eigenvalues.
///            Sums in T within blocks of rows and in double beyond. Same bits for any number of threads. Reports its
///            progress as `function`
/// Reference  Golub, Underwood, "The block Lanczos method for computing eigenvalues", Mathematical Software III, 1977;
///            Musco, Musco, "Randomized block Krylov methods for stronger and faster approximate singular value
///            decomposition", NIPS 2015
template <class T, executor Exec>
bool block_lanczos_right_vectors(std::string_view function, const Exec& exec, const csr_matrix<T>& a, std::size_t count,
                                 std::size_t columns, seed key, std::span<T> vectors, std::span<double> squares,
                                 simd_level level = best_simd_level()) {
  using basis_type = detail::line_basis<T>;
  constexpr std::size_t line = basis_type::line, square = basis_type::square;
  const std::size_t most = (std::min)((std::max)(columns, count), a.cols());
  const std::size_t blocks = (most + line - 1) / line, order = blocks * line;
  const sparse_rows<T> rows{a.starts(), a.indices(), a.values()};
  const striped_transpose<T> transpose(exec, rows, a.cols());
  aligned_buffer<T> product(transpose.end_row(0) * line);
  basis_type basis(a.cols(), blocks + 1, key, level);
  std::vector<double> projected(order * order), projections;

  basis.randomize_next(exec);
  if (!basis.join_next(exec, projections)) return false;
  for (;;) {
    report_progress(exec.sink(), function, basis.size() - 1, blocks + 1);
    const std::size_t size = basis.size();
    normal_times_lines<Exec, T>(exec, rows, transpose, basis.block(size - 1), product.data(), basis.block(size), level);
    projections.resize(size * square);
    basis.project_next(exec, projections.data());
    for (std::size_t j = 0; j < line; ++j) {
      double* const row = projected.data() + ((size - 1) * line + j) * order;
      for (std::size_t i = 0; i < size * line; ++i) row[i] = projections[i * line + j];
    }
    if (size == blocks) break;
    if (!basis.join_next(exec, projections)) return false;
  }
  const std::size_t used = basis.columns();
  report_progress(exec.sink(), function, blocks, blocks + 1);

  for (std::size_t i = 1; i < used; ++i) std::copy_n(projected.data() + i * order, used, projected.data() + i * used);
  std::vector<double> eigenvalues(used);
  if (!symmetric_eigen(exec, std::span(projected).first(used * used), std::span<double>(eigenvalues), level)) return false;
  std::copy_n(eigenvalues.data(), count, squares.data());
  basis.combine(exec, projected.data(), used, count, vectors.data());
  report_progress(exec.sink(), function, blocks + 1, blocks + 1);
  return true;
}

}  // namespace kernel
}  // namespace mmrec::inline v0
