// mmrec/eval/judge.hpp - how good one list is: the formulas of the measures at a cut-off that compare it with the truth.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/core/config.hpp>
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
  double ncrr = 0.0;
  double map = 0.0;
  double average_recall = 0.0;
  friend bool operator==(const list_quality&, const list_quality&) = default;
};

/// The weighted harmonic mean of precision and recall; beta > 1 favours recall, 1 gives F1. 0 if both are 0.
/// Reference  van Rijsbergen, Information retrieval, 2nd ed., 1979, ch. 7
inline double f_beta(double precision, double recall, double beta = 1.0) {
  const double weight = beta * beta;
  const double below = weight * precision + recall;
  return below > 0.0 ? (1.0 + weight) * precision * recall / below : 0.0;
}

/// What a hit counts at each place of a list, from 0, and what the first n places count together. O(K) time and memory.
class rank_weights {
 public:
  /// For lists of at most `k` items.
  explicit rank_weights(std::size_t k) : discounts_(k), discount_sums_(k + 1), reciprocal_sums_(k + 1) {
    for (std::size_t place = 0; place < k; ++place) {
      discounts_[place] = 1.0 / std::log2(static_cast<double>(place) + 2.0);
      discount_sums_[place + 1] = discount_sums_[place] + discounts_[place];
      reciprocal_sums_[place + 1] = reciprocal_sums_[place] + 1.0 / static_cast<double>(place + 1);
    }
  }

  std::size_t places() const { return discounts_.size(); }
  /// 1 / log2(place + 2).
  double discount(std::size_t place) const { return discounts_[place]; }
  double discount_sum(std::size_t count) const { return discount_sums_[count]; }
  /// 1 + 1/2 + ... + 1/count.
  double reciprocal_sum(std::size_t count) const { return reciprocal_sums_[count]; }

 private:
  std::vector<double> discounts_;
  std::vector<double> discount_sums_;
  std::vector<double> reciprocal_sums_;
};

/// Judges the first k entries of a list.
///
/// Shapes     hits: 1 for each entry of the list that is relevant, best first; may be longer or shorter than k
///            relevant: |R| >= 1      candidates: |C|, how many items could have been listed
///            weights: for as many places as the list or the relevant items fill, at most k
/// Cost       O(k)
/// Result     all 0 if k or `relevant` is 0
inline list_quality judge_hits(std::span<const std::uint8_t> hits, std::size_t relevant, std::size_t candidates,
                               std::size_t k, const rank_weights& weights) {
  list_quality quality;
  if (k == 0 || relevant == 0) return quality;
  const std::size_t listed = (std::min)(k, hits.size());
  const std::size_t ideal = (std::min)(k, relevant);
  MMREC_ASSERT(weights.places() >= (std::max)(listed, ideal));
  std::size_t found = 0;
  double gain = 0.0;
  double reciprocals = 0.0;
  double precisions = 0.0;
  std::size_t lasting = 0;  // for each hit, the number of cut-offs up to k that it counts at
  for (std::size_t place = 0; place < listed; ++place) {
    if (hits[place] == 0) continue;
    ++found;
    const double reciprocal = 1.0 / static_cast<double>(place + 1);
    if (found == 1) quality.mrr = reciprocal;
    gain += weights.discount(place);
    reciprocals += reciprocal;
    precisions += static_cast<double>(found) / static_cast<double>(place + 1);
    lasting += k - place;
  }

  const auto hit_count = static_cast<double>(found);
  quality.recall = hit_count / static_cast<double>(relevant);
  quality.precision = hit_count / static_cast<double>(k);
  quality.f1 = f_beta(quality.precision, quality.recall);
  quality.hit_rate = found > 0 ? 1.0 : 0.0;
  quality.ndcg = gain / weights.discount_sum(ideal);
  quality.ncrr = reciprocals / weights.reciprocal_sum(ideal);
  quality.map = precisions / static_cast<double>(ideal);
  quality.average_recall = static_cast<double>(lasting) / (static_cast<double>(k) * static_cast<double>(relevant));
  // Right: the hits, and what is neither listed nor relevant.
  const std::size_t wrong = (listed - found) + (relevant - found);
  if (candidates > 0) quality.accuracy = static_cast<double>(candidates - wrong) / static_cast<double>(candidates);
  return quality;
}
inline list_quality judge_hits(std::span<const std::uint8_t> hits, std::size_t relevant, std::size_t candidates,
                               std::size_t k) {
  return judge_hits(hits, relevant, candidates, k, rank_weights(k));
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

/// What a hit on a held-out interaction of this value counts in ndcg_linear.
inline double linear_gain(float value) { return value > 0.0f ? static_cast<double>(value) : 0.0; }
/// What it counts in ndcg_exponential.
inline double exponential_gain(float value) {
  return value > 0.0f ? std::exp2((std::min)(static_cast<double>(value), 60.0)) - 1.0 : 0.0;
}

/// NDCG with graded relevance.
///
/// Shapes     gains: what each entry of the list counts, best first, 0 for those that are not relevant; it may be longer or
///            shorter than k
///            ideal: what each relevant item counts, in decreasing order      weights: as for judge_hits
/// Cost       O(k)
/// Result     0 if no gain of `ideal` is positive
inline double graded_ndcg(std::span<const double> gains, std::span<const double> ideal, std::size_t k,
                          const rank_weights& weights) {
  MMREC_ASSERT(weights.places() >= (std::min)(k, (std::max)(gains.size(), ideal.size())));
  double gain = 0.0;
  double best = 0.0;
  for (std::size_t place = 0; place < (std::min)(k, gains.size()); ++place) gain += gains[place] * weights.discount(place);
  for (std::size_t place = 0; place < (std::min)(k, ideal.size()); ++place) best += ideal[place] * weights.discount(place);
  return best > 0.0 ? gain / best : 0.0;
}

}  // namespace eval
}  // namespace mmrec::inline v0
