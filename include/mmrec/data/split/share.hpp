// mmrec/data/split/share.hpp - small tools of the splits: shares of counts, hashes of keys, names.
#pragma once
#include <array>
#include <charconv>
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

/// The shortest text that reads back as the same number, in any locale.
inline std::string number_text(double value) {
  std::array<char, 32> text{};
  const auto result = std::to_chars(text.data(), text.data() + text.size(), value);
  return {text.data(), result.ptr};
}

inline std::string shares_text(std::string_view name, double validation, double test) {
  return std::string(name) + "(validation " + number_text(validation) + ", test " + number_text(test) + ')';
}
inline std::string shares_text(std::string_view name, double validation, double test, seed key) {
  std::string text = shares_text(name, validation, test);
  text.insert(text.size() - 1, ", seed " + std::to_string(key.value));
  return text;
}

}  // namespace split::detail
}  // namespace mmrec::inline v0
