// mmrec/nn/model/mini_resnet.hpp - a residual network for small pictures, to be trained on a CPU.
#pragma once
#include <cstddef>

#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/model/residual_blocks.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
template <std::size_t Width, std::size_t Blocks, shape Input, class... Head>
using mini_resnet_of =
    sequential<Input, named<"conv1", conv2d<Width, 3, conv{.bias = false}>>, named<"bn1", batch_norm>, relu,
               named<"layer1", residual_stage<basic_block, Width, Blocks, 1>>,
               named<"layer2", residual_stage<basic_block, 2 * Width, Blocks, 2>>,
               named<"layer3", residual_stage<basic_block, 4 * Width, Blocks, 2>>, global_avg_pool, Head...>;
}  // namespace detail

/// The residual network of the paper's CIFAR experiments: a convolution, three stages of Blocks blocks on Width, 2 Width and
/// 4 Width channels, an average over the pixels, a dense layer. Shortcuts between stages are projections.
///
///   nn::mini_resnet<10>                                  32 x 32 in colour, of 8 layers (6 Blocks + 2)
///   nn::mini_resnet<10, 32, 3>                           twice as wide, 20 layers
///   nn::mini_resnet_features<16, 1, nn::chw<3, 48, 32>>  posters, as an encoder: 64 features
///
/// Shapes     Input -> Classes (logits); the features 4 Width
/// Cost       78 042 parameters and 12.5 million multiplications a picture for mini_resnet<10>; both grow with Width^2
/// Result     as sequential
/// PyTorch    torchvision's ResNet with these stages and a first convolution of width 3; the same names
/// Reference  He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016, section 4.2
template <std::size_t Classes, std::size_t Width = 16, std::size_t Blocks = 1, shape Input = chw<3, 32, 32>>
using mini_resnet = detail::mini_resnet_of<Width, Blocks, Input, named<"fc", dense<Classes>>>;
/// The same without the last layer.
template <std::size_t Width = 16, std::size_t Blocks = 1, shape Input = chw<3, 32, 32>>
using mini_resnet_features = detail::mini_resnet_of<Width, Blocks, Input>;

}  // namespace nn
}  // namespace mmrec::inline v0
