// mmrec/pipeline/feature_level.hpp - the core of a recommender that learns on fused features.
#pragma once
#include <cstddef>
#include <optional>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/pipeline/collaborative_level.hpp>
#include <mmrec/pipeline/explanation.hpp>
#include <mmrec/pipeline/new_item.hpp>

namespace mmrec::inline v0 {
namespace detail {

/// `Branches` are feature_branches, in the order of the fused blocks.
template <class Fusion, class Model, class... Branches>
class feature_level_model {
 public:
  using workspace = typename Model::workspace;
  static constexpr bool reads_content = scores_features<Model, std::span<const float>> || maps_features<Model>;

  /// A new item: its fused features.
  struct new_item {
    std::vector<float> features;
  };

  feature_level_model(std::tuple<Branches...> branches, Fusion fusion, Model model)
      : branches_(std::move(branches)), fusion_(std::move(fusion)), model_(std::move(model)) {}

  const Fusion& fusion() const { return fusion_; }
  const Model& model() const { return model_; }
  const std::tuple<Branches...>& branches() const { return branches_; }

  void score(user_id user, std::span<float> out, workspace& scratch) const { model_.score(user, out, scratch); }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    model_.score_history(history, out, scratch);
  }

  explanation explain(user_id user, history_view history, item_id item) const {
    explanation result = explain_by_history(model_, user, history, item);
    // Where users and items are compared feature by feature, each block's share of the sum is its modality's.
    if constexpr (scores_features<Model, std::span<const float>> && cf::factor_model<Model>) {
      std::vector<float> profile(fusion_.width());
      workspace scratch;
      model_.user_vector(user, profile, scratch);
      const matrix_view<float> vectors = model_.item_vectors();
      const std::span<const float> features = row_of<float>(vectors, static_cast<Eigen::Index>(item.index()));
      for (const auto& block : fusion_.blocks()) {
        float sum = 0.0f;
        for (std::size_t d = block.offset; d < block.offset + block.width; ++d) sum += profile[d] * features[d];
        result.modalities.push_back({block.name, sum, {}});
      }
    }
    return result;
  }

  template <class Table>
  new_item describe(const Table& table, item_id row) const {
    return describe(table, row, std::index_sequence_for<Branches...>{});
  }
  float score_new(user_id user, const new_item& item, workspace& scratch) const {
    return score_new_item(model_, user, std::span<const float>(item.features), scratch);
  }
  void similar(const new_item& item, std::span<float> out) const {
    score_similar(model_, std::span<const float>(item.features), out);
  }

 private:
  template <class Table, std::size_t... Index>
  new_item describe(const Table& table, item_id row, std::index_sequence<Index...>) const {
    std::tuple<typename Branches::slot...> slots;
    std::tuple<typename Branches::workspace...> scratch;
    std::vector<std::optional<std::span<const float>>> parts(sizeof...(Branches));
    const auto describe_branch = [&](const auto& branch, auto& slot, auto& space, auto& part) {
      if (branch.describe(table, row, slot, space)) part = std::span<const float>(slot);
    };
    (describe_branch(std::get<Index>(branches_), std::get<Index>(slots), std::get<Index>(scratch), parts[Index]), ...);
    new_item result;
    if (!fusion_.fuse_one(parts, result.features)) {
      throw data_error("fitted_recommender::describe",
                       "the fusion policy has no features for this item: too many modalities are missing");
    }
    return result;
  }

  std::tuple<Branches...> branches_;
  Fusion fusion_;
  Model model_;
};

}  // namespace detail
}  // namespace mmrec::inline v0
