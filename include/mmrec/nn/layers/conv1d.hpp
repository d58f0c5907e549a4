// mmrec/nn/layers/conv1d.hpp - a convolution along the steps of sequences.
#pragma once
#include <cstddef>
#include <string>

#include <mmrec/nn/layers/conv.hpp>
#include <mmrec/nn/layers/hw.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Each output step is a weighted sum of the Kernel steps about its place, plus a bias. The kernel is not flipped.
///
///   conv1d<64, 3>                              keeps the number of steps
///   conv1d<64, 4, conv{.padding = 0}>          gives one for each 4 neighbours
///
/// Shapes     T x D -> T' x Out, T' = floor((T + 2 padding - dilation (Kernel - 1) - 1) / stride) + 1, by each example's own
///            length; a sequence that is shorter than the kernel, or empty, gives no steps. weight Kernel x D / groups x Out,
///            bias Out
/// Cost       T' Out Kernel D / groups multiplications a sequence
/// Result     same bits for any number of threads, and for a sequence alone or in a batch
/// PyTorch    nn.Conv1d on D x T, whose weight is Out x D / groups x Kernel, and whose default padding is 0
template <std::size_t Out, std::size_t Kernel, conv Options = conv{}>
struct conv1d {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>>;
};

namespace detail {
/// The same along the columns of pictures of one row.
constexpr conv one_row(const conv& options) {
  return {.stride = along_steps(options.stride, 1),
          .padding = along_steps(options.padding, 0),
          .dilation = along_steps(options.dilation, 1),
          .groups = options.groups,
          .bias = options.bias};
}
/// The same with widths alone, to be named.
constexpr conv widths(const conv& options) {
  return {options.stride.width, options.padding.width, options.dilation.width, options.groups, options.bias};
}
template <std::size_t D, std::size_t Out, std::size_t Kernel, conv Options>
struct conv1d_sizes : conv_sizes<D, 1, 1, Out, hw{1, Kernel}, one_row(Options)> {};
}  // namespace detail

template <std::size_t Out, std::size_t Kernel, conv Options>
template <std::size_t D>
struct conv1d<Out, Kernel, Options>::on<sequence<D>>
    : detail::conv_on<sequence<D>, sequence<Out>, detail::conv1d_sizes<D, Out, Kernel, Options>, Options.bias> {
  using sizes = detail::conv1d_sizes<D, Out, Kernel, Options>;
  static constexpr auto parameters = detail::conv_parameters<sizes, Options.bias, true>();
  static std::string name() { return detail::conv_name("conv1d", Out, Kernel, detail::widths(Options)); }
};

}  // namespace nn
}  // namespace mmrec::inline v0
