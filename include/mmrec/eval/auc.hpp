// mmrec/eval/auc.hpp - the area under one user's ROC curve, exactly.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>

#include <mmrec/core/config.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/kernel/rank_counts.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// The share of (relevant, other) pairs of candidates whose relevant item has the higher score; ties count half.
///
/// Shapes     scores: I, position = item id; NaN for items that are no candidates, and for candidates that the model cannot
///            judge: those stand below all others and tie with each other
///            relevant: items, all of them candidates      candidates: how many of the I items are
/// Cost       O(I |R|), one counting pass at the speed of reading for each relevant item; no allocation, no sort
/// Result     exact up to one division; 1/2 when no item is relevant or all are
/// Example    tests/eval/auc_test.cpp
inline double auc(std::span<const float> scores, std::span<const item_id> relevant, std::size_t candidates) {
  MMREC_ASSERT(relevant.size() <= candidates);
  const std::uint64_t others = candidates - relevant.size();
  if (relevant.empty() || others == 0) return 0.5;
  const kernel::rank_counts of_infinity = kernel::count_ranks(scores, std::numeric_limits<float>::infinity());
  const std::uint64_t scored = of_infinity.below + of_infinity.equal;
  std::uint64_t half_wins = 0;  // twice the number of pairs won
  std::uint64_t scored_relevant = 0;
  for (const item_id item : relevant) {
    const float own = scores[item.index()];
    if (own != own) continue;
    const kernel::rank_counts counts = kernel::count_ranks(scores, own);
    half_wins += 2 * counts.below + counts.equal;
    ++scored_relevant;
  }
  // Relevant items also met each other and themselves: each pair gave one win, each item half of one against itself.
  half_wins -= scored_relevant * scored_relevant;
  const std::uint64_t unscored_relevant = relevant.size() - scored_relevant;
  const std::uint64_t unscored_others = (candidates - scored) - unscored_relevant;
  half_wins += (2 * scored_relevant + unscored_relevant) * unscored_others;
  return static_cast<double>(half_wins) / (2.0 * static_cast<double>(relevant.size()) * static_cast<double>(others));
}

}  // namespace eval
}  // namespace mmrec::inline v0
