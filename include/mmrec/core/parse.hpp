// mmrec/core/parse.hpp - numbers from text, strictly and in no locale.
#pragma once
#include <charconv>
#include <cmath>
#include <concepts>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {

/// A type that text can be parsed to.
template <class T>
concept number = (std::integral<T> && !std::same_as<T, bool> && !std::same_as<T, char>) || std::floating_point<T>;

/// Why a text is not a number of the wanted type.
enum class number_fault { none, empty, not_a_number, out_of_range, not_finite };

/// What is accepted beyond plain finite numbers.
struct number_options {
  bool non_finite = false;  ///< also `inf`, `infinity` and `nan`, in any case, with or without '-'
  friend bool operator==(const number_options&, const number_options&) = default;
};

/// A number, or the reason why there is none.
template <number T>
struct number_result {
  T value{};
  number_fault fault = number_fault::none;
  explicit operator bool() const { return fault == number_fault::none; }
};

namespace detail {
// What std::from_chars reports for 1e400 and 1e-400 differs between standard libraries and their versions (a range error,
// infinity, or zero), so both are recognised from the result: a number that lost all it said is out of range.
template <std::floating_point T>
bool lost_its_magnitude(std::string_view text, T value) {
  if (value != T{0} && !std::isinf(value)) return false;
  for (const char c : text) {
    if (c == 'e' || c == 'E' || c == 'n' || c == 'N') return false;  // the mantissa is over, or the text is "inf"
    if (c >= '1' && c <= '9') return true;
  }
  return false;
}
}  // namespace detail

/// Parses the whole text as one decimal number: an optional '-', digits, and for floating point a fraction and an exponent.
///
/// Cost       O(length), no allocation
/// Result     correctly rounded; the same bits in every locale
/// Refuses    an empty text, blanks around the number, a leading '+', hexadecimal, grouping, a decimal comma; whatever does
///            not fit the type, above (1e400, 256 as a byte) or below (1e-400, which would silently become 0); non-finite
///            numbers unless asked for
/// Example    parse_number<float>("4.5").value == 4.5f
template <number T>
number_result<T> parse_number(std::string_view text, number_options options = {}) {
  if (text.empty()) return {T{}, number_fault::empty};
  const char* const end = text.data() + text.size();
  T value{};
  if constexpr (std::integral<T>) {
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (stop != end || code == std::errc::invalid_argument) {
      // A negative number for an unsigned type is a number, only not in range.
      const bool negative = std::is_unsigned_v<T> && text.front() == '-' && text.size() > 1 &&
                            text.find_first_not_of("0123456789", 1) == std::string_view::npos;
      return {T{}, negative ? number_fault::out_of_range : number_fault::not_a_number};
    }
    if (code != std::errc{}) return {T{}, number_fault::out_of_range};
  } else {
    const auto [stop, code] = std::from_chars(text.data(), end, value);
    if (stop != end || code == std::errc::invalid_argument) return {T{}, number_fault::not_a_number};
    if (code != std::errc{} || detail::lost_its_magnitude(text, value)) return {T{}, number_fault::out_of_range};
    if (!std::isfinite(value)) {
      if (text.back() == ')') return {T{}, number_fault::not_a_number};  // the C form nan(payload)
      if (!options.non_finite) return {T{}, number_fault::not_finite};
    }
  }
  return {value, number_fault::none};
}

/// The fault in words, to follow the text at fault in a message: `"4,5" is not a number`.
template <number T>
constexpr std::string_view describe(number_fault fault) {
  switch (fault) {
    case number_fault::none:
      return "is fine";
    case number_fault::empty:
      return "is empty where a number is wanted";
    case number_fault::not_a_number:
      return std::integral<T> ? "is not a whole number" : "is not a number";
    case number_fault::out_of_range:
      return std::unsigned_integral<T> ? "is negative or too large" : "is out of range";
    case number_fault::not_finite:
      return "is not finite";
  }
  return "is not a number";
}

/// A text at fault in quotes, shortened to fit in a message, with bytes that do not print written as \xNN.
inline std::string in_quotation(std::string_view text) {
  constexpr std::size_t longest = 40;
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result(1, '"');
  for (const char c : text.substr(0, longest)) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += {'\\', 'x', digits[byte >> 4], digits[byte & 15]};
    } else {
      result += c;
    }
  }
  return result + (text.size() > longest ? "\"..." : "\"");
}

/// The number, or nothing.
template <number T>
std::optional<T> find_number(std::string_view text, number_options options = {}) {
  const number_result<T> result = parse_number<T>(text, options);
  return result ? std::optional<T>(result.value) : std::nullopt;
}

/// The number; throws data_error with the function's name, the text and the reason.
template <number T>
T require_number(std::string_view function, std::string_view text, number_options options = {}) {
  const number_result<T> result = parse_number<T>(text, options);
  if (!result) throw data_error(function, in_quotation(text) + ' ' + std::string(describe<T>(result.fault)));
  return result.value;
}

}  // namespace mmrec::inline v0
