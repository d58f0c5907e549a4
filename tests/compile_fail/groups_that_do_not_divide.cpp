// expect: the groups of a convolution must divide its channels
// expect-gcc: Groups = 4; InChannels = 6
// expect-clang: groups_divide_channels<.*6UL, 8UL>
#include "shop.hpp"

#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
#ifndef MMREC_KO
using net = nn::sequential<nn::chw<6, 5, 5>, nn::conv2d<8, 3, nn::conv{.groups = 2}>>;
#else
using net = nn::sequential<nn::chw<6, 5, 5>, nn::conv2d<8, 3, nn::conv{.groups = 4}>>;
#endif
static_assert(net::parameter_count < 100000);
