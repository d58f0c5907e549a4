// expect: the kernel of a convolution is wider than the padded picture
// expect-gcc: Padded = 8; Window = 9
// expect-clang: 9 <= 8
#include "shop.hpp"

#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
#ifndef MMREC_KO
using net = nn::sequential<nn::chw<3, 12, 8>, nn::conv2d<4, 9>, nn::global_avg_pool>;
#else
using net = nn::sequential<nn::chw<3, 12, 8>, nn::conv2d<4, 9, nn::conv{.padding = 0}>, nn::global_avg_pool>;
#endif
static_assert(net::parameter_count < 1000);
