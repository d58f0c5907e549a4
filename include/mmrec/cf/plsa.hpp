// mmrec/cf/plsa.hpp - probabilistic latent semantic analysis: users are mixtures of tastes, tastes distributions over items.
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
#include <mmrec/cf/detail/item_factors.hpp>
#include <mmrec/cf/detail/item_users.hpp>
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

namespace mmrec::inline v0 {
namespace cf {

class plsa_model;

/// Probabilistic latent semantic analysis: P(i | u) = sum over K tastes z of P(z | u) P(i | z), by expectation maximisation
/// of sum over interactions of v log P(i | u). Scores are P(i | u).
///
///   E  P(z | u, i) ~ (P(z | u) P(i | z))^beta          beta < 1: tempered, smoother, less prone to overfitting
///   M  P(z | u) ~ sum over i of v P(z | u, i),  P(i | z) ~ sum over u of v P(z | u, i)
///
/// Shapes     out: I scores, which sum to 1; no_score for an item without interactions and for everything if no item of the
///            history has interactions
/// Cost       fit O(iterations E K) time, 8 (U + I) K + 24 E bytes; score O(fold_in_iterations |history| K + I K), 8
///            |history| K bytes of the workspace
/// Result     the same bits for the same input and seed, for any number of threads; with beta = 1 no iteration lowers the
///            likelihood. A user's mixture is always found from the history by fold_in_iterations steps with P(i | z) fixed:
///            a concave problem, so that the mixture of a new user is that of a user of the fit with the same history
///            (exact fold-in), and nears the one that the fit ended with as both converge
/// Throws     invalid_config if factors is not in 1..4096, iterations or fold_in_iterations < 1 or beta is not in (0, 1];
///            data_error for a negative value where binary is not set; limit_error above the executor's memory limit;
///            unknown_id, shape_error; cancelled
/// Avoid when accuracy counts most: cf::ials. Worth it where tastes are to be read
/// Example    tests/cf/plsa_test.cpp
/// Reference  Hofmann, "Latent semantic models for collaborative filtering", ACM TOIS 22(1), 2004
struct plsa {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t factors = 32;             ///< K, 1..4096, tastes; 10 to 200 are usual
  std::size_t iterations = 30;          ///< >= 1
  std::size_t fold_in_iterations = 20;  ///< >= 1, steps that find a user's mixture
  float beta = 1.0f;                    ///< 0 < beta <= 1; 0.7 to 1 are usual
  bool binary = true;                   ///< an interaction counts 1 whatever its value

  template <executor Exec>
  plsa_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const plsa&, const plsa&) = default;
};

namespace detail {

/// (x)^beta of n numbers; `out` may be the numbers themselves.
inline void tempered(std::span<const double> values, double beta, std::span<double> out) {
  if (beta == 1.0) {
    if (values.data() != out.data()) std::copy(values.begin(), values.end(), out.begin());
  } else {
    std::transform(values.begin(), values.end(), out.begin(), [&](double value) { return std::pow(value, beta); });
  }
}

}  // namespace detail

/// Fitted tastes. Meets factor_model and explainable_model.
class plsa_model {
 public:
  /// Scratch memory of one thread; grows to (|history| + 4) K numbers on first use.
  struct workspace {
    std::vector<double> mixture, powers, next, item;
    std::vector<double> likelihoods;   // (P(i | z))^beta of the entries that count
    std::vector<std::size_t> entries;  // of the history: those that count
    std::vector<float> user;
  };

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return factors_.items(); }
  std::size_t factors() const { return factors_.width(); }
  /// sum of v log P(i | u) before each iteration.
  std::span<const double> log_likelihood() const { return log_likelihood_; }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of("cf::plsa::score", user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::plsa::score_history";
    detail::require_history(function, history, items(), !spec_.binary);
    require_size(function, "out", items(), out.size());
    scratch.user.resize(factors());
    mix(history, scratch.user, scratch);
    factors_.dot_all(scratch.user, out);
  }

  /// What each item of the history adds to the score of `item`: P(i | z) by the tastes for which the last step of the
  /// fold-in took it; all 0 where the score is no_score.
  void explain(history_view history, item_id item, std::span<float> out) const {
    constexpr std::string_view function = "cf::plsa::explain";
    detail::require_history(function, history, items(), !spec_.binary);
    detail::require_item(function, item, items());
    require_size(function, "out", history.items.size(), out.size());
    std::fill(out.begin(), out.end(), 0.0f);
    workspace scratch;
    scratch.user.resize(factors());
    if (!factors_.has(item) || !mix(history, scratch.user, scratch)) return;
    const auto row = factors_.row(item);
    std::vector<double> parts(scratch.entries.size(), 0.0);
    double total = 0.0;
    for (std::size_t place = 0; place < parts.size(); ++place) {
      const double value = value_of(history, scratch.entries[place]), sum = responsibility(place, scratch);
      if (!(sum > 0.0)) continue;
      total += value;
      for (std::size_t z = 0; z < row.size(); ++z) parts[place] += value / sum * scratch.item[z] * double{row[z]};
    }
    for (std::size_t place = 0; place < parts.size(); ++place) {
      out[scratch.entries[place]] = static_cast<float>(parts[place] / total);
    }
  }

  /// P(z | u) for a user described by a history; NaN where the model knows no item of it. Shapes  out: K
  void mixture(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::plsa::mixture";
    detail::require_history(function, history, items(), !spec_.binary);
    require_size(function, "out", factors(), out.size());
    mix(history, out, scratch);
  }
  /// The same for a user of the fit.
  void user_vector(user_id user, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::plsa::user_vector";
    require_size(function, "out", factors(), out.size());
    mix(histories_.of(function, user), out, scratch);
  }
  /// P(i | z), I x K; NaN for items without interactions.
  matrix_view<float> item_vectors() const { return factors_.rows(); }

 private:
  friend struct plsa;
  plsa_model(const plsa& spec, detail::user_histories histories, detail::item_factors factors,
             std::vector<double> log_likelihood)
      : spec_(spec),
        histories_(std::move(histories)),
        factors_(std::move(factors)),
        log_likelihood_(std::move(log_likelihood)) {}

  double value_of(const history_view& history, std::size_t entry) const {
    return spec_.binary ? 1.0 : double{history.values[entry]};
  }

  // P(z | u, i) of one entry that counts, times the sum that is returned, in scratch.item.
  double responsibility(std::size_t place, workspace& scratch) const {
    const double* const likelihoods = scratch.likelihoods.data() + place * factors();
    double sum = 0.0;
    for (std::size_t z = 0; z < factors(); ++z) sum += scratch.item[z] = scratch.powers[z] * likelihoods[z];
    return sum;
  }

  // Expectation maximisation of the mixture alone. False, and NaN, where no entry counts; scratch.powers is left as the last
  // step took it.
  bool mix(const history_view& history, std::span<float> out, workspace& scratch) const {
    const std::size_t width = factors();
    const double beta = double{spec_.beta};
    scratch.entries.clear();
    scratch.entries.reserve(history.items.size());
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      if (factors_.has(history.items[entry]) && value_of(history, entry) > 0.0) scratch.entries.push_back(entry);
    }
    scratch.likelihoods.resize(scratch.entries.size() * width);
    for (std::size_t place = 0; place < scratch.entries.size(); ++place) {
      const auto row = factors_.row(history.items[scratch.entries[place]]);
      const auto likelihoods = std::span(scratch.likelihoods).subspan(place * width, width);
      std::copy(row.begin(), row.end(), likelihoods.begin());
      detail::tempered(likelihoods, beta, likelihoods);
    }
    scratch.mixture.assign(width, 1.0 / static_cast<double>(width));
    scratch.powers.resize(width);
    scratch.next.resize(width);
    scratch.item.resize(width);
    for (std::size_t step = 0; step < spec_.fold_in_iterations; ++step) {
      detail::tempered(scratch.mixture, beta, scratch.powers);
      std::fill(scratch.next.begin(), scratch.next.end(), 0.0);
      double total = 0.0;
      for (std::size_t place = 0; place < scratch.entries.size(); ++place) {
        const double value = value_of(history, scratch.entries[place]), sum = responsibility(place, scratch);
        if (!(sum > 0.0)) continue;
        total += value;
        for (std::size_t z = 0; z < width; ++z) scratch.next[z] += value / sum * scratch.item[z];
      }
      if (total == 0.0) {
        std::fill(out.begin(), out.end(), no_score);
        return false;
      }
      for (std::size_t z = 0; z < width; ++z) scratch.mixture[z] = scratch.next[z] / total;
    }
    std::transform(scratch.mixture.begin(), scratch.mixture.end(), out.begin(),
                   [](double share) { return static_cast<float>(share); });
    return true;
  }

  plsa spec_;
  detail::user_histories histories_;
  detail::item_factors factors_;
  std::vector<double> log_likelihood_;
};

/// The bytes that fit takes at its peak, the model included.
template <executor Exec>
std::uint64_t plsa::fit_bytes(const Exec&, const data::interactions& log) const {
  const std::uint64_t users = log.users(), items = log.items(), pairs = log.size();
  const std::uint64_t powers = beta == 1.0f ? 0 : 8 * (users + items) * factors;
  const std::uint64_t fitting =
      detail::item_users_bytes(log, true) + 8 * items + 16 * pairs + 16 * (users + items) * factors + powers;
  const std::uint64_t model = detail::item_factors::bytes(items, factors) + detail::user_histories::bytes(log);
  return (std::max)(fitting + 4 * items * factors, model);
}

namespace detail {

/// Expectation maximisation: P(i | z), I x K.
template <executor Exec>
std::vector<double> plsa_tastes(std::string_view function, const Exec& exec, const plsa& spec, const data::interactions& log,
                                seed key, std::vector<double>& log_likelihood) {
  const std::size_t users = log.users(), items = log.items(), width = spec.factors;
  const auto value_of = [&](std::size_t entry) { return spec.binary ? 1.0 : double{log.value_array()[entry]}; };

  // Where the interactions of each item stand in the log, by user: for the sums over users, item by item.
  std::vector<std::size_t> item_starts(items + 1, 0), places(log.size());
  std::vector<std::uint32_t> user_of(log.size());
  for (const item_id item : log.item_array()) ++item_starts[item.index() + 1];
  for (std::size_t item = 0; item < items; ++item) item_starts[item + 1] += item_starts[item];
  {
    std::vector<std::size_t> next(item_starts.begin(), item_starts.end() - 1);
    for (std::size_t user = 0; user < users; ++user) {
      for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
        const std::size_t place = next[log.item_array()[entry].index()]++;
        places[place] = entry;
        user_of[place] = static_cast<std::uint32_t>(user);
      }
    }
  }

  // Rows of users: P(z | u); of items: P(i | z). Tastes start near the items' popularity, so that they part from there.
  std::vector<double> of_users(users * width, 1.0 / static_cast<double>(width)), of_items(items * width, 0.0);
  std::vector<double> next_users(users * width), next_items(items * width), factor(log.size());
  const auto normalize_tastes = [&](std::vector<double>& rows) {
    std::vector<double> sums(width, 0.0);
    for (std::size_t item = 0; item < items; ++item) {
      for (std::size_t z = 0; z < width; ++z) sums[z] += rows[item * width + z];
    }
    for (std::size_t item = 0; item < items; ++item) {
      for (std::size_t z = 0; z < width; ++z) {
        rows[item * width + z] = sums[z] > 0.0 ? rows[item * width + z] / sums[z] : 0.0;
      }
    }
  };
  for (std::size_t item = 0; item < items; ++item) {
    random_stream random(key, item);
    double popularity = 0.0;
    for (std::size_t place = item_starts[item]; place < item_starts[item + 1]; ++place)
      popularity += value_of(places[place]);
    for (std::size_t z = 0; z < width; ++z) of_items[item * width + z] = popularity * (0.5 + random.uniform());
  }
  normalize_tastes(of_items);

  std::vector<double> user_powers, item_powers, likelihood(users);
  if (spec.beta != 1.0f) {
    user_powers.resize(users * width);
    item_powers.resize(items * width);
  }
  constexpr std::size_t range = 256;
  for (std::size_t iteration = 0; iteration < spec.iterations; ++iteration) {
    report_progress(exec.sink(), function, iteration, spec.iterations);
    if (spec.beta != 1.0f) {
      detail::tempered(of_users, double{spec.beta}, user_powers);
      detail::tempered(of_items, double{spec.beta}, item_powers);
    }
    const double* from_users = spec.beta == 1.0f ? of_users.data() : user_powers.data();
    const double* from_items = spec.beta == 1.0f ? of_items.data() : item_powers.data();
    for_ranges(exec, users, range, [&](std::size_t begin, std::size_t end) {
      for (std::size_t user = begin; user < end; ++user) {
        const double* mine = from_users + user * width;
        double* next = next_users.data() + user * width;
        std::fill_n(next, width, 0.0);
        double total = 0.0, sum_of_logs = 0.0;
        for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
          const std::size_t item = log.item_array()[entry].index();
          const double* row = from_items + item * width;
          double sum = 0.0, plain = 0.0;
          for (std::size_t z = 0; z < width; ++z) sum += mine[z] * row[z];
          for (std::size_t z = 0; z < width; ++z) plain += of_users[user * width + z] * of_items[item * width + z];
          const double value = value_of(entry);
          factor[entry] = sum > 0.0 ? value / sum : 0.0;
          if (!(factor[entry] > 0.0)) continue;
          total += value;
          sum_of_logs += value * std::log(plain);
          for (std::size_t z = 0; z < width; ++z) next[z] += factor[entry] * mine[z] * row[z];
        }
        likelihood[user] = sum_of_logs;
        for (std::size_t z = 0; z < width; ++z) next[z] = total > 0.0 ? next[z] / total : of_users[user * width + z];
      }
    });
    for_ranges(exec, items, range, [&](std::size_t begin, std::size_t end) {
      for (std::size_t item = begin; item < end; ++item) {
        const double* row = from_items + item * width;
        double* next = next_items.data() + item * width;
        std::fill_n(next, width, 0.0);
        for (std::size_t place = item_starts[item]; place < item_starts[item + 1]; ++place) {
          const double* theirs = from_users + std::size_t{user_of[place]} * width;
          for (std::size_t z = 0; z < width; ++z) next[z] += factor[places[place]] * theirs[z] * row[z];
        }
      }
    });
    normalize_tastes(next_items);
    std::swap(of_users, next_users);
    std::swap(of_items, next_items);
    double sum = 0.0;
    for (const double part : likelihood) sum += part;
    log_likelihood.push_back(sum);
  }
  report_progress(exec.sink(), function, spec.iterations, spec.iterations);
  return of_items;
}

}  // namespace detail

template <executor Exec>
plsa_model plsa::fit(const Exec& asked, const data::interactions& log, seed key) const {
  constexpr std::string_view function = "cf::plsa::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(factors >= 1 && factors <= 4096, function, "factors", "must be in 1..4096");
  require_config(iterations >= 1, function, "iterations", "must be at least 1");
  require_config(fold_in_iterations >= 1, function, "fold_in_iterations", "must be at least 1");
  require_config(beta > 0.0f && beta <= 1.0f, function, "beta", "must be above 0 and at most 1");
  require_memory(exec, function, fit_bytes(exec, log));
  if (!binary && std::any_of(log.value_array().begin(), log.value_array().end(), [](float value) { return value < 0.0f; })) {
    throw data_error(function, "a value is negative");
  }
  std::vector<double> log_likelihood;
  matrix<float> rows(static_cast<Eigen::Index>(log.items()), static_cast<Eigen::Index>(factors));
  {
    const std::vector<double> tastes = detail::plsa_tastes(function, exec, *this, log, key, log_likelihood);
    std::transform(tastes.begin(), tastes.end(), rows.data(), [](double share) { return static_cast<float>(share); });
  }
  return {*this, detail::user_histories(log), detail::item_factors(std::move(rows), detail::items_with_interactions(log)),
          std::move(log_likelihood)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
