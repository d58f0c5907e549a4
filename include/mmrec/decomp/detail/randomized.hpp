// mmrec/decomp/detail/randomized.hpp - leading right singular vectors by random projection and power iteration.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/decomp/detail/directions.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/orthonormalize.hpp>
#include <mmrec/kernel/symmetric_eigen.hpp>

namespace mmrec::inline v0 {
namespace decomp::detail {

/// Dimensions of the random subspace: never more than the matrix has.
inline std::size_t subspace_width(std::size_t most, std::size_t components, std::size_t oversampling) {
  return components + (std::min)(oversampling, most - components);
}

inline void require_power_iterations(std::string_view function, std::size_t power_iterations) {
  require_config(power_iterations <= 1000, function, "power_iterations", "must be at most 1000");
}

/// The `count` leading right singular vectors of A, N x D, from a random subspace of `width` >= count dimensions.
///
/// Halko, Martinsson and Tropp's range finder on the side of the columns: A^T A is applied power_iterations + 1 times to a
/// Gaussian start, with an orthonormal basis in between, and A is then solved exactly within that space. The tall
/// intermediate A Q is never orthonormalised, so every large operation is a matrix product. `total` is passed through.
template <class T, executor Exec, class Operator>
directions<T> randomized_directions(std::string_view function, const Exec& exec, Operator& a, std::size_t columns,
                                    std::size_t count, std::size_t width, std::size_t power_iterations, seed key,
                                    double total) {
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
    kernel::orthonormalize_columns(exec, basis.data(), columns, width);
    std::transform(basis.begin(), basis.end(), rounded.begin(), [](double value) { return static_cast<T>(value); });
  }
  report_progress(exec.sink(), function, power_iterations + 1, power_iterations + 2);

  std::vector<double> inner(width * width), squares(width);
  a.gram(exec, rounded.data(), width, inner.data());
  if (!kernel::symmetric_eigen(exec, std::span<double>(inner), std::span<double>(squares))) {
    throw numeric_error(function, "the projected matrix has no finite eigenvalues: the values are too large");
  }
  // Rows of V^T = W Q^T.
  std::vector<double> vectors(count * columns);
  kernel::gemm(exec, kernel::gemm_problem<double>{.rows = count,
                                                  .columns = columns,
                                                  .inner = width,
                                                  .a = kernel::as_stored<double>(inner.data(), width),
                                                  .b = kernel::transposed<double>(basis.data(), width),
                                                  .c = vectors.data(),
                                                  .c_stride = columns});
  report_progress(exec.sink(), function, power_iterations + 2, power_iterations + 2);
  return make_directions<T>(vectors, std::span(squares).first(count), columns, total);
}

}  // namespace decomp::detail
}  // namespace mmrec::inline v0
