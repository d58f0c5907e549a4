// mmrec/eval/detail/judged_sets.hpp - what an evaluation reads, and what it counts of the long tail.
#pragma once
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace eval::detail {

/// Flags of the items that a policy of candidates or targets names: all, those with training interactions or those without.
template <class Policy, class All, class Cold, class Warm>
std::vector<std::uint8_t> named_items(const std::vector<std::uint32_t>& train_counts) {
  std::vector<std::uint8_t> flags(train_counts.size(), 1);
  if constexpr (!std::same_as<Policy, All>) {
    constexpr bool wants_cold = std::same_as<Policy, Cold>;
    static_assert(wants_cold || std::same_as<Policy, Warm>,
                  "mmrec: eval::ranking takes eval::candidates::catalogue, cold_items or warm_items first, and "
                  "eval::targets::all_items, cold_items or warm_items last");
    for (std::size_t item = 0; item < flags.size(); ++item) flags[item] = (train_counts[item] == 0) == wants_cold ? 1 : 0;
  }
  return flags;
}

/// What an evaluation reads.
struct judged_sets {
  const data::interactions& train;                ///< what popularity, warmth and histories are taken from
  const data::interactions& held_out;             ///< what is to be found
  std::vector<const data::interactions*> masked;  ///< what a user is not shown again
  /// What the users are described by instead of train, if they are new to the model.
  const data::interactions* histories = nullptr;
};

/// How many items, and how many of them from the long tail.
struct tail_counts {
  std::uint32_t all = 0;
  std::uint32_t tail = 0;
  void add(bool in_tail) {
    ++all;
    tail += in_tail ? 1 : 0;
  }
  void remove(bool in_tail) {
    --all;
    tail -= in_tail ? 1 : 0;
  }
};

inline std::pair<std::uint64_t, std::uint64_t> total(std::span<const tail_counts> counts) {
  std::pair<std::uint64_t, std::uint64_t> sum{0, 0};
  for (const tail_counts& one : counts) {
    sum.first += one.all;
    sum.second += one.tail;
  }
  return sum;
}

/// |p - q| / (p + q) of the shares found of the tail and of the head.
inline double inequality(std::uint64_t found, std::uint64_t tail_found, std::span<const tail_counts> of) {
  const auto [all, tail] = total(of);
  if (found == 0 || tail == 0 || tail == all) return 0.0;
  const double in_tail = static_cast<double>(tail_found) / static_cast<double>(tail);
  const double in_head = static_cast<double>(found - tail_found) / static_cast<double>(all - tail);
  return std::abs(in_head - in_tail) / (in_head + in_tail);
}

}  // namespace eval::detail
}  // namespace mmrec::inline v0
