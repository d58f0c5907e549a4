// mmrec/eval/evaluate.hpp - runs a protocol on a model.
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/eval/auc.hpp>
#include <mmrec/eval/evaluation.hpp>
#include <mmrec/eval/judge.hpp>
#include <mmrec/eval/lists.hpp>
#include <mmrec/eval/metric.hpp>
#include <mmrec/eval/protocol.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace eval {

namespace detail {

inline constexpr std::string_view evaluate_name = "eval::evaluate";
/// Users of one task: enough to pay for its buffers, few enough to spread over threads.
inline constexpr std::size_t users_per_task = 32;
/// Parts of the work between two progress reports, when somebody listens.
inline constexpr std::size_t progress_steps = 50;

/// Items that compete under a candidate policy: one flag for each item.
template <class Candidates>
std::vector<std::uint8_t> competing_items(const std::vector<std::uint32_t>& train_counts) {
  std::vector<std::uint8_t> competes(train_counts.size(), 1);
  if constexpr (!std::same_as<Candidates, candidates::catalogue>) {
    constexpr bool wants_cold = std::same_as<Candidates, candidates::cold_items>;
    static_assert(wants_cold || std::same_as<Candidates, candidates::warm_items>,
                  "mmrec: the first argument of eval::ranking is eval::candidates::catalogue, cold_items or warm_items");
    for (std::size_t item = 0; item < competes.size(); ++item) {
      competes[item] = (train_counts[item] == 0) == wants_cold ? 1 : 0;
    }
  }
  return competes;
}

/// Parts of different splits of one kind share their type but not their numbers.
template <class Split, class Role>
void require_one_split(const split::train_set<Split>& train, const split::part<Role, Split>& other) {
  if (train.rule() == other.rule()) return;
  throw data_error(evaluate_name, "the " + std::string(Role::name) + " set is of " + other.rule().describe() +
                                      ", the train set of " + train.rule().describe());
}

/// One run of a protocol; see evaluate.
template <class Protocol, class Split, class Role>
class evaluator {
 public:
  /// `masked` are the sets whose items a user is not shown again.
  evaluator(const Protocol& protocol, const Split& rule, const data::interactions& train, const data::interactions& held_out,
            std::vector<const data::interactions*> masked)
      : protocol_(protocol),
        held_out_(held_out),
        masked_(std::move(masked)),
        train_counts_(train.item_counts()),
        competes_(competing_items<typename Protocol::candidates_type>(train_counts_)),
        result_(protocol, rule) {
    protocol.metrics.validate(evaluate_name);
    require_config(!std::isnan(protocol.relevance.at_least), evaluate_name, "relevance.at_least", "must be a number");
    require_size(evaluate_name, "users of the held-out set", train.users(), held_out.users());
    require_size(evaluate_name, "items of the held-out set", train.items(), held_out.items());
    for (const data::interactions* set : masked_) {
      require_size(evaluate_name, "users of a masked set", train.users(), set->users());
      require_size(evaluate_name, "items of a masked set", train.items(), set->items());
    }
    for (std::size_t item = 0; item < competes_.size(); ++item) {
      if (competes_[item] == 0) excluded_.push_back(item_id{item});
    }
  }

  template <executor Exec, recommender_model Model>
  evaluation<Protocol, Split, Role> run(const Exec& exec, const Model& model) {
    require_size(evaluate_name, "users of the model", held_out_.users(), model.users());
    require_size(evaluate_name, "items of the model", held_out_.items(), model.items());
    plan();
    const std::size_t users = result_.users_.size();
    progress_sink* const sink = exec.sink();
    const std::size_t step = sink == nullptr ? users : (std::max)(users_per_task, users / progress_steps + 1);
    for (std::size_t begin = 0; begin < users; begin += step) {
      const std::size_t end = (std::min)(users, begin + step);
      for_ranges(exec, end - begin, users_per_task, [&](std::size_t first, std::size_t last) {
        typename Model::workspace scratch;
        buffers own(held_out_.items(), largest_cutoff());
        for (std::size_t place = begin + first; place < begin + last; ++place) judge_user(model, scratch, own, place);
      });
      report_progress(sink, evaluate_name, end, users);
    }
    summarize();
    return std::move(result_);
  }

 private:
  /// What a task needs for one user at a time.
  struct buffers {
    buffers(std::size_t items, std::size_t k) : scores(items), list((std::min)(items, k)) {}
    std::vector<float> scores;
    std::vector<scored_item> list;
    std::vector<std::uint8_t> hits;
    std::vector<item_id> relevant;
  };

  std::size_t largest_cutoff() const { return protocol_.metrics.cutoffs.back(); }

  /// The user's relevant items, in increasing order.
  void find_relevant(user_id user, std::vector<item_id>& relevant) const {
    relevant.clear();
    const history_view held = held_out_.history(user);
    for (std::size_t entry = 0; entry < held.items.size(); ++entry) {
      const bool counts = held.values[entry] >= protocol_.relevance.at_least;
      if (counts && competes_[held.items[entry].index()] != 0) relevant.push_back(held.items[entry]);
    }
  }

  /// Finds out who is judged, and makes room for everything that is measured.
  void plan() {
    std::vector<item_id> relevant;
    for (std::size_t user = 0; user < held_out_.users(); ++user) {
      find_relevant(user_id{user}, relevant);
      if (relevant.empty()) continue;
      result_.users_.push_back(user_id{user});
      result_.relevant_counts_.push_back(static_cast<std::uint32_t>(relevant.size()));
    }
    for (const std::size_t k : protocol_.metrics.cutoffs) {
      for (std::size_t index = 0; index < measures_at_k; ++index)
        result_.metrics_.emplace_back(measure_names[index].what, k);
    }
    if (protocol_.metrics.auc) result_.metrics_.emplace_back(measure::auc, 0);
    const std::size_t users = result_.users_.size();
    result_.values_.assign(result_.metrics_.size() * users, 0.0);
    result_.lists_.assign(users * largest_cutoff(), item_id{});
    result_.list_sizes_.assign(users, 0);
  }

  template <class Model>
  void judge_user(const Model& model, typename Model::workspace& scratch, buffers& own, std::size_t place) {
    const user_id user = result_.users_[place];
    model.score(user, std::span<float>(own.scores), scratch);
    find_relevant(user, own.relevant);
    const std::size_t candidate_count = remove_non_candidates(user, own);
    const std::size_t listed = kernel::top_k(own.scores, largest_cutoff(), own.list);

    own.hits.assign(listed, 0);
    for (std::size_t rank = 0; rank < listed; ++rank) {
      const item_id item = own.list[rank].item;
      own.hits[rank] = std::binary_search(own.relevant.begin(), own.relevant.end(), item) ? 1 : 0;
      result_.lists_[place * largest_cutoff() + rank] = item;
    }
    result_.list_sizes_[place] = static_cast<std::uint32_t>(listed);

    std::size_t slot = 0;
    const auto store = [&](double value) { result_.values_[slot++ * result_.users_.size() + place] = value; };
    for (const std::size_t k : protocol_.metrics.cutoffs) {
      const list_quality quality = judge_hits(own.hits, own.relevant.size(), candidate_count, k);
      store(quality.recall);
      store(quality.precision);
      store(quality.f1);
      store(quality.accuracy);
      store(quality.hit_rate);
      store(quality.ndcg);
      store(quality.mrr);
      store(quality.map);
      store(mean_popularity(std::span(own.list).first((std::min)(k, listed))));
    }
    if (protocol_.metrics.auc) store(auc(own.scores, own.relevant, candidate_count));
  }

  /// Takes the scores of masked and of not competing items away; returns how many candidates are left.
  std::size_t remove_non_candidates(user_id user, buffers& own) const {
    std::size_t left = competes_.size() - excluded_.size();
    for (const item_id item : excluded_) own.scores[item.index()] = no_score;
    for (const data::interactions* set : masked_) {
      const std::span<const item_id> items = set->history(user).items;
      for (const item_id item : items) {
        own.scores[item.index()] = no_score;
        left -= competes_[item.index()];
      }
      for (const item_id item : own.relevant) {
        if (!std::binary_search(items.begin(), items.end(), item)) continue;
        throw data_error(evaluate_name, "user \"" + held_out_.user_keys()->key(user) + "\", item \"" +
                                            held_out_.item_keys()->key(item) + "\" is both held out and masked");
      }
    }
    return left;
  }

  double mean_popularity(std::span<const scored_item> list) const {
    if (list.empty()) return 0.0;
    std::uint64_t sum = 0;
    for (const scored_item& entry : list) sum += train_counts_[entry.item.index()];
    return static_cast<double>(sum) / static_cast<double>(list.size());
  }

  /// Means over users, added in the order of the users, and the measures of all lists together.
  void summarize() {
    const std::size_t users = result_.users_.size();
    for (std::size_t index = 0; index < result_.metrics_.size(); ++index) {
      const auto values = std::span(result_.values_).subspan(index * users, users);
      const double sum = std::accumulate(values.begin(), values.end(), 0.0);
      result_.means_.push_back(users == 0 ? 0.0 : sum / static_cast<double>(users));
    }
    for (const std::size_t k : protocol_.metrics.cutoffs) {
      list_counts counts(competes_);
      for (std::size_t place = 0; place < users; ++place) {
        const auto list = result_.list(place);
        counts.add(list.first((std::min)(k, list.size())), k);
      }
      result_.metrics_.emplace_back(measure::item_coverage, k);
      result_.means_.push_back(counts.item_coverage());
      result_.metrics_.emplace_back(measure::user_coverage, k);
      result_.means_.push_back(counts.user_coverage());
      result_.metrics_.emplace_back(measure::gini, k);
      result_.means_.push_back(counts.gini());
    }
  }

  const Protocol& protocol_;
  const data::interactions& held_out_;
  std::vector<const data::interactions*> masked_;
  std::vector<std::uint32_t> train_counts_;
  std::vector<std::uint8_t> competes_;
  std::vector<item_id> excluded_;
  evaluation<Protocol, Split, Role> result_;
};

}  // namespace detail

/// Judges a model on the validation set: for choosing models and hyper-parameters. Test data does not come near it.
///
/// Shapes     U x I scores are never held: each task keeps one row of I scores
/// Cost       one model.score for each judged user + O(I + I |R|) at the speed of reading; memory see `evaluation`
/// Result     same bits for any number of threads; judged are the users with a relevant held-out item
/// Throws     shape_error if the model's users or items are not those of the split; invalid_config; cancelled;
///            data_error if a held-out pair is masked or the parts are of different splits; what model.score throws
/// Example    const auto found = eval::evaluate(eval::full_ranking<eval::mask::train>{}, exec, model, parts.train,
///                                              parts.validation);
///            found.mean("ndcg@10");
template <class Candidates, class Mask, class Split, executor Exec, recommender_model Model>
auto evaluate(const ranking<Candidates, Mask>& protocol, const Exec& exec, const Model& model,
              const split::train_set<Split>& train, const split::validation_set<Split>& validation) {
  static_assert(!std::same_as<Mask, mask::train_and_validation>,
                "mmrec: eval::mask::train_and_validation would hide the validation items that are to be found; judge on "
                "validation data with eval::mask::train");
  detail::require_one_split(train, validation);
  std::vector<const data::interactions*> masked;
  if constexpr (std::same_as<Mask, mask::train>) masked = {&train.interactions()};
  const mmrec::exec::session<Exec> session(exec);
  using run = detail::evaluator<ranking<Candidates, Mask>, Split, split::role::validation>;
  return run(protocol, validation.rule(), train.interactions(), validation.interactions(), masked)
      .run(session.executor(), model);
}

/// Judges a model on the test set, once everything is chosen. `train` is what cold and popular items are counted in, also
/// when the final model was fitted on train_and_validation(). See the function above.
///
/// Example    const auto found = eval::evaluate(eval::full_ranking<eval::mask::train_and_validation>{}, exec, model, parts);
template <class Candidates, class Mask, class Split, executor Exec, recommender_model Model>
auto evaluate(const ranking<Candidates, Mask>& protocol, const Exec& exec, const Model& model,
              const split::parts<Split>& parts) {
  detail::require_one_split(parts.train, parts.validation);
  detail::require_one_split(parts.train, parts.test);
  std::vector<const data::interactions*> masked;
  if constexpr (!std::same_as<Mask, mask::nothing>) masked.push_back(&parts.train.interactions());
  if constexpr (std::same_as<Mask, mask::train_and_validation>) masked.push_back(&parts.validation.interactions());
  const mmrec::exec::session<Exec> session(exec);
  using run = detail::evaluator<ranking<Candidates, Mask>, Split, split::role::test>;
  return run(protocol, parts.test.rule(), parts.train.interactions(), parts.test.interactions(), masked)
      .run(session.executor(), model);
}

}  // namespace eval
}  // namespace mmrec::inline v0
