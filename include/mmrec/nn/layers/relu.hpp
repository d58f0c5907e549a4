// mmrec/nn/layers/relu.hpp - negative numbers cut off.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/activation.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
struct relu_function {
  static constexpr std::string_view name = "relu";
  static constexpr bool uses_output = true;
  static constexpr bool keeps_zero = true;
  template <backend Exec, class T>
  static void forward(const Exec& exec, std::size_t count, const T* x, T* y, kernel::simd_level level) {
    using kernel::relu_forward;
    relu_forward(exec, count, x, y, level);
  }
  template <backend Exec, class T>
  static void backward(const Exec& exec, std::size_t count, const T*, const T* y, const T* y_gradient, T* x_gradient,
                       kernel::simd_level level) {
    using kernel::relu_backward;
    relu_backward(exec, count, y, y_gradient, x_gradient, level);
  }
};
}  // namespace detail

/// y = max(x, 0).
///
/// Shapes     any, kept
/// Result     same bits for any number of threads
/// PyTorch    nn.ReLU; the gradient at 0 is 0
struct relu {
  template <class In>
  struct on;
  template <detail::real_shape In>
  struct on<In> : detail::elementwise_on<In, detail::relu_function> {
    /// Layers that can apply it while they store their output do so at inference.
    static constexpr fused_activation fused = fused_activation::relu;
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0
