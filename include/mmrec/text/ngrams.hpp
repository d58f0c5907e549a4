// mmrec/text/ngrams.hpp - runs of neighbouring words.
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

struct ngrams_workspace {
  std::vector<char> joined;         // the last words, a space between neighbours
  std::vector<std::size_t> starts;  // where each of them begins
};

template <class Sink>
class ngrams_sink {
 public:
  ngrams_sink(std::size_t min_n, std::size_t max_n, ngrams_workspace& scratch, Sink next)
      : min_n_(min_n), max_n_(max_n), scratch_(&scratch), next_(std::move(next)) {
    forget();
  }

  void operator()(std::string_view token) {
    if (max_n_ == 1) return next_(token);
    std::vector<char>& joined = scratch_->joined;
    std::vector<std::size_t>& starts = scratch_->starts;
    // Old words are dropped when they are most of what is held, so that each byte moves a bounded number of times.
    if (starts.size() >= max_n_) {
      const std::size_t keep = starts[starts.size() - (max_n_ - 1)];
      if (keep > joined.size() - keep && starts.size() >= 4 * max_n_) drop(keep);
    }
    if (!starts.empty()) joined.push_back(' ');
    starts.push_back(joined.size());
    joined.insert(joined.end(), token.begin(), token.end());
    const std::size_t longest = (std::min)(max_n_, starts.size());
    for (std::size_t n = min_n_; n <= longest; ++n) {
      const std::size_t begin = starts[starts.size() - n];
      next_(std::string_view(joined.data() + begin, joined.size() - begin));
    }
  }

  void finish() {
    forget();
    next_.finish();
  }

 private:
  void forget() {
    scratch_->joined.clear();
    scratch_->starts.clear();
  }
  void drop(std::size_t keep) {
    std::vector<std::size_t>& starts = scratch_->starts;
    scratch_->joined.erase(scratch_->joined.begin(), scratch_->joined.begin() + static_cast<std::ptrdiff_t>(keep));
    starts.erase(starts.begin(), starts.end() - static_cast<std::ptrdiff_t>(max_n_ - 1));
    for (std::size_t& start : starts) start -= keep;
  }

  std::size_t min_n_;
  std::size_t max_n_;
  ngrams_workspace* scratch_;
  Sink next_;
};

}  // namespace detail

/// Joins each run of min_n to max_n neighbouring words by a space: "new york city" -> new, york, city, new york, ...
///
/// Shapes     tokens -> tokens, at most max_n - min_n + 1 for each
/// Cost       O(bytes of the n-grams); memory the last words of one document
/// Result     the n-grams of scikit-learn's ngram_range = (min_n, max_n). After stop_words, words on both sides of one that
///            was left out are neighbours, as there
/// Throws     invalid_config unless 1 <= min_n <= max_n
/// Avoid when documents are few: nearly every n-gram occurs once; set tfidf's min_df
/// Example    words{} | ngrams{.min_n = 1, .max_n = 2}
struct ngrams {
  using input_kind = kind::tokens;
  using output_kind = kind::tokens;
  using workspace = detail::ngrams_workspace;

  std::size_t min_n = 1;  ///< words in the shortest n-gram
  std::size_t max_n = 2;  ///< words in the longest

  template <class Exec, class Batch>
  ngrams fit(const Exec&, const Batch&) const {
    require_config(min_n >= 1, "text::ngrams::fit", "min_n", "must be at least 1");
    require_config(max_n >= min_n, "text::ngrams::fit", "max_n", "must not be below min_n");
    return *this;
  }

  template <class Sink>
  auto attach(workspace& scratch, Sink next) const {
    return detail::ngrams_sink<Sink>(min_n, max_n, scratch, std::move(next));
  }

  friend bool operator==(const ngrams&, const ngrams&) = default;
};

}  // namespace text
}  // namespace mmrec::inline v0
