// mmrec/text/strip_html.hpp - takes the text out of HTML.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include <mmrec/core/kind.hpp>
#include <mmrec/text/detail/html_entities.hpp>
#include <mmrec/text/detail/utf8.hpp>

namespace mmrec::inline v0 {
namespace text {

namespace detail {

/// Elements inside a line of text: their tags divide no words ("<b>W</b>ord"). Ordered.
inline constexpr std::array<std::string_view, 34> inline_elements{
    "a",    "abbr",   "acronym", "b",   "bdi", "bdo",   "big",  "cite", "code", "data", "del",  "dfn",
    "em",   "font",   "i",       "ins", "kbd", "label", "mark", "nobr", "q",    "s",    "samp", "small",
    "span", "strike", "strong",  "sub", "sup", "time",  "tt",   "u",    "var",  "wbr"};

/// Elements whose content is no text.
inline constexpr std::array<std::string_view, 5> hidden_elements{"noembed", "noframes", "script", "style", "template"};

inline bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
inline bool is_html_space(char c) { return c == ' ' || c == '\n' || c == '\t' || c == '\r' || c == '\f'; }
inline char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; }

/// One document on its way from HTML to text. The position only moves forward, so that no input takes more than linear time.
class html_reader {
 public:
  html_reader(std::string_view html, std::string& out)
      : html_(html), out_(&out), last_close_(html.rfind('>')), last_quote_{html.rfind('"'), html.rfind('\'')} {}

  void read(std::size_t first_markup) {
    out_->assign(html_, 0, first_markup);
    position_ = first_markup;
    while (position_ < html_.size()) {
      const char c = html_[position_];
      if (c == '<') {
        read_markup();
      } else if (c == '&') {
        read_entity();
      } else {
        read_text();
      }
    }
  }

 private:
  static constexpr std::size_t npos = std::string_view::npos;

  char at(std::size_t index) const { return index < html_.size() ? html_[index] : '\0'; }

  void read_text() {
    const std::size_t tag = next_of('<', next_tag_);
    const std::size_t entity = next_of('&', next_entity_);
    const std::size_t end = (std::min)({tag, entity, html_.size()});
    out_->append(html_, position_, end - position_);
    position_ = end;
  }
  /// The next `c` from the position on; what was found ahead is remembered.
  std::size_t next_of(char c, std::size_t& known) const {
    if (known == npos || known >= position_) return known;
    known = html_.find(c, position_);
    return known;
  }

  void literal() { out_->push_back(html_[position_++]); }
  void separate() {
    if (!out_->empty() && out_->back() != ' ') out_->push_back(' ');
  }

  void read_markup() {
    const char second = at(position_ + 1);
    const bool end_tag = second == '/';
    if (last_close_ == npos || position_ > last_close_) return literal();  // never closed: text such as "a <b"
    if (is_letter(second) || (end_tag && is_letter(at(position_ + 2)))) return read_tag(end_tag);
    if (html_.substr(position_, 4) == "<!--") return read_comment();
    if (html_.substr(position_, 9) == "<![CDATA[") return read_cdata();
    if (second == '!' || second == '?' || end_tag) {
      position_ = html_.find('>', position_) + 1;
      return;
    }
    literal();  // "1 < 2", "<3"
  }

  void read_tag(bool end_tag) {
    const std::size_t name_begin = position_ + (end_tag ? 2 : 1);
    std::size_t index = name_begin;
    while (index < html_.size() && !is_html_space(html_[index]) && html_[index] != '>' && html_[index] != '/') ++index;
    const std::string_view name = html_.substr(name_begin, index - name_begin);
    skip_attributes(index);
    if (!listed(inline_elements, name)) separate();
    if (!end_tag && listed(hidden_elements, name)) skip_content(name);
  }

  /// To behind the '>' of a tag; one within a quoted value is not it.
  void skip_attributes(std::size_t index) {
    bool value = false;  // the last character that is not a space was '='
    for (; index < html_.size(); ++index) {
      const char c = html_[index];
      if (c == '>') break;
      if (value && (c == '"' || c == '\'') && index < last_quote_[c == '"' ? 0 : 1]) {
        index = html_.find(c, index + 1);
        value = false;
      } else if (!is_html_space(c)) {
        value = c == '=';
      }
    }
    position_ = (std::min)(index + 1, html_.size());
  }

  /// To the end tag of that name.
  void skip_content(std::string_view name) {
    while ((position_ = html_.find('<', position_)) != npos) {
      const std::size_t after = position_ + 2 + name.size();
      const bool ends = at(position_ + 1) == '/' && equal_names(html_.substr(position_ + 2, name.size()), name) &&
                        (is_html_space(at(after)) || at(after) == '/' || at(after) == '>');
      if (ends) return;
      ++position_;
    }
    position_ = html_.size();
  }

  void read_comment() {
    if (at(position_ + 4) == '>') {
      position_ += 5;
    } else if (html_.substr(position_ + 4, 2) == "->") {
      position_ += 6;
    } else {
      const std::size_t end = html_.find("-->", position_ + 4);
      position_ = end == npos ? html_.size() : end + 3;
    }
  }

  void read_cdata() {
    const std::size_t begin = position_ + 9;
    const std::size_t end = html_.find("]]>", begin);
    const std::size_t content_end = end == npos ? html_.size() : end;
    out_->append(html_, begin, content_end - begin);
    position_ = end == npos ? html_.size() : end + 3;
  }

  void read_entity() {
    if (at(position_ + 1) == '#') return read_number();
    std::size_t end = position_ + 1;
    while (end - position_ <= longest_entity_name && (is_letter(at(end)) || is_digit(at(end)))) ++end;
    const std::string_view name = html_.substr(position_ + 1, end - position_ - 1);
    const auto found = std::lower_bound(html_entities.begin(), html_entities.end(), name,
                                        [](const html_entity& entity, std::string_view key) { return entity.name < key; });
    const bool closed = at(end) == ';';
    // The Latin-1 names, and these, are old enough that pages leave out the semicolon.
    const bool known = found != html_entities.end() && found->name == name;
    const bool old = known && (found->point <= 0xff && name != "apos");
    const bool goes_on = is_letter(at(end)) || is_digit(at(end)) || at(end) == '=';
    if (!known || (!closed && (!old || goes_on))) return literal();
    put(found->point);
    position_ = end + (closed ? 1 : 0);
  }

  void read_number() {
    const bool hexadecimal = at(position_ + 2) == 'x' || at(position_ + 2) == 'X';
    const std::size_t begin = position_ + (hexadecimal ? 3 : 2);
    std::size_t end = begin;
    std::uint32_t point = 0;
    for (; end < html_.size(); ++end) {
      const int digit = digit_value(html_[end]);
      if (digit < 0 || (!hexadecimal && digit > 9)) break;
      point =
          std::min<std::uint32_t>(point * (hexadecimal ? 16 : 10) + static_cast<std::uint32_t>(digit), last_code_point + 1);
    }
    if (end == begin) return literal();
    if (point >= 0x80 && point < 0xa0) point = windows_1252[point - 0x80];
    const bool no_character = point == 0 || point > last_code_point || (point >= 0xd800 && point < 0xe000);
    put(no_character ? static_cast<std::uint32_t>(replacement_character) : point);
    position_ = end + (at(end) == ';' ? 1 : 0);
  }
  static int digit_value(char c) {
    if (is_digit(c)) return c - '0';
    const char lower = ascii_lower(c);
    return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
  }

  void put(std::uint32_t point) {
    std::array<char, 4> bytes;
    out_->append(bytes.data(), encode_utf8(point, bytes.data()));
  }

  static bool equal_names(std::string_view a, std::string_view b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
  }
  template <std::size_t N>
  static bool listed(const std::array<std::string_view, N>& names, std::string_view name) {
    constexpr std::size_t longest = 8;
    std::array<char, longest> lower{};
    if (name.size() > longest) return false;
    for (std::size_t index = 0; index < longest && index < name.size(); ++index) lower[index] = ascii_lower(name[index]);
    return std::binary_search(names.begin(), names.end(), std::string_view(lower.data(), name.size()));
  }

  std::string_view html_;
  std::string* out_;
  std::size_t position_ = 0;
  std::size_t last_close_;
  std::array<std::size_t, 2> last_quote_;
  std::size_t next_tag_ = 0;
  std::size_t next_entity_ = 0;
};

struct strip_html_workspace {
  std::string text;
};

template <class Sink>
class strip_html_sink {
 public:
  strip_html_sink(strip_html_workspace& scratch, Sink next) : scratch_(&scratch), next_(std::move(next)) {}

  void operator()(std::string_view html) {
    const std::size_t first = (std::min)(html.find('<'), html.find('&'));
    if (first == std::string_view::npos) return next_(html);
    scratch_->text.reserve(html.size());  // text is never longer than its HTML
    html_reader(html, scratch_->text).read(first);
    next_(std::string_view(scratch_->text));
  }
  void finish() { next_.finish(); }

 private:
  strip_html_workspace* scratch_;
  Sink next_;
};

}  // namespace detail

/// Takes the text out of HTML: tags, comments, scripts and styles go, entities become characters.
///
/// A tag of a block (p, br, td, ...) becomes a space, one inside a line (b, i, a, span, ...) nothing. Entities: the names of
/// HTML 4 and apos, decimal and hexadecimal numbers. What is broken is read as a browser does: a '<' that begins no tag or
/// is never closed is text, a '>' within a quoted value ends no tag, an open comment or script runs to the end of the
/// document.
///
/// Shapes     text -> text
/// Cost       O(bytes) for every input; a document without '<' and '&' passes through uncopied
/// Result     not HTML: what was escaped ("&lt;b&gt;") is plain text now, so never show it as HTML
/// Throws     nothing
/// Avoid when the structure of the page matters (boilerplate, tables): use an HTML parser
/// Example    strip_html{} | words{} | tfidf{}
/// Reference  HTML Living Standard, section 13.2.5 (tokenization)
struct strip_html {
  using input_kind = kind::text;
  using output_kind = kind::text;
  using workspace = detail::strip_html_workspace;

  template <class Exec, class Batch>
  strip_html fit(const Exec&, const Batch&) const {
    return *this;
  }

  template <class Sink>
  auto attach(workspace& scratch, Sink next) const {
    return detail::strip_html_sink<Sink>(scratch, std::move(next));
  }

  friend bool operator==(const strip_html&, const strip_html&) = default;
};

}  // namespace text
}  // namespace mmrec::inline v0
