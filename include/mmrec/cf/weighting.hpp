// mmrec/cf/weighting.hpp - how much an interaction tells, by how active its user and how popular its item is.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// How the user-item matrix is weighted before items or users are compared. An item is read as a document whose words are
/// its users (the other way round where users are compared), so that a user who takes everything tells little.
enum class weighting_scheme {
  none,    ///< as it is
  tf_idf,  ///< sqrt(v) idf
  bm25,    ///< v (k1 + 1) / (k1 (1 - b + b L / mean L) + v) idf, L = the sum of the document's values
};

/// A weighting with its constants: `.weighting = {.scheme = cf::weighting_scheme::bm25, .k1 = 1.2f, .b = 0.75f}`.
///
/// idf = ln(N / (1 + n)) with N documents, n of which hold the word; it is negative for a word that all of them hold.
/// The mean of L is taken over all documents, those without a word among them.
///
/// Reference  Salton, Buckley, "Term-weighting approaches in automatic text retrieval", IPM 24(5), 1988; Robertson,
///            Zaragoza, "The probabilistic relevance framework: BM25 and beyond", FTIR 3(4), 2009
struct weighting {
  weighting_scheme scheme = weighting_scheme::none;
  float k1 = 100.0f;  ///< >= 0, bm25: how slowly large values saturate
  float b = 0.8f;     ///< 0..1, bm25: how much long documents are held down
  friend bool operator==(const weighting&, const weighting&) = default;
};

/// What is compared with what: the documents of a weighting.
enum class documents { items, users };

namespace detail {

inline void require_weighting(std::string_view function, const weighting& spec) {
  require_config(std::isfinite(spec.k1) && spec.k1 >= 0.0f, function, "weighting.k1", "must be finite and not negative");
  require_config(spec.b >= 0.0f && spec.b <= 1.0f, function, "weighting.b", "must be in 0..1");
}

/// A weighting learnt from a matrix: how often each word occurs, how long documents are. Computed in double.
class document_weights {
 public:
  document_weights() = default;
  /// `values`: one for each interaction, in their order. Throws data_error for a negative value where there is a scheme.
  document_weights(std::string_view function, const weighting& spec, documents which, const data::interactions& log,
                   std::span<const float> values)
      : spec_(spec), which_(which) {
    if (spec.scheme == weighting_scheme::none) return;
    const auto count = static_cast<double>(which == documents::items ? log.items() : log.users());
    idf_.assign(which == documents::items ? log.users() : log.items(), 0.0);
    double total = 0.0;
    for_words(log, [&](std::size_t entry, std::size_t, std::size_t word) {
      if (values[entry] < 0.0f) throw data_error(function, "a value is negative, which no weighting takes");
      idf_[word] += 1.0;
      total += double{values[entry]};
    });
    mean_length_ = total / count;
    for (double& holders : idf_) holders = std::log(count) - std::log1p(holders);
  }
  static std::uint64_t bytes(const weighting& spec, std::uint64_t words) {
    return spec.scheme == weighting_scheme::none ? 0 : 8 * words;
  }

  /// The length of a document with these values; `binary`: all of them 1.
  static double length(std::span<const float> values, bool binary) {
    if (binary) return static_cast<double>(values.size());
    double sum = 0.0;
    for (const float value : values) sum += double{value};
    return sum;
  }
  /// One value of a document of this length.
  float operator()(float given, std::size_t word, double length) const {
    const double value = double{given}, k1 = double{spec_.k1}, b = double{spec_.b};
    if (spec_.scheme == weighting_scheme::none) return given;
    if (spec_.scheme == weighting_scheme::tf_idf) return static_cast<float>(std::sqrt(value) * idf_[word]);
    if (value == 0.0) return 0.0f;
    return static_cast<float>(value * (k1 + 1.0) / (k1 * (1.0 - b + b * length / mean_length_) + value) * idf_[word]);
  }

  /// The values of all interactions of the matrix, weighted.
  void apply(const data::interactions& log, std::span<float> values) const {
    if (spec_.scheme == weighting_scheme::none) return;
    std::vector<double> lengths(which_ == documents::items ? log.items() : log.users(), 0.0);
    for_words(log,
              [&](std::size_t entry, std::size_t document, std::size_t) { lengths[document] += double{values[entry]}; });
    for_words(log, [&](std::size_t entry, std::size_t document, std::size_t word) {
      values[entry] = (*this)(values[entry], word, lengths[document]);
    });
  }

 private:
  /// body(entry, document, word)
  template <class Body>
  void for_words(const data::interactions& log, Body&& body) const {
    for (std::size_t user = 0; user < log.users(); ++user) {
      for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
        const std::size_t item = log.item_array()[entry].index();
        if (which_ == documents::items) {
          body(entry, item, user);
        } else {
          body(entry, user, item);
        }
      }
    }
  }

  weighting spec_;
  documents which_ = documents::items;
  std::vector<double> idf_;
  double mean_length_ = 0.0;
};

/// The values of the interactions, or 1 for each.
inline std::vector<float> plain_values(const data::interactions& log, bool binary) {
  if (binary) return std::vector<float>(log.size(), 1.0f);
  return {log.value_array().begin(), log.value_array().end()};
}

}  // namespace detail
}  // namespace cf
}  // namespace mmrec::inline v0
