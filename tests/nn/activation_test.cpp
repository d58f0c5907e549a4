#include <mmrec/nn/layers/activation.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/gelu.hpp>
#include <mmrec/nn/layers/leaky_relu.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/layers/sigmoid.hpp>
#include <mmrec/nn/layers/softmax.hpp>
#include <mmrec/nn/layers/tanh.hpp>
#include <mmrec/nn/residual.hpp>

#include <limits>
#include <ratio>

#include "support/catch.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

using slope = std::ratio<1, 5>;

TEMPLATE_TEST_CASE("activations have the gradients that differences give", "", nn::relu, nn::leaky_relu<slope>, nn::sigmoid,
                   nn::tanh, nn::gelu, nn::softmax) {
  CHECK(test::worst_gradient_error<nn::sequential<nn::flat<7>, TestType>>() <= 1e-7);
  CHECK(test::worst_gradient_error<nn::sequential<nn::flat<1>, TestType>>() <= 1e-7);
  CHECK(test::worst_gradient_error<nn::sequential<nn::chw<3, 2, 3>, TestType>>() <= 1e-7);
  CHECK(test::worst_gradient_error<nn::sequential<nn::sequence<5>, TestType>>() <= 1e-7);
  CHECK(test::worst_gradient_error<nn::sequential<nn::sequence<3>, nn::dense<4>, TestType, nn::dense<2>>>() <= 1e-7);
  CHECK(
      test::worst_gradient_error<nn::sequential<nn::flat<4>, nn::residual<nn::chain<nn::dense<4>, TestType>>, TestType>>() <=
      1e-7);
}

TEMPLATE_TEST_CASE("activations hold what every layer promises", "", nn::relu, nn::leaky_relu<slope>, nn::sigmoid, nn::tanh,
                   nn::gelu, nn::softmax) {
  test::check_network<nn::sequential<nn::flat<7>, TestType>>(5);
  test::check_network<nn::sequential<nn::flat<7>, TestType>>(0);
  test::check_network<nn::sequential<nn::flat<700>, nn::dense<300>, TestType>>(200, 1, false, 700);
  test::check_network<nn::sequential<nn::chw<3, 5, 4>, TestType>>(3);
  test::check_network<nn::sequential<nn::sequence<5>, TestType>>(4, 6, true);
  test::check_network<nn::sequential<nn::sequence<5>, TestType>>(3, 0);
  test::check_network<nn::sequential<nn::sequence<3>, nn::dense<4>, TestType, nn::dense<2>>>(4, 6, true);
}

TEST_CASE("activations give what PyTorch gives") {
  const test::golden_numbers golden("nn_activations.txt");
  test::check_golden<nn::sequential<nn::flat<9>, nn::relu>>(golden, "relu", 4);
  test::check_golden<nn::sequential<nn::flat<9>, nn::leaky_relu<slope>>>(golden, "leaky_relu", 4);
  test::check_golden<nn::sequential<nn::flat<9>, nn::sigmoid>>(golden, "sigmoid", 4);
  test::check_golden<nn::sequential<nn::flat<9>, nn::tanh>>(golden, "tanh", 4);
  test::check_golden<nn::sequential<nn::flat<9>, nn::gelu>>(golden, "gelu", 4);
  test::check_golden<nn::sequential<nn::flat<9>, nn::softmax>>(golden, "softmax", 4);
}

TEST_CASE("a rectifier becomes part of the layer before it at inference") {
  using fused = nn::sequential<nn::flat<3>, nn::dense<4>, nn::relu>;
  using bound = fused::bound;
  using plain = nn::sequential<nn::flat<3>, nn::dense<4>>::bound;
  static_assert(bound::frozen_size<float>() == plain::frozen_size<float>());
  static_assert(nn::activation_of<bound::at<1>>() == nn::fused_activation::relu);
}

TEST_CASE("activations saturate instead of overflowing") {
  const mmrec::exec::cpu exec;
  const auto of = [&]<class Layer>(float x) {
    using net = nn::sequential<nn::flat<1>, Layer>;
    const nn::frozen<net> frozen(nn::weights<net>{});
    typename nn::frozen<net>::workspace memory;
    return frozen(exec, {&x, 1}, memory)[0];
  };
  CHECK(of.operator()<nn::sigmoid>(1e4f) == 1.0f);
  CHECK(of.operator()<nn::sigmoid>(-1e4f) == 0.0f);
  CHECK(of.operator()<nn::tanh>(-1e4f) == -1.0f);
  CHECK(of.operator()<nn::gelu>(-1e4f) == 0.0f);
  CHECK(of.operator()<nn::gelu>(1e4f) == 1e4f);
  CHECK(of.operator()<nn::softmax>(1e38f) == 1.0f);
}
