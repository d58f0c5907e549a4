#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/nn/model/text_cnn.hpp>
#include <mmrec/nn/model/text_lstm.hpp>
#include <mmrec/nn/training_pass.hpp>

#include "nn/formula.hpp"
#include "nn/golden_numbers.hpp"
#include "support/catch.hpp"
#include "support/gradient.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

static_assert(nn::text_cnn<50, 6, 8, 5>::output_shape == nn::flat<5>{});
static_assert(nn::text_cnn<50, 6, 8, 5>::parameter_count == 50 * 6 + (3 + 4 + 5) * 6 * 8 + 3 * 8 + 24 * 5 + 5);
static_assert(nn::text_lstm<50, 6, 8, 5>::parameter_count == 50 * 6 + 32 * (6 + 8 + 1) + 8 * 5 + 5);
static_assert(nn::text_lstm_features<50, 6, 8, nn::recurrent{.bidirectional = true}>::output_shape == nn::flat<16>{});

namespace {

/// The network without dropout, whose random numbers are not PyTorch's.
using without_dropout = nn::detail::text_cnn_of<50, 6, 8, nn::named<"fc", nn::dense<5>>>;

template <class Net>
void check(const std::string& name) {
  CAPTURE(name);
  const test::golden_numbers golden("nn_multimodal.txt");
  const auto tokens = test::formula_tokens(name, 32, 50);
  const std::vector<std::uint32_t> lengths{8, 5, 4, 1};
  const nn::batch_view<nn::ids, double> view{tokens.data(), 4, 8, lengths.data()};
  auto weights = test::formula_weights<Net, double>();
  nn::training_pass<Net, double> pass(view.size(), 1);
  const mmrec::exec::cpu exec;
  CHECK(test::relative_error(pass.forward(exec, weights, view), golden[name + ".output"]) <= 1e-8);
  pass.backward(exec, weights, view, test::formula(name + ".gradient", 20));
  CHECK(test::relative_error(test::sample(test::as_torch<Net>(pass.gradients().data()), 7), golden[name + ".gradient"]) <=
        1e-8);
}

}  // namespace

TEST_CASE("networks of text give what PyTorch's give, forward and back") {
  check<without_dropout>("text_cnn");
  check<nn::text_lstm<50, 6, 8, 5>>("text_lstm");
}

TEST_CASE("the gradients of networks of text are those that differences give") {
  // Dropout takes the same numbers out in each pass with the same key. A maximum that changes place is no gradient: small
  // steps.
  double worst = 0.0;
  for (std::uint64_t key = 1; key <= 5; ++key) {
    worst = std::max(worst, test::gradient_error<nn::text_cnn<7, 3, 2, 3>>({4, 7, true, key, 1e-6}));
  }
  CHECK(worst <= 1e-7);
  CHECK(test::worst_gradient_error<nn::text_lstm<7, 3, 2, 3>>() <= 1e-7);
}

TEST_CASE("networks of text are held to what holds for every network") {
  test::check_network<nn::text_cnn<7, 4, 5, 3>>(5, 9, true, 256);
  test::check_network<nn::text_lstm<7, 4, 5, 3, nn::recurrent{.layers = 2, .bidirectional = true}>>(5, 9, true, 256);
}

TEST_CASE("networks of text have PyTorch's names") {
  std::vector<std::string> names;
  for (const auto& tensor : nn::tensors_of<nn::text_cnn<7, 4, 5, 3>>()) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"embedding.weight", "convs.0.weight", "convs.0.bias", "convs.1.weight",
                                          "convs.1.bias", "convs.2.weight", "convs.2.bias", "fc.weight", "fc.bias"});
}
