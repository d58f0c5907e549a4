// mmrec/cf/ease.hpp - embarrassingly shallow autoencoders: the item-item weights that best rebuild each history.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cholesky.hpp>

namespace mmrec::inline v0 {
namespace cf {

class ease_model;

/// EASE: the weights B with zero diagonal that minimise |X - X B|^2 + regularization |B|^2, in closed form:
/// B = I - P diag(1 / diag P) with P = (X^T X + regularization I)^-1. The score of item j is the sum of B_ij over the
/// history.
///
/// Shapes     X: U x I, B: I x I    out: I scores; no_score for an item without interactions and for everything if no item
///            of the history has interactions
/// Cost       fit O(sum over users of |history|^2 + I^3) time, 4 I^2 bytes (1.6 GB for 20,000 items), which the model
///            keeps; score O(|history| I)
/// Result     same bits for any number of threads
/// Throws     invalid_config if regularization is not positive and finite; limit_error if I > max_items, or if more than
///            2^24 users chose one item and binary is set (float counts no further); numeric_error if
///            the matrix is not positive definite in float; unknown_id for a user or item outside the catalogue; cancelled
/// Avoid when the catalogue is large (cf::ials) or items are new (cf::profile)
/// Example    tests/cf/ease_test.cpp
/// Reference  Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019
struct ease {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  float regularization = 500.0f;   ///< > 0; grows with the number of interactions of an item
  bool binary = true;              ///< an interaction counts 1 whatever its value, while fitting and scoring
  std::size_t max_items = 40'000;  ///< larger catalogues are refused: 40,000 items need 6.4 GB

  template <executor Exec>
  ease_model fit(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const ease&, const ease&) = default;
};

/// Fitted EASE.
class ease_model {
 public:
  struct workspace {};

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return known_.size(); }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of("cf::ease::score", user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::ease::score_history";
    detail::require_history(function, history, items());
    require_size(function, "out", items(), out.size());
    const bool judges =
        std::any_of(history.items.begin(), history.items.end(), [&](item_id item) { return known_[item.index()] != 0; });
    for (std::size_t item = 0; item < items(); ++item) out[item] = judges && known_[item] != 0 ? 0.0f : no_score;
    if (!judges) return;
    constexpr std::size_t block = 4096;  // scores that stay in the first cache while the rows of the history pass by
    for (std::size_t begin = 0; begin < items(); begin += block) {
      const std::size_t end = (std::min)(items(), begin + block);
      for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
        const float* row = weights(history.items[entry]).data();
        const float value = binary_ ? 1.0f : history.values[entry];
        for (std::size_t item = begin; item < end; ++item) out[item] += value * row[item];
      }
    }
  }

  /// What each item of the history adds to the score of `item`; all 0 where the score is no_score.
  void explain(history_view history, item_id item, std::span<float> out) const {
    constexpr std::string_view function = "cf::ease::explain";
    detail::require_history(function, history, items());
    detail::require_item(function, item, items());
    require_size(function, "out", history.items.size(), out.size());
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      out[entry] = (binary_ ? 1.0f : history.values[entry]) * weights(history.items[entry])[item.index()];
    }
  }

  /// Row of B: what this item in a history adds to the score of each item.
  std::span<const float> weights(item_id item) const {
    detail::require_item("cf::ease::weights", item, items());
    return std::span(weights_).subspan(item.index() * items(), items());
  }

 private:
  friend struct ease;

  /// `weights`: I x I, row i holds what item i of a history adds to the score of each item; `known`: whether an item has
  /// interactions.
  ease_model(detail::user_histories histories, std::vector<float> weights, std::vector<std::uint8_t> known, bool binary)
      : histories_(std::move(histories)), weights_(std::move(weights)), known_(std::move(known)), binary_(binary) {}

  detail::user_histories histories_;
  std::vector<float> weights_;
  std::vector<std::uint8_t> known_;
  bool binary_;
};

template <executor Exec>
ease_model ease::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::ease::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(std::isfinite(regularization) && regularization > 0.0f, function, "regularization",
                 "must be positive and finite");
  const std::size_t items = log.items();
  if (items > max_items) throw limit_error(function, "number of items", max_items, items);

  // One buffer in turn holds X^T X + regularization I (its lower triangle), the inverse P and the weights B.
  constexpr std::size_t phases = 3;
  constexpr std::size_t range = 64;
  report_progress(exec.sink(), function, 0, phases);
  std::vector<float> weights(items * items, 0.0f);
  std::vector<std::uint8_t> known(items, 0);
  const detail::item_users users_of(log, binary);
  if (binary) detail::require_countable(function, users_of.largest_count());
  for_ranges(exec, items, range, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      const std::span<float> row = std::span(weights).subspan(item * items, items);
      users_of.add_lower_products(item, row);
      row[item] += regularization;
      known[item] = users_of.count(item) != 0 ? 1 : 0;
    }
  });
  report_progress(exec.sink(), function, 1, phases);
  if (const auto failed = kernel::invert_spd(exec, std::span(weights), items)) {
    throw numeric_error(function, "X^T X + " + std::to_string(regularization) +
                                      " I is not positive definite in float at item " + std::to_string(*failed) +
                                      "; raise regularization");
  }
  report_progress(exec.sink(), function, 2, phases);
  std::vector<float> scales(items);
  for (std::size_t item = 0; item < items; ++item) scales[item] = -1.0f / weights[item * items + item];
  for_ranges(exec, items, range, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      float* row = weights.data() + item * items;
      for (std::size_t other = 0; other < items; ++other) row[other] *= scales[other];
      row[item] = 0.0f;
    }
  });
  report_progress(exec.sink(), function, phases, phases);
  return {detail::user_histories(log), std::move(weights), std::move(known), binary};
}

}  // namespace cf
}  // namespace mmrec::inline v0
