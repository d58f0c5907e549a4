// expect: a layer does not take the shape that the layers before it give
// expect-gcc: L = .*conv2d
// expect-clang: layer_takes<.*conv2d
// expect: flat<10>
#include "shop.hpp"

#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
#ifndef MMREC_KO
using net = nn::sequential<nn::chw<3, 8, 8>, nn::conv2d<4, 3>, nn::global_avg_pool, nn::dense<10>, nn::dense<2>>;
#else
using net = nn::sequential<nn::chw<3, 8, 8>, nn::global_avg_pool, nn::dense<10>, nn::conv2d<4, 3>, nn::dense<2>>;
#endif
static_assert(net::parameter_count < 100000);
