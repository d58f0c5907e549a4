// mmrec/text/stop_words.hpp - leaves out words that say little.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/text/detail/stop_lists.hpp>
#include <mmrec/text/detail/term_table.hpp>

namespace mmrec::inline v0 {
namespace text {

namespace detail {

struct stop_words_workspace {};

template <class Sink>
class stop_words_sink {
 public:
  stop_words_sink(const term_table<no_payload>& words, Sink next) : words_(&words), next_(std::move(next)) {}
  void operator()(std::string_view token) {
    if (words_->find(token) == term_table<no_payload>::none) next_(token);
  }
  void padded(std::string_view token) {
    if (words_->find(words_->template hash<true>(token)) == term_table<no_payload>::none) give_padded(next_, token);
  }
  void finish() { next_.finish(); }

 private:
  const term_table<no_payload>* words_;
  Sink next_;
};

}  // namespace detail

/// A set of words, and the transducer that leaves them out.
class stop_words_model {
 public:
  using input_kind = kind::tokens;
  using output_kind = kind::tokens;
  using workspace = detail::stop_words_workspace;

  template <class Words>
  void add(const Words& words) {
    for (const auto& word : words) words_.find_or_insert(words_.hash(std::string_view(word)));
  }

  std::size_t size() const { return words_.size(); }
  /// O(bytes of the word), no allocation.
  bool contains(std::string_view word) const { return words_.find(word) != detail::term_table<detail::no_payload>::none; }

  /// The model must outlive the sink.
  template <class Sink>
  auto attach(workspace&, Sink next) const {
    return detail::stop_words_sink<Sink>(words_, std::move(next));
  }

 private:
  detail::term_table<detail::no_payload> words_;
};

/// Leaves out the words of a list: articles, pronouns, auxiliaries and the like.
///
/// Shapes     tokens -> tokens
/// Cost       O(bytes), one look-up for each token
/// Result     the tokens that are not in the list, byte for byte: the built-in lists are in lower case, and hold what
///            `words` leaves of contractions (don, ll, ve)
/// Throws     invalid_config for a language without a list
/// Avoid when phrases matter ("to be or not to be"), or tfidf's max_df already drops what is common
/// Example    stop_words{.language = "en", .extra = {"film", "movie"}}
struct stop_words {
  using input_kind = kind::tokens;
  using output_kind = kind::tokens;

  std::string language = "en";          ///< "en" English, "zh" Chinese (simplified and traditional), "" none
  std::vector<std::string> extra = {};  ///< words besides those of the language

  template <class Exec, class Batch>
  stop_words_model fit(const Exec&, const Batch&) const {
    stop_words_model model;
    if (language == "en") {
      model.add(detail::english_stop_words);
    } else if (language == "zh") {
      model.add(detail::chinese_stop_words);
    } else {
      require_config(language.empty(), "text::stop_words::fit", "language",
                     "'" + language + "' has no list: \"en\", \"zh\" or \"\"");
    }
    model.add(extra);
    return model;
  }

  friend bool operator==(const stop_words&, const stop_words&) = default;
};

}  // namespace text
}  // namespace mmrec::inline v0
