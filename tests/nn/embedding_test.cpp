#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/layers/concat.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/embedding.hpp>
#include <mmrec/nn/layers/embedding_bag.hpp>
#include <mmrec/nn/residual.hpp>

#include "support/layer_checks.hpp"
#include "support/thrown.hpp"

namespace nn = mmrec::nn;

using row_net = nn::sequential<nn::ids, nn::embedding<7, 40>>;
using padded_rows = nn::sequential<nn::ids, nn::embedding<7, 4, 2>, nn::dense<3>>;
using mean_bag = nn::sequential<nn::ids, nn::embedding_bag<7, 40>>;
using sum_bag = nn::sequential<nn::ids, nn::embedding_bag<7, 3, nn::bag_mode::sum>, nn::dense<2>>;
static_assert(row_net::output_shape == nn::sequence<40>{});
static_assert(mean_bag::output_shape == nn::flat<40>{});

TEST_CASE("embeddings look up rows, average and add them, and spread gradients") {
  nn::weights<nn::sequential<nn::ids, nn::embedding<3, 2, 1>>, double> table;
  const std::vector<double> values{1, 2, 3, 4, 5, 6};
  std::copy(values.begin(), values.end(), table.parameters.begin());
  const std::uint32_t lengths[] = {3, 1, 0};
  const std::int32_t three[] = {2, 1, 2, 0, 99, 99, 99, 99, 99};
  const std::vector<double> dy{1, 10, 2, 20, 3, 30, 4, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0};
  const auto step = test::one_step<nn::sequential<nn::ids, nn::embedding<3, 2, 1>>, double>(mmrec::exec::cpu{}, table,
                                                                                            {three, 3, 3, lengths}, dy);
  CHECK(step.outputs == std::vector<double>{5, 6, 3, 4, 5, 6, 1, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0});
  CHECK(step.gradients == std::vector<double>{4, 40, 0, 0, 4, 40});  // row 1 is padding

  const auto bag = [&]<nn::bag_mode Mode>() {
    using net = nn::sequential<nn::ids, nn::embedding_bag<3, 2, Mode>>;
    nn::weights<net, double> same;
    same.parameters = table.parameters;
    return test::one_step<net, double>(mmrec::exec::cpu{}, same, {three, 3, 3, lengths}, {3, 30, 4, 40, 5, 50});
  };
  const auto sums = bag.operator()<nn::bag_mode::sum>(), means = bag.operator()<nn::bag_mode::mean>();
  CHECK(sums.outputs == std::vector<double>{13, 16, 1, 2, 0, 0});
  CHECK(sums.gradients == std::vector<double>{4, 40, 3, 30, 6, 60});
  for (std::size_t i = 0; i < 2; ++i) CHECK(means.outputs[i] == Approx(sums.outputs[i] / 3.0));
  CHECK(means.gradients[0] == 4.0);
  CHECK(means.gradients[4] == Approx(2.0));
}

TEST_CASE("embeddings have the gradients that differences give") {
  CHECK(test::worst_gradient_error<row_net>() <= 1e-7);
  CHECK(test::worst_gradient_error<mean_bag>() <= 1e-7);
  CHECK(test::worst_gradient_error<sum_bag>() <= 1e-7);
}

TEST_CASE("embeddings keep the promises of layers") {
  test::check_layer_promises<row_net>(5, 4);
  test::check_layer_promises<padded_rows>(5, 4);
  test::check_layer_promises<mean_bag>(5, 4);
  test::check_layer_promises<sum_bag>(5, 4);
}

TEST_CASE("the row of the padding token begins as zeros and is not trained") {
  auto weights = nn::initialize<padded_rows, double>(mmrec::seed{4});
  for (std::size_t i = 0; i < 28; ++i) CHECK((weights.parameters[i] == 0.0) == (i / 4 == 2));
  nn::training_pass<padded_rows, double> pass({1, 3}, 1);
  const std::int32_t ids[] = {6, 2, 0};
  const nn::batch_view<nn::ids, double> in{ids, 1, 3, nullptr};
  pass.forward(mmrec::exec::cpu{}, weights, in);
  pass.backward(mmrec::exec::cpu{}, weights, in, std::vector<double>(9, 1.0));
  const auto touched = pass.touched()[0].sorted();
  CHECK(std::vector<std::uint32_t>(touched.begin(), touched.end()) == std::vector<std::uint32_t>{0, 6});
  for (std::size_t i = 8; i < 12; ++i) CHECK(pass.gradients()[i] == 0.0);
}

TEST_CASE("ids outside the vocabulary are refused at the entry of every network") {
  const mmrec::exec::cpu exec;
  const std::int32_t high[] = {1, 2, 3, 7}, low[] = {1, 2, -1, 3};
  const std::uint32_t lengths[] = {2, 1};
  const auto refused = [&]<class Net>() {
    const auto weights = nn::initialize<Net, float>({});
    const nn::frozen<Net> frozen(weights);
    typename nn::frozen<Net>::workspace memory;
    CHECK_THROWS_WITH(frozen(exec, {high, 2, 2, nullptr}, memory),
                      "nn::frozen: id 7 at position 1 of example 1 is outside the vocabulary of 7");
    CHECK_THROWS_AS(frozen(exec, {low, 2, 2, nullptr}, memory), mmrec::data_error);
    CHECK_NOTHROW(frozen(exec, {high, 2, 2, lengths}, memory));  // beyond the length
    auto trained = weights;
    nn::training_pass<Net> pass({2, 2}, 1);
    CHECK_THROWS_WITH(pass.forward(exec, trained, {low, 2, 2, nullptr}),
                      "nn::training_pass: id -1 at position 0 of example 1 is outside the vocabulary of 7");
  };
  refused.operator()<row_net>();
  refused.operator()<sum_bag>();
  refused.operator()<nn::sequential<nn::ids, nn::residual<nn::chain<nn::embedding<7, 2>>, nn::embedding<9, 2>>>>();

  using two = nn::sequential<
      nn::branches<nn::concat, nn::branch<"image", nn::sequential<nn::flat<1>, nn::dense<2>>>, nn::branch<"text", sum_bag>>,
      nn::dense<1>>;
  const nn::frozen<two> frozen(nn::initialize<two, float>({}));
  nn::frozen<two>::workspace memory;
  const float x[] = {1.0f, 2.0f};
  using view = nn::batch_view<two::bound::input_shape, float>;
  CHECK_THROWS_AS(frozen(exec, view{{{x, 2, 1, nullptr}, {high, 2, 2, nullptr}}}, memory), mmrec::data_error);
  CHECK_NOTHROW(frozen(exec, view{{{x, 2, 1, nullptr}, {high, 2, 2, lengths}}}, memory));
}
