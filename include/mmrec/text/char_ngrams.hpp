// mmrec/text/char_ngrams.hpp - runs of neighbouring characters within each word.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/kind.hpp>

namespace mmrec::inline v0 {
namespace text {

namespace detail {

struct char_ngrams_workspace {
  std::vector<char> padded;         // one word, a space on each side
  std::vector<std::size_t> starts;  // where each of its characters begins, and the end
};

template <class Sink>
class char_ngrams_sink {
 public:
  char_ngrams_sink(std::size_t min_n, std::size_t max_n, char_ngrams_workspace& scratch, Sink next)
      : min_n_(min_n), max_n_(max_n), scratch_(&scratch), next_(std::move(next)) {}

  void operator()(std::string_view token) {
    std::vector<char>& padded = scratch_->padded;
    std::vector<std::size_t>& starts = scratch_->starts;
    padded.clear();
    padded.push_back(' ');
    padded.insert(padded.end(), token.begin(), token.end());
    padded.push_back(' ');
    starts.clear();
    for (std::size_t index = 0; index < padded.size(); ++index) {
      const bool continuation = (static_cast<unsigned char>(padded[index]) & 0xc0) == 0x80;
      if (!continuation) starts.push_back(index);
    }
    starts.push_back(padded.size());
    const std::size_t characters = starts.size() - 1;
    for (std::size_t n = min_n_; n <= max_n_; ++n) {
      for (std::size_t first = 0; first == 0 || first + n <= characters; ++first) {
        const std::size_t last = (std::min)(first + n, characters);
        next_(std::string_view(padded.data() + starts[first], starts[last] - starts[first]));
      }
      if (n >= characters) break;  // a short word counts once
    }
  }

  void finish() { next_.finish(); }

 private:
  std::size_t min_n_;
  std::size_t max_n_;
  char_ngrams_workspace* scratch_;
  Sink next_;
};

}  // namespace detail

/// Replaces each word by its runs of min_n to max_n characters, a space standing for either end: robust to misspelling,
/// inflection and compounds.
///
/// Shapes     tokens -> tokens, about (max_n - min_n + 1) for each character
/// Cost       O(bytes of the n-grams), for a fixed max_n linear in the bytes of the words
/// Result     the n-grams of scikit-learn's analyzer = "char_wb", ngram_range = (min_n, max_n), where words are divided by
///            spaces. A word of fewer characters than n, ends included, is given whole, once
/// Throws     invalid_config unless 1 <= min_n <= max_n
/// Avoid when words are well spelt and documents long: many more columns than words have
/// Example    words{} | char_ngrams{.min_n = 3, .max_n = 5}
struct char_ngrams {
  using input_kind = kind::tokens;
  using output_kind = kind::tokens;
  using workspace = detail::char_ngrams_workspace;

  std::size_t min_n = 3;  ///< characters of the shortest n-gram
  std::size_t max_n = 5;  ///< characters of the longest

  template <class Exec, class Batch>
  char_ngrams fit(const Exec&, const Batch&) const {
    require_config(min_n >= 1, "text::char_ngrams::fit", "min_n", "must be at least 1");
    require_config(max_n >= min_n, "text::char_ngrams::fit", "max_n", "must not be below min_n");
    return *this;
  }

  template <class Sink>
  auto attach(workspace& scratch, Sink next) const {
    return detail::char_ngrams_sink<Sink>(min_n, max_n, scratch, std::move(next));
  }

  friend bool operator==(const char_ngrams&, const char_ngrams&) = default;
};

}  // namespace text
}  // namespace mmrec::inline v0
