#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/sinusoidal_positions.hpp>

#include "support/layer_checks.hpp"

namespace nn = mmrec::nn;

TEST_CASE("each step is told apart by the waves of the paper") {
  using net = nn::sequential<nn::sequence<7>, nn::sinusoidal_positions>;
  const std::size_t steps = 1000;
  const std::vector<float> x(2 * steps * 7, 0.5f);
  const std::uint32_t lengths[] = {1000, 3};
  const auto step = test::one_step<net, float>(mmrec::exec::cpu{}, {}, {x.data(), 2, steps, lengths}, x);
  for (std::size_t t = 0; t < steps; ++t) {
    for (std::size_t i = 0; i < 7; ++i) {
      const double angle = static_cast<double>(t) / std::pow(10000.0, static_cast<double>(i / 2 * 2) / 7.0);
      const double wave = i % 2 == 0 ? std::sin(angle) : std::cos(angle);
      REQUIRE(step.outputs[t * 7 + i] == Approx(0.5 + wave).margin(1e-6));
      REQUIRE(step.outputs[(steps + t) * 7 + i] == (t < 3 ? step.outputs[t * 7 + i] : 0.0f));
    }
  }
}

TEST_CASE("positions have the gradients that differences give, and keep the promises of layers") {
  using net = nn::sequential<nn::sequence<3>, nn::dense<4>, nn::sinusoidal_positions, nn::dense<2>>;
  CHECK(test::worst_gradient_error<net>() <= 1e-7);
  test::check_layer_promises<net>(5, 4);
}
