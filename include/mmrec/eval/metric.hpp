// mmrec/eval/metric.hpp - names of what is measured, and which of it an evaluation measures.
#pragma once
#include <array>
#include <charconv>
#include <cstddef>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// What is measured. R: a user's relevant held-out items, L: the first K items of the list, C: the user's candidates,
/// hits = |L and R|, h(i) = 1 if the item at rank i (from 1) is in R and 0 otherwise. Users with an empty R are not judged:
/// they enter no mean. All values are in [0, 1], except popularity. "Equals" names a library that gives the same number.
enum class measure {
  // One value for each user and K; the mean over users is reported.

  /// hits / |R|. Equals RecBole and MMRec.
  recall,
  /// hits / K, also where the list is shorter. Equals RecBole and MMRec.
  precision,
  /// 2 P R / (P + R) of the user's own precision and recall; 0 without hits.
  f1,
  /// (|C| - |L| - |R| + 2 hits) / |C|, the share of candidates put on the right side of the cut. Near 1 for any list; here
  /// because texts mean either this or precision by "accuracy".
  accuracy,
  /// 1 if there is a hit, else 0. Equals RecBole's Hit.
  hit_rate,
  /// Sum over i <= K of h(i) / log2(i + 1), divided by the same sum for a list that starts with min(|R|, K) hits. Equals
  /// RecBole, MMRec, and scikit-learn's ndcg_score on binary relevance without ties.
  ndcg,
  /// 1 / rank of the first hit; 0 without hits. Equals RecBole.
  mrr,
  /// Sum over i <= K of h(i) precision@i, divided by min(|R|, K). Equals RecBole and MMRec.
  map,
  /// Mean number of training interactions of the items of L; 0 for an empty L. Equals RecBole's AveragePopularity where
  /// lists are full.
  popularity,

  // One value for each user, without K.

  /// Share of (relevant, other) pairs of candidates in the right order; ties count half, items without a score stand below
  /// all others; 1/2 if there are no others. Equals scikit-learn's roc_auc_score of each user's candidates.
  auc,

  // One value for each K, for all lists together.

  /// Share of the competing items that are in somebody's L. Equals RecBole's ItemCoverage.
  item_coverage,
  /// Share of judged users whose L has K items. Equals Elliot's UserCoverageAtN divided by the number of users.
  user_coverage,
  /// Gini index of how often each competing item is in an L: 0 when all are listed equally often, near 1 when few are
  /// listed at all; 0 when nothing is listed. Equals RecBole's GiniIndex where lists are full.
  gini,
};

namespace detail {
struct measure_name {
  measure what;
  std::string_view text;
};
inline constexpr std::array<measure_name, 13> measure_names{{{measure::recall, "recall"},
                                                             {measure::precision, "precision"},
                                                             {measure::f1, "f1"},
                                                             {measure::accuracy, "accuracy"},
                                                             {measure::hit_rate, "hit_rate"},
                                                             {measure::ndcg, "ndcg"},
                                                             {measure::mrr, "mrr"},
                                                             {measure::map, "map"},
                                                             {measure::popularity, "popularity"},
                                                             {measure::auc, "auc"},
                                                             {measure::item_coverage, "item_coverage"},
                                                             {measure::user_coverage, "user_coverage"},
                                                             {measure::gini, "gini"}}};
/// Measures at a cut-off that have a value for each user come first; those of all lists together come after auc.
inline constexpr std::size_t measures_at_k = 9;
}  // namespace detail

/// The name of a measure, "recall".
constexpr std::string_view name_of(measure what) { return detail::measure_names[static_cast<std::size_t>(what)].text; }
/// Whether a measure has a value for each user; otherwise it has one for all lists together.
constexpr bool is_per_user(measure what) { return what <= measure::auc; }

/// A measure at a cut-off, written "recall@20"; K is 0 for "auc", which has none.
///
/// Throws     invalid_config when made of text that names none
/// Example    result.mean("ndcg@10");  eval::metric{eval::measure::recall, 20}.name() == "recall@20"
struct metric {
  measure what = measure::recall;
  std::size_t k = 0;

  constexpr metric() = default;
  constexpr metric(measure measured, std::size_t cutoff) : what(measured), k(cutoff) {}
  constexpr metric(std::string_view text) { parse(text); }  // NOLINT: implicit on purpose
  constexpr metric(const char* text) { parse(text); }       // NOLINT: implicit on purpose

  std::string name() const {
    std::string text(name_of(what));
    if (what != measure::auc) text += '@' + std::to_string(k);
    return text;
  }
  friend constexpr bool operator==(const metric&, const metric&) = default;

 private:
  constexpr void parse(std::string_view text) {
    const std::size_t at = text.find('@');
    const std::string_view stem = text.substr(0, at);
    for (const detail::measure_name& known : detail::measure_names) {
      if (known.text != stem) continue;
      const bool has_cutoff = at != std::string_view::npos;
      if (has_cutoff == (known.what == measure::auc)) break;
      const std::string_view digits = has_cutoff ? text.substr(at + 1) : std::string_view{};
      bool valid = !has_cutoff || (!digits.empty() && digits.size() <= 9 && digits.front() != '0');
      for (const char digit : digits) {
        valid = valid && digit >= '0' && digit <= '9';
        k = 10 * k + static_cast<std::size_t>(digit - '0');
      }
      if (!valid) break;
      what = known.what;
      return;
    }
    throw invalid_config("eval::metric", '"' + std::string(text) + '"',
                         "is not the name of a metric such as recall@20 or auc");
  }
};

/// What an evaluation measures: every measure at each cut-off.
struct metrics {
  std::vector<std::size_t> cutoffs = {10, 20};  ///< K, increasing, from 1
  bool auc = true;                              ///< one more pass over a user's scores

  /// Throws invalid_config.
  void validate(std::string_view function) const {
    require_config(!cutoffs.empty(), function, "metrics.cutoffs", "must not be empty");
    require_config(cutoffs.front() > 0, function, "metrics.cutoffs", "must be at least 1");
    for (std::size_t index = 1; index < cutoffs.size(); ++index) {
      require_config(cutoffs[index - 1] < cutoffs[index], function, "metrics.cutoffs", "must increase");
    }
  }
  friend bool operator==(const metrics&, const metrics&) = default;
};

}  // namespace eval
}  // namespace mmrec::inline v0
