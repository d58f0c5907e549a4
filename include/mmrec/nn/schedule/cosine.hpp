// mmrec/nn/schedule/cosine.hpp - learning rates that follow half a wave of the cosine.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace nn::schedule {

namespace detail {
/// From `from` to `to` along half a cosine wave as `share` goes from 0 to 1.
inline double along_cosine(double from, double to, double share) {
  return to + (from - to) * 0.5 * (1.0 + std::cos(std::numbers::pi * share));
}
}  // namespace detail

/// From 1 to `minimum` at step `total` and after it: PyTorch's CosineAnnealingLR with T_max = total.
///
/// Throws     validate: invalid_config
/// Reference  Loshchilov, Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017
struct cosine {
  double minimum = 0.0;  ///< 0..1

  void validate(std::string_view function) const {
    require_config(minimum >= 0.0 && minimum <= 1.0, function, "minimum", "must lie in 0..1");
  }
  double factor(std::uint64_t step, std::uint64_t total) const {
    if (step >= total) return total == 0 ? 1.0 : minimum;
    return detail::along_cosine(1.0, minimum, static_cast<double>(step) / static_cast<double>(total));
  }
  friend bool operator==(const cosine&, const cosine&) = default;
};

/// Up from 1 / start_divisor to 1 during the first `rise` of all steps, then down to 1 / (start_divisor * end_divisor) at the
/// last: PyTorch's OneCycleLR with cosines and two phases; the optimiser's learning rate is its max_lr.
///
/// Throws     validate: invalid_config
/// Reference  Smith, Topin, "Super-convergence: very fast training of neural networks using large learning rates", 2017
struct one_cycle {
  double rise = 0.3;             ///< 0..1, PyTorch's pct_start
  double start_divisor = 25.0;   ///< at least 1
  double end_divisor = 10000.0;  ///< at least 1

  void validate(std::string_view function) const {
    require_config(rise >= 0.0 && rise <= 1.0, function, "rise", "must lie in 0..1");
    require_config(start_divisor >= 1.0 && std::isfinite(start_divisor), function, "start_divisor", "must be at least 1");
    require_config(end_divisor >= 1.0 && std::isfinite(end_divisor), function, "end_divisor", "must be at least 1");
  }
  double factor(std::uint64_t step, std::uint64_t total) const {
    const double start = 1.0 / start_divisor;
    const double last = static_cast<double>(total) - 1.0;
    const double top = rise * static_cast<double>(total) - 1.0;  // the step of factor 1, in fractions of a step
    const double at = (std::min)(static_cast<double>(step), last);
    if (at <= top) return top <= 0.0 ? 1.0 : detail::along_cosine(start, 1.0, at / top);
    const double end = start / end_divisor;
    return last <= top ? end : detail::along_cosine(1.0, end, (at - top) / (last - top));
  }
  friend bool operator==(const one_cycle&, const one_cycle&) = default;
};

}  // namespace nn::schedule
}  // namespace mmrec::inline v0
