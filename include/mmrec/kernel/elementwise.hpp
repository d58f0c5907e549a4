// mmrec/kernel/elementwise.hpp - activations and softmax with their gradients.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/math_loops.hpp>

namespace mmrec::inline v0 {
namespace kernel {

namespace detail {
template <unary Function, executor Exec, class T>
void map_all(const Exec& exec, std::size_t count, const T* x, T* y, T parameter, simd_level level) {
  for_ranges(exec, count, elementwise_grain, [&](std::size_t begin, std::size_t end) {
    map<Function, T>(end - begin, x + begin, y + begin, parameter, level);
  });
}
template <binary Function, executor Exec, class T>
void gradient_all(const Exec& exec, std::size_t count, const T* value, const T* dy, T* dx, T parameter, simd_level level) {
  for_ranges(exec, count, elementwise_grain, [&](std::size_t begin, std::size_t end) {
    map_gradient<Function, T>(end - begin, value + begin, dy + begin, dx + begin, parameter, level);
  });
}
/// Whole rows, about elementwise_grain elements a task.
template <executor Exec, class Body>
void for_rows(const Exec& exec, std::size_t rows, std::size_t width, const Body& body) {
  for_ranges(exec, rows, std::max<std::size_t>(1, elementwise_grain / std::max<std::size_t>(1, width)),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t index = begin; index < end; ++index) body(index);
             });
}
}  // namespace detail

// Activations of contiguous arrays.
//
// Shapes     x, y, dy, dx: count; y == x and dx == dy allowed. Gradients overwrite dx
// Result     float: see math.hpp; same bits for any number of threads. NaN stays NaN
// Forward reads the input x; backward reads the output y where that suffices, else the input x.

/// y = max(x, 0); the gradient at 0 is 0.
template <executor Exec, class T>
void relu_forward(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  detail::map_all<detail::unary::relu>(exec, count, x, y, T(0), level);
}
template <executor Exec, class T>
void relu_backward(const Exec& exec, std::size_t count, const T* y, const T* dy, T* dx,
                   simd_level level = best_simd_level()) {
  detail::gradient_all<detail::binary::relu>(exec, count, y, dy, dx, T(0), level);
}

/// y = x for positive x, slope * x for others.
template <executor Exec, class T>
void leaky_relu_forward(const Exec& exec, std::size_t count, T slope, const T* x, T* y,
                        simd_level level = best_simd_level()) {
  detail::map_all<detail::unary::leaky_relu>(exec, count, x, y, slope, level);
}
template <executor Exec, class T>
void leaky_relu_backward(const Exec& exec, std::size_t count, T slope, const T* x, const T* dy, T* dx,
                         simd_level level = best_simd_level()) {
  detail::gradient_all<detail::binary::leaky_relu>(exec, count, x, dy, dx, slope, level);
}

/// y = 1 / (1 + exp(-x))
template <executor Exec, class T>
void sigmoid_forward(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  detail::map_all<detail::unary::sigmoid>(exec, count, x, y, T(0), level);
}
template <executor Exec, class T>
void sigmoid_backward(const Exec& exec, std::size_t count, const T* y, const T* dy, T* dx,
                      simd_level level = best_simd_level()) {
  detail::gradient_all<detail::binary::sigmoid>(exec, count, y, dy, dx, T(0), level);
}

template <executor Exec, class T>
void tanh_forward(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  detail::map_all<detail::unary::tanh>(exec, count, x, y, T(0), level);
}
template <executor Exec, class T>
void tanh_backward(const Exec& exec, std::size_t count, const T* y, const T* dy, T* dx,
                   simd_level level = best_simd_level()) {
  detail::gradient_all<detail::binary::tanh>(exec, count, y, dy, dx, T(0), level);
}

/// y = x * P(Z <= x) for a standard normal Z = x / 2 (1 + erf(x / sqrt 2)): PyTorch's default. The error is 2 units in the
/// last place of x, not of the much smaller result, for negative x.
/// Reference  Hendrycks, Gimpel, "Gaussian error linear units", 2016
template <executor Exec, class T>
void gelu_forward(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  detail::map_all<detail::unary::gelu>(exec, count, x, y, T(0), level);
}
template <executor Exec, class T>
void gelu_backward(const Exec& exec, std::size_t count, const T* x, const T* dy, T* dx,
                   simd_level level = best_simd_level()) {
  detail::gradient_all<detail::binary::gelu>(exec, count, x, dy, dx, T(0), level);
}

/// gelu's approximation x / 2 (1 + tanh(sqrt(2 / pi) (x + 0.044715 x^3))), PyTorch's approximate="tanh".
template <executor Exec, class T>
void gelu_tanh_forward(const Exec& exec, std::size_t count, const T* x, T* y, simd_level level = best_simd_level()) {
  detail::map_all<detail::unary::gelu_tanh>(exec, count, x, y, T(0), level);
}
template <executor Exec, class T>
void gelu_tanh_backward(const Exec& exec, std::size_t count, const T* x, const T* dy, T* dx,
                        simd_level level = best_simd_level()) {
  detail::gradient_all<detail::binary::gelu_tanh>(exec, count, x, dy, dx, T(0), level);
}

/// y = exp(x) / sum of exp(x), in each row on its own, computed after subtraction of the row's largest value.
///
/// Shapes     x, y: rows x width, contiguous, y == x allowed; lengths: rows, or null for whole rows
/// Result     the elements from lengths[row] on are taken for minus infinity: they become 0, and a row of length 0 becomes
///            all zeros. Lengths above width count as width. NaN in a row makes its whole used part NaN.
///            Same bits for any number of threads
template <executor Exec, class T>
void softmax_forward(const Exec& exec, std::size_t rows, std::size_t width, const std::uint32_t* lengths, const T* x, T* y,
                     simd_level level = best_simd_level()) {
  detail::for_rows(exec, rows, width, [&](std::size_t row) {
    const std::size_t used = lengths == nullptr ? width : std::min<std::size_t>(width, lengths[row]);
    if (used != 0) {
      detail::row<detail::row_function::softmax, T>(used, x + row * width, nullptr, y + row * width, level);
    }
    std::fill_n(y + row * width + used, width - used, T(0));
  });
}
/// From the output. Masked elements have y = 0 and thus gradient 0, whatever dy holds there, NaN excepted.
template <executor Exec, class T>
void softmax_backward(const Exec& exec, std::size_t rows, std::size_t width, const T* y, const T* dy, T* dx,
                      simd_level level = best_simd_level()) {
  detail::for_rows(exec, rows, width, [&](std::size_t row) {
    const std::size_t at = row * width;
    if (width != 0) detail::row<detail::row_function::softmax_gradient, T>(width, y + at, dy + at, dx + at, level);
  });
}

/// y = x - log of the sum of exp(x), in each row on its own.
/// Shapes     x, y: rows x width, contiguous, y == x allowed
template <executor Exec, class T>
void log_softmax_forward(const Exec& exec, std::size_t rows, std::size_t width, const T* x, T* y,
                         simd_level level = best_simd_level()) {
  detail::for_rows(exec, rows, width, [&](std::size_t row) {
    const std::size_t at = row * width;
    if (width != 0) detail::row<detail::row_function::log_softmax, T>(width, x + at, nullptr, y + at, level);
  });
}
template <executor Exec, class T>
void log_softmax_backward(const Exec& exec, std::size_t rows, std::size_t width, const T* y, const T* dy, T* dx,
                          simd_level level = best_simd_level()) {
  detail::for_rows(exec, rows, width, [&](std::size_t row) {
    const std::size_t at = row * width;
    if (width != 0) detail::row<detail::row_function::log_softmax_gradient, T>(width, y + at, dy + at, dx + at, level);
  });
}

/// result[row] = log of the sum of exp(x) of the row; minus infinity for width 0. Its gradient is softmax(x).
/// Shapes     x: rows x width, contiguous; result: rows
template <executor Exec, class T>
void log_sum_exp(const Exec& exec, std::size_t rows, std::size_t width, const T* x, T* result,
                 simd_level level = best_simd_level()) {
  detail::for_rows(exec, rows, width, [&](std::size_t row) {
    result[row] = -std::numeric_limits<T>::infinity();
    if (width != 0) {
      detail::row<detail::row_function::log_sum_exp, T>(width, x + row * width, nullptr, result + row, level);
    }
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
