// mmrec/cf/svd_pp.hpp - svd in which what a user rated, whatever the ratings, says something about the user as well.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
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
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/rating_sgd.hpp>

namespace mmrec::inline v0 {
namespace cf {

class svd_pp_model;

/// SVD++: a rating is estimated as mean + b_u + b_i + q_i . (p_u + |N(u)|^-1/2 sum of y_j over the items N(u) that the user
/// rated), and stochastic gradient descent minimises the squared error plus
/// regularization (b_u^2 + b_i^2 + |p_u|^2 + |q_i|^2 + sum of |y_j|^2), paid once for each rating.
///
/// Shapes     p: U x K, q and y: I x K, K = factors    out: I scores; no_score for an item without ratings
/// Cost       fit O(epochs R K) for R ratings: all y_j of a user move alike, so that they are gathered once before and moved
///            once after the user's ratings, with the result of moving each at each of them; 4 K (U + 2 I) bytes of factors
///            and 12 R of ratings; predict O(K), score O(I K), score_history O(|history| K^2 + K^3)
/// Result     a cold user or item has bias and factors 0, so that the rest of the sum stands. Sequential, user after user in
///            the order of ids, each user's ratings in an order drawn once: the same bits whatever the executor, and more
///            threads do not help. score_history holds the items fixed and finds the user's exact minimum, which is near, but
///            not, what the last epoch left a user of the fit
/// Throws     invalid_config for a field out of range; data_error without ratings; limit_error beyond the executor's memory
///            limit; numeric_error if the steps diverge; unknown_id for a user or item outside the catalogue; cancelled
/// Avoid when time is short: cf::svd takes all threads
/// Example    tests/cf/svd_pp_test.cpp
/// Reference  Koren, "Factorization meets the neighborhood: a multifaceted collaborative filtering model", KDD 2008
struct svd_pp {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t factors = 20;      ///< K, 1..4096
  std::size_t epochs = 20;       ///< 1..100000
  float learning_rate = 0.007f;  ///< > 0
  float regularization = 0.02f;  ///< >= 0; paid once for each rating; learning_rate * regularization < 1
  float initial_scale = 0.1f;    ///< > 0; factors start as normal numbers of this deviation

  template <executor Exec>
  svd_pp_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  /// Peak memory of fit, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec&, const data::interactions& log) const {
    const std::uint64_t implicit = sizeof(float) * std::uint64_t{log.items()} * kernel::rating_padded(factors);
    return detail::rating_factors::bytes(log, factors) + implicit + sizeof(kernel::rated_pair) * std::uint64_t{log.size()};
  }

  friend bool operator==(const svd_pp&, const svd_pp&) = default;
};

/// Fitted factors and biases. All members are const and safe to call from any number of threads, each with its own
/// workspace; with one that has been used before they do not allocate.
class svd_pp_model {
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
  /// p_u with the part of the rated items added, q_i and y_i: K numbers each; 0 for cold ones. Throw unknown_id.
  std::span<const float> user_factors(user_id user) const {
    detail::require_user("cf::svd_pp::user_factors", user, users());
    return state_.user_row(user.index()).first(factors());
  }
  std::span<const float> item_factors(item_id item) const {
    detail::require_item("cf::svd_pp::item_factors", item, items());
    return state_.item_row(item.index()).first(factors());
  }
  std::span<const float> implicit_factors(item_id item) const {
    detail::require_item("cf::svd_pp::implicit_factors", item, items());
    return std::span(implicit_).subspan(item.index() * state_.width, factors());
  }

  float predict(user_id user, item_id item) const {
    detail::require_user("cf::svd_pp::predict", user, users());
    detail::require_item("cf::svd_pp::predict", item, items());
    const std::size_t row = user.index();
    return scale().clip(state_.estimate(state_.user_row(row).data(), state_.user_biases[row], item.index()));
  }
  float predict(user_id user, item_id item, workspace&) const { return predict(user, item); }

  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::svd_pp::score";
    detail::require_user(function, user, users());
    require_size(function, "out", items(), out.size());
    state_.score(state_.user_row(user.index()).data(), state_.user_biases[user.index()], out);
  }
  /// The scores of a user described by ratings; see Result of the spec.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::svd_pp::score_history";
    detail::require_history(function, history, items());
    detail::require_finite_ratings(function, history.values);
    require_size(function, "out", items(), out.size());
    scratch.implicit.resize(state_.width);
    add_implicit(implicit_, history.items, scratch.implicit, 0.0f);
    const float bias = state_.fold_in(function, history, decay_, scratch.implicit.data(), scratch);
    for (std::size_t k = 0; k < state_.width; ++k) scratch.vector[k] += scratch.implicit[k];
    state_.score(scratch.vector.data(), bias, out);
  }

 private:
  friend struct svd_pp;
  svd_pp_model(detail::rating_factors state, kernel::aligned_vector<float> implicit, double decay)
      : state_(std::move(state)), implicit_(std::move(implicit)), decay_(decay) {}

  /// out = keep * out + |items|^-1/2 sum of the rows of `implicit`; keep is 0 or 1. Without items nothing is added.
  static void add_implicit(std::span<const float> implicit, std::span<const item_id> items, std::span<float> out,
                           float keep) {
    for (float& value : out) value *= keep;
    if (items.empty()) return;
    const float scale = 1.0f / std::sqrt(static_cast<float>(items.size()));
    for (const item_id item : items) {
      const float* const row = implicit.data() + item.index() * out.size();
      for (std::size_t k = 0; k < out.size(); ++k) out[k] += scale * row[k];
    }
  }

  detail::rating_factors state_;
  kernel::aligned_vector<float> implicit_;  // y: I x width
  double decay_;
};

template <executor Exec>
svd_pp_model svd_pp::fit(const Exec& asked, const data::interactions& log, seed key) const {
  constexpr std::string_view function = "cf::svd_pp::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  detail::require_descent(function, *this);
  require_config(learning_rate * regularization < 1.0f, function, "learning_rate * regularization", "must be less than 1");
  const detail::rating_summary summary = detail::summarize_ratings(function, log);
  require_memory(asked, function, fit_bytes(asked, log));
  detail::rating_factors state = detail::rating_factors::start(exec, log, summary, factors, initial_scale, key);
  const std::size_t width = state.width;
  kernel::aligned_vector<float> implicit(log.items() * width, 0.0f);
  for (std::size_t item = 0; item < log.items(); ++item) {
    if (state.rated[item] != 0) {
      detail::draw_factors({implicit.data() + item * width, factors}, initial_scale, key.derive(2), item);
    }
  }
  // The kernel is shown one user at a time, as row 0 of the users.
  std::vector<kernel::rated_pair> pairs(log.size());
  for (std::size_t entry = 0; entry < log.size(); ++entry) {
    pairs[entry] = {0, log.item_array()[entry].value, static_cast<float>(double{log.value_array()[entry]} - summary.mean)};
  }
  for (std::size_t user = 0; user < log.users(); ++user) {
    const std::size_t begin = log.starts()[user];
    random_stream(key.derive(3), user).shuffle(std::span(pairs).subspan(begin, log.starts()[user + 1] - begin));
  }

  // Each rating moves p to (1 - rd) p + r e q, the scaled sum of the n implicit rows likewise, and each of these rows to
  // (1 - rd) y + r e q / sqrt(n). So the sum w of p and the former moves along the gradient twice as far as p, and what
  // the whole run adds to p, beside the decay, is half of what it adds to w.
  const float keep = 1.0f - learning_rate * regularization;
  const kernel::rating_steps steps{learning_rate, regularization, learning_rate, 2.0f};
  kernel::aligned_vector<float> sum(width), before(width);
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    for (std::size_t user = 0; user < log.users(); ++user) {
      const std::size_t begin = log.starts()[user], count = log.starts()[user + 1] - begin;
      if (count == 0) continue;
      const auto rated = log.item_array().subspan(begin, count);
      float* const p = state.user_factors.data() + user * width;
      sum.assign(p, p + width);
      svd_pp_model::add_implicit(implicit, rated, sum, 1.0f);
      before = sum;
      kernel::rating_sgd(
          pairs.data() + begin, count,
          {sum.data(), state.item_factors.data(), state.user_biases.data() + user, state.item_biases.data(), width}, steps);
      const auto decay = static_cast<float>(std::pow(double{keep}, static_cast<double>(count)));
      const float share = 1.0f / std::sqrt(static_cast<float>(count));
      for (std::size_t k = 0; k < width; ++k) {
        const float moved = 0.5f * (sum[k] - decay * before[k]);
        p[k] = decay * p[k] + moved;
        sum[k] = share * moved;
      }
      for (const item_id item : rated) {
        float* const y = implicit.data() + item.index() * width;
        for (std::size_t k = 0; k < width; ++k) y[k] = decay * y[k] + sum[k];
      }
    }
  }
  report_progress(exec.sink(), function, epochs, epochs);
  for (std::size_t user = 0; user < log.users(); ++user) {
    svd_pp_model::add_implicit(implicit, log.history(user_id{user}).items,
                               std::span(state.user_factors).subspan(user * width, width), 1.0f);
  }
  state.require_finite(function);
  return {std::move(state), std::move(implicit), double{regularization}};
}

}  // namespace cf
}  // namespace mmrec::inline v0
