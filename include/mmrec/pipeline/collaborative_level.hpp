// mmrec/pipeline/collaborative_level.hpp - the core of a recommender that learns from interactions alone.
#pragma once
#include <cstddef>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/pipeline/explanation.hpp>

namespace mmrec::inline v0 {
namespace detail {

/// The parts of a score that a model's own explain() gives, as an explanation; the score where it has none.
template <class Model>
explanation explain_by_history(const Model& model, user_id user, history_view history, item_id item) {
  explanation result;
  result.item = item;
  typename Model::workspace scratch;
  std::vector<float> scores(model.items());
  model.score(user, scores, scratch);
  result.score = scores[item.index()];
  if constexpr (explainable_model<Model>) {
    std::vector<float> contributions(history.items.size());
    model.explain(history, item, contributions);
    add_history(result.history, history, contributions);
    sort_history(result.history);
  }
  return result;
}

template <class Model>
class collaborative_level_model {
 public:
  using workspace = typename Model::workspace;
  static constexpr bool reads_content = false;

  explicit collaborative_level_model(Model model) : model_(std::move(model)) {}

  const Model& model() const { return model_; }

  void score(user_id user, std::span<float> out, workspace& scratch) const { model_.score(user, out, scratch); }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    model_.score_history(history, out, scratch);
  }
  explanation explain(user_id user, history_view history, item_id item) const {
    return explain_by_history(model_, user, history, item);
  }

 private:
  Model model_;
};

}  // namespace detail
}  // namespace mmrec::inline v0
