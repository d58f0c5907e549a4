// mmrec/eval/evaluation.hpp - what an evaluation found, user by user.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/eval/judge.hpp>
#include <mmrec/eval/metric.hpp>

namespace mmrec::inline v0 {
namespace eval {

namespace detail {
template <class Protocol, class Split, class Role>
class evaluator;
}

/// The outcome of one model under one protocol, on one part of one kind of split: all three are in the type. Values stay
/// available for each user, because models are compared user by user (paired_bootstrap).
///
/// Shapes     U' judged users, those with a relevant held-out item
/// Memory     8 U' bytes for each measure at each cut-off, and 4 U' K for the lists, K = the largest cut-off
template <class Protocol, class Split, class Role>
class evaluation {
 public:
  using protocol_type = Protocol;
  using split_type = Split;
  using role_type = Role;  ///< the part that was judged: split::role::validation or split::role::test

  const Protocol& protocol() const { return protocol_; }
  const Split& split() const { return split_; }

  /// The judged users in increasing order.
  std::span<const user_id> users() const { return users_; }
  /// Everything that was measured.
  std::span<const metric> metrics() const { return metrics_; }

  /// The value of each judged user, in the order of users(). Throws unknown_id for what was not measured, invalid_config for
  /// a measure of all lists together.
  std::span<const double> per_user(metric which) const {
    constexpr std::string_view function = "eval::evaluation::per_user";
    require_config(is_per_user(which.what), function, which.name(), "has no value for each user");
    return std::span(values_).subspan(index_of(function, which) * users_.size(), users_.size());
  }

  /// The mean over the judged users, 0 if there are none; the value itself for a measure of all lists together.
  /// Throws unknown_id for what was not measured.
  double mean(metric which) const { return means_[index_of("eval::evaluation::mean", which)]; }

  /// Precision, recall or F1 of all lists taken together (the micro average; mean() is the macro average): all hits divided
  /// by U' K, by the number of all relevant items, and the harmonic mean of both. 0 without users. Recall equals MMRec's
  /// recall2. Throws invalid_config for another measure, unknown_id for what was not measured.
  double pooled(metric which) const {
    constexpr std::string_view function = "eval::evaluation::pooled";
    const bool known = which.what == measure::precision || which.what == measure::recall || which.what == measure::f1;
    require_config(known, function, which.name(), "cannot be pooled; precision, recall and f1 can");
    const auto recalls =
        std::span(values_).subspan(index_of(function, {measure::recall, which.k}) * users_.size(), users_.size());
    if (users_.empty()) return 0.0;
    double hits = 0.0;
    double relevant = 0.0;
    for (std::size_t place = 0; place < users_.size(); ++place) {
      hits += recalls[place] * relevant_counts_[place];
      relevant += relevant_counts_[place];
    }
    const double precision = hits / (static_cast<double>(which.k) * static_cast<double>(users_.size()));
    const double recall = hits / relevant;
    if (which.what == measure::f1) return f_beta(precision, recall);
    return which.what == measure::recall ? recall : precision;
  }

  /// How many relevant items each judged user has, in the order of users().
  std::span<const std::uint32_t> relevant_counts() const { return relevant_counts_; }

  /// What the user at a position of users() was recommended, best first; as long as the largest cut-off, or shorter.
  std::span<const item_id> list(std::size_t position) const {
    return std::span(lists_).subspan(position * list_room_, list_sizes_[position]);
  }

  /// The whole protocol in one line, for captions and reports.
  std::string describe() const {
    return protocol_.describe() + "; " + std::string(Role::name) + " of " + split_.describe() + "; " +
           std::to_string(users_.size()) + " users";
  }

  friend bool operator==(const evaluation&, const evaluation&) = default;

 private:
  friend class detail::evaluator<Protocol, Split, Role>;
  evaluation(Protocol protocol, Split split) : protocol_(std::move(protocol)), split_(std::move(split)) {}

  std::size_t index_of(std::string_view function, metric which) const {
    const auto found = std::find(metrics_.begin(), metrics_.end(), which);
    if (found == metrics_.end()) throw unknown_id(function, "metric", which.name(), metrics_.size());
    return static_cast<std::size_t>(found - metrics_.begin());
  }

  Protocol protocol_;
  Split split_;
  std::vector<user_id> users_;
  std::vector<std::uint32_t> relevant_counts_;
  std::vector<metric> metrics_;  // those of each user first
  std::vector<double> values_;   // by metric, then user
  std::vector<double> means_;    // by metric
  std::size_t list_room_ = 0;    // for the largest cut-off, at most I
  std::vector<item_id> lists_;   // by user, each in a room of its own
  std::vector<std::uint32_t> list_sizes_;
};

}  // namespace eval
}  // namespace mmrec::inline v0
