// mmrec/fusion/weighted_concat.hpp - feature-level fusion: weighted features side by side.
#pragma once
#include <span>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/fusion.hpp>
#include <mmrec/fusion/concat_model.hpp>
#include <mmrec/fusion/feature_level.hpp>
#include <mmrec/fusion/missing.hpp>

namespace mmrec::inline v0 {
namespace fusion {

/// Multiplies the feature vector of each modality by its weight and puts them side by side. Between two items the inner
/// product of modality m counts with the square of its weight.
///
/// Shapes     in  M times I x D_m; out I x D, D = sum of D_m; weight 0 leaves a block of zeros and its modality counts as
///            absent in every other respect
/// Cost       O(I D) time; memory is the result
/// Result     same bits for any number of threads; fuse_one gives the bits of fuse
/// Throws     invalid_config unless there is one weight a modality, finite, not negative, not all 0; else as concat
/// Avoid when the learner that follows scales its input itself (a network with batch norm): weights then have no effect
/// Example    fusion::weighted_concat{.weights = {1.0f, 0.5f}, .missing = fusion::missing::zero}
struct weighted_concat {
  std::vector<float> weights = {};                   ///< one a modality, in their order; none: all 1
  fusion::missing missing = fusion::missing::error;  ///< for items that lack a modality

  static constexpr fusion_level level = fusion_level::feature;

  template <executor Exec>
  concat_model fit(const Exec& exec, std::span<const modality_features> modalities) const {
    return concat_model::fit("fusion::weighted_concat", weights, missing, exec, modalities);
  }

  friend bool operator==(const weighted_concat&, const weighted_concat&) = default;
};

}  // namespace fusion
}  // namespace mmrec::inline v0
