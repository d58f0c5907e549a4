// mmrec/fusion/concat.hpp - feature-level fusion: the features of all modalities side by side.
#pragma once
#include <span>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/fusion.hpp>
#include <mmrec/fusion/concat_model.hpp>
#include <mmrec/fusion/feature_level.hpp>
#include <mmrec/fusion/missing.hpp>

namespace mmrec::inline v0 {
namespace fusion {

/// Puts the feature vectors of M modalities side by side.
///
/// Shapes     in  M times I x D_m; out I x D, D = sum of D_m, in the order of the modalities
/// Cost       O(I D) time; memory is the result
/// Result     same bits for any number of threads; fuse_one gives the bits of fuse
/// Throws     data_error if an item lacks a modality and `missing` is error, if no item has some modality, or if a
///            feature is not finite; shape_error if modalities differ in their number of items
/// Avoid when the modalities differ in scale or width: the largest numbers win; scale them first (features::standardize,
///            l2_normalize) or give weights (weighted_concat)
/// Example    fusion::concat{.missing = fusion::missing::renormalize}
struct concat {
  fusion::missing missing = fusion::missing::error;  ///< for items that lack a modality

  static constexpr fusion_level level = fusion_level::feature;

  template <executor Exec>
  concat_model fit(const Exec& exec, std::span<const modality_features> modalities) const {
    return concat_model::fit("fusion::concat", {}, missing, exec, modalities);
  }

  friend bool operator==(const concat&, const concat&) = default;
};

}  // namespace fusion
}  // namespace mmrec::inline v0
