// mmrec/core/fixed_string.hpp - a string literal as a template argument.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

namespace mmrec::inline v0 {

/// Holds the characters of a literal (with its terminator), so that `modality<"plot">` is a type.
/// Never let one reach a CUDA kernel's type: nvcc generates host stubs that are not valid C++ for it.
template <std::size_t N>
struct fixed_string {
  char characters[N]{};

  constexpr fixed_string(const char (&literal)[N]) { std::copy_n(literal, N, characters); }  // NOLINT: implicit on purpose

  constexpr std::string_view view() const { return {characters, N - 1}; }

  template <std::size_t M>
  friend constexpr bool operator==(const fixed_string& left, const fixed_string<M>& right) {
    return left.view() == right.view();
  }
};

}  // namespace mmrec::inline v0
