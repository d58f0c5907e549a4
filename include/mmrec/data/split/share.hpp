// mmrec/data/split/share.hpp - how a share of n things becomes a number of things.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include <mmrec/core/random.hpp>

namespace mmrec::inline v0 {
namespace split::detail {

/// share * count rounded to the nearest integer, halves to the even one (as Python's round), whatever the rounding mode.
inline std::size_t rounded_share(double share, std::size_t count) {
  const double exact = share * static_cast<double>(count);
  const double below = std::floor(exact);
  const double rest = exact - below;
  const auto whole = static_cast<std::size_t>(below);
  if (rest != 0.5) return whole + (rest > 0.5 ? 1 : 0);
  return whole + whole % 2;
}

/// 64 bits for a key of the data set: FNV-1a, then mixed with the seed. The same on every machine and in any data order.
inline std::uint64_t keyed_hash(seed key, std::string_view text) {
  std::uint64_t hash = 14695981039346656037ULL;
  for (const char character : text) hash = (hash ^ static_cast<unsigned char>(character)) * 1099511628211ULL;
  return seed{key.value ^ hash}.derive(0).value;
}

}  // namespace split::detail
}  // namespace mmrec::inline v0
