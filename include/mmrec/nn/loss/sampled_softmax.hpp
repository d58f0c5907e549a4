// mmrec/nn/loss/sampled_softmax.hpp - cross-entropy over one target and sampled negatives, corrected for the sampling.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/nn/loss/detail/softmax_row.hpp>
#include <mmrec/nn/loss/detail/targets.hpp>

namespace mmrec::inline v0 {
namespace nn::loss {

/// A softmax over many classes estimated from a few: column 0 holds the logit of the target, the other columns those of
/// sampled classes; each is lowered by the logarithm of the number of times its class is expected in the sample, so that
/// popular classes, which are drawn often, are not pushed down more than they deserve.
///
/// Shapes     outputs, gradient: B x (1 + S) logits; targets: B x (1 + S) logarithms of expected counts, or null for a sample
///            where all are alike; gradient may be null: the value alone is wanted
/// Cost       O(B S), no allocation; scratch of 1 + S elements
/// Result     the value is averaged over the batch; a count of +infinity leaves its column out (a sampled class that is the
///            target itself); finite for every finite logit; sums are formed in double, in order; 0 for an empty batch
/// Throws     check_targets: data_error for NaN or -infinity, and for a target that is left out. value_and_gradient: nothing
/// Reference  Jean, Cho, Memisevic, Bengio, "On using very large target vocabulary for neural machine translation", ACL 2015
struct sampled_softmax {
  template <class T>
  using target_type = T;
  static constexpr bool needs_targets = false;

  void validate(std::string_view) const {}
  template <class T>
  static void check_targets(std::string_view function, const T* targets, std::size_t batch, std::size_t width) {
    if (targets == nullptr) return;
    constexpr T infinity = std::numeric_limits<T>::infinity();
    for (std::size_t i = 0; i < batch * width; ++i) {
      if (std::isnan(targets[i]) || targets[i] == -infinity) {
        detail::refuse_target(function, i / width, i % width, "is not the logarithm of a positive count");
      }
      if (i % width == 0 && targets[i] == infinity) {
        detail::refuse_target(function, i / width, 0, "leaves the target out of its own loss");
      }
    }
  }
  /// Elements of T that value_and_gradient wants as scratch.
  static constexpr std::size_t scratch(std::size_t, std::size_t width) { return width; }

  template <class T>
  double value_and_gradient(const T* outputs, const T* log_expected_counts, std::size_t batch, std::size_t width,
                            T* gradient, T* scratch) const {
    if (batch == 0 || width == 0) return 0.0;
    const double rows = static_cast<double>(batch);
    double total = 0.0;
    for (std::size_t row = 0; row < batch; ++row) {
      std::copy(outputs + row * width, outputs + (row + 1) * width, scratch);
      if (log_expected_counts != nullptr) {
        for (std::size_t j = 0; j < width; ++j) scratch[j] -= log_expected_counts[row * width + j];
      }
      const detail::row_exponentials all = detail::exponentiate_row(scratch, width, 0, scratch);
      total += all.loss();
      if (gradient == nullptr) continue;
      T* out = gradient + row * width;
      std::copy(scratch, scratch + width, out);
      detail::scale_row(out, width, static_cast<T>(1.0 / (all.sum() * rows)), T(0));
      out[0] = static_cast<T>(-all.others / (all.sum() * rows));
    }
    return total / rows;
  }

  friend bool operator==(const sampled_softmax&, const sampled_softmax&) = default;
};

/// The distribution that draws class k of `classes`, sorted by falling frequency, with probability
/// log((k + 2) / (k + 1)) / log(classes + 1): close to Zipf's law, and cheap to draw from.
struct log_uniform_classes {
  std::uint32_t classes = 1;

  double probability(std::uint32_t k) const {
    MMREC_ASSERT(k < classes);
    return std::log1p(1.0 / (static_cast<double>(k) + 1.0)) / std::log1p(static_cast<double>(classes));
  }
  /// Logarithm of how often class k is expected among `samples` independent draws.
  double log_expected_count(std::uint32_t k, std::size_t samples) const {
    return std::log(static_cast<double>(samples) * probability(k));
  }
  /// The class for a uniform number in [0, 1).
  std::uint32_t draw(double uniform) const {
    const double k = std::floor(std::exp(uniform * std::log1p(static_cast<double>(classes)))) - 1.0;
    return static_cast<std::uint32_t>(std::clamp(k, 0.0, static_cast<double>(classes - 1)));
  }
  friend bool operator==(const log_uniform_classes&, const log_uniform_classes&) = default;
};

}  // namespace nn::loss
}  // namespace mmrec::inline v0
