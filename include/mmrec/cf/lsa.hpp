// mmrec/cf/lsa.hpp - latent semantic analysis of the user-item matrix (PureSVD).
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
#include <mmrec/cf/detail/item_factors.hpp>
#include <mmrec/cf/weighting.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/randomized_svd.hpp>

namespace mmrec::inline v0 {
namespace cf {

class lsa_model;

/// Latent semantic analysis as a recommender, known as PureSVD: the user's row x_u of the weighted matrix, in which pairs
/// without an interaction are 0, is projected on the K leading right singular vectors V, and x_u V V^T are the scores.
///
/// Shapes     X: U x I, V: I x K    out: I scores; no_score for an item without interactions and for everything if no item
///            of the history has interactions
/// Cost       fit 4 (power_iterations + 2) (K + oversampling) operations for each interaction; 20 (K + oversampling) bytes
///            an item while fitting; the model 8 I K + 8 E bytes; score O((|history| + I) K)
/// Result     the same bits for the same input and seed, for any number of threads; depends on the seed only as far as the
///            iteration has not converged. A new user is scored as a user of the fit is (exact fold-in: the projection);
///            V itself changes with a refit only
/// Throws     invalid_config if factors is not in 1..min(U, I), power_iterations > 1000 or the weighting has a constant
///            out of range; data_error for a negative value where there is a weighting; numeric_error if squares of values
///            overflow; limit_error above the executor's memory limit; unknown_id, shape_error; cancelled
/// Avoid when accuracy counts most: unobserved pairs weigh as much as observed ones; cf::ials
/// Example    tests/cf/lsa_test.cpp
/// Reference  Cremonesi, Koren, Turrin, "Performance of recommender algorithms on top-N recommendation tasks", RecSys 2010
///            (PureSVD); Deerwester et al., "Indexing by latent semantic analysis", JASIS 41(6), 1990
struct lsa {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t factors = 64;          ///< K, 1..min(U, I); 10 to 200 are usual
  bool binary = true;                ///< an interaction counts 1 whatever its value, while fitting and scoring
  cf::weighting weighting = {};      ///< of the matrix; its documents are the users
  std::size_t oversampling = 10;     ///< dimensions of the random subspace beyond K
  std::size_t power_iterations = 4;  ///< 0..1000; more separate close singular values better

  template <executor Exec>
  lsa_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const lsa&, const lsa&) = default;
};

/// Fitted singular vectors. Meets factor_model and explainable_model.
class lsa_model {
 public:
  /// Scratch memory of one thread; grows to K numbers on first use.
  struct workspace {
    std::vector<double> sums;
    std::vector<float> user;
  };

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return factors_.items(); }
  std::size_t factors() const { return factors_.width(); }
  /// K, decreasing.
  std::span<const double> singular_values() const { return singular_values_; }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of("cf::lsa::score", user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::lsa::score_history";
    detail::require_history(function, history, items(), !binary_);
    require_size(function, "out", items(), out.size());
    scratch.user.resize(factors());
    project(history, scratch.user, scratch);
    factors_.dot_all(scratch.user, out);
  }

  /// What each item of the history adds to the score of `item`; all 0 where the score is no_score.
  void explain(history_view history, item_id item, std::span<float> out) const {
    constexpr std::string_view function = "cf::lsa::explain";
    detail::require_history(function, history, items(), !binary_);
    detail::require_item(function, item, items());
    require_size(function, "out", history.items.size(), out.size());
    const double length = weights_.length(history.values, binary_);
    for (std::size_t entry = 0; entry < out.size(); ++entry) {
      const item_id other = history.items[entry];
      out[entry] = 0.0f;
      if (!factors_.has(item) || !factors_.has(other)) continue;
      double product = 0.0;
      for (std::size_t k = 0; k < factors(); ++k) product += double{factors_.row(item)[k]} * double{factors_.row(other)[k]};
      out[entry] = static_cast<float>(double{value(history, entry, length)} * product);
    }
  }

  /// x_u V, such that score() = its inner product with item_vectors(); NaN for a user without score. Shapes  out: K
  void user_vector(user_id user, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::lsa::user_vector";
    require_size(function, "out", factors(), out.size());
    project(histories_.of(function, user), out, scratch);
  }
  /// V, I x K; NaN for items without interactions. The entry of largest magnitude of each column is positive.
  matrix_view<float> item_vectors() const { return factors_.rows(); }

 private:
  friend struct lsa;
  lsa_model(bool binary, detail::user_histories histories, detail::document_weights weights, detail::item_factors factors,
            std::vector<double> singular_values)
      : binary_(binary),
        histories_(std::move(histories)),
        weights_(std::move(weights)),
        factors_(std::move(factors)),
        singular_values_(std::move(singular_values)) {}

  float value(const history_view& history, std::size_t entry, double length) const {
    return weights_(binary_ ? 1.0f : history.values[entry], history.items[entry].index(), length);
  }

  void project(const history_view& history, std::span<float> out, workspace& scratch) const {
    scratch.sums.assign(factors(), 0.0);
    const double length = weights_.length(history.values, binary_);
    bool judges = false;
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      if (!factors_.has(history.items[entry])) continue;
      judges = true;
      const double weight = double{value(history, entry, length)};
      const auto row = factors_.row(history.items[entry]);
      for (std::size_t k = 0; k < row.size(); ++k) scratch.sums[k] += weight * double{row[k]};
    }
    std::transform(scratch.sums.begin(), scratch.sums.end(), out.begin(),
                   [&](double sum) { return judges ? static_cast<float>(sum) : no_score; });
  }

  bool binary_;
  detail::user_histories histories_;
  detail::document_weights weights_;
  detail::item_factors factors_;
  std::vector<double> singular_values_;
};

/// The bytes that fit takes at its peak, the model included.
template <executor Exec>
std::uint64_t lsa::fit_bytes(const Exec&, const data::interactions& log) const {
  const std::uint64_t users = log.users(), items = log.items(), pairs = log.size();
  const std::uint64_t width = factors + (std::min)(std::uint64_t{oversampling}, (std::min)(users, items) - factors);
  const std::uint64_t stride = (width + 15) / 16 * 16;
  const std::uint64_t weights = detail::document_weights::bytes(weighting, items);
  const std::uint64_t matrices = 8 * (users + items) + 16 * pairs;  // X and its transpose
  // The basis in double and in float, a block of it and the vectors; the products of X with it.
  const std::uint64_t block = 8 * (std::min)(items, std::uint64_t{1024}) * width;
  const std::uint64_t solver =
      12 * items * width + block + 8 * items * factors + 4 * (users + items) * stride + 32 * width * width;
  const std::uint64_t model =
      detail::item_factors::bytes(items, factors) + 8 * items * factors + detail::user_histories::bytes(log);
  return weights + (std::max)(matrices + solver, model);
}

template <executor Exec>
lsa_model lsa::fit(const Exec& asked, const data::interactions& log, seed key) const {
  constexpr std::string_view function = "cf::lsa::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  const std::size_t users = log.users(), items = log.items(), most = (std::min)(users, items);
  require_config(factors >= 1, function, "factors", "must be at least 1");
  require_config(factors <= most, function, "factors",
                 std::to_string(factors) + " exceeds min(users, items) = " + std::to_string(most));
  require_config(power_iterations <= 1000, function, "power_iterations", "must be at most 1000");
  detail::require_weighting(function, weighting);
  require_memory(exec, function, fit_bytes(exec, log));
  std::vector<float> values = detail::plain_values(log, binary);
  detail::document_weights weights(function, weighting, documents::users, log, values);
  weights.apply(log, values);

  std::vector<double> vectors(items * factors), singular_values;
  {
    std::vector<std::int32_t> columns(log.size());
    std::transform(log.item_array().begin(), log.item_array().end(), columns.begin(),
                   [](item_id item) { return static_cast<std::int32_t>(item.index()); });
    const csr_matrix<float> x(items, {log.starts().begin(), log.starts().end()}, std::move(columns), std::move(values));
    kernel::sparse_operator<float> product(x);
    const std::size_t width = factors + (std::min)(oversampling, most - factors);
    singular_values.resize(width);
    if (!kernel::randomized_right_vectors<float>(function, exec, product, items, factors, width, power_iterations, key,
                                                 std::span<double>(vectors), std::span<double>(singular_values))) {
      throw numeric_error(function, "the values are too large: their squares overflow");
    }
  }
  singular_values.resize(factors);
  matrix<float> rows(static_cast<Eigen::Index>(items), static_cast<Eigen::Index>(factors));
  for (std::size_t k = 0; k < factors; ++k) {
    const auto vector = std::span(vectors).subspan(k * items, items);
    const double largest =
        *std::max_element(vector.begin(), vector.end(), [](double a, double b) { return std::abs(a) < std::abs(b); });
    const double sign = largest < 0.0 ? -1.0 : 1.0;
    for (std::size_t item = 0; item < items; ++item) {
      rows(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(k)) = static_cast<float>(sign * vector[item]);
    }
    singular_values[k] = std::sqrt((std::max)(singular_values[k], 0.0));
  }
  return {binary, detail::user_histories(log), std::move(weights),
          detail::item_factors(std::move(rows), detail::items_with_interactions(log)), std::move(singular_values)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
