// mmrec/cf/detail/alias_table.hpp - draws from a discrete distribution in constant time.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/core/random.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Fills a table over weights >= 0: entry n is taken with probability `keep[n]` and stands for `other[n]` otherwise.
/// Weights that are all 0 count as equal. O(count).
/// Reference  Vose, "A linear algorithm for generating random numbers with a given distribution", IEEE TSE 17(9), 1991
inline void build_alias_table(std::span<const double> weights, std::span<float> keep, std::span<std::uint32_t> other) {
  const std::size_t count = weights.size();
  double total = 0.0;
  for (const double weight : weights) total += weight;
  std::vector<double> share(count, 1.0);
  std::vector<std::uint32_t> below, above;
  for (std::size_t n = 0; n < count; ++n) {
    if (total > 0.0) share[n] = weights[n] / total * static_cast<double>(count);
    (share[n] < 1.0 ? below : above).push_back(static_cast<std::uint32_t>(n));
    keep[n] = 1.0f;
    other[n] = static_cast<std::uint32_t>(n);
  }
  while (!below.empty() && !above.empty()) {
    const std::uint32_t poor = below.back(), rich = above.back();
    below.pop_back();
    keep[poor] = static_cast<float>(share[poor]);
    other[poor] = rich;
    share[rich] -= 1.0 - share[poor];
    if (share[rich] < 1.0) {
      above.pop_back();
      below.push_back(rich);
    }
  }
}

/// An entry of the table.
inline std::uint32_t draw_alias(std::span<const float> keep, std::span<const std::uint32_t> other, random_stream& random) {
  const std::uint32_t entry = random.below(static_cast<std::uint32_t>(keep.size()));
  return random.uniform_float() < keep[entry] ? entry : other[entry];
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
