// mmrec/io/detail/npy_header.hpp - the header of .npy files: a Python dictionary, read without Python.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/parse.hpp>

namespace mmrec::inline v0 {
namespace io::detail {

inline constexpr std::size_t npy_largest_rank = 32;  // NumPy's own limit when the format was made

struct npy_header {
  std::string type;  // as in the file, such as "<f4"
  bool fortran_order = false;
  std::vector<std::size_t> shape;
  std::size_t size = 0;  // bytes before the numbers
};

/// Reads the dictionary {'descr': '<f4', 'fortran_order': False, 'shape': (3, 2), }, keys in any order, each exactly once.
class npy_dictionary {
 public:
  npy_dictionary(std::string_view text, std::string_view source) : text_(text), source_(source) {}

  npy_header parse() {
    npy_header header;
    bool seen_type = false, seen_order = false, seen_shape = false;
    expect('{');
    while (!accept('}')) {
      const std::string_view key = string();
      expect(':');
      if (key == "descr" && !std::exchange(seen_type, true)) {
        if (peek() != '\'' && peek() != '"') fail("structured types are not read");
        header.type = string();
      } else if (key == "fortran_order" && !std::exchange(seen_order, true)) {
        header.fortran_order = boolean();
      } else if (key == "shape" && !std::exchange(seen_shape, true)) {
        header.shape = tuple();
      } else {
        fail("unknown or repeated key " + in_quotation(key));
      }
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    if (!seen_type || !seen_order || !seen_shape) fail("one of 'descr', 'fortran_order' and 'shape' is missing");
    if (peek() != '\0') fail("text after the dictionary");
    return header;
  }

 private:
  [[noreturn]] void fail(std::string_view what) const {
    throw parse_error(source_, 0, 0,
                      "malformed .npy header at its byte " + std::to_string(at_ + 1) + ": " + std::string(what));
  }
  /// The next character that is not blank; NUL at the end. A NUL in the text never matches what is expected.
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n')) ++at_;
    if (at_ == text_.size()) return '\0';
    if (text_[at_] == '\0') fail("NUL byte");
    return text_[at_];
  }
  bool accept(char wanted) {
    if (peek() != wanted) return false;
    ++at_;
    return true;
  }
  void expect(char wanted) {
    if (!accept(wanted)) fail(std::string("'") + wanted + "' is wanted");
  }
  std::string_view string() {
    const char quote = peek();
    if (quote != '\'' && quote != '"') fail("a string is wanted");
    const std::size_t end = text_.find(quote, at_ + 1);
    if (end == std::string_view::npos) fail("a string is never closed");
    const std::string_view content = text_.substr(at_ + 1, end - at_ - 1);
    if (content.find('\\') != std::string_view::npos) fail("escapes are not read");
    at_ = end + 1;
    return content;
  }
  bool boolean() {
    peek();
    for (const auto& [word, value] : {std::pair<std::string_view, bool>{"True", true}, {"False", false}}) {
      if (text_.substr(at_).starts_with(word)) {
        at_ += word.size();
        return value;
      }
    }
    fail("True or False is wanted");
  }
  std::vector<std::size_t> tuple() {
    std::vector<std::size_t> sizes;
    expect('(');
    bool comma = true;
    while (!accept(')')) {
      if (!comma) fail("',' is wanted");
      if (sizes.size() == npy_largest_rank) fail("more than 32 dimensions");
      peek();
      const std::size_t end = (std::min)(text_.find_first_not_of("0123456789", at_), text_.size());
      const auto size = parse_number<std::size_t>(text_.substr(at_, end - at_));
      if (!size) fail("a size " + std::string(describe<std::size_t>(size.fault)));
      sizes.push_back(size.value);
      at_ = end;
      comma = accept(',');
    }
    if (sizes.size() == 1 && !comma) fail("(n) is a number, not a tuple");
    return sizes;
  }

  std::string_view text_;
  std::string_view source_;
  std::size_t at_ = 0;
};

/// Product of the sizes, after a check that the array's bytes can be counted. Sizes of 0 do not excuse absurd other ones.
inline std::uint64_t npy_count(const std::vector<std::size_t>& shape, std::size_t item_bytes, std::string_view source) {
  constexpr auto largest = static_cast<std::uint64_t>((std::numeric_limits<std::int64_t>::max)());
  std::uint64_t bytes = item_bytes;
  bool empty = false;
  for (const std::size_t size : shape) {
    empty = empty || size == 0;
    if (size > 1 && bytes > largest / size)
      throw limit_error(source, "size of an array in bytes: dimension", largest / bytes, size);
    if (size > 1) bytes *= size;
  }
  return empty ? 0 : bytes / item_bytes;
}

inline npy_header parse_npy_header(std::string_view bytes, std::string_view source, const limits& bounds) {
  constexpr std::string_view magic = "\x93NUMPY";
  const auto fail = [&](const std::string& what) { throw parse_error(source, 0, 0, what); };
  if (!bytes.starts_with(magic)) fail("is not an .npy file");
  if (bytes.size() < magic.size() + 2) fail("ends within its .npy header");
  const auto byte = [&](std::size_t at) { return static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[at])); };
  const std::uint64_t major = byte(6), minor = byte(7);
  if (major < 1 || major > 3 || minor != 0) {
    fail("has .npy version " + std::to_string(major) + '.' + std::to_string(minor) + "; 1.0, 2.0 and 3.0 are read");
  }
  const std::size_t prefix = major == 1 ? 10 : 12;
  if (bytes.size() < prefix) fail("ends within its .npy header");
  std::uint64_t length = byte(8) | byte(9) << 8;
  if (major > 1) length |= byte(10) << 16 | byte(11) << 24;
  if (length > bounds.header_bytes) throw limit_error(source, "bytes of the .npy header", bounds.header_bytes, length);
  if (length > bytes.size() - prefix) fail("ends within its .npy header");
  if (length == 0 || bytes[prefix + length - 1] != '\n') fail("has an .npy header that does not end in a line end");
  npy_header header = npy_dictionary(bytes.substr(prefix, static_cast<std::size_t>(length)), source).parse();
  header.size = prefix + static_cast<std::size_t>(length);
  if (header.type.starts_with('>'))
    fail("holds big-endian numbers ('" + header.type + "'); save it with array.astype('<f4') or alike");
  if (header.type.find('O') != std::string::npos) fail("holds Python objects ('" + header.type + "'), which are never read");
  return header;
}

inline std::string format_npy_header(std::string_view type, std::span<const std::size_t> shape) {
  std::string text = "{'descr': '" + std::string(type) + "', 'fortran_order': False, 'shape': (";
  for (std::size_t axis = 0; axis < shape.size(); ++axis) {
    text += std::to_string(shape[axis]);
    if (shape.size() == 1 || axis + 1 < shape.size()) text += ',';
    if (axis + 1 < shape.size()) text += ' ';
  }
  text += "), }";
  constexpr std::size_t prefix = 10, alignment = 64;
  const std::size_t padding = (alignment - (prefix + text.size() + 1) % alignment) % alignment;
  text.append(padding, ' ');
  text += '\n';
  std::string bytes = "\x93NUMPY";
  bytes += {'\1', '\0', static_cast<char>(text.size() & 255), static_cast<char>(text.size() >> 8)};
  return bytes + text;
}

}  // namespace io::detail
}  // namespace mmrec::inline v0
