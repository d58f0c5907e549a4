// mmrec/text/tfidf.hpp - bags of words weighted by how telling each term is.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/text/count.hpp>
#include <mmrec/text/detail/count_rows.hpp>
#include <mmrec/text/detail/learn.hpp>
#include <mmrec/text/document_frequency.hpp>
#include <mmrec/text/vocabulary.hpp>

namespace mmrec::inline v0 {
namespace text {

/// What the length of each row becomes 1 by.
enum class norm {
  none,
  l1,  ///< divided by the sum
  l2   ///< divided by the Euclidean length: inner products are cosines
};

/// How counts become weights.
template <class T>
struct tfidf_weights {
  std::vector<T> idf = {};  ///< one for each column; empty: not used
  norm length = norm::l2;
  bool sublinear_tf = false;
  bool binary = false;

  /// Makes the counts of one row into its weights.
  void operator()(std::span<const std::int32_t> columns, std::span<T> values) const {
    if (binary) std::fill(values.begin(), values.end(), T{1});
    if (sublinear_tf) {
      for (T& value : values) value = value == T{1} ? T{1} : std::log(value) + T{1};
    }
    if (!idf.empty()) {
      for (std::size_t entry = 0; entry < values.size(); ++entry) {
        values[entry] *= idf[static_cast<std::size_t>(columns[entry])];
      }
    }
    if (length == norm::none || values.empty()) return;
    double sum = 0;  // weights are positive: no absolute values
    for (const T value : values) {
      sum += static_cast<double>(value) * (length == norm::l2 ? static_cast<double>(value) : 1.0);
    }
    const auto divisor = static_cast<T>(length == norm::l2 ? std::sqrt(sum) : sum);
    for (T& value : values) value /= divisor;
  }

  friend bool operator==(const tfidf_weights&, const tfidf_weights&) = default;
};

/// What tfidf learned: a vocabulary, and the weight (idf) of each term.
template <class T>
class tfidf_model {
 public:
  using input_kind = kind::tokens;
  using output_kind = kind::sparse<T>;
  using workspace = term_workspace;

  /// From its parts. Throws shape_error unless there is an idf for each term, or none at all; data_error for one that is not
  /// finite and positive.
  tfidf_model(text::vocabulary terms, tfidf_weights<T> weights) : terms_(std::move(terms)), weights_(std::move(weights)) {
    constexpr std::string_view function = "text::tfidf_model";
    if (!weights_.idf.empty()) require_size(function, "idf", terms_.size(), weights_.idf.size());
    for (const T value : weights_.idf) {
      if (!(value > T{0} && std::isfinite(value))) throw data_error(function, "an idf is not finite and positive");
    }
  }

  std::size_t features() const { return terms_.size(); }  ///< D
  const text::vocabulary& terms() const { return terms_; }
  std::string_view term(std::size_t column) const { return terms_[column]; }
  std::optional<std::int32_t> column(std::string_view term) const { return terms_.column(term); }
  std::span<const T> idf() const { return weights_.idf; }  ///< one for each column; empty without use_idf
  const tfidf_weights<T>& weights() const { return weights_; }

  /// N x D weights; terms that were not learned are passed over, a document without any gives an empty row.
  template <executor Exec, token_source Source>
  csr_matrix<T> transform(const Exec& exec, const Source& source) const {
    return detail::count_rows<T>("text::tfidf::transform", exec, source, terms_, weights_);
  }

  /// The row of one document: emit(sink) calls the sink with each token and finishes. No allocation once warm.
  template <class Emit>
  void transform_one(Emit&& emit, sparse_row<T>& out, workspace& scratch) const {
    out.clear();
    detail::append_row(terms_, std::forward<Emit>(emit), scratch.scratch, out, weights_);
  }

  friend bool operator==(const tfidf_model&, const tfidf_model&) = default;

 private:
  text::vocabulary terms_;
  tfidf_weights<T> weights_;
};

/// Term frequency times inverse document frequency: terms of few documents weigh more. T is the type of the weights.
///
///   weight = tf * idf, then each row divided by its length
///   tf     = count, or 1 + ln(count) with sublinear_tf
///   idf    = 1 + ln((1 + N) / (1 + df)) with smooth_idf, else 1 + ln(N / df); df = documents that hold the term
///
/// Shapes     tokens of N documents -> N x D sparse; columns are the terms in the order of their bytes (which for UTF-8
///            is the order of code points), or as `vocabulary` lists them
/// Cost       as count; fit_transform reads the text once
/// Result     scikit-learn's TfidfVectorizer, within 1e-12 for T = double. Same bits for any number of threads
/// Throws     as count; data_error where plain idf meets a term of `vocabulary` that no document holds
/// Avoid when the meaning lies in word order, or the vocabulary drifts and cannot be learned anew
/// Example    words{} | stop_words{} | tfidf{.min_df = 2, .sublinear_tf = true}
/// Reference  Spärck Jones, A statistical interpretation of term specificity and its application in retrieval, Journal of
///            Documentation 28, 1972; Salton, Buckley, Term-weighting approaches in automatic text retrieval, Information
///            Processing & Management 24, 1988
template <class T>
struct basic_tfidf {
  using input_kind = kind::tokens;
  using output_kind = kind::sparse<T>;

  document_frequency min_df = 1;           ///< fewest documents that hold a term: a count, or ratio(0.01)
  document_frequency max_df = ratio(1.0);  ///< most documents that hold a term
  std::size_t max_features = 0;  ///< keep the terms that occur most (binary: in most documents), ties by alphabet; 0: all
  std::vector<std::string> vocabulary = {};  ///< if not empty: these terms, in this order; only idf is learned
  norm length = norm::l2;                    ///< what each row is divided by
  bool use_idf = true;                       ///< false: weights are term frequencies alone
  bool smooth_idf = true;                    ///< as if one more document held every term: no division by zero
  bool sublinear_tf = false;                 ///< 1 + ln(count) for the count
  bool binary = false;                       ///< 1 for the count, however often a term occurs

  template <executor Exec, token_source Source>
  tfidf_model<T> fit(const Exec& exec, const Source& source) const {
    constexpr std::string_view function = "text::tfidf::fit";
    auto learned = detail::learn_terms(function, exec, source, *this);
    tfidf_weights<T> weights = weights_for(function, learned.counts);
    return {std::move(learned.terms), std::move(weights)};
  }

  /// Reads the documents once.
  template <executor Exec, token_source Source>
  fitted_batch<tfidf_model<T>, csr_matrix<T>> fit_transform(const Exec& exec, const Source& source) const {
    constexpr std::string_view function = "text::tfidf::fit_transform";
    auto learned = detail::learn_rows<T>(
        function, exec, source, *this, [&](const detail::document_counts& counts) { return weights_for(function, counts); });
    return {tfidf_model<T>(std::move(learned.terms), std::move(learned.weights)), std::move(learned.rows)};
  }

  friend bool operator==(const basic_tfidf&, const basic_tfidf&) = default;

 private:
  tfidf_weights<T> weights_for(std::string_view function, const detail::document_counts& counts) const {
    tfidf_weights<T> weights{{}, length, sublinear_tf, binary};
    if (!use_idf) return weights;
    const double extra = smooth_idf ? 1.0 : 0.0;
    const double documents = static_cast<double>(counts.documents) + extra;
    weights.idf.reserve(counts.of_column.size());
    for (const std::uint32_t holding : counts.of_column) {
      if (holding == 0 && !smooth_idf) {
        throw data_error(function,
                         "a term of the vocabulary occurs in no document, so that its idf is infinite: use smooth_idf");
      }
      weights.idf.push_back(static_cast<T>(std::log(documents / (static_cast<double>(holding) + extra)) + 1.0));
    }
    return weights;
  }
};

using tfidf = basic_tfidf<float>;

}  // namespace text
}  // namespace mmrec::inline v0
