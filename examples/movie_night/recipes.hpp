// recipes.hpp - the pipelines. Swap a stage, a fusion policy or a recommender here and run again.
#pragma once
#include <tuple>

#include <mmrec/cf.hpp>
#include <mmrec/decomp/truncated_svd.hpp>
#include <mmrec/features.hpp>
#include <mmrec/image.hpp>
#include <mmrec/pipeline.hpp>
#include <mmrec/text.hpp>

namespace night {

namespace mm = mmrec;

// What is heard and seen in a trailer. The aesthetic features hold infinities and constant columns on purpose.
inline auto scaled() {
  return mm::features::standardize{.non_finite = mm::features::non_finite::clip,
                                   .constant_column = mm::features::constant_column::zero};
}

inline auto weighted_words() {
  return mm::text::strip_html{} | mm::text::words{} | mm::text::stop_words{.language = "en"} |
         mm::text::tfidf{.min_df = 2, .sublinear_tf = true};
}

inline auto poster_look() { return mm::image::color_histogram{} | mm::features::standardize{}; }

// Who likes it: a film is near to a user if it is like the films that they rated above their own average.
inline auto likes() { return mm::cf::profile{.weighting = mm::cf::profile_weighting::centred}; }

/// Branches that score films by their content, one modality each, for decision-level fusion.
inline auto default_branches() {
  return std::tuple(mm::modality<"words">(weighted_words() | likes()), mm::modality<"sound">(scaled() | likes()),
                    mm::modality<"pictures">(scaled() | likes()));
}
inline auto full_branches() {
  return std::tuple_cat(default_branches(), std::tuple(mm::modality<"plot">(weighted_words() | likes()),
                                                       mm::modality<"poster">(poster_look() | likes())));
}

/// The same modalities as features of about equal weight, for feature-level fusion.
inline auto default_features() {
  return std::tuple(
      mm::modality<"words">(weighted_words() | mm::decomp::truncated_svd{.components = 64} | mm::features::l2_normalize{}),
      mm::modality<"sound">(scaled() | mm::features::l2_normalize{}),
      mm::modality<"pictures">(scaled() | mm::features::l2_normalize{}));
}
inline auto full_features() {
  return std::tuple_cat(default_features(),
                        std::tuple(mm::modality<"plot">(weighted_words() | mm::decomp::truncated_svd{.components = 64} |
                                                        mm::features::l2_normalize{}),
                                   mm::modality<"poster">(poster_look() | mm::features::l2_normalize{})));
}

/// Recommenders that look at who watched what, and at nothing else.
inline auto behaviour() {
  return std::tuple(mm::modality<"EASE">(mm::cf::ease{.regularization = 500.0f}),
                    mm::modality<"item-kNN">(mm::cf::item_knn{.neighbours = 200}),
                    mm::modality<"iALS">(mm::cf::ials{.factors = 64}), mm::modality<"popularity">(mm::cf::popularity{}));
}

}  // namespace night
