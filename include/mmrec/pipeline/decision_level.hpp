// mmrec/pipeline/decision_level.hpp - the core of a recommender that fuses the scores of several.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/fusion.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/pipeline/element.hpp>
#include <mmrec/pipeline/explanation.hpp>
#include <mmrec/pipeline/new_item.hpp>

namespace mmrec::inline v0 {
namespace detail {

/// What a branch makes of a new item: its features, unless the item lacks the modality or the branch has no content.
template <class Branch>
struct branch_features {
  struct type {};
};
template <class Branch>
requires(Branch::has_content) struct branch_features<Branch> {
  struct type {
    typename decltype(Branch::features)::slot features;
    bool present = false;
  };
};

/// `Branches` are content_branches and collaborative_branches, in the order of the weights. `Fusion` models are kept for
/// I items and for I + 1: a new item is fused as one more candidate beside the known ones, so that its scores are
/// normalised like theirs.
template <class Fusion, class... Branches>
class decision_level_model {
 public:
  static constexpr std::size_t branch_count = sizeof...(Branches);
  static constexpr bool reads_content = (Branches::has_content || ...);

  struct workspace {
    std::tuple<typename Branches::model_type::workspace...> branches;
    std::array<std::vector<float>, branch_count> scores;
    std::array<std::span<const float>, branch_count> views;
    typename Fusion::workspace fusion;
    std::vector<float> with_new;
  };

  using new_item = std::tuple<typename branch_features<Branches>::type...>;

  template <decision_fusion Policy>
  decision_level_model(std::tuple<Branches...> branches, const Policy& policy, std::size_t items)
      : decision_level_model(std::make_shared<const std::tuple<Branches...>>(std::move(branches)), policy, items) {}
  template <decision_fusion Policy>
  decision_level_model(std::shared_ptr<const std::tuple<Branches...>> branches, const Policy& policy, std::size_t items)
      : branches_(std::move(branches)),
        fusion_(policy.fit(names(), items)),
        fusion_with_new_(policy.fit(names(), items + 1)),
        items_(items) {}

  const Fusion& fusion() const { return fusion_; }
  const std::tuple<Branches...>& branches() const { return *branches_; }

  /// The same branches under another policy.
  template <decision_fusion Policy>
  auto with_fusion(const Policy& policy) const {
    using model = decltype(policy.fit(names(), items_));
    return decision_level_model<model, Branches...>(branches_, policy, items_);
  }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    branch_scores(scratch,
                  [&](const auto& model, std::span<float> scores, auto& space) { model.score(user, scores, space); });
    fusion_.combine(scratch.views, out, scratch.fusion);
  }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    branch_scores(scratch, [&](const auto& model, std::span<float> scores, auto& space) {
      model.score_history(history, scores, space);
    });
    fusion_.combine(scratch.views, out, scratch.fusion);
  }

  explanation explain(user_id user, history_view history, item_id item) const {
    explanation result;
    result.item = item;
    workspace scratch;
    std::vector<float> fused(items_);
    score(user, fused, scratch);
    result.score = fused[item.index()];
    std::array<float, branch_count> parts{};
    fusion_.contributions(scratch.views, item, parts, scratch.fusion);
    explain_branches(result, history, parts, std::index_sequence_for<Branches...>{});
    sort_history(result.history);
    return result;
  }

  template <class Table>
  new_item describe(const Table& table, item_id row) const {
    new_item result;
    const bool known = describe(table, row, result, std::index_sequence_for<Branches...>{});
    if (!known) throw data_error("fitted_recommender::describe", "the item has no value in any modality's column");
    return result;
  }

  float score_new(user_id user, const new_item& item, workspace& scratch) const {
    branch_scores(scratch,
                  [&](const auto& model, std::span<float> scores, auto& space) { model.score(user, scores, space); });
    append_new(user, item, scratch, std::index_sequence_for<Branches...>{});
    scratch.with_new.resize(items_ + 1);
    fusion_with_new_.combine(scratch.views, scratch.with_new, scratch.fusion);
    return scratch.with_new.back();
  }

  void similar(const new_item& item, std::span<float> out) const {
    workspace scratch;
    similar_branches(item, scratch, std::index_sequence_for<Branches...>{});
    fusion_.combine(scratch.views, out, scratch.fusion);
  }

 private:
  static std::array<std::string, branch_count> names() { return {std::string(Branches::name())...}; }

  /// A branch of weight 0 is not worth its work.
  bool is_used(std::size_t branch) const {
    if constexpr (requires { fusion_.weights(); }) {
      return fusion_.weights()[branch] != 0.0f;
    } else {
      return true;
    }
  }

  /// Fills scratch.scores with each branch's scores and scratch.views with views of the first I of them.
  template <class Score>
  void branch_scores(workspace& scratch, const Score& score_with) const {
    branch_scores(scratch, score_with, std::index_sequence_for<Branches...>{});
  }
  template <class Score, std::size_t... Index>
  void branch_scores(workspace& scratch, const Score& score_with, std::index_sequence<Index...>) const {
    const auto one = [&](std::size_t index, const auto& branch, auto& space) {
      std::vector<float>& scores = scratch.scores[index];
      scores.resize(items_ + 1);  // room for a new item
      if (is_used(index)) {
        score_with(branch.model, std::span<float>(scores).first(items_), space);
      } else {
        std::fill(scores.begin(), scores.end(), no_score);
      }
      scratch.views[index] = std::span<const float>(scores).first(items_);
    };
    (one(Index, std::get<Index>(*branches_), std::get<Index>(scratch.branches)), ...);
  }

  template <std::size_t... Index>
  void explain_branches(explanation& result, history_view history, const std::array<float, branch_count>& parts,
                        std::index_sequence<Index...>) const {
    (explain_branch(std::get<Index>(*branches_), result, history, parts[Index], is_used(Index)), ...);
  }
  template <class Branch>
  static void explain_branch(const Branch& branch, explanation& result, history_view history, float part, bool used) {
    explanation::modality_part modality{std::string(Branch::name()), used ? part : 0.0f, {}};
    if constexpr (explainable_model<typename Branch::model_type>) {
      if (used && std::isfinite(part)) {
        std::vector<float> contributions(history.items.size());
        branch.model.explain(history, result.item, contributions);
        const auto largest = std::max_element(contributions.begin(), contributions.end());
        if (largest != contributions.end() && *largest > 0.0f) {
          modality.strongest = history.items[static_cast<std::size_t>(largest - contributions.begin())];
        }
        scale_to(contributions, part);
        add_history(result.history, history, contributions);
      }
    }
    result.modalities.push_back(std::move(modality));
  }

  template <class Table, std::size_t... Index>
  bool describe(const Table& table, item_id row, new_item& result, std::index_sequence<Index...>) const {
    const auto one = [&](const auto& branch, auto& part) {
      using branch_type = std::remove_cvref_t<decltype(branch)>;
      if constexpr (branch_type::has_content) {
        typename decltype(branch_type::features)::workspace space;
        part.present = branch.features.describe(table, row, part.features, space);
        return part.present;
      } else {
        return false;
      }
    };
    bool any = false;
    ((any = one(std::get<Index>(*branches_), std::get<Index>(result)) || any), ...);
    return any;
  }

  template <std::size_t... Index>
  void append_new(user_id user, const new_item& item, workspace& scratch, std::index_sequence<Index...>) const {
    const auto one = [&](std::size_t index, const auto& branch, const auto& part, auto& space) {
      std::vector<float>& scores = scratch.scores[index];
      float score = no_score;
      if constexpr (std::remove_cvref_t<decltype(branch)>::has_content) {
        if (part.present && is_used(index)) score = score_new_item(branch.model, user, view_of(part.features), space);
      }
      scores[items_] = score;
      scratch.views[index] = scores;
    };
    (one(Index, std::get<Index>(*branches_), std::get<Index>(item), std::get<Index>(scratch.branches)), ...);
  }

  template <std::size_t... Index>
  void similar_branches(const new_item& item, workspace& scratch, std::index_sequence<Index...>) const {
    const auto one = [&](std::size_t index, const auto& branch, const auto& part) {
      std::vector<float>& scores = scratch.scores[index];
      scores.assign(items_, no_score);
      if constexpr (std::remove_cvref_t<decltype(branch)>::has_content) {
        if (part.present && is_used(index)) score_similar(branch.model, view_of(part.features), std::span<float>(scores));
      }
      scratch.views[index] = scores;
    };
    (one(Index, std::get<Index>(*branches_), std::get<Index>(item)), ...);
  }

  std::shared_ptr<const std::tuple<Branches...>> branches_;  // shared by models that differ in their policy alone
  Fusion fusion_;
  Fusion fusion_with_new_;
  std::size_t items_;
};

}  // namespace detail
}  // namespace mmrec::inline v0
