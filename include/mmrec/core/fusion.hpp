// mmrec/core/fusion.hpp - what makes a type a fusion policy, and where in a recommender it acts.
#pragma once
#include <concepts>
#include <type_traits>

namespace mmrec::inline v0 {

/// Where modalities meet.
enum class fusion_level {
  feature,   ///< feature vectors become one feature vector, before a recommender (early fusion)
  decision,  ///< scores of several recommenders become one score (late fusion)
  model,     ///< a network trained with one branch per modality (joint fusion)
};

/// A fusion policy: a regular value that says at which level it acts. The rest of the protocol depends on the level and
/// stands in fusion/feature_level.hpp and fusion/decision_level.hpp.
template <class P>
concept fusion_policy = std::copyable<P> && requires {
  requires std::same_as<std::remove_cvref_t<decltype(P::level)>, fusion_level>;
};

template <class P>
concept feature_fusion = fusion_policy<P> && P::level == fusion_level::feature;

template <class P>
concept decision_fusion = fusion_policy<P> && P::level == fusion_level::decision;

}  // namespace mmrec::inline v0
