// expect: the window of a pooling is higher than the picture
// expect-gcc: Padded = 3; Window = 4
// expect-clang: 4 <= 3
#include "shop.hpp"

#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/max_pool.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
#ifndef MMREC_KO
using net = nn::sequential<nn::chw<3, 6, 8>, nn::max_pool<2>, nn::max_pool<3>, nn::global_avg_pool>;
#else
using net = nn::sequential<nn::chw<3, 6, 8>, nn::max_pool<2>, nn::max_pool<4>, nn::global_avg_pool>;
#endif
static_assert(net::parameter_count < 1000);
