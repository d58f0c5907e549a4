// mmrec/io/detail/safetensors_numbers.hpp - numbers of 16 bits as floats, and whether numbers are finite, from their bytes.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace mmrec::inline v0 {
namespace io::detail {

/// IEEE 754 half precision as float: exact, with subnormals, infinities and NaN payloads.
inline float half_to_float(std::uint16_t half) {
  const std::uint32_t sign = static_cast<std::uint32_t>(half & 0x8000u) << 16;
  const std::uint32_t exponent = half >> 10 & 31u;
  const std::uint32_t mantissa = half & 1023u;
  if (exponent == 31) return std::bit_cast<float>(sign | 0x7f800000u | mantissa << 13);
  if (exponent == 0) {
    const float magnitude = static_cast<float>(mantissa) * 0x1p-24f;
    return std::bit_cast<float>(sign | std::bit_cast<std::uint32_t>(magnitude));
  }
  return std::bit_cast<float>(sign | (exponent + 112) << 23 | mantissa << 13);
}
/// The upper half of a float as a float: exact.
inline float bfloat_to_float(std::uint16_t upper) { return std::bit_cast<float>(static_cast<std::uint32_t>(upper) << 16); }

template <class T>
T load_number(const std::byte* from) {
  T value;
  std::memcpy(&value, from, sizeof(T));
  return value;
}

/// The index of the first number whose exponent bits are all ones (an infinity or NaN), or the count if there is none.
template <class Bits>
std::size_t first_non_finite(std::span<const std::byte> bytes, Bits exponent) {
  const std::size_t count = bytes.size() / sizeof(Bits);
  for (std::size_t i = 0; i < count; ++i) {
    if ((load_number<Bits>(bytes.data() + i * sizeof(Bits)) & exponent) == exponent) return i;
  }
  return count;
}

}  // namespace io::detail
}  // namespace mmrec::inline v0
