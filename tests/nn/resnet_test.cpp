#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/model/mini_resnet.hpp>
#include <mmrec/nn/model/resnet.hpp>
#include <mmrec/nn/training_pass.hpp>

#include "nn/formula.hpp"
#include "nn/golden_numbers.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/gradient.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

// The published numbers of parameters.
static_assert(nn::resnet18<>::parameter_count == 11'689'512);
static_assert(nn::resnet34<>::parameter_count == 21'797'672);
static_assert(nn::resnet50<>::parameter_count == 25'557'032);
static_assert(nn::resnet18<>::output_shape == nn::flat<1000>{});
static_assert(nn::resnet18_features<>::output_shape == nn::flat<512>{});
static_assert(nn::resnet50_features<nn::chw<3, 32, 32>>::output_shape == nn::flat<2048>{});
static_assert(nn::mini_resnet<10>::parameter_count == 78'042);
static_assert(nn::mini_resnet<10>::multiply_adds() == 12'501'632);
static_assert(nn::mini_resnet_features<16, 1, nn::chw<3, 48, 32>>::output_shape == nn::flat<64>{});

namespace {

const test::golden_numbers& golden() {
  static const test::golden_numbers numbers("nn_resnet.txt");
  return numbers;
}

/// The error of a frozen network's outputs for two pictures, relative to PyTorch's largest; and that it allocates nothing.
template <class Net, class T>
double error_of(const std::string& name) {
  using input = typename Net::bound::input_shape;
  const auto numbers = test::formula(name, 2 * nn::shape_size<input>::of(1));
  const std::vector<T> values(numbers.begin(), numbers.end());
  const nn::frozen<Net, T> frozen(test::formula_weights<Net, T>());
  const nn::batch_view<input, T> view{values.data(), 2};
  typename nn::frozen<Net, T>::workspace memory(view.size());
  std::vector<T> outputs(golden()[name + ".output"].size());
  CHECK(test::allocations_of([&] {
          const auto result = frozen(mmrec::exec::cpu{}, view, memory);
          std::copy(result.begin(), result.end(), outputs.begin());
        }) == 0);
  return test::relative_error(outputs, golden()[name + ".output"]);
}

}  // namespace

TEST_CASE("residual networks give what torchvision's give") {
  CHECK(error_of<nn::resnet18<50, nn::chw<3, 64, 64>>, float>("resnet18") <= 1e-4);
  CHECK(error_of<nn::resnet18<50, nn::chw<3, 64, 64>>, double>("resnet18") <= 1e-8);
  CHECK(error_of<nn::resnet34<20, nn::chw<3, 48, 48>>, float>("resnet34") <= 1e-4);
  CHECK(error_of<nn::resnet50<50, nn::chw<3, 64, 64>>, float>("resnet50") <= 1e-4);
  CHECK(error_of<nn::mini_resnet<10>, float>("mini") <= 1e-4);
}

TEST_CASE("a training pass of mini_resnet is PyTorch's") {
  using net = nn::mini_resnet<10, 8, 2, nn::chw<3, 16, 16>>;
  const auto values = test::formula("training", 3 * 3 * 16 * 16), gradient = test::formula("training.gradient", 30);
  auto weights = test::formula_weights<net, double>();
  nn::training_pass<net, double> pass({3}, 1);
  const nn::batch_view<nn::chw<3, 16, 16>, double> view{values.data(), 3};
  const mmrec::exec::cpu exec;
  CHECK(test::relative_error(pass.forward(exec, weights, view), golden()["training.output"]) <= 1e-8);
  std::vector<double> input_gradient(values.size());
  pass.backward(exec, weights, view, gradient, {}, input_gradient.data());
  CHECK(test::relative_error(test::sample(test::as_torch<net>(pass.gradients().data()), 97),
                             golden()["training.gradient"]) <= 1e-8);
  CHECK(test::relative_error(test::sample(input_gradient, 17), golden()["training.input_gradient"]) <= 1e-8);
  CHECK(test::relative_error(test::sample(weights.statistics, 7), golden()["training.statistics"]) <= 1e-8);
}

TEST_CASE("the gradients of a mini_resnet are those that differences give") {
  // Steps small enough that no relu changes sides between the two differences.
  using net = nn::mini_resnet<2, 2, 1, nn::chw<2, 5, 4>>;
  double worst = 0.0;
  for (std::uint64_t key = 1; key <= 5; ++key) worst = std::max(worst, test::gradient_error<net>({4, 1, false, key, 1e-6}));
  CHECK(worst <= 1e-7);
}

TEST_CASE("a mini_resnet does not depend on threads, and frozen gives what it gave") {
  test::check_network<nn::mini_resnet<5, 4, 1, nn::chw<3, 9, 8>>>(3, 1, false, 4096);
}
