#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/nn/frozen.hpp>
#include <mmrec/nn/model/vgg.hpp>

#include "nn/formula.hpp"
#include "nn/golden_numbers.hpp"
#include "support/catch.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

// The published numbers of parameters.
static_assert(nn::vgg11<>::parameter_count == 132'863'336);
static_assert(nn::vgg16<>::parameter_count == 138'357'544);
static_assert(nn::vgg11_bn<>::parameter_count == 132'868'840);
static_assert(nn::vgg16_bn<>::parameter_count == 138'365'992);
static_assert(nn::vgg16<>::output_shape == nn::flat<1000>{});

namespace {

/// The error of a frozen network's outputs for two pictures, relative to PyTorch's largest.
template <class Net, class T>
double error_of(const std::string& name) {
  static const test::golden_numbers golden("nn_vgg.txt");
  using input = typename Net::bound::input_shape;
  const auto numbers = test::formula(name, 2 * nn::shape_size<input>::of(1));
  const std::vector<T> values(numbers.begin(), numbers.end());
  const nn::frozen<Net, T> frozen(test::formula_weights<Net, T>());
  typename nn::frozen<Net, T>::workspace memory;
  return test::relative_error(frozen(mmrec::exec::cpu{}, nn::batch_view<input, T>{values.data(), 2}, memory),
                              golden[name + ".output"]);
}

}  // namespace

TEST_CASE("VGG networks give what torchvision's give") {
  CHECK(error_of<nn::vgg11<30, nn::chw<3, 32, 32>, 64>, float>("vgg11") <= 1e-4);
  CHECK(error_of<nn::vgg11_bn<30, nn::chw<3, 64, 64>, 64>, float>("vgg11_bn") <= 1e-4);
  CHECK(error_of<nn::vgg16<30, nn::chw<3, 32, 32>, 64>, float>("vgg16") <= 1e-4);
  CHECK(error_of<nn::vgg11<30, nn::chw<3, 32, 32>, 64>, double>("vgg11") <= 1e-8);
}

TEST_CASE("the tensors of a VGG carry torchvision's names") {
  std::vector<std::string> names;
  for (const auto& tensor : nn::tensors_of<nn::vgg11_bn<>>()) names.push_back(tensor.name);
  REQUIRE(names.size() == 8 * 6 + 6);
  CHECK(names.front() == "features.0.weight");
  CHECK(names[47] == "features.26.running_var");
  CHECK(names.back() == "classifier.6.bias");
}
