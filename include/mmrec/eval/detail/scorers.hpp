// mmrec/eval/detail/scorers.hpp - the ways to ask a model about a user, behind one interface.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/ordered_sum.hpp>
#include <mmrec/kernel/topk_dot.hpp>

namespace mmrec::inline v0 {
namespace eval::detail {

inline constexpr std::string_view evaluate_name = "eval::evaluate";

/// A model whose score is an inner product of a user's and an item's vector (cf::factor_model, which this group does not
/// see).
template <class M>
concept has_factors = recommender_model<M> &&
    requires(const M& model, user_id user, std::span<float> out, typename M::workspace& scratch) {
  { model.item_vectors() } -> std::convertible_to<matrix_view<float>>;
  {model.user_vector(user, out, scratch)};
};

/// Users that the model has met.
template <class Model>
struct user_scorer {
  using workspace = typename Model::workspace;
  static constexpr bool searches = false;
  const Model& model;
  void score(user_id user, std::span<float> out, workspace& scratch) const { model.score(user, out, scratch); }
};

/// Users described by what a set says they did.
template <class Model>
struct history_scorer {
  using workspace = typename Model::workspace;
  static constexpr bool searches = false;
  const Model& model;
  const data::interactions& histories;
  void score(user_id user, std::span<float> out, workspace& scratch) const {
    model.score_history(histories.history(user), out, scratch);
  }
};

/// Users of a model of factors: the lists of many come from one pass over the items. Scores and lists come from the same
/// sums, so that they agree to the last bit.
template <class Model>
class factor_scorer {
 public:
  using workspace = typename Model::workspace;
  static constexpr bool searches = true;
  /// Users that share a pass: as many as packed_items::search takes at once.
  static constexpr std::size_t batch = 128;

  /// Items that do not compete get no score.
  factor_scorer(const Model& model, std::span<const std::uint8_t> competes) : model_(model), items_(pack(model, competes)) {}

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    std::vector<float> query(items_.width());
    model_.user_vector(user, query, scratch);
    items_.score(query, out);
  }

  /// The k best items of each user but the excluded ones: see packed_items::search.
  void search(std::span<const user_id> users, std::size_t k, std::span<const std::span<const item_id>> excluded,
              std::span<scored_item> out, std::span<std::size_t> counts, workspace& scratch) const {
    std::vector<float> queries(users.size() * items_.width());
    for (std::size_t index = 0; index < users.size(); ++index) {
      model_.user_vector(users[index], std::span(queries).subspan(index * items_.width(), items_.width()), scratch);
    }
    items_.search(kernel::serial_executor{}, queries, k, excluded, out, counts);
  }

 private:
  static kernel::packed_items pack(const Model& model, std::span<const std::uint8_t> competes) {
    const matrix_view<float> vectors = model.item_vectors();
    const auto items = static_cast<std::size_t>(vectors.rows());
    const auto width = static_cast<std::size_t>(vectors.cols());
    const auto stride = static_cast<std::size_t>(vectors.outerStride());
    require_size(evaluate_name, "rows of the model's item_vectors", competes.size(), items);
    if (items == 0) return {};
    if (std::find(competes.begin(), competes.end(), std::uint8_t{0}) == competes.end()) {
      return {std::span(vectors.data(), (items - 1) * stride + width), items, width, stride};
    }
    std::vector<float> rows(items * width, no_score);
    for (std::size_t item = 0; item < items; ++item) {
      if (competes[item] != 0)
        std::copy_n(vectors.data() + item * stride, width, rows.begin() + static_cast<std::ptrdiff_t>(item * width));
    }
    return {rows, items, width};
  }

  const Model& model_;
  kernel::packed_items items_;
};

}  // namespace eval::detail
}  // namespace mmrec::inline v0
