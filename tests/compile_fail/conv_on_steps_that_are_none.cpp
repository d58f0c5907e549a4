// expect: a layer does not take the shape that the layers before it give
// expect-gcc: L = .*conv1d
// expect-clang: layer_takes<.*conv1d
// expect: flat<64>
#include "shop.hpp"

#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/lstm.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
constexpr nn::recurrent all{.output = nn::recurrent_output::every_step};
#ifndef MMREC_KO
using net = nn::sequential<nn::sequence<40>, nn::lstm<64, all>, nn::conv1d<8, 3>>;
#else
using net = nn::sequential<nn::sequence<40>, nn::lstm<64>, nn::conv1d<8, 3>>;
#endif
static_assert(net::parameter_count < 100000);
