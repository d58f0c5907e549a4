// mmrec/nn/layers/avg_pool.hpp - the average of each window.
#pragma once
#include <cstddef>

#include <mmrec/kernel/pool.hpp>
#include <mmrec/nn/layers/hw.hpp>
#include <mmrec/nn/layers/pool.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
struct avg_pool_function {
  static constexpr const char* name = "avg_pool";
  template <backend Exec, class Shape, class T, class... Rest>
  static void forward(const Exec& exec, const Shape& shape, std::size_t images, const T* x, T* y, Rest... rest) {
    using kernel::average_pool2d_forward;
    average_pool2d_forward(exec, shape, images, x, y, kernel::pool_divisor::window, rest...);
  }
  template <backend Exec, class Shape, class T, class... Rest>
  static void backward(const Exec& exec, const Shape& shape, std::size_t images, const T*, const T* y_gradient,
                       T* x_gradient, Rest... rest) {
    using kernel::average_pool2d_backward;
    average_pool2d_backward(exec, shape, images, y_gradient, x_gradient, kernel::pool_divisor::window, rest...);
  }
};
}  // namespace detail

/// The average of each window, channel by channel; padding counts as zeros.
///
///   avg_pool<2>                                    halves a picture
///
/// Shapes     C x H x W -> C x H' x W', H' = floor((H + 2 padding - window) / stride) + 1 and W' alike; T x D -> T' x D alike, by
///            each example's own length: what is shorter than the window gives no steps
/// Result     same bits for any number of threads
/// PyTorch    nn.AvgPool2d, nn.AvgPool1d
template <hw Window, pool Options = pool{}>
struct avg_pool {
  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : detail::pool_on<chw<C, H, W>, detail::avg_pool_function, Window, Options> {};
  template <std::size_t D>
  struct on<sequence<D>> : detail::pool_on<sequence<D>, detail::avg_pool_function, Window, Options> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
