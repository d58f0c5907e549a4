// mmrec/kernel/symmetric_eigen.hpp - all eigenvalues and eigenvectors of a symmetric matrix.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include <mmrec/core/config.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/rotations.hpp>
#include <mmrec/kernel/detail/tridiagonal.hpp>

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

/// Rotations kept before they are applied to the eigenvectors, in multiples of n.
inline constexpr std::size_t pending_sweeps = 32;

/// One implicit step of the QR algorithm with Wilkinson's shift on rows low .. high of a tridiagonal matrix.
/// Reference  Golub, Van Loan, "Matrix Computations", 4th ed., algorithm 8.3.2
inline void qr_step(std::size_t low, std::size_t high, double* d, double* e, std::vector<rotation>& rotations) {
  const double difference = 0.5 * (d[high - 1] - d[high]), last = e[high - 1];
  const double root = std::copysign(std::hypot(difference, last), difference);
  const double shift = d[high] - last * (last / (difference + root));
  double x = d[low] - shift, z = e[low];
  for (std::size_t k = low; k < high; ++k) {
    const double r = std::hypot(x, z);
    const double c = r == 0.0 ? 1.0 : x / r, s = r == 0.0 ? 0.0 : -z / r;
    if (k > low) e[k - 1] = r;
    const double upper = d[k], lower = d[k + 1], off = e[k];
    const double moved = s * (s * (lower - upper) - 2.0 * c * off);  // what the upper diagonal entry gains
    d[k] = upper + moved;
    d[k + 1] = lower - moved;
    e[k] = c * s * (upper - lower) + (c * c - s * s) * off;
    if (k + 1 < high) {
      x = e[k];
      z = -s * e[k + 1];
      e[k + 1] *= c;
    }
    rotations.push_back({c, s});
  }
}

/// Diagonalises the tridiagonal matrix (d, e) and applies the rotations to n rows that are stored in slabs of
/// rotation_columns columns, one slab after the other: at a power of two of columns, the rows of a slab of a row-major
/// matrix would compete for a few sets of the cache.
template <executor Exec>
bool diagonalize(const Exec& exec, std::size_t n, double* d, double* e, double* slabs, std::size_t slab_count,
                 simd_level level) {
  struct extent {
    std::size_t first, begin, count;
  };
  std::vector<rotation> rotations;
  std::vector<extent> extents;
  std::vector<rotation_sweep> sweeps;
  rotations.reserve((pending_sweeps + 1) * n);
  const auto apply = [&] {
    sweeps.clear();
    for (const extent& done : extents) sweeps.push_back({done.first, std::span(rotations).subspan(done.begin, done.count)});
    for_ranges(exec, slab_count, 1, [&](std::size_t slab, std::size_t) {
      rotate_rows(sweeps, slabs + slab * n * rotation_columns, rotation_columns, level);
    });
    rotations.clear();
    extents.clear();
  };
  constexpr double epsilon = std::numeric_limits<double>::epsilon();
  std::size_t steps_left = 60 * n;
  std::size_t high = n - 1;
  while (high > 0) {
    const auto negligible = [&](std::size_t k) {
      return std::abs(e[k]) <= epsilon * (std::abs(d[k]) + std::abs(d[k + 1])) + (std::numeric_limits<double>::min)();
    };
    if (negligible(high - 1)) {
      e[--high] = 0.0;
      continue;
    }
    std::size_t low = high - 1;
    while (low > 0 && !negligible(low - 1)) --low;
    if (steps_left-- == 0) return false;
    extents.push_back({low, rotations.size(), high - low});
    qr_step(low, high, d, e, rotations);
    if (rotations.size() >= pending_sweeps * n) apply();
  }
  apply();
  return true;
}

}  // namespace detail

/// Computes all eigenvalues and eigenvectors of a symmetric matrix in double precision.
///
/// Shapes     a: n x n, row-major, of which the lower triangle is read; values: n
/// Cost       about 9 n^3 operations, 2 n^2 numbers of scratch
/// Result     true: values in decreasing order, row k of `a` a unit eigenvector of values[k], its sign unspecified.
///            false: the matrix has a non-finite entry or, never seen, the iteration did not converge; both are spoilt.
///            Errors are of the order of the rounding error times the largest eigenvalue. Same bits for any number of
///            threads
/// Avoid when a few eigenvectors of a large matrix are wanted: see decomp::truncated_svd
/// Reference  Golub, Van Loan, "Matrix Computations", 4th ed., 2013, section 8.3: Householder reduction to tridiagonal form,
///            then implicit QR steps with Wilkinson's shift
template <executor Exec>
bool symmetric_eigen(const Exec& exec, std::span<double> a, std::span<double> values, simd_level level = best_simd_level()) {
  const std::size_t n = values.size();
  MMREC_ASSERT(a.size() == n * n);
  if (n == 0) return true;
  double largest = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      if (!std::isfinite(a[i * n + j])) return false;
      largest = (std::max)(largest, std::abs(a[i * n + j]));
    }
  }
  // A power of two that brings the entries near 1, so that no square over- or underflows; scaling by it is exact.
  int exponent = 0;
  if (largest > 0.0) std::frexp(largest, &exponent);
  exponent = std::clamp(exponent, -1000, 1000);
  const double scale = std::ldexp(1.0, -exponent);
  for (double& value : a) value *= scale;

  constexpr std::size_t width = detail::rotation_columns;
  const std::size_t slab_count = (n + width - 1) / width, stride = slab_count * width;
  std::vector<double> off_diagonal(n), taus(n), diagonal(n);
  aligned_buffer<double> vectors(n * stride), slabs(n * stride);
  detail::reduce_to_tridiagonal(exec, n, a.data(), diagonal.data(), off_diagonal.data(), taus.data(), level);
  detail::form_transposed_q(exec, n, a.data(), taus.data(), vectors.data(), stride, level);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t slab = 0; slab < slab_count; ++slab) {
      std::copy_n(vectors.data() + i * stride + slab * width, width, slabs.data() + (slab * n + i) * width);
    }
  }
  if (!detail::diagonalize(exec, n, diagonal.data(), off_diagonal.data(), slabs.data(), slab_count, level)) return false;

  std::vector<std::size_t> order(n);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t i, std::size_t j) { return diagonal[i] > diagonal[j]; });
  for (std::size_t k = 0; k < n; ++k) {
    values[k] = std::ldexp(diagonal[order[k]], exponent);
    for (std::size_t left = 0; left < n; left += width) {
      std::copy_n(slabs.data() + left * n + order[k] * width, (std::min)(width, n - left), a.data() + k * n + left);
    }
  }
  return true;
}

}  // namespace kernel
}  // namespace mmrec::inline v0
