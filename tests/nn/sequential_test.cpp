#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/layers/concat.hpp>
#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/conv2d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/mean_pool.hpp>
#include <mmrec/nn/layers/relu.hpp>
#include <mmrec/nn/residual.hpp>
#include <mmrec/nn/sequential.hpp>

#include "support/catch.hpp"
#include "support/gradient.hpp"

namespace nn = mmrec::nn;

using plain = nn::sequential<nn::flat<5>, nn::dense<4>, nn::dense<3>>;
static_assert(plain::output_shape == nn::flat<3>{});
static_assert(!(plain::output_shape == nn::flat<4>{}));
static_assert(plain::parameter_count == 5 * 4 + 4 + 4 * 3 + 3);
static_assert(plain::multiply_adds() == 5 * 4 + 4 * 3);
static_assert(plain::activation_bytes() == 64);

using skipping = nn::sequential<nn::sequence<3>, nn::residual<nn::chain<nn::dense<3>, nn::dense<3>>>,
                                nn::residual<nn::dense<4>, nn::named<"side", nn::dense<4, false>>>>;
using two = nn::sequential<
    nn::branches<nn::concat, nn::branch<"left", nn::sequential<nn::flat<3>, nn::dense<2>>>, nn::branch<"right", plain>>,
    nn::dense<2>>;

TEST_CASE("the names of a network's tensors follow its structure") {
  std::vector<std::string> names;
  for (const auto& tensor : nn::tensors_of<skipping>()) names.push_back(tensor.name);
  CHECK(names ==
        std::vector<std::string>{"0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias", "1.weight", "1.bias", "1.side.weight"});
  names.clear();
  for (const auto& tensor : nn::tensors_of<two>()) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"0.left.0.weight", "0.left.0.bias", "0.right.0.weight", "0.right.0.bias",
                                          "0.right.1.weight", "0.right.1.bias", "1.weight", "1.bias"});
}

TEST_CASE("composed networks have the gradients that differences give") {
  CHECK(test::worst_gradient_error<plain>() <= 1e-7);
  CHECK(test::worst_gradient_error<skipping>() <= 1e-7);
  CHECK(test::worst_gradient_error<two>() <= 1e-7);
}

TEST_CASE("a frozen network gives what its weights gave") {
  const mmrec::exec::cpu exec;
  const auto check = [&]<class Net>() {
    mmrec::random_stream random(mmrec::seed{3});
    typename test::batch_for<typename Net::bound::input_shape>::type batch(4, 5, true, random);
    auto weights = nn::initialize<Net, double>(mmrec::seed{1});
    nn::training_pass<Net, double> pass(batch.view().size(), 1);
    const auto expected = pass.forward(exec, weights, batch.view(), {}, false);
    const nn::frozen<Net, double> frozen(weights);
    typename nn::frozen<Net, double>::workspace memory;
    const auto outputs = frozen(exec, batch.view(), memory);
    REQUIRE(outputs.size() == expected.size());
    for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(outputs[i] == Approx(expected[i]).epsilon(1e-12).margin(1e-13));
  };
  check.operator()<plain>();
  check.operator()<skipping>();
  check.operator()<two>();
}

TEST_CASE("batches of nothing are defined, and those that make no sense are refused") {
  using steps = nn::sequential<nn::sequence<3>, nn::dense<2>, nn::mean_pool>;
  const mmrec::exec::cpu exec;
  const nn::frozen<steps> network(nn::initialize<steps>(mmrec::seed{1}));
  nn::frozen<steps>::workspace memory;
  CHECK(network(exec, {nullptr, 0, 4}, memory).empty());
  const auto nothing = network(exec, {nullptr, 2, 0}, memory);
  REQUIRE(nothing.size() == 4);
  CHECK(nothing[0] == 0.0f);

  std::vector<float> values(2 * 4 * 3, 1.0f);
  const std::uint32_t too_long[]{4, 5}, none_and_some[]{0, 4};
  CHECK_THROWS_AS(network(exec, {values.data(), 2, 4, too_long}, memory), mmrec::shape_error);
  CHECK_THROWS_AS(network(exec, {values.data(), 2, 4, none_and_some}, memory), mmrec::data_error);
  std::fill_n(values.begin(), 4 * 3, 0.0f);
  const auto outputs = network(exec, {values.data(), 2, 4, none_and_some}, memory);
  CHECK(outputs[0] == 0.0f);
  CHECK(outputs[1] == 0.0f);
  values[14] = std::numeric_limits<float>::quiet_NaN();
  CHECK_THROWS_AS(network(exec, {values.data(), 2, 4, none_and_some}, memory), mmrec::data_error);

  auto weights = nn::initialize<steps>(mmrec::seed{1});
  nn::training_pass<steps> pass({2, 4}, 1);
  CHECK_THROWS_AS(pass.forward(exec, weights, {values.data(), 3, 2}), mmrec::shape_error);
  CHECK_THROWS_AS(pass.forward(exec, weights, {values.data(), 2, 5}), mmrec::shape_error);
  const std::vector<float> gradient(4, 1.0f);
  CHECK_THROWS_AS(pass.backward(exec, weights, {values.data(), 2, 4}, gradient), mmrec::data_error);
  CHECK_THROWS_AS(pass.forward(exec, weights, {values.data(), 2, 4, too_long}), mmrec::shape_error);
  CHECK_THROWS_AS(pass.forward(mmrec::exec::cpu{.threads = 2}, weights, {values.data(), 1, 1}), mmrec::shape_error);
}

TEST_CASE("bodies of one layer are frozen as they are in chains") {
  const mmrec::exec::cpu exec;
  const auto check = [&]<class Net>() {
    mmrec::random_stream random(mmrec::seed{3});
    test::random_batch<typename Net::bound::input_shape> batch(3, 5, true, random);
    auto weights = nn::initialize<Net, double>(mmrec::seed{1});
    nn::training_pass<Net, double> pass(batch.view().size(), 1);
    const auto expected = pass.forward(exec, weights, batch.view(), {}, false);
    const nn::frozen<Net, double> frozen(weights);
    typename nn::frozen<Net, double>::workspace memory;
    const auto outputs = frozen(exec, batch.view(), memory);
    for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(outputs[i] == Approx(expected[i]).epsilon(1e-12).margin(1e-13));
  };
  check.operator()<nn::sequential<nn::chw<20, 4, 4>, nn::residual<nn::conv2d<20, 3>>, nn::relu>>();
  check.operator()<nn::sequential<nn::chw<3, 4, 4>, nn::residual<nn::conv2d<20, 3>, nn::conv2d<20, 1>>, nn::relu>>();
  check.operator()<nn::sequential<nn::sequence<6>, nn::residual<nn::conv1d<6, 3>>, nn::relu, nn::residual<nn::dense<6>>>>();
}
