// mmrec/nn/optimizer/adam.hpp - Adam, and AdamW with weight decay apart from the gradient.
#pragma once
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/nn/optimizer/detail/checks.hpp>

namespace mmrec::inline v0 {
namespace nn {

namespace detail {
template <class T>
struct adam_rule {
  static constexpr std::size_t slot_count = 2;
  static constexpr bool has_root = true;
  T penalty;  // of p, as part of the gradient
  T shrink;   // factor of p before it moves
  T rest1;    // 1 - beta1
  T beta2, rest2;
  T rate;    // learning rate / (1 - beta1^step)
  T unbias;  // 1 / sqrt(1 - beta2^step)
  T epsilon;
  [[gnu::always_inline]] T remember_first(T p, T g, T mean) const { return mean + rest1 * ((g + penalty * p) - mean); }
  [[gnu::always_inline]] T remember_second(T p, T g, T square) const {
    const T gradient = g + penalty * p;
    return beta2 * square + rest2 * (gradient * gradient);
  }
  [[gnu::always_inline]] T move(T p, T, T mean, T root) const {
    return shrink * p - rate * (mean / (unbias * root + epsilon));
  }
};

template <class T>
adam_rule<T> make_adam_rule(double rate, double beta1, double beta2, double epsilon, double penalty, double shrink,
                            std::uint64_t step) {
  const double steps = static_cast<double>(step);
  return {static_cast<T>(penalty),
          static_cast<T>(shrink),
          static_cast<T>(1.0 - beta1),
          static_cast<T>(beta2),
          static_cast<T>(1.0 - beta2),
          static_cast<T>(rate / (1.0 - std::pow(beta1, steps))),
          static_cast<T>(1.0 / std::sqrt(1.0 - std::pow(beta2, steps))),
          static_cast<T>(epsilon)};
}
}  // namespace detail

/// m = beta1 m + (1 - beta1) g; v = beta2 v + (1 - beta2) g^2; p -= rate * m' / (sqrt(v') + epsilon), where m' and v' are
/// m and v divided by 1 - beta^step: PyTorch's Adam.
///
/// Shapes     two slots, the moments m and v
/// Throws     validate: invalid_config
/// Reference  Kingma, Ba, "Adam: a method for stochastic optimization", ICLR 2015
struct adam {
  double learning_rate = 1e-3;
  double beta1 = 0.9;         ///< 0..1
  double beta2 = 0.999;       ///< 0..1
  double epsilon = 1e-8;      ///< above 0
  double weight_decay = 0.0;  ///< L2 penalty, part of the gradient

  static constexpr std::array<std::string_view, 2> slots{"first_moment", "second_moment"};
  void validate(std::string_view function) const {
    detail::require_rates(function, learning_rate, weight_decay);
    detail::require_share(function, "beta1", beta1);
    detail::require_share(function, "beta2", beta2);
    detail::require_epsilon(function, epsilon);
  }
  template <class T>
  detail::adam_rule<T> rule(double factor, std::uint64_t step) const {
    return detail::make_adam_rule<T>(learning_rate * factor, beta1, beta2, epsilon, weight_decay, 1.0, step);
  }
  friend bool operator==(const adam&, const adam&) = default;
};

/// Adam, and before it p *= 1 - rate * weight_decay: PyTorch's AdamW.
///
/// Shapes     two slots, the moments m and v
/// Throws     validate: invalid_config
/// Reference  Loshchilov, Hutter, "Decoupled weight decay regularization", ICLR 2019
struct adamw {
  double learning_rate = 1e-3;
  double beta1 = 0.9;          ///< 0..1
  double beta2 = 0.999;        ///< 0..1
  double epsilon = 1e-8;       ///< above 0
  double weight_decay = 1e-2;  ///< share of the parameter that a step at rate 1 takes away

  static constexpr std::array<std::string_view, 2> slots{"first_moment", "second_moment"};
  void validate(std::string_view function) const {
    detail::require_rates(function, learning_rate, weight_decay);
    detail::require_share(function, "beta1", beta1);
    detail::require_share(function, "beta2", beta2);
    detail::require_epsilon(function, epsilon);
  }
  template <class T>
  detail::adam_rule<T> rule(double factor, std::uint64_t step) const {
    const double rate = learning_rate * factor;
    return detail::make_adam_rule<T>(rate, beta1, beta2, epsilon, 0.0, 1.0 - rate * weight_decay, step);
  }
  friend bool operator==(const adamw&, const adamw&) = default;
};

}  // namespace nn
}  // namespace mmrec::inline v0
