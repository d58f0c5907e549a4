// mmrec/nn/layers/sigmoid.hpp - the logistic function.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/activation.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
struct sigmoid_function {
  static constexpr std::string_view name = "sigmoid";
  static constexpr bool uses_output = true;
  static constexpr bool keeps_zero = false;
  template <backend Exec, class T>
  static void forward(const Exec& exec, std::size_t count, const T* x, T* y, kernel::simd_level level) {
    using kernel::sigmoid_forward;
    sigmoid_forward(exec, count, x, y, level);
  }
  template <backend Exec, class T>
  static void backward(const Exec& exec, std::size_t count, const T*, const T* y, const T* y_gradient, T* x_gradient,
                       kernel::simd_level level) {
    using kernel::sigmoid_backward;
    sigmoid_backward(exec, count, y, y_gradient, x_gradient, level);
  }
};
}  // namespace detail

/// y = 1 / (1 + exp(-x)).
///
/// Shapes     any, kept
/// Result     same bits for any number of threads
/// PyTorch    nn.Sigmoid
struct sigmoid {
  template <class In>
  struct on;
  template <detail::real_shape In>
  struct on<In> : detail::elementwise_on<In, detail::sigmoid_function> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
