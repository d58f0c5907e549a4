// Networks: kernels made for their shapes beside those for any shape, training steps, and the time to one answer.
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/cuda.hpp>
#include <mmrec/nn/loss/softmax_cross_entropy.hpp>
#include <mmrec/nn/model/mini_resnet.hpp>
#include <mmrec/nn/model/resnet.hpp>
#include <mmrec/nn/optimizer/adam.hpp>

#include "conv_case.hpp"
#include "harness.hpp"

namespace bench {
namespace {

namespace nn = mmrec::nn;
using mmrec::kernel::constant_conv2d;
using mmrec::kernel::conv2d_shape;
using pictures = nn::chw<3, 32, 32>;
using small_network = nn::mini_resnet<10>;

constexpr std::size_t picture_size = 3 * 32 * 32;

constexpr conv2d_shape square(std::size_t kernel, std::size_t stride, std::size_t in, std::size_t out, std::size_t size) {
  return {.in_channels = in,
          .in_height = size,
          .in_width = size,
          .out_channels = out,
          .kernel_height = kernel,
          .kernel_width = kernel,
          .stride_height = stride,
          .stride_width = stride,
          .padding_height = kernel / 2,
          .padding_width = kernel / 2};
}

/// The form for a shape known to the compiler, with the one for any shape as its peer.
template <conv2d_shape Shape>
void time_both_forms(runner& run, std::size_t images) {
  for (const direction what : directions) {
    for (const cuda::math precision : {cuda::math::float32, cuda::math::tf32}) {
      measurement measured;
      measured.of = describe(what, Shape, images, precision);
      measured.of.name = "constant_" + measured.of.name;
      if (!run.wanted(measured.of)) continue;
      const cuda::context& on = run.on(precision);
      const conv_places at(run, what, Shape, images);
      measured.microseconds = run.time(on, at.sets, [&](std::size_t set) {
        queue_convolution(on, run, what, constant_conv2d<Shape>{}, images, at, set);
      });
      measured.peer = "any shape";
      measured.peer_microseconds =
          run.time(on, at.sets, [&](std::size_t set) { queue_convolution(on, run, what, Shape, images, at, set); });
      rate(measured, run, Shape, images, at, precision);
      run.report(std::move(measured));
    }
  }
}

/// The convolutions of mini_resnet that differ.
void time_constant_shapes(runner& run) {
  for (const std::size_t images : {std::size_t{1}, std::size_t{64}}) {
    if (run.how().smoke && images > 1) continue;
    time_both_forms<square(3, 1, 3, 16, 32)>(run, images);
    time_both_forms<square(3, 1, 16, 16, 32)>(run, images);
    time_both_forms<square(3, 2, 16, 32, 32)>(run, images);
    time_both_forms<square(3, 1, 32, 32, 16)>(run, images);
    time_both_forms<square(1, 2, 16, 32, 32)>(run, images);
    time_both_forms<square(3, 2, 32, 64, 16)>(run, images);
    time_both_forms<square(3, 1, 64, 64, 8)>(run, images);
    time_both_forms<square(1, 2, 32, 64, 16)>(run, images);
  }
}

/// One step of training mini_resnet: forward, cross entropy, backward, AdamW, all queued.
class training_step {
 public:
  using rule = decltype(nn::adamw{}.rule<float>(1.0, 1));

  training_step(const runner& run, const cuda::context& on, std::size_t batch)
      : on_(on),
        pictures_(run.numbers()),
        batch_(batch),
        weights_(on, nn::initialize<small_network>(mmrec::seed{1})),
        pass_(on, nn::batch_view<pictures, float>{nullptr, batch}.size()),
        classes_(on, classes(batch)),
        gradient_(on, batch * 10),
        rules_(on, std::vector<rule>{nn::adamw{}.rule<float>(1.0, 1000)}),
        number_(on, 1),
        first_(on, small_network::parameter_count),
        second_(on, small_network::parameter_count),
        loss_(on, 1) {
    number_.clear(on);
    first_.clear(on);
    second_.clear(on);
    loss_.clear(on);
  }

  void operator()(std::size_t set) {
    const nn::batch_view<pictures, float> in{pictures_ + set * batch_ * picture_size, batch_};
    const cuda::random_key key{};
    const float* const outputs = pass_.forward(on_, weights_, in, key, true);
    cuda::loss_and_gradient(on_, nn::loss::softmax_cross_entropy{}, outputs,
                            static_cast<const std::uint32_t*>(classes_.on(on_)), batch_, 10, gradient_.on(on_),
                            loss_.on(on_));
    pass_.clear_gradients(on_);
    pass_.backward(on_, weights_, in, gradient_.on(on_), key);
    cuda::update(on_, static_cast<const rule*>(rules_.on(on_)), static_cast<const std::uint32_t*>(number_.on(on_)),
                 weights_.parameters.on(on_), static_cast<const float*>(pass_.gradients().on(on_)),
                 static_cast<const float*>(nullptr), first_.on(on_), second_.on(on_), std::size_t{0},
                 static_cast<std::size_t>(small_network::parameter_count));
  }
  /// Of all steps together.
  double loss() const {
    double sum = 0.0;
    loss_.download(on_, {&sum, 1});
    return sum;
  }

 private:
  static std::vector<std::uint32_t> classes(std::size_t batch) {
    std::vector<std::uint32_t> all(batch);
    for (std::size_t i = 0; i < batch; ++i) all[i] = static_cast<std::uint32_t>(i % 10);
    return all;
  }

  const cuda::context& on_;
  const float* pictures_;
  std::size_t batch_;
  cuda::device_weights<small_network> weights_;
  cuda::device_pass<small_network> pass_;
  cuda::buffer<std::uint32_t> classes_;
  cuda::buffer<float> gradient_;
  cuda::buffer<rule> rules_;
  cuda::buffer<std::uint32_t> number_;
  cuda::buffer<float> first_, second_;
  cuda::buffer<double> loss_;
};

void time_training(runner& run) {
  for (const std::size_t asked : {std::size_t{64}, std::size_t{256}}) {
    const std::size_t batch = run.how().smoke ? 2 : asked;
    for (const cuda::math precision : {cuda::math::float32, cuda::math::tf32, cuda::math::bf16}) {
      measurement measured;
      measured.of = {"mini_resnet_step", "n" + std::to_string(asked), name_of(precision), {{"batch", batch}}};
      if (!run.wanted(measured.of)) continue;
      const cuda::context& on = run.on(precision);
      training_step step(run, on, batch);
      measured.microseconds = run.time(on, run.how().smoke ? 2 : 16, [&](std::size_t set) { step(set); });
      measured.rate = static_cast<double>(batch) / measured.microseconds * 1e6;
      measured.unit = "images/s";
      if (!std::isfinite(step.loss())) run.fail("mini_resnet_step " + name_of(precision) + ": the loss is not finite");
      run.report(std::move(measured));
    }
  }
}

/// From the call to the answer, one picture at a time; and the device's part of it, replayed.
template <class Network>
void time_inference(runner& run, const std::string& name) {
  for (const cuda::math precision : {cuda::math::float32, cuda::math::tf32}) {
    measurement waiting, replayed;
    waiting.of = {name + "_latency", "n1", name_of(precision), {{"batch", 1}}};
    replayed.of = {name + "_replayed", "n1", name_of(precision), {{"batch", 1}}};
    if (!run.wanted(waiting.of) && !run.wanted(replayed.of)) continue;
    const cuda::context& on = run.on(precision);
    cuda::frozen<Network> network(on, nn::initialize<Network>(mmrec::seed{1}));
    const auto queue = [&](std::size_t set) {
      const nn::batch_view<pictures, float> in{run.numbers() + set * picture_size, 1};
      return network(on, in);
    };
    const auto finish = [&](measurement& measured) {
      measured.rate = 1e6 / measured.microseconds;
      measured.unit = "images/s";
      run.report(std::move(measured));
    };
    std::size_t call = 0;
    waiting.microseconds = run.time_waiting([&] {
      queue(call++ % 64);
      on.synchronize();
    });
    finish(waiting);
    replayed.microseconds = run.time(on, run.how().smoke ? 2 : 64, [&](std::size_t set) { queue(set); });
    finish(replayed);
  }
}

}  // namespace

void time_networks(runner& run) {
  time_constant_shapes(run);
  time_training(run);
  time_inference<small_network>(run, "mini_resnet");
  if (!run.how().smoke) time_inference<nn::resnet18<1000, pictures>>(run, "resnet18");
}

}  // namespace bench
