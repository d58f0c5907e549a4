// mmrec/kernel/math.hpp - exp, tanh, sigmoid and erf of arrays.
#pragma once
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/math_loops.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// y[i] = exp(x[i]), tanh(x[i]), 1 / (1 + exp(-x[i])), erf(x[i]) for i below count.
///
/// Shapes     x, y: count, y == x allowed
/// Result     float: within 2 units in the last place of the exact value, for every float; NaN stays NaN, large and small
///            arguments end as in the standard library (infinity, zero, one), subnormal results included. double: what the
///            standard library gives. Same bits for any number of threads; levels agree within the bound
template <executor Exec, class T>
void array_exp(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  for_ranges(exec, count, detail::elementwise_grain, [&](std::size_t begin, std::size_t end) {
    detail::map<detail::unary::exp, T>(end - begin, x + begin, y + begin, T(0), level);
  });
}
template <executor Exec, class T>
void array_tanh(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  for_ranges(exec, count, detail::elementwise_grain, [&](std::size_t begin, std::size_t end) {
    detail::map<detail::unary::tanh, T>(end - begin, x + begin, y + begin, T(0), level);
  });
}
template <executor Exec, class T>
void array_sigmoid(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  for_ranges(exec, count, detail::elementwise_grain, [&](std::size_t begin, std::size_t end) {
    detail::map<detail::unary::sigmoid, T>(end - begin, x + begin, y + begin, T(0), level);
  });
}
template <executor Exec, class T>
void array_erf(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  for_ranges(exec, count, detail::elementwise_grain, [&](std::size_t begin, std::size_t end) {
    detail::map<detail::unary::erf, T>(end - begin, x + begin, y + begin, T(0), level);
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
