// mmrec/cf/fm.hpp - factorization machines of order 2.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/feature_machine.hpp>
#include <mmrec/cf/detail/feature_training.hpp>
#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/least_squares_fold_in.hpp>
#include <mmrec/cf/detail/pairwise_fold_in.hpp>
#include <mmrec/cf/detail/rating_data.hpp>
#include <mmrec/cf/pairwise.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace cf {

class fm_model;
class fm_machine;

/// What cf::fm lowers.
enum class fm_loss {
  squared,   ///< (value - s)^2 / 2: the values are ratings, and the scores predict them
  logistic,  ///< log(1 + exp(-s)) of each interaction, log(1 + exp(s)) of an item drawn for it that the user has not
  bpr,       ///< log(1 + exp(s_j - s_i)) for such a drawn item j
};

/// How cf::fm moves.
enum class fm_steps {
  adagrad,  ///< each number by learning_rate / sqrt(1 + its squared gradients so far) times its gradient
  sgd,      ///< by learning_rate times its gradient
};

/// What fitting met.
struct fm_report {
  std::vector<double> loss;  ///< of each epoch: the mean over the examples, each before its batch was learnt from
  friend bool operator==(const fm_report&, const fm_report&) = default;
};

/// Learns a weight and K factors of each feature, so that with the features f of a user and an item together
///
///   s = w_0 + sum over a of f_a w_a + sum over pairs a < b of f_a f_b v_a . v_b.
///
/// Users and items are features themselves; more may be given for either. With identities alone this is matrix
/// factorisation with biases; fit_rows takes rows of any features. Trained on batches in random order as cf::hybrid_mf is.
///
/// Shapes     U users, I items, E interactions, F features of an example, D columns, K factors
/// Cost       an epoch O(E F K) time; 8 D K + 4 (U + I) K bytes and more, see fit_bytes
/// Result     the same bits for the same input and seed, for any number of threads; processors with other vector
///            instructions differ by rounding. Users without interactions and features have no score; with fm_loss::squared,
///            such items have none either. A history is folded in with the items held fixed: for fm_loss::squared
///            exactly, for the others by steps, see score_history
/// Throws     invalid_config; shape_error if the features are not of these users and items; data_error for a non-finite
///            feature, and without interactions for fm_loss::squared; limit_error above the executor's memory limit;
///            numeric_error if the factors diverge; cancelled
/// Avoid when there are no features: cf::bpr and cf::svd are several times as fast
/// Example    tests/cf/fm_test.cpp
/// Reference  Rendle, "Factorization machines", ICDM 2010; "Factorization machines with libFM", ACM TIST 3(3), 2012
struct fm {
  std::size_t factors = 16;            ///< K, 1..4096
  std::size_t epochs = 30;             ///< 1..100000
  fm_loss loss = fm_loss::squared;     ///< what is lowered
  fm_steps steps = fm_steps::adagrad;  ///< how
  std::size_t batch = 256;             ///< 1..1048576; examples between two moves
  float learning_rate = 0.05f;         ///< > 0
  float regularization = 0.01f;        ///< >= 0; of each squared number, in each example that it takes part in
  float initial_scale = 0.1f;          ///< > 0; factors start as normal numbers of this / sqrt(K)
  std::size_t fold_in_epochs = 30;     ///< 1..10000; passes over the history of a new user; not for fm_loss::squared

  using input_kind = kind::sparse<float>;
  using output_kind = kind::scores;
  template <class Given>
  using output_for = std::conditional_t<kind_fits<Given, input_kind>, output_kind, void>;
  static constexpr bool collaborative = true;  ///< can be fitted without features
  static constexpr bool uses_features = true;  ///< can be fitted with features of items

  template <executor Exec>
  fm_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  template <executor Exec>
  fm_model fit(const Exec& exec, const data::interactions& log, const data::sparse_features& items, seed key) const;
  /// With features of users as well, U x D.
  template <executor Exec>
  fm_model fit(const Exec& exec, const data::interactions& log, const csr_matrix<float>& users,
               const data::sparse_features& items, seed key) const;
  /// Learns to predict targets from rows of features, N x D: numbers with fm_loss::squared, 0 and 1 with fm_loss::logistic.
  /// Throws as fit; shape_error for another number of targets, data_error for a target that cannot be.
  template <executor Exec>
  fm_machine fit_rows(const Exec& exec, const csr_matrix<float>& rows, std::span<const float> targets, seed key) const;
  /// The bytes that fit takes at its peak, its result included; without features.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;
  /// The same with features.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log, const data::sparse_features& items) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log, const csr_matrix<float>& users,
                          const data::sparse_features& items) const;

  friend bool operator==(const fm&, const fm&) = default;

 private:
  detail::feature_training training() const;
  template <executor Exec>
  fm_model fit_sides(const Exec& exec, const data::interactions& log, const detail::side_features& features, seed key) const;
};

/// Fitted factors of users and items. Meets recommender_model, factor_model and rating_model. All members are const and safe
/// to call from any number of threads, each with its own workspace; with a workspace that has been used before they do not
/// allocate.
class fm_model {
 public:
  /// Scratch memory of one thread.
  struct workspace {
    std::vector<float> query;
    detail::fold_in_scratch fold_in;
    detail::least_squares_scratch least_squares;
  };

  std::size_t users() const { return vectors().users.rows; }
  std::size_t items() const { return vectors().items.rows; }
  std::size_t factors() const { return sides_.factors(); }
  const fm& spec() const { return spec_; }
  const fm_report& report() const { return report_; }

  /// Numbers of a vector: factors() + 2.
  std::size_t vector_width() const { return sides_.width(); }
  /// U x (K + 2): the sum of the user's factors, a 1, and what the user adds to every score, w_0 included.
  matrix_view<float> user_vectors() const { return vectors().users.view(); }
  /// I x (K + 2): the sum of the item's factors, what it adds to every score, a 1; NaN for items without a score.
  matrix_view<float> item_vectors() const { return vectors().items.view(); }
  /// One row of user_vectors(). Throws unknown_id, shape_error.
  void user_vector(user_id user, std::span<float> out, workspace&) const {
    require_size("cf::fm::user_vector", "out", vector_width(), out.size());
    vectors().complete(vectors().user("cf::fm::user_vector", user), out);
  }
  /// The vector of a user, or an item, of whom the features are all that is known. Throws shape_error, data_error.
  void user_vector_from_features(sparse_row_view<float> features, std::span<float> out) const {
    sides_.user_from_features("cf::fm::user_vector_from_features", features, out);
  }
  void item_vector_from_features(sparse_row_view<float> features, std::span<float> out) const {
    sides_.item_from_features("cf::fm::item_vector_from_features", features, out);
  }

  /// The lowest and the largest value of the fit. Throws data_error unless the loss is fm_loss::squared.
  rating_scale scale() const {
    require_values("cf::fm::scale");
    return values_.scale;
  }
  /// The value that the user would give the item, within the scale. A user or item without a score adds nothing to what is
  /// known of the other; of two such the mean of all values is told. Throws unknown_id; data_error as scale().
  float predict(user_id user, item_id item) const {
    constexpr std::string_view function = "cf::fm::predict";
    require_values(function);
    const std::span<const float> of_user = vectors().user(function, user);
    detail::require_item(function, item, items());
    const float score = vectors().score_one(of_user, item);
    if (!std::isnan(score)) return values_.scale.clip(double{score});
    const float user_part = of_user.back(), item_part = vectors().items.row(item.index())[factors()];
    const double known = !std::isnan(user_part)   ? double{user_part}
                         : !std::isnan(item_part) ? double{item_part} + double{sides_.bias()}
                                                  : values_.mean;
    return values_.scale.clip(known);
  }
  float predict(user_id user, item_id item, workspace&) const { return predict(user, item); }

  /// Scores of all items. Throws unknown_id, shape_error.
  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::fm::score";
    require_size(function, "out", items(), out.size());
    vectors().score(vectors().user(function, user), out);
  }
  /// Scores of all items for a user described by a history, whose own features are its identity alone: with
  /// fm_loss::squared, its weight and factors are the exact minimum of the squared errors and the regularization, with the
  /// items held fixed; with the other losses, they are learnt by steps of BPR, near to what fit would find. The same
  /// history gives the same scores. No scores for an empty one, nor, with fm_loss::squared, for one of items without
  /// scores. Throws unknown_id, shape_error, data_error.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::fm::score_history";
    require_size(function, "out", items(), out.size());
    sides_.start(scratch.query);
    if (spec_.loss == fm_loss::squared) {
      detail::require_history(function, history, items());
      detail::require_finite_ratings(function, history.values);
      detail::fold_in_least_squares(vectors(), static_cast<double>(spec_.regularization), history, scratch.query,
                                    scratch.least_squares);
    } else {
      const detail::fold_in_steps steps{factors(), spec_.fold_in_epochs, spec_.learning_rate, spec_.regularization};
      detail::fold_in_bpr(function, vectors(), sampler_, steps, history, scratch.query, scratch.fold_in);
    }
    vectors().score(scratch.query, out);
  }

 private:
  friend struct fm;
  fm_model(const fm& spec, const detail::rating_summary& values, detail::feature_fit fit,
           detail::catalogue_negatives sampler)
      : spec_(spec),
        values_(values),
        report_{std::move(fit.loss)},
        sides_(std::move(fit), true, true),
        sampler_(std::move(sampler)) {}

  void require_values(std::string_view function) const {
    if (spec_.loss != fm_loss::squared) throw data_error(function, "scores are no values unless loss is fm_loss::squared");
  }

  const detail::latent_vectors& vectors() const { return sides_.vectors(); }

  fm spec_;
  detail::rating_summary values_;  // of fm_loss::squared alone
  fm_report report_;
  detail::feature_vectors sides_;
  detail::catalogue_negatives sampler_;
};

/// A machine fitted to rows of features. const members are safe to call from any number of threads.
class fm_machine {
 public:
  std::size_t factors() const { return features_.factors; }
  /// D of the rows it was fitted to.
  std::size_t feature_width() const { return features_.rows.cols(); }
  const fm_report& report() const { return report_; }
  float bias() const { return bias_; }  ///< w_0
  /// w and v of one feature: K factors, then the weight. Throws shape_error.
  std::span<const float> feature(std::size_t column) const {
    if (column >= feature_width()) throw shape_error("cf::fm_machine::feature", "columns", feature_width(), column + 1);
    return {features_.feature(column), features_.width()};
  }

  /// The score of a row: the predicted target for fm_loss::squared, the log-odds of 1 for fm_loss::logistic. `scratch` is
  /// grown to K + 1 numbers. Throws shape_error for a column beyond the width.
  float predict(sparse_row_view<float> row, std::vector<float>& scratch) const {
    constexpr std::string_view function = "cf::fm_machine::predict";
    require_size(function, "values of the row", row.indices.size(), row.values.size());
    for (const std::int32_t index : row.indices) {
      if (index < 0 || static_cast<std::size_t>(index) >= feature_width()) {
        throw shape_error(function, "width of the row", feature_width(), static_cast<std::size_t>(index) + 1);
      }
    }
    scratch.resize(features_.width());
    features_.represent(row, scratch.data());
    return scratch.back() + bias_;
  }

 private:
  friend struct fm;
  fm_machine(fm_report report, detail::feature_side<float> features, float bias)
      : report_(std::move(report)), features_(std::move(features)), bias_(bias) {}

  fm_report report_;
  detail::feature_side<float> features_;
  float bias_;
};

inline detail::feature_training fm::training() const {
  const detail::example_loss wanted = loss == fm_loss::bpr        ? detail::example_loss::bpr
                                      : loss == fm_loss::logistic ? detail::example_loss::logistic
                                                                  : detail::example_loss::squared;
  return {"cf::fm::fit",
          factors,
          epochs,
          batch,
          {wanted, static_cast<double>(learning_rate), static_cast<double>(regularization), steps == fm_steps::adagrad,
           loss != fm_loss::bpr},
          1,
          static_cast<double>(initial_scale),
          true,
          true,
          true};
}

template <executor Exec>
fm_model fm::fit_sides(const Exec& exec, const data::interactions& log, const detail::side_features& features,
                       seed key) const {
  detail::require_training("cf::fm::fit", *this);
  const detail::feature_training how = training();
  const detail::rating_summary values =
      loss == fm_loss::squared ? detail::summarize_ratings(how.function, log) : detail::rating_summary{};
  return {*this, values, detail::fit_features(exec, how, log, features, key),
          detail::catalogue_negatives(negative_sampling::uniform, log.item_counts(), key.derive(1))};
}

template <executor Exec>
fm_model fm::fit(const Exec& exec, const data::interactions& log, seed key) const {
  return fit_sides(exec, log, {}, key);
}
template <executor Exec>
fm_model fm::fit(const Exec& exec, const data::interactions& log, const data::sparse_features& items, seed key) const {
  return fit_sides(exec, log, {nullptr, &items}, key);
}
template <executor Exec>
fm_model fm::fit(const Exec& exec, const data::interactions& log, const csr_matrix<float>& users,
                 const data::sparse_features& items, seed key) const {
  return fit_sides(exec, log, {&users, &items}, key);
}
template <executor Exec>
std::uint64_t fm::fit_bytes(const Exec&, const data::interactions& log) const {
  return detail::feature_fit_bytes(training(), log, {});
}
template <executor Exec>
std::uint64_t fm::fit_bytes(const Exec&, const data::interactions& log, const data::sparse_features& items) const {
  return detail::feature_fit_bytes(training(), log, {nullptr, &items});
}
template <executor Exec>
std::uint64_t fm::fit_bytes(const Exec&, const data::interactions& log, const csr_matrix<float>& users,
                            const data::sparse_features& items) const {
  return detail::feature_fit_bytes(training(), log, {&users, &items});
}

template <executor Exec>
fm_machine fm::fit_rows(const Exec& exec, const csr_matrix<float>& rows, std::span<const float> targets, seed key) const {
  constexpr std::string_view function = "cf::fm::fit_rows";
  detail::require_training(function, *this);
  require_config(loss != fm_loss::bpr, function, "loss", "must be squared or logistic: rows have no rivals");
  require_size(function, "targets", rows.rows(), targets.size());
  detail::require_finite_features(function, rows, "rows");
  for (std::size_t row = 0; row < targets.size(); ++row) {
    const float target = targets[row];
    const bool possible = loss == fm_loss::squared ? std::isfinite(target) : target == 0.0f || target == 1.0f;
    if (!possible) {
      throw data_error(function, "target of row " + std::to_string(row) +
                                     (loss == fm_loss::squared ? " is not finite" : " is neither 0 nor 1"));
    }
  }
  const detail::feature_training how = training();
  const std::size_t most = (std::min)(batch, rows.rows());
  require_memory(
      exec, function,
      detail::feature_machine<float>::bytes(0, rows.cols(), factors, most) + 8 * rows.entries() + 12 * rows.rows());
  const exec::session<Exec> session(exec);
  // Nobody on the users' side: one row without features.
  csr_matrix<float> nobody(0);
  nobody.push_row({});
  detail::feature_machine<float> machine({std::move(nobody), factors, false}, {rows, factors, true}, most);
  machine.items().draw(key.derive(1), how.initial_scale / std::sqrt(static_cast<double>(factors)));
  if (loss == fm_loss::squared && !targets.empty()) {
    machine.bias() =
        static_cast<float>(std::accumulate(targets.begin(), targets.end(), 0.0) / static_cast<double>(targets.size()));
  }
  std::vector<std::uint32_t> order(rows.rows());
  std::iota(order.begin(), order.end(), std::uint32_t{0});
  fm_report report;
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    const seed epoch_key = key.derive(2 + epoch);
    random_stream(epoch_key).shuffle(std::span(order));
    double total = 0.0;
    for (std::size_t begin = 0; begin < order.size(); begin += batch) {
      const std::size_t count = (std::min)(batch, order.size() - begin);
      const auto draw = [&](std::size_t slot, detail::example& one, random_stream&, auto&&) {
        one.item = order[begin + slot];
        one.target = targets[one.item];
      };
      total += machine.prepare(session.executor(), count, epoch_key, how.steps, draw);
      machine.apply(session.executor(), count, how.steps);
    }
    report.loss.push_back(order.empty() ? 0.0 : total / static_cast<double>(order.size()));
  }
  report_progress(exec.sink(), function, epochs, epochs);
  detail::feature_side<float> kept = machine.items().released();
  const auto finite = [](auto value) { return std::isfinite(value); };
  if (!std::isfinite(machine.bias()) || !std::all_of(kept.values.begin(), kept.values.end(), finite) ||
      !std::all_of(report.loss.begin(), report.loss.end(), finite)) {
    throw numeric_error(function, "the factors are no finite numbers any more; lower learning_rate");
  }
  return {std::move(report), std::move(kept), machine.bias()};
}

}  // namespace cf
}  // namespace mmrec::inline v0
