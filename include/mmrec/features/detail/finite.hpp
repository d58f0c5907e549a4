// mmrec/features/detail/finite.hpp - a fast answer to: are all numbers of a row finite?
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace mmrec::inline v0 {
namespace features::detail {

/// NaN and infinities have all exponent bits set. A test of bits, because compilers vectorise an OR of integers but not a
/// conjunction of comparisons of floats.
template <class T>
bool all_finite(const T* values, std::size_t count) {
  using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
  constexpr bits exponent = sizeof(T) == 4 ? bits{0x7f800000u} : static_cast<bits>(0x7ff0000000000000u);
  bits bad = 0;
  for (std::size_t index = 0; index < count; ++index) {
    bad |= (std::bit_cast<bits>(values[index]) & exponent) == exponent ? bits{1} : bits{0};
  }
  return bad == 0;
}

}  // namespace features::detail
}  // namespace mmrec::inline v0
