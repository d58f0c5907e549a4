// A network on a device: as a CUDA source, or as a C++ source that links compiled kernels.
#include <mmrec/cuda.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>

#include <cmath>
#include <cstdint>
#include <vector>

namespace nn = mmrec::nn;
using net = nn::sequential<nn::chw<3, 8, 8>, nn::conv2d<4, 3>, nn::relu, nn::global_avg_pool, nn::dense<2>>;

/// Without a device: whether asking for one is the error it should be.
bool works_on_device() {
  const auto trained = nn::initialize<net>(mmrec::seed{1});
  const std::vector<float> pictures(2 * 3 * 8 * 8, 0.5f);
  const std::vector<std::uint32_t> kinds{0, 1};
  const nn::labelled data(nn::contiguous<float>{pictures, 3 * 8 * 8}, kinds);
  try {
    const mmrec::cuda::context gpu;
    return std::abs(nn::evaluate(gpu, trained, nn::loss::softmax_cross_entropy{}, data) -
                    nn::evaluate(mmrec::exec::cpu{}, trained, nn::loss::softmax_cross_entropy{}, data)) < 1e-4;
  } catch (const mmrec::unavailable&) {
    return !mmrec::cuda::is_available();
  }
}
