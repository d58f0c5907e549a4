// mmrec/text/words.hpp - splits text into words.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/text/detail/byte_classes.hpp>
#include <mmrec/text/detail/utf8.hpp>

namespace mmrec::inline v0 {
namespace text {

/// What becomes of runs of Chinese and Japanese characters (Han and kana), which no spaces divide.
enum class cjk {
  run,     ///< a run is part of a word like any other letters; what scikit-learn does
  single,  ///< each character is a token, of whatever length
  bigrams  ///< each pair of neighbours is a token ("北京大学": 北京, 京大, 大学); a character alone is one too
};

/// What becomes of bytes that are not UTF-8.
enum class malformed {
  replace,  ///< they end a word, as the replacement character U+FFFD does
  ignore,   ///< they are left out: what stands around them joins
  reject    ///< data_error
};

namespace detail {

struct words_workspace {
  std::vector<char> lowered;
};

template <class Spec, class Sink>
class words_sink {
  static_assert(block_bytes >= token_padding);

 public:
  words_sink(const Spec& spec, words_workspace& scratch, Sink next)
      : spec_(spec), scratch_(&scratch), next_(std::move(next)) {}

  void operator()(std::string_view document) {
    // Lower case lengthens a character by half at most (2 bytes to 3); a block is written whole.
    const std::size_t needed = document.size() + document.size() / 2 + 2 * block_bytes;
    if (scratch_->lowered.size() < needed) scratch_->lowered.resize(needed);
    out_ = scratch_->lowered.data();
    written_ = 0;
    begin_ = none;
    cjk_ = none;
    if (spec_.lowercase) {
      split<true>(document);
    } else {
      split<false>(document);
    }
  }
  void finish() { next_.finish(); }

 private:
  static constexpr std::size_t none = (std::numeric_limits<std::size_t>::max)();

  template <bool Lower>
  void split(std::string_view document) {
    std::size_t position = 0;
    while (position < document.size()) {
      const std::size_t left = document.size() - position;
      byte_classes classes;
      if (left >= block_bytes) {
        classes = classify_block<Lower>(document.data() + position, out_ + written_);
      } else {
        std::array<char, block_bytes> tail{};
        std::memcpy(tail.data(), document.data() + position, left);
        classes = classify_block<Lower>(tail.data(), out_ + written_);
      }
      const auto narrow = static_cast<std::size_t>(std::countr_zero(classes.wide));  // 64 where all is ASCII
      const std::size_t count = std::min<std::size_t>({narrow, left, block_bytes});
      if (count != 0) pass_ascii(classes.word, count);
      position += count;
      while (position < document.size() && static_cast<signed char>(document[position]) < 0) {
        position += pass_wide<Lower>(document, position);
      }
    }
    end_word();
    end_cjk();
  }

  /// `count` bytes of ASCII, already written: each change of class begins or ends a word.
  void pass_ascii(std::uint64_t word, std::size_t count) {
    end_cjk();
    word &= ~std::uint64_t{0} >> (block_bytes - count);
    const std::uint64_t before = word << 1 | (begin_ != none ? 1u : 0u);
    std::uint64_t edges = word ^ before;
    if (count < block_bytes) edges &= ~(~std::uint64_t{0} << count);
    if (begin_ != none && edges != 0) {
      end_word(written_ + next_edge(edges));
    }
    while (edges != 0) {
      const std::size_t first = written_ + next_edge(edges);
      continuations_ = 0;
      if (edges == 0) {
        begin_ = first;
        break;
      }
      const std::size_t last = written_ + next_edge(edges);
      if (last - first >= spec_.min_length) give(first, last);
    }
    written_ += count;
  }

  /// A block of room is left behind all that is written.
  void give(std::size_t begin, std::size_t end) { give_padded(next_, std::string_view(out_ + begin, end - begin)); }

  static std::size_t next_edge(std::uint64_t& edges) {
    const auto index = static_cast<std::size_t>(std::countr_zero(edges));
    edges &= edges - 1;
    return index;
  }

  /// One character beyond ASCII; returns how many bytes of the document it takes.
  template <bool Lower>
  std::size_t pass_wide(std::string_view document, std::size_t position) {
    const decoded character = decode_utf8(document, position);
    if (!character.valid) {
      if (spec_.on_malformed == malformed::reject) {
        throw data_error("text::words", "byte " + std::to_string(position) + " of a document is not UTF-8");
      }
      if (spec_.on_malformed == malformed::replace) {
        end_word();
        end_cjk();
      }
      return character.size;
    }
    char32_t point = character.point;
    if (!is_wide_word(point)) {
      end_word();
      end_cjk();
      return character.size;
    }
    if constexpr (Lower) {
      if (point == 0x130) {  // capital I with dot: an i and a combining dot, which ends the word
        end_cjk();
        append_word('i');
        end_word();
        return character.size;
      }
      point = point == 0x3a3 ? lower_sigma(document, position + character.size) : wide_lower(point);
    }
    if (spec_.cjk_runs != cjk::run && is_cjk(point)) {
      end_word();
      append_cjk(point);
    } else {
      end_cjk();
      append_word(point);
    }
    return character.size;
  }

  /// A capital sigma becomes the final form at the end of a word of two letters or more.
  char32_t lower_sigma(std::string_view document, std::size_t after) const {
    if (begin_ == none) return 0x3c3;
    if (after >= document.size()) return 0x3c2;
    const char32_t following = decode_utf8(document, after).point;
    const bool goes_on = following < 0x80 ? ascii_letter(following) : is_wide_word(following);
    return goes_on ? 0x3c3 : 0x3c2;
  }
  static bool ascii_letter(char32_t point) { return (point >= 'a' && point <= 'z') || (point >= 'A' && point <= 'Z'); }

  void append_word(char32_t point) {
    if (begin_ == none) {
      begin_ = written_;
      continuations_ = 0;
    }
    const std::size_t size = encode_utf8(point, out_ + written_);
    continuations_ += size - 1;
    written_ += size;
  }

  void append_cjk(char32_t point) {
    const std::size_t here = written_;
    written_ += encode_utf8(point, out_ + written_);
    if (spec_.cjk_runs == cjk::single) {
      give(here, written_);
      return;
    }
    cjk_paired_ = cjk_ != none;
    if (cjk_paired_) give(cjk_, written_);
    cjk_ = here;
  }

  void end_cjk() {
    if (cjk_ != none && !cjk_paired_) give(cjk_, written_);
    cjk_ = none;
    cjk_paired_ = false;
  }

  void end_word() {
    if (begin_ != none) end_word(written_);
  }
  void end_word(std::size_t end) {
    const std::size_t size = end - begin_;
    if (size - continuations_ >= spec_.min_length) give(begin_, end);
    begin_ = none;
  }

  Spec spec_;
  words_workspace* scratch_;
  Sink next_;
  char* out_ = nullptr;
  std::size_t written_ = 0;
  std::size_t begin_ = none;       // where the open word begins in `out_`
  std::size_t continuations_ = 0;  // bytes of the open word beyond one for each character
  std::size_t cjk_ = none;         // where the last character of the open run of cjk::bigrams begins
  bool cjk_paired_ = false;
};

}  // namespace detail

/// Splits text into words in lower case: the longest runs of letters, digits and underscores, of any script.
///
/// Shapes     text -> tokens
/// Cost       O(bytes), whatever they are; one copy of the document in the workspace. About 1 GB/s on ASCII text
/// Result     the tokens of scikit-learn's default pattern (?u)\b\w\w+\b on lower-cased text: letters and numbers of
///            Unicode 14 in every script. One difference: for the final form of the Greek sigma, letters alone are
///            looked at, not marks beside them
/// Throws     invalid_config if min_length < 1; data_error on bytes that are not UTF-8 under malformed::reject
/// Avoid when letters carry combining marks (decomposed accents, Indic scripts): like Python's \w, marks end a word;
///            unicode_words composes and keeps them
/// Example    words{.min_length = 1, .cjk_runs = cjk::bigrams}
struct words {
  using input_kind = kind::text;
  using output_kind = kind::tokens;
  using workspace = detail::words_workspace;

  std::size_t min_length = 2;                   ///< shortest word kept, in characters
  bool lowercase = true;                        ///< Unicode lower case, independent of the locale
  cjk cjk_runs = cjk::run;                      ///< Chinese and Japanese
  malformed on_malformed = malformed::replace;  ///< bytes that are not UTF-8

  template <class Exec, class Batch>
  words fit(const Exec&, const Batch&) const {
    require_config(min_length >= 1, "text::words::fit", "min_length", "must be at least 1");
    return *this;
  }

  template <class Sink>
  auto attach(workspace& scratch, Sink next) const {
    return detail::words_sink<words, Sink>(*this, scratch, std::move(next));
  }

  friend bool operator==(const words&, const words&) = default;
};

}  // namespace text
}  // namespace mmrec::inline v0
