// mmrec/nn/layers/pool.hpp - what poolings share.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/pool.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/conv.hpp>
#include <mmrec/nn/layers/hw.hpp>
#include <mmrec/nn/layers/padding.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Options of max_pool and avg_pool: max_pool<3, pool{.stride = 2, .padding = 1}>. Of extents, sequences take the width.
struct pool {
  hw stride = 0;   ///< 0: that of the window, so that windows lie side by side
  hw padding = 0;  ///< at most half a window

  friend constexpr bool operator==(const pool&, const pool&) = default;
};

namespace detail {

/// "max_pool<3, stride 2, padding 1>"
inline std::string pool_name(const std::string& layer, const hw& window, const pool& options) {
  std::string text = layer + '<' + text_of(window);
  if (options.stride != hw(0)) text += ", stride " + text_of(options.stride);
  if (options.padding != hw(0)) text += ", padding " + text_of(options.padding);
  return text + '>';
}

constexpr std::size_t pool_stride(std::size_t asked, std::size_t window) {
  return (std::max)(asked == 0 ? window : asked, std::size_t{1});
}

/// The sizes of a pooling of pictures and of sequences, the latter as pictures of one row.
template <class In, hw Window, pool Options>
struct pool_sizes;
template <std::size_t C, std::size_t H, std::size_t W, hw Window, pool Options>
struct pool_sizes<chw<C, H, W>, Window, Options> {
  static constexpr kernel::pool2d_shape shape{.channels = C,
                                              .in_height = H,
                                              .in_width = W,
                                              .window_height = Window.height,
                                              .window_width = Window.width,
                                              .stride_height = pool_stride(Options.stride.height, Window.height),
                                              .stride_width = pool_stride(Options.stride.width, Window.width),
                                              .padding_height = Options.padding.height,
                                              .padding_width = Options.padding.width};
  // After a mistake something harmless, so that one mistake is one error.
  static constexpr bool fits =
      window_fits<Window.height, H + 2 * Options.padding.height> && window_fits<Window.width, W + 2 * Options.padding.width>;
  using output = chw<C, fits ? shape.out_height() : 1, fits ? shape.out_width() : 1>;

  static void check() {
    static_assert(2 * Options.padding.height <= Window.height && 2 * Options.padding.width <= Window.width,
                  "mmrec: the padding of a pooling is at most half a window");
    static_assert(
        window_fits<Window.height, H + 2 * Options.padding.height>,
        "mmrec: the window of a pooling is higher than the picture; the line below has window_fits<WINDOW, PICTURE>");
    static_assert(
        window_fits<Window.width, W + 2 * Options.padding.width>,
        "mmrec: the window of a pooling is wider than the picture; the line below has window_fits<WINDOW, PICTURE>");
  }
  static std::string name(const std::string& layer) { return pool_name(layer, Window, Options); }
};
template <std::size_t D, hw Window, pool Options>
struct pool_sizes<sequence<D>, Window, Options> {
  static constexpr kernel::pool2d_shape shape{.channels = D,
                                              .in_height = 1,
                                              .in_width = 1,
                                              .window_height = 1,
                                              .window_width = Window.width,
                                              .stride_height = 1,
                                              .stride_width = pool_stride(Options.stride.width, Window.width),
                                              .padding_height = 0,
                                              .padding_width = Options.padding.width};
  using output = sequence<D>;

  static void check() {
    static_assert(Window.width != 0, "mmrec: the window of a pooling has at least one step");
    static_assert(2 * Options.padding.width <= Window.width, "mmrec: the padding of a pooling is at most half a window");
  }
  static std::string name(const std::string& layer) {
    return pool_name(layer, Window.width, {Options.stride.width, Options.padding.width});
  }
};

/// The passes of a pooling by Function, which has forward(exec, shape, images, x, y, level) and
/// backward(exec, shape, images, x, y gradient, x gradient, level); for sequences on devices, with lengths for the level.
template <class In, class Function, hw Window, pool Options>
struct pool_on : layer_base<In, typename pool_sizes<In, Window, Options>::output> {
  using sizes = pool_sizes<In, Window, Options>;
  static constexpr kernel::pool2d_shape fixed = sizes::shape;

  static std::string name() { return sizes::name(Function::name); }
  static void check_wiring() { sizes::check(); }

  static constexpr kernel::pool2d_shape shape_for(std::size_t steps) {
    kernel::pool2d_shape shape = fixed;
    if constexpr (has_steps<In>) shape.in_width = steps;
    return shape;
  }
  static constexpr bool on_devices = true;
  static constexpr bool changes_steps = has_steps<In>;
  static constexpr length_window window_of_lengths{fixed.window_width, fixed.stride_width, fixed.padding_width, 1};
  static constexpr std::size_t steps(std::size_t in) { return has_steps<In> ? shape_for(in).out_width() : 1; }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    if constexpr (!has_steps<In>) {
      return Function::forward(pass.exec, kernel::constant_pool2d<fixed>{}, in.count, in.data, out, pass.level);
    } else if constexpr (device_queue<Exec>) {
      return Function::forward(pass.exec, shape_for(in.steps), in.count, in.data, out, in.lengths);
    } else {
      each_length(in, [&](std::size_t example, std::size_t count, std::size_t length) {
        const auto shape = shape_for(length);
        T* const first = out + example * shape_for(in.steps).out_size();
        Function::forward(pass.exec, shape, count, in.data + example * in_size(in), first, pass.level);
        std::fill(first + count * shape.out_size(), first + count * shape_for(in.steps).out_size(), T(0));
      });
    }
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>&) {
    if (in_gradient == nullptr) return;
    if constexpr (!has_steps<In>) {
      Function::backward(pass.exec, kernel::constant_pool2d<fixed>{}, in.count, in.data, out_gradient, in_gradient,
                         pass.level);
    } else if constexpr (device_queue<Exec>) {
      Function::backward(pass.exec, shape_for(in.steps), in.count, in.data, out_gradient, in_gradient, in.lengths);
    } else {
      each_length(in, [&](std::size_t example, std::size_t count, std::size_t length) {
        const auto shape = shape_for(length);
        T* const first = in_gradient + example * in_size(in);
        if (shape.out_size() == 0) return static_cast<void>(std::fill_n(first, count * in_size(in), T(0)));
        Function::backward(pass.exec, shape, count, in.data + example * in_size(in),
                           out_gradient + example * shape_for(in.steps).out_size(), first, pass.level);
        std::fill(first + count * shape.in_size(), first + count * in_size(in), T(0));
      });
    }
  }

 private:
  template <class T>
  static std::size_t in_size(const batch_view<In, T>& in) {
    return shape_size<In>::of(in.steps);
  }
  /// Calls body(first example, examples, their steps) for examples of one length: what lies beyond it is outside the picture.
  template <class T, class Body>
  static void each_length(const batch_view<In, T>& in, const Body& body) {
    if (in.lengths != nullptr) {
      for (std::size_t example = 0; example < in.count; ++example) body(example, std::size_t{1}, in.length(example));
      return;
    }
    if (in.count != 0) body(std::size_t{0}, in.count, in.steps);
  }
};

}  // namespace detail
}  // namespace nn
}  // namespace mmrec::inline v0
