// mmrec/cf/detail/ials_fit.hpp - the iterations of alternating least squares.
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

#include <mmrec/cf/detail/ials_basis.hpp>
#include <mmrec/cf/detail/ials_content.hpp>
#include <mmrec/cf/detail/ials_half_step.hpp>
#include <mmrec/cf/detail/ials_memory.hpp>
#include <mmrec/cf/detail/ials_refine.hpp>
#include <mmrec/cf/detail/ials_social.hpp>
#include <mmrec/cf/detail/ials_solver.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/social_graph.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/als.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// The factors of all users or all items.
struct ials_side {
  factor_matrix factors;               ///< N x K
  kernel::aligned_vector<float> gram;  ///< of the rows that take part in the fit, padded; see kernel::als_gram
  std::size_t active = 0;              ///< how many do
  std::vector<std::uint8_t> known;     ///< rows that have factors; the others hold NaN
  std::vector<std::uint8_t> in_gram;   ///< rows that take part: known, but for items with features alone
};

/// What fitting learns.
struct ials_state {
  ials_side users;
  ials_side items;
  matrix<float> map;  ///< (D + 1) x K, or 0 x 0
  std::vector<double> objective;
};

/// lambda of a row whose weights alpha r have this sum.
template <class Spec>
float ials_lambda(const Spec& spec, double weight_sum, std::size_t active_others) {
  const double confidence = weight_sum + static_cast<double>(active_others);
  return static_cast<float>(static_cast<double>(spec.regularization) *
                            std::pow(confidence, static_cast<double>(spec.regularization_exponent)));
}

template <class Spec>
void require_valid(const Spec& spec) {
  constexpr std::string_view function = "cf::ials::fit";
  const auto positive = [](float value) { return std::isfinite(value) && value > 0.0f; };
  require_config(spec.factors >= 1 && spec.factors <= 4096, function, "factors", "must be in 1..4096");
  require_config(positive(spec.regularization), function, "regularization", "must be positive and finite");
  require_config(positive(spec.alpha), function, "alpha", "must be positive and finite");
  require_config(spec.iterations >= 1 && spec.iterations <= 100'000, function, "iterations", "must be in 1..100000");
  require_config(std::isfinite(spec.regularization_exponent) && spec.regularization_exponent >= 0.0f &&
                     spec.regularization_exponent <= 2.0f,
                 function, "regularization_exponent", "must be in 0..2");
  require_config(positive(spec.initial_scale), function, "initial_scale", "must be positive and finite");
  require_config(positive(spec.content_weight), function, "content_weight", "must be positive and finite");
  require_config(positive(spec.social_weight), function, "social_weight", "must be positive and finite");
  require_config(spec.cg_steps >= 1 && spec.cg_steps <= 1000, function, "cg_steps", "must be in 1..1000");
  require_config(spec.block_size >= 16 && spec.block_size <= 4096 && spec.block_size % 16 == 0, function, "block_size",
                 "must be a multiple of 16 in 16..4096");
  require_config(positive(spec.feature_regularization), function, "feature_regularization", "must be positive and finite");
}

/// The weights alpha r of all users. Throws data_error for a negative value.
inline weighted_rows weights_of(const data::interactions& interactions, float alpha) {
  weighted_rows rows;
  rows.starts.assign(interactions.starts().begin(), interactions.starts().end());
  rows.ids.reserve(interactions.size());
  rows.weights.reserve(interactions.size());
  const auto items = interactions.item_array();
  const auto values = interactions.value_array();
  for (std::size_t entry = 0; entry < items.size(); ++entry) {
    if (values[entry] < 0.0f) {
      const auto after = std::upper_bound(rows.starts.begin(), rows.starts.end(), entry);
      const user_id user{static_cast<std::size_t>(after - rows.starts.begin()) - 1};
      throw data_error("cf::ials::fit", "the value of user \"" + interactions.user_keys()->key(user) + "\", item \"" +
                                            interactions.item_keys()->key(items[entry]) + "\" is negative");
    }
    rows.ids.push_back(items[entry].value);
    rows.weights.push_back(alpha * values[entry]);
  }
  return rows;
}

inline void require_features(const data::interactions& interactions, const data::dense_features& features) {
  constexpr std::string_view function = "cf::ials::fit";
  require_size(function, "items with features", interactions.items(), features.items());
  require_size(function, "rows of features", interactions.items(), static_cast<std::size_t>(features.values.rows()));
  if (features.width() == 0) throw shape_error(function, "feature width", 1, 0);
  for (std::size_t item = 0; item < features.items(); ++item) {
    if (features.present[item] != 0 && !features.values.row(static_cast<Eigen::Index>(item)).allFinite()) {
      throw data_error(function,
                       "the features of item \"" + interactions.item_keys()->key(item_id{item}) + "\" are not finite");
    }
  }
}

inline void require_graph(const data::interactions& interactions, const data::social_graph& graph) {
  require_size("cf::ials::fit", "users of the graph", interactions.users(), graph.users());
}

/// <A, B> of two symmetric matrices of which only blocks of 16 x 16 on and above the diagonal are stored.
inline double inner_product(const kernel::aligned_vector<float>& a, const kernel::aligned_vector<float>& b,
                            std::size_t width) {
  double sum = 0.0;
  for (std::size_t row = 0; row < width; ++row) {
    for (std::size_t column = row; column < width; ++column) {
      const double product = static_cast<double>(a[row * width + column]) * static_cast<double>(b[row * width + column]);
      sum += column == row ? product : 2.0 * product;
    }
  }
  return sum;
}

/// Fits; Spec is cf::ials. Each member function is one step of an iteration.
template <executor Exec, class Spec>
class ials_fitter {
 public:
  ials_fitter(const Exec& exec, const Spec& spec, const data::interactions& interactions, const ials_sources& sources,
              seed key)
      : exec_(exec),
        spec_(spec),
        width_(kernel::als_padded(spec.factors)),
        by_user_(weights_of(interactions, spec.alpha)),
        by_item_(by_user_.transposed(interactions.items())),
        user_tasks_(task_starts(by_user_, width_, heavy(spec))),
        item_tasks_(task_starts(by_item_, width_, heavy(spec))) {
    state_.users.factors = factor_matrix(by_user_.rows(), spec.factors);
    state_.items.factors = factor_matrix(by_item_.rows(), spec.factors);
    state_.users.known = by_user_.active();
    state_.items.known = by_item_.active();
    state_.users.in_gram = state_.users.known;
    state_.items.in_gram = state_.items.known;
    state_.users.active = data::count_present(state_.users.known);
    state_.items.active = data::count_present(state_.items.known);
    const double deviation = static_cast<double>(spec.initial_scale) / std::sqrt(static_cast<double>(spec.factors));
    for (std::size_t user = 0; user < by_user_.rows(); ++user) {
      if (!is_known(state_.users, user)) continue;
      random_stream random(key, user);
      for (float& factor : state_.users.factors.row(user)) factor = static_cast<float>(deviation * random.normal());
    }
    if (sources.features != nullptr) prepare_content(*sources.features);
    if (sources.graph != nullptr) prepare_social(*sources.graph);
  }

  ials_state run() {
    const std::size_t steps = 2 * spec_.iterations;
    gram_of(exec_, state_.users.factors, state_.users.gram, shelf_);
    for (std::size_t iteration = 0; iteration < spec_.iterations; ++iteration) {
      report_progress(exec_.sink(), function, 2 * iteration, steps);
      solve_items();
      report_progress(exec_.sink(), function, 2 * iteration + 1, steps);
      solve_users();
      if (spec_.track_loss) state_.objective.push_back(objective());
    }
    report_progress(exec_.sink(), function, steps, steps);
    if (!regression_.items().empty()) score_cold_items();
    if (graph_ != nullptr) place_cold_users();
    mark_unknown(state_.users);
    mark_unknown(state_.items);
    return std::move(state_);
  }

 private:
  static constexpr std::string_view function = "cf::ials::fit";

  void prepare_content(const data::dense_features& features) {
    features_ = &features;
    const auto columns = static_cast<Eigen::Index>(spec_.factors);
    state_.map.setZero(static_cast<Eigen::Index>(features.width()) + 1, columns);
    means_.setZero(static_cast<Eigen::Index>(features.items()), columns);
    described_.assign(features.items(), false);
    std::vector<std::size_t> items;
    std::vector<float> weights;
    for (std::size_t item = 0; item < features.items(); ++item) {
      if (features.present[item] == 0) continue;
      if (!is_known(state_.items, item)) {
        cold_items_.push_back(item);
        continue;
      }
      described_[item] = true;
      items.push_back(item);
      weights.push_back(spec_.content_weight * ials_lambda(spec_, by_item_.weight_sum(item), state_.users.active));
    }
    regression_ = content_regression(features, std::move(items), std::move(weights), spec_.feature_regularization, function);
  }

  void prepare_social(const data::social_graph& graph) {
    graph_ = &graph;
    std::vector<float> lambdas(by_user_.rows());
    for (std::size_t user = 0; user < lambdas.size(); ++user) {
      lambdas[user] = ials_lambda(spec_, by_user_.weight_sum(user), state_.items.active);
    }
    social_ = social_pull(graph, state_.users.in_gram, lambdas, spec_.social_weight, spec_.factors);
  }

  static bool is_known(const ials_side& side, std::size_t row) { return side.known[row] != 0; }

  void score_cold_items() {
    for (const std::size_t item : cold_items_) {
      map_features(state_.map, row_of(features_->values, static_cast<Eigen::Index>(item)), state_.items.factors.row(item));
      state_.items.known[item] = 1;
    }
  }

  void place_cold_users() {
    const auto counts = [&](std::size_t user) { return state_.users.in_gram[user] != 0; };
    for (std::size_t user = 0; user < by_user_.rows(); ++user) {
      if (counts(user)) continue;
      const auto trusted = graph_->trusted_by(user_id{user});
      if (mean_of_trusted(trusted, std::as_const(state_.users.factors), counts, state_.users.factors.row(user))) {
        state_.users.known[user] = 1;
      }
    }
  }

  /// Scores with rows that have no factors are to be no_score.
  static void mark_unknown(ials_side& side) {
    for (std::size_t row = 0; row < side.known.size(); ++row) {
      const auto factors = side.factors.row(row);
      if (!is_known(side, row)) std::fill(factors.begin(), factors.end(), no_score);
    }
  }

  void solve_items() {
    solve(
        "item", by_item_, item_tasks_, state_.users, [&](std::size_t item) { return item_prior(item); }, state_.items);
    if (regression_.items().empty()) return;
    state_.map = regression_.fit(state_.items.factors.view());
    regression_.predict(state_.map, means_);
  }

  void solve_users() {
    if (!social_.empty()) social_.follow(exec_, state_.users.factors);
    solve(
        "user", by_user_, user_tasks_, state_.items, [&](std::size_t user) { return user_prior(user); }, state_.users);
  }

  template <class PriorOf>
  void solve(std::string_view name, const weighted_rows& rows, const std::vector<std::size_t>& tasks, const ials_side& other,
             PriorOf&& prior_of, ials_side& side) {
    const fixed_side fixed{other.factors.to_gather(), other.gram.data(), width_};
    if (spec_.solver == ials_solver::cholesky) {
      half_step(exec_, function, name, rows, side.known, tasks, fixed, prior_of, side.factors, shelf_);
    } else if (spec_.solver == ials_solver::conjugate_gradient) {
      conjugate_gradient_half_step(exec_, function, name, rows, side.known, tasks,
                                   {padded_rows(other.factors, padded_), fixed.gram, width_}, spec_.cg_steps, prior_of,
                                   side.factors, refine_shelf_);
    } else {
      basis_.find(exec_, function, other.factors, other.gram);
      subspace_half_step(exec_, function, name, rows, side.known, tasks, basis_, spec_.block_size, prior_of, side.factors,
                         refine_shelf_);
    }
    gram_of(exec_, side.factors, side.gram, shelf_);
  }

  static std::size_t heavy(const Spec& spec) { return spec.solver == ials_solver::cholesky ? heavy_row : no_heavy_row; }

  row_prior user_prior(std::size_t user) const { return social_.empty() ? own_prior(user) : social_.prior(user); }
  row_prior own_prior(std::size_t user) const {
    return {ials_lambda(spec_, by_user_.weight_sum(user), state_.items.active)};
  }
  row_prior item_prior(std::size_t item) const {
    const float lambda = ials_lambda(spec_, by_item_.weight_sum(item), state_.users.active);
    if (described_.empty() || !described_[item]) return {lambda};
    return {spec_.content_weight * lambda, means_.data() + item * spec_.factors};
  }

  /// Pairs without interaction enter through the Gram matrices: the sum of all squared scores is their inner product.
  double objective() const {
    double total = inner_product(state_.users.gram, state_.items.gram, width_);
    std::vector<double> parts(user_tasks_.size() - 1);
    exec_.run(parts.size(), [&](std::size_t task) {
      for (std::size_t user = user_tasks_[task]; user < user_tasks_[task + 1]; ++user) {
        if (is_known(state_.users, user)) parts[task] += user_part(user);
      }
    });
    for (const double part : parts) total += part;
    for (std::size_t item = 0; item < by_item_.rows(); ++item) {
      if (is_known(state_.items, item)) total += prior_part(item_prior(item), state_.items.factors.row(item));
    }
    if (!regression_.items().empty()) total += regression_.penalty(state_.map);
    if (!social_.empty()) total += social_.penalty(state_.users.factors);
    return total;
  }

  double user_part(std::size_t user) const {
    const auto x = state_.users.factors.row(user);
    double sum = prior_part(own_prior(user), x);
    const auto ids = by_user_.ids_of(user);
    const auto weights = by_user_.weights_of(user);
    for (std::size_t entry = 0; entry < ids.size(); ++entry) {
      if (!(weights[entry] > 0.0f)) continue;
      const auto y = state_.items.factors.row(ids[entry]);
      double score = 0.0;
      for (std::size_t k = 0; k < x.size(); ++k) score += static_cast<double>(x[k]) * static_cast<double>(y[k]);
      sum += (1.0 + static_cast<double>(weights[entry])) * (1.0 - score) * (1.0 - score) - score * score;
    }
    return sum;
  }

  double prior_part(const row_prior& prior, std::span<const float> factors) const {
    double sum = 0.0;
    for (std::size_t k = 0; k < factors.size(); ++k) {
      const double mean = prior.mean == nullptr ? 0.0 : static_cast<double>(prior.mean[k]);
      const double distance = static_cast<double>(factors[k]) - mean;
      sum += distance * distance;
    }
    return static_cast<double>(prior.strength) * sum;
  }

  const Exec& exec_;
  const Spec& spec_;
  std::size_t width_;
  weighted_rows by_user_;
  weighted_rows by_item_;
  std::vector<std::size_t> user_tasks_;
  std::vector<std::size_t> item_tasks_;
  scratch_shelf shelf_;
  refine_shelf refine_shelf_;
  kernel::aligned_vector<float> padded_;
  ials_basis basis_;
  ials_state state_;
  const data::social_graph* graph_ = nullptr;
  social_pull social_;
  const data::dense_features* features_ = nullptr;
  content_regression regression_;
  matrix<float> means_;                  // I x K: what the map gives, for described items
  std::vector<bool> described_;          // has features and interactions
  std::vector<std::size_t> cold_items_;  // has features alone
};

template <executor Exec, class Spec>
ials_state fit_ials(const Exec& exec, const Spec& spec, const data::interactions& interactions, const ials_sources& sources,
                    seed key) {
  require_valid(spec);
  if (sources.features != nullptr) require_features(interactions, *sources.features);
  if (sources.graph != nullptr) require_graph(interactions, *sources.graph);
  require_memory(exec, "cf::ials::fit", ials_fit_bytes(exec.concurrency(), spec, interactions, sources));
  const exec::session<Exec> session(exec);
  return ials_fitter(session.executor(), spec, interactions, sources, key).run();
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
