#include <cmath>

#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/l2_norm.hpp>
#include <mmrec/nn/sequential.hpp>

#include "support/catch.hpp"
#include "support/gradient.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

using one = nn::sequential<nn::flat<1>, nn::l2_norm>;
using five = nn::sequential<nn::flat<5>, nn::l2_norm>;
using inner = nn::sequential<nn::flat<3>, nn::dense<4>, nn::l2_norm, nn::dense<2>>;

TEST_CASE("the gradients of l2_norm are those that differences give") {
  CHECK(test::worst_gradient_error<five>() <= 1e-7);
  CHECK(test::worst_gradient_error<inner>() <= 1e-7);
  test::check_network<inner>(5);
  test::check_network<five>(0);
}

TEST_CASE("l2_norm gives vectors of length one") {
  const auto given = test::random_case<five>(7, 1, false);
  const auto outputs = test::run<double>(given, {}).outputs;
  for (std::size_t example = 0; example < 7; ++example) {
    double sum = 0.0, source = 0.0;
    for (std::size_t i = 0; i < 5; ++i) {
      sum += outputs[example * 5 + i] * outputs[example * 5 + i];
      source += given.values[example * 5 + i] * given.values[example * 5 + i];
    }
    CHECK(sum == Approx(1.0).epsilon(1e-14));
    CHECK(outputs[example * 5] == Approx(given.values[example * 5] / std::sqrt(source)).epsilon(1e-14));
  }
  const auto sign = test::random_case<one>(4, 1, false);
  const auto signs = test::run<double>(sign, {});
  for (std::size_t example = 0; example < 4; ++example) {
    CHECK(signs.outputs[example] == Approx(sign.values[example] < 0 ? -1.0 : 1.0));
    CHECK(std::abs(signs.input_gradient[example]) <= 1e-12);
  }
}

TEST_CASE("l2_norm leaves zeros as they are") {
  auto given = test::random_case<five>(1, 1, false);
  given.values.assign(5, 0.0);
  const auto result = test::run<double>(given, {});
  CHECK(result.outputs == std::vector<double>(5, 0.0));
  for (const double value : result.input_gradient) CHECK(std::isfinite(value));
}
