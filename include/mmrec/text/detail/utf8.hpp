// mmrec/text/detail/utf8.hpp - decoding, encoding, classes and lower case of code points.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/text/detail/unicode_tables.hpp>

namespace mmrec::inline v0 {
namespace text::detail {

inline constexpr char32_t replacement_character = 0xfffd;
inline constexpr char32_t last_code_point = 0x10ffff;

/// One decoded character: `size` bytes of the input. Where they are malformed, `valid` is false and `size` counts the
/// longest start of a character there is, at least 1, as the Unicode Standard (ch. 3.9) and Python replace them.
struct decoded {
  char32_t point;
  std::uint32_t size;
  bool valid;
};

/// Decodes the character at bytes[position], position < bytes.size().
inline decoded decode_utf8(std::string_view bytes, std::size_t position) {
  const auto byte = [&](std::size_t index) -> std::uint32_t {
    return index < bytes.size() ? static_cast<unsigned char>(bytes[index]) : 0;  // 0 is never a continuation
  };
  const std::uint32_t first = byte(position);
  if (first < 0x80) return {first, 1, true};
  const auto bad = [](std::uint32_t size) { return decoded{replacement_character, size, false}; };
  const auto continues = [](std::uint32_t value) { return (value & 0xc0) == 0x80; };
  if (first < 0xc2 || first > 0xf4) return bad(1);
  const std::uint32_t second = byte(position + 1);
  if (first < 0xe0) {
    return continues(second) ? decoded{((first & 0x1f) << 6) | (second & 0x3f), 2, true} : bad(1);
  }
  // Overlong forms, surrogates and points beyond the last are refused at the second byte.
  const std::uint32_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const std::uint32_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (second < low || second > high) return bad(1);
  const std::uint32_t third = byte(position + 2);
  if (!continues(third)) return bad(2);
  if (first < 0xf0) return {((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f), 3, true};
  const std::uint32_t fourth = byte(position + 3);
  if (!continues(fourth)) return bad(3);
  return {((first & 0x07) << 18) | ((second & 0x3f) << 12) | ((third & 0x3f) << 6) | (fourth & 0x3f), 4, true};
}

/// Writes at most 4 bytes at `out` and returns how many.
inline std::size_t encode_utf8(char32_t point, char* out) {
  const auto tail = [point](int shift) { return static_cast<char>(0x80 | ((point >> shift) & 0x3f)); };
  if (point < 0x80) {
    out[0] = static_cast<char>(point);
    return 1;
  }
  if (point < 0x800) {
    out[0] = static_cast<char>(0xc0 | (point >> 6));
    out[1] = tail(0);
    return 2;
  }
  if (point < 0x10000) {
    out[0] = static_cast<char>(0xe0 | (point >> 12));
    out[1] = tail(6);
    out[2] = tail(0);
    return 3;
  }
  out[0] = static_cast<char>(0xf0 | (point >> 18));
  out[1] = tail(12);
  out[2] = tail(6);
  out[3] = tail(0);
  return 4;
}

/// One bit for each code point below 0x10000: a single load answers for nearly all text.
inline constexpr std::array<std::uint64_t, 1024> word_bits = [] {
  std::array<std::uint64_t, 1024> bits{};
  for (const code_point_range& range : word_ranges) {
    if (range.first >= 0x10000) break;
    const std::uint32_t end = std::min<std::uint32_t>(range.last, 0xffff) + 1;
    for (std::uint32_t point = range.first; point < end;) {
      const std::uint32_t count = std::min<std::uint32_t>(64 - point % 64, end - point);
      bits[point / 64] |= (~std::uint64_t{0} >> (64 - count)) << (point % 64);
      point += count;
    }
  }
  return bits;
}();

/// Whether a code point beyond ASCII is a letter, a digit or another number.
inline bool is_wide_word(char32_t point) {
  if (point < 0x10000) return (word_bits[point / 64] >> (point % 64) & 1) != 0;
  const auto after = std::upper_bound(word_ranges.begin(), word_ranges.end(), point,
                                      [](char32_t value, const code_point_range& range) { return value < range.first; });
  return after != word_ranges.begin() && point <= (after - 1)->last;
}

/// Lower case of the two-byte characters (Latin, Greek, Cyrillic, Armenian), where nearly all capitals are.
inline constexpr std::uint32_t narrow_points = 0x590;
inline constexpr std::array<std::uint16_t, narrow_points> narrow_lower = [] {
  std::array<std::uint16_t, narrow_points> lower{};
  for (std::uint32_t point = 0; point < narrow_points; ++point) lower[point] = static_cast<std::uint16_t>(point);
  for (const lower_case_run& run : lower_case_runs) {
    if (run.first >= narrow_points) break;
    for (std::uint32_t point = run.first; point <= run.last; point += run.stride) {
      lower[point] = static_cast<std::uint16_t>(static_cast<std::int32_t>(point) + run.difference);
    }
  }
  return lower;
}();

/// The one lower-case character of a code point beyond ASCII; U+0130, which has two, is left to the caller.
inline char32_t wide_lower(char32_t point) {
  if (point < narrow_points) return narrow_lower[point];
  if (point >= 0x2e80 && point < 0xa640) return point;  // Chinese, Japanese, Korean: no case
  if (point >= 0xabc0 && point < 0xff21) return point;
  const auto after = std::upper_bound(lower_case_runs.begin(), lower_case_runs.end(), point,
                                      [](char32_t value, const lower_case_run& run) { return value < run.first; });
  if (after == lower_case_runs.begin()) return point;
  const lower_case_run& run = *(after - 1);
  if (point > run.last || (point - run.first) % run.stride != 0) return point;
  return static_cast<char32_t>(static_cast<std::int32_t>(point) + run.difference);
}

/// Han and kana, which are written without spaces between words.
inline bool is_cjk(char32_t point) {
  if (point < 0x3005) return false;
  return (point >= 0x3400 && point <= 0x9fff) || (point >= 0x3041 && point <= 0x30ff) || point <= 0x3007 ||
         (point >= 0x31f0 && point <= 0x31ff) || (point >= 0xf900 && point <= 0xfaff) ||
         (point >= 0xff66 && point <= 0xff9f) || (point >= 0x20000 && point <= 0x3ffff);
}

}  // namespace text::detail
}  // namespace mmrec::inline v0
