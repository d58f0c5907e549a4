// mmrec/nn/loss/bce_with_logits.hpp - binary cross-entropy of a sigmoid, from the logits.
#pragma once
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/format.hpp>
#include <mmrec/nn/loss/detail/logistic.hpp>
#include <mmrec/nn/loss/detail/targets.hpp>

namespace mmrec::inline v0 {
namespace nn::loss {

/// -(w y log s(x) + (1 - y) log(1 - s(x))) for logits x, targets y in [0, 1] and the sigmoid s, averaged over rows and
/// columns (PyTorch's binary_cross_entropy_with_logits with pos_weight = w).
///
/// Shapes     outputs, targets, gradient: B x D, one column for each label; gradient may be null: the value alone is wanted
/// Cost       O(B D), no allocation
/// Result     finite for every finite logit; the value is summed in double, in order; 0 for an empty batch
/// Throws     check_targets: data_error for a target outside [0, 1]; validate: invalid_config. value_and_gradient: nothing
struct bce_with_logits {
  double positive_weight = 1.0;  ///< w, above 0: how much more a positive example counts than a negative one

  template <class T>
  using target_type = T;

  void validate(std::string_view function) const {
    require_config(positive_weight > 0.0 && std::isfinite(positive_weight), function, "positive_weight",
                   "must be positive and finite");
  }
  template <class T>
  static void check_targets(std::string_view function, const T* targets, std::size_t batch, std::size_t width) {
    detail::require_finite_targets(function, targets, batch, width);
    for (std::size_t i = 0; i < batch * width; ++i) {
      if (!(targets[i] >= T(0) && targets[i] <= T(1))) {
        detail::refuse_target(function, i / width, i % width, "is " + to_text(targets[i]) + ", outside [0, 1]");
      }
    }
  }
  /// Elements of T that value_and_gradient wants as scratch.
  static constexpr std::size_t scratch(std::size_t, std::size_t) { return 0; }

  template <class T>
  double value_and_gradient(const T* outputs, const T* targets, std::size_t batch, std::size_t width, T* gradient,
                            T* /*scratch*/ = nullptr) const {
    const std::size_t count = batch * width;
    if (count == 0) return 0.0;
    const T weight = static_cast<T>(positive_weight);
    const T scale = T(1) / static_cast<T>(count);
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      const detail::logistic<T> at(outputs[i]);
      const T positive = weight * targets[i];
      const T negative = T(1) - targets[i];
      sum += static_cast<double>(positive * at.other_softplus + negative * at.softplus);
      if (gradient != nullptr) gradient[i] = scale * (negative * at.sigmoid - positive * at.other_sigmoid);
    }
    return sum / static_cast<double>(count);
  }

  friend bool operator==(const bce_with_logits&, const bce_with_logits&) = default;
};

}  // namespace nn::loss
}  // namespace mmrec::inline v0
