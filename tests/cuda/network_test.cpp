// Whole networks on a device against the CPU: outputs, gradients, statistics, and what is left of them when frozen.
#include <mmrec/cuda.hpp>
#include <mmrec/nn/layers/avg_pool.hpp>
#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/dropout.hpp>
#include <mmrec/nn/layers/embedding_bag.hpp>
#include <mmrec/nn/layers/flatten.hpp>
#include <mmrec/nn/layers/gelu.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/layer_norm.hpp>
#include <mmrec/nn/layers/leaky_relu.hpp>
#include <mmrec/nn/layers/lstm.hpp>
#include <mmrec/nn/layers/max_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/layers/sigmoid.hpp>
#include <mmrec/nn/layers/softmax.hpp>
#include <mmrec/nn/layers/tanh.hpp>
#include <mmrec/nn/model/mini_resnet.hpp>
#include <mmrec/nn/model/text_cnn.hpp>

#include <cstdint>
#include <vector>

#include "support/catch.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;
namespace mc = mmrec::cuda;

namespace {

/// Runs a case on the device and on the CPU and compares; `bound` is relative to the largest number.
template <class Net>
void check_on_device(std::size_t batch, std::size_t steps = 1, bool ragged = false, double bound = 2e-5) {
  using input = typename Net::bound::input_shape;
  using element = typename nn::batch_view<input, float>::element;
  CAPTURE(batch, steps, ragged);
  const auto given = test::random_case<Net>(batch, steps, ragged);
  const auto values = test::as<element>(given.values);
  const auto gradient = test::as<float>(given.output_gradient);
  const nn::batch_view<input, float> view{values.data(), given.count, given.steps,
                                          given.lengths.empty() ? nullptr : given.lengths.data()};

  const mmrec::exec::cpu cpu;
  auto weights = test::weights_as<float>(given.weights);
  nn::training_pass<Net> pass(view.size(), 1);
  const auto outputs = pass.forward(cpu, weights, view, mmrec::seed{5});
  const std::vector<float> expected(outputs.begin(), outputs.end());
  pass.backward(cpu, weights, view, gradient, mmrec::seed{5});

  const mc::context gpu;
  const auto start = test::weights_as<float>(given.weights);
  auto on_device = mc::to(gpu, start);
  const mc::buffer<element> values_there(gpu, values);
  const mc::buffer<std::uint32_t> lengths_there(gpu, given.lengths);
  const mc::buffer<float> gradient_there(gpu, gradient);
  const nn::batch_view<input, float> view_there{values.empty() ? nullptr : values_there.on(gpu), given.count, given.steps,
                                                given.lengths.empty() ? nullptr : lengths_there.on(gpu)};
  mc::device_pass<Net> there(gpu, view.size());
  mc::random_key key{};
  key.value = 5;
  const auto download = [&](const float* from, std::size_t count) {
    std::vector<float> all(count);
    mc::check(cudaMemcpyAsync(all.data(), from, count * sizeof(float), cudaMemcpyDeviceToHost, gpu.stream()), "download");
    gpu.synchronize();
    return all;
  };
  const float* const given_there = there.forward(gpu, on_device, view_there, key, true);
  CHECK(test::relative_error(download(given_there, expected.size()), expected) <= bound);
  there.backward(gpu, on_device, view_there, gradient_there.on(gpu), key);
  std::vector<float> gradients(Net::parameter_count);
  there.gradients().download(gpu, gradients);
  CHECK(test::relative_error(gradients, pass.gradients()) <= bound);
  const auto after = mc::to_host(gpu, on_device);
  CHECK(test::relative_error(after.statistics, weights.statistics) <= bound);
  CHECK(after.parameters == start.parameters);

  // Not training: the statistics, not the batch.
  const auto judged = pass.forward(cpu, weights, view, {}, false);
  auto trained = mc::to(gpu, weights);
  CHECK(test::relative_error(download(there.forward(gpu, trained, view_there, key, false), expected.size()), judged) <=
        bound);
  mc::frozen<Net> frozen(gpu, weights);
  CHECK(test::relative_error(download(frozen(gpu, view_there), expected.size()), judged) <= 5 * bound);
}

}  // namespace

TEST_CASE("a residual network on a device is the one of the CPU") {
  check_on_device<nn::mini_resnet<3, 4, 1, nn::chw<3, 9, 8>>>(3);
  check_on_device<nn::mini_resnet<3, 4, 1, nn::chw<3, 9, 8>>>(1, 1, false, 1e-4);
}

TEST_CASE("pictures through poolings, a flatten and activations") {
  using net = nn::sequential<nn::chw<2, 10, 8>, nn::conv2d<5, 3>, nn::leaky_relu<>, nn::max_pool<2>,
                             nn::conv2d<6, 3, nn::conv{.stride = 2, .groups = 1}>, nn::gelu, nn::avg_pool<2>, nn::flatten,
                             nn::dense<7>, nn::tanh, nn::dense<4>, nn::softmax>;
  check_on_device<net>(4);
  check_on_device<net>(0);
}

TEST_CASE("depthwise and grouped convolutions") {
  using net = nn::sequential<nn::chw<4, 7, 7>, nn::conv2d<4, 3, nn::conv{.groups = 4}>, nn::batch_norm, nn::relu,
                             nn::conv2d<6, 1, nn::conv{.groups = 2}>, nn::global_max_pool, nn::dense<3>, nn::sigmoid>;
  check_on_device<net>(5);
}

TEST_CASE("sequences of different lengths") {
  using net =
      nn::sequential<nn::sequence<6>, nn::conv1d<8, 3, nn::conv{.bias = false}>, nn::batch_norm, nn::relu, nn::max_pool<2>,
                     nn::conv1d<7, 5, nn::conv{.stride = 2}>, nn::layer_norm, nn::global_avg_pool, nn::dense<3>>;
  check_on_device<net>(5, 17, true, 1e-4);
  check_on_device<net>(3, 12);
  check_on_device<net>(2, 1, true, 1e-4);
}

TEST_CASE("lengths are told through layers made of others") {
  using block =
      nn::residual<nn::chain<nn::conv1d<5, 3, nn::conv{.stride = 2}>, nn::relu>, nn::conv1d<5, 1, nn::conv{.stride = 2}>>;
  using net = nn::sequential<nn::sequence<4>, nn::chain<nn::conv1d<6, 3, nn::conv{.padding = 0}>, nn::relu, nn::max_pool<2>>,
                             block, nn::global_avg_pool, nn::dense<2>>;
  check_on_device<net>(4, 19, true, 1e-4);
}

TEST_CASE("dropout leaves out the same numbers as on the CPU") {
  check_on_device<nn::sequential<nn::flat<33>, nn::dense<70>, nn::dropout<40>, nn::relu, nn::dropout<10>, nn::dense<5>>>(9);
}

TEST_CASE("texts") {
  check_on_device<nn::text_cnn<7, 6, 5, 4>>(5, 11, true);
  check_on_device<nn::sequential<nn::ids, nn::embedding_bag<7, 5>, nn::dense<3>>>(4, 6, true);
}

TEST_CASE("which networks run on a device is known to the compiler") {
  STATIC_REQUIRE(mc::runs_on_cuda<nn::mini_resnet<3>::bound>);
  STATIC_REQUIRE(mc::runs_on_cuda<nn::text_cnn<7, 6, 5, 4>::bound>);
  STATIC_REQUIRE_FALSE(mc::runs_on_cuda<nn::sequential<nn::sequence<3>, nn::lstm<4>>::bound>);
}
