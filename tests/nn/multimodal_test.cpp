#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/memory.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/model/mini_resnet.hpp>
#include <mmrec/nn/model/multimodal.hpp>
#include <mmrec/nn/training_pass.hpp>

#include "nn/formula.hpp"
#include "nn/golden_numbers.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/gradient.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

static_assert(nn::mmn<>::output_shape == nn::flat<1>{});
static_assert(nn::mm_cnn<nn::multimodal_config{.outputs = 3}>::output_shape == nn::flat<3>{});
static_assert(nn::image_cnn_features<>::output_shape == nn::flat<64>{});
static_assert(nn::multimodal<nn::text_cnn_features<50, 6, 8>, nn::mini_resnet_features<>,
                             nn::audio_lstm_features<40, 64>>::output_shape == nn::flat<1>{});

namespace {

constexpr nn::multimodal_config small{
    .vocabulary = 50, .embedding = 6, .text = 7, .height = 12, .width = 10, .image = 4, .bands = 6, .audio = 5};

template <class T>
struct inputs {
  std::vector<std::int32_t> tokens;
  std::vector<T> picture, frames;
  std::vector<std::uint32_t> token_lengths{8, 5, 1}, frame_lengths;

  inputs(const std::string& name, std::vector<std::uint32_t> lengths)
      : tokens(test::formula_tokens(name + ".text", 24, 50)), frame_lengths(std::move(lengths)) {
    for (const double value : test::formula(name + ".image", 3 * 3 * 12 * 10)) picture.push_back(static_cast<T>(value));
    for (const double value : test::formula(name + ".audio", 3 * 9 * 6)) frames.push_back(static_cast<T>(value));
    mmrec::kernel::zero_beyond(mmrec::exec::cpu{}, 3, 9, frame_lengths.data(), 6, frames.data());
  }
  template <class Net>
  nn::batch_view<typename Net::bound::input_shape, T> view() const {
    return {{{tokens.data(), 3, 8, token_lengths.data()}, {picture.data(), 3}, {frames.data(), 3, 9, frame_lengths.data()}}};
  }
};

template <class Net>
void check(const std::string& name, const std::vector<std::uint32_t>& frame_lengths) {
  CAPTURE(name);
  const test::golden_numbers golden("nn_multimodal.txt");
  const mmrec::exec::cpu exec;
  const inputs<double> given(name, frame_lengths);
  const auto view = given.template view<Net>();

  auto weights = test::formula_weights<Net, double>();
  nn::training_pass<Net, double> pass(view.size(), 1);
  CHECK(test::relative_error(pass.forward(exec, weights, view), golden[name + ".output"]) <= 1e-8);
  pass.backward(exec, weights, view, test::formula(name + ".gradient", 3));
  CHECK(test::relative_error(test::sample(test::as_torch<Net>(pass.gradients().data()), 7), golden[name + ".gradient"]) <=
        1e-8);

  // Frozen, in float.
  const inputs<float> rounded(name, frame_lengths);
  const nn::frozen<Net> frozen(test::formula_weights<Net, float>());
  typename nn::frozen<Net>::workspace memory(view.size());
  std::vector<float> outputs(3);
  CHECK(test::allocations_of([&] {
          const auto result = frozen(exec, rounded.template view<Net>(), memory);
          std::copy(result.begin(), result.end(), outputs.begin());
        }) == 0);
  CHECK(test::relative_error(outputs, golden[name + ".evaluated"]) <= 1e-5);
}

}  // namespace

TEST_CASE("networks of text, picture and sound give what PyTorch's give, forward, back and frozen") {
  check<nn::mmn<small>>("mmn", {9, 4, 1});
  check<nn::mm_cnn<small>>("mm_cnn", {9, 9, 9});
}

TEST_CASE("the gradients of networks of text, picture and sound are those that differences give") {
  constexpr nn::multimodal_config tiny{
      .vocabulary = 7, .embedding = 3, .text = 2, .height = 5, .width = 4, .image = 1, .bands = 2, .audio = 2};
  double worst = 0.0;
  for (std::uint64_t key = 1; key <= 3; ++key) {
    worst = std::max(worst, test::gradient_error<nn::mmn<tiny>>({4, 6, true, key, 1e-6}));
    worst = std::max(worst, test::gradient_error<nn::mm_cnn<tiny>>({4, 6, true, key, 1e-6}));
  }
  CHECK(worst <= 1e-7);
}

TEST_CASE("the tensors of a multimodal network begin with the modality's name") {
  std::vector<std::string> names;
  for (const auto& tensor : nn::tensors_of<nn::mmn<small>>()) names.push_back(tensor.name);
  REQUIRE(names.size() == 4 + 3 * 5 + 3 + 2);
  CHECK(names.front() == "text.embedding.weight");
  CHECK(names[4] == "image.conv1.weight");
  CHECK(names[19] == "audio.lstm.weight_ih_l0");
  CHECK(names.back() == "fc.bias");
}
