// mmrec/nn/loss/mse.hpp - mean squared error.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/nn/loss/detail/targets.hpp>

namespace mmrec::inline v0 {
namespace nn::loss {

/// The squares of the differences between outputs and targets, averaged over rows and columns (PyTorch's mse_loss).
///
/// Shapes     outputs, targets, gradient: B x D; gradient may be null: the value alone is wanted
/// Cost       O(B D), no allocation
/// Result     the value is summed in double, in order; 0 for an empty batch
/// Throws     check_targets: data_error for a non-finite target. value_and_gradient: nothing
struct mse {
  template <class T>
  using target_type = T;

  void validate(std::string_view) const {}
  template <class T>
  static void check_targets(std::string_view function, const T* targets, std::size_t batch, std::size_t width) {
    detail::require_finite_targets(function, targets, batch, width);
  }
  /// Elements of T that value_and_gradient wants as scratch.
  static constexpr std::size_t scratch(std::size_t, std::size_t) { return 0; }

  template <class T>
  double value_and_gradient(const T* outputs, const T* targets, std::size_t batch, std::size_t width, T* gradient,
                            T* /*scratch*/ = nullptr) const {
    const std::size_t count = batch * width;
    if (count == 0) return 0.0;
    const T scale = T(2) / static_cast<T>(count);
    double sum = 0.0;
    for (std::size_t i = 0; i < count; ++i) {
      const T difference = outputs[i] - targets[i];
      sum += static_cast<double>(difference) * static_cast<double>(difference);
      if (gradient != nullptr) gradient[i] = scale * difference;
    }
    return sum / static_cast<double>(count);
  }

  friend bool operator==(const mse&, const mse&) = default;
};

}  // namespace nn::loss
}  // namespace mmrec::inline v0
