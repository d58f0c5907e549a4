// mmrec/cf/svd.hpp - ratings as biases plus the inner product of a user's and an item's factors, learnt step by step.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/rating_blocks.hpp>
#include <mmrec/cf/detail/rating_data.hpp>
#include <mmrec/cf/detail/rating_factors.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/rating_sgd.hpp>

namespace mmrec::inline v0 {
namespace cf {

class svd_model;

/// Biased matrix factorisation ("SVD" of the Netflix prize): a rating is estimated as mean + b_u + b_i + q_i . p_u, and
/// stochastic gradient descent minimises, over all ratings,
///
///   sum of (r_ui - mean - b_u - b_i - q_i . p_u)^2 + regularization (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2)
///
/// Shapes     p: U x K, q: I x K, K = factors    out: I scores; no_score for an item without ratings
/// Cost       fit O(epochs R K) for R ratings, 4 K (U + I) bytes of factors and 12 R of ratings; predict O(K), score O(I K),
///            score_history O(|history| K^2 + K^3)
/// Result     a cold user or item has bias and factors 0, so that the rest of the sum stands. Users and items are cut into
///            `blocks` strips each; blocks that share neither are learnt from at once, in a fixed schedule: the same bits for
///            any number of threads, other ones for another number of blocks. score_history holds the items fixed and finds
///            the user's exact minimum, which is near, but not, what the last epoch left a user of the fit
/// Throws     invalid_config for a field out of range; data_error without ratings; limit_error beyond the executor's memory
///            limit; numeric_error if the steps diverge; unknown_id for a user or item outside the catalogue; cancelled
/// Avoid when feedback is implicit (absence says nothing here): use cf::ials; when few parameters are to be tuned: cf::baseline
/// Example    tests/cf/svd_test.cpp
/// Reference  Koren, Bell, Volinsky, "Matrix factorization techniques for recommender systems", IEEE Computer 42(8), 2009;
///            Gemulla, Nijkamp, Haas, Sismanis, "Large-scale matrix factorization with distributed stochastic gradient
///            descent", KDD 2011 (the schedule)
struct svd {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t factors = 100;     ///< K, 1..4096
  std::size_t epochs = 20;       ///< 1..100000
  float learning_rate = 0.005f;  ///< > 0
  float regularization = 0.02f;  ///< >= 0; paid once for each rating
  float initial_scale = 0.1f;    ///< > 0; factors start as normal numbers of this deviation
  std::size_t blocks = 0;        ///< 0..256; 0: by the sizes of the data; 1: one rating after another, no parallel work

  template <executor Exec>
  svd_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  /// Peak memory of fit, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec&, const data::interactions& log) const {
    const std::uint64_t strips = 8 * (std::uint64_t{log.users()} + log.items());
    return detail::rating_factors::bytes(log, factors) + detail::rating_blocks::bytes(log) + strips;
  }

  friend bool operator==(const svd&, const svd&) = default;
};

/// Fitted factors and biases. All members are const and safe to call from any number of threads, each with its own
/// workspace; with one that has been used before they do not allocate.
class svd_model {
 public:
  using workspace = detail::rating_fold_scratch;

  std::size_t users() const { return state_.users(); }
  std::size_t items() const { return state_.items(); }
  std::size_t factors() const { return state_.factors; }
  rating_scale scale() const { return state_.summary.scale; }
  /// The mean of all ratings.
  double mean() const { return state_.summary.mean; }
  std::span<const float> user_biases() const { return state_.user_biases; }
  std::span<const float> item_biases() const { return state_.item_biases; }
  /// p_u and q_i, K numbers each; 0 for cold ones. Throw unknown_id.
  std::span<const float> user_factors(user_id user) const {
    detail::require_user("cf::svd::user_factors", user, users());
    return state_.user_row(user.index()).first(factors());
  }
  std::span<const float> item_factors(item_id item) const {
    detail::require_item("cf::svd::item_factors", item, items());
    return state_.item_row(item.index()).first(factors());
  }

  float predict(user_id user, item_id item) const {
    detail::require_user("cf::svd::predict", user, users());
    detail::require_item("cf::svd::predict", item, items());
    const std::size_t row = user.index();
    return scale().clip(state_.estimate(state_.user_row(row).data(), state_.user_biases[row], item.index()));
  }
  float predict(user_id user, item_id item, workspace&) const { return predict(user, item); }

  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::svd::score";
    detail::require_user(function, user, users());
    require_size(function, "out", items(), out.size());
    state_.score(state_.user_row(user.index()).data(), state_.user_biases[user.index()], out);
  }
  /// The scores of a user described by ratings; see Result of the spec.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::svd::score_history";
    detail::require_history(function, history, items());
    detail::require_finite_ratings(function, history.values);
    require_size(function, "out", items(), out.size());
    const float bias = state_.fold_in(function, history, decay_, nullptr, scratch);
    state_.score(scratch.vector.data(), bias, out);
  }

 private:
  friend struct svd;
  svd_model(detail::rating_factors state, double decay) : state_(std::move(state)), decay_(decay) {}

  detail::rating_factors state_;
  double decay_;
};

template <executor Exec>
svd_model svd::fit(const Exec& asked, const data::interactions& log, seed key) const {
  constexpr std::string_view function = "cf::svd::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  detail::require_descent(function, *this);
  require_config(blocks <= detail::rating_most_blocks, function, "blocks", "must be at most 256");
  const detail::rating_summary summary = detail::summarize_ratings(function, log);
  require_memory(asked, function, fit_bytes(asked, log));
  detail::rating_factors state = detail::rating_factors::start(exec, log, summary, factors, initial_scale, key);
  const std::size_t strips =
      blocks != 0 ? blocks : detail::rating_block_count(log.users(), log.items(), log.size(), state.width);
  detail::rating_blocks pairs(exec, log, summary.mean, strips, key.derive(2));
  const kernel::rating_tables tables = state.tables();
  const kernel::rating_steps steps{learning_rate, regularization, learning_rate};
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    pairs.for_epoch(exec, [&](std::span<const kernel::rated_pair> block) {
      kernel::rating_sgd(block.data(), block.size(), tables, steps);
    });
  }
  report_progress(exec.sink(), function, epochs, epochs);
  state.require_finite(function);
  return {std::move(state), double{regularization}};
}

}  // namespace cf
}  // namespace mmrec::inline v0
