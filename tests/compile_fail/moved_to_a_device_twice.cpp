// expect: this model is on a device already; cuda::to_host brings it back
#define MMREC_CUDA_ON_HOST
#include "shop.hpp"

#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/nn/cuda/weights.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/sequential.hpp>

namespace nn = mm::nn;
using net = nn::sequential<nn::flat<4>, nn::dense<2>>;

void move(const mm::cuda::context& gpu) {
  const auto there = mm::cuda::to(gpu, nn::initialize<net>(mm::seed{1}));
#ifdef MMREC_KO
  mm::cuda::to(gpu, there);
#else
  mm::cuda::to_host(gpu, there);
#endif
}
