// mmrec/core/rating_model.hpp - the protocol of recommenders that predict ratings.
#pragma once
#include <algorithm>
#include <concepts>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>

namespace mmrec::inline v0 {

/// The lowest and the largest rating of the training data.
struct rating_scale {
  float low = 0.0f;
  float high = 0.0f;

  /// The nearest rating within the scale.
  float clip(double estimate) const { return static_cast<float>(std::clamp(estimate, double{low}, double{high})); }
  friend bool operator==(const rating_scale&, const rating_scale&) = default;
};

/// A fitted recommender that says how a user would rate an item: explicit feedback.
///
///   rating_scale scale() const;                                  lowest and largest rating seen while fitting
///   float predict(user_id, item_id) const;                       an estimate within the scale; never NaN
///   float predict(user_id, item_id, workspace&) const;           the same without allocation once the workspace is warm
///
/// predict answers for every user and item of the catalogue. A user or item without ratings is cold: what is estimated
/// then is the model's own fallback, which its documentation states; without any knowledge it is the mean of all ratings.
/// An id outside the catalogue is unknown_id.
///
/// score() gives the same estimates before they are clipped, so that a list is not a row of ties at the end of the scale;
/// no_score where the estimate would be a fallback that says nothing about the item.
template <class M>
concept rating_model = recommender_model<M> &&
    requires(const M& model, user_id user, item_id item, typename M::workspace& scratch) {
  { model.scale() } -> std::same_as<rating_scale>;
  { model.predict(user, item) } -> std::same_as<float>;
  { model.predict(user, item, scratch) } -> std::same_as<float>;
};

}  // namespace mmrec::inline v0
