// mmrec/nn/layers/gelu.hpp - the Gaussian error linear unit.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/activation.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
struct gelu_function {
  static constexpr std::string_view name = "gelu";
  static constexpr bool uses_output = false;
  static constexpr bool keeps_zero = true;
  template <backend Exec, class T>
  static void forward(const Exec& exec, std::size_t count, const T* x, T* y, kernel::simd_level level) {
    using kernel::gelu_forward;
    gelu_forward(exec, count, x, y, level);
  }
  template <backend Exec, class T>
  static void backward(const Exec& exec, std::size_t count, const T* x, const T*, const T* y_gradient, T* x_gradient,
                       kernel::simd_level level) {
    using kernel::gelu_backward;
    gelu_backward(exec, count, x, y_gradient, x_gradient, level);
  }
};
}  // namespace detail

/// y = x P(Z <= x) for a standard normal Z: x / 2 (1 + erf(x / sqrt 2)).
///
/// Shapes     any, kept
/// Result     same bits for any number of threads
/// Reference  Hendrycks, Gimpel, "Gaussian error linear units", 2016
/// PyTorch    nn.GELU()
struct gelu {
  template <class In>
  struct on;
  template <detail::real_shape In>
  struct on<In> : detail::elementwise_on<In, detail::gelu_function> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
