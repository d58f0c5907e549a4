// mmrec/cf/detail/pairwise_fold_in.hpp - the vector of a user who was not there when the items learnt theirs.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/cf/detail/alias_table.hpp>
#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/latent_vectors.hpp>
#include <mmrec/cf/detail/triple_sampler.hpp>
#include <mmrec/cf/pairwise.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// The distribution of negatives over the whole catalogue.
class catalogue_negatives {
 public:
  catalogue_negatives(negative_sampling how, const std::vector<std::uint32_t>& counts, seed key)
      : items_(static_cast<std::uint32_t>(counts.size())), key_(key) {
    if (how == negative_sampling::uniform) return;
    const std::vector<double> weights(counts.begin(), counts.end());
    keep_.resize(weights.size());
    other_.resize(weights.size());
    build_alias_table(weights, keep_, other_);
  }
  static std::size_t bytes(negative_sampling how, std::size_t items) {
    return how == negative_sampling::uniform ? 0 : 8 * items;
  }

  seed key() const { return key_; }
  std::uint32_t draw(random_stream& random) const {
    return keep_.empty() ? random.below(items_) : draw_alias(keep_, other_, random);
  }

 private:
  std::uint32_t items_;
  seed key_;
  std::vector<float> keep_;
  std::vector<std::uint32_t> other_;
};

struct fold_in_scratch {
  item_set marked{0};
  std::size_t items = 0;
  std::vector<float> squares;

  void prepare(std::size_t count) {
    if (items == count) return;
    marked = item_set(count);
    items = count;
  }
};

/// A user's part of the inner products before anything is learnt of the user: K zeros and, where items have biases, a 1.
inline void start_query(const latent_vectors& vectors, std::vector<float>& query) {
  query.assign(vectors.items.width, 0.0f);
  if (vectors.biased()) query.back() = 1.0f;
}

/// Learns one user's part of the inner products with the items held fixed: calls step(item, epoch, random) for each item
/// of the history in each epoch. `query` becomes NaN for an empty history. The items of the history are marked meanwhile.
template <class Step>
void fold_in(std::string_view function, const latent_vectors& vectors, seed key, std::size_t epochs, history_view history,
             std::span<float> query, fold_in_scratch& scratch, Step&& step) {
  require_history(function, history, vectors.items.rows);
  if (history.items.empty()) {
    std::fill(query.begin(), query.end(), no_score);
    return;
  }
  scratch.prepare(vectors.items.rows);
  for (const item_id item : history.items) scratch.marked.insert(item.value);
  random_stream random(key);
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    for (const item_id item : history.items) step(item.value, epoch, random);
  }
  for (const item_id item : history.items) scratch.marked.clear(item.value);
}

/// query . (row of `chosen` - row of `rival`)
inline float fold_in_margin(const latent_vectors& vectors, std::span<const float> query, std::uint32_t chosen,
                            std::uint32_t rival) {
  const float* const up = vectors.items.row(chosen).data();
  const float* const down = vectors.items.row(rival).data();
  float margin = 0.0f;
  for (std::size_t k = 0; k < query.size(); ++k) margin += query[k] * (up[k] - down[k]);
  return margin;
}

struct fold_in_steps {
  std::size_t factors;  // the first numbers of the query: those that are learnt
  std::size_t epochs;
  float learning_rate;
  float regularization;
};

/// By steps of BPR, whose rate falls to nothing, so that the last draws do not decide.
inline void fold_in_bpr(std::string_view function, const latent_vectors& vectors, const catalogue_negatives& negatives,
                        const fold_in_steps& steps, history_view history, std::span<float> query, fold_in_scratch& scratch) {
  const auto step = [&](std::uint32_t chosen, std::size_t epoch, random_stream& random) {
    std::uint32_t rival = negatives.draw(random);
    for (std::size_t draw = 1; draw < most_draws && scratch.marked.contains(rival); ++draw) rival = negatives.draw(random);
    if (scratch.marked.contains(rival)) return;
    const float rate = steps.learning_rate * static_cast<float>(steps.epochs - epoch) / static_cast<float>(steps.epochs);
    const float keep = 1.0f - rate * steps.regularization;
    const float pull = rate / (1.0f + std::exp(fold_in_margin(vectors, query, chosen, rival)));
    const float* const up = vectors.items.row(chosen).data();
    const float* const down = vectors.items.row(rival).data();
    for (std::size_t k = 0; k < steps.factors; ++k) query[k] = keep * query[k] + pull * (up[k] - down[k]);
  };
  fold_in(function, vectors, negatives.key(), steps.epochs, history, query, scratch, step);
}

/// Rows of users without interactions become NaN; throws numeric_error if any other number is not finite.
inline void finish_vectors(std::string_view function, const data::interactions& log, latent_vectors& vectors) {
  const auto finite = [](std::span<const float> row) {
    return std::all_of(row.begin(), row.end(), [](float value) { return std::isfinite(value); });
  };
  constexpr std::string_view diverged = "the factors are no finite numbers any more; lower learning_rate";
  for (std::size_t user = 0; user < vectors.users.rows; ++user) {
    const auto row = vectors.users.row(user);
    if (log.starts()[user] == log.starts()[user + 1]) {
      std::fill(row.begin(), row.end(), no_score);
    } else if (!finite(row)) {
      throw numeric_error(function, diverged);
    }
  }
  for (std::size_t item = 0; item < vectors.items.rows; ++item) {
    if (!finite(vectors.items.row(item))) throw numeric_error(function, diverged);
  }
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
