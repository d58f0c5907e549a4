// mmrec/cf/detail/member_name.hpp - names of member functions for messages, put together while compiling.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

#include <mmrec/core/fixed_string.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

template <std::size_t N, std::size_t M>
constexpr auto joined(const fixed_string<N>& left, const fixed_string<M>& right) {
  char characters[N + M - 1]{};
  std::copy_n(left.characters, N - 1, characters);
  std::copy_n(right.characters, M, characters + (N - 1));
  return fixed_string<N + M - 1>(characters);
}

template <fixed_string Name, fixed_string Member>
inline constexpr auto joined_name = joined(Name, Member);

/// member_name<"cf::slim", "::score"> is "cf::slim::score".
template <fixed_string Name, fixed_string Member>
inline constexpr std::string_view member_name = joined_name<Name, Member>.view();

}  // namespace cf::detail
}  // namespace mmrec::inline v0
