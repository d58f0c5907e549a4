// mmrec/pipeline/new_item.hpp - scoring an item that is described by its features alone.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace detail {

/// Models that compare features directly (cf::profile), and models that map features to factors (cf::ials).
template <class Model, class Features>
concept scores_features = requires(const Model& model, const Features& features, user_id user,
                                   typename Model::workspace& scratch) {
  { model.score_features(features, user, scratch) } -> std::convertible_to<float>;
};
template <class Model>
concept maps_features = requires(const Model& model, std::span<const float> features, std::span<float> out) {
  model.item_vector_from_features(features, out);
};

template <class Model>
std::vector<float> factors_of(const Model& model, std::span<const float> features) {
  std::vector<float> factors(static_cast<std::size_t>(model.item_vectors().cols()));
  model.item_vector_from_features(features, factors);
  return factors;
}

/// The score of a user for an item with these features; no_score for models that know items by their id alone.
template <class Model, class Features>
float score_new_item(const Model& model, user_id user, const Features& features, typename Model::workspace& scratch) {
  if constexpr (scores_features<Model, Features>) {
    return model.score_features(features, user, scratch);
  } else if constexpr (maps_features<Model>) {
    const std::vector<float> factors = factors_of(model, features);
    std::vector<float> user_factors(factors.size());
    model.user_vector(user, user_factors, scratch);
    float score = 0.0f;
    for (std::size_t k = 0; k < factors.size(); ++k) score += factors[k] * user_factors[k];
    return score;
  } else {
    return no_score;
  }
}

/// How much each known item is like these features; no_score throughout for models that know items by their id alone.
template <class Model, class Features>
void score_similar(const Model& model, const Features& features, std::span<float> out) {
  if constexpr (scores_features<Model, Features>) {
    typename Model::workspace scratch;
    model.similar(features, out, scratch);
  } else if constexpr (maps_features<Model>) {
    const std::vector<float> factors = factors_of(model, features);
    const Eigen::Map<const vector<float>> wanted(factors.data(), static_cast<Eigen::Index>(factors.size()));
    Eigen::Map<vector<float>>(out.data(), static_cast<Eigen::Index>(out.size())).noalias() = model.item_vectors() * wanted;
  } else {
    std::fill(out.begin(), out.end(), no_score);
  }
}

}  // namespace detail
}  // namespace mmrec::inline v0
