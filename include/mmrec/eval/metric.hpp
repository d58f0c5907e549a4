// mmrec/eval/metric.hpp - a measure at a cut-off by its name, and which of them an evaluation measures.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/eval/measure.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// A measure at a cut-off, written "recall@20"; K is 0 for "auc", "gauc" and "r_precision", which have none.
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
    if (has_cutoff(what)) text += '@' + std::to_string(k);
    return text;
  }
  friend constexpr bool operator==(const metric&, const metric&) = default;

 private:
  constexpr void parse(std::string_view text) {
    const std::size_t at = text.find('@');
    const std::string_view stem = text.substr(0, at);
    for (const detail::measure_name& known : detail::measure_names) {
      if (known.text != stem) continue;
      const bool cut = at != std::string_view::npos;
      if (cut != has_cutoff(known.what)) break;
      const std::string_view digits = cut ? text.substr(at + 1) : std::string_view{};
      bool valid = !cut || (!digits.empty() && digits.size() <= 9 && digits.front() != '0');
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

/// How the long tail is told from the head, by the training interactions of the items.
enum class tail_rule : std::uint8_t {
  /// The head is made of the most popular items that together have at least 1 - share of all interactions, equal popularity
  /// by the lower item id; all others are the tail, also those without interactions. Equals Elliot, whose share is 0.2.
  interactions,
  /// The tail is made of the least popular share of the items that have interactions, rounded down but at least one item,
  /// equal popularity by the lower item id. Equals RecBole, whose tail_ratio is 0.1.
  items,
};

/// The long tail of a catalogue.
struct long_tail {
  tail_rule rule = tail_rule::interactions;
  double share = 0.2;  ///< between 0 and 1, see tail_rule
  friend bool operator==(const long_tail&, const long_tail&) = default;
};

/// What an evaluation measures: every measure at each cut-off.
struct metrics {
  std::vector<std::size_t> cutoffs = {10, 20};  ///< K, increasing, from 1
  /// auc and gauc. They need all scores of a user and one more pass over them: a model of factors is judged several times
  /// faster without.
  bool auc = false;
  bool r_precision = false;  ///< makes lists at least as long as a user has relevant items
  long_tail tail = {};       ///< what tail_share, tail_count, pop_reo and pop_rsp call the long tail
  /// I x D, what items are like: measures diversity and serendipity. A row that is 0 or not finite is no vector.
  std::shared_ptr<const matrix<float>> item_vectors = {};

  /// Whether an evaluation finds this.
  bool include(metric which) const {
    if (which.what == measure::auc || which.what == measure::gauc) return auc;
    if (which.what == measure::r_precision) return r_precision;
    if (needs_item_vectors(which.what) && item_vectors == nullptr) return false;
    return std::find(cutoffs.begin(), cutoffs.end(), which.k) != cutoffs.end();
  }

  /// Throws invalid_config.
  void validate(std::string_view function) const {
    require_config(!cutoffs.empty(), function, "metrics.cutoffs", "must not be empty");
    require_config(cutoffs.front() > 0, function, "metrics.cutoffs", "must be at least 1");
    for (std::size_t index = 1; index < cutoffs.size(); ++index) {
      require_config(cutoffs[index - 1] < cutoffs[index], function, "metrics.cutoffs", "must increase");
    }
    require_config(tail.share > 0.0 && tail.share < 1.0, function, "metrics.tail.share", "must lie between 0 and 1");
  }
  friend bool operator==(const metrics&, const metrics&) = default;
};

}  // namespace eval
}  // namespace mmrec::inline v0
