// mmrec/io/detail/safetensors_cursor.hpp - strings and numbers of JSON, for the header of safetensors files.
#pragma once
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include <mmrec/core/error.hpp>
#include <mmrec/io/detail/utf8.hpp>

namespace mmrec::inline v0 {
namespace io::detail {

/// The text as a JSON string, with quotation marks.
inline std::string json_string(std::string_view text) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += '\\';
      result += c;
    } else if (byte < 0x20) {
      result += "\\u00";
      result += digits[byte >> 4];
      result += digits[byte & 15];
    } else {
      result += c;
    }
  }
  return result + '"';
}

/// A name for messages: as in the file, shortened where it is very long.
inline std::string shown_name(std::string_view name) {
  constexpr std::size_t most = 120;
  if (name.size() <= most) return json_string(name);
  std::size_t end = most;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
  return json_string(name.substr(0, end)) + "...";
}

/// Goes through a JSON text from left to right; whoever uses it knows the grammar, so nothing here nests.
class json_cursor {
 public:
  json_cursor(std::string_view text, std::string_view source, std::size_t first_byte)
      : text_(text), source_(source), first_byte_(first_byte) {}

  std::size_t position() const { return at_; }
  std::string_view rest() const { return text_.substr(at_); }

  /// What the error is about, for its text.
  void set_subject(std::string subject) { subject_ = std::move(subject); }

  [[noreturn]] void fail(std::string_view what) const { fail_at(at_, what); }
  [[noreturn]] void fail_at(std::size_t position, std::string_view what) const {
    throw parse_error(source_, 0, 0,
                      "byte " + std::to_string(first_byte_ + position) + ": " + subject_ + (subject_.empty() ? "" : ": ") +
                          std::string(what));
  }

  /// The next character that is not a blank, or 0 at the end.
  char peek() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t' || text_[at_] == '\r'))
      ++at_;
    return at_ < text_.size() ? text_[at_] : '\0';
  }
  bool accept(char wanted) {
    if (peek() != wanted || at_ == text_.size()) return false;
    ++at_;
    return true;
  }
  void expect(char wanted, std::string_view where) {
    if (!accept(wanted)) fail(std::string("expected '") + wanted + "' " + std::string(where));
  }

  std::string string(std::string_view what) {
    if (peek() != '"') fail(std::string(what) + " must be a string");
    const std::size_t begin = at_++;
    std::string result;
    for (;;) {
      if (at_ >= text_.size()) fail_at(begin, std::string(what) + ": the string does not end");
      const char c = text_[at_];
      if (c == '"') {
        ++at_;
        return result;
      }
      if (c == '\\') {
        escape(result);
        continue;
      }
      if (static_cast<unsigned char>(c) < 0x20) fail("control character in a string");
      const std::size_t size = utf8_size(text_, at_);
      if (size == 0) fail("a string is not UTF-8");
      result.append(text_, at_, size);
      at_ += size;
    }
  }

  std::uint64_t integer(std::string_view what) {
    constexpr std::uint64_t largest = (std::numeric_limits<std::uint64_t>::max)();
    const char first = peek();
    const std::size_t begin = at_;
    const auto refuse = [&] { fail_at(begin, std::string(what) + " must be plain integers from 0 to 2^64 - 1"); };
    if (first < '0' || first > '9') refuse();
    std::uint64_t value = 0;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      const auto digit = static_cast<std::uint64_t>(text_[at_] - '0');
      if (value > (largest - digit) / 10) refuse();
      value = value * 10 + digit;
    }
    if (first == '0' && at_ - begin > 1) refuse();
    if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E')) refuse();
    return value;
  }

 private:
  /// The 16 bits of the \uXXXX that begins at `position` and lies within the text.
  std::uint32_t code_unit(std::size_t position) const {
    std::uint32_t unit = 0;
    for (std::size_t i = 2; i < 6; ++i) {
      const char c = text_[position + i];
      std::uint32_t digit = 0;
      if (c >= '0' && c <= '9') {
        digit = static_cast<std::uint32_t>(c - '0');
      } else if (c >= 'a' && c <= 'f') {
        digit = static_cast<std::uint32_t>(c - 'a') + 10;
      } else if (c >= 'A' && c <= 'F') {
        digit = static_cast<std::uint32_t>(c - 'A') + 10;
      } else {
        fail_at(position, "\\u wants four hexadecimal digits");
      }
      unit = unit * 16 + digit;
    }
    return unit;
  }
  void escape(std::string& result) {
    constexpr std::string_view letters = "\"\\/bfnrt";
    constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
    if (text_.size() - at_ < 2) fail("a string ends within an escape");
    const char kind = text_[at_ + 1];
    if (kind != 'u') {
      const std::size_t index = letters.find(kind);
      if (index == std::string_view::npos) fail("unknown escape in a string");
      result += meanings[index];
      at_ += 2;
      return;
    }
    if (text_.size() - at_ < 6) fail("a string ends within an escape");
    std::uint32_t point = code_unit(at_);
    if (point >= 0xdc00 && point <= 0xdfff) fail("half of a surrogate pair in a string");
    std::size_t size = 6;
    if (point >= 0xd800 && point <= 0xdbff) {
      const bool two = text_.size() - at_ >= 12 && text_.substr(at_ + 6, 2) == "\\u";
      const std::uint32_t low = two ? code_unit(at_ + 6) : 0;
      if (low < 0xdc00 || low > 0xdfff) fail("half of a surrogate pair in a string");
      point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
      size = 12;
    }
    append_utf8(result, point);
    at_ += size;
  }

  std::string_view text_;
  std::string_view source_;
  std::size_t first_byte_;
  std::size_t at_ = 0;
  std::string subject_;
};

}  // namespace io::detail
}  // namespace mmrec::inline v0
