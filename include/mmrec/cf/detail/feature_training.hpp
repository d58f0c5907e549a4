// mmrec/cf/detail/feature_training.hpp - trains factors of features on interactions, and makes vectors of them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/feature_machine.hpp>
#include <mmrec/cf/detail/latent_vectors.hpp>
#include <mmrec/cf/detail/pairwise_fold_in.hpp>
#include <mmrec/cf/detail/triple_sampler.hpp>
#include <mmrec/cf/warp.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// What the recommenders made of features have in common.
struct feature_training {
  std::string_view function;
  std::size_t factors;
  std::size_t epochs;
  std::size_t batch;
  feature_steps steps;
  std::size_t most_trials;  // of example_loss::hinge
  double initial_scale;
  bool user_identity;
  bool item_identity;
  bool interact;
};

/// Throws invalid_config for settings that no such recommender can be trained with.
template <class Spec>
void require_training(std::string_view function, const Spec& spec) {
  const auto positive = [](float value) { return std::isfinite(value) && value > 0.0f; };
  require_config(spec.factors >= 1 && spec.factors <= 4096, function, "factors", "must be in 1..4096");
  require_config(spec.epochs >= 1 && spec.epochs <= 100'000, function, "epochs", "must be in 1..100000");
  require_config(spec.batch >= 1 && spec.batch <= 1'048'576, function, "batch", "must be in 1..1048576");
  require_config(positive(spec.learning_rate), function, "learning_rate", "must be positive and finite");
  require_config(std::isfinite(spec.regularization) && spec.regularization >= 0.0f, function, "regularization",
                 "must be finite and not negative");
  require_config(positive(spec.initial_scale), function, "initial_scale", "must be positive and finite");
  require_config(spec.fold_in_epochs >= 1 && spec.fold_in_epochs <= 10'000, function, "fold_in_epochs",
                 "must be in 1..10000");
}

/// What is known of users and items beside their interactions; either may be absent.
struct side_features {
  const csr_matrix<float>* users = nullptr;
  const data::sparse_features* items = nullptr;

  std::size_t user_width() const { return users == nullptr ? 0 : users->cols(); }
  std::size_t item_width() const { return items == nullptr ? 0 : items->width(); }
  std::size_t user_entries() const { return users == nullptr ? 0 : users->entries(); }
  std::size_t item_entries() const { return items == nullptr ? 0 : items->values.entries(); }

  void require_fit(std::string_view function, const data::interactions& log) const {
    if (users != nullptr) {
      require_size(function, "users with features", log.users(), users->rows());
      require_finite_features(function, *users, "features of users");
    }
    if (items != nullptr) {
      require_size(function, "items with features", log.items(), items->items());
      require_size(function, "rows of the items' features", log.items(), items->values.rows());
      require_finite_features(function, items->values, "features of items");
    }
  }
};

/// What comes out: vectors of K + 2 numbers - factors, a 1 or the item's weight, the user's weight or a 1 - so that an inner
/// product is a whole score; and the factors of the features, for users and items that come later.
struct feature_fit {
  latent_vectors vectors;
  feature_side<float> users;
  feature_side<float> items;
  float bias;
  std::vector<double> loss;
};

inline std::uint64_t feature_fit_bytes(const feature_training& how, const data::interactions& log,
                                       const side_features& features) {
  const std::uint64_t users = log.users(), items = log.items();
  const std::uint64_t user_columns = features.user_width() + (how.user_identity ? users : 0);
  const std::uint64_t item_columns = features.item_width() + (how.item_identity ? items : 0);
  const std::uint64_t entries =
      features.user_entries() + features.item_entries() + (how.user_identity ? users : 0) + (how.item_identity ? items : 0);
  const std::uint64_t batch = (std::min)(how.batch, log.size());
  return 8 * (users + items) + 8 * entries + 4 * std::uint64_t{log.size()} +
         feature_machine<float>::bytes(user_columns, item_columns, how.factors, batch) +
         4 * (users + items) * (how.factors + 2);
}

template <executor Exec>
class feature_fitter {
 public:
  feature_fitter(const Exec& exec, const feature_training& how, const data::interactions& log, const side_features& features,
                 seed key)
      : exec_(exec),
        how_(how),
        log_(log),
        key_(key),
        machine_(side(features.users, log.users(), how.user_identity),
                 side(features.items == nullptr ? nullptr : &features.items->values, log.items(), how.item_identity),
                 (std::min)(how.batch, log.size())),
        order_(log.size()) {
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
    const double deviation = how.initial_scale / std::sqrt(static_cast<double>(how.factors));
    machine_.users().draw(key.derive(0), deviation);
    machine_.items().draw(key.derive(1), deviation);
    if (how.steps.loss == example_loss::squared && log.size() != 0) {
      double sum = 0.0;
      for (const float value : log.value_array()) sum += static_cast<double>(value);
      machine_.bias() = static_cast<float>(sum / static_cast<double>(log.size()));
    }
  }

  /// Tells the mean loss of an interaction, each before its batch moved anything.
  double run_epoch(std::size_t epoch) {
    const seed epoch_key = key_.derive(2 + epoch);
    random_stream(epoch_key).shuffle(std::span(order_));
    double loss = 0.0;
    for (std::size_t begin = 0, batch = 0; begin < order_.size(); begin += how_.batch, ++batch) {
      const std::size_t count = (std::min)(how_.batch, order_.size() - begin);
      loss += machine_.prepare(exec_, count, epoch_key.derive(1 + batch), how_.steps,
                               [&](std::size_t slot, example& one, random_stream& random, auto&& score) {
                                 draw(order_[begin + slot], one, random, score);
                               });
      machine_.apply(exec_, count, how_.steps);
    }
    return order_.empty() ? 0.0 : loss / static_cast<double>(order_.size());
  }

  latent_vectors vectors() const {
    return {rows_of(machine_.users(), log_.users(), true), rows_of(machine_.items(), log_.items(), false)};
  }
  float bias() const { return machine_.bias(); }
  feature_side<float>& users() { return machine_.users(); }
  feature_side<float>& items() { return machine_.items(); }

 private:
  feature_side<float> side(const csr_matrix<float>* features, std::size_t rows, bool identity) const {
    return {with_identity(features, rows, identity), how_.factors, how_.interact};
  }

  template <class Score>
  void draw(std::size_t entry, example& one, random_stream& random, Score&& score) const {
    const auto starts = log_.starts();
    one.user = static_cast<std::uint32_t>(std::upper_bound(starts.begin(), starts.end(), entry) - starts.begin() - 1);
    one.item = log_.item_array()[entry].value;
    if (how_.steps.loss == example_loss::squared) {
      one.target = log_.value_array()[entry];
      return;
    }
    const auto own = log_.history(user_id{one.user}).items;
    const auto seen = [&](std::uint32_t item) { return std::binary_search(own.begin(), own.end(), item_id{item}); };
    const auto items = static_cast<std::uint32_t>(log_.items());
    if (how_.steps.loss != example_loss::hinge) {
      for (std::size_t trial = 0; trial < most_draws; ++trial) {
        one.rival = random.below(items);
        if (!seen(one.rival)) return;
      }
    } else {
      const double bar = score(one.item) - 1.0;
      for (std::size_t trial = 1; trial <= how_.most_trials; ++trial) {
        one.rival = random.below(items);
        if (seen(one.rival) || score(one.rival) <= bar) continue;
        one.weight = warp_weight(items, trial);
        return;
      }
    }
    one.rival = no_rival;
    one.weight = 0.0f;
  }

  factor_rows rows_of(const feature_side<float>& side, std::size_t count, bool of_users) const {
    factor_rows rows(count, how_.factors + 2, how_.factors + 2);
    for_ranges(exec_, count, 256, [&](std::size_t begin, std::size_t end) {
      for (std::size_t index = begin; index < end; ++index) {
        const auto row = rows.row(index);
        side.represent(side.rows.row(index), row.data());
        const float weight = row[how_.factors];
        row[how_.factors] = of_users ? 1.0f : weight;
        row[how_.factors + 1] = of_users ? weight + machine_.bias() : 1.0f;
      }
    });
    return rows;
  }

  const Exec& exec_;
  const feature_training& how_;
  const data::interactions& log_;
  seed key_;
  feature_machine<float> machine_;
  std::vector<std::uint32_t> order_;
};

template <executor Exec>
feature_fit fit_features(const Exec& exec, const feature_training& how, const data::interactions& log,
                         const side_features& features, seed key) {
  features.require_fit(how.function, log);
  require_memory(exec, how.function, feature_fit_bytes(how, log, features));
  const exec::session<Exec> session(exec);
  feature_fitter fitter(session.executor(), how, log, features, key);
  std::vector<double> loss;
  for (std::size_t epoch = 0; epoch < how.epochs; ++epoch) {
    report_progress(exec.sink(), how.function, epoch, how.epochs);
    loss.push_back(fitter.run_epoch(epoch));
  }
  report_progress(exec.sink(), how.function, how.epochs, how.epochs);
  latent_vectors vectors = fitter.vectors();
  for (const factor_rows* rows : {&vectors.users, &vectors.items}) {
    if (std::all_of(rows->values.begin(), rows->values.end(), [](float value) { return std::isfinite(value); })) continue;
    throw numeric_error(how.function, "the factors are no finite numbers any more; lower learning_rate");
  }
  // Users of whom nothing is known: no interaction, no feature.
  for (std::size_t user = 0; user < log.users(); ++user) {
    const bool described = features.users != nullptr && !features.users->row(user).indices.empty();
    const auto row = vectors.users.row(user);
    if (log.starts()[user] == log.starts()[user + 1] && !described) std::fill(row.begin(), row.end(), no_score);
  }
  // And such items, where nothing was learnt of them: the other losses draw them as rivals, and push them down.
  if (how.steps.loss == example_loss::squared) {
    const std::vector<std::uint32_t> counts = log.item_counts();
    for (std::size_t item = 0; item < log.items(); ++item) {
      const bool described = features.items != nullptr && !features.items->values.row(item).indices.empty();
      const auto row = vectors.items.row(item);
      if (counts[item] == 0 && !described) std::fill(row.begin(), row.end(), no_score);
    }
  }
  return {std::move(vectors), fitter.users().released(), fitter.items().released(), fitter.bias(), std::move(loss)};
}

/// Vectors of users and items from features, and scores: what the models made of features share.
class feature_vectors {
 public:
  feature_vectors(feature_fit fit, bool user_identity, bool item_identity)
      : fit_(std::move(fit)),
        first_user_(user_identity ? fit_.vectors.users.rows : 0),
        first_item_(item_identity ? fit_.vectors.items.rows : 0) {}

  const latent_vectors& vectors() const { return fit_.vectors; }
  std::size_t factors() const { return fit_.users.factors; }
  std::size_t width() const { return factors() + 2; }
  float bias() const { return fit_.bias; }
  std::span<const double> loss() const { return fit_.loss; }

  void user_from_features(std::string_view function, sparse_row_view<float> features, std::span<float> out) const {
    fill(function, fit_.users, features, first_user_, out);
    const float weight = out[factors()];
    out[factors()] = 1.0f;
    out[factors() + 1] = weight + fit_.bias;
  }
  void item_from_features(std::string_view function, sparse_row_view<float> features, std::span<float> out) const {
    fill(function, fit_.items, features, first_item_, out);
    out[factors() + 1] = 1.0f;
  }
  /// A user of whom only a history is known, before it is looked at.
  void start(std::vector<float>& query) const {
    query.assign(width(), 0.0f);
    query[factors()] = 1.0f;
    query[factors() + 1] = fit_.bias;
  }

 private:
  void fill(std::string_view function, const feature_side<float>& side, sparse_row_view<float> features, std::size_t first,
            std::span<float> out) const {
    require_size(function, "out", width(), out.size());
    require_size(function, "values of the features", features.indices.size(), features.values.size());
    const std::size_t columns = side.rows.cols() - first;
    for (std::size_t entry = 0; entry < features.indices.size(); ++entry) {
      const std::int32_t index = features.indices[entry];
      if (index < 0 || static_cast<std::size_t>(index) >= columns) {
        throw shape_error(function, "width of the features", columns, static_cast<std::size_t>(index) + 1);
      }
      if (!std::isfinite(features.values[entry])) throw data_error(function, "a feature is not finite");
    }
    side.represent(features, out.data(), first);
  }

  feature_fit fit_;
  std::size_t first_user_;
  std::size_t first_item_;
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0
