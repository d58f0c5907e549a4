#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/dropout.hpp>
#include <mmrec/nn/layers/flatten.hpp>

#include "support/layer_checks.hpp"

namespace nn = mmrec::nn;

using net = nn::sequential<nn::sequence<3>, nn::dense<5>, nn::dropout<30>, nn::dense<2>>;

TEST_CASE("dropout has the gradients that differences give, and keeps the promises of layers") {
  CHECK(test::worst_gradient_error<net>() <= 1e-7);
  test::check_layer_promises<net>(5, 4);
}

TEST_CASE("dropout leaves out the share it was told, enlarges the rest and depends on the key") {
  using only = nn::sequential<nn::flat<10>, nn::dropout<30>>;
  const std::size_t count = 10007;
  std::vector<float> ones(10 * count, 1.0f);
  nn::weights<only> weights;
  nn::training_pass<only> pass({count, 1}, 1);
  const nn::batch_view<nn::flat<10>, float> in{ones.data(), count, 1, nullptr};
  const mmrec::exec::cpu exec;
  const auto outputs = pass.forward(exec, weights, in, mmrec::seed{1});
  const std::vector<float> first(outputs.begin(), outputs.end());
  double zeros = 0.0, sum = 0.0;
  for (const float value : first) {
    zeros += value == 0.0f ? 1.0 : 0.0;
    sum += static_cast<double>(value);
    if (value != 0.0f) REQUIRE(value == Approx(1.0 / 0.7).epsilon(1e-4));
  }
  // Five standard deviations of a binomial count.
  const double size = static_cast<double>(first.size());
  CHECK(std::abs(zeros / size - 0.3) < 5.0 * std::sqrt(0.21 / size));
  CHECK(std::abs(sum / size - 1.0) < 5.0 * std::sqrt(0.3 / 0.7 / size));

  const auto again = pass.forward(exec, weights, in, mmrec::seed{1});
  CHECK(std::equal(again.begin(), again.end(), first.begin()));
  const auto other = pass.forward(exec, weights, in, mmrec::seed{2});
  CHECK(!std::equal(other.begin(), other.end(), first.begin()));
  const auto evaluated = pass.forward(exec, weights, in, mmrec::seed{1}, false);
  CHECK(std::equal(evaluated.begin(), evaluated.end(), ones.begin()));
}

TEST_CASE("flatten gives channel after channel") {
  using small = nn::sequential<nn::chw<2, 2, 3>, nn::flatten>;
  static_assert(small::output_shape == nn::flat<12>{});
  std::vector<double> x(24), dy(24);
  for (std::size_t i = 0; i < 24; ++i) x[i] = dy[i] = static_cast<double>(i);
  const auto step = test::one_step<small, double>(mmrec::exec::cpu{}, {}, {x.data(), 2, 1, nullptr}, dy);
  const std::vector<double> expected{0, 2, 4, 6, 8, 10, 1, 3, 5, 7, 9, 11};
  for (std::size_t i = 0; i < 24; ++i) CHECK(step.outputs[i] == expected[i % 12] + static_cast<double>(i / 12 * 12));

  using large = nn::sequential<nn::chw<19, 5, 7>, nn::flatten, nn::flatten, nn::dense<2>>;
  CHECK(test::gradient_error<large>({}) <= 1e-7);
  test::check_layer_promises<large>(3, 1);
}
