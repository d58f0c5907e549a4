// mmrec/fusion/detail/ranks.hpp - the place of each score among all scores of a branch.
#pragma once
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace mmrec::inline v0 {
namespace fusion::detail {

/// An unsigned number that orders as the float does; both zeros give the same one.
inline std::uint32_t order_key(float value) {
  const auto bits = std::bit_cast<std::uint32_t>(value + 0.0f);
  return (bits >> 31) != 0 ? ~bits : bits | 0x80000000u;
}

/// How many scores of a branch are strictly lower and strictly higher than that of one item.
struct place_among {
  std::size_t lower = 0;
  std::size_t higher = 0;
  std::size_t count = 0;  ///< scores that are not NaN
};

/// Calls visit(item, place_among) for each score that is not NaN. Equal scores share their place, so that it does not depend
/// on how items are numbered. O(I log I); sorts 8-byte keys in `memory`, which keeps its capacity.
template <class Visit>
void for_each_place(std::span<const float> scores, std::vector<std::uint64_t>& memory, Visit&& visit) {
  memory.clear();
  memory.reserve(scores.size());
  for (std::size_t item = 0; item < scores.size(); ++item) {
    if (!std::isnan(scores[item])) memory.push_back(std::uint64_t{order_key(scores[item])} << 32 | item);
  }
  std::sort(memory.begin(), memory.end());
  for (std::size_t first = 0; first < memory.size();) {
    std::size_t last = first;
    while (last < memory.size() && memory[last] >> 32 == memory[first] >> 32) ++last;
    const place_among place{first, memory.size() - last, memory.size()};
    for (std::size_t index = first; index < last; ++index)
      visit(static_cast<std::size_t>(memory[index] & 0xffffffffu), place);
    first = last;
  }
}

/// The place of one item whose score is not NaN. O(I), no sorting.
inline place_among place_of(std::span<const float> scores, std::size_t item) {
  place_among place;
  for (const float score : scores) {
    place.lower += score < scores[item] ? 1 : 0;
    place.higher += score > scores[item] ? 1 : 0;
    place.count += std::isnan(score) ? 0 : 1;
  }
  return place;
}

/// The share of the other scores that are lower.
inline float rank_of(const place_among& place) {
  return place.count < 2 ? 0.0f
                         : static_cast<float>(static_cast<double>(place.lower) / static_cast<double>(place.count - 1));
}

/// ranks: rank_of each score, NaN where the score is. Returns the mean rank of the scores, 0 where there is none.
inline double fill_ranks(std::span<const float> scores, std::vector<float>& ranks, std::vector<std::uint64_t>& memory) {
  ranks.assign(scores.size(), std::numeric_limits<float>::quiet_NaN());
  double sum = 0.0;
  for_each_place(scores, memory, [&](std::size_t item, const place_among& place) {
    ranks[item] = rank_of(place);
    sum += static_cast<double>(ranks[item]);
  });
  return memory.empty() ? 0.0 : sum / static_cast<double>(memory.size());
}

}  // namespace fusion::detail
}  // namespace mmrec::inline v0
