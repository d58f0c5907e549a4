// mmrec/nn/loss/softmax_cross_entropy.hpp - cross-entropy of a softmax over classes, from the logits.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/nn/loss/detail/softmax_row.hpp>
#include <mmrec/nn/loss/detail/targets.hpp>

namespace mmrec::inline v0 {
namespace nn::loss {

/// -log of the softmax of the target's class, averaged over the batch (PyTorch's cross_entropy). With label smoothing the
/// target is (1 - s) of that class and s of all classes alike.
///
/// Shapes     outputs, gradient: B x C logits of C classes; targets: B class ids; gradient may be null: the value alone is
///            wanted
/// Cost       O(B C), no allocation
/// Result     finite for every finite logit; sums are formed in double, in order; 0 for an empty batch
/// Throws     check_targets: data_error for a class beyond C; validate: invalid_config. value_and_gradient: nothing
struct softmax_cross_entropy {
  double label_smoothing = 0.0;  ///< s, 0..1

  template <class T>
  using target_type = std::uint32_t;

  void validate(std::string_view function) const {
    require_config(label_smoothing >= 0.0 && label_smoothing <= 1.0, function, "label_smoothing", "must lie in 0..1");
  }
  static void check_targets(std::string_view function, const std::uint32_t* targets, std::size_t batch, std::size_t width) {
    for (std::size_t row = 0; row < batch; ++row) {
      if (targets[row] >= width) {
        detail::refuse_target(function, row, 0,
                              "is class " + std::to_string(targets[row]) + " of " + std::to_string(width) + " classes");
      }
    }
  }
  /// Elements of T that value_and_gradient wants as scratch.
  static constexpr std::size_t scratch(std::size_t, std::size_t) { return 0; }

  template <class T>
  double value_and_gradient(const T* outputs, const std::uint32_t* targets, std::size_t batch, std::size_t width,
                            T* gradient, T* /*scratch*/ = nullptr) const {
    if (batch == 0 || width == 0) return 0.0;
    const double rows = static_cast<double>(batch);
    const double smooth = label_smoothing / static_cast<double>(width);
    double total = 0.0;
    for (std::size_t row = 0; row < batch; ++row) {
      const T* logits = outputs + row * width;
      T* out = gradient == nullptr ? nullptr : gradient + row * width;
      const std::size_t target = targets[row];
      MMREC_ASSERT(target < width);
      const double target_logit = static_cast<double>(logits[target]);
      double smoothed = 0.0;
      if (smooth > 0.0) {
        // Differences to the target's logit: the logits themselves may be large and cancel.
        for (std::size_t j = 0; j < width; ++j) smoothed += target_logit - static_cast<double>(logits[j]);
      }
      const detail::row_exponentials all = detail::exponentiate_row(logits, width, target, out);
      total += all.loss() + smooth * smoothed;
      if (out == nullptr) continue;
      detail::scale_row(out, width, static_cast<T>(1.0 / (all.sum() * rows)), static_cast<T>(smooth / rows));
      out[target] = static_cast<T>((label_smoothing - smooth - all.others / all.sum()) / rows);
    }
    return total / rows;
  }

  friend bool operator==(const softmax_cross_entropy&, const softmax_cross_entropy&) = default;
};

}  // namespace nn::loss
}  // namespace mmrec::inline v0
