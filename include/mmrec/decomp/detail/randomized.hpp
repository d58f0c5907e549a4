// mmrec/decomp/detail/randomized.hpp - leading right singular vectors from a random start, by power iteration or Krylov spaces.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/decomp/detail/directions.hpp>
#include <mmrec/kernel/block_lanczos.hpp>
#include <mmrec/kernel/randomized_svd.hpp>

namespace mmrec::inline v0 {
namespace decomp::detail {

/// Dimensions of the random subspace: never more than the matrix has.
inline std::size_t subspace_width(std::size_t most, std::size_t components, std::size_t oversampling) {
  return components + (std::min)(oversampling, most - components);
}

inline void require_power_iterations(std::string_view function, std::size_t power_iterations) {
  require_config(power_iterations <= 1000, function, "power_iterations", "must be at most 1000");
}

[[noreturn]] inline void throw_too_large(std::string_view function) {
  throw numeric_error(function, "the projected matrix has no finite eigenvalues: the values are too large");
}

/// See kernel::randomized_right_vectors. `total` is passed through.
template <class T, executor Exec, class Operator>
directions<T> randomized_directions(std::string_view function, const Exec& exec, Operator& a, std::size_t columns,
                                    std::size_t count, std::size_t width, std::size_t power_iterations, seed key,
                                    double total) {
  std::vector<double> vectors(count * columns), squares(width);
  if (!kernel::randomized_right_vectors<T>(function, exec, a, columns, count, width, power_iterations, key,
                                           std::span<double>(vectors), std::span<double>(squares))) {
    throw_too_large(function);
  }
  return make_directions<T>(vectors.data(), std::span(squares).first(count), columns, total);
}

/// See kernel::block_lanczos_right_vectors. `total` is passed through.
template <class T, executor Exec>
directions<T> krylov_directions(std::string_view function, const Exec& exec, const csr_matrix<T>& a, std::size_t count,
                                std::size_t width, std::size_t power_iterations, seed key, double total) {
  std::vector<T> vectors(count * a.cols());
  std::vector<double> squares(count);
  if (!kernel::block_lanczos_right_vectors<T>(function, exec, a, count, kernel::krylov_columns(width, power_iterations), key,
                                              std::span<T>(vectors), std::span<double>(squares))) {
    throw_too_large(function);
  }
  return make_directions<T>(vectors.data(), squares, a.cols(), total);
}

}  // namespace decomp::detail
}  // namespace mmrec::inline v0
