// mmrec/cf/warp.hpp - matrix factorisation that works on the top of the lists.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/item_blocks.hpp>
#include <mmrec/cf/detail/latent_vectors.hpp>
#include <mmrec/cf/detail/pairwise_fold_in.hpp>
#include <mmrec/cf/detail/triple_sampler.hpp>
#include <mmrec/cf/pairwise.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/pairwise.hpp>

namespace mmrec::inline v0 {
namespace cf {

class warp_model;

/// What fitting met.
struct warp_report {
  std::vector<double> violated;  ///< in each epoch, the share of the interactions for which a rival was found
  friend bool operator==(const warp_report&, const warp_report&) = default;
};

/// Learns K factors of each user and item, and a bias of each item, by weighted approximate-rank pairwise loss: for each
/// interaction (u, i), items that u did not choose are drawn until one of them, j, scores above s_ui - 1, at most
/// `most_trials` times. Found after n trials, there are about (I - 1) / n such rivals, and one step of AdaGrad is taken on
/// log(floor((I - 1) / n)) (s_uj - s_ui): where many rivals stand above i, more is done. Most of the work goes to pairs
/// that are still in the wrong order, which serves the top of the lists.
///
/// Values are not looked at: every interaction counts as a choice, and an epoch takes each once (or each user alike, see
/// positive_sampling). Threads share the work as in cf::bpr, in a fixed order: j comes from the block of i, and items are
/// dealt to blocks anew in each epoch.
///
/// Shapes     U users, I items, E interactions, K factors, N trials
/// Cost       an epoch O(E N K) time at most; 8 (U + I) K + 4 (U + I) K + 8 E bytes (see fit_bytes)
/// Result     the same bits for the same input and seed, for any number of threads; processors with other vector
///            instructions differ by rounding. Users without interactions have no score. A history is folded in by steps
///            on the user's vector alone: an approximation, see score_history
/// Throws     invalid_config; limit_error above the executor's memory limit; numeric_error if the factors diverge;
///            cancelled
/// Avoid when values matter, or when lists are long: cf::bpr cares for the order of all items alike
/// Example    tests/cf/warp_test.cpp
/// Reference  Weston, Bengio, Usunier, "WSABIE: scaling up to large vocabulary image annotation", IJCAI 2011; AdaGrad and
///            the limit on trials as in Kula, "Metadata embeddings for user and item cold-start recommendations", 2015
struct warp {
  std::size_t factors = 64;                                       ///< K, 1..4096
  std::size_t epochs = 30;                                        ///< 1..100000
  float learning_rate = 0.05f;                                    ///< > 0
  float regularization = 0.0f;                                    ///< >= 0; of each squared number, in each of its steps
  std::size_t most_trials = 10;                                   ///< N, 1..10000
  positive_sampling positives = positive_sampling::interactions;  ///< what an epoch takes alike
  bool item_bias = true;                                          ///< learn b
  float initial_scale = 0.5f;                                     ///< > 0; factors start as normal numbers of this / sqrt(K)
  std::size_t fold_in_epochs = 30;                                ///< 1..10000; passes over the history of a new user

  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  template <executor Exec>
  warp_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  /// The bytes that fit takes at its peak, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const warp&, const warp&) = default;
};

namespace detail {

/// The weight of a rival found after `trials` trials among the other items.
inline float warp_weight(std::size_t items, std::size_t trials) {
  const std::size_t rivals = (std::max)(std::size_t{1}, (items - 1) / trials);
  return static_cast<float>(std::log(static_cast<double>(rivals)));
}

}  // namespace detail

/// Fitted factors. Meets recommender_model and factor_model. All members are const and safe to call from any number of
/// threads, each with its own workspace; with a workspace that has been used before they do not allocate.
class warp_model {
 public:
  /// Scratch memory of one thread.
  struct workspace {
    std::vector<float> query;
    detail::fold_in_scratch fold_in;
  };

  std::size_t users() const { return vectors_.users.rows; }
  std::size_t items() const { return vectors_.items.rows; }
  std::size_t factors() const { return vectors_.users.width; }
  const warp& spec() const { return spec_; }
  const warp_report& report() const { return report_; }

  /// The users' factors, U x K, without the 1 of user_vector(); NaN for users without interactions.
  matrix_view<float> user_vectors() const { return vectors_.users.view(); }
  /// The items' factors and, with item_bias, the bias: I x K or I x (K + 1).
  matrix_view<float> item_vectors() const { return vectors_.items.view(); }
  /// What the rows of item_vectors() are multiplied with: K numbers and, with item_bias, a 1. Throws unknown_id, shape_error.
  void user_vector(user_id user, std::span<float> out, workspace&) const {
    require_size("cf::warp::user_vector", "out", vectors_.items.width, out.size());
    vectors_.complete(vectors_.user("cf::warp::user_vector", user), out);
  }

  /// Scores of all items. Throws unknown_id, shape_error.
  void score(user_id user, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::warp::score";
    require_size(function, "out", items(), out.size());
    scratch.query.resize(vectors_.items.width);
    vectors_.complete(vectors_.user(function, user), scratch.query);
    vectors_.score(scratch.query, out);
  }
  /// Scores of all items for a user described by a history. The user's factors are learnt as in fit, from zero, with the
  /// items held fixed and rivals from the whole catalogue: near to what fit would find, not equal to it. The same history
  /// gives the same scores. No scores for an empty one. O(fold_in_epochs N K) for each item of the history.
  /// Throws unknown_id, shape_error.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::warp::score_history";
    require_size(function, "out", items(), out.size());
    detail::start_query(vectors_, scratch.query);
    scratch.fold_in.squares.assign(factors(), 1.0f);
    const std::span<float> query(scratch.query);
    const auto step = [&](std::uint32_t chosen, std::size_t, random_stream& random) {
      for (std::size_t trial = 1; trial <= spec_.most_trials; ++trial) {
        const std::uint32_t rival = random.below(static_cast<std::uint32_t>(items()));
        if (scratch.fold_in.marked.contains(rival)) continue;
        if (detail::fold_in_margin(vectors_, query, chosen, rival) >= 1.0f) continue;
        const float weight = detail::warp_weight(items(), trial);
        const float* const up = vectors_.items.row(chosen).data();
        const float* const down = vectors_.items.row(rival).data();
        for (std::size_t k = 0; k < factors(); ++k) {
          const float gradient = weight * (down[k] - up[k]) + spec_.regularization * query[k];
          query[k] -= spec_.learning_rate / std::sqrt(scratch.fold_in.squares[k]) * gradient;
          scratch.fold_in.squares[k] += gradient * gradient;
        }
        return;
      }
    };
    detail::fold_in(function, vectors_, key_, spec_.fold_in_epochs, history, query, scratch.fold_in, step);
    vectors_.score(scratch.query, out);
  }

 private:
  friend struct warp;
  warp_model(const warp& spec, warp_report report, detail::latent_vectors vectors, seed key)
      : spec_(spec), report_(std::move(report)), vectors_(std::move(vectors)), key_(key) {}

  warp spec_;
  warp_report report_;
  detail::latent_vectors vectors_;
  seed key_;
};

namespace detail {

inline void require_valid(const warp& spec) {
  constexpr std::string_view function = "cf::warp::fit";
  const auto positive = [](float value) { return std::isfinite(value) && value > 0.0f; };
  require_config(spec.factors >= 1 && spec.factors <= 4096, function, "factors", "must be in 1..4096");
  require_config(spec.epochs >= 1 && spec.epochs <= 100'000, function, "epochs", "must be in 1..100000");
  require_config(positive(spec.learning_rate), function, "learning_rate", "must be positive and finite");
  require_config(std::isfinite(spec.regularization) && spec.regularization >= 0.0f, function, "regularization",
                 "must be finite and not negative");
  require_config(spec.most_trials >= 1 && spec.most_trials <= 10'000, function, "most_trials", "must be in 1..10000");
  require_config(positive(spec.initial_scale), function, "initial_scale", "must be positive and finite");
  require_config(spec.fold_in_epochs >= 1 && spec.fold_in_epochs <= 10'000, function, "fold_in_epochs",
                 "must be in 1..10000");
}

/// Rows in training: factors, then, with biases, the bias against a 1 of the user's, then padding.
inline std::size_t warp_width(const warp& spec) { return kernel::pairwise_padded(spec.factors + (spec.item_bias ? 1 : 0)); }

template <executor Exec>
class warp_fitter {
 public:
  warp_fitter(const Exec& exec, const warp& spec, const data::interactions& log, seed key)
      : exec_(exec),
        spec_(spec),
        key_(key),
        users_(log.users(), spec.factors, warp_width(spec)),
        items_(log.items(), spec.factors, warp_width(spec)),
        user_squares_(users_.values.size(), 1.0f),
        item_squares_(items_.values.size(), 1.0f),
        blocks_(log, 2 * warp_width(spec) * sizeof(float)),
        repeats_(repeats_of(spec.positives, log)) {
    const double deviation = static_cast<double>(spec.initial_scale) / std::sqrt(static_cast<double>(spec.factors));
    users_.draw(key.derive(0), deviation);
    items_.draw(key.derive(1), deviation);
    items_.width += spec.item_bias ? 1 : 0;
    for (std::size_t user = 0; spec.item_bias && user < users_.rows; ++user) set_one(user);
  }

  /// Tells the share of interactions with a rival.
  double run_epoch(std::size_t epoch) {
    const seed epoch_key = key_.derive(2 + epoch);
    blocks_.deal(exec_, epoch_key.derive(0));
    const std::size_t count = blocks_.blocks();
    std::vector<cell_counts> met(count * count);
    for (std::size_t round = 0; round < count; ++round) {
      exec_.run(count, [&](std::size_t user_block) {
        const std::size_t item_block = (user_block + round) % count;
        met[user_block * count + item_block] = run_cell(user_block, item_block, epoch_key.derive(1));
      });
    }
    cell_counts total;
    for (const cell_counts& cell : met) {
      total.pairs += cell.pairs;
      total.violated += cell.violated;
    }
    return total.pairs == 0 ? 0.0 : static_cast<double>(total.violated) / static_cast<double>(total.pairs);
  }

  /// Ends the training; what it needed beside the tables is given back.
  static latent_vectors tables_of(warp_fitter fitter) { return {std::move(fitter.users_), std::move(fitter.items_)}; }

 private:
  struct cell_counts {
    std::size_t pairs = 0;
    std::size_t violated = 0;
  };

  void set_one(std::size_t user) { users_.values[user * users_.stride + spec_.factors] = 1.0f; }

  static kernel::detail::adaptive_row row_of(factor_rows& rows, kernel::aligned_vector<float>& squares, std::size_t index) {
    return {rows.values.data() + index * rows.stride, squares.data() + index * rows.stride};
  }

  cell_counts run_cell(std::size_t user_block, std::size_t item_block, seed key) {
    cell_counts met;
    item_set marked(items_.rows);
    const auto items = blocks_.items(item_block);
    const std::size_t width = users_.stride;
    for_each_pair(blocks_, repeats_, user_block, item_block, random_stream(key, user_block * blocks_.blocks() + item_block),
                  marked, [&](const item_blocks::pair& pair, random_stream& random) {
                    ++met.pairs;
                    const auto user = row_of(users_, user_squares_, pair.user);
                    const auto positive = row_of(items_, item_squares_, pair.item);
                    const float bar = kernel::dot_rows(user.values, positive.values, width) - 1.0f;
                    for (std::size_t trial = 1; trial <= spec_.most_trials; ++trial) {
                      const std::uint32_t rival = items[random.below(static_cast<std::uint32_t>(items.size()))];
                      if (marked.contains(rival)) continue;
                      const auto negative = row_of(items_, item_squares_, rival);
                      if (kernel::dot_rows(user.values, negative.values, width) <= bar) continue;
                      kernel::warp_step({user, positive, negative, width}, warp_weight(items_.rows, trial),
                                        spec_.learning_rate, spec_.regularization);
                      if (spec_.item_bias) set_one(pair.user);
                      ++met.violated;
                      return;
                    }
                  });
    return met;
  }

  const Exec& exec_;
  const warp& spec_;
  seed key_;
  factor_rows users_;
  factor_rows items_;
  kernel::aligned_vector<float> user_squares_;
  kernel::aligned_vector<float> item_squares_;
  item_blocks blocks_;
  user_repeats repeats_;
};

}  // namespace detail

template <executor Exec>
std::uint64_t warp::fit_bytes(const Exec& exec, const data::interactions& log) const {
  const std::uint64_t users = log.users(), items = log.items(), stride = detail::warp_width(*this);
  const std::uint64_t tables = 4 * stride * (users + items);
  const std::uint64_t training = tables + detail::item_blocks::bytes(log.users(), log.items(), log.size(), 8 * stride) +
                                 (positives == positive_sampling::users ? 4 * users : 0) +
                                 exec.concurrency() * detail::item_set::bytes(log.items());
  const std::uint64_t compact_users = stride == factors ? 0 : 4 * users * factors;
  const std::uint64_t compact_items = stride == factors ? 0 : 4 * items * (factors + (item_bias ? 1 : 0));
  return tables + (std::max)(training, compact_users + compact_items);
}

template <executor Exec>
warp_model warp::fit(const Exec& exec, const data::interactions& log, seed key) const {
  constexpr std::string_view function = "cf::warp::fit";
  detail::require_valid(*this);
  require_memory(exec, function, fit_bytes(exec, log));
  const exec::session<Exec> session(exec);
  warp_report report;
  detail::warp_fitter fitter(session.executor(), *this, log, key);
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    report.violated.push_back(fitter.run_epoch(epoch));
  }
  report_progress(exec.sink(), function, epochs, epochs);
  detail::latent_vectors vectors = decltype(fitter)::tables_of(std::move(fitter));
  vectors.items = detail::compact(std::move(vectors.items));
  vectors.users = detail::compact(std::move(vectors.users));
  detail::finish_vectors(function, log, vectors);
  return {*this, std::move(report), std::move(vectors), key.derive(1)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
