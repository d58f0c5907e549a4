// mmrec/nn/named.hpp - names for the layers of a network.
#pragma once
#include <cstddef>
#include <string>

#include <mmrec/core/fixed_string.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Gives a layer the name that its tensors have in a file: named<"conv1", conv2d<64, 7>> holds "conv1.weight". Layers of a
/// chain without one are called 0, 1, 2, ..., as PyTorch does.
template <fixed_string Name, class Layer>
struct named {
  using layer = Layer;
  static constexpr auto name = Name;
};

namespace detail {
template <class Layer>
struct unnamed {
  using type = Layer;
  static std::string prefix(std::size_t index) { return std::to_string(index) + '.'; }
};
/// By its members: nvcc 13 does not match a specialisation for named<Name, Layer>.
template <class Named>
requires requires {
  typename Named::layer;
  Named::name.view();
}
struct unnamed<Named> {
  using type = typename Named::layer;
  static std::string prefix(std::size_t) {
    return Named::name.view().empty() ? std::string() : std::string(Named::name.view()) + '.';
  }
};
}  // namespace detail

/// The layer without its name.
template <class Layer>
using layer_of = typename detail::unnamed<Layer>::type;

/// What the names of a layer's tensors begin with, when it is number `index` of its chain.
template <class Layer>
std::string prefix_of(std::size_t index) {
  return detail::unnamed<Layer>::prefix(index);
}

}  // namespace nn
}  // namespace mmrec::inline v0
