// mmrec/nn/sequential.hpp - a network as a type.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
template <class First, class... Rest>
struct sequential_bound {
  using type = typename chain<First, Rest...>::template on<typename layer_of<First>::input_shape>;
};
template <shape First, class... Rest>
struct sequential_bound<First, Rest...> {
  using type = typename chain<Rest...>::template on<First>;
};
}  // namespace detail

/// A network: the shape of an example (or nn::branches, which has several), then layers. It has no state and no objects;
/// nn::weights holds its numbers.
///
///   using poster_net = nn::sequential<nn::chw<3, 48, 32>,
///       nn::conv2d<32, 3>, nn::batch_norm, nn::relu, nn::max_pool<2>, nn::global_avg_pool, nn::dense<128>>;
///   static_assert(poster_net::output_shape == nn::flat<128>{});
///
/// Every size is worked out by the compiler; a layer that does not fit what comes before it is one error that names both.
template <class First, class... Layers>
struct sequential {
  using bound = typename detail::sequential_bound<First, Layers...>::type;

  static constexpr typename bound::input_shape input_shape{};
  static constexpr typename bound::output_shape output_shape{};
  /// Trained numbers.
  static constexpr std::size_t parameter_count = bound::parameter_count;
  /// Numbers that are kept but not trained: running means and variances.
  static constexpr std::size_t statistic_count = bound::statistic_count;

  /// Multiplications of one example's forward pass; `steps` is its length, where the network takes sequences.
  template <class Steps = std::size_t>
  static constexpr std::uint64_t multiply_adds(const Steps& steps = Steps{1}) {
    return bound::multiply_adds(steps);
  }
  /// Bytes that one example's activations take while training, the output aside.
  template <class T = float, class Steps = std::size_t>
  static constexpr std::size_t activation_bytes(const Steps& steps = Steps{1}) {
    return bound::template state_bytes<T>(dims<typename bound::input_shape>{1, steps});
  }
};

/// A type made by nn::sequential.
template <class N>
concept network = requires {
  typename N::bound;
  N::parameter_count;
};

}  // namespace nn
}  // namespace mmrec::inline v0
