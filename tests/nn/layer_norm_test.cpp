#include <mmrec/nn/layers/dense.hpp>
#include <mmrec/nn/layers/layer_norm.hpp>

#include "support/layer_checks.hpp"

namespace nn = mmrec::nn;

TEMPLATE_TEST_CASE("layer_norm computes what PyTorch's does", "", float, double) {
  const test::golden_numbers golden("nn_norm.txt");
  const auto check = [&]<class Net>(const std::string& name, std::size_t count, std::size_t steps,
                                    const std::uint32_t* lengths, double float_bound) {
    CAPTURE(name);
    nn::weights<Net, TestType> weights;
    const auto scale = golden.as<TestType>(name + ".weight"), bias = golden.as<TestType>(name + ".bias");
    std::copy(bias.begin(), bias.end(), std::copy(scale.begin(), scale.end(), weights.parameters.begin()));
    const auto x = golden.as<TestType>(name + ".x"), dy = golden.as<TestType>(name + ".dy");
    const nn::batch_view<typename Net::bound::input_shape, TestType> in{x.data(), count, steps, lengths};
    const auto step = test::one_step<Net, TestType>(mmrec::exec::cpu{}, weights, in, dy);
    const double bound = sizeof(TestType) == 4 ? float_bound : 1e-9;
    CHECK(test::relative_error(step.outputs, golden[name + ".y"]) <= bound);
    CHECK(test::relative_error(step.input_gradient, golden[name + ".dx"]) <= bound);
    const std::span<const TestType> gradients(step.gradients);
    CHECK(test::relative_error(gradients.first(scale.size()), golden[name + ".dweight"]) <= bound);
    CHECK(test::relative_error(gradients.subspan(scale.size()), golden[name + ".dbias"]) <= bound);
  };
  const std::uint32_t lengths[] = {4, 0, 2};
  check.template operator()<nn::sequential<nn::flat<37>, nn::layer_norm>>("layer_flat", 3, 1, nullptr, 1e-5);
  check.template operator()<nn::sequential<nn::sequence<7>, nn::basic_layer_norm<std::pico>>>("layer_sequence", 3, 4,
                                                                                              lengths, 1e-5);
}

using flat_net = nn::sequential<nn::flat<5>, nn::dense<9>, nn::layer_norm, nn::dense<2>>;
using sequence_net = nn::sequential<nn::sequence<3>, nn::basic_layer_norm<std::deci>, nn::dense<2>>;

TEST_CASE("layer_norm has the gradients that differences give") {
  CHECK(test::worst_gradient_error<flat_net>() <= 1e-7);
  CHECK(test::worst_gradient_error<sequence_net>() <= 1e-7);
}

TEST_CASE("layer_norm keeps the promises of layers") {
  test::check_layer_promises<flat_net>(5, 1);
  test::check_layer_promises<sequence_net>(5, 4);
}
