// mmrec/fusion/detail/ranks.hpp - the place of each score among all scores of a branch.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <utility>
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

/// Sorts by the upper 32 bits; the lower ones, in increasing order at the start, stay so among equals. Three passes over
/// digits of 11 bits, O(count), where counting pays; both ways give the same order. `memory` doubles its size.
inline std::span<const std::uint64_t> sorted_keys(std::vector<std::uint64_t>& memory, std::size_t count) {
  if (count < 1024) {
    std::sort(memory.begin(), memory.begin() + static_cast<std::ptrdiff_t>(count));
    return {memory.data(), count};
  }
  constexpr std::size_t digits = 2048;
  std::array<std::array<std::uint32_t, digits>, 3> next{};
  const auto digit = [](std::uint64_t key, std::size_t pass) {
    return static_cast<std::size_t>(key >> (32 + 11 * pass)) % digits;
  };
  for (std::size_t index = 0; index < count; ++index) {
    for (std::size_t pass = 0; pass < 3; ++pass) ++next[pass][digit(memory[index], pass)];
  }
  for (auto& starts : next) std::exclusive_scan(starts.begin(), starts.end(), starts.begin(), std::uint32_t{0});
  std::uint64_t* from = memory.data();
  std::uint64_t* to = memory.data() + count;
  for (std::size_t pass = 0; pass < 3; ++pass) {
    for (std::size_t index = 0; index < count; ++index) to[next[pass][digit(from[index], pass)]++] = from[index];
    std::swap(from, to);
  }
  return {from, count};
}

/// Calls visit(item, place_among) for each score that is not NaN. Equal scores share their place, so that it does not
/// depend on how items are numbered. O(I); `memory` keeps its capacity of two 8-byte keys an item.
template <class Visit>
void for_each_place(std::span<const float> scores, std::vector<std::uint64_t>& memory, Visit&& visit) {
  memory.resize(2 * scores.size());
  std::size_t count = 0;
  for (std::size_t item = 0; item < scores.size(); ++item) {
    memory[count] = std::uint64_t{order_key(scores[item])} << 32 | item;
    count += std::isnan(scores[item]) ? 0 : 1;
  }
  const std::span<const std::uint64_t> keys = sorted_keys(memory, count);
  for (std::size_t first = 0; first < count;) {
    std::size_t last = first;
    while (last < count && keys[last] >> 32 == keys[first] >> 32) ++last;
    const place_among place{first, count - last, count};
    for (std::size_t index = first; index < last; ++index) visit(static_cast<std::size_t>(keys[index] & 0xffffffffu), place);
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
  std::size_t count = 0;
  for_each_place(scores, memory, [&](std::size_t item, const place_among& place) {
    ranks[item] = rank_of(place);
    sum += static_cast<double>(ranks[item]);
    count = place.count;
  });
  return count == 0 ? 0.0 : sum / static_cast<double>(count);
}

}  // namespace fusion::detail
}  // namespace mmrec::inline v0
