// mmrec/nn/layers/conv2d.hpp - a convolution over pictures.
#pragma once
#include <cstddef>
#include <string>

#include <mmrec/nn/layers/conv.hpp>
#include <mmrec/nn/layers/hw.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Each output pixel is a weighted sum of the Kernel pixels about its place, plus a bias. The kernel is not flipped.
///
///   conv2d<32, 3>                                               keeps the size of the picture
///   conv2d<64, 7, conv{.stride = 2, .bias = false}>             halves it
///   conv2d<32, hw{1, 5}, conv{.padding = 0}>                    a kernel of one row, no zeros around
///   conv2d<32, 3, conv{.groups = 32}>                           of 32 channels: each by itself
///
/// Shapes     C x H x W -> Out x H' x W', H' = floor((H + 2 padding - dilation (kernel - 1) - 1) / stride) + 1 and W' alike;
///            weight kernel height x kernel width x C / groups x Out, bias Out
/// Cost       H' W' Out kernel height * kernel width * C / groups multiplications a picture
/// Result     same bits for any number of threads, and for a picture alone or in a batch
/// PyTorch    nn.Conv2d, whose weight is Out x C / groups x kernel height x kernel width, and whose default padding is 0
template <std::size_t Out, hw Kernel, conv Options = conv{}>
struct conv2d {
  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>>;
};

namespace detail {

template <std::size_t C, std::size_t H, std::size_t W, std::size_t Out, hw Kernel, conv Options>
struct conv2d_sizes : conv_sizes<C, H, W, Out, Kernel, Options> {
  using base = conv_sizes<C, H, W, Out, Kernel, Options>;
  static constexpr kernel::conv2d_shape shape = base::shape;
  static constexpr bool fits = window_fits<shape.dilation_height*(Kernel.height - 1) + 1, H + 2 * base::padding_height> &&
                               window_fits<shape.dilation_width*(Kernel.width - 1) + 1, W + 2 * base::padding_width>;
  // After a mistake something harmless, so that one mistake is one error.
  using output = chw<Out, fits ? shape.out_height() : 1, fits ? shape.out_width() : 1>;

  static void check() {
    base::check();
    static_assert(
        window_fits<shape.dilation_height*(Kernel.height - 1) + 1, H + 2 * base::padding_height>,
        "mmrec: the kernel of a convolution is higher than the padded picture; the line below has window_fits<KERNEL, "
        "PADDED PICTURE>");
    static_assert(
        window_fits<shape.dilation_width*(Kernel.width - 1) + 1, W + 2 * base::padding_width>,
        "mmrec: the kernel of a convolution is wider than the padded picture; the line below has window_fits<KERNEL, "
        "PADDED PICTURE>");
  }
};

}  // namespace detail

template <std::size_t Out, hw Kernel, conv Options>
template <std::size_t C, std::size_t H, std::size_t W>
struct conv2d<Out, Kernel, Options>::on<chw<C, H, W>>
    : detail::conv_on<chw<C, H, W>, typename detail::conv2d_sizes<C, H, W, Out, Kernel, Options>::output,
                      detail::conv2d_sizes<C, H, W, Out, Kernel, Options>, Options.bias> {
  using sizes = detail::conv2d_sizes<C, H, W, Out, Kernel, Options>;
  static constexpr auto parameters = detail::conv_parameters<sizes, Options.bias, false>();
  static std::string name() { return detail::conv_name("conv2d", Out, Kernel, Options); }
};

}  // namespace nn
}  // namespace mmrec::inline v0
