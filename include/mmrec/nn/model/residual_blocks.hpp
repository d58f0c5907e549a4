// mmrec/nn/model/residual_blocks.hpp - the blocks that residual networks are made of.
#pragma once
#include <cstddef>
#include <type_traits>
#include <utility>

#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/residual.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// The shortcut of a block from In to Out channels: a projection only where size or channels change.
template <std::size_t In, std::size_t Out, std::size_t Stride>
using block_shortcut = std::conditional_t<
    In == Out && Stride == 1, identity,
    named<"downsample", chain<conv2d<Out, 1, conv{.stride = Stride, .padding = 0, .bias = false}>, batch_norm>>>;

}  // namespace detail

/// Two convolutions of width 3 beside a shortcut: y = relu(bn2(conv2(relu(bn1(conv1(x))))) + shortcut(x)).
///
/// Shapes     C x H x W -> Channels x H / Stride x W / Stride; the shortcut projects ("downsample") where that changes the shape
/// PyTorch    torchvision's BasicBlock: conv1, bn1, conv2, bn2, downsample.0, downsample.1
/// Reference  He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016
template <std::size_t Channels, std::size_t Stride = 1>
struct basic_block {
  using body = chain<named<"conv1", conv2d<Channels, 3, conv{.stride = Stride, .bias = false}>>, named<"bn1", batch_norm>,
                     relu, named<"conv2", conv2d<Channels, 3, conv{.bias = false}>>, named<"bn2", batch_norm>>;
  template <std::size_t C>
  using layers = chain<named<"", residual<body, detail::block_shortcut<C, Channels, Stride>>>, relu>;

  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : layers<C>::template on<chw<C, H, W>> {};
};

/// A convolution of width 3 on Channels channels between two of width 1, the last to 4 Channels, beside a shortcut.
///
/// Shapes     C x H x W -> 4 Channels x H / Stride x W / Stride
/// PyTorch    torchvision's Bottleneck, which has its stride in the middle convolution: conv1, bn1, ..., conv3, bn3,
///            downsample.0, downsample.1
/// Reference  He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016
template <std::size_t Channels, std::size_t Stride = 1>
struct bottleneck_block {
  using body = chain<named<"conv1", conv2d<Channels, 1, conv{.bias = false}>>, named<"bn1", batch_norm>, relu,
                     named<"conv2", conv2d<Channels, 3, conv{.stride = Stride, .bias = false}>>, named<"bn2", batch_norm>,
                     relu, named<"conv3", conv2d<4 * Channels, 1, conv{.bias = false}>>, named<"bn3", batch_norm>>;
  template <std::size_t C>
  using layers = chain<named<"", residual<body, detail::block_shortcut<C, 4 * Channels, Stride>>>, relu>;

  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : layers<C>::template on<chw<C, H, W>> {};
};

namespace detail {
template <template <std::size_t, std::size_t> class Block, std::size_t Channels, std::size_t Stride, class Indices>
struct stage_of;
template <template <std::size_t, std::size_t> class Block, std::size_t Channels, std::size_t Stride, std::size_t... Index>
struct stage_of<Block, Channels, Stride, std::index_sequence<Index...>> {
  using type = chain<Block<Channels, Index == 0 ? Stride : 1>...>;
};
}  // namespace detail

/// Blocks of as many channels, one after another; the first with a stride.
template <template <std::size_t, std::size_t> class Block, std::size_t Channels, std::size_t Blocks, std::size_t Stride>
using residual_stage = typename detail::stage_of<Block, Channels, Stride, std::make_index_sequence<Blocks>>::type;

}  // namespace nn
}  // namespace mmrec::inline v0
