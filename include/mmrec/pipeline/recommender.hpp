// mmrec/pipeline/recommender.hpp - specifications of whole recommenders.
#pragma once
#include <type_traits>
#include <utility>

#include <mmrec/core/fusion.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/pipeline/modality.hpp>

namespace mmrec::inline v0 {

/// Features of several modalities, fused; a recommender learns on top.
template <class Set, class Fusion, class Recommender>
struct feature_level_spec {
  Set modalities;
  Fusion fusion;
  Recommender recommender;
  friend bool operator==(const feature_level_spec&, const feature_level_spec&) = default;
};

/// Scores of several recommenders, fused.
template <class Set, class Fusion>
struct decision_level_spec {
  Set modalities;
  Fusion fusion;
  friend bool operator==(const decision_level_spec&, const decision_level_spec&) = default;
};

/// A recommender that learns from interactions alone.
template <class Recommender>
struct collaborative_level_spec {
  Recommender recommender;
  friend bool operator==(const collaborative_level_spec&, const collaborative_level_spec&) = default;
};

/// Feature-level (early) fusion: recommender(modalities(...), fusion::concat{}, cf::profile{}).
template <class Set, class Fusion, class Recommender>
constexpr auto recommender(Set set, Fusion fusion, Recommender learner) {
  static_assert(feature_fusion<Fusion>,
                "mmrec: with a recommender behind it, the fusion policy must be a "
                "feature-level one (fusion::concat, ...); decision-level policies fuse "
                "modalities that each end in a recommender");
  if constexpr (feature_fusion<Fusion>) {
    static_assert(Set::all_features,
                  "mmrec: feature-level fusion needs modalities that end in features; these end in "
                  "recommenders (use a decision-level policy such as fusion::weighted_sum)");
    if constexpr (Set::all_features) {
      static_assert(Set::all_dense,
                    "mmrec: feature-level fusion needs dense features: end sparse modalities with "
                    "decomp::truncated_svd, or fuse at decision level");
      static_assert(takes<Recommender, kind::dense<float>>,
                    "mmrec: this recommender does not learn from features; give it "
                    "to recommender(...) by itself, or to a modality of a "
                    "decision-level fusion");
    }
  }
  return feature_level_spec<Set, Fusion, Recommender>{std::move(set), std::move(fusion), std::move(learner)};
}

/// Decision-level (late) fusion: recommender(modalities(modality<"plot">(... | cf::profile{}), ...),
/// fusion::weighted_sum{}).
template <class Set, class Fusion>
constexpr auto recommender(Set set, Fusion fusion) {
  static_assert(decision_fusion<Fusion>,
                "mmrec: without a recommender behind it, the fusion policy must be a "
                "decision-level one (fusion::weighted_sum, fusion::reciprocal_rank)");
  if constexpr (decision_fusion<Fusion>) {
    static_assert(Set::all_scores,
                  "mmrec: decision-level fusion needs modalities that each end in a recommender; these "
                  "end in features (append '| cf::profile{}', or use a feature-level policy and a "
                  "recommender behind it)");
  }
  return decision_level_spec<Set, Fusion>{std::move(set), std::move(fusion)};
}

/// Collaborative filtering alone: recommender(cf::ease{}).
template <class Recommender>
constexpr auto recommender(Recommender learner) {
  static_assert(collaborative_spec<Recommender>,
                "mmrec: this is not a recommender that can learn from interactions alone; "
                "name its modalities: recommender(modalities(...), ...)");
  return collaborative_level_spec<Recommender>{std::move(learner)};
}

}  // namespace mmrec::inline v0
