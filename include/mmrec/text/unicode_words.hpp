// mmrec/text/unicode_words.hpp - splits text into words with normalisation and case folding by utf8proc.
// Optional component `unicode` (CMake target mmrec::unicode); no other header includes this one.
#pragma once
#if !__has_include(<utf8proc.h>)
#error \
    "mmrec: text/unicode_words.hpp needs utf8proc: apt install libutf8proc-dev, then find_package(mmrec COMPONENTS unicode) and link mmrec::unicode"
#endif
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <utf8proc.h>

#include <mmrec/core/error.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/text/detail/utf8.hpp>
#include <mmrec/text/words.hpp>

namespace mmrec::inline v0 {
namespace text {

/// Unicode normalisation forms.
enum class normal_form {
  nfc,  ///< composed: e + combining accent becomes é
  nfkc  ///< composed, and compatible forms made equal: full-width letters, ligatures, circled digits
};

namespace detail {

struct unicode_words_workspace {
  std::vector<utf8proc_int32_t> points;  // of one segment
  std::string word;
};

template <class Spec, class Sink>
class unicode_words_sink {
 public:
  unicode_words_sink(const Spec& spec, unicode_words_workspace& scratch, Sink next)
      : spec_(spec), scratch_(&scratch), next_(std::move(next)) {}

  void operator()(std::string_view document) {
    scratch_->points.clear();
    characters_ = 0;
    scratch_->word.clear();
    run_ = 0;
    for (std::size_t position = 0; position < document.size();) {
      const decoded character = decode_utf8(document, position);
      position += character.size;
      if (!character.valid && spec_.on_malformed == malformed::reject) {
        throw data_error("text::unicode_words",
                         "byte " + std::to_string(position - character.size) + " of a document is not UTF-8");
      }
      if (!character.valid && spec_.on_malformed == malformed::ignore) continue;
      if (scratch_->points.size() >= segment && starts_segment(character.point)) pass_segment();
      decompose(character.point);
    }
    pass_segment();
    end_word();
  }
  void finish() { next_.finish(); }

 private:
  static constexpr std::size_t segment = 256;
  static constexpr std::size_t longest_marks = 30;

  /// Nothing before such a character composes with it.
  static bool starts_segment(char32_t point) { return point <= ' '; }

  void decompose(char32_t point) {
    std::array<utf8proc_int32_t, 32> parts;
    int last_class = 0;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_DECOMPOSE | (spec_.fold_case ? UTF8PROC_CASEFOLD : 0) |
                                                        (spec_.form == normal_form::nfkc ? UTF8PROC_COMPAT : 0));
    const utf8proc_ssize_t count =
        utf8proc_decompose_char(static_cast<utf8proc_int32_t>(point), parts.data(),
                                static_cast<utf8proc_ssize_t>(parts.size()), options, &last_class);
    for (utf8proc_ssize_t part = 0; part < count && part < static_cast<utf8proc_ssize_t>(parts.size()); ++part) {
      insert(parts[static_cast<std::size_t>(part)]);
    }
  }

  /// Canonical order: a mark moves before those of a higher class. That takes quadratic time in how many follow each other,
  /// so runs are cut, as UAX 15 (stream-safe text) does. Counted here: some characters only decompose into marks.
  void insert(utf8proc_int32_t point) {
    std::vector<utf8proc_int32_t>& points = scratch_->points;
    const auto combining_class = [](utf8proc_int32_t value) { return utf8proc_get_property(value)->combining_class; };
    const auto own = combining_class(point);
    if (own != 0 && run_ == longest_marks) {
      pass_segment();
      run_ = 0;
    }
    run_ = own == 0 ? 0 : run_ + 1;
    std::size_t place = points.size();
    points.push_back(point);
    if (own == 0) return;
    for (; place > 0 && combining_class(points[place - 1]) > own; --place) points[place] = points[place - 1];
    points[place] = point;
  }

  void pass_segment() {
    std::vector<utf8proc_int32_t>& points = scratch_->points;
    const auto options = static_cast<utf8proc_option_t>(UTF8PROC_COMPOSE | UTF8PROC_STABLE);
    const utf8proc_ssize_t composed =
        utf8proc_normalize_utf32(points.data(), static_cast<utf8proc_ssize_t>(points.size()), options);
    for (utf8proc_ssize_t index = 0; index < composed; ++index) pass(points[static_cast<std::size_t>(index)]);
    points.clear();
  }

  void pass(utf8proc_int32_t point) {
    const auto category = utf8proc_category(point);
    const bool letter = category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
    const bool mark = category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
    const bool digit = category >= UTF8PROC_CATEGORY_ND && category <= UTF8PROC_CATEGORY_NO;
    const bool inside = letter || digit || point == '_' || (mark && characters_ > 0);
    if (!inside) return end_word();
    std::array<char, 4> bytes;
    scratch_->word.append(bytes.data(), encode_utf8(static_cast<char32_t>(point), bytes.data()));
    if (!mark) ++characters_;
  }

  void end_word() {
    if (characters_ >= spec_.min_length) next_(std::string_view(scratch_->word));
    characters_ = 0;
    scratch_->word.clear();
  }

  Spec spec_;
  unicode_words_workspace* scratch_;
  Sink next_;
  std::size_t characters_ = 0;
  std::size_t run_ = 0;  // marks that follow each other up to here
};

}  // namespace detail

/// Splits text into words as `words` does, after Unicode normalisation and full case folding, and keeps combining marks
/// (decomposed accents, vowel signs of Indic scripts) with the letter they follow.
///
/// Shapes     text -> tokens
/// Cost       O(bytes); 5 to 20 times that of `words`
/// Result     runs of letters, numbers, underscores and their marks; equal for canonically equivalent texts (runs of more
///            than 30 marks aside). Case folding is full: "STRASSE" and "straße" are one word, strasse. The tables are those
///            of the utf8proc that is linked
/// Throws     invalid_config if min_length < 1; data_error on bytes that are not UTF-8 under malformed::reject
/// Avoid when tokens have to equal scikit-learn's, or text is ASCII: use words
/// Example    unicode_words{.form = normal_form::nfkc} | tfidf{}
/// Reference  Unicode Standard Annex 15, Unicode Normalization Forms
struct unicode_words {
  using input_kind = kind::text;
  using output_kind = kind::tokens;
  using workspace = detail::unicode_words_workspace;

  std::size_t min_length = 2;                   ///< shortest word kept, in characters without marks
  normal_form form = normal_form::nfc;          ///< what equal-looking texts are made equal by
  bool fold_case = true;                        ///< full case folding
  malformed on_malformed = malformed::replace;  ///< bytes that are not UTF-8

  template <class Exec, class Batch>
  unicode_words fit(const Exec&, const Batch&) const {
    require_config(min_length >= 1, "text::unicode_words::fit", "min_length", "must be at least 1");
    return *this;
  }

  template <class Sink>
  auto attach(workspace& scratch, Sink next) const {
    return detail::unicode_words_sink<unicode_words, Sink>(*this, scratch, std::move(next));
  }

  friend bool operator==(const unicode_words&, const unicode_words&) = default;
};

}  // namespace text
}  // namespace mmrec::inline v0
