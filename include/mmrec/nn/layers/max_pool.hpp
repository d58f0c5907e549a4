// mmrec/nn/layers/max_pool.hpp - the largest number of each window.
#pragma once
#include <cstddef>

#include <mmrec/kernel/pool.hpp>
#include <mmrec/nn/layers/hw.hpp>
#include <mmrec/nn/layers/pool.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
struct max_pool_function {
  static constexpr const char* name = "max_pool";
  template <backend Exec, class Shape, class T, class... Rest>
  static void forward(const Exec& exec, const Shape& shape, std::size_t images, const T* x, T* y, Rest... rest) {
    using kernel::max_pool2d_forward;
    max_pool2d_forward(exec, shape, images, x, y, rest...);
  }
  template <backend Exec, class Shape, class T, class... Rest>
  static void backward(const Exec& exec, const Shape& shape, std::size_t images, const T* x, const T* y_gradient,
                       T* x_gradient, Rest... rest) {
    using kernel::max_pool2d_backward;
    max_pool2d_backward(exec, shape, images, x, y_gradient, x_gradient, rest...);
  }
};
}  // namespace detail

/// The largest number of each window, channel by channel.
///
///   max_pool<2>                                    halves a picture
///   max_pool<3, pool{.stride = 2, .padding = 1}>   halves it by windows that overlap
///
/// Shapes     C x H x W -> C x H' x W', H' = floor((H + 2 padding - window) / stride) + 1 and W' alike; T x D -> T' x D alike, by
///            each example's own length: what is shorter than the window gives no steps
/// Result     exact; of equal numbers the first gets the gradient
/// PyTorch    nn.MaxPool2d, nn.MaxPool1d
template <hw Window, pool Options = pool{}>
struct max_pool {
  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : detail::pool_on<chw<C, H, W>, detail::max_pool_function, Window, Options> {};
  template <std::size_t D>
  struct on<sequence<D>> : detail::pool_on<sequence<D>, detail::max_pool_function, Window, Options> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
