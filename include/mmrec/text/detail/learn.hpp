// mmrec/text/detail/learn.hpp - what count and tfidf share: a vocabulary, learned or given, and document frequencies.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/text/detail/corpus_counts.hpp>
#include <mmrec/text/detail/count_rows.hpp>
#include <mmrec/text/document_frequency.hpp>
#include <mmrec/text/vocabulary.hpp>

namespace mmrec::inline v0 {
namespace text::detail {

/// In how many of `documents` documents the term of each column occurs.
struct document_counts {
  std::size_t documents = 0;
  std::vector<std::uint32_t> of_column;
};

struct learned_terms {
  vocabulary terms;
  document_counts counts;
};

template <class T, class Weights>
struct learned_rows {
  vocabulary terms;
  Weights weights;
  csr_matrix<T> rows;
};

/// Checks the fields of a spec that choose its terms.
template <class Spec>
vocabulary_rules rules_of(std::string_view function, const Spec& spec) {
  const vocabulary_rules rules{spec.min_df, spec.max_df, spec.max_features, spec.binary};
  require_rules(function, rules);
  const bool learns = rules.min_df != document_frequency(1) || rules.max_df != ratio(1.0) || rules.max_features != 0;
  require_config(spec.vocabulary.empty() || !learns, function, "vocabulary",
                 "is fixed: min_df, max_df and max_features have nothing to choose");
  return rules;
}

/// Counts of a fixed vocabulary in every document.
template <class T, executor Exec, token_source Source>
std::pair<csr_matrix<T>, document_counts> fixed_rows(std::string_view function, const Exec& exec, const Source& source,
                                                     const vocabulary& terms) {
  std::pair<csr_matrix<T>, document_counts> result{count_rows<T>(function, exec, source, terms, count_weights{}), {}};
  result.second.documents = static_cast<std::size_t>(source.size());
  result.second.of_column.assign(terms.size(), 0);
  for (const std::int32_t column : result.first.indices()) ++result.second.of_column[static_cast<std::size_t>(column)];
  return result;
}

template <executor Exec, token_source Source, class Spec>
learned_terms learn_terms(std::string_view function, const Exec& asked, const Source& source, const Spec& spec) {
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  const vocabulary_rules rules = rules_of(function, spec);
  if (!spec.vocabulary.empty()) {
    vocabulary terms(spec.vocabulary);
    document_counts counts = fixed_rows<float>(function, exec, source, terms).second;
    return {std::move(terms), std::move(counts)};
  }
  const bool needs_frequencies = rules.max_features != 0;
  corpus_counts corpus(function, exec, source, needs_frequencies);
  corpus.choose(function, rules);
  return {std::move(corpus.terms()), {corpus.documents(), corpus.column_documents()}};
}

/// weights_for(document_counts) gives what each row is passed through: weights(columns, counts to be made values).
template <class T, executor Exec, token_source Source, class Spec, class WeightsFor>
auto learn_rows(std::string_view function, const Exec& asked, const Source& source, const Spec& spec,
                const WeightsFor& weights_for) {
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  using weights_type = std::invoke_result_t<const WeightsFor&, const document_counts&>;
  const vocabulary_rules rules = rules_of(function, spec);
  if (!spec.vocabulary.empty()) {
    vocabulary terms(spec.vocabulary);
    auto [rows, counts] = fixed_rows<T>(function, exec, source, terms);
    weights_type weights = weights_for(counts);
    for (std::size_t row = 0; row < rows.rows(); ++row) {
      const auto begin = static_cast<std::size_t>(rows.starts()[row]);
      const std::size_t count = rows.row(row).indices.size();
      weights(rows.indices().subspan(begin, count), rows.values().subspan(begin, count));
    }
    return learned_rows<T, weights_type>{std::move(terms), std::move(weights), std::move(rows)};
  }
  corpus_counts corpus(function, exec, source, true);
  corpus.choose(function, rules);
  weights_type weights = weights_for(document_counts{corpus.documents(), corpus.column_documents()});
  csr_matrix<T> rows = corpus.rows<T>(exec, weights);
  return learned_rows<T, weights_type>{std::move(corpus.terms()), std::move(weights), std::move(rows)};
}

}  // namespace text::detail
}  // namespace mmrec::inline v0
