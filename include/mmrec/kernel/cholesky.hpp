// mmrec/kernel/cholesky.hpp - Cholesky factors and inverses of symmetric positive definite matrices.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/mirror.hpp>
#include <mmrec/kernel/gemm.hpp>

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

/// Below this size plain loops; above, halves and matrix products.
inline constexpr std::size_t cholesky_leaf = 24;

/// Where to split n: near the middle, at a multiple of the leaf.
inline std::size_t cholesky_split(std::size_t n) { return (n / 2 + cholesky_leaf - 1) / cholesky_leaf * cholesky_leaf; }

/// B := B L^-T for a lower triangular L: the rows of B are solved for one by one.
template <executor Exec, class T>
void solve_lower_transposed(const Exec& exec, const T* l, std::size_t l_stride, std::size_t n, T* b, std::size_t b_stride,
                            std::size_t rows, simd_level level) {
  if (rows == 0) return;
  if (n <= cholesky_leaf) {
    for (std::size_t i = 0; i < rows; ++i) {
      T* row = b + i * b_stride;
      for (std::size_t j = 0; j < n; ++j) {
        T sum = row[j];
        for (std::size_t p = 0; p < j; ++p) sum -= row[p] * l[j * l_stride + p];
        row[j] = sum / l[j * l_stride + j];
      }
    }
    return;
  }
  const std::size_t half = cholesky_split(n);
  solve_lower_transposed(exec, l, l_stride, half, b, b_stride, rows, level);
  gemm(exec,
       gemm_problem<T>{.rows = rows,
                       .columns = n - half,
                       .inner = half,
                       .a = as_stored<T>(b, b_stride),
                       .b = transposed<T>(l + half * l_stride, l_stride),
                       .c = b + half,
                       .c_stride = b_stride,
                       .alpha = T(-1),
                       .accumulate = true},
       level);
  solve_lower_transposed(exec, l + half * l_stride + half, l_stride, n - half, b + half, b_stride, rows, level);
}

/// L := L^-1 for a lower triangular L.
template <executor Exec, class T>
void invert_lower(const Exec& exec, T* l, std::size_t stride, std::size_t n, T* scratch, simd_level level) {
  if (n <= cholesky_leaf) {
    for (std::size_t i = 0; i < n; ++i) {
      T* row = l + i * stride;
      const T pivot = T(1) / row[i];
      for (std::size_t j = 0; j < i; ++j) {
        T sum = T(0);
        for (std::size_t p = j; p < i; ++p) sum += row[p] * l[p * stride + j];
        row[j] = -sum * pivot;  // row[p] for p >= j + 1 still holds L
      }
      row[i] = pivot;
    }
    return;
  }
  const std::size_t half = cholesky_split(n), rest = n - half;
  T* below = l + half * stride;
  invert_lower(exec, l, stride, half, scratch, level);
  invert_lower(exec, below + half, stride, rest, scratch, level);
  gemm(exec,
       gemm_problem<T>{.rows = rest,
                       .columns = half,
                       .inner = half,
                       .a = as_stored<T>(below, stride),
                       .b = as_stored<T>(l, stride),
                       .c = scratch,
                       .c_stride = half},
       level);
  gemm(exec,
       gemm_problem<T>{.rows = rest,
                       .columns = half,
                       .inner = rest,
                       .a = as_stored<T>(below + half, stride),
                       .b = as_stored<T>(scratch, half),
                       .c = below,
                       .c_stride = stride,
                       .alpha = T(-1)},
       level);
}

template <executor Exec, class T>
std::optional<std::size_t> factor_lower(const Exec& exec, T* a, std::size_t stride, std::size_t n, simd_level level) {
  if (n <= cholesky_leaf) {
    for (std::size_t j = 0; j < n; ++j) {
      T* row = a + j * stride;
      for (std::size_t i = 0; i < j; ++i) {
        T sum = row[i];
        for (std::size_t p = 0; p < i; ++p) sum -= row[p] * a[i * stride + p];
        row[i] = sum / a[i * stride + i];
      }
      T pivot = row[j];
      for (std::size_t p = 0; p < j; ++p) pivot -= row[p] * row[p];
      if (!(pivot > T(0)) || !std::isfinite(pivot)) return j;
      row[j] = std::sqrt(pivot);
    }
    return std::nullopt;
  }
  const std::size_t half = cholesky_split(n);
  T* below = a + half * stride;
  if (const auto failed = factor_lower(exec, a, stride, half, level)) return failed;
  solve_lower_transposed(exec, a, stride, half, below, stride, n - half, level);
  gemm(exec,
       gemm_problem<T>{.rows = n - half,
                       .columns = n - half,
                       .inner = half,
                       .a = as_stored<T>(below, stride),
                       .b = transposed<T>(below, stride),
                       .c = below + half,
                       .c_stride = stride,
                       .alpha = T(-1),
                       .accumulate = true,
                       .lower = true},
       level);
  if (const auto failed = factor_lower(exec, below + half, stride, n - half, level)) return half + *failed;
  return std::nullopt;
}

/// Rows eliminated at a time by invert_spd: whole tiles, within one block of the product's inner extent.
inline constexpr std::size_t inverse_block = 192;

template <executor Exec, class T>
std::optional<std::size_t> invert_positive_definite(const Exec& exec, T* a, std::size_t n, simd_level level) {
  const std::size_t widest = (std::min)(n, inverse_block);
  aligned_buffer<T> inverse_factor(widest * widest), scratch(widest * widest), solved(n * widest);
  T* const d = inverse_factor.data();
  T* const u = solved.data();
  for (std::size_t first = 0; first < n; first += inverse_block) {
    const std::size_t size = (std::min)(inverse_block, n - first), after = first + size, rest = n - after;
    T* const block_row = a + first * n;
    // A11 = L L^T;  D = L^-1.
    for (std::size_t i = 0; i < size; ++i) {
      std::copy_n(block_row + i * n + first, i + 1, d + i * size);
      std::fill_n(d + i * size + i + 1, size - i - 1, T(0));
    }
    if (const auto failed = factor_lower(exec, d, size, size, level)) return first + *failed;
    for (std::size_t i = 0; i + 1 < size; ++i) std::fill_n(d + i * size + i + 1, size - i - 1, T(0));
    invert_lower(exec, d, size, size, scratch.data(), level);

    // U = the block column of the symmetric matrix, times D^T.
    gemm_problem<T> solve{.rows = first,
                          .columns = size,
                          .inner = size,
                          .a = transposed<T>(block_row, n),
                          .b = transposed<T>(d, size),
                          .c = u,
                          .c_stride = size,
                          .b_shape = gemm_shape::upper};
    gemm(exec, solve, level);
    solve.rows = rest;
    solve.a = as_stored<T>(a + after * n + first, n);
    solve.c = u + after * size;
    gemm(exec, solve, level);

    // Everything outside the block row and column:  A += U U^T before the block, A -= U U^T after it and across.
    gemm_problem<T> update{.rows = first,
                           .columns = first,
                           .inner = size,
                           .a = as_stored<T>(u, size),
                           .b = transposed<T>(u, size),
                           .c = a,
                           .c_stride = n,
                           .accumulate = true,
                           .lower = true};
    gemm(exec, update, level);
    update.alpha = T(-1);
    update.rows = update.columns = rest;
    update.a = as_stored<T>(u + after * size, size);
    update.b = transposed<T>(u + after * size, size);
    update.c = a + after * n + after;
    gemm(exec, update, level);
    update.columns = first;
    update.b = transposed<T>(u, size);
    update.c = a + after * n;
    update.lower = false;
    gemm(exec, update, level);

    // The block row and column themselves:  A21 = -U D,  A12 = (U D)^T,  A11 = D^T D.
    gemm(exec,
         gemm_problem<T>{.rows = rest,
                         .columns = size,
                         .inner = size,
                         .a = as_stored<T>(u + after * size, size),
                         .b = as_stored<T>(d, size),
                         .c = a + after * n + first,
                         .c_stride = n,
                         .alpha = T(-1),
                         .b_shape = gemm_shape::lower},
         level);
    gemm(exec,
         gemm_problem<T>{.rows = size,
                         .columns = first,
                         .inner = size,
                         .a = transposed<T>(d, size),
                         .b = transposed<T>(u, size),
                         .c = block_row,
                         .c_stride = n},
         level);
    gemm(exec,
         gemm_problem<T>{.rows = size,
                         .columns = size,
                         .inner = size,
                         .a = transposed<T>(d, size),
                         .b = as_stored<T>(d, size),
                         .c = block_row + first,
                         .c_stride = n,
                         .lower = true,
                         .b_shape = gemm_shape::lower},
         level);
  }
  mirror_lower(exec, a, n);
  return std::nullopt;
}

}  // namespace detail

/// Factors a symmetric positive definite matrix into L L^T in place.
///
/// Shapes     a: n x n, rows `stride` apart; only the lower triangle is read, L replaces it, the rest is unspecified
/// Cost       n^3 / 3 operations
/// Result     nothing on success; else the index of the first pivot that is not positive and finite, and `a` is spoilt.
///            Same bits for any number of threads
/// Reference  Golub, Van Loan, "Matrix Computations", 4th ed., 2013, section 4.2
template <executor Exec, class T>
std::optional<std::size_t> factor_spd(const Exec& exec, T* a, std::size_t stride, std::size_t n,
                                      simd_level level = best_simd_level()) {
  return detail::factor_lower(exec, a, stride, n, level);
}

/// Elements of memory that invert_spd takes beside the matrix, when up to `concurrency` threads run it.
template <class T>
constexpr std::size_t invert_spd_scratch(std::size_t n, std::size_t concurrency) {
  const std::size_t widest = (std::min)(n, detail::inverse_block);
  std::size_t products = 0;
  for (std::size_t first = 0; first < n; first += detail::inverse_block) {
    const std::size_t size = (std::min)(detail::inverse_block, n - first), side = (std::max)(first, n - first - size);
    products = (std::max)(products, gemm_scratch<T>((std::max)(side, size), (std::max)(side, size), size, concurrency));
  }
  return 2 * widest * widest + n * widest + products;
}

/// Inverts a symmetric positive definite matrix in place.
///
/// Shapes     a: n x n, row-major; only the lower triangle is read, the whole inverse is written
/// Cost       n^3 + O(n^2) operations, as one sweep of matrix products over the lower triangle; 0.8 KB * n of scratch
/// Result     nothing on success; else the index of the first pivot that is not positive and finite, and `a` is spoilt.
///            Same bits for any number of threads
/// Avoid when a system is solved once: factor_spd is three times cheaper and more accurate
/// Reference  Bientinesi, Gunter, van de Geijn, "Families of algorithms related to the inversion of a symmetric positive
///            definite matrix", ACM TOMS 35(1), 2008: Cholesky factor, its inverse and their product in one sweep
template <executor Exec>
std::optional<std::size_t> invert_spd(const Exec& exec, std::span<float> a, std::size_t n,
                                      simd_level level = best_simd_level()) {
  MMREC_ASSERT(a.size() == n * n);
  return detail::invert_positive_definite(exec, a.data(), n, level);
}
template <executor Exec>
std::optional<std::size_t> invert_spd(const Exec& exec, std::span<double> a, std::size_t n,
                                      simd_level level = best_simd_level()) {
  MMREC_ASSERT(a.size() == n * n);
  return detail::invert_positive_definite(exec, a.data(), n, level);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
