// mmrec/nn/loss/bpr.hpp - Bayesian personalised ranking: a positive item is to score above negative ones.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

#include <mmrec/nn/loss/detail/logistic.hpp>

namespace mmrec::inline v0 {
namespace nn::loss {

/// -log sigmoid(positive - negative), averaged over all pairs of the batch.
///
/// Shapes     outputs, gradient: B x (1 + S) scores, the positive item's in column 0, those of S negative items after it;
///            there are no targets (null); gradient may be null: the value alone is wanted
/// Cost       O(B S), no allocation
/// Result     finite for every finite score; the value is summed in double, in order; 0 without pairs
/// Throws     nothing
/// Reference  Rendle, Freudenthaler, Gantner, Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback",
///            UAI 2009
struct bpr {
  template <class T>
  using target_type = T;
  static constexpr bool needs_targets = false;

  void validate(std::string_view) const {}
  template <class T>
  static void check_targets(std::string_view, const T*, std::size_t, std::size_t) {}
  /// Elements of T that value_and_gradient wants as scratch.
  static constexpr std::size_t scratch(std::size_t, std::size_t) { return 0; }

  template <class T>
  double value_and_gradient(const T* outputs, const T* /*targets*/, std::size_t batch, std::size_t width, T* gradient,
                            T* /*scratch*/ = nullptr) const {
    if (batch == 0 || width < 2) {
      if (gradient != nullptr) std::fill(gradient, gradient + batch * width, T(0));
      return 0.0;
    }
    const double pairs = static_cast<double>(batch) * static_cast<double>(width - 1);
    const T scale = static_cast<T>(1.0 / pairs);
    double total = 0.0;
    for (std::size_t row = 0; row < batch; ++row) {
      const T* scores = outputs + row * width;
      double pull = 0.0;
      for (std::size_t j = 1; j < width; ++j) {
        const detail::logistic<T> at(scores[0] - scores[j]);
        total += static_cast<double>(at.other_softplus);
        if (gradient == nullptr) continue;
        gradient[row * width + j] = scale * at.other_sigmoid;
        pull += static_cast<double>(at.other_sigmoid);
      }
      if (gradient != nullptr) gradient[row * width] = static_cast<T>(-pull / pairs);
    }
    return total / pairs;
  }

  friend bool operator==(const bpr&, const bpr&) = default;
};

}  // namespace nn::loss
}  // namespace mmrec::inline v0
