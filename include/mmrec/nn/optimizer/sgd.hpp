// mmrec/nn/optimizer/sgd.hpp - stochastic gradient descent, plain, with momentum, and with Nesterov's.
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
struct sgd_rule {
  static constexpr std::size_t slot_count = 0;
  static constexpr bool has_root = false;
  T rate, weight_decay;
  [[gnu::always_inline]] T move(T p, T g, T, T) const { return p - rate * (g + weight_decay * p); }
};

template <class T, bool LooksAhead>
struct momentum_rule {
  static constexpr std::size_t slot_count = 1;
  static constexpr bool has_root = false;
  T rate, weight_decay, decay;
  [[gnu::always_inline]] T remember_first(T p, T g, T velocity) const { return decay * velocity + (g + weight_decay * p); }
  [[gnu::always_inline]] T move(T p, T g, T velocity, T) const {
    if constexpr (LooksAhead) return p - rate * ((g + weight_decay * p) + decay * velocity);
    return p - rate * velocity;
  }
};
}  // namespace detail

/// p -= rate * (g + weight_decay * p): PyTorch's SGD.
///
/// Shapes     no slots
/// Throws     validate: invalid_config for a rate or weight decay that is negative or not finite
struct sgd {
  double learning_rate = 1e-3;
  double weight_decay = 0.0;  ///< L2 penalty, part of the gradient

  static constexpr std::array<std::string_view, 0> slots{};
  void validate(std::string_view function) const { detail::require_rates(function, learning_rate, weight_decay); }
  template <class T>
  detail::sgd_rule<T> rule(double factor, std::uint64_t) const {
    return {static_cast<T>(learning_rate * factor), static_cast<T>(weight_decay)};
  }
  friend bool operator==(const sgd&, const sgd&) = default;
};

/// v = decay * v + g; p -= rate * v: PyTorch's SGD with momentum, without dampening.
///
/// Shapes     one slot, the velocity v
/// Throws     validate: invalid_config
/// Reference  Polyak, "Some methods of speeding up the convergence of iteration methods", 1964
struct momentum {
  double learning_rate = 1e-3;
  double decay = 0.9;         ///< share of the velocity that is kept, 0..1; PyTorch calls it momentum
  double weight_decay = 0.0;  ///< L2 penalty, part of the gradient

  static constexpr std::array<std::string_view, 1> slots{"velocity"};
  void validate(std::string_view function) const {
    detail::require_rates(function, learning_rate, weight_decay);
    detail::require_share(function, "decay", decay);
  }
  template <class T>
  detail::momentum_rule<T, false> rule(double factor, std::uint64_t) const {
    return {static_cast<T>(learning_rate * factor), static_cast<T>(weight_decay), static_cast<T>(decay)};
  }
  friend bool operator==(const momentum&, const momentum&) = default;
};

/// v = decay * v + g; p -= rate * (g + decay * v): PyTorch's SGD with nesterov=True.
///
/// Shapes     one slot, the velocity v
/// Throws     validate: invalid_config
/// Reference  Sutskever, Martens, Dahl, Hinton, "On the importance of initialization and momentum in deep learning", ICML 2013
struct nesterov {
  double learning_rate = 1e-3;
  double decay = 0.9;         ///< share of the velocity that is kept, 0..1; PyTorch calls it momentum
  double weight_decay = 0.0;  ///< L2 penalty, part of the gradient

  static constexpr std::array<std::string_view, 1> slots{"velocity"};
  void validate(std::string_view function) const {
    detail::require_rates(function, learning_rate, weight_decay);
    detail::require_share(function, "decay", decay);
  }
  template <class T>
  detail::momentum_rule<T, true> rule(double factor, std::uint64_t) const {
    return {static_cast<T>(learning_rate * factor), static_cast<T>(weight_decay), static_cast<T>(decay)};
  }
  friend bool operator==(const nesterov&, const nesterov&) = default;
};

}  // namespace nn
}  // namespace mmrec::inline v0
