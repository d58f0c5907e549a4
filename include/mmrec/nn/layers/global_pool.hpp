// mmrec/nn/layers/global_pool.hpp - one number for each channel of a picture, for each feature of a sequence.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/pool.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

struct global_avg_pool_function {
  static constexpr std::string_view name = "global_avg_pool";
  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, std::size_t count, std::size_t positions, std::size_t channels,
                      const std::uint32_t* lengths, const T* x, T* y) {
    using kernel::global_average_pool_forward;
    global_average_pool_forward(pass.exec, count, positions, channels, lengths, x, y, pass.level);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, std::size_t count, std::size_t positions, std::size_t channels,
                       const std::uint32_t* lengths, const T*, const T* y_gradient, T* x_gradient) {
    using kernel::global_average_pool_backward;
    global_average_pool_backward(pass.exec, count, positions, channels, lengths, y_gradient, x_gradient, pass.level);
  }
};
struct global_max_pool_function {
  static constexpr std::string_view name = "global_max_pool";
  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, std::size_t count, std::size_t positions, std::size_t channels,
                      const std::uint32_t* lengths, const T* x, T* y) {
    using kernel::global_max_pool_forward;
    global_max_pool_forward(pass.exec, count, positions, channels, lengths, x, y, pass.level);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, std::size_t count, std::size_t positions, std::size_t channels,
                       const std::uint32_t* lengths, const T* x, const T* y_gradient, T* x_gradient) {
    using kernel::global_max_pool_backward;
    global_max_pool_backward(pass.exec, count, positions, channels, lengths, x, y_gradient, x_gradient, pass.level);
  }
};

/// Pools the positions of an example: pixels, or steps up to its length.
template <class In, std::size_t Channels, class Function>
struct global_pool_on : layer_base<In, flat<Channels>> {
  static constexpr std::string_view name() { return Function::name; }
  static constexpr bool on_devices = true;

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    Function::forward(pass, in.count, positions(in.steps), Channels, in.lengths, in.data, out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>&) {
    if (in_gradient == nullptr) return;
    Function::backward(pass, in.count, positions(in.steps), Channels, in.lengths, in.data, out_gradient, in_gradient);
  }

 private:
  static constexpr std::size_t positions(std::size_t steps) { return shape_size<In>::of(steps) / Channels; }
};

template <class Function>
struct global_pool {
  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : global_pool_on<chw<C, H, W>, C, Function> {};
  template <std::size_t D>
  struct on<sequence<D>> : global_pool_on<sequence<D>, D, Function> {};
};

}  // namespace detail

/// The average over all pixels of a picture, or over the steps of a sequence up to its length.
///
/// Shapes     C x H x W -> C, T x D -> D; a sequence of no steps gives zeros
/// Result     same bits for any number of threads
/// PyTorch    nn.AdaptiveAvgPool2d(1) and a flatten
struct global_avg_pool : detail::global_pool<detail::global_avg_pool_function> {};

/// The largest number over all pixels of a picture, or over the steps of a sequence up to its length.
///
/// Shapes     C x H x W -> C, T x D -> D; a sequence of no steps gives zeros
/// Result     exact; of equal numbers the first gets the gradient
/// PyTorch    nn.AdaptiveMaxPool2d(1) and a flatten
struct global_max_pool : detail::global_pool<detail::global_max_pool_function> {};

}  // namespace nn
}  // namespace mmrec::inline v0
