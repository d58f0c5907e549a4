// mmrec/pipeline/model.hpp - a fitted recommender, whatever it is made of.
#pragma once
#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/kernel/topk.hpp>
#include <mmrec/pipeline/explanation.hpp>

namespace mmrec::inline v0 {

/// A user and how well an item suits them.
struct scored_user {
  user_id user;
  float score = 0.0f;
  friend bool operator==(const scored_user&, const scored_user&) = default;
};

namespace detail {
/// What describe() of a recommender without content gives, so that nothing behind that error is one as well.
struct not_described {};
}  // namespace detail

/// What mmrec::fit returns: scores, lists and reasons. It keeps the interactions it was fitted on, to leave out what a
/// user has seen.
///
/// Determinism  the same bits for any number of threads
/// Threads      const: any number of threads may share one model, each with its own workspace
template <class Core>
class fitted_recommender {
 public:
  /// Scratch memory of one thread; sized by the first call, no allocation afterwards.
  struct workspace {
    typename Core::workspace core;
    std::vector<float> scores;
    std::vector<std::uint8_t> allowed;
    std::vector<scored_item> list;
  };

  fitted_recommender(Core core, std::shared_ptr<const data::interactions> events)
      : core_(std::move(core)), events_(std::move(events)) {}

  std::size_t users() const { return events_->users(); }
  std::size_t items() const { return events_->items(); }
  const data::user_map& user_keys() const { return *events_->user_keys(); }
  const data::item_map& item_keys() const { return *events_->item_keys(); }
  const data::interactions& interactions() const { return *events_; }
  const Core& core() const { return core_; }

  /// Scores of all items, I of them; no_score where the model cannot judge. Throws unknown_id, shape_error; data_error if
  /// a decision-level policy whose `missing` is error meets an item that a branch cannot judge.
  void score(user_id user, std::span<float> out, workspace& scratch) const {
    require_size("fitted_recommender::score", "scores", items(), out.size());
    require_user("fitted_recommender::score", user);
    core_.score(user, out, scratch.core);
  }
  /// The same for somebody who is described by a history alone. Throws data_error also for a history whose items do not
  /// strictly increase or whose values are not all finite.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    require_size("fitted_recommender::score_history", "scores", items(), out.size());
    require_history("fitted_recommender::score_history", history);
    core_.score_history(history, out, scratch.core);
  }

  /// The best items for a user, best first, ties by item id: min(k, candidates) of them. A user without history gets an
  /// empty list from models that have nothing to go by. The list lives in the workspace. Throws unknown_id; data_error
  /// if a decision-level policy whose `missing` is error meets an item that a branch cannot judge.
  std::span<const scored_item> recommend(user_id user, const recommend_options& options, workspace& scratch) const {
    require_user("fitted_recommender::recommend", user);
    scratch.scores.resize(items());
    core_.score(user, scratch.scores, scratch.core);
    return best(events_->history(user), options, scratch);
  }
  std::vector<scored_item> recommend(user_id user, const recommend_options& options = {}) const {
    workspace scratch;
    const auto list = recommend(user, options, scratch);
    return {list.begin(), list.end()};
  }

  /// The best items for somebody who is described by a history alone. Throws as score_history and recommend do.
  std::span<const scored_item> recommend(history_view history, const recommend_options& options, workspace& scratch) const {
    require_history("fitted_recommender::recommend", history);
    scratch.scores.resize(items());
    core_.score_history(history, scratch.scores, scratch.core);
    return best(history, options, scratch);
  }

  /// Lists for many users at once, in the order of `wanted`; the same lists as one by one. Throws as recommend does.
  template <executor Exec>
  std::vector<std::vector<scored_item>> recommend_batch(const Exec& exec, std::span<const user_id> wanted,
                                                        const recommend_options& options = {}) const {
    std::vector<std::vector<scored_item>> lists(wanted.size());
    constexpr std::size_t users_per_task = 32;
    for_ranges(exec, wanted.size(), users_per_task, [&](std::size_t begin, std::size_t end) {
      workspace scratch;
      for (std::size_t index = begin; index < end; ++index) {
        const auto list = recommend(wanted[index], options, scratch);
        lists[index].assign(list.begin(), list.end());
      }
    });
    return lists;
  }

  /// Why an item suits a user: what each modality and each item of the history adds to its score.
  explanation explain(user_id user, item_id item) const {
    require_user("fitted_recommender::explain", user);
    if (item.index() >= items()) {
      throw unknown_id("fitted_recommender::explain", "item", std::to_string(item.index()), items());
    }
    return core_.explain(user, events_->history(user), item);
  }

  /// The same fitted branches under another decision-level policy: weights are tuned without fitting anything again.
  /// O(1): both models share the branches. Throws invalid_config.
  template <class Fusion>
  auto with_fusion(const Fusion& policy) const requires requires(const Core& core) {
    core.with_fusion(policy);
  }
  {
    auto core = core_.with_fusion(policy);
    return fitted_recommender<decltype(core)>(std::move(core), events_);
  }

  /// What the model makes of an item that is described by its content alone: row `row` of a table with the columns that
  /// the model was fitted on. Throws data_error when the row has no value in any of them.
  template <class Table>
  auto describe(const Table& table, item_id row) const {
    static_assert(Core::reads_content,
                  "mmrec: this recommender knows items by their id alone: it has no modality that describes a new item");
    if constexpr (Core::reads_content) {
      return core_.describe(table, row);
    } else {
      return detail::not_described{};
    }
  }

  /// The users whom a described new item suits best, best first, ties by user id. Throws data_error if a decision-level
  /// policy whose `missing` is error meets an item that a branch cannot judge.
  template <executor Exec, class NewItem>
  std::vector<scored_user> recommend_users(const Exec& exec, const NewItem& item, std::size_t k) const {
    static_assert(Core::reads_content || std::same_as<NewItem, detail::not_described>,
                  "mmrec: this recommender knows items by their id alone: it cannot judge a new item");
    std::vector<scored_user> list;
    if constexpr (Core::reads_content) {
      std::vector<float> scores(users());
      constexpr std::size_t users_per_task = 32;
      for_ranges(exec, users(), users_per_task, [&](std::size_t begin, std::size_t end) {
        workspace scratch;
        for (std::size_t user = begin; user < end; ++user) {
          scores[user] = core_.score_new(user_id{user}, item, scratch.core);
        }
      });
      std::vector<scored_item> best_ids((std::min)(k, scores.size()));
      const std::size_t found = kernel::top_k(scores, k, best_ids);
      for (std::size_t index = 0; index < found; ++index) {
        list.push_back({user_id{best_ids[index].item.index()}, best_ids[index].score});
      }
    }
    return list;
  }

  /// The known items whose content is most like a described new item's, best first.
  template <class NewItem>
  std::vector<scored_item> similar_items(const NewItem& item, std::size_t k) const {
    static_assert(Core::reads_content || std::same_as<NewItem, detail::not_described>,
                  "mmrec: this recommender knows items by their id alone: it cannot compare a new item with them");
    std::vector<scored_item> list;
    if constexpr (Core::reads_content) {
      std::vector<float> scores(items());
      core_.similar(item, scores);
      list.resize((std::min)(k, scores.size()));
      list.resize(kernel::top_k(scores, k, list));
    }
    return list;
  }

 private:
  void require_user(std::string_view function, user_id user) const {
    if (user.index() >= users()) throw unknown_id(function, "user", std::to_string(user.index()), users());
  }
  void require_history(std::string_view function, history_view history) const {
    require_size(function, "values of the history", history.items.size(), history.values.size());
    require_items(function, history.items);
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      if (entry > 0 && !(history.items[entry - 1] < history.items[entry])) {
        throw data_error(function, "items of the history must strictly increase: entry " + std::to_string(entry) +
                                       " is item " + std::to_string(history.items[entry].index()) + " after item " +
                                       std::to_string(history.items[entry - 1].index()));
      }
      if (!std::isfinite(history.values[entry])) {
        throw data_error(function, "value of the history's entry " + std::to_string(entry) + " (item " +
                                       std::to_string(history.items[entry].index()) + ") is not finite");
      }
    }
  }
  void require_items(std::string_view function, std::span<const item_id> wanted) const {
    for (const item_id item : wanted) {
      if (item.index() >= items()) throw unknown_id(function, "item", std::to_string(item.index()), items());
    }
  }

  std::span<const scored_item> best(history_view history, const recommend_options& options, workspace& scratch) const {
    constexpr std::string_view function = "fitted_recommender::recommend";
    require_items(function, options.exclude);
    if (options.candidates) {
      require_items(function, *options.candidates);
      scratch.allowed.assign(items(), 0);
      for (const item_id item : *options.candidates) scratch.allowed[item.index()] = 1;
      for (std::size_t item = 0; item < items(); ++item) {
        if (scratch.allowed[item] == 0) scratch.scores[item] = no_score;
      }
    }
    if (options.exclude_seen) {
      for (const item_id item : history.items) scratch.scores[item.index()] = no_score;
    }
    for (const item_id item : options.exclude) scratch.scores[item.index()] = no_score;
    scratch.list.resize((std::min)(options.k, items()));
    const std::size_t found = kernel::top_k(scratch.scores, options.k, scratch.list);
    return std::span<const scored_item>(scratch.list).first(found);
  }

  Core core_;
  std::shared_ptr<const data::interactions> events_;
};

}  // namespace mmrec::inline v0
