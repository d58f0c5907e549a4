// mmrec/io/detail/utf8.hpp - whether bytes are UTF-8, and the bytes of a code point.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace mmrec::inline v0 {
namespace io::detail {

/// Bytes of the character at bytes[at], at < bytes.size(), or 0 where that is not UTF-8: overlong forms, surrogates and
/// points beyond U+10FFFF are not.
inline std::size_t utf8_size(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t offset) -> std::uint32_t {
    return at + offset < bytes.size() ? static_cast<unsigned char>(bytes[at + offset]) : 0;  // 0 continues nothing
  };
  const std::uint32_t first = byte(0);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4) return 0;
  const std::size_t size = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const std::uint32_t low = first == 0xe0 ? 0xa0 : first == 0xf0 ? 0x90 : 0x80;
  const std::uint32_t high = first == 0xed ? 0x9f : first == 0xf4 ? 0x8f : 0xbf;
  if (byte(1) < low || byte(1) > high) return 0;
  for (std::size_t offset = 2; offset < size; ++offset) {
    if ((byte(offset) & 0xc0) != 0x80) return 0;
  }
  return size;
}

inline bool is_utf8(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t size = utf8_size(text, at);
    if (size == 0) return false;
    at += size;
  }
  return true;
}

/// Appends a code point that is not a surrogate.
inline void append_utf8(std::string& text, std::uint32_t point) {
  const auto add = [&](std::uint32_t byte) { text += static_cast<char>(static_cast<unsigned char>(byte)); };
  if (point < 0x80) {
    add(point);
    return;
  }
  if (point < 0x800) {
    add(0xc0 | point >> 6);
  } else {
    if (point < 0x10000) {
      add(0xe0 | point >> 12);
    } else {
      add(0xf0 | point >> 18);
      add(0x80 | (point >> 12 & 63));
    }
    add(0x80 | (point >> 6 & 63));
  }
  add(0x80 | (point & 63));
}

}  // namespace io::detail
}  // namespace mmrec::inline v0
