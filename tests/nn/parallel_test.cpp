#include <string>
#include <vector>

#include <mmrec/nn/layers/conv1d.hpp>
#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/embedding.hpp>
#include <mmrec/nn/layers/global_pool.hpp>
#include <mmrec/nn/layers/tanh.hpp>
#include <mmrec/nn/mermaid.hpp>
#include <mmrec/nn/parallel.hpp>
#include <mmrec/nn/sequential.hpp>

#include "support/catch.hpp"
#include "support/gradient.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

using two_sides = nn::parallel<nn::chain<nn::dense<3>, nn::tanh>, nn::named<"wide", nn::dense<2>>>;
using dense_net = nn::sequential<nn::flat<4>, nn::dense<5>, two_sides, nn::dense<2>>;
static_assert(nn::sequential<nn::flat<4>, two_sides>::output_shape == nn::flat<5>{});
static_assert(dense_net::parameter_count == 25 + 18 + 12 + 12);
static_assert(dense_net::multiply_adds() == 20 + 15 + 10 + 10);

template <std::size_t Width>
using filters = nn::chain<nn::conv1d<3, Width, nn::conv{.padding = 0}>, nn::global_max_pool>;
using first_layer = nn::sequential<nn::sequence<3>, nn::parallel<filters<1>, filters<2>, nn::global_avg_pool>>;
using on_ids = nn::sequential<
    nn::ids, nn::parallel<nn::chain<nn::embedding<7, 3>, filters<1>>, nn::chain<nn::embedding<7, 2>, nn::global_avg_pool>>>;

TEST_CASE("layers side by side have the gradients that differences give") {
  CHECK(test::worst_gradient_error<dense_net>() <= 1e-7);
  CHECK(test::worst_gradient_error<first_layer>() <= 1e-7);
  CHECK(test::worst_gradient_error<on_ids>() <= 1e-7);
}

TEST_CASE("layers side by side are held to what holds for every network") {
  test::check_network<dense_net>(3);
  test::check_network<dense_net>(0);
  test::check_network<first_layer>(5, 6, true);
  test::check_network<on_ids>(5, 6, true);
}

TEST_CASE("layers side by side give what each gives alone") {
  using left = nn::sequential<nn::flat<4>, nn::dense<3>>;
  using right = nn::sequential<nn::flat<4>, nn::dense<2>>;
  using both = nn::sequential<nn::flat<4>, nn::parallel<nn::dense<3>, nn::dense<2>>>;
  const auto given = test::random_case<both>(6, 1, false);
  test::network_case<left> one{{}, given.values, {}, 6, 1, std::vector<double>(18)};
  test::network_case<right> other{{}, given.values, {}, 6, 1, std::vector<double>(12)};
  std::copy_n(given.weights.parameters.begin(), 15, one.weights.parameters.begin());
  std::copy_n(given.weights.parameters.begin() + 15, 10, other.weights.parameters.begin());
  const auto joined = test::run<double>(given, {}).outputs;
  const auto a = test::run<double>(one, {}).outputs, b = test::run<double>(other, {}).outputs;
  for (std::size_t example = 0; example < 6; ++example) {
    for (std::size_t i = 0; i < 3; ++i) CHECK(joined[example * 5 + i] == a[example * 3 + i]);
    for (std::size_t i = 0; i < 2; ++i) CHECK(joined[example * 5 + 3 + i] == b[example * 2 + i]);
  }
}

TEST_CASE("the sides of a parallel layer have names, and a chart shows them") {
  std::vector<std::string> names;
  for (const auto& tensor : nn::tensors_of<dense_net>()) names.push_back(tensor.name);
  CHECK(names == std::vector<std::string>{"0.weight", "0.bias", "1.0.0.weight", "1.0.0.bias", "1.wide.weight", "1.wide.bias",
                                          "2.weight", "2.bias"});
  // The node before the sides leads to both, both lead to the sum.
  const std::string chart = nn::to_mermaid<dense_net>();
  CHECK(chart.find("concat") != std::string::npos);
  INFO(chart);
  const auto count = [&](const std::string& edge) {
    std::size_t found = 0;
    for (std::size_t at = chart.find(edge); at != std::string::npos; at = chart.find(edge, at + 1)) ++found;
    return found;
  };
  CHECK(count("n1 -->") == 2);  // the dense layer before the two sides
  CHECK(count("--> ") + count("-->|") == 8);
}
