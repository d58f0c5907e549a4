// mmrec/nn/optimizer/rmsprop.hpp - gradient descent with a rate for each parameter, from a moving average of its squares.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/nn/optimizer/detail/checks.hpp>

namespace mmrec::inline v0 {
namespace nn {

namespace detail {
template <class T>
struct rmsprop_rule {
  static constexpr std::size_t slot_count = 1;
  static constexpr bool has_root = true;
  T rate, weight_decay, decay, rest, epsilon;
  [[gnu::always_inline]] T remember_first(T p, T g, T average) const {
    const T gradient = g + weight_decay * p;
    return decay * average + rest * (gradient * gradient);
  }
  [[gnu::always_inline]] T move(T p, T g, T, T root) const { return p - rate * ((g + weight_decay * p) / (root + epsilon)); }
};
}  // namespace detail

/// s = decay * s + (1 - decay) * g^2; p -= rate * g / (sqrt(s) + epsilon): PyTorch's RMSprop, neither centred nor with
/// momentum.
///
/// Shapes     one slot, the average s
/// Throws     validate: invalid_config
/// Reference  Tieleman, Hinton, "Lecture 6.5 - RMSProp", Neural networks for machine learning, 2012
struct rmsprop {
  double learning_rate = 1e-2;
  double decay = 0.99;        ///< share of the average that is kept, 0..1; PyTorch calls it alpha
  double epsilon = 1e-8;      ///< above 0
  double weight_decay = 0.0;  ///< L2 penalty, part of the gradient

  static constexpr std::array<std::string_view, 1> slots{"mean_of_squares"};
  void validate(std::string_view function) const {
    detail::require_rates(function, learning_rate, weight_decay);
    detail::require_share(function, "decay", decay);
    detail::require_epsilon(function, epsilon);
  }
  template <class T>
  detail::rmsprop_rule<T> rule(double factor, std::uint64_t) const {
    return {static_cast<T>(learning_rate * factor), static_cast<T>(weight_decay), static_cast<T>(decay),
            static_cast<T>(1.0 - decay), static_cast<T>(epsilon)};
  }
  friend bool operator==(const rmsprop&, const rmsprop&) = default;
};

}  // namespace nn
}  // namespace mmrec::inline v0
