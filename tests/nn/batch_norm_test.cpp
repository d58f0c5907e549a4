#include <mmrec/nn/layers/batch_norm.hpp>
#include <mmrec/nn/layers/dense.hpp>

#include "support/layer_checks.hpp"

namespace nn = mmrec::nn;

static_assert(nn::foldable_norm<nn::batch_norm::on<nn::flat<3>>>);
static_assert(nn::sequential<nn::chw<3, 2, 2>, nn::batch_norm>::parameter_count == 6);
static_assert(nn::sequential<nn::sequence<3>, nn::batch_norm>::statistic_count == 6);

TEMPLATE_TEST_CASE("batch_norm trains and evaluates as PyTorch's", "", float, double) {
  const test::golden_numbers golden("nn_norm.txt");
  const auto check = [&]<class Net>(const std::string& name, std::size_t count, std::size_t steps,
                                    const std::uint32_t* lengths) {
    CAPTURE(name);
    nn::weights<Net, TestType> weights = nn::initialize<Net, TestType>({});
    const auto fill = golden.as<TestType>(name + ".weight"), bias = golden.as<TestType>(name + ".bias");
    std::copy(bias.begin(), bias.end(), std::copy(fill.begin(), fill.end(), weights.parameters.begin()));
    const auto x = golden.as<TestType>(name + ".x"), dy = golden.as<TestType>(name + ".dy");
    const nn::batch_view<typename Net::bound::input_shape, TestType> in{x.data(), count, steps, lengths};
    const auto step = test::one_step<Net, TestType>(mmrec::exec::cpu{}, weights, in, dy);
    const double bound = sizeof(TestType) == 4 ? 1e-5 : 1e-9;
    CHECK(test::relative_error(step.outputs, golden[name + ".y"]) <= bound);
    CHECK(test::relative_error(step.input_gradient, golden[name + ".dx"]) <= bound);
    const std::span<const TestType> gradients(step.gradients), statistics(step.statistics);
    CHECK(test::relative_error(gradients.first(fill.size()), golden[name + ".dweight"]) <= bound);
    CHECK(test::relative_error(gradients.subspan(fill.size()), golden[name + ".dbias"]) <= bound);
    CHECK(test::relative_error(statistics.first(fill.size()), golden[name + ".running_mean"]) <= bound);
    CHECK(test::relative_error(statistics.subspan(fill.size()), golden[name + ".running_var"]) <= bound);
    weights.statistics.assign(step.statistics.begin(), step.statistics.end());
    typename nn::frozen<Net, TestType>::workspace memory;
    const nn::frozen<Net, TestType> frozen(weights);
    CHECK(test::relative_error(frozen(mmrec::exec::cpu{}, in, memory), golden[name + ".evaluated"]) <= bound);
  };
  const std::uint32_t lengths[] = {4, 0, 2};
  check.template operator()<nn::sequential<nn::flat<5>, nn::batch_norm>>("batch_flat", 6, 1, nullptr);
  check.template operator()<nn::sequential<nn::chw<19, 3, 2>, nn::batch_norm>>("batch_chw", 2, 1, nullptr);
  check.template operator()<nn::sequential<nn::sequence<3>, nn::batch_norm>>("batch_sequence", 3, 4, lengths);
}

using flat_net = nn::sequential<nn::flat<5>, nn::dense<3>, nn::batch_norm, nn::dense<2>>;
using sequence_net = nn::sequential<nn::sequence<3>, nn::batch_norm, nn::dense<2>>;
using picture_net = nn::sequential<nn::chw<3, 2, 4>, nn::batch_norm>;

TEST_CASE("batch_norm has the gradients that differences give") {
  CHECK(test::worst_gradient_error<picture_net>() <= 1e-7);
  for (std::uint64_t key = 1; key <= 5; ++key) {
    for (const std::size_t batch : {3u, 4u, 7u}) {
      CHECK(test::gradient_error<flat_net>({.batch = batch, .seed = key}) <= 1e-7);
      CHECK(test::gradient_error<sequence_net>({.batch = batch, .steps = 5, .ragged = true, .seed = key}) <= 1e-7);
    }
  }
}

TEST_CASE("batch_norm keeps the promises of layers, folded into a dense layer or not") {
  test::check_layer_promises<flat_net>(5, 1);
  test::check_layer_promises<sequence_net>(5, 4);
  test::check_layer_promises<picture_net>(5, 1);
}

TEST_CASE("a batch of one value a channel has variance 0 and leaves the running variance") {
  using net = nn::sequential<nn::flat<2>, nn::batch_norm>;
  auto weights = nn::initialize<net, double>({});
  const std::vector<double> x{3.0, -4.0}, dy{1.0, 1.0};
  const auto step = test::one_step<net, double>(mmrec::exec::cpu{}, weights, {x.data(), 1, 1, nullptr}, dy);
  CHECK(step.outputs == std::vector<double>{0.0, 0.0});
  CHECK(step.statistics[0] == Approx(0.3));
  CHECK(step.statistics[2] == 1.0);
  CHECK(step.input_gradient == std::vector<double>{0.0, 0.0});
}

TEST_CASE("a mean far from zero costs the variance no digits") {
  using net = nn::sequential<nn::flat<1>, nn::batch_norm>;
  auto weights = nn::initialize<net, float>({});
  mmrec::random_stream random(mmrec::seed{2});
  std::vector<float> x(5000);
  double mean = 0.0, square = 0.0;
  for (float& value : x) value = static_cast<float>(1e4 + random.normal());
  for (const float value : x) mean += static_cast<double>(value) / 5000.0;
  for (const float value : x) square += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean) / 5000.0;
  const auto step = test::one_step<net, float>(mmrec::exec::cpu{}, weights, {x.data(), 5000, 1, nullptr}, x);
  for (std::size_t i = 0; i < x.size(); i += 97) {
    CHECK(step.outputs[i] ==
          Approx((static_cast<double>(x[i]) - mean) / std::sqrt(square + 1e-5)).epsilon(1e-4).margin(6e-4));
  }
  CHECK(step.statistics[1] == Approx(0.9 + 0.1 * square * 5000.0 / 4999.0).epsilon(1e-6));
}
