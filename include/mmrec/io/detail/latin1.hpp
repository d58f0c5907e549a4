// mmrec/io/detail/latin1.hpp - text of old data sets as UTF-8.
#pragma once
#include <string>
#include <string_view>

#include <mmrec/io/detail/utf8.hpp>

namespace mmrec::inline v0 {
namespace io::detail {

/// The text as it is where it is UTF-8, else taken for ISO 8859-1, whose bytes are code points.
inline std::string utf8_or_latin1(std::string_view text) {
  if (is_utf8(text)) return std::string(text);
  std::string result;
  result.reserve(text.size() + text.size() / 8);
  for (const char c : text) append_utf8(result, static_cast<unsigned char>(c));
  return result;
}

}  // namespace io::detail
}  // namespace mmrec::inline v0
