// mmrec/fusion/reciprocal_rank.hpp - decision-level fusion by ranks.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/fusion.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/fusion/decision_level.hpp>
#include <mmrec/fusion/detail/ranks.hpp>
#include <mmrec/fusion/detail/weights.hpp>

namespace mmrec::inline v0 {
namespace fusion {

class reciprocal_rank_model;

/// The fused score of an item is the sum over M branches of weight / (k + rank), rank 1 being the best. Only the order of
/// scores within a branch counts, so that branches need no common scale. Items of equal score share a rank (1 + number of
/// better ones).
///
/// Shapes     in  M times I scores of one user; out I scores
/// Cost       O(M I) time, contributions to one item too; workspace 24 I bytes
/// Result     same bits on every call; sums in double. A branch adds nothing to an item it cannot judge (as a search engine
///            adds nothing to a document it does not list); an item that no branch of positive weight judges has no score
/// Throws     invalid_config if k is negative or not finite, or unless there is one weight a branch, finite, not negative,
///            not all 0
/// Avoid when how far scores are apart carries meaning: ranks forget it (weighted_sum keeps it)
/// Example    fusion::reciprocal_rank{.weights = {1.0f, 0.5f}}
/// Reference  Cormack, Clarke, Buettcher, "Reciprocal rank fusion outperforms Condorcet and individual rank learning
///            methods", SIGIR 2009
struct reciprocal_rank {
  float k = 60.0f;                  ///< the larger, the less the first few ranks stand out
  std::vector<float> weights = {};  ///< one a branch, in their order; none: all 1

  static constexpr fusion_level level = fusion_level::decision;

  reciprocal_rank_model fit(std::span<const std::string> branch_names, std::size_t items) const;

  friend bool operator==(const reciprocal_rank&, const reciprocal_rank&) = default;
};

/// See reciprocal_rank and fusion/decision_level.hpp.
class reciprocal_rank_model {
 public:
  struct workspace {
    std::vector<double> sums;         // I
    std::vector<std::uint64_t> keys;  // 2 I: to sort by
  };

  reciprocal_rank_model(const reciprocal_rank& spec, std::span<const std::string> branch_names, std::size_t items)
      : spec_(spec), branches_(branch_names.begin(), branch_names.end()), items_(items) {
    constexpr std::string_view function = "fusion::reciprocal_rank::fit";
    require_config(std::isfinite(spec.k) && spec.k >= 0.0f, function, "k", "must be finite and not negative");
    spec_.weights = detail::checked_weights(function, spec.weights, branch_names);
  }

  std::size_t items() const { return items_; }
  std::span<const std::string> branches() const { return branches_; }
  std::span<const float> weights() const { return spec_.weights; }

  void combine(branch_scores scores, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "fusion::reciprocal_rank::combine";
    detail::require_scores(function, branches_, items_, scores);
    require_size(function, "fused scores", items_, out.size());
    // A sum of 0 marks an item that no branch judges: every part is positive.
    scratch.sums.assign(items_, 0.0);
    for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
      if (spec_.weights[branch] == 0.0f) continue;
      detail::for_each_place(scores[branch], scratch.keys, [&](std::size_t item, const detail::place_among& place) {
        scratch.sums[item] += part(branch, place);
      });
    }
    for (std::size_t item = 0; item < items_; ++item) {
      out[item] = scratch.sums[item] > 0.0 ? static_cast<float>(scratch.sums[item]) : no_score;
    }
  }

  void contributions(branch_scores scores, item_id item, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "fusion::reciprocal_rank::contributions";
    detail::require_scores(function, branches_, items_, scores);
    require_size(function, "contributions", branches_.size(), out.size());
    detail::require_item(function, item, items_);
    bool judged = false;
    for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
      out[branch] = 0.0f;
      if (spec_.weights[branch] == 0.0f || std::isnan(scores[branch][item.index()])) continue;
      out[branch] = static_cast<float>(part(branch, detail::place_of(scores[branch], item.index())));
      judged = true;
    }
    if (!judged) std::fill(out.begin(), out.end(), no_score);
  }

  friend bool operator==(const reciprocal_rank_model&, const reciprocal_rank_model&) = default;

 private:
  double part(std::size_t branch, const detail::place_among& place) const {
    return static_cast<double>(spec_.weights[branch]) /
           (static_cast<double>(spec_.k) + 1.0 + static_cast<double>(place.higher));
  }

  reciprocal_rank spec_;
  std::vector<std::string> branches_;
  std::size_t items_ = 0;
};

inline reciprocal_rank_model reciprocal_rank::fit(std::span<const std::string> branch_names, std::size_t items) const {
  return {*this, branch_names, items};
}

}  // namespace fusion
}  // namespace mmrec::inline v0
