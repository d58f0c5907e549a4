// expect: a layer does not take the shape that the layers before it give
// expect-gcc: L = .*dense<10
// expect-clang: layer_takes<.*dense<10
// expect: chw<4, 4, 4>
#include "shop.hpp"

#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/flatten.hpp>
#include <mmrec/nn/layers/max_pool.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
#ifndef MMREC_KO
using net = nn::sequential<nn::chw<3, 8, 8>, nn::conv2d<4, 3>, nn::max_pool<2>, nn::flatten, nn::dense<10>>;
#else
using net = nn::sequential<nn::chw<3, 8, 8>, nn::conv2d<4, 3>, nn::max_pool<2>, nn::dense<10>>;
#endif
static_assert(net::parameter_count < 100000);
