// mmrec/nn/model/resnet.hpp - residual networks for pictures.
#pragma once
#include <cstddef>

#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/max_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/model/residual_blocks.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// Head: what follows the average over the last stage's pixels.
template <template <std::size_t, std::size_t> class Block, std::size_t A, std::size_t B, std::size_t C, std::size_t D,
          shape Input, class... Head>
using resnet_of =
    sequential<Input, named<"conv1", conv2d<64, 7, conv{.stride = 2, .bias = false}>>, named<"bn1", batch_norm>, relu,
               max_pool<3, pool{.stride = 2, .padding = 1}>, named<"layer1", residual_stage<Block, 64, A, 1>>,
               named<"layer2", residual_stage<Block, 128, B, 2>>, named<"layer3", residual_stage<Block, 256, C, 2>>,
               named<"layer4", residual_stage<Block, 512, D, 2>>, global_avg_pool, Head...>;

}  // namespace detail

/// Residual networks under torchvision's names (conv1.weight, bn1.running_mean, layer1.0.conv1.weight,
/// layer2.0.downsample.0.weight, fc.bias), so that io::read_weights takes its files. Pictures are read as the weights were
/// trained on: torchvision's are standardised by channel means 0.485, 0.456, 0.406 and deviations 0.229, 0.224, 0.225.
///
///   nn::resnet18<>                                a thousand classes of 3 x 224 x 224
///   nn::resnet50_features<nn::chw<3, 128, 128>>   without the last layer, as an encoder: 2048 features
///
/// Shapes     Input -> Classes (logits); the features 512, 512 and 2048. Any input of 32 x 32 or more is halved five times
/// Cost       resnet18: 11.7 million parameters, 1.8 * 10^9 multiplications a picture of 224 x 224; resnet34: 21.8, 3.7;
///            resnet50: 25.6, 4.1
/// Result     as sequential
/// PyTorch    torchvision.models.resnet18, resnet34, resnet50
/// Reference  He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016
template <std::size_t Classes = 1000, shape Input = chw<3, 224, 224>>
using resnet18 = detail::resnet_of<basic_block, 2, 2, 2, 2, Input, named<"fc", dense<Classes>>>;
template <std::size_t Classes = 1000, shape Input = chw<3, 224, 224>>
using resnet34 = detail::resnet_of<basic_block, 3, 4, 6, 3, Input, named<"fc", dense<Classes>>>;
template <std::size_t Classes = 1000, shape Input = chw<3, 224, 224>>
using resnet50 = detail::resnet_of<bottleneck_block, 3, 4, 6, 3, Input, named<"fc", dense<Classes>>>;

/// The same without the last layer; files with one are read with weights_options{.ignore_others = true}.
template <shape Input = chw<3, 224, 224>>
using resnet18_features = detail::resnet_of<basic_block, 2, 2, 2, 2, Input>;
template <shape Input = chw<3, 224, 224>>
using resnet34_features = detail::resnet_of<basic_block, 3, 4, 6, 3, Input>;
template <shape Input = chw<3, 224, 224>>
using resnet50_features = detail::resnet_of<bottleneck_block, 3, 4, 6, 3, Input>;

}  // namespace nn
}  // namespace mmrec::inline v0
