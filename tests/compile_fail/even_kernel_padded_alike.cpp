// expect: a kernel of even size cannot be padded alike on both sides
#include "shop.hpp"

#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
#ifndef MMREC_KO
using net = nn::sequential<nn::sequence<6>, nn::conv1d<8, 4, nn::conv{.padding = 0}>>;
#else
using net = nn::sequential<nn::sequence<6>, nn::conv1d<8, 4>>;
#endif
static_assert(net::parameter_count < 100000);
