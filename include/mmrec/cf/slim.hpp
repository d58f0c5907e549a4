// mmrec/cf/slim.hpp - sparse linear methods: few item-item weights that best rebuild each column.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_lists.hpp>
#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/cf/detail/neighbour_search.hpp>
#include <mmrec/cf/item_weights_model.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// Fitted SLIM: see item_weights_model. neighbours(i) are the items whose scores i adds to.
using slim_model = item_weights_model<"cf::slim">;

/// SLIM: for each item j the weights w with w_j = 0 that minimise
///
///   1/2 |x_j - X w|^2 + l2 / 2 |w|^2 + l1 |w|_1,       w >= 0 if non_negative, else w_i = 0 where x_i . x_j = 0,
///
/// of which the `neighbours` largest are kept. The score of item j is the sum of w_i over the history. scikit-learn's
/// ElasticNet(alpha, l1_ratio) is l1 = U alpha l1_ratio, l2 = U alpha (1 - l1_ratio).
///
/// Shapes     X: U x I    out: I scores; no_score for an item without interactions and for everything if no item of the
///            history has interactions
/// Cost       fit: for each item, O(sweeps x users of the candidates), candidates being the items whose product with it
///            exceeds l1 (without non_negative: is not 0); 16 bytes for each weight, and 8 U + 20 I for each thread; score
///            O(|history| weights of an item + I)
/// Result     the minimum to `tolerance`: no weight would move further than that in a sweep; a column that has not got
///            there after `sweeps` stays as it is. Same bits for any number of threads. A new user is scored as a user of
///            the fit is (exact fold-in, with the weights as they are)
/// Throws     invalid_config for a negative or non-finite l1, l2 or tolerance, l1 + l2 = 0, neighbours or sweeps < 1;
///            data_error if non_negative and a value is negative; limit_error as cf::item_knn; unknown_id; cancelled
/// Avoid when the catalogue is small: cf::ease has no iteration; or items are new: cf::profile
/// Example    tests/cf/slim_test.cpp
/// Reference  Ning, Karypis, "SLIM: sparse linear methods for top-N recommender systems", ICDM 2011; Friedman, Hastie,
///            Tibshirani, "Regularization paths for generalized linear models via coordinate descent", J. Stat. Softw.
///            33(1), 2010
struct slim {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  float l1 = 1.0f;               ///< >= 0: fewer weights; for binary data, about the users that two items have to share
  float l2 = 10.0f;              ///< >= 0: smaller weights; 0.1 to 100 are usual
  bool non_negative = true;      ///< no weight below 0
  bool binary = true;            ///< an interaction counts 1 whatever its value, while fitting and scoring
  std::size_t neighbours = 200;  ///< >= 1, weights kept for an item, the largest
  std::size_t sweeps = 50;       ///< >= 1, most sweeps over the candidates of an item
  float tolerance = 1e-4f;       ///< >= 0

  template <executor Exec>
  slim_model fit(const Exec& exec, const data::interactions& log) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const slim&, const slim&) = default;
};

namespace detail {

/// Solves one column after another by coordinate descent on the residual x_j - X w, in double.
class slim_solver {
 public:
  slim_solver(const slim& spec, const similar_items& columns, std::size_t users)
      : spec_(spec),
        columns_(columns),
        users_of_(columns.users_of()),
        products_(columns.known().size(), 0.0f),
        weights_(products_.size(), 0.0),
        residual_(users, 0.0) {}

  static std::uint64_t bytes(std::uint64_t users, std::uint64_t items) { return 8 * users + (4 + 8 + 8) * items; }

  /// Worker of make_item_lists.
  std::size_t operator()(std::size_t target, std::span<scored_item> room) {
    find_candidates(target);
    for_column(target, [&](std::size_t user, double value) { residual_[user] = value; });
    descend();
    return take(room);
  }

 private:
  template <class Body>
  void for_column(std::size_t item, Body&& body) const {
    const auto users = users_of_.users(item);
    const auto values = users_of_.values(item);
    for (std::size_t place = 0; place < users.size(); ++place) {
      body(std::size_t{users[place]}, values.empty() ? 1.0 : double{values[place]});
    }
  }

  // With w >= 0 and no negative values, X w only lowers the gradient: an item whose product does not exceed l1 at w = 0
  // never gets a weight.
  void find_candidates(std::size_t target) {
    candidates_.clear();
    users_of_.add_products(target, products_);
    users_of_.for_neighbours(target, [&](std::size_t other) {
      const double product = double{products_[other]};
      products_[other] = 0.0f;
      const bool may = spec_.non_negative ? product > double{spec_.l1} : product != 0.0;
      if (may && other != target) candidates_.push_back(other);
    });
    std::sort(candidates_.begin(), candidates_.end());
  }

  // Full sweeps over the candidates, between which only those with a weight are visited until they settle.
  void descend() {
    for (std::size_t sweep = 0; sweep < spec_.sweeps;) {
      ++sweep;
      if (pass(candidates_) <= double{spec_.tolerance}) break;
      active_.clear();
      for (const std::size_t item : candidates_) {
        if (weights_[item] != 0.0) active_.push_back(item);
      }
      while (sweep < spec_.sweeps && pass(active_) > double{spec_.tolerance}) ++sweep;
    }
  }

  /// Moves each weight to its best place with all others fixed; returns the longest way.
  double pass(std::span<const std::size_t> items) {
    double longest = 0.0;
    for (const std::size_t item : items) {
      double gradient = columns_.square(item) * weights_[item];
      for_column(item, [&](std::size_t user, double value) { gradient += value * residual_[user]; });
      const double l1 = double{spec_.l1};
      double best = 0.0;
      if (gradient > l1) best = (gradient - l1) / (columns_.square(item) + double{spec_.l2});
      if (gradient < -l1 && !spec_.non_negative) best = (gradient + l1) / (columns_.square(item) + double{spec_.l2});
      const double step = best - weights_[item];
      if (step == 0.0) continue;
      weights_[item] = best;
      longest = (std::max)(longest, std::abs(step));
      for_column(item, [&](std::size_t user, double value) { residual_[user] -= step * value; });
    }
    return longest;
  }

  // The largest weights by magnitude; leaves everything zero for the next column.
  std::size_t take(std::span<scored_item> room) {
    kept_.resize(room.size());
    kernel::top_k_collector best(kept_);
    for (const std::size_t item : candidates_) {
      if (weights_[item] != 0.0) best.offer(item_id{item}, static_cast<float>(std::abs(weights_[item])));
    }
    const std::size_t found = best.finish();
    for (std::size_t place = 0; place < found; ++place) {
      room[place] = {kept_[place].item, static_cast<float>(weights_[kept_[place].item.index()])};
    }
    for (const std::size_t item : candidates_) weights_[item] = 0.0;
    std::fill(residual_.begin(), residual_.end(), 0.0);
    return found;
  }

  const slim& spec_;
  const similar_items& columns_;
  const item_users& users_of_;
  std::vector<float> products_;
  std::vector<double> weights_;
  std::vector<double> residual_;
  std::vector<std::size_t> candidates_;
  std::vector<std::size_t> active_;
  std::vector<scored_item> kept_;
};

}  // namespace detail

/// The most bytes that fit takes at its peak, the model included: weights that turn out 0 take less.
template <executor Exec>
std::uint64_t slim::fit_bytes(const Exec& exec, const data::interactions& log) const {
  const std::uint64_t items = log.items();
  std::uint64_t room = 0;
  for (const std::size_t most : detail::neighbour_room(log, neighbours)) room += most;
  const std::uint64_t inputs = detail::similar_items::bytes(log, binary, item_similarity::dot, false) + 9 * items;
  const std::uint64_t solvers =
      detail::list_workers(exec.concurrency(), items) * detail::slim_solver::bytes(log.users(), items);
  const std::uint64_t transposition = sizeof(scored_item) * room + 16 * items;
  return inputs + detail::list_bytes(items, room) + (std::max)({solvers, transposition, detail::user_histories::bytes(log)});
}

template <executor Exec>
slim_model slim::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::slim::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(std::isfinite(l1) && l1 >= 0.0f, function, "l1", "must be finite and not negative");
  require_config(std::isfinite(l2) && l2 >= 0.0f, function, "l2", "must be finite and not negative");
  require_config(l1 + l2 > 0.0f, function, "l1 + l2", "must be positive");
  require_config(std::isfinite(tolerance) && tolerance >= 0.0f, function, "tolerance", "must be finite and not negative");
  require_config(neighbours >= 1, function, "neighbours", "must be at least 1");
  require_config(sweeps >= 1, function, "sweeps", "must be at least 1");
  require_memory(exec, function, fit_bytes(exec, log));
  const std::span<const float> values = binary ? std::span<const float>{} : log.value_array();
  if (non_negative && std::any_of(values.begin(), values.end(), [](float value) { return value < 0.0f; })) {
    throw data_error(function, "a value is negative, which non_negative does not take");
  }
  const detail::similar_items similar(function, log, values, item_similarity::dot, 0.0f, false);
  detail::require_float_squares(function, similar.similarity());
  detail::item_lists lists =
      detail::transposed(exec, detail::make_item_lists(exec, function, detail::neighbour_room(log, neighbours),
                                                       [&] { return detail::slim_solver(*this, similar, log.users()); }));
  return {detail::user_histories(log), std::move(lists), similar.known(), binary};
}

}  // namespace cf
}  // namespace mmrec::inline v0
