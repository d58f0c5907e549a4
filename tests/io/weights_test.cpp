#include <mmrec/io/weights.hpp>
#include <mmrec/nn/layers/dense.hpp>

#include "support/catch.hpp"
#include "support/temporary_folder.hpp"
#include "support/thrown.hpp"

namespace io = mmrec::io;
namespace nn = mmrec::nn;
using net = nn::sequential<nn::flat<3>, nn::named<"first", nn::dense<2>>, nn::dense<2, false>>;

TEST_CASE("weights are written in PyTorch's layout and read back") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "net.safetensors";
  auto weights = nn::initialize<net>(mmrec::seed{1});
  io::write_weights(path, weights);
  CHECK(io::read_weights<net>(path) == weights);
  const auto file = io::read_safetensors(path);
  const auto tensor = file.at("first.weight");
  REQUIRE(std::vector<std::size_t>(tensor.shape.begin(), tensor.shape.end()) == std::vector<std::size_t>{2, 3});
  std::vector<float> values(6);
  tensor.copy_to(std::span<float>(values));
  CHECK(values[1] == weights.parameters[2]);  // [out 0][in 1] there, [in 1][out 0] here
  CHECK((io::read_weights<net, double>(path).parameters[3] == static_cast<double>(weights.parameters[3])));
}

TEST_CASE("all that is wrong with a file of weights is told at once") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "other.safetensors";
  const std::vector<float> numbers(6);
  const std::vector<std::int32_t> integers(2);
  const std::vector<std::size_t> wrong{3, 2}, two{2}, four{2, 2};
  const std::vector<io::tensor_view> tensors{io::tensor_of<float>("first.weight", numbers, wrong),
                                             io::tensor_of<std::int32_t>("first.bias", integers, two),
                                             io::tensor_of<float>("extra", std::span(numbers).first(2), two)};
  io::write_safetensors(path, tensors);
  try {
    io::read_weights<net>(path);
    FAIL("was accepted");
  } catch (const io::weights_mismatch& error) {
    CHECK(error.differences() == std::vector<std::string>{"shape of first.weight: expected [2, 3], got [3, 2]",
                                                          "type of first.bias: expected a floating-point type, got I32",
                                                          "missing: 1.weight [2, 2]", "unknown: extra [2]"});
    CHECK_THAT(error.what(), test::contains(path.native()));
  }
}

TEST_CASE("a network may be a part of a file") {
  const test::temporary_folder folder;
  const auto path = folder.path() / "whole.safetensors";
  const std::vector<float> numbers{1, 2, 3, 4, 5, 6};
  const std::vector<std::size_t> six{2, 3}, two{2}, four{2, 2};
  const std::vector<io::tensor_view> tensors{io::tensor_of<float>("a.first.weight", numbers, six),
                                             io::tensor_of<float>("a.first.bias", std::span(numbers).first(2), two),
                                             io::tensor_of<float>("a.1.weight", std::span(numbers).first(4), four),
                                             io::tensor_of<float>("b.other", std::span(numbers).first(4), four)};
  io::write_safetensors(path, tensors);
  const auto weights = io::read_weights<net>(path, {.prefix = "a."});
  CHECK(weights.parameters[0] == 1.0f);
  CHECK(weights.parameters[1] == 4.0f);
  CHECK_THROWS_AS(io::read_weights<net>(path), io::weights_mismatch);
  CHECK_THROWS_AS(io::read_weights<net>(path, {.ignore_others = true}), io::weights_mismatch);
}
