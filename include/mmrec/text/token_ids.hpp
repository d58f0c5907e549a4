// mmrec/text/token_ids.hpp - documents as sequences of token ids, for networks.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/core/tokens.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/text/detail/learn.hpp>
#include <mmrec/text/document_frequency.hpp>
#include <mmrec/text/vocabulary.hpp>

namespace mmrec::inline v0 {
namespace text {

/// Id of no token: what a batch of documents of several lengths is filled up with.
inline constexpr std::int32_t padding_token_id = 0;
/// Id of every token that is not in the vocabulary.
inline constexpr std::int32_t unknown_token_id = 1;
/// Id of the vocabulary's first term.
inline constexpr std::int32_t first_term_id = 2;

/// What token_ids learned: a vocabulary.
class token_ids_model {
 public:
  using input_kind = kind::tokens;
  using output_kind = kind::ids;
  struct workspace {};

  token_ids_model(text::vocabulary terms, std::size_t max_length) : terms_(std::move(terms)), max_length_(max_length) {}

  /// How many ids there are, those of padding and unknown tokens included: the least an nn::embedding has to hold.
  std::size_t ids() const { return terms_.size() + static_cast<std::size_t>(first_term_id); }
  const text::vocabulary& terms() const { return terms_; }
  std::int32_t id(std::string_view token) const {
    const std::int32_t column = terms_.find(token);
    return column < 0 ? unknown_token_id : column + first_term_id;
  }

  template <executor Exec, token_source Source>
  data::sequences<std::int32_t> transform(const Exec& exec, const Source& source) const {
    constexpr std::size_t grain = 256;
    const std::size_t documents = source.size();
    std::vector<std::vector<std::int32_t>> parts(documents / grain + 1);
    std::vector<std::size_t> lengths(documents);
    for_ranges(exec, documents, grain, [&](std::size_t begin, std::size_t end) {
      typename Source::workspace scratch;
      std::vector<std::int32_t>& part = parts[begin / grain];
      for (std::size_t document = begin; document < end; ++document) {
        const std::size_t before = part.size();
        collector sink{*this, part, before};
        source.stream(document, scratch, sink);
        lengths[document] = part.size() - before;
      }
    });
    data::sequences<std::int32_t> result(lengths, 1);
    for (std::size_t index = 0; index < parts.size(); ++index) {
      if (parts[index].empty()) continue;
      const std::size_t start = result.starts()[index * grain];
      std::copy(parts[index].begin(), parts[index].end(), result.all().begin() + static_cast<std::ptrdiff_t>(start));
    }
    return result;
  }

  /// The ids of one document: emit(sink) calls the sink with each token and finishes.
  template <class Emit>
  void transform_one(Emit&& emit, data::sequence<std::int32_t>& out, workspace&) const {
    out.values.clear();
    collector sink{*this, out.values, 0};
    emit(sink);
    out.steps = out.values.size();
    out.width = 1;
  }

  friend bool operator==(const token_ids_model&, const token_ids_model&) = default;

 private:
  struct collector {
    const token_ids_model& model;
    std::vector<std::int32_t>& ids;
    std::size_t before;
    void operator()(std::string_view token) {
      if (ids.size() - before < model.max_length_) ids.push_back(model.id(token));
    }
    void finish() {}
  };

  text::vocabulary terms_;
  std::size_t max_length_;
};

/// Numbers the tokens of documents, for an nn::embedding at the head of a network.
///
/// Shapes     tokens of N documents -> N sequences of ids below model.ids(): 0 is never given (padding), 1 stands for
///            tokens outside the vocabulary, 2 and up are its terms in the order of their bytes
/// Cost       as text::count
/// Result     same for any number of threads
/// Throws     invalid_config as text::count, and for a max_length of 0; data_error where no term is left
/// Example    char_ngrams{} | token_ids{.max_features = 4998, .max_length = 40}
struct token_ids {
  using input_kind = kind::tokens;
  using output_kind = kind::ids;

  document_frequency min_df = 1;             ///< fewest documents that hold a term: a count, or ratio(0.01)
  document_frequency max_df = ratio(1.0);    ///< most documents that hold a term
  std::size_t max_features = 0;              ///< keep the terms that occur most; 0: all
  std::vector<std::string> vocabulary = {};  ///< if not empty: these terms, in this order; nothing is learned
  std::size_t max_length = 512;              ///< later tokens of a document are cut off
  static constexpr bool binary = false;      ///< max_features goes by occurrences

  template <executor Exec, token_source Source>
  token_ids_model fit(const Exec& exec, const Source& source) const {
    constexpr std::string_view function = "text::token_ids::fit";
    require_config(max_length >= 1, function, "max_length", "must be at least 1");
    return token_ids_model(detail::learn_terms(function, exec, source, *this).terms, max_length);
  }
  friend bool operator==(const token_ids&, const token_ids&) = default;
};

}  // namespace text
}  // namespace mmrec::inline v0
