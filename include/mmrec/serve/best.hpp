// mmrec/serve/best.hpp - the best items of any recommender under a filter.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/topk_if.hpp>
#include <mmrec/serve/detail/capped.hpp>
#include <mmrec/serve/filter.hpp>

namespace mmrec::inline v0 {
namespace serve {

/// Scratch memory of one thread for best(); sized by the first call, no allocation afterwards.
struct best_workspace {
  kernel::top_k_scratch selection;
  detail::capped_workspace capped;
  std::vector<scored_item> list;
};

/// The k best items of an array of scores under a filter: see filter for what that means.
///
/// Shapes     scores: I, no_score for what must not be listed     history: increasing
/// Cost       O(I), plus the filter's time for the few items that are high enough; with caps the walk begins with the 4 k
///            best and goes deeper where that is not enough
/// Result     exact; lives in the workspace. The same on every machine.
/// Throws     shape_error if the scores are not as many as the filter's items
/// Example    tests/serve/best_test.cpp
template <class Rule, class Table>
std::span<const scored_item> best(std::span<const float> scores, std::size_t k, const filter<Rule, Table>& filter,
                                  std::span<const item_id> history, best_workspace& scratch) {
  require_size("serve::best", "scores", filter.items(), scores.size());
  const std::size_t wanted = (std::min)(k, scores.size());
  scratch.list.resize(wanted);
  const auto view = filter.of(history);
  const std::size_t found = detail::capped_list(filter, scores.size(), wanted, scratch.list, scratch.capped,
                                                [&](std::size_t depth, std::span<scored_item> out) {
                                                  return kernel::top_k_if(scores, depth, view, out, scratch.selection);
                                                });
  return std::span<const scored_item>(scratch.list).first(found);
}

/// Scratch memory of one thread for recommend().
template <class Model>
struct recommend_workspace {
  typename Model::workspace model;
  std::vector<float> scores;
  best_workspace best;
};

/// The best items for a user of a fitted recommender under a filter. The list lives in the workspace.
///
/// Throws     unknown_id for an unknown user; shape_error if the filter's catalogue has another number of items
/// Example    tests/serve/best_test.cpp
template <recommender_model Model, class Rule, class Table>
std::span<const scored_item> recommend(const Model& model, user_id user, std::size_t k, const filter<Rule, Table>& filter,
                                       recommend_workspace<Model>& scratch) requires requires {
  model.interactions().history(user);
}
{
  constexpr std::string_view function = "serve::recommend";
  require_size(function, "items of the filter", model.items(), filter.items());
  if (user.index() >= model.users()) throw unknown_id(function, "user", std::to_string(user.index()), model.users());
  scratch.scores.resize(model.items());
  model.score(user, scratch.scores, scratch.model);
  return best(scratch.scores, k, filter, model.interactions().history(user).items, scratch.best);
}

/// The same for someone described by a history: a new user, folded in, or a model that keeps no interactions.
///
/// Throws     what the model's score_history throws; shape_error if the filter's catalogue has another number of items
/// Example    tests/serve/best_test.cpp
template <recommender_model Model, class Rule, class Table>
std::span<const scored_item> recommend(const Model& model, history_view history, std::size_t k,
                                       const filter<Rule, Table>& filter, recommend_workspace<Model>& scratch) {
  require_size("serve::recommend", "items of the filter", model.items(), filter.items());
  scratch.scores.resize(model.items());
  model.score_history(history, scratch.scores, scratch.model);
  return best(scratch.scores, k, filter, history.items, scratch.best);
}

}  // namespace serve
}  // namespace mmrec::inline v0
