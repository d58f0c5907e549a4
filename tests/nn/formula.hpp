// tests/nn/formula.hpp - weights and inputs by the formula of tests/golden/nn_formula.py.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/io/weights.hpp>
#include <mmrec/nn/weights.hpp>

namespace test {
namespace nn = mmrec::nn;

/// Numbers in -1..1 that follow from a name.
inline std::vector<double> formula(std::string_view name, std::size_t size) {
  std::uint32_t key = 2166136261u;
  for (const char character : name) key = (key ^ static_cast<unsigned char>(character)) * 16777619u;
  std::vector<double> numbers(size);
  for (std::size_t i = 0; i < size; ++i) {
    std::uint32_t x = static_cast<std::uint32_t>(i) * 0x9E3779B1u + key;
    x ^= x >> 16;
    x *= 0x85EBCA6Bu;
    x ^= x >> 13;
    x *= 0xC2B2AE35u;
    x ^= x >> 16;
    numbers[i] = static_cast<double>(x) / 2147483648.0 - 1.0;
  }
  return numbers;
}

/// Token ids.
inline std::vector<std::int32_t> formula_tokens(std::string_view name, std::size_t size, std::size_t vocabulary) {
  std::vector<std::int32_t> tokens;
  for (const double u : formula(name, size)) {
    tokens.push_back(static_cast<std::int32_t>((u + 1.0) / 2.0 * static_cast<double>(vocabulary)));
  }
  return tokens;
}

/// The weights of a network: those of PyTorch's tensors of the same names.
template <class Net, class T>
nn::weights<Net, T> formula_weights() {
  nn::weights<Net, T> result;
  for (const nn::tensor_info& tensor : nn::tensors_of<Net>()) {
    const auto shape = mmrec::io::detail::torch_tensors(tensor).front().shape;
    std::vector<double> numbers = formula(tensor.name, tensor.spec.size());
    double fan = 1.0;
    for (std::size_t axis = 1; axis < shape.size(); ++axis) fan *= static_cast<double>(shape[axis]);
    for (double& u : numbers) {
      if (tensor.name.ends_with("running_var")) {
        u = 1.0 + 0.5 * u;
      } else if (shape.size() == 1) {
        u = tensor.name.ends_with("weight") ? 1.0 + 0.25 * u : 0.1 * u;
      } else {
        u *= std::sqrt(6.0 / fan);
      }
    }
    const std::vector<T> values(numbers.begin(), numbers.end());
    const std::vector<std::vector<T>> parts{values, std::vector<T>(values.size(), T(0))};
    mmrec::io::detail::from_torch(tensor.spec, parts,
                                  (tensor.trained ? result.parameters : result.statistics).data() + tensor.offset);
  }
  return result;
}

/// Numbers of a network's parameters as PyTorch lays them out, tensor by tensor: parameters, or gradients.
template <class Net, class T>
std::vector<double> as_torch(const T* parameters) {
  std::vector<double> all;
  for (const nn::tensor_info& tensor : nn::tensors_of<Net>()) {
    if (!tensor.trained) continue;
    const auto parts = mmrec::io::detail::to_torch(tensor.spec, parameters + tensor.offset);
    all.insert(all.end(), parts[0].begin(), parts[0].end());
  }
  return all;
}

/// Every `stride`th number.
template <class Numbers>
std::vector<double> sample(const Numbers& numbers, std::size_t stride) {
  std::vector<double> some;
  for (std::size_t i = 0; i < numbers.size(); i += stride) some.push_back(static_cast<double>(numbers[i]));
  return some;
}

}  // namespace test
