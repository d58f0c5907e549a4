// mmrec/cf/factor_model.hpp - recommenders whose score is an inner product of a user's and an item's vector.
#pragma once
#include <concepts>
#include <span>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// What such a model offers beside score(), so that the lists of many users can be found by one search for the largest
/// inner products (kernel::packed_items) instead of one array of scores after another.
///
///   matrix_view<float> item_vectors() const;
///       I x K; NaN in the row of an item without score
///   void user_vector(user_id, std::span<float> out, workspace&) const;
///       out: K numbers; NaN for a user without score
///
/// NaN makes every inner product NaN, which is no_score.
template <class M>
concept factor_model = recommender_model<M> &&
    requires(const M& model, user_id user, std::span<float> out, typename M::workspace& scratch) {
  { model.item_vectors() } -> std::convertible_to<matrix_view<float>>;
  {model.user_vector(user, out, scratch)};
};

}  // namespace cf
}  // namespace mmrec::inline v0
