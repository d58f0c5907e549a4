// mmrec/cf/item_weights_model.hpp - the model of all recommenders that learn a sparse matrix of weights between items.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_lists.hpp>
#include <mmrec/cf/detail/member_name.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// Weights between items: every item of a history adds its weight for each item that it points to, and the sum (with the
/// items' base, where there is one) is the score. `Name` is that of the spec, for messages. Meets recommender_model and explainable_model.
///
/// Shapes     out: I scores; the base for an item that no history item points to, no_score for an item that the model does not
///            know and for everything if it knows no item of the history
/// Cost       score O(|history| weights of an item + I); 8 bytes a weight, 8 a pair of the training data
/// Result     a user described by a history gets the scores that a user of the fit with that history has, bit by bit
///            (fold-in); the weights themselves are learnt anew by a refit only
/// Throws     unknown_id for a user or item outside the catalogue, shape_error
template <fixed_string Name>
class item_weights_model {
 public:
  struct workspace {};

  /// From its parts: `lists` the weights, `known` whether the model judges an item, `binary` whether a history item counts
  /// 1 whatever its value, `base` what an item scores without any history, 0 where that is empty.
  item_weights_model(detail::user_histories histories, detail::item_lists lists, std::vector<std::uint8_t> known,
                     bool binary, std::vector<float> base = {})
      : histories_(std::move(histories)),
        lists_(std::move(lists)),
        known_(std::move(known)),
        binary_(binary),
        base_(std::move(base)) {}

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return known_.size(); }
  /// How many weights there are.
  std::size_t weights() const { return lists_.entries.size(); }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of(detail::member_name<Name, "::score">, user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace&) const {
    constexpr std::string_view function = detail::member_name<Name, "::score_history">;
    detail::require_history(function, history, items(), !binary_);
    require_size(function, "out", items(), out.size());
    const bool judges = knows_any_of(history);
    for (std::size_t item = 0; item < items(); ++item) {
      out[item] = judges && known_[item] != 0 ? (base_.empty() ? 0.0f : base_[item]) : no_score;
    }
    if (!judges) return;
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      const float value = binary_ ? 1.0f : history.values[entry];
      for (const scored_item& other : lists_.of(history.items[entry].index())) {
        out[other.item.index()] += value * other.score;
      }
    }
  }

  /// What each item of the history adds to the score of `item`, beyond base(item); all 0 where the score is no_score.
  void explain(history_view history, item_id item, std::span<float> out) const {
    constexpr std::string_view function = detail::member_name<Name, "::explain">;
    detail::require_history(function, history, items(), !binary_);
    detail::require_item(function, item, items());
    require_size(function, "out", history.items.size(), out.size());
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      out[entry] = 0.0f;
      for (const scored_item& other : lists_.of(history.items[entry].index())) {
        if (other.item == item) out[entry] = (binary_ ? 1.0f : history.values[entry]) * other.score;
      }
    }
  }

  /// What the item scores for a history that says nothing of it.
  float base(item_id item) const {
    detail::require_item(detail::member_name<Name, "::base">, item, items());
    return base_.empty() ? 0.0f : base_[item.index()];
  }
  /// Whether the model can judge the item.
  bool knows(item_id item) const {
    detail::require_item(detail::member_name<Name, "::knows">, item, items());
    return known_[item.index()] != 0;
  }
  /// The items that this one points to, the largest weight first: what it adds to their scores when a history holds it.
  std::span<const scored_item> neighbours(item_id item) const {
    detail::require_item(detail::member_name<Name, "::neighbours">, item, items());
    return lists_.of(item.index());
  }

 private:
  bool knows_any_of(const history_view& history) const {
    return std::any_of(history.items.begin(), history.items.end(), [&](item_id item) { return known_[item.index()] != 0; });
  }

  detail::user_histories histories_;
  detail::item_lists lists_;
  std::vector<std::uint8_t> known_;
  bool binary_;
  std::vector<float> base_;
};

}  // namespace cf
}  // namespace mmrec::inline v0
