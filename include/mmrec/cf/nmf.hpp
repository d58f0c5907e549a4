// mmrec/cf/nmf.hpp - ratings as inner products of factors that are never negative.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/rating_data.hpp>
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

namespace mmrec::inline v0 {
namespace cf {

class nmf_model;

/// Non-negative matrix factorisation of the observed ratings: r is estimated as q_i . p_u (as mean + b_u + b_i + q_i . p_u if
/// biased) with no factor below 0. Each epoch multiplies every factor once, by what the ratings ask for divided by what the
/// estimates give, so that the sign is kept without a learning rate.
///
/// Shapes     p: U x K, q: I x K, K = factors    out: I scores; no_score for an item without ratings
/// Cost       fit O(epochs R K) for R ratings, 8 K (U + I) bytes of factors and 12 R of ratings; predict O(K), score O(I K),
///            score_history O(epochs |history| K)
/// Result     for a cold user or item the estimate is the mean of all ratings, plus, if biased, the bias that is known; nothing
///            is scored for a cold user unless biased. Same bits for any number of threads (the biases are learnt one rating
///            after another). score_history holds the items fixed and makes as many steps as fit did, from equal factors:
///            near, but not, what fit found for a user
/// Throws     invalid_config for a field out of range; data_error without ratings or for a negative one; limit_error beyond
///            the executor's memory limit; numeric_error if the biases diverge; unknown_id for a user or item outside the
///            catalogue; cancelled
/// Avoid when accuracy is all that counts: cf::svd; biased it overfits unless factors are few
/// Example    tests/cf/nmf_test.cpp
/// Reference  Luo, Zhou, Xia, Zhu, "An efficient non-negative matrix-factorization-based approach to collaborative filtering
///            for recommender systems", IEEE Trans. Industrial Informatics 10(2), 2014; Zhang, Wang, Ford, Makedon, "Learning
///            from incomplete ratings using non-negative matrix factorization", SDM 2006
struct nmf {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t factors = 15;           ///< K, 1..4096
  std::size_t epochs = 50;            ///< 1..100000
  float user_regularization = 0.06f;  ///< >= 0; paid once for each rating
  float item_regularization = 0.06f;  ///< >= 0; the same
  float initial_low = 0.0f;           ///< >= 0; factors start uniformly between these two
  float initial_high = 1.0f;          ///< > initial_low
  bool biased = false;                ///< the mean and biases are part of the estimate
  float bias_learning_rate = 0.005f;  ///< > 0; only if biased
  float bias_regularization = 0.02f;  ///< >= 0; only if biased

  template <executor Exec>
  nmf_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  /// Peak memory of fit, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec&, const data::interactions& log) const {
    const std::uint64_t rows = std::uint64_t{log.users()} + log.items();
    return rows * 2 * factors * sizeof(float) + rows * sizeof(double) + 8 * (std::uint64_t{log.items()} + 1) +
           12 * std::uint64_t{log.size()} + log.users() + log.items();
  }

  friend bool operator==(const nmf&, const nmf&) = default;
};

/// Fitted factors. All members are const and safe to call from any number of threads, each with its own workspace; with one
/// that has been used before they do not allocate.
class nmf_model {
 public:
  /// Scratch memory of one thread.
  struct workspace {
    std::vector<float> factors;
    std::vector<float> moved;
    std::vector<float> estimates;
    std::vector<double> sums;
  };

  std::size_t users() const { return user_known_.size(); }
  std::size_t items() const { return item_known_.size(); }
  std::size_t factors() const { return spec_.factors; }
  rating_scale scale() const { return summary_.scale; }
  /// The mean of all ratings.
  double mean() const { return summary_.mean; }
  const nmf& spec() const { return spec_; }
  /// p_u and q_i: K numbers each, none negative; 0 for cold ones. Throw unknown_id.
  std::span<const float> user_factors(user_id user) const {
    detail::require_user("cf::nmf::user_factors", user, users());
    return row_of(user_factors_, user.index());
  }
  std::span<const float> item_factors(item_id item) const {
    detail::require_item("cf::nmf::item_factors", item, items());
    return row_of(item_factors_, item.index());
  }

  float predict(user_id user, item_id item) const {
    detail::require_user("cf::nmf::predict", user, users());
    detail::require_item("cf::nmf::predict", item, items());
    const bool cold = user_known_[user.index()] == 0 || item_known_[item.index()] == 0;
    if (cold && !spec_.biased) return scale().clip(mean());
    return scale().clip(estimate(row_of(user_factors_, user.index()), user_biases_[user.index()], item.index()));
  }
  float predict(user_id user, item_id item, workspace&) const { return predict(user, item); }

  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::nmf::score";
    detail::require_user(function, user, users());
    require_size(function, "out", items(), out.size());
    fill(user_known_[user.index()] != 0, row_of(user_factors_, user.index()), user_biases_[user.index()], out);
  }
  /// The scores of a user described by ratings; see Result of the spec.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::nmf::score_history";
    detail::require_history(function, history, items());
    require_ratings(function, history.values);
    require_size(function, "out", items(), out.size());
    const bool known = std::any_of(history.items.begin(), history.items.end(),
                                   [&](item_id item) { return item_known_[item.index()] != 0; });
    const double bias = fold_in(history, known, scratch);
    fill(known, scratch.factors, bias, out);
  }

 private:
  friend struct nmf;

  nmf_model(const nmf& spec, const detail::rating_summary& summary) : spec_(spec), summary_(summary) {}

  static void require_ratings(std::string_view function, std::span<const float> values) {
    for (const float value : values) {
      if (!(value >= 0.0f && std::isfinite(value))) throw data_error(function, "a rating is negative or not finite");
    }
  }

  std::span<const float> row_of(const std::vector<float>& rows, std::size_t row) const {
    return std::span(rows).subspan(row * factors(), factors());
  }
  static double dot(std::span<const float> left, std::span<const float> right) {
    double sum = 0.0;
    for (std::size_t k = 0; k < left.size(); ++k) sum += double{left[k]} * double{right[k]};
    return sum;
  }
  double estimate(std::span<const float> factors_of_user, double user_bias, std::size_t item) const {
    const double product = dot(factors_of_user, row_of(item_factors_, item));
    return spec_.biased ? mean() + user_bias + item_biases_[item] + product : product;
  }
  void fill(bool known, std::span<const float> factors_of_user, double user_bias, std::span<float> out) const {
    const bool judges = known || spec_.biased;
    for (std::size_t item = 0; item < items(); ++item) {
      const bool scored = judges && item_known_[item] != 0;
      out[item] = scored ? static_cast<float>(estimate(factors_of_user, user_bias, item)) : no_score;
    }
  }

  /// One step of one row. `rating(entry)`, `estimate(entry)` and `other(entry)`, the factors of the other side, for `count`
  /// entries; `sums` holds 2 K numbers.
  template <class Rating, class Estimate, class Other>
  static void step(std::size_t count, const Rating& rating, const Estimate& estimate_of, const Other& other,
                   float regularization, std::span<const float> row, std::span<float> out, std::span<double> sums) {
    const std::size_t width = row.size();
    std::fill(sums.begin(), sums.end(), 0.0);
    for (std::size_t entry = 0; entry < count; ++entry) {
      const std::span<const float> theirs = other(entry);
      const double wanted = rating(entry), given = estimate_of(entry);
      for (std::size_t k = 0; k < width; ++k) {
        sums[k] += wanted * double{theirs[k]};
        sums[width + k] += given * double{theirs[k]};
      }
    }
    for (std::size_t k = 0; k < width; ++k) {
      const double below = sums[width + k] + static_cast<double>(count) * double{regularization} * double{row[k]};
      // Biased estimates may be negative: then there is nothing to divide by, and the factor stays.
      out[k] = below > 0.0 ? static_cast<float>(double{row[k]} * (sums[k] / below)) : row[k];
    }
  }

  /// Leaves the factors in scratch.factors and returns the bias; 0 unless an item of the history is known.
  double fold_in(history_view history, bool known, workspace& scratch) const {
    const float middle = 0.5f * (spec_.initial_low + spec_.initial_high);
    scratch.factors.assign(factors(), known ? middle : 0.0f);
    scratch.moved.resize(factors());
    scratch.sums.resize(2 * factors());
    scratch.estimates.resize(history.items.size());
    double bias = 0.0;
    for (std::size_t epoch = 0; known && epoch < spec_.epochs; ++epoch) {
      for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
        const double found = estimate(scratch.factors, bias, history.items[entry].index());
        scratch.estimates[entry] = static_cast<float>(found);
        if (!spec_.biased || item_known_[history.items[entry].index()] == 0) continue;
        const double error = double{history.values[entry]} - found;
        bias += double{spec_.bias_learning_rate} * (error - double{spec_.bias_regularization} * bias);
      }
      // Factors of cold items are 0: they add to neither sum.
      step(
          history.items.size(), [&](std::size_t entry) { return double{history.values[entry]}; },
          [&](std::size_t entry) { return double{scratch.estimates[entry]}; },
          [&](std::size_t entry) { return row_of(item_factors_, history.items[entry].index()); }, spec_.user_regularization,
          scratch.factors, scratch.moved, scratch.sums);
      std::swap(scratch.factors, scratch.moved);
    }
    return bias;
  }

  nmf spec_;
  detail::rating_summary summary_;
  std::vector<float> user_factors_;  // U x K
  std::vector<float> item_factors_;  // I x K
  std::vector<double> user_biases_;  // 0 unless biased
  std::vector<double> item_biases_;
  std::vector<std::uint8_t> user_known_;
  std::vector<std::uint8_t> item_known_;
};

template <executor Exec>
nmf_model nmf::fit(const Exec& asked, const data::interactions& log, seed key) const {
  constexpr std::string_view function = "cf::nmf::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  const auto sane = [](float value) { return std::isfinite(value) && value >= 0.0f; };
  require_config(factors >= 1 && factors <= 4096, function, "factors", "must be 1 to 4096");
  require_config(epochs >= 1 && epochs <= 100'000, function, "epochs", "must be 1 to 100000");
  require_config(sane(user_regularization), function, "user_regularization", "must be finite and not negative");
  require_config(sane(item_regularization), function, "item_regularization", "must be finite and not negative");
  require_config(sane(initial_low), function, "initial_low", "must be finite and not negative");
  require_config(sane(initial_high) && initial_high > initial_low, function, "initial_high", "must exceed initial_low");
  require_config(sane(bias_learning_rate) && bias_learning_rate > 0.0f, function, "bias_learning_rate",
                 "must be positive and finite");
  require_config(sane(bias_regularization), function, "bias_regularization", "must be finite and not negative");
  nmf_model model(*this, detail::summarize_ratings(function, log));
  nmf_model::require_ratings(function, log.value_array());
  constexpr std::size_t most = (std::numeric_limits<std::uint32_t>::max)();
  if (log.size() > most) throw limit_error(function, "ratings", most, log.size());
  require_memory(asked, function, fit_bytes(asked, log));

  // The ratings of each item: who, and which entry of the log.
  std::vector<std::size_t> starts(log.items() + 1, 0);
  std::vector<std::uint32_t> users_of(log.size()), entries_of(log.size());
  {
    for (const item_id item : log.item_array()) ++starts[item.index() + 1];
    for (std::size_t item = 0; item < log.items(); ++item) starts[item + 1] += starts[item];
    std::vector<std::size_t> next(starts.begin(), starts.end() - 1);
    for (std::size_t user = 0; user < log.users(); ++user) {
      for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
        const std::size_t place = next[log.item_array()[entry].index()]++;
        users_of[place] = static_cast<std::uint32_t>(user);
        entries_of[place] = static_cast<std::uint32_t>(entry);
      }
    }
  }
  const auto start = [&](std::span<const std::size_t> of, std::uint64_t part, std::vector<float>& rows,
                         std::vector<std::uint8_t>& known) {
    const std::size_t count = of.size() - 1;
    rows.assign(count * factors, 0.0f);
    known.assign(count, 0);
    for (std::size_t row = 0; row < count; ++row) {
      if (of[row] == of[row + 1]) continue;
      known[row] = 1;
      random_stream random(key.derive(part), row);
      for (std::size_t k = 0; k < factors; ++k) {
        rows[row * factors + k] = initial_low + (initial_high - initial_low) * random.uniform_float();
      }
    }
  };
  start(log.starts(), 0, model.user_factors_, model.user_known_);
  start(starts, 1, model.item_factors_, model.item_known_);
  model.user_biases_.assign(log.users(), 0.0);
  model.item_biases_.assign(log.items(), 0.0);

  std::vector<float> moved_users(model.user_factors_.size()), moved_items(model.item_factors_.size());
  std::vector<float> estimates(log.size());
  constexpr std::size_t grain = 64;
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    for_ranges(exec, log.users(), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t user = begin; user < end; ++user) {
        const auto own = model.row_of(model.user_factors_, user);
        for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
          const auto theirs = model.row_of(model.item_factors_, log.item_array()[entry].index());
          estimates[entry] = static_cast<float>(nmf_model::dot(own, theirs));
        }
      }
    });
    for (std::size_t user = 0; user < log.users() && biased; ++user) {
      double& own = model.user_biases_[user];
      for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
        double& others = model.item_biases_[log.item_array()[entry].index()];
        const double found = model.mean() + own + others + double{estimates[entry]};
        const double error = double{log.value_array()[entry]} - found;
        own += double{bias_learning_rate} * (error - double{bias_regularization} * own);
        others += double{bias_learning_rate} * (error - double{bias_regularization} * others);
        estimates[entry] = static_cast<float>(found);
      }
    }
    for_ranges(exec, log.users(), grain, [&](std::size_t begin, std::size_t end) {
      std::vector<double> sums(2 * factors);
      for (std::size_t user = begin; user < end; ++user) {
        const std::size_t first = log.starts()[user];
        nmf_model::step(
            log.starts()[user + 1] - first, [&](std::size_t n) { return double{log.value_array()[first + n]}; },
            [&](std::size_t n) { return double{estimates[first + n]}; },
            [&](std::size_t n) { return model.row_of(model.item_factors_, log.item_array()[first + n].index()); },
            user_regularization, model.row_of(model.user_factors_, user),
            std::span(moved_users).subspan(user * factors, factors), sums);
      }
    });
    for_ranges(exec, log.items(), grain, [&](std::size_t begin, std::size_t end) {
      std::vector<double> sums(2 * factors);
      for (std::size_t item = begin; item < end; ++item) {
        const std::size_t first = starts[item];
        nmf_model::step(
            starts[item + 1] - first, [&](std::size_t n) { return double{log.value_array()[entries_of[first + n]]}; },
            [&](std::size_t n) { return double{estimates[entries_of[first + n]]}; },
            [&](std::size_t n) { return model.row_of(model.user_factors_, users_of[first + n]); }, item_regularization,
            model.row_of(model.item_factors_, item), std::span(moved_items).subspan(item * factors, factors), sums);
      }
    });
    std::swap(model.user_factors_, moved_users);
    std::swap(model.item_factors_, moved_items);
  }
  report_progress(exec.sink(), function, epochs, epochs);
  for (const auto* side : {&model.user_biases_, &model.item_biases_}) {
    for (const double bias : *side) {
      if (!std::isfinite(bias)) throw numeric_error(function, "the biases diverge; lower bias_learning_rate");
    }
  }
  return model;
}

}  // namespace cf
}  // namespace mmrec::inline v0
