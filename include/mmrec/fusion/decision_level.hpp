// mmrec/fusion/decision_level.hpp - the protocol of decision-level fusion.
#pragma once
#include <cstddef>
#include <span>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {
namespace fusion {

/// The protocol of a policy of level fusion_level::decision, M branches that each score all I items:
///
///   model fit(std::span<const std::string> branch_names, std::size_t items) const;
///
/// Its model, safe to use from many threads at once, each with its own workspace, has
///
///   void combine(std::span<const std::span<const float>> branch_scores, std::span<float> out, workspace&) const;
///       M times I scores of one user, NaN where a branch cannot judge an item; out: I fused scores, NaN where there is none
///   void contributions(branch_scores, item_id, std::span<float> out, workspace&) const;
///       what each branch adds to the fused score of the item; M numbers that sum to it, all NaN where there is none
///
/// and may have
///
///   std::span<const float> weights() const;
///       one for each branch. A branch of weight 0 is then not asked for scores: its scores are all NaN
///
/// No allocation once the workspace is warm.
using branch_scores = std::span<const std::span<const float>>;

namespace detail {

inline void require_scores(std::string_view function, std::span<const std::string> branches, std::size_t items,
                           branch_scores scores) {
  require_size(function, "branches", branches.size(), scores.size());
  for (std::size_t branch = 0; branch < scores.size(); ++branch) {
    if (scores[branch].size() != items) {
      throw shape_error(function, "scores of branch \"" + branches[branch] + '"', items, scores[branch].size());
    }
  }
}

inline void require_item(std::string_view function, item_id item, std::size_t items) {
  if (item.index() >= items) throw unknown_id(function, "item", std::to_string(item.index()), items);
}

}  // namespace detail
}  // namespace fusion
}  // namespace mmrec::inline v0
