// mmrec/fusion/weighted_sum.hpp - decision-level fusion: a weighted sum of normalised scores.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
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
#include <mmrec/fusion/missing.hpp>
#include <mmrec/fusion/normalization.hpp>

namespace mmrec::inline v0 {
namespace fusion {

class weighted_sum_model;

/// The fused score of an item is the weighted sum of its normalised scores in M branches.
///
/// Shapes     in  M times I scores of one user; out I scores
/// Cost       O(M I) time; workspace 16 I bytes, 36 I with normalization::rank
/// Result     same bits on every call; sums in double. A branch of weight 0 is left out altogether
/// Throws     invalid_config unless there is one weight a branch, finite, not negative, not all 0; data_error in combine if
///            `missing` is error and a branch cannot judge an item that another one judges
/// Avoid when the shapes of the score distributions differ much (one branch is all zeros but for a few items): ranks are
///            more robust (normalization::rank, reciprocal_rank)
/// Example    fusion::weighted_sum{.weights = {0.7f, 0.3f}, .missing = fusion::missing::renormalize}
/// Reference  Fox, Shaw, "Combination of multiple searches", TREC-2, 1994 (CombSUM; renormalize with equal weights: CombANZ)
struct weighted_sum {
  std::vector<float> weights = {};                                       ///< one a branch, in their order; none: all 1
  fusion::normalization normalization = fusion::normalization::z_score;  ///< how scores get on one scale
  fusion::missing missing = fusion::missing::error;                      ///< for items that a branch cannot judge

  static constexpr fusion_level level = fusion_level::decision;

  weighted_sum_model fit(std::span<const std::string> branch_names, std::size_t items) const;

  friend bool operator==(const weighted_sum&, const weighted_sum&) = default;
};

/// See weighted_sum and fusion/decision_level.hpp.
class weighted_sum_model {
 public:
  struct workspace {
    std::vector<double> sums;         // I: weighted sum so far
    std::vector<double> weights;      // I: weight of the branches that judge the item
    std::vector<float> ranks;         // I: scores of one branch under normalization::rank
    std::vector<std::uint64_t> keys;  // 2 I: to sort by
  };

  weighted_sum_model(const weighted_sum& spec, std::span<const std::string> branch_names, std::size_t items)
      : spec_(spec), branches_(branch_names.begin(), branch_names.end()), items_(items) {
    spec_.weights = detail::checked_weights("fusion::weighted_sum::fit", spec.weights, branch_names);
  }

  std::size_t items() const { return items_; }
  std::span<const std::string> branches() const { return branches_; }
  std::span<const float> weights() const { return spec_.weights; }

  void combine(branch_scores scores, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "fusion::weighted_sum::combine";
    detail::require_scores(function, branches_, items_, scores);
    require_size(function, "fused scores", items_, out.size());
    if (spec_.missing == fusion::missing::error) require_judged(function, scores);
    scratch.sums.assign(items_, 0.0);
    scratch.weights.assign(items_, 0.0);
    for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
      if (spec_.weights[branch] > 0.0f) add_branch(branch, scores[branch], scratch);
    }
    for (std::size_t item = 0; item < items_; ++item) {
      const double divisor = spec_.missing == fusion::missing::renormalize ? scratch.weights[item] : 1.0;
      out[item] = scratch.weights[item] > 0.0 ? static_cast<float>(scratch.sums[item] / divisor) : no_score;
    }
  }

  void contributions(branch_scores scores, item_id item, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "fusion::weighted_sum::contributions";
    detail::require_scores(function, branches_, items_, scores);
    require_size(function, "contributions", branches_.size(), out.size());
    detail::require_item(function, item, items_);
    double sum = 0.0;
    double judging = 0.0;
    scratch.sums.assign(branches_.size(), 0.0);
    for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
      const auto weight = static_cast<double>(spec_.weights[branch]);
      if (weight == 0.0) continue;
      const bool judged = !std::isnan(scores[branch][item.index()]);
      scratch.sums[branch] = weight * normalised(scores[branch], item.index(), scratch);
      sum += scratch.sums[branch];
      if (judged) judging += weight;
    }
    const bool none = judging == 0.0 || std::isnan(sum);
    const double divisor = spec_.missing == fusion::missing::renormalize ? judging : 1.0;
    for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
      out[branch] = none ? no_score : static_cast<float>(scratch.sums[branch] / divisor);
    }
  }

  friend bool operator==(const weighted_sum_model&, const weighted_sum_model&) = default;

 private:
  /// What stands in for a missing score once the scores of the branch are normalised.
  double substitute(const detail::score_scale& scale) const {
    if (spec_.missing == fusion::missing::mean) return scale.mean;
    return spec_.missing == fusion::missing::drop ? std::numeric_limits<double>::quiet_NaN() : 0.0;
  }

  /// Plain scores need a look at all of them only to find the mean.
  detail::score_scale scale_for(std::span<const float> scores) const {
    const bool as_they_are = spec_.normalization == normalization::none && spec_.missing != fusion::missing::mean;
    return as_they_are ? detail::score_scale{} : detail::scale_of(spec_.normalization, scores);
  }

  void add_branch(std::size_t branch, std::span<const float> scores, workspace& scratch) const {
    detail::score_scale scale;
    if (spec_.normalization == normalization::rank) {
      scale.mean = detail::fill_ranks(scores, scratch.ranks, scratch.keys);
      scores = scratch.ranks;
    } else {
      scale = scale_for(scores);
    }
    if (scale.scale == 0.0) {
      accumulate(branch, scores, substitute(scale), scratch, scale);
    } else {
      // Infinities come out as themselves without a test, which would keep the loop from being vectorised.
      accumulate(branch, scores, substitute(scale), scratch, [shift = scale.shift, factor = scale.scale](float score) {
        return (static_cast<double>(score) - shift) * factor;
      });
    }
  }

  template <class Normalise>
  void accumulate(std::size_t branch, std::span<const float> scores, double missing_value, workspace& scratch,
                  const Normalise& normalise) const {
    const auto weight = static_cast<double>(spec_.weights[branch]);
    const float* __restrict from = scores.data();
    double* __restrict sums = scratch.sums.data();
    double* __restrict weights = scratch.weights.data();
    for (std::size_t item = 0; item < items_; ++item) {
      const double value = normalise(from[item]);
      const bool judged = value == value;  // not NaN
      sums[item] += weight * (judged ? value : missing_value);
      weights[item] += judged ? weight : 0.0;
    }
  }

  double normalised(std::span<const float> scores, std::size_t item, workspace& scratch) const {
    const bool judged = !std::isnan(scores[item]);
    if (spec_.normalization != normalization::rank) {
      const detail::score_scale scale = scale_for(scores);
      return judged ? scale(scores[item]) : substitute(scale);
    }
    if (judged) return static_cast<double>(detail::rank_of(detail::place_of(scores, item)));
    detail::score_scale scale;
    if (spec_.missing == fusion::missing::mean) scale.mean = detail::fill_ranks(scores, scratch.ranks, scratch.keys);
    return substitute(scale);
  }

  void require_judged(std::string_view function, branch_scores scores) const {
    std::string lacking;
    for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
      if (spec_.weights[branch] == 0.0f) continue;
      std::size_t count = 0;
      for (std::size_t item = 0; item < items_; ++item) {
        if (std::isnan(scores[branch][item]) && judged_by_another(scores, item)) ++count;
      }
      if (count == 0) continue;
      lacking += (lacking.empty() ? "" : "; ") + ("branch " + detail::quoted(branches_[branch])) + " cannot judge " +
                 std::to_string(count) + " of " + std::to_string(items_) + " items that another branch judges";
    }
    if (!lacking.empty()) throw data_error(function, lacking + "; " + std::string(detail::missing_choices));
  }

  bool judged_by_another(branch_scores scores, std::size_t item) const {
    for (std::size_t branch = 0; branch < branches_.size(); ++branch) {
      if (spec_.weights[branch] > 0.0f && !std::isnan(scores[branch][item])) return true;
    }
    return false;
  }

  weighted_sum spec_;
  std::vector<std::string> branches_;
  std::size_t items_ = 0;
};

inline weighted_sum_model weighted_sum::fit(std::span<const std::string> branch_names, std::size_t items) const {
  return {*this, branch_names, items};
}

}  // namespace fusion
}  // namespace mmrec::inline v0
