// mmrec/nn/weights.hpp - the numbers of a network.
#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/sequential.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// All numbers of a network: trained parameters in one contiguous block, and the statistics that layers keep in another.
/// A regular value: copies are deep, equality is that of the numbers.
template <network Net, std::floating_point T = float>
struct weights {
  kernel::aligned_vector<T> parameters = kernel::aligned_vector<T>(Net::parameter_count);
  kernel::aligned_vector<T> statistics = kernel::aligned_vector<T>(Net::statistic_count);

  friend bool operator==(const weights&, const weights&) = default;
};

/// One tensor of a network with its full name.
struct tensor_info {
  std::string name;  ///< "0.weight", "layer1.0.conv1.weight"
  tensor_spec spec;
  std::size_t offset = 0;  ///< elements before it, among the parameters or among the statistics
  bool trained = true;
};

namespace detail {
struct tensor_lister {
  std::vector<tensor_info> tensors;
  template <class B>
  void layer(const std::string&, bound_tag<B>) {}
  void parameter(std::string name, const tensor_spec& spec, std::size_t offset) {
    tensors.push_back({std::move(name), spec, offset, true});
  }
  void statistic(std::string name, const tensor_spec& spec, std::size_t offset) {
    tensors.push_back({std::move(name), spec, offset, false});
  }
};
}  // namespace detail

/// The tensors of a network in the order of its layers.
template <network Net>
std::vector<tensor_info> tensors_of() {
  detail::tensor_lister lister;
  enumeration_position start;
  enumerate<typename Net::bound>(lister, start);
  return std::move(lister.tensors);
}

/// Fresh weights, filled as each layer asks (nn::fill). Result: a tensor depends on the seed and its place among the
/// network's tensors alone.
template <network Net, std::floating_point T = float>
weights<Net, T> initialize(seed key) {
  weights<Net, T> result;
  std::uint64_t stream = 0;
  for (const tensor_info& tensor : tensors_of<Net>()) {
    T* const first = (tensor.trained ? result.parameters : result.statistics).data() + tensor.offset;
    const std::span<T> values(first, tensor.spec.size());
    random_stream random(key, stream++);
    const double fan = static_cast<double>(tensor.spec.fan);
    switch (tensor.spec.initial) {
      case fill::zeros:
        break;
      case fill::ones:
        for (T& value : values) value = T(1);
        break;
      case fill::uniform:
        for (T& value : values) value = static_cast<T>((2.0 * random.uniform() - 1.0) / std::sqrt(fan));
        break;
      case fill::he_normal:
        for (T& value : values) value = static_cast<T>(random.normal() * std::sqrt(2.0 / fan));
        break;
      case fill::normal:
        for (T& value : values) value = static_cast<T>(random.normal() / std::sqrt(fan));
        break;
    }
    if (tensor.spec.zero_row < tensor.spec.extents[0]) {
      const std::size_t width = values.size() / tensor.spec.extents[0];
      for (T& value : values.subspan(tensor.spec.zero_row * width, width)) value = T(0);
    }
  }
  return result;
}

}  // namespace nn
}  // namespace mmrec::inline v0
