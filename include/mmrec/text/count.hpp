// mmrec/text/count.hpp - bags of words: how often each term occurs.
#pragma once
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/text/detail/corpus_counts.hpp>
#include <mmrec/text/detail/count_rows.hpp>
#include <mmrec/text/detail/learn.hpp>
#include <mmrec/text/document_frequency.hpp>
#include <mmrec/text/vocabulary.hpp>

namespace mmrec::inline v0 {
namespace text {

/// Scratch memory of one thread for transform_one: 4 bytes for each of the D terms.
struct term_workspace {
  detail::row_scratch scratch;
};

/// What count learned: a vocabulary.
template <class T>
class count_model {
 public:
  using input_kind = kind::tokens;
  using output_kind = kind::sparse<T>;
  using workspace = term_workspace;

  explicit count_model(text::vocabulary terms, bool binary = false) : terms_(std::move(terms)), weights_{binary} {}

  std::size_t features() const { return terms_.size(); }  ///< D
  const text::vocabulary& terms() const { return terms_; }
  std::string_view term(std::size_t column) const { return terms_[column]; }
  std::optional<std::int32_t> column(std::string_view term) const { return terms_.column(term); }

  /// N x D counts; terms that were not learned are passed over.
  template <executor Exec, token_source Source>
  csr_matrix<T> transform(const Exec& exec, const Source& source) const {
    return detail::count_rows<T>("text::count::transform", exec, source, terms_, weights_);
  }

  /// The row of one document: emit(sink) calls the sink with each token and finishes.
  template <class Emit>
  void transform_one(Emit&& emit, sparse_row<T>& out, workspace& scratch) const {
    out.clear();
    detail::append_row(terms_, std::forward<Emit>(emit), scratch.scratch, out, weights_);
  }

  friend bool operator==(const count_model&, const count_model&) = default;

 private:
  text::vocabulary terms_;
  detail::count_weights weights_;
};

/// Counts how often each term occurs in each document. T is the type of the counts.
///
/// Shapes     tokens of N documents -> N x D sparse; columns are the terms in the order of their bytes (which for UTF-8
///            is the order of code points), or as `vocabulary` lists them
/// Cost       O(bytes of all tokens) + O(D log D) to sort the terms; one pass. Memory 8 bytes for each non-zero besides the
///            result, about 100 bytes for each term
/// Result     scikit-learn's CountVectorizer, exactly. The same numbers for any number of threads
/// Throws     invalid_config for a ratio outside 0..1, max_df below min_df, or bounds beside a fixed vocabulary;
///            data_error where no term is left, or `vocabulary` lists one twice
/// Avoid when common words should weigh less: use tfidf
/// Example    words{} | count{.min_df = 2, .max_df = ratio(0.5)}
template <class T>
struct basic_count {
  using input_kind = kind::tokens;
  using output_kind = kind::sparse<T>;

  document_frequency min_df = 1;           ///< fewest documents that hold a term: a count, or ratio(0.01)
  document_frequency max_df = ratio(1.0);  ///< most documents that hold a term
  std::size_t max_features = 0;  ///< keep the terms that occur most (binary: in most documents), ties by alphabet; 0: all
  std::vector<std::string> vocabulary = {};  ///< if not empty: these terms, in this order; nothing is learned
  bool binary = false;                       ///< 1 for each term that occurs, however often

  template <executor Exec, token_source Source>
  count_model<T> fit(const Exec& exec, const Source& source) const {
    constexpr std::string_view function = "text::count::fit";
    return count_model<T>(detail::learn_terms(function, exec, source, *this).terms, binary);
  }

  /// Reads the documents once.
  template <executor Exec, token_source Source>
  fitted_batch<count_model<T>, csr_matrix<T>> fit_transform(const Exec& exec, const Source& source) const {
    constexpr std::string_view function = "text::count::fit_transform";
    const auto weights_for = [this](const detail::document_counts&) { return detail::count_weights{binary}; };
    auto learned = detail::learn_rows<T>(function, exec, source, *this, weights_for);
    return {count_model<T>(std::move(learned.terms), binary), std::move(learned.rows)};
  }

  friend bool operator==(const basic_count&, const basic_count&) = default;
};

using count = basic_count<float>;

}  // namespace text
}  // namespace mmrec::inline v0
