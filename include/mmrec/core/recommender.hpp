// mmrec/core/recommender.hpp - the protocol of recommenders: scores for items, and lists made of them.
#pragma once
#include <concepts>
#include <cstddef>
#include <limits>
#include <optional>
#include <span>

#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {

/// One entry of a recommendation list.
struct scored_item {
  item_id item;
  float score = 0.0f;
  friend bool operator==(const scored_item&, const scored_item&) = default;
};

/// The score of an item that a model cannot judge. It is never listed.
inline constexpr float no_score = std::numeric_limits<float>::quiet_NaN();

/// What a user did: items in increasing order and how strongly (1 for plain implicit feedback).
struct history_view {
  std::span<const item_id> items;
  std::span<const float> values;
};

/// What a caller wants in a list.
struct recommend_options {
  std::size_t k = 10;                                       ///< longest list wanted; 0 gives an empty one
  bool exclude_seen = true;                                 ///< leave out the items of the user's history
  std::span<const item_id> exclude = {};                    ///< leave out these as well; any order
  std::optional<std::span<const item_id>> candidates = {};  ///< if given: only these; none of them gives an empty list
};

/// A fitted recommender. All members are const and safe to call from any number of threads, each with its own workspace.
///
///   std::size_t users() const; std::size_t items() const;
///   struct workspace;                                                 scratch, sized on first use
///   void score(user_id, std::span<float> out, workspace&) const;      out: I scores; no_score where it cannot judge
///   void score_history(history_view, std::span<float> out, workspace&) const;   the same for a user described by items
template <class M>
concept recommender_model = requires(const M& model, user_id user, history_view history, std::span<float> out,
                                     typename M::workspace& scratch) {
  { model.users() } -> std::convertible_to<std::size_t>;
  { model.items() } -> std::convertible_to<std::size_t>;
  {model.score(user, out, scratch)};
  {model.score_history(history, out, scratch)};
};

/// A model that can say how much each item of a history adds to the score of `item`: out has one number for each
/// history entry, and their sum is the score (up to rounding).
template <class M>
concept explainable_model = requires(const M& model, history_view history, item_id item, std::span<float> out) {
  {model.explain(history, item, out)};
};

}  // namespace mmrec::inline v0
