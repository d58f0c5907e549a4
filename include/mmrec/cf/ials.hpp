// mmrec/cf/ials.hpp - implicit-feedback matrix factorisation by alternating least squares.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/ials_content.hpp>
#include <mmrec/cf/detail/ials_fit.hpp>
#include <mmrec/cf/detail/ials_half_step.hpp>
#include <mmrec/cf/detail/ials_memory.hpp>
#include <mmrec/cf/detail/ials_social.hpp>
#include <mmrec/cf/detail/ials_solver.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/social_graph.hpp>
#include <mmrec/kernel/als.hpp>

namespace mmrec::inline v0 {
namespace cf {

class ials_model;

/// What fitting met.
struct ials_report {
  std::vector<double> objective;  ///< after each iteration; empty unless track_loss was set
  friend bool operator==(const ials_report&, const ials_report&) = default;
};

/// Learns K factors of each user and item whose inner product is near 1 for pairs with an interaction and near 0 for all
/// others, every pair counted ("implicit ALS", "weighted matrix factorisation"). With features of the items, their factors
/// are drawn towards a linear map of the features, so that an item nobody has touched yet can be scored. With a graph of whom
/// users trust, their factors are drawn towards each other ("social regularisation"), so that a user who has done nothing
/// yet can be served.
///
/// With values r_ui >= 0 of the interactions, fit lowers
///
///   sum over all pairs of c_ui (p_ui - x_u . y_i)^2  +  sum over u of lambda_u |x_u|^2  +  sum over i of lambda_i |y_i|^2
///
///   c_ui = 1 + alpha r_ui,   p_ui = 1 if r_ui > 0, else 0,
///   lambda_u = regularization * (sum over i of c_ui)^regularization_exponent, and lambda_i in the same way.
///
/// Users and items without an interaction of positive value are no part of the sums and have no score. With features f_i,
/// lambda_i |y_i|^2 becomes content_weight lambda_i |y_i - (f_i, 1) W|^2 for items that have them, W is learnt with the rest
/// under a ridge of feature_regularization * (mean of content_weight lambda_i) |W|^2, its intercept left free, and items
/// with features but without interactions get the factors (f_i, 1) W in the end, and so a score.
///
/// With a graph of edges u -> v of weight w_uv between users with interactions, the sum gains
///
///   sum over the edges of social_weight lambda_u w_uv / (sum over v' of w_uv') |x_u - x_v|^2,
///
/// and users without interactions get the mean of the factors of those they trust, weighted by w, in the end.
///
/// Shapes     U users, I items, E interactions, K factors, D features, T edges
/// Cost       one iteration O(E K^2 + (U + I) K^3) time with the Cholesky solver; the others (see ials_solver) take less,
///            the more so the larger K is, and come a little less far. 4 (U + I) K + 16 E bytes, and up to 260 K^2 for
///            partial sums of K x K: fit_bytes says exactly. Features add O(I D K) an iteration and O(I D^2 + D^3) once, a
///            graph O((U + T) K) an iteration.
///            50,000 users, 20,000 items, 5 million interactions: bench/cf/ials_solvers_bench.cpp
/// Result     the same bits for the same input and seed, for any number of threads; processors with other vector
///            instructions differ by rounding
/// Throws     invalid_config; data_error for a negative value or a non-finite feature; shape_error if the features are
///            not of these items or the graph not of these users; numeric_error if float32 cannot solve a row;
///            limit_error above the executor's memory limit; cancelled
/// Avoid when values are ratings to be predicted (all pairs without one count as 0), or when K^2 nears the interactions
/// Example    tests/cf/ials_test.cpp
/// Reference  Hu, Koren, Volinsky, "Collaborative filtering for implicit feedback datasets", ICDM 2008;
///            Rendle, Krichene, Zhang, Koren, "Revisiting the performance of iALS on item recommendation benchmarks",
///            RecSys 2022 (divided by its unobserved weight 1 / alpha, their objective is this one with alpha for 1 + alpha on
///            the right-hand side of the normal equations; their lambda is the same for exponent 1);
///            Takacs, Pilaszy, Tikk, "Applications of the conjugate gradient method for implicit feedback collaborative
///            filtering", RecSys 2011; Rendle, Krichene, Zhang, Koren, "iALS++: speeding up matrix factorization with
///            subspace optimization", 2021 (solvers);
///            Agarwal, Chen, "Regression-based latent factor models", KDD 2009 (features); Ma, Zhou, Liu, Lyu, King,
///            "Recommender systems with social regularization", WSDM 2011 (their individual-based form, on implicit feedback)
struct ials {
  std::size_t factors = 64;              ///< K, 1..4096
  float regularization = 0.01f;          ///< > 0
  float alpha = 10.0f;                   ///< > 0; how much more an interaction counts than its absence
  std::size_t iterations = 15;           ///< 1..100000; each solves for all items, then for all users
  float regularization_exponent = 1.0f;  ///< 0: the same for everyone; 1: grows with the row's total confidence
  float initial_scale = 0.1f;            ///< > 0; users start as normal numbers of this deviation / sqrt(K)
  float content_weight = 1.0f;           ///< > 0; pull towards the features' map; only used with features
  float feature_regularization = 1.0f;   ///< > 0; ridge of that map; only used with features
  float social_weight = 1.0f;            ///< > 0; pull of those a user trusts; only used with a graph
  bool track_loss = false;               ///< report the objective of each iteration
  ials_solver solver = ials_solver::cholesky;
  std::size_t cg_steps = 3;     ///< 1..1000; steps in each half of an iteration; only for conjugate_gradient
  std::size_t block_size = 32;  ///< a multiple of 16 in 16..4096; factors solved for at a time; only for subspace

  using input_kind = kind::dense<float>;
  using output_kind = kind::scores;
  template <class Given>
  using output_for = std::conditional_t<kind_fits<Given, input_kind>, output_kind, void>;
  static constexpr bool collaborative = true;  ///< can be fitted without features
  static constexpr bool uses_features = true;  ///< can be fitted with features

  template <executor Exec>
  ials_model fit(const Exec& exec, const data::interactions& interactions, seed key) const;
  template <executor Exec>
  ials_model fit(const Exec& exec, const data::interactions& interactions, const data::dense_features& features,
                 seed key) const;
  template <executor Exec>
  ials_model fit(const Exec& exec, const data::interactions& interactions, const data::social_graph& graph, seed key) const;
  template <executor Exec>
  ials_model fit(const Exec& exec, const data::interactions& interactions, const data::dense_features& features,
                 const data::social_graph& graph, seed key) const;

  /// Bytes that fit takes at its peak, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& interactions) const {
    return detail::ials_fit_bytes(exec.concurrency(), *this, interactions, {});
  }
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& interactions,
                          const data::dense_features& features) const {
    return detail::ials_fit_bytes(exec.concurrency(), *this, interactions, {&features, nullptr});
  }
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& interactions, const data::social_graph& graph) const {
    return detail::ials_fit_bytes(exec.concurrency(), *this, interactions, {nullptr, &graph});
  }
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& interactions, const data::dense_features& features,
                          const data::social_graph& graph) const {
    return detail::ials_fit_bytes(exec.concurrency(), *this, interactions, {&features, &graph});
  }

  friend bool operator==(const ials&, const ials&) = default;
};

/// Fitted factors. Meets recommender_model and explainable_model. All members are const and safe to call from any number
/// of threads, each with its own workspace; with a workspace that has been used before they do not allocate.
class ials_model {
 public:
  /// Scratch memory of one thread.
  struct workspace {
    detail::ials_scratch solver;
    std::vector<std::uint32_t> ids;
    std::vector<float> weights;
    std::vector<float> factors;
    std::vector<float> mean;
  };

  std::size_t users() const { return state_.users.factors.rows(); }
  std::size_t items() const { return state_.items.factors.rows(); }
  std::size_t factors() const { return spec_.factors; }
  /// D of the features it was fitted with, 0 without.
  std::size_t feature_width() const { return state_.map.rows() == 0 ? 0 : static_cast<std::size_t>(state_.map.rows() - 1); }
  const ials& spec() const { return spec_; }
  const ials_report& report() const { return report_; }

  Eigen::Map<const matrix<float>> user_vectors() const {
    return state_.users.factors.view();
  }  ///< U x K; NaN in rows without factors
  Eigen::Map<const matrix<float>> item_vectors() const { return state_.items.factors.view(); }  ///< I x K; the same
  const matrix<float>& feature_map() const { return state_.map; }  ///< W, (D + 1) x K; 0 x 0 without features

  /// One user's factors; NaN for a user without any. Throws unknown_id, shape_error.
  void user_vector(user_id user, std::span<float> out, workspace&) const {
    require_size("cf::ials::user_vector", "out", factors(), out.size());
    const auto row = user_row(user, "cf::ials::user_vector");
    std::copy(row.begin(), row.end(), out.begin());
  }
  /// The factors of a user described by a history: the exact minimum of the objective over this user's factors, whatever
  /// the solver of the fit. For a user of the fit that is what the Cholesky solver found, and what the others come near to
  /// with each iteration; NaN for a history that says nothing. Items without factors are passed over; an
  /// item that has its factors from features alone enters the sums where the history holds it.
  /// Throws unknown_id, data_error for a negative value, shape_error, numeric_error.
  void history_vector(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::ials::history_vector";
    require_size(function, "out", factors(), out.size());
    fold_in(function, user_side(), history.items, history.values, {}, out, scratch);
  }
  /// The same for a user who trusts users of the fit: the exact minimum with all others and the items held fixed, if nobody
  /// trusts this user; with a history that says nothing, the mean of the trusted, NaN if none of them has factors. Throws
  /// data_error for a weight outside (0, 1] as well.
  void history_vector(history_view history, data::trust_view trusted, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::ials::history_vector";
    require_size(function, "out", factors(), out.size());
    fold_in(function, user_side(), history.items, history.values, pull_of(function, trusted, scratch), out, scratch);
  }
  /// The factors of an item described by who interacted with it, in the same sense.
  void fold_in_item(std::span<const user_id> users, std::span<const float> values, std::span<float> out,
                    workspace& scratch) const {
    constexpr std::string_view function = "cf::ials::fold_in_item";
    require_size(function, "out", factors(), out.size());
    fold_in(function, item_side(), users, values, {}, out, scratch);
  }
  /// The same for an item that has features as well.
  void fold_in_item(std::span<const user_id> users, std::span<const float> values, std::span<const float> feature,
                    std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::ials::fold_in_item";
    require_size(function, "out", factors(), out.size());
    require_size(function, "feature", feature_width(), feature.size());
    scratch.mean.resize(factors());
    item_vector_from_features(feature, scratch.mean);
    fold_in(function, item_side(), users, values, {scratch.mean, 0.0f, spec_.content_weight}, out, scratch);
  }
  /// The factors that the features' map gives to an item nobody has touched yet. Throws shape_error, also when the model
  /// was fitted without features, and data_error.
  void item_vector_from_features(std::span<const float> feature, std::span<float> out) const {
    constexpr std::string_view function = "cf::ials::item_vector_from_features";
    require_size(function, "feature", feature_width(), feature.size());
    require_size(function, "out", factors(), out.size());
    if (feature.empty()) throw shape_error(function, "feature of a model fitted without features", 1, 0);
    for (const float value : feature) {
      if (!std::isfinite(value)) throw data_error(function, "a feature is not finite");
    }
    detail::map_features(state_.map, feature, out);
  }

  /// Scores of all items. Throws unknown_id, shape_error.
  void score(user_id user, std::span<float> out, workspace&) const {
    require_size("cf::ials::score", "out", items(), out.size());
    kernel::als_scores(state_.items.factors.to_gather(), items(), user_row(user, "cf::ials::score").data(), out.data());
  }
  /// Scores of all items for a user described by a history; see history_vector.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::ials::score_history";
    require_size(function, "out", items(), out.size());
    scratch.factors.resize(factors());
    fold_in(function, user_side(), history.items, history.values, {}, scratch.factors, scratch);
    kernel::als_scores(state_.items.factors.to_gather(), items(), scratch.factors.data(), out.data());
  }
  /// The same for a user who trusts users of the fit.
  void score_history(history_view history, data::trust_view trusted, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::ials::score_history";
    require_size(function, "out", items(), out.size());
    scratch.factors.resize(factors());
    fold_in(function, user_side(), history.items, history.values, pull_of(function, trusted, scratch), scratch.factors,
            scratch);
    kernel::als_scores(state_.items.factors.to_gather(), items(), scratch.factors.data(), out.data());
  }

  /// How much each item of a history adds to the score that score_history gives `item` (section 5 of Hu et al.):
  /// out[j] = c_j y_item^T A^-1 y_j with the matrix A of the user's normal equations. O(K^3).
  /// Throws unknown_id, data_error, shape_error, numeric_error.
  void explain(history_view history, item_id item, std::span<float> out, workspace& scratch) const;
  void explain(history_view history, item_id item, std::span<float> out) const {
    workspace scratch;
    explain(history, item, out, scratch);
  }

 private:
  friend struct ials;
  ials_model(const ials& spec, detail::ials_state state)
      : spec_(spec), report_{std::move(state.objective)}, state_(std::move(state)) {}

  // What the factors of a user, or an item, follow from: the other side's.
  struct side {
    const detail::ials_side& other;
    const char* other_name;
  };
  // own lambda |x|^2 + weight lambda |x - mean|^2; without a mean, lambda |x|^2.
  struct pull {
    std::span<float> mean = {};  // in the workspace; build() scales it
    float own = 1.0f;
    float weight = 0.0f;
  };

  pull pull_of(std::string_view function, const data::trust_view& trusted, workspace& scratch) const {
    require_size(function, "weights of the trusted", trusted.users.size(), trusted.weights.size());
    for (std::size_t edge = 0; edge < trusted.users.size(); ++edge) {
      const std::size_t to = trusted.users[edge].index();
      if (to >= users()) throw unknown_id(function, "user", std::to_string(to), users());
      if (!(trusted.weights[edge] > 0.0f && trusted.weights[edge] <= 1.0f)) {
        throw data_error(function, "the weight to user " + std::to_string(to) + " is not above 0 and at most 1");
      }
    }
    scratch.mean.resize(factors());
    const auto counts = [&](std::size_t user) { return state_.users.in_gram[user] != 0; };
    if (!detail::mean_of_trusted(trusted, state_.users.factors, counts, scratch.mean)) return {};
    return {scratch.mean, 1.0f, spec_.social_weight};
  }

  side user_side() const { return {state_.items, "item"}; }
  side item_side() const { return {state_.users, "user"}; }

  std::span<const float> user_row(user_id user, std::string_view function) const {
    if (user.index() >= users()) throw unknown_id(function, "user", std::to_string(user.index()), users());
    return state_.users.factors.row(user.index());
  }

  /// Checks a history, puts what it says of rows with factors in the workspace and the normal equations in system 0.
  /// False if it says nothing.
  template <class Id>
  bool build(std::string_view function, const side& of, std::span<const Id> ids, std::span<const float> values,
             const pull& drawn, workspace& scratch) const {
    require_size(function, "values of the history", ids.size(), values.size());
    scratch.ids.clear();
    scratch.weights.clear();
    double sum = 0.0;
    for (std::size_t entry = 0; entry < ids.size(); ++entry) {
      const std::size_t id = ids[entry].index(), known = of.other.known.size();
      if (id >= known) throw unknown_id(function, of.other_name, std::to_string(id), known);
      if (!(values[entry] >= 0.0f && std::isfinite(values[entry]))) {
        throw data_error(function, "the value of " + std::string(of.other_name) + ' ' + std::to_string(id) +
                                       " is negative or not finite");
      }
      if (of.other.known[id] == 0) continue;
      const float weight = spec_.alpha * values[entry];
      // The Gram matrix has every row of the fit once; what it lacks enters with its whole confidence 1 + weight.
      const bool lacking = of.other.in_gram[id] == 0 && weight > 0.0f;
      scratch.ids.push_back(ids[entry].value);
      scratch.weights.push_back(lacking ? 1.0f + weight : weight);
      sum += static_cast<double>(scratch.weights.back());
    }
    if (!(sum > 0.0)) return false;
    const std::size_t width = kernel::als_padded(factors());
    scratch.solver.prepare(width, 1);
    const float lambda = detail::ials_lambda(spec_, sum, of.other.active);
    const float strength = drawn.own + drawn.weight;
    for (float& factor : drawn.mean) factor *= drawn.weight / strength;
    const detail::row_prior prior{strength * lambda, drawn.mean.empty() ? nullptr : drawn.mean.data()};
    detail::build_row({of.other.factors.to_gather(), of.other.gram.data(), width}, scratch.ids, scratch.weights, prior,
                      scratch.solver, 0);
    // build_row took 1 + (1 + weight) for the confidence of rows that the Gram matrix lacks.
    for (std::size_t entry = 0; entry < scratch.ids.size(); ++entry) {
      const std::size_t id = scratch.ids[entry];
      if (of.other.in_gram[id] != 0 || !(scratch.weights[entry] > 0.0f)) continue;
      const auto row = of.other.factors.row(id);
      for (std::size_t k = 0; k < row.size(); ++k) scratch.solver.side(0)[k] -= row[k];
    }
    return true;
  }

  template <class Id>
  void fold_in(std::string_view function, const side& of, std::span<const Id> ids, std::span<const float> values,
               const pull& drawn, std::span<float> out, workspace& scratch) const {
    if (build(function, of, ids, values, drawn, scratch)) {
      solve(function, scratch);
      std::copy_n(scratch.solver.side(0), out.size(), out.begin());
    } else if (drawn.mean.empty()) {
      std::fill(out.begin(), out.end(), no_score);
    } else {
      std::copy(drawn.mean.begin(), drawn.mean.end(), out.begin());
    }
  }

  void solve(std::string_view function, workspace& scratch) const {
    if (!detail::solve_rows(scratch.solver, kernel::als_padded(factors()), 1)) {
      throw numeric_error(function, "the normal equations are not positive definite in float32; raise regularization");
    }
  }

  ials spec_;
  ials_report report_;
  detail::ials_state state_;
};

inline void ials_model::explain(history_view history, item_id item, std::span<float> out, workspace& scratch) const {
  constexpr std::string_view function = "cf::ials::explain";
  require_size(function, "out", history.items.size(), out.size());
  if (item.index() >= items()) throw unknown_id(function, "item", std::to_string(item.index()), items());
  std::fill(out.begin(), out.end(), 0.0f);
  if (!build(function, user_side(), history.items, history.values, {}, scratch)) return;
  if (state_.items.known[item.index()] == 0) return;
  float* direction = scratch.solver.side(0);
  const auto wanted = state_.items.factors.row(item.index());
  std::fill(std::copy(wanted.begin(), wanted.end(), direction), direction + kernel::als_padded(factors()), 0.0f);
  solve(function, scratch);
  for (std::size_t entry = 0; entry < out.size(); ++entry) {
    const item_id touched = history.items[entry];
    const float weight = spec_.alpha * history.values[entry];
    if (state_.items.known[touched.index()] == 0 || !(weight > 0.0f)) continue;
    const auto row = state_.items.factors.row(touched.index());
    double product = 0.0;
    for (std::size_t k = 0; k < row.size(); ++k) product += static_cast<double>(row[k]) * static_cast<double>(direction[k]);
    out[entry] = static_cast<float>((1.0 + static_cast<double>(weight)) * product);
  }
}

template <executor Exec>
ials_model ials::fit(const Exec& exec, const data::interactions& interactions, seed key) const {
  return {*this, detail::fit_ials(exec, *this, interactions, {}, key)};
}

template <executor Exec>
ials_model ials::fit(const Exec& exec, const data::interactions& interactions, const data::dense_features& features,
                     seed key) const {
  return {*this, detail::fit_ials(exec, *this, interactions, {&features, nullptr}, key)};
}

template <executor Exec>
ials_model ials::fit(const Exec& exec, const data::interactions& interactions, const data::social_graph& graph,
                     seed key) const {
  return {*this, detail::fit_ials(exec, *this, interactions, {nullptr, &graph}, key)};
}

template <executor Exec>
ials_model ials::fit(const Exec& exec, const data::interactions& interactions, const data::dense_features& features,
                     const data::social_graph& graph, seed key) const {
  return {*this, detail::fit_ials(exec, *this, interactions, {&features, &graph}, key)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
