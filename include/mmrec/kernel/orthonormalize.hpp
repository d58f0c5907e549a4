// mmrec/kernel/orthonormalize.hpp - orthonormal bases of the columns of a tall matrix.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

#include <mmrec/core/config.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cholesky.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/reflector.hpp>
#include <mmrec/kernel/detail/vector_ops.hpp>
#include <mmrec/kernel/gram.hpp>

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

/// Q := Q L^-T with Q^T Q = L L^T. False, with Q as it was, when Q^T Q is singular or close to it.
template <executor Exec>
bool cholesky_qr(const Exec& exec, double* q, std::size_t rows, std::size_t columns, simd_level level) {
  std::vector<double> gram(columns * columns);
  gram_of_columns(exec, centered_rows<double>{q, columns, rows, columns, nullptr}, gram.data(), level);
  std::vector<double> squares(columns);
  for (std::size_t j = 0; j < columns; ++j) squares[j] = gram[j * columns + j];
  if (factor_spd(exec, gram.data(), columns, columns, level)) return false;
  // A pivot this much smaller than its column's square says that the condition number is beyond 1e5 or so, from where the
  // squared one leaves too few digits.
  for (std::size_t j = 0; j < columns; ++j) {
    const double pivot = gram[j * columns + j];
    if (!(pivot * pivot > 1e-11 * squares[j])) return false;
  }
  constexpr std::size_t grain = 512;
  for_ranges(exec, rows, grain, [&](std::size_t begin, std::size_t end) {
    solve_lower_transposed(serial_executor{}, gram.data(), columns, columns, q + begin * columns, columns, end - begin,
                           level);
  });
  return true;
}

/// The thin Q of Householder's method, which needs no assumption about the rank.
inline void householder_q(double* q, std::size_t rows, std::size_t columns, simd_level level) {
  std::vector<double> work(columns * rows), taus(columns);  // the transpose: columns of Q are contiguous
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) work[j * rows + i] = q[i * columns + j];
  }
  for (std::size_t j = 0; j < columns; ++j) {
    double* v = &work[j * rows + j];
    const std::size_t length = rows - j;
    taus[j] = make_reflector(length, v, level).tau;
    for (std::size_t k = j + 1; k < columns; ++k) {
      double* other = &work[k * rows + j];
      add_scaled(length, -taus[j] * dot(length, v, other, level), v, other, level);
    }
  }
  std::vector<double> column(rows);
  for (std::size_t k = 0; k < columns; ++k) {
    std::fill(column.begin(), column.end(), 0.0);
    column[k] = 1.0;
    for (std::size_t j = columns; j-- > 0;) {
      const double* v = &work[j * rows + j];
      add_scaled(rows - j, -taus[j] * dot(rows - j, v, &column[j], level), v, &column[j], level);
    }
    for (std::size_t i = 0; i < rows; ++i) q[i * columns + k] = column[i];
  }
}

}  // namespace detail

/// Replaces the columns of a matrix by an orthonormal basis of a space that contains them.
///
/// Shapes     q: rows x columns, row-major, columns <= rows
/// Cost       8 rows columns^2 operations in matrix products; twice to four times that in slower ones when the columns are
///            nearly dependent
/// Result     orthonormal to rounding, whatever the rank: missing directions are made up. Column k spans, with those
///            before it, the first k columns given. Same bits for any number of threads
/// Reference  Yamamoto, Nakatsukasa, Yanagisawa, Fukaya, "Roundoff error analysis of the CholeskyQR2 algorithm", ETNA 44,
///            2015; Golub, Van Loan, "Matrix Computations", 4th ed., section 5.2 where that fails
template <executor Exec>
void orthonormalize_columns(const Exec& exec, double* q, std::size_t rows, std::size_t columns,
                            simd_level level = best_simd_level()) {
  MMREC_ASSERT(columns <= rows);
  const bool done = detail::cholesky_qr(exec, q, rows, columns, level) && detail::cholesky_qr(exec, q, rows, columns, level);
  if (!done) detail::householder_q(q, rows, columns, level);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
