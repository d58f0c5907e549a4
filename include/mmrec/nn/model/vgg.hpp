// mmrec/nn/model/vgg.hpp - deep plain convolutional networks for pictures.
#pragma once
#include <cstddef>

#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/layers/adaptive_avg_pool.hpp>
#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/dropout.hpp>
#include <mmrec/nn/layers/flatten.hpp>
#include <mmrec/nn/layers/max_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// The layers of a table such as 64, 0, 128, ...: a convolution of so many channels each, 0 a pooling.
template <bool Norm, class Layers, std::size_t... Table>
struct vgg_features;
template <bool Norm, class... Done>
struct vgg_features<Norm, chain<Done...>> {
  using type = chain<Done...>;
};
template <bool Norm, class... Done, std::size_t... Rest>
struct vgg_features<Norm, chain<Done...>, 0, Rest...> : vgg_features<Norm, chain<Done..., max_pool<2>>, Rest...> {};
template <bool Norm, class... Done, std::size_t Channels, std::size_t... Rest>
requires(Channels != 0 && !Norm) struct vgg_features<Norm, chain<Done...>, Channels, Rest...>
    : vgg_features<Norm, chain<Done..., conv2d<Channels, 3>, relu>, Rest...> {
};
template <bool Norm, class... Done, std::size_t Channels, std::size_t... Rest>
requires(Channels != 0 && Norm) struct vgg_features<Norm, chain<Done...>, Channels, Rest...>
    : vgg_features<Norm, chain<Done..., conv2d<Channels, 3>, batch_norm, relu>, Rest...> {
};

template <bool Norm>
using vgg11_features = typename vgg_features<Norm, chain<>, 64, 0, 128, 0, 256, 256, 0, 512, 512, 0, 512, 512, 0>::type;
template <bool Norm>
using vgg16_features =
    typename vgg_features<Norm, chain<>, 64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0>::type;

template <class Features, std::size_t Classes, shape Input, std::size_t Hidden>
using vgg_of = sequential<
    Input, named<"features", Features>, adaptive_avg_pool<7>, flatten,
    named<"classifier", chain<dense<Hidden>, relu, dropout<50>, dense<Hidden>, relu, dropout<50>, dense<Classes>>>>;

}  // namespace detail

/// Convolutions of width 3 and poolings, then three dense layers with dropout, under torchvision's names (features.0.weight,
/// classifier.6.bias), so that io::read_weights takes its files; the _bn networks normalise after each convolution. Pictures
/// are standardised as for resnet18.
///
///   nn::vgg16<>                                   a thousand classes of 3 x 224 x 224
///   nn::vgg11_bn<10, nn::chw<3, 32, 32>, 512>     small pictures and smaller dense layers
///
/// Shapes     Input -> Classes (logits); any input of 32 x 32 or more
/// Cost       vgg11: 132.9 million parameters, of which the dense layers have 123.6, and 7.6 * 10^9 multiplications a picture
///            of 224 x 224; vgg16: 138.4, 15.5
/// Result     as sequential
/// PyTorch    torchvision.models.vgg11, vgg16, vgg11_bn, vgg16_bn
/// Reference  Simonyan, Zisserman, "Very deep convolutional networks for large-scale image recognition", ICLR 2015
template <std::size_t Classes = 1000, shape Input = chw<3, 224, 224>, std::size_t Hidden = 4096>
using vgg11 = detail::vgg_of<detail::vgg11_features<false>, Classes, Input, Hidden>;
template <std::size_t Classes = 1000, shape Input = chw<3, 224, 224>, std::size_t Hidden = 4096>
using vgg16 = detail::vgg_of<detail::vgg16_features<false>, Classes, Input, Hidden>;
template <std::size_t Classes = 1000, shape Input = chw<3, 224, 224>, std::size_t Hidden = 4096>
using vgg11_bn = detail::vgg_of<detail::vgg11_features<true>, Classes, Input, Hidden>;
template <std::size_t Classes = 1000, shape Input = chw<3, 224, 224>, std::size_t Hidden = 4096>
using vgg16_bn = detail::vgg_of<detail::vgg16_features<true>, Classes, Input, Hidden>;

}  // namespace nn
}  // namespace mmrec::inline v0
