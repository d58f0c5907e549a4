// mmrec/eval/evaluate.hpp - runs a protocol on a model.
#pragma once
#include <concepts>
#include <string>
#include <utility>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/split/folded.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/eval/detail/evaluator.hpp>
#include <mmrec/eval/evaluation.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace eval {

namespace detail {

/// Parts of different splits of one kind share their type but not their numbers.
template <class Split, class Role>
void require_one_split(const split::train_set<Split>& train, const split::part<Role, Split>& other) {
  if (train.rule() == other.rule()) return;
  throw data_error(evaluate_name, "the " + std::string(Role::name) + " set is of " + other.rule().describe() +
                                      ", the train set of " + train.rule().describe());
}

template <class Role, class Protocol, executor Exec, class Model, class Split, class HistoryRole>
auto evaluate_new_users(const Protocol& protocol, const Exec& exec, const Model& model, const split::train_set<Split>& train,
                        const split::part<HistoryRole, Split>& histories, const split::part<Role, Split>& held_out) {
  using mask_type = typename Protocol::mask_type;
  static_assert(!std::same_as<mask_type, mask::train_and_validation>,
                "mmrec: users of a strong generalisation have a history and no validation items; mask with "
                "eval::mask::train");
  judged_sets sets{train.interactions(), held_out.interactions(), {}, &histories.interactions()};
  if constexpr (std::same_as<mask_type, mask::train>) sets.masked = {&histories.interactions()};
  const mmrec::exec::session<Exec> session(exec);
  return evaluator<Protocol, Split, Role>(protocol, held_out.rule(), std::move(sets)).run(session.executor(), model);
}

}  // namespace detail

/// Judges a model on the validation set: for choosing models and hyper-parameters. Test data does not come near it.
///
/// Shapes     U x I scores are never held: each task keeps one row of I scores
/// Cost       one model.score for each judged user + O(I + I |R|) at the speed of reading; memory see `evaluation`. A model
///            of factors (cf::factor_model) without metrics.auc: one search by kernel::packed_items, and 4 I K bytes for it
/// Result     same bits for any number of threads; judged are the users with a relevant held-out item. The scores of a
///            model of factors are the inner products of kernel::packed_items, which may differ from model.score in the
///            last bit
/// Throws     shape_error if the model's users or items are not those of the split; invalid_config; cancelled;
///            data_error if a held-out pair is masked or the parts are of different splits; what model.score throws.
///            Parts of a strong generalisation without the histories of its users do not compile
/// Example    const auto found = eval::evaluate(eval::full_ranking<eval::mask::train>{}, exec, model, parts.train,
///                                              parts.validation);
///            found.mean("ndcg@10");
template <ranking_protocol Protocol, class Split, executor Exec, recommender_model Model>
auto evaluate(const Protocol& protocol, const Exec& exec, const Model& model, const split::train_set<Split>& train,
              const split::validation_set<Split>& validation) {
  using mask_type = typename Protocol::mask_type;
  static_assert(!std::same_as<mask_type, mask::train_and_validation>,
                "mmrec: eval::mask::train_and_validation would hide the validation items that are to be found; judge on "
                "validation data with eval::mask::train");
  static_assert(!split::of_new_users<Split>,
                "mmrec: this split holds out users that the model does not know; describe them by their histories: "
                "evaluate(protocol, exec, model, parts.train, parts.validation_history, parts.validation)");
  detail::require_one_split(train, validation);
  detail::judged_sets sets{train.interactions(), validation.interactions(), {}};
  if constexpr (std::same_as<mask_type, mask::train>) sets.masked = {&train.interactions()};
  const mmrec::exec::session<Exec> session(exec);
  return detail::evaluator<Protocol, Split, split::role::validation>(protocol, validation.rule(), std::move(sets))
      .run(session.executor(), model);
}

/// Judges a model on the test set, once everything is chosen. `train` is what cold and popular items are counted in, also
/// when the final model was fitted on train_and_validation(). See the function above.
///
/// Example    const auto found = eval::evaluate(eval::full_ranking<eval::mask::train_and_validation>{}, exec, model, parts);
template <ranking_protocol Protocol, class Split, executor Exec, recommender_model Model>
auto evaluate(const Protocol& protocol, const Exec& exec, const Model& model, const split::parts<Split>& parts) {
  using mask_type = typename Protocol::mask_type;
  detail::require_one_split(parts.train, parts.validation);
  detail::require_one_split(parts.train, parts.test);
  detail::judged_sets sets{parts.train.interactions(), parts.test.interactions(), {}};
  if constexpr (!std::same_as<mask_type, mask::nothing>) sets.masked.push_back(&parts.train.interactions());
  if constexpr (std::same_as<mask_type, mask::train_and_validation>) sets.masked.push_back(&parts.validation.interactions());
  const mmrec::exec::session<Exec> session(exec);
  return detail::evaluator<Protocol, Split, split::role::test>(protocol, parts.test.rule(), std::move(sets))
      .run(session.executor(), model);
}

/// Judges a model on users it was not fitted on (strong generalisation): each is described by the history of the validation
/// users, through model.score_history, and judged on the rest of what they did. mask::train hides that history.
///
/// Throws     as above; what model.score_history throws
/// Example    const auto parts = split::strong_generalisation{}(ratings);
///            eval::evaluate(eval::full_ranking<eval::mask::train>{}, exec, spec.fit(exec, parts.train), parts.train,
///                           parts.validation_history, parts.validation);
template <ranking_protocol Protocol, class Split, executor Exec, recommender_model Model>
auto evaluate(const Protocol& protocol, const Exec& exec, const Model& model, const split::train_set<Split>& train,
              const split::validation_history<Split>& histories, const split::validation_set<Split>& validation) {
  detail::require_one_split(train, histories);
  detail::require_one_split(train, validation);
  return detail::evaluate_new_users<split::role::validation>(protocol, exec, model, train, histories, validation);
}

/// The same for the test users.
///
/// Example    eval::evaluate(eval::full_ranking<eval::mask::train>{}, exec, spec.fit(exec, parts.train), parts);
template <ranking_protocol Protocol, class Split, executor Exec, recommender_model Model>
auto evaluate(const Protocol& protocol, const Exec& exec, const Model& model, const split::folded_parts<Split>& parts) {
  detail::require_one_split(parts.train, parts.test_history);
  detail::require_one_split(parts.train, parts.test);
  return detail::evaluate_new_users<split::role::test>(protocol, exec, model, parts.train, parts.test_history, parts.test);
}

}  // namespace eval
}  // namespace mmrec::inline v0
