// mmrec/cf/bpr.hpp - matrix factorisation that learns to rank what a user chose above what the user did not.
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
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/pairwise.hpp>

namespace mmrec::inline v0 {
namespace cf {

class bpr_model;

/// What fitting met.
struct bpr_report {
  std::vector<double> ranked_right;  ///< in each epoch, the share of the drawn pairs in whose order the model was right
  friend bool operator==(const bpr_report&, const bpr_report&) = default;
};

/// Learns K factors of each user and item, and a bias of each item, by Bayesian personalised ranking: for each interaction
/// (u, i), an item j that u did not choose is drawn, and one step of stochastic gradient ascent is taken on
///
///   log sigmoid(s_ui - s_uj) - regularization / 2 (|x_u|^2 + |y_i|^2 + |y_j|^2 + b_i^2 + b_j^2),   s_ui = x_u . y_i + b_i.
///
/// Values are not looked at: every interaction counts as a choice, and an epoch takes each once (or each user alike, see
/// positive_sampling). So that threads do not meet, users and items are cut into blocks (detail/item_blocks.hpp), j comes
/// from the block of i, and the items are dealt to the blocks anew in each epoch: over the epochs, uniform negatives are
/// uniform over the catalogue, popular ones nearly in proportion to the popularity.
///
/// Shapes     U users, I items, E interactions, K factors
/// Cost       an epoch O(E K) time; 4 (U + 2 I) K + 8 E bytes (see fit_bytes)
/// Result     the same bits for the same input and seed, for any number of threads, unless parallel::lock_free is asked
///            for and threads > 1; processors with other vector instructions differ by rounding. Users without interactions
///            have no score. A history is folded in by steps on the user's vector alone: an approximation, see
///            score_history
/// Throws     invalid_config; limit_error above the executor's memory limit; numeric_error if the factors diverge;
///            cancelled
/// Avoid when values matter, or when the catalogue is small enough for cf::ease, which often ranks better
/// Example    tests/cf/bpr_test.cpp
/// Reference  Rendle, Freudenthaler, Gantner, Schmidt-Thieme, "BPR: Bayesian personalized ranking from implicit feedback",
///            UAI 2009
struct bpr {
  std::size_t factors = 64;                                       ///< K, 1..4096
  std::size_t epochs = 100;                                       ///< 1..100000
  float learning_rate = 0.05f;                                    ///< > 0
  float final_rate = 0.1f;                                        ///< > 0; the rate falls linearly to this share of it
  float regularization = 0.01f;                                   ///< >= 0
  positive_sampling positives = positive_sampling::interactions;  ///< what an epoch takes alike
  negative_sampling negatives = negative_sampling::uniform;       ///< how the items to rank below are drawn
  bool item_bias = true;                                          ///< learn b
  float initial_scale = 0.1f;                                     ///< > 0; factors start as normal numbers of this / sqrt(K)
  cf::parallel schedule = cf::parallel::deterministic;            ///< how threads share an epoch
  std::size_t fold_in_epochs = 30;                                ///< 1..10000; passes over the history of a new user

  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  template <executor Exec>
  bpr_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  /// The bytes that fit takes at its peak, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const bpr&, const bpr&) = default;
};

/// Fitted factors. Meets recommender_model and factor_model. All members are const and safe to call from any number of
/// threads, each with its own workspace; with a workspace that has been used before they do not allocate.
class bpr_model {
 public:
  /// Scratch memory of one thread.
  struct workspace {
    std::vector<float> query;
    detail::fold_in_scratch fold_in;
  };

  std::size_t users() const { return vectors_.users.rows; }
  std::size_t items() const { return vectors_.items.rows; }
  std::size_t factors() const { return vectors_.users.width; }
  const bpr& spec() const { return spec_; }
  const bpr_report& report() const { return report_; }

  /// The users' factors, U x K, without the 1 of user_vector(); NaN for users without interactions.
  matrix_view<float> user_vectors() const { return vectors_.users.view(); }
  /// The items' factors and, with item_bias, the bias: I x K or I x (K + 1).
  matrix_view<float> item_vectors() const { return vectors_.items.view(); }
  /// What the rows of item_vectors() are multiplied with: K numbers and, with item_bias, a 1. Throws unknown_id, shape_error.
  void user_vector(user_id user, std::span<float> out, workspace&) const {
    require_size("cf::bpr::user_vector", "out", vectors_.items.width, out.size());
    vectors_.complete(vectors_.user("cf::bpr::user_vector", user), out);
  }

  /// Scores of all items. Throws unknown_id, shape_error.
  void score(user_id user, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::bpr::score";
    require_size(function, "out", items(), out.size());
    scratch.query.resize(vectors_.items.width);
    vectors_.complete(vectors_.user(function, user), scratch.query);
    vectors_.score(scratch.query, out);
  }
  /// Scores of all items for a user described by a history. The user's factors are learnt as in fit, from zero, with the
  /// items held fixed and negatives from the whole catalogue: near to what fit would find, not equal to it. The same
  /// history gives the same scores. No scores for an empty one. O(fold_in_epochs K) for each item of the history.
  /// Throws unknown_id, shape_error.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::bpr::score_history";
    require_size(function, "out", items(), out.size());
    detail::start_query(vectors_, scratch.query);
    const detail::fold_in_steps steps{factors(), spec_.fold_in_epochs, spec_.learning_rate, spec_.regularization};
    detail::fold_in_bpr(function, vectors_, sampler_, steps, history, scratch.query, scratch.fold_in);
    vectors_.score(scratch.query, out);
  }

 private:
  friend struct bpr;
  bpr_model(const bpr& spec, bpr_report report, detail::latent_vectors vectors, detail::catalogue_negatives sampler)
      : spec_(spec), report_(std::move(report)), vectors_(std::move(vectors)), sampler_(std::move(sampler)) {}

  bpr spec_;
  bpr_report report_;
  detail::latent_vectors vectors_;
  detail::catalogue_negatives sampler_;
};

namespace detail {

inline void require_valid(const bpr& spec) {
  constexpr std::string_view function = "cf::bpr::fit";
  const auto positive = [](float value) { return std::isfinite(value) && value > 0.0f; };
  require_config(spec.factors >= 1 && spec.factors <= 4096, function, "factors", "must be in 1..4096");
  require_config(spec.epochs >= 1 && spec.epochs <= 100'000, function, "epochs", "must be in 1..100000");
  require_config(positive(spec.learning_rate), function, "learning_rate", "must be positive and finite");
  require_config(positive(spec.final_rate), function, "final_rate", "must be positive and finite");
  require_config(std::isfinite(spec.regularization) && spec.regularization >= 0.0f, function, "regularization",
                 "must be finite and not negative");
  require_config(positive(spec.initial_scale), function, "initial_scale", "must be positive and finite");
  require_config(spec.fold_in_epochs >= 1 && spec.fold_in_epochs <= 10'000, function, "fold_in_epochs",
                 "must be in 1..10000");
}

/// The rate of an epoch: from `rate` in the first to `rate * last_share` in the last.
inline float falling_rate(float rate, float last_share, std::size_t epoch, std::size_t epochs) {
  if (epochs <= 1) return rate;
  const double done = static_cast<double>(epoch) / static_cast<double>(epochs - 1);
  return static_cast<float>(static_cast<double>(rate) * (1.0 - done * (1.0 - static_cast<double>(last_share))));
}

/// What is learnt; rows are padded.
struct bpr_tables {
  factor_rows users;
  factor_rows items;
  kernel::aligned_vector<float> biases;
};

/// Tables in training, and the epochs that train them.
template <executor Exec>
class bpr_fitter {
 public:
  bpr_fitter(const Exec& exec, const bpr& spec, const data::interactions& log, seed key)
      : exec_(exec),
        spec_(spec),
        key_(key),
        stride_(kernel::pairwise_padded(spec.factors)),
        users_(log.users(), spec.factors, stride_),
        items_(log.items(), spec.factors, stride_),
        biases_(spec.item_bias ? log.items() : 0, 0.0f),
        blocks_(log, row_bytes()),
        repeats_(repeats_of(spec.positives, log)),
        negatives_(spec.negatives, log.item_counts()) {
    const double deviation = static_cast<double>(spec.initial_scale) / std::sqrt(static_cast<double>(spec.factors));
    users_.draw(key.derive(0), deviation);
    items_.draw(key.derive(1), deviation);
  }

  /// One epoch; tells the share of pairs that were ranked right.
  double run_epoch(std::size_t epoch) {
    const seed epoch_key = key_.derive(2 + epoch);
    blocks_.deal(exec_, epoch_key.derive(0));
    negatives_.rebuild(exec_, blocks_);
    const float rate = falling_rate(spec_.learning_rate, spec_.final_rate, epoch, spec_.epochs);
    const std::size_t count = blocks_.blocks();
    std::vector<cell_counts> met(count * count);
    const auto work = [&](std::size_t user_block, std::size_t round) {
      const std::size_t item_block = (user_block + round) % count;
      met[user_block * count + item_block] = run_cell(user_block, item_block, epoch_key.derive(1), rate);
    };
    if (spec_.schedule == parallel::lock_free) {
      exec_.run(count, [&](std::size_t user_block) {
        for (std::size_t round = 0; round < count; ++round) work(user_block, round);
      });
    } else {
      for (std::size_t round = 0; round < count; ++round) {
        exec_.run(count, [&](std::size_t user_block) { work(user_block, round); });
      }
    }
    cell_counts total;
    for (const cell_counts& cell : met) {
      total.steps += cell.steps;
      total.right += cell.right;
    }
    return total.steps == 0 ? 0.0 : static_cast<double>(total.right) / static_cast<double>(total.steps);
  }

  /// Ends the training; what it needed beside the tables is given back.
  static bpr_tables tables_of(bpr_fitter fitter) {
    return {std::move(fitter.users_), std::move(fitter.items_), std::move(fitter.biases_)};
  }

 private:
  struct cell_counts {
    std::size_t steps = 0;
    std::size_t right = 0;
  };

  std::size_t row_bytes() const { return stride_ * sizeof(float); }

  cell_counts run_cell(std::size_t user_block, std::size_t item_block, seed key, float rate) {
    cell_counts met;
    item_set marked(items_.rows);
    triple_buffer triples;
    // One block is no conflict, however it is scheduled.
    const bool shared = spec_.schedule == parallel::lock_free && exec_.concurrency() > 1 && blocks_.blocks() > 1;
    sample_cell(blocks_, negatives_, repeats_, user_block, item_block,
                random_stream(key, user_block * blocks_.blocks() + item_block), marked, triples,
                [&](const triple_buffer& drawn) {
                  const kernel::bpr_job job{users_.values.data(),
                                            items_.values.data(),
                                            biases_.empty() ? nullptr : biases_.data(),
                                            stride_,
                                            stride_,
                                            drawn.users,
                                            drawn.positives,
                                            drawn.negatives,
                                            drawn.count,
                                            rate,
                                            spec_.regularization};
                  met.steps += drawn.count;
                  met.right += shared ? kernel::bpr_steps_shared(job) : kernel::bpr_steps(job);
                });
    return met;
  }

  const Exec& exec_;
  const bpr& spec_;
  seed key_;
  std::size_t stride_;
  factor_rows users_;
  factor_rows items_;
  kernel::aligned_vector<float> biases_;
  item_blocks blocks_;
  user_repeats repeats_;
  block_negatives negatives_;
};

}  // namespace detail

template <executor Exec>
std::uint64_t bpr::fit_bytes(const Exec& exec, const data::interactions& log) const {
  const std::uint64_t users = log.users(), items = log.items(), stride = kernel::pairwise_padded(factors);
  const std::uint64_t tables = 4 * stride * (users + items) + (item_bias ? 4 * items : 0);
  const std::uint64_t training = detail::item_blocks::bytes(log.users(), log.items(), log.size(), 4 * stride) +
                                 detail::block_negatives::bytes(negatives, log.items()) +
                                 (positives == positive_sampling::users ? 4 * users : 0) +
                                 exec.concurrency() * detail::item_set::bytes(log.items());
  const std::uint64_t sampler = detail::catalogue_negatives::bytes(negatives, log.items());
  const std::uint64_t items_joined = 4 * items * (factors + (item_bias ? 1 : 0));
  const std::uint64_t users_compact = stride == factors ? 0 : 4 * users * factors;
  return tables + sampler + (std::max)(training, items_joined + users_compact);
}

template <executor Exec>
bpr_model bpr::fit(const Exec& exec, const data::interactions& log, seed key) const {
  constexpr std::string_view function = "cf::bpr::fit";
  detail::require_valid(*this);
  require_memory(exec, function, fit_bytes(exec, log));
  const exec::session<Exec> session(exec);
  bpr_report report;
  detail::bpr_fitter fitter(session.executor(), *this, log, key);
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    report.ranked_right.push_back(fitter.run_epoch(epoch));
  }
  report_progress(exec.sink(), function, epochs, epochs);
  detail::bpr_tables tables = decltype(fitter)::tables_of(std::move(fitter));
  detail::latent_vectors vectors;
  vectors.items = item_bias ? detail::with_biases(tables.items, tables.biases) : detail::compact(std::move(tables.items));
  vectors.users = detail::compact(std::move(tables.users));
  detail::finish_vectors(function, log, vectors);
  return {*this, std::move(report), std::move(vectors), {negatives, log.item_counts(), key.derive(1)}};
}

}  // namespace cf
}  // namespace mmrec::inline v0
