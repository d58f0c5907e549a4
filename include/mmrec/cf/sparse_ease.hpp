// mmrec/cf/sparse_ease.hpp - EASE for large catalogues: the weights of each item among its neighbours alone.
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
#include <mmrec/cf/detail/item_lists.hpp>
#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/cf/detail/neighbour_search.hpp>
#include <mmrec/cf/item_weights_model.hpp>
#include <mmrec/cf/similarity.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cholesky.hpp>
#include <mmrec/kernel/ordered_sum.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// Fitted sparse EASE: see item_weights_model. neighbours(i) are the items whose scores i adds to.
using sparse_ease_model = item_weights_model<"cf::sparse_ease">;

/// EASE with few weights: those of item j are sought among its `neighbours` most similar items N_j (by cosine) alone,
///
///   minimise |x_j - X w|^2 + regularization |w|^2   with w_i = 0 outside N_j,
///
/// by solving the normal equations of N_j. With N_j = all other items this is EASE. (Keeping the largest entries of EASE's
/// own solution would need that, I^3 operations and I^2 numbers, and fits the data less well at the same size.)
///
/// Shapes     X: U x I    out: I scores; no_score for an item without interactions and for everything if no item of the
///            history has interactions
/// Cost       fit: the neighbours as cf::item_knn; then for each item, with n = neighbours, n^3 / 3 operations and the
///            users of N_j, each with the square of how many items of N_j he has; 24 bytes for each of I n weights and
///            8 n^2 + 12 U for each thread; score O(|history| weights of an item + I)
/// Result     exact; same bits for any number of threads. A new user is scored as a user of the fit is (exact fold-in)
/// Throws     invalid_config if regularization is not positive and finite or neighbours not in 1..4096; numeric_error if
///            normal equations are not positive definite in double; limit_error as cf::item_knn; unknown_id; cancelled
/// Avoid when the catalogue is small enough for cf::ease
/// Example    tests/cf/sparse_ease_test.cpp
/// Reference  Steck, "Markov random fields for collaborative filtering", NeurIPS 2019, section 3.2 (sparse approximation
///            by the inverses of submatrices)
struct sparse_ease {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  float regularization = 100.0f;  ///< > 0; grows with the number of interactions of an item; 1 to 1000 are usual
  std::size_t neighbours = 100;   ///< 1..4096, items that may have a weight for an item; 50 to 500 are usual
  bool binary = true;             ///< an interaction counts 1 whatever its value, while fitting and scoring

  template <executor Exec>
  sparse_ease_model fit(const Exec& exec, const data::interactions& log) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const sparse_ease&, const sparse_ease&) = default;
};

namespace detail {

/// Solves the normal equations of one neighbourhood after another, in double.
class neighbourhood_solver {
 public:
  neighbourhood_solver(std::string_view function, const sparse_ease& spec, const item_users& users_of,
                       const item_lists& neighbours, std::size_t users)
      : function_(function), spec_(spec), users_of_(users_of), neighbours_(neighbours), slot_of_(users, 0) {}

  /// Worker of make_item_lists.
  std::size_t operator()(std::size_t target, std::span<scored_item> room) {
    const std::span<const scored_item> nearest = neighbours_.of(target);
    if (nearest.empty()) return 0;
    const std::size_t size = nearest.size(), stride = size + 1;
    gather(target, nearest);
    // The lower triangle of the products of the neighbours with each other, and in the last row with the target.
    gram_.assign(stride * stride, 0.0);
    for (std::size_t slot = 0; slot + 1 < starts_.size(); ++slot) {
      for (std::size_t a = starts_[slot]; a < starts_[slot + 1]; ++a) {
        double* row = gram_.data() + std::size_t{chosen_[a]} * stride;
        for (std::size_t b = starts_[slot]; b <= a; ++b) row[chosen_[b]] += values_[a] * values_[b];
      }
    }
    for (std::size_t place = 0; place < size; ++place) gram_[place * stride + place] += double{spec_.regularization};
    if (const auto failed = kernel::factor_spd(kernel::serial_executor{}, gram_.data(), stride, size)) {
      throw numeric_error(function_, "the products of the neighbours of item " + std::to_string(target) +
                                         " are not positive definite; raise regularization");
    }
    // L y = b, L^T w = y; b stands in the last row.
    double* right = gram_.data() + size * stride;
    for (std::size_t i = 0; i < size; ++i) {
      const double* row = gram_.data() + i * stride;
      for (std::size_t j = 0; j < i; ++j) right[i] -= row[j] * right[j];
      right[i] /= row[i];
    }
    for (std::size_t i = size; i-- > 0;) {
      const double* row = gram_.data() + i * stride;
      right[i] /= row[i];
      for (std::size_t j = 0; j < i; ++j) right[j] -= row[j] * right[i];
    }
    for (std::size_t place = 0; place < size; ++place) room[place] = {nearest[place].item, static_cast<float>(right[place])};
    return size;
  }

 private:
  // Which of the neighbours, and of the target as the last one, each of their users has: slots of users, in increasing
  // order of places.
  void gather(std::size_t target, std::span<const scored_item> nearest) {
    slots_ = 0;
    starts_.assign(1, 0);
    const auto for_columns = [&](auto&& body) {
      for (std::size_t place = 0; place <= nearest.size(); ++place) {
        const std::size_t item = place < nearest.size() ? nearest[place].item.index() : target;
        const auto users = users_of_.users(item);
        const auto values = users_of_.values(item);
        for (std::size_t entry = 0; entry < users.size(); ++entry) {
          body(users[entry], place, values.empty() ? 1.0 : double{values[entry]});
        }
      }
    };
    counts_.clear();
    for_columns([&](std::uint32_t user, std::size_t, double) {
      if (slot_of_[user] == 0) {
        slot_of_[user] = ++slots_;
        counts_.push_back(0);
      }
      ++counts_[slot_of_[user] - 1];
    });
    for (const std::size_t count : counts_) starts_.push_back(starts_.back() + count);
    chosen_.resize(starts_.back());
    values_.resize(starts_.back());
    next_.assign(starts_.begin(), starts_.end() - 1);
    for_columns([&](std::uint32_t user, std::size_t place, double value) {
      const std::size_t entry = next_[slot_of_[user] - 1]++;
      chosen_[entry] = static_cast<std::uint32_t>(place);
      values_[entry] = value;
    });
    for_columns([&](std::uint32_t user, std::size_t, double) { slot_of_[user] = 0; });
  }

  std::string_view function_;
  const sparse_ease& spec_;
  const item_users& users_of_;
  const item_lists& neighbours_;
  std::vector<std::uint32_t> slot_of_;  // of a user, one more than its number; 0 for none
  std::uint32_t slots_ = 0;
  std::vector<std::size_t> counts_, starts_, next_;
  std::vector<std::uint32_t> chosen_;
  std::vector<double> values_;
  std::vector<double> gram_;
};

}  // namespace detail

/// About the bytes that fit takes at its peak, the model included.
template <executor Exec>
std::uint64_t sparse_ease::fit_bytes(const Exec& exec, const data::interactions& log) const {
  const std::uint64_t items = log.items(), users = log.users();
  std::uint64_t room = 0, longest = 0;
  for (const std::size_t most : detail::neighbour_room(log, neighbours)) {
    room += most;
    longest = (std::max)(longest, std::uint64_t{most});
  }
  const std::uint64_t inputs = detail::similar_items::bytes(log, binary, item_similarity::cosine, true) + 9 * items;
  // A solver's lists of users hold what the largest columns do: at most the whole log.
  const std::uint64_t solver = 4 * users + 8 * (longest + 1) * (longest + 1) + 24 * users;
  const std::uint64_t solvers = detail::list_workers(exec.concurrency(), items) * solver;
  const std::uint64_t lists = detail::list_bytes(items, room);
  return inputs + lists + (std::max)(lists + solvers, (std::max)(lists, detail::user_histories::bytes(log)));
}

template <executor Exec>
sparse_ease_model sparse_ease::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::sparse_ease::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(std::isfinite(regularization) && regularization > 0.0f, function, "regularization",
                 "must be positive and finite");
  require_config(neighbours >= 1 && neighbours <= 4096, function, "neighbours", "must be in 1..4096");
  require_memory(exec, function, fit_bytes(exec, log));
  const std::span<const float> values = binary ? std::span<const float>{} : log.value_array();
  const detail::similar_items similar(function, log, values, item_similarity::cosine, 0.0f, true);
  detail::require_float_squares(function, similar.similarity());
  std::vector<std::size_t> room = detail::neighbour_room(log, neighbours);
  detail::item_lists lists = detail::make_item_lists(exec, function, room, [&] { return similar.search(neighbours); });
  for (std::size_t item = 0; item < log.items(); ++item) room[item] = lists.of(item).size();
  lists = detail::make_item_lists(exec, function, room, [&] {
    return detail::neighbourhood_solver(function, *this, similar.users_of(), lists, log.users());
  });
  lists = detail::transposed(exec, lists);
  return {detail::user_histories(log), std::move(lists), similar.known(), binary};
}

}  // namespace cf
}  // namespace mmrec::inline v0
