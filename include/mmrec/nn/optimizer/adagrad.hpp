// mmrec/nn/optimizer/adagrad.hpp - gradient descent with a rate for each parameter, from the sum of its squared gradients.
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/nn/optimizer/detail/checks.hpp>

namespace mmrec::inline v0 {
namespace nn {

namespace detail {
template <class T>
struct adagrad_rule {
  static constexpr std::size_t slot_count = 1;
  static constexpr bool has_root = true;
  T rate, weight_decay, epsilon;
  [[gnu::always_inline]] T remember_first(T p, T g, T sum) const {
    const T gradient = g + weight_decay * p;
    return sum + gradient * gradient;
  }
  [[gnu::always_inline]] T move(T p, T g, T, T root) const { return p - rate * ((g + weight_decay * p) / (root + epsilon)); }
};
}  // namespace detail

/// s += g^2; p -= rate / (1 + (step - 1) * rate_decay) * g / (sqrt(s) + epsilon): PyTorch's Adagrad.
///
/// Shapes     one slot, the sum s, which begins at 0
/// Throws     validate: invalid_config
/// Reference  Duchi, Hazan, Singer, "Adaptive subgradient methods for online learning and stochastic optimization", JMLR 12, 2011
struct adagrad {
  double learning_rate = 1e-2;
  double rate_decay = 0.0;    ///< at least 0
  double epsilon = 1e-10;     ///< above 0
  double weight_decay = 0.0;  ///< L2 penalty, part of the gradient

  static constexpr std::array<std::string_view, 1> slots{"sum_of_squares"};
  void validate(std::string_view function) const {
    detail::require_rates(function, learning_rate, weight_decay);
    detail::require_epsilon(function, epsilon);
    require_config(rate_decay >= 0.0 && std::isfinite(rate_decay), function, "rate_decay",
                   "must be finite and not negative");
  }
  template <class T>
  detail::adagrad_rule<T> rule(double factor, std::uint64_t step) const {
    const double rate = learning_rate * factor / (1.0 + static_cast<double>(step - 1) * rate_decay);
    return {static_cast<T>(rate), static_cast<T>(weight_decay), static_cast<T>(epsilon)};
  }
  friend bool operator==(const adagrad&, const adagrad&) = default;
};

}  // namespace nn
}  // namespace mmrec::inline v0
