// mmrec/kernel/affine.hpp - the products of a fully connected layer and of its gradients.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/gemm.hpp>

namespace mmrec::inline v0 {
namespace kernel {
namespace detail {

/// Up to this many rows, packing the weights costs more than the product.
inline constexpr std::size_t affine_few_rows = 8;

}  // namespace detail

/// Elements of scratch that affine() needs.
template <class T>
constexpr std::size_t affine_scratch(std::size_t rows, std::size_t inner, std::size_t columns, std::size_t concurrency) {
  return rows <= detail::affine_few_rows ? 0 : gemm_scratch<T>(rows, columns, inner, concurrency);
}
/// y = x W + b, negative numbers cut off if `relu`.
///
/// Shapes     x: rows x inner, weights: inner x columns, bias: columns or null, y: rows x columns, none overlapping
/// Cost       rows * inner * columns multiplications; no allocation
/// Result     same bits for any number of threads
template <executor Exec, class T>
void affine(const Exec& exec, std::size_t rows, std::size_t inner, std::size_t columns, const T* x, const T* weights,
            const T* bias, bool relu, T* y, T* scratch, simd_level level = best_simd_level()) {
  if (rows == 0) return;
  if (rows <= detail::affine_few_rows) {
    multiply_rows(x, inner, rows, inner, weights, columns, columns, y, columns, level);
    if (bias != nullptr || relu) detail::finish_tile(bias, relu, rows, columns, y, columns);
    return;
  }
  gemm(exec,
       gemm_problem<T>{.rows = rows,
                       .columns = columns,
                       .inner = inner,
                       .a = as_stored(x, inner),
                       .b = as_stored(weights, columns),
                       .c = y,
                       .c_stride = columns,
                       .bias = bias,
                       .relu = relu},
       scratch, level);
}
/// The same, and the same bits, for weights as gemm_pack() leaves them: for many calls with the same weights.
template <executor Exec, class T>
void affine_packed(const Exec& exec, std::size_t rows, std::size_t inner, std::size_t columns, const T* x, const T* packed,
                   const T* bias, bool relu, T* y, T* scratch, simd_level level = best_simd_level()) {
  if (rows == 0) return;
  if (rows <= detail::affine_few_rows) {
    multiply_rows_packed(x, inner, rows, inner, packed, columns, y, columns, level);
    if (bias != nullptr || relu) detail::finish_tile(bias, relu, rows, columns, y, columns);
    return;
  }
  gemm(exec,
       gemm_problem<T>{.rows = rows,
                       .columns = columns,
                       .inner = inner,
                       .a = as_stored(x, inner),
                       .b = {},
                       .c = y,
                       .c_stride = columns,
                       .packed_b = packed,
                       .bias = bias,
                       .relu = relu},
       scratch, level);
}

/// Elements of scratch that affine_backward_input() needs.
template <class T>
constexpr std::size_t affine_backward_input_scratch(std::size_t rows, std::size_t inner, std::size_t columns,
                                                    std::size_t concurrency) {
  return gemm_scratch<T>(rows, inner, columns, concurrency);
}
/// The gradient by x: dx = dy W^T, overwritten. Shapes and promises as for affine().
template <executor Exec, class T>
void affine_backward_input(const Exec& exec, std::size_t rows, std::size_t inner, std::size_t columns, const T* y_gradient,
                           const T* weights, T* x_gradient, T* scratch, simd_level level = best_simd_level()) {
  gemm(exec,
       gemm_problem<T>{.rows = rows,
                       .columns = inner,
                       .inner = columns,
                       .a = as_stored(y_gradient, columns),
                       .b = transposed(weights, columns),
                       .c = x_gradient,
                       .c_stride = inner},
       scratch, level);
}

/// Elements of scratch that affine_backward_weights() needs.
template <class T>
constexpr std::size_t affine_backward_weights_scratch(std::size_t rows, std::size_t inner, std::size_t columns,
                                                      std::size_t concurrency) {
  return gemm_scratch<T>(inner, columns, rows, concurrency);
}
/// The gradients by the weights and, unless null, by the bias: dW += x^T dy, db += column sums of dy.
template <executor Exec, class T>
void affine_backward_weights(const Exec& exec, std::size_t rows, std::size_t inner, std::size_t columns, const T* x,
                             const T* y_gradient, T* weight_gradient, T* bias_gradient, T* scratch,
                             simd_level level = best_simd_level()) {
  gemm(exec,
       gemm_problem<T>{.rows = inner,
                       .columns = columns,
                       .inner = rows,
                       .a = transposed(x, inner),
                       .b = as_stored(y_gradient, columns),
                       .c = weight_gradient,
                       .c_stride = columns,
                       .accumulate = true},
       scratch, level);
  if (bias_gradient == nullptr) return;
  constexpr std::size_t strip = 64;
  for_ranges(exec, columns, strip, [&](std::size_t begin, std::size_t end) {
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t j = begin; j < end; ++j) bias_gradient[j] += y_gradient[row * columns + j];
    }
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
