// mmrec/core/format.hpp - numbers as text, whatever the locale.
#pragma once
#include <charconv>
#include <concepts>
#include <cstddef>
#include <string>

namespace mmrec::inline v0 {

/// The shortest decimal number that reads back as the same value: "0.1", "1e+30", "nan".
template <std::floating_point T>
std::string to_text(T value) {
  char digits[64];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  return std::string(digits, end);
}

}  // namespace mmrec::inline v0
