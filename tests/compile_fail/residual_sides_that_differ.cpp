// expect: the two sides of a residual give different shapes
#include "shop.hpp"

#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/residual.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
using body = nn::chain<nn::conv2d<8, 3, nn::conv{.stride = 2}>, nn::relu, nn::conv2d<8, 3>>;
#ifndef MMREC_KO
using net = nn::sequential<nn::chw<6, 5, 5>, nn::residual<body, nn::conv2d<8, 1, nn::conv{.stride = 2}>>, nn::relu>;
#else
using net = nn::sequential<nn::chw<6, 5, 5>, nn::residual<body, nn::conv2d<8, 1>>, nn::relu>;
#endif
static_assert(net::parameter_count < 100000);
