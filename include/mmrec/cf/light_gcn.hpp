// mmrec/cf/light_gcn.hpp - embeddings smoothed over the graph of users and items.
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
#include <mmrec/cf/detail/latent_vectors.hpp>
#include <mmrec/cf/detail/light_gcn_training.hpp>
#include <mmrec/cf/detail/pairwise_fold_in.hpp>
#include <mmrec/cf/detail/triple_sampler.hpp>
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
#include <mmrec/kernel/adam.hpp>

namespace mmrec::inline v0 {
namespace cf {

class light_gcn_model;

/// What fitting met.
struct light_gcn_report {
  std::vector<double> loss;  ///< of each epoch: the mean over its steps, each before it was taken
  friend bool operator==(const light_gcn_report&, const light_gcn_report&) = default;
};

/// Learns K numbers of each user and item (layer 0), smooths them over the graph of interactions, and scores by the inner
/// product of the means over all layers:
///
///   e_u of layer l + 1 = sum over the items i of u of e_i of layer l / sqrt(|items of u| |users of i|), and in the same way
///   for items;  s_ui = mean over l of e_u . mean over l of e_i.
///
/// Trained by Adam on batches of triples (u, i, j) - a user with interactions, all alike; one of the user's items; an item
/// that the user has not - with the loss mean log(1 + exp(s_uj - s_ui)) + regularization / 2 * mean of |e_u|^2 + |e_i|^2 +
/// |e_j|^2 of layer 0. An epoch draws as many triples as there are interactions. Every step propagates over the whole
/// graph, forwards and back. Values are not looked at.
///
/// Shapes     U users, I items, E interactions, K factors, L layers, B batch
/// Cost       an epoch O(E / B (L E + U + I) K) time; 24 (U + I) K + 16 E bytes (see fit_bytes)
/// Result     the same bits for the same input and seed, for any number of threads; processors with other vector
///            instructions differ by rounding. Users without interactions have no score. A history is folded in by
///            propagation from its items, see score_history
/// Throws     invalid_config; limit_error above the executor's memory limit; numeric_error if the embeddings diverge;
///            cancelled
/// Avoid when time is short: an epoch takes E / B times as long as one over the graph
/// Example    tests/cf/light_gcn_test.cpp
/// Reference  He, Deng, Wang, Li, Zhang, Wang, "LightGCN: simplifying and powering graph convolution network for
///            recommendation", SIGIR 2020
struct light_gcn {
  std::size_t factors = 64;      ///< K, 1..4096
  std::size_t layers = 3;        ///< L, 1..16
  std::size_t epochs = 100;      ///< 1..100000
  std::size_t batch = 2048;      ///< B, 1..16777216
  float learning_rate = 1e-3f;   ///< > 0
  float regularization = 1e-4f;  ///< >= 0
  float initial_scale = 0.1f;    ///< > 0; layer 0 starts as normal numbers of this deviation

  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  template <executor Exec>
  light_gcn_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  /// As fit. After each epoch, watch(epochs done, model) is called; training ends early where it returns false.
  template <executor Exec, class Watch>
  light_gcn_model fit(const Exec& exec, const data::interactions& log, seed key, Watch&& watch) const;
  /// The bytes that fit takes at its peak, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const light_gcn&, const light_gcn&) = default;
};

/// Fitted embeddings. Meets recommender_model and factor_model. All members are const and safe to call from any number of
/// threads, each with its own workspace; with a workspace that has been used before they do not allocate.
class light_gcn_model {
 public:
  /// Scratch memory of one thread.
  struct workspace {
    std::vector<float> query;
  };

  std::size_t users() const { return vectors_.users.rows; }
  std::size_t items() const { return vectors_.items.rows; }
  std::size_t factors() const { return vectors_.users.width; }
  const light_gcn& spec() const { return spec_; }
  const light_gcn_report& report() const { return report_; }

  /// Means over the layers, U x K; NaN for users without interactions.
  matrix_view<float> user_vectors() const { return vectors_.users.view(); }
  /// Means over the layers, I x K.
  matrix_view<float> item_vectors() const { return vectors_.items.view(); }
  /// One user's mean over the layers. Throws unknown_id, shape_error.
  void user_vector(user_id user, std::span<float> out, workspace&) const {
    require_size("cf::light_gcn::user_vector", "out", factors(), out.size());
    vectors_.complete(vectors_.user("cf::light_gcn::user_vector", user), out);
  }
  /// The mean over the layers of a new user with this history, whose own layer 0 is zero and who does not change the items'
  /// embeddings: propagation alone, exact for such a user, another vector than fit gives to a user it has learnt from.
  /// Items without interactions do not count; NaN where there is no other. Throws unknown_id, shape_error.
  void history_vector(history_view history, std::span<float> out, workspace&) const {
    require_size("cf::light_gcn::history_vector", "out", factors(), out.size());
    fold_in("cf::light_gcn::history_vector", history, out);
  }

  /// Scores of all items. Throws unknown_id, shape_error.
  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::light_gcn::score";
    require_size(function, "out", items(), out.size());
    vectors_.score(vectors_.user(function, user), out);
  }
  /// Scores of all items for a user described by a history; see history_vector. Throws unknown_id, shape_error.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::light_gcn::score_history";
    require_size(function, "out", items(), out.size());
    scratch.query.resize(factors());
    fold_in(function, history, scratch.query);
    vectors_.score(scratch.query, out);
  }

 private:
  friend struct light_gcn;
  light_gcn_model(const light_gcn& spec, light_gcn_report report, detail::latent_vectors vectors,
                  detail::factor_rows neighbour_parts)
      : spec_(spec), report_(std::move(report)), vectors_(std::move(vectors)), parts_(std::move(neighbour_parts)) {}

  void fold_in(std::string_view function, history_view history, std::span<float> out) const {
    detail::require_history(function, history, items());
    const auto known = [&](item_id item) { return !std::isnan(parts_.row(item.index())[0]); };
    const auto count = std::count_if(history.items.begin(), history.items.end(), known);
    std::fill(out.begin(), out.end(), count == 0 ? no_score : 0.0f);
    const float scale = 1.0f / std::sqrt(static_cast<float>(count));
    for (const item_id item : history.items) {
      if (!known(item)) continue;
      const auto part = parts_.row(item.index());
      for (std::size_t k = 0; k < out.size(); ++k) out[k] += scale * part[k];
    }
  }

  light_gcn spec_;
  light_gcn_report report_;
  detail::latent_vectors vectors_;
  // Of each item: what it gives a neighbour's mean over the layers, but for the neighbour's degree; NaN without neighbours.
  detail::factor_rows parts_;
};

namespace detail {

inline void require_valid(const light_gcn& spec) {
  constexpr std::string_view function = "cf::light_gcn::fit";
  const auto positive = [](float value) { return std::isfinite(value) && value > 0.0f; };
  require_config(spec.factors >= 1 && spec.factors <= 4096, function, "factors", "must be in 1..4096");
  require_config(spec.layers >= 1 && spec.layers <= 16, function, "layers", "must be in 1..16");
  require_config(spec.epochs >= 1 && spec.epochs <= 100'000, function, "epochs", "must be in 1..100000");
  require_config(spec.batch >= 1 && spec.batch <= 16'777'216, function, "batch", "must be in 1..16777216");
  require_config(positive(spec.learning_rate), function, "learning_rate", "must be positive and finite");
  require_config(std::isfinite(spec.regularization) && spec.regularization >= 0.0f, function, "regularization",
                 "must be finite and not negative");
  require_config(positive(spec.initial_scale), function, "initial_scale", "must be positive and finite");
}

/// One of the items that are not `chosen`, which are in increasing order and not all: drawn until it is none of them, or,
/// where that would take long, counted out.
inline std::uint32_t draw_missing(std::span<const item_id> chosen, std::uint32_t items, random_stream& random) {
  for (std::size_t draw = 0; draw < most_draws; ++draw) {
    const std::uint32_t item = random.below(items);
    if (!std::binary_search(chosen.begin(), chosen.end(), item_id{item})) return item;
  }
  std::uint32_t item = random.below(items - static_cast<std::uint32_t>(chosen.size()));
  for (const item_id own : chosen) {
    if (own.value > item) break;
    ++item;
  }
  return item;
}

template <executor Exec>
class light_gcn_fitter {
 public:
  light_gcn_fitter(const Exec& exec, const light_gcn& spec, const data::interactions& log, seed key)
      : exec_(exec), spec_(spec), log_(log), key_(key), graph_(log), state_(graph_, spec.layers, spec.factors) {
    for (std::size_t node = 0; node < graph_.nodes(); ++node) {
      random_stream random(key, node);
      for (std::size_t k = 0; k < spec.factors; ++k) {
        state_.base[node * spec.factors + k] = spec.initial_scale * static_cast<float>(random.normal());
      }
    }
    for (std::size_t user = 0; user < log.users(); ++user) {
      const std::size_t length = log.starts()[user + 1] - log.starts()[user];
      if (length != 0 && length < log.items()) active_.push_back(static_cast<std::uint32_t>(user));
    }
  }

  std::size_t steps_per_epoch() const { return (log_.size() + spec_.batch - 1) / spec_.batch; }

  /// Tells the mean loss.
  double run_epoch(std::size_t epoch) {
    if (active_.empty()) return 0.0;
    double loss = 0.0;
    for (std::size_t step = 0; step < steps_per_epoch(); ++step) {
      ++steps_;
      random_stream random(key_.derive(epoch + 1), step);
      draw((std::min)(spec_.batch, log_.size() - step * spec_.batch), random);
      loss += state_.loss_and_gradient(exec_, triples_, static_cast<double>(spec_.regularization));
      const auto job =
          kernel::make_adam(state_.base.data(), state_.final.data(), state_.mean.data(), state_.square.data(),
                            static_cast<double>(state_.share()), static_cast<double>(spec_.learning_rate), steps_);
      kernel::adam_steps(exec_, state_.base.size(), job);
    }
    return loss / static_cast<double>(steps_per_epoch());
  }

  /// Layer 0 of users, then items.
  const node_table<float>& base() const { return state_.base; }
  /// The mean of the layers, for users and items.
  latent_vectors vectors() {
    propagate(exec_, graph_, spec_.layers, spec_.factors, state_.base, state_.final, state_.spare);
    latent_vectors result{rows_of(0, log_.users(), state_.final), rows_of(log_.users(), log_.items(), state_.final)};
    for (factor_rows* rows : {&result.users, &result.items}) {
      for (float& value : rows->values) value *= state_.share();
    }
    return result;
  }
  /// Of each item, the sum of the layers before the last, over its degree's root and the number of layers; NaN for items
  /// without interactions, which pass nothing on.
  factor_rows neighbour_parts() {
    propagate(exec_, graph_, spec_.layers - 1, spec_.factors, state_.base, state_.final, state_.spare);
    factor_rows parts = rows_of(log_.users(), log_.items(), state_.final);
    const std::vector<std::uint32_t> counts = log_.item_counts();
    for (std::size_t item = 0; item < parts.rows; ++item) {
      const float scale = state_.share() * graph_.scale(log_.users() + item);
      for (float& value : parts.row(item)) value = counts[item] != 0 ? value * scale : no_score;
    }
    return parts;
  }

 private:
  factor_rows rows_of(std::size_t first, std::size_t count, const node_table<float>& table) const {
    factor_rows rows(count, spec_.factors, spec_.factors);
    std::copy_n(table.begin() + static_cast<std::ptrdiff_t>(first * spec_.factors), rows.values.size(), rows.values.begin());
    return rows;
  }

  void draw(std::size_t count, random_stream& random) {
    const auto users = static_cast<std::uint32_t>(log_.users()), items = static_cast<std::uint32_t>(log_.items());
    triples_.clear();
    triples_.reserve(count);
    while (triples_.size() < count) {
      const std::uint32_t user = active_[random.below(static_cast<std::uint32_t>(active_.size()))];
      const auto chosen = log_.history(user_id{user}).items;
      const std::uint32_t positive = chosen[random.below(static_cast<std::uint32_t>(chosen.size()))].value;
      const std::uint32_t negative = draw_missing(chosen, items, random);
      triples_.push_back({user, users + positive, users + negative});
    }
  }

  const Exec& exec_;
  const light_gcn& spec_;
  const data::interactions& log_;
  seed key_;
  bipartite_graph<float> graph_;
  light_gcn_state<float> state_;
  std::vector<std::uint32_t> active_;  // users to draw: with interactions, but not with all items
  std::vector<node_triple> triples_;
  std::uint64_t steps_ = 0;
};

}  // namespace detail

template <executor Exec>
std::uint64_t light_gcn::fit_bytes(const Exec&, const data::interactions& log) const {
  const std::uint64_t nodes = std::uint64_t{log.users()} + log.items();
  const std::uint64_t result = 4 * factors * (nodes + log.items());
  return detail::bipartite_graph<float>::bytes(log.users(), log.items(), log.size()) + 6 * 4 * nodes * factors +
         4 * log.users() + sizeof(detail::node_triple) * (std::min)(batch, log.size()) + result;
}

template <executor Exec>
light_gcn_model light_gcn::fit(const Exec& exec, const data::interactions& log, seed key) const {
  return fit(exec, log, key, [](std::size_t, const auto&) { return true; });
}

template <executor Exec, class Watch>
light_gcn_model light_gcn::fit(const Exec& exec, const data::interactions& log, seed key, Watch&& watch) const {
  constexpr std::string_view function = "cf::light_gcn::fit";
  detail::require_valid(*this);
  require_memory(exec, function, fit_bytes(exec, log));
  const exec::session<Exec> session(exec);
  detail::light_gcn_fitter fitter(session.executor(), *this, log, key);
  light_gcn_report report;
  const auto model = [&] {
    detail::latent_vectors vectors = fitter.vectors();
    detail::finish_vectors(function, log, vectors);
    return light_gcn_model(*this, report, std::move(vectors), fitter.neighbour_parts());
  };
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    report.loss.push_back(fitter.run_epoch(epoch));
    if (!watch(epoch + 1, model)) break;
  }
  report_progress(exec.sink(), function, epochs, epochs);
  return model();
}

}  // namespace cf
}  // namespace mmrec::inline v0
