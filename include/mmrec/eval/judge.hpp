// mmrec/eval/judge.hpp - how good one list is: the formulas of the measures at a cut-off.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// The values of one user's list at one cut-off; see `measure` for the formulas.
struct list_quality {
  double recall = 0.0;
  double precision = 0.0;
  double f1 = 0.0;
  double accuracy = 0.0;
  double hit_rate = 0.0;
  double ndcg = 0.0;
  double mrr = 0.0;
  double map = 0.0;
  friend bool operator==(const list_quality&, const list_quality&) = default;
};

/// The weighted harmonic mean of precision and recall; beta > 1 favours recall, 1 gives F1. 0 if both are 0.
/// Reference  van Rijsbergen, Information retrieval, 2nd ed., 1979, ch. 7
inline double f_beta(double precision, double recall, double beta = 1.0) {
  const double weight = beta * beta;
  const double below = weight * precision + recall;
  return below > 0.0 ? (1.0 + weight) * precision * recall / below : 0.0;
}

/// Judges the first k entries of a list.
///
/// Shapes     hits: 1 for each entry of the list that is relevant, best first; may be longer or shorter than k
///            relevant: |R| >= 1      candidates: |C|, how many items could have been listed
/// Cost       O(k)
/// Result     all 0 if k or `relevant` is 0
inline list_quality judge_hits(std::span<const std::uint8_t> hits, std::size_t relevant, std::size_t candidates,
                               std::size_t k) {
  list_quality quality;
  if (k == 0 || relevant == 0) return quality;
  const std::size_t listed = (std::min)(k, hits.size());
  const std::size_t ideal = (std::min)(k, relevant);
  const auto discount = [](std::size_t place) { return 1.0 / std::log2(static_cast<double>(place) + 2.0); };
  std::size_t found = 0;
  double gain = 0.0;
  double precisions = 0.0;
  for (std::size_t place = 0; place < listed; ++place) {
    if (hits[place] == 0) continue;
    ++found;
    if (found == 1) quality.mrr = 1.0 / static_cast<double>(place + 1);
    gain += discount(place);
    precisions += static_cast<double>(found) / static_cast<double>(place + 1);
  }
  double best_gain = 0.0;
  for (std::size_t place = 0; place < ideal; ++place) best_gain += discount(place);

  const auto hit_count = static_cast<double>(found);
  quality.recall = hit_count / static_cast<double>(relevant);
  quality.precision = hit_count / static_cast<double>(k);
  quality.f1 = f_beta(quality.precision, quality.recall);
  quality.hit_rate = found > 0 ? 1.0 : 0.0;
  quality.ndcg = gain / best_gain;
  quality.map = precisions / static_cast<double>(ideal);
  // Right: the hits, and what is neither listed nor relevant.
  const std::size_t wrong = (listed - found) + (relevant - found);
  if (candidates > 0) quality.accuracy = static_cast<double>(candidates - wrong) / static_cast<double>(candidates);
  return quality;
}

/// Judges the first k items of a list against the relevant items, given in increasing order.
///
/// Cost       O(k log |R|)
/// Result     all 0 if k is 0 or nothing is relevant
/// Example    eval::judge_list(list, relevant, catalogue_size, 10).recall
inline list_quality judge_list(std::span<const item_id> list, std::span<const item_id> relevant, std::size_t candidates,
                               std::size_t k) {
  std::vector<std::uint8_t> hits((std::min)(k, list.size()));
  for (std::size_t place = 0; place < hits.size(); ++place) {
    hits[place] = std::binary_search(relevant.begin(), relevant.end(), list[place]) ? 1 : 0;
  }
  return judge_hits(hits, relevant.size(), candidates, k);
}

}  // namespace eval
}  // namespace mmrec::inline v0
