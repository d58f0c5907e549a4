// mmrec/kernel/detail/tridiagonal.hpp - orthogonal reduction of a symmetric matrix to tridiagonal form.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/reflector.hpp>
#include <mmrec/kernel/detail/vector_ops.hpp>
#include <mmrec/kernel/gemm.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Columns reduced before the rest of the matrix is updated by one product.
inline constexpr std::size_t reflector_block = 32;

/// y = A v for the symmetric A, m x m, of which the lower triangle is stored.
inline void symmetric_multiply(std::size_t m, const double* a, std::size_t stride, const double* v, double* y,
                               simd_level level) {
  std::fill_n(y, m, 0.0);
  for (std::size_t i = 0; i < m; ++i) {
    const double* row = a + i * stride;
    const double sum = dot_and_add_scaled(i, row, v, v[i], y, level);
    y[i] += sum + row[i] * v[i];
  }
}

/// Reduces A (n x n, lower triangle) to T = Q^T A Q. On return row j of `a` holds, right of the diagonal, the Householder
/// vector of column j; Q is the product of the reflections in order.
/// Reference  Golub, Van Loan, "Matrix Computations", 4th ed., section 8.3.1; Dongarra, Sorensen, Hammarling, "Block
///            reduction of matrices to condensed forms for eigenvalue computations", J. Comput. Appl. Math. 27, 1989
template <executor Exec>
void reduce_to_tridiagonal(const Exec& exec, std::size_t n, double* a, double* diagonal, double* off_diagonal, double* taus,
                           simd_level level) {
  constexpr std::size_t block = reflector_block, width = 2 * block;
  // Rows of `left` are [V W], of `right` [W V]: the update still owed to the matrix is -(left right^T).
  std::vector<double> left(n * width), right(n * width), y(n), t(width);
  for (std::size_t first = 0; first < n; first += block) {
    const std::size_t end = (std::min)(n, first + block);
    std::fill(left.begin(), left.end(), 0.0);
    std::fill(right.begin(), right.end(), 0.0);
    for (std::size_t j = first; j < end; ++j) {
      double* v = a + j * n + j + 1;
      diagonal[j] = a[j * n + j] - dot(width, &left[j * width], &right[j * width], level);
      taus[j] = off_diagonal[j] = 0.0;
      if (j + 1 == n) break;
      const std::size_t m = n - j - 1;
      for (std::size_t i = 0; i < m; ++i) {
        const std::size_t row = j + 1 + i;
        v[i] = a[row * n + j] - dot(width, &left[row * width], &right[j * width], level);
      }
      const reflector made = make_reflector(m, v, level);
      taus[j] = made.tau;
      off_diagonal[j] = made.beta;

      // w = tau A v - (tau^2 / 2) (v^T A v) v, where A includes what it is still owed.
      symmetric_multiply(m, a + (j + 1) * n + j + 1, n, v, y.data(), level);
      std::fill(t.begin(), t.end(), 0.0);
      for (std::size_t i = 0; i < m; ++i) add_scaled(width, v[i], &right[(j + 1 + i) * width], t.data(), level);
      for (std::size_t i = 0; i < m; ++i) {
        y[i] = made.tau * (y[i] - dot(width, &left[(j + 1 + i) * width], t.data(), level));
      }
      const double half = -0.5 * made.tau * dot(m, y.data(), v, level);
      add_scaled(m, half, v, y.data(), level);
      for (std::size_t i = 0; i < m; ++i) {
        const std::size_t at = (j + 1 + i) * width + (j - first);
        left[at] = right[at + block] = v[i];
        left[at + block] = right[at] = y[i];
      }
    }
    if (end < n) {
      gemm(exec,
           gemm_problem<double>{.rows = n - end,
                                .columns = n - end,
                                .inner = width,
                                .a = as_stored<double>(&left[end * width], width),
                                .b = transposed<double>(&right[end * width], width),
                                .c = a + end * n + end,
                                .c_stride = n,
                                .alpha = -1.0,
                                .accumulate = true,
                                .lower = true},
           level);
    }
  }
}

/// Writes Q^T (n x n, rows `stride` apart) from what reduce_to_tridiagonal left in `a` and `taus`.
/// Reference  Schreiber, Van Loan, "A storage-efficient WY representation for products of Householder transformations",
///            SIAM J. Sci. Stat. Comput. 10(1), 1989
template <executor Exec>
void form_transposed_q(const Exec& exec, std::size_t n, const double* a, const double* taus, double* q, std::size_t stride,
                       simd_level level) {
  constexpr std::size_t block = reflector_block;
  for (std::size_t i = 0; i < n; ++i) {
    std::fill_n(q + i * stride, stride, 0.0);
    q[i * stride + i] = 1.0;
  }
  if (n < 2) return;
  std::vector<double> v(block * n), t(block * block), projected(n * block), weighted(n * block);
  const std::size_t last = (n - 2) / block * block;
  for (std::size_t first = last;; first -= block) {
    const std::size_t count = (std::min)(block, n - 1 - first), m = n - first - 1;
    // The block's reflections, multiplied in order, are I - V^T T V with the Householder vectors as rows of V.
    for (std::size_t i = 0; i < count; ++i) {
      std::fill_n(&v[i * m], i, 0.0);
      std::copy_n(a + (first + i) * n + first + i + 1, m - i, &v[i * m + i]);
    }
    for (std::size_t i = 0; i < count; ++i) {
      const double tau = taus[first + i];
      double overlap[block];
      for (std::size_t p = 0; p < i; ++p) overlap[p] = dot(m, &v[p * m], &v[i * m], level);
      for (std::size_t p = 0; p < count; ++p) {
        double sum = p == i ? tau : 0.0;
        for (std::size_t k = p; k < i; ++k) sum -= tau * t[p * block + k] * overlap[k];
        t[p * block + i] = sum;
      }
    }
    // Q^T := Q^T (I - V^T T^T V), on the rows and columns that the block touches.
    double* part = q + (first + 1) * stride + first + 1;
    gemm(exec,
         gemm_problem<double>{.rows = m,
                              .columns = count,
                              .inner = m,
                              .a = as_stored<double>(part, stride),
                              .b = transposed<double>(v.data(), m),
                              .c = projected.data(),
                              .c_stride = block},
         level);
    gemm(exec,
         gemm_problem<double>{.rows = m,
                              .columns = count,
                              .inner = count,
                              .a = as_stored<double>(projected.data(), block),
                              .b = transposed<double>(t.data(), block),
                              .c = weighted.data(),
                              .c_stride = block},
         level);
    gemm(exec,
         gemm_problem<double>{.rows = m,
                              .columns = m,
                              .inner = count,
                              .a = as_stored<double>(weighted.data(), block),
                              .b = as_stored<double>(v.data(), m),
                              .c = part,
                              .c_stride = stride,
                              .alpha = -1.0,
                              .accumulate = true},
         level);
    if (first == 0) break;
  }
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
