// expect: a layer of this network has no CUDA kernels yet: train and run it on exec::cpu
#define MMREC_CUDA_ON_HOST
#include "shop.hpp"

#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/nn/cuda/weights.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/lstm.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
#ifdef MMREC_KO
using net = nn::sequential<nn::sequence<4>, nn::lstm<3>, nn::dense<2>>;
#else
using net = nn::sequential<nn::sequence<4>, nn::global_avg_pool, nn::dense<2>>;
#endif

void move(const mm::cuda::context& gpu) { mm::cuda::to(gpu, nn::initialize<net>(mm::seed{1})); }
