#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/gru.hpp>
#include <mmrec/nn/layers/lstm.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/layers/rnn.hpp>

#include <string>
#include <vector>

#include "support/catch.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;
using nn::recurrent;
using nn::recurrent_output;
using nn::sequence;

constexpr recurrent steps{.output = recurrent_output::every_step};
constexpr recurrent deep{.layers = 2, .bidirectional = true};
constexpr recurrent deep_steps{.layers = 2, .bidirectional = true, .output = recurrent_output::every_step};

template <std::size_t D, class... Layers>
using net = nn::sequential<sequence<D>, Layers...>;

static_assert(net<40, nn::lstm<64>>::output_shape == nn::flat<64>{});
static_assert(net<40, nn::lstm<64, deep>>::output_shape == nn::flat<128>{});
static_assert(net<40, nn::gru<64, deep_steps>>::output_shape == sequence<128>{});
static_assert(net<40, nn::lstm<64>>::parameter_count == (40 + 64 + 1) * 4 * 64);
static_assert(net<40, nn::gru<64>>::parameter_count == (40 + 64) * 3 * 64 + 4 * 64);
static_assert(net<40, nn::lstm<64, deep>>::multiply_adds(std::size_t{10}) == 10 * 2 * 4 * 64 * (40 + 64 + 128 + 64));

template <std::size_t H, recurrent O>
using relu_rnn = nn::rnn<H, O, nn::rnn_activation::relu>;

TEMPLATE_TEST_CASE("recurrent layers have the gradients that differences give", "", (net<3, nn::lstm<5>>),
                   (net<2, nn::lstm<3, steps>>), (net<3, nn::lstm<4, deep>>), (net<2, nn::lstm<2, recurrent{.layers = 3, .bidirectional = true, .output = recurrent_output::every_step}>>),
                   (net<1, nn::lstm<1>>), (net<3, nn::gru<5>>), (net<2, nn::gru<3, steps>>), (net<3, nn::gru<4, deep>>),
                   (net<2, nn::gru<3, deep_steps>>), (net<1, nn::gru<1>>), (net<3, nn::rnn<5>>), (net<2, nn::rnn<3, steps>>),
                   (net<3, nn::rnn<4, deep>>), (net<2, nn::rnn<3, deep_steps>>), (net<1, nn::rnn<1>>),
                   (net<2, nn::dense<3>, nn::lstm<4, steps>, nn::relu, nn::gru<3, deep>, nn::dense<2>>)) {
  CHECK(test::worst_gradient_error<TestType>() <= 1e-7);
}

TEST_CASE("rectified recurrent layers have the gradients that differences give") {
  // Sums stay away from the bend here.
  CHECK(test::gradient_error<net<3, relu_rnn<4, deep_steps>>>({3, 4, true, 2}) <= 1e-7);
  CHECK(test::gradient_error<net<3, relu_rnn<5, recurrent{}>>>({3, 4, true, 1}) <= 1e-7);
}

TEMPLATE_TEST_CASE("recurrent layers hold what every layer promises", "", (net<3, nn::lstm<5>>),
                   (net<20, nn::lstm<17, steps>>), (net<5, nn::lstm<20, deep>>), (net<6, nn::lstm<7, deep_steps>>),
                   (net<20, nn::gru<17, steps>>), (net<5, nn::gru<20, deep>>), (net<6, nn::gru<7, deep_steps>>),
                   (net<20, nn::rnn<17, steps>>), (net<5, nn::rnn<20, deep>>), (net<6, nn::rnn<7, deep_steps>>)) {
  test::check_network<TestType>(5, 7, true);
  test::check_network<TestType>(70, 4, true, 280);
  test::check_network<TestType>(2, 1);
  test::check_network<TestType>(2, 0);
  test::check_network<TestType>(0, 4);
}

TEMPLATE_TEST_CASE("an LSTM of 20 steps in float differs by at most 1e-6 from one in double", "", (net<40, nn::lstm<64>>),
                   (net<40, nn::lstm<64, steps>>)) {
  const auto given = test::random_case<TestType>(4, 20, true);
  CHECK(test::relative_error(test::run<float>(given, {}).outputs, test::run<double>(given, {}).outputs) <= 1e-6);
}

template <template <std::size_t, recurrent> class Layer>
void check_kind(const test::golden_numbers& golden, const std::string& kind) {
  test::check_golden<net<3, Layer<5, recurrent{}>>>(golden, kind, 3, 6);
  test::check_golden<net<2, Layer<3, steps>>>(golden, kind + "_steps", 3, 5);
  test::check_golden<net<3, Layer<3, deep>>>(golden, kind + "_deep", 3, 5);
  test::check_golden<net<2, Layer<3, deep_steps>>>(golden, kind + "_deep_steps", 2, 4);
}
template <std::size_t H, recurrent O>
using tanh_rnn = nn::rnn<H, O>;

TEST_CASE("recurrent layers give what PyTorch gives") {
  const test::golden_numbers golden("nn_recurrent.txt");
  check_kind<nn::lstm>(golden, "lstm");
  check_kind<nn::gru>(golden, "gru");
  check_kind<tanh_rnn>(golden, "rnn");
  test::check_golden<net<3, relu_rnn<5, recurrent{}>>>(golden, "rnn_relu", 3, 6);
}

TEST_CASE("recurrent layers and their tensors are named") {
  CHECK(net<2, nn::lstm<64>>::bound::at<0>::name() == "lstm<64>");
  CHECK(net<2, nn::gru<3, deep_steps>>::bound::at<0>::name() == "gru<3, 2 layers, bidirectional, every step>");
  std::vector<std::string> names;
  for (const auto& tensor : nn::tensors_of<net<2, nn::lstm<3, deep>>>()) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"0.weight_ih_l0", "0.weight_hh_l0", "0.bias_l0", "0.weight_ih_l0_reverse",
                                          "0.weight_hh_l0_reverse", "0.bias_l0_reverse", "0.weight_ih_l1", "0.weight_hh_l1",
                                          "0.bias_l1", "0.weight_ih_l1_reverse", "0.weight_hh_l1_reverse",
                                          "0.bias_l1_reverse"});
}
