// mmrec/cf/ease.hpp - embarrassingly shallow autoencoders: the item-item weights that best rebuild each history.
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

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/cf/similarity.hpp>
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

/// Numbers in which EASE inverts its matrix. The weights are float either way.
enum class ease_precision {
  float64,  ///< weights exact to the last digits of a float; 12 I^2 bytes while fitting
  float32   ///< half the time and 4 I^2 bytes; on MovieLens 100K and Gowalla weights differ by less than 1e-4 of the largest
};

/// EASE: the weights B with zero diagonal that minimise |X - X B|^2 + regularization |B|^2, in closed form:
/// B = I - P diag(1 / diag P) with P = (X^T X + regularization I)^-1. The score of item j is the sum of B_ij over the
/// history.
///
/// Shapes     X: U x I, B: I x I    out: I scores; no_score for an item without interactions and for everything if no item
///            of the history has interactions
/// Cost       fit O(sum over users of |history|^2 + I^3) time; the model keeps 4 I^2 bytes (1.6 GB for 20,000 items), which
///            is what fit takes in float32, while it takes 12 I^2 in float64: see fit_bytes; score O(|history| I)
/// Result     same bits for any number of threads
/// Throws     invalid_config if regularization is not positive and finite; limit_error if I > max_items, or if more than
///            2^24 users chose one item and binary is set (float counts no further), or above the executor's
///            memory limit; numeric_error if the matrix is not positive definite in the precision chosen, or the squares
///            of an item's values are too large for a float; unknown_id for a user or item outside the catalogue; data_error
///            for a value of a history that is not finite, unless binary is set; cancelled
/// Avoid when the catalogue is large (cf::ials) or items are new (cf::profile)
/// Example    tests/cf/ease_test.cpp
/// Reference  Steck, "Embarrassingly shallow autoencoders for sparse data", WWW 2019
struct ease {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  float regularization = 500.0f;   ///< > 0; grows with the number of interactions of an item
  bool binary = true;              ///< an interaction counts 1 whatever its value, while fitting and scoring
  std::size_t max_items = 40'000;  ///< larger catalogues are refused: 40,000 items need 19 GB, in float32 6.4 GB
  ease_precision precision = ease_precision::float64;

  template <executor Exec>
  ease_model fit(const Exec& exec, const data::interactions& log) const;

  /// Bytes that fit takes at its peak, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const {
    const std::uint64_t square = std::uint64_t{log.items()} * log.items(), threads = exec.concurrency();
    const bool wide = precision == ease_precision::float64;
    const std::uint64_t scratch = wide ? 8 * (square + kernel::invert_spd_scratch<double>(log.items(), threads))
                                       : 4 * kernel::invert_spd_scratch<float>(log.items(), threads);
    const std::uint64_t histories = detail::user_histories::bytes(log);
    const std::uint64_t products =
        detail::item_users_bytes(log, binary) + 8 * std::uint64_t{log.items()} + (wide && !binary ? 8 * square : 0);
    return 4 * square + log.items() + (std::max)({scratch, products, histories + 4 * std::uint64_t{log.items()}});
  }

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
    detail::require_history(function, history, items(), !binary_);
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
    detail::require_history(function, history, items(), !binary_);
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

namespace detail {

/// Adds regularization to the diagonal of the matrix whose lower triangle is given, and inverts it where it stands. The first
/// item whose pivot fails, if any.
template <executor Exec, class T>
std::optional<std::size_t> invert_in_place(const Exec& exec, std::vector<T>& matrix, std::size_t items,
                                           float regularization) {
  for (std::size_t item = 0; item < items; ++item) matrix[item * items + item] += static_cast<T>(regularization);
  return kernel::invert_spd(exec, std::span(matrix), items);
}

/// The same of a matrix in double; `matrix` takes the inverse.
template <executor Exec>
std::optional<std::size_t> invert_in_double(const Exec& exec, std::vector<double> wide, std::vector<float>& matrix,
                                            std::size_t items, float regularization) {
  const auto failed = invert_in_place(exec, wide, items, regularization);
  std::transform(wide.begin(), wide.end(), matrix.begin(), [](double value) { return static_cast<float>(value); });
  return failed;
}

}  // namespace detail

template <executor Exec>
ease_model ease::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::ease::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(std::isfinite(regularization) && regularization > 0.0f, function, "regularization",
                 "must be positive and finite");
  const std::size_t items = log.items();
  if (items > max_items) throw limit_error(function, "number of items", max_items, items);

  require_memory(exec, function, fit_bytes(exec, log));

  // One buffer in turn holds X^T X + regularization I (its lower triangle), the inverse P and the weights B; an inverse in
  // double takes another one for a while. Counts are exact in float; products of values are added up there at once.
  const bool in_double = precision == ease_precision::float64;
  std::vector<double> wide(in_double && !binary ? items * items : 0, 0.0);
  constexpr std::size_t phases = 3;
  constexpr std::size_t range = 64;
  report_progress(exec.sink(), function, 0, phases);
  std::vector<float> weights(items * items, 0.0f);
  std::vector<std::uint8_t> known(items, 0);
  {
    const detail::item_users users_of(log, binary);
    if (binary) detail::require_countable(function, users_of.largest_count());
    for_ranges(exec, items, range, [&](std::size_t begin, std::size_t end) {
      for (std::size_t item = begin; item < end; ++item) {
        if (wide.empty()) {
          users_of.add_lower_products(item, std::span(weights).subspan(item * items, items));
        } else {
          users_of.add_lower_products(item, std::span(wide).subspan(item * items, items));
        }
        known[item] = users_of.count(item) != 0 ? 1 : 0;
      }
    });
  }
  for (std::size_t item = 0; item < items; ++item) {
    const std::size_t place = item * items + item;
    detail::require_float_square(function, wide.empty() ? double{weights[place]} : wide[place]);
  }
  report_progress(exec.sink(), function, 1, phases);
  if (in_double && wide.empty()) wide.assign(weights.begin(), weights.end());
  const auto failed = in_double ? detail::invert_in_double(exec, std::move(wide), weights, items, regularization)
                                : detail::invert_in_place(exec, weights, items, regularization);
  if (failed) {
    throw numeric_error(function, "X^T X + " + std::to_string(regularization) + " I is not positive definite in " +
                                      (in_double ? "double" : "float") + " at item " + std::to_string(*failed) +
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
