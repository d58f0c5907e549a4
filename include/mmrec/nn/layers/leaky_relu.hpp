// mmrec/nn/layers/leaky_relu.hpp - negative numbers made small.
#pragma once
#include <cstddef>
#include <ratio>
#include <string_view>

#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/activation.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
template <class Slope>
struct leaky_relu_function {
  static constexpr std::string_view name = "leaky_relu";
  static constexpr bool uses_output = false;
  static constexpr bool keeps_zero = true;
  template <class T>
  static constexpr T slope = static_cast<T>(Slope::num) / static_cast<T>(Slope::den);

  template <backend Exec, class T>
  static void forward(const Exec& exec, std::size_t count, const T* x, T* y, kernel::simd_level level) {
    using kernel::leaky_relu_forward;
    leaky_relu_forward(exec, count, slope<T>, x, y, level);
  }
  template <backend Exec, class T>
  static void backward(const Exec& exec, std::size_t count, const T* x, const T*, const T* y_gradient, T* x_gradient,
                       kernel::simd_level level) {
    using kernel::leaky_relu_backward;
    leaky_relu_backward(exec, count, slope<T>, x, y_gradient, x_gradient, level);
  }
};
}  // namespace detail

/// y = x for positive x, Slope * x for others; Slope is a std::ratio.
///
/// Shapes     any, kept
/// Result     same bits for any number of threads
/// PyTorch    nn.LeakyReLU(negative_slope)
template <class Slope = std::ratio<1, 100>>
struct leaky_relu {
  template <class In>
  struct on;
  template <detail::real_shape In>
  struct on<In> : detail::elementwise_on<In, detail::leaky_relu_function<Slope>> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
