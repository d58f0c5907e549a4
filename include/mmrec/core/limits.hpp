// mmrec/core/limits.hpp - bounds on what untrusted input may ask for, and arithmetic that cannot wrap.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {

/// Passed by value to every reader. There is no global setting.
struct limits {
  std::uint64_t file_bytes = std::uint64_t{8} << 30;     ///< largest file read into memory
  std::uint64_t line_bytes = std::uint64_t{16} << 20;    ///< longest record of a text table
  std::uint64_t columns = 65536;                         ///< most columns of a text table
  std::uint64_t rows = std::uint64_t{1} << 31;           ///< most rows of a table, users or items
  std::uint64_t image_pixels = std::uint64_t{64} << 20;  ///< largest area of one picture
  std::uint64_t sound_samples = std::uint64_t{1} << 30;  ///< most samples of one sound (6 hours at 48 kHz)
  std::uint64_t header_bytes = 65536;                    ///< largest header of a binary array file
  std::uint64_t query_steps = 10'000'000'000;            ///< most steps of SQLite's machine for one query, some minutes

  friend bool operator==(const limits&, const limits&) = default;
};

/// a * b, or limit_error when it does not fit in 64 bits.
inline std::uint64_t checked_multiply(std::string_view function, std::uint64_t a, std::uint64_t b) {
  constexpr auto largest = (std::numeric_limits<std::uint64_t>::max)();
  if (b != 0 && a > largest / b) throw limit_error(function, "size product", largest, a);
  return a * b;
}

/// a + b, or limit_error when it does not fit in 64 bits.
inline std::uint64_t checked_add(std::string_view function, std::uint64_t a, std::uint64_t b) {
  constexpr auto largest = (std::numeric_limits<std::uint64_t>::max)();
  if (a > largest - b) throw limit_error(function, "size sum", largest, a);
  return a + b;
}

}  // namespace mmrec::inline v0
