// mmrec/cf/hybrid_mf.hpp - matrix factorisation whose users and items are sums of their features.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/feature_training.hpp>
#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/pairwise_fold_in.hpp>
#include <mmrec/cf/pairwise.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace cf {

class hybrid_mf_model;

/// What cf::hybrid_mf lowers.
enum class hybrid_loss {
  bpr,       ///< that of cf::bpr
  warp,      ///< that of cf::warp
  logistic,  ///< log(1 + exp(-s)) of each interaction, log(1 + exp(s)) of an item drawn for it that the user has not
};

/// What fitting met.
struct hybrid_mf_report {
  std::vector<double> loss;  ///< of each epoch: the mean over the interactions, each before its batch was learnt from
  friend bool operator==(const hybrid_mf_report&, const hybrid_mf_report&) = default;
};

/// Learns K factors and a weight of each feature of the users and of the items. A user or item is the sum of its features,
/// each times its value, and has its own identity as one feature more:
///
///   x_u = sum over f of f_u v_f,   b_u = sum over f of f_u w_f,   the same for items,   s_ui = x_u . y_i + b_u + b_i.
///
/// Without features this is matrix factorisation; with them, items and users that nobody has met have a score, and those
/// with few interactions borrow from their likes. Values of interactions are not looked at. Trained by AdaGrad on batches
/// in random order: a batch is scored with what is known before it, the gradients of a feature are added up in the order of
/// the examples, and each moves once, so that threads change nothing.
///
/// Shapes     U users, I items, E interactions, F features of a user and an item together, D columns, K factors
/// Cost       an epoch O(E F K) time (E F K N with warp and N trials); 8 D K + 4 (U + I) K bytes and more, see fit_bytes
/// Result     the same bits for the same input and seed, for any number of threads; processors with other vector
///            instructions differ by rounding. Users without interactions and features have no score. A history is folded
///            in by steps on the user's factors alone: an approximation, see score_history
/// Throws     invalid_config; shape_error if the features are not of these users and items; data_error for a non-finite
///            feature; limit_error above the executor's memory limit; numeric_error if the factors diverge; cancelled
/// Avoid when there are no features: cf::bpr and cf::warp are several times as fast
/// Example    tests/cf/hybrid_mf_test.cpp
/// Reference  Kula, "Metadata embeddings for user and item cold-start recommendations", CBRecSys 2015 (LightFM)
struct hybrid_mf {
  std::size_t factors = 32;              ///< K, 1..4096
  std::size_t epochs = 30;               ///< 1..100000
  hybrid_loss loss = hybrid_loss::warp;  ///< what is lowered
  std::size_t batch = 256;               ///< 1..1048576; interactions between two moves
  float learning_rate = 0.05f;           ///< > 0
  float regularization = 0.0f;           ///< >= 0; of each squared number, in each example that it takes part in
  std::size_t most_trials = 10;          ///< 1..10000; of hybrid_loss::warp
  bool user_identity = true;             ///< each user is a feature
  bool item_identity = true;             ///< each item is a feature
  float initial_scale = 0.5f;            ///< > 0; factors start as normal numbers of this / sqrt(K)
  std::size_t fold_in_epochs = 30;       ///< 1..10000; passes over the history of a new user

  using input_kind = kind::sparse<float>;
  using output_kind = kind::scores;
  template <class Given>
  using output_for = std::conditional_t<kind_fits<Given, input_kind>, output_kind, void>;
  static constexpr bool collaborative = true;  ///< can be fitted without features
  static constexpr bool uses_features = true;  ///< can be fitted with features of items

  template <executor Exec>
  hybrid_mf_model fit(const Exec& exec, const data::interactions& log, seed key) const;
  template <executor Exec>
  hybrid_mf_model fit(const Exec& exec, const data::interactions& log, const data::sparse_features& items, seed key) const;
  /// With features of users as well, U x D.
  template <executor Exec>
  hybrid_mf_model fit(const Exec& exec, const data::interactions& log, const csr_matrix<float>& users,
                      const data::sparse_features& items, seed key) const;
  /// The bytes that fit takes at its peak, its result included; without features.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;
  /// The same with features.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log, const data::sparse_features& items) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log, const csr_matrix<float>& users,
                          const data::sparse_features& items) const;

  friend bool operator==(const hybrid_mf&, const hybrid_mf&) = default;

 private:
  detail::feature_training training() const;
  template <executor Exec>
  hybrid_mf_model fit_sides(const Exec& exec, const data::interactions& log, const detail::side_features& features,
                            seed key) const;
};

/// Fitted factors. Meets recommender_model and factor_model. All members are const and safe to call from any number of
/// threads, each with its own workspace; with a workspace that has been used before they do not allocate.
class hybrid_mf_model {
 public:
  /// Scratch memory of one thread.
  struct workspace {
    std::vector<float> query;
    detail::fold_in_scratch fold_in;
  };

  std::size_t users() const { return vectors().users.rows; }
  std::size_t items() const { return vectors().items.rows; }
  std::size_t factors() const { return sides_.factors(); }
  const hybrid_mf& spec() const { return spec_; }
  const hybrid_mf_report& report() const { return report_; }

  /// Numbers of a vector: factors() + 2.
  std::size_t vector_width() const { return sides_.width(); }
  /// U x (K + 2): factors, a 1, the user's weight; NaN for users of whom nothing is known.
  matrix_view<float> user_vectors() const { return vectors().users.view(); }
  /// I x (K + 2): factors, the item's weight, a 1.
  matrix_view<float> item_vectors() const { return vectors().items.view(); }
  /// One row of user_vectors(). Throws unknown_id, shape_error.
  void user_vector(user_id user, std::span<float> out, workspace&) const {
    require_size("cf::hybrid_mf::user_vector", "out", vector_width(), out.size());
    vectors().complete(vectors().user("cf::hybrid_mf::user_vector", user), out);
  }
  /// The vector of a user, or an item, of whom the features are all that is known. Throws shape_error, data_error.
  void user_vector_from_features(sparse_row_view<float> features, std::span<float> out) const {
    sides_.user_from_features("cf::hybrid_mf::user_vector_from_features", features, out);
  }
  void item_vector_from_features(sparse_row_view<float> features, std::span<float> out) const {
    sides_.item_from_features("cf::hybrid_mf::item_vector_from_features", features, out);
  }

  /// Scores of all items. Throws unknown_id, shape_error.
  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::hybrid_mf::score";
    require_size(function, "out", items(), out.size());
    vectors().score(vectors().user(function, user), out);
  }
  /// Scores of all items for a user of whom the features are all that is known. Throws shape_error, data_error.
  void score_features(sparse_row_view<float> features, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::hybrid_mf::score_features";
    require_size(function, "out", items(), out.size());
    scratch.query.resize(vector_width());
    sides_.user_from_features(function, features, scratch.query);
    vectors().score(scratch.query, out);
  }
  /// Scores of all items for a user described by a history. The user's factors are learnt from zero by steps of BPR with
  /// the items held fixed: near to what fit would find, not equal to it. The same history gives the same scores. No scores
  /// for an empty one. O(fold_in_epochs K) for each item of the history. Throws unknown_id, shape_error.
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::hybrid_mf::score_history";
    require_size(function, "out", items(), out.size());
    sides_.start(scratch.query);
    const detail::fold_in_steps steps{factors(), spec_.fold_in_epochs, spec_.learning_rate, spec_.regularization};
    detail::fold_in_bpr(function, vectors(), sampler_, steps, history, scratch.query, scratch.fold_in);
    vectors().score(scratch.query, out);
  }

 private:
  friend struct hybrid_mf;
  hybrid_mf_model(const hybrid_mf& spec, detail::feature_fit fit, detail::catalogue_negatives sampler)
      : spec_(spec),
        report_{std::move(fit.loss)},
        sides_(std::move(fit), spec.user_identity, spec.item_identity),
        sampler_(std::move(sampler)) {}

  const detail::latent_vectors& vectors() const { return sides_.vectors(); }

  hybrid_mf spec_;
  hybrid_mf_report report_;
  detail::feature_vectors sides_;
  detail::catalogue_negatives sampler_;
};

inline detail::feature_training hybrid_mf::training() const {
  const detail::example_loss wanted = loss == hybrid_loss::bpr    ? detail::example_loss::bpr
                                      : loss == hybrid_loss::warp ? detail::example_loss::hinge
                                                                  : detail::example_loss::logistic;
  return {"cf::hybrid_mf::fit",
          factors,
          epochs,
          batch,
          {wanted, static_cast<double>(learning_rate), static_cast<double>(regularization), true, false},
          most_trials,
          static_cast<double>(initial_scale),
          user_identity,
          item_identity,
          false};
}

template <executor Exec>
hybrid_mf_model hybrid_mf::fit_sides(const Exec& exec, const data::interactions& log, const detail::side_features& features,
                                     seed key) const {
  detail::require_training("cf::hybrid_mf::fit", *this);
  require_config(most_trials >= 1 && most_trials <= 10'000, "cf::hybrid_mf::fit", "most_trials", "must be in 1..10000");
  require_config(user_identity || item_identity || features.users != nullptr || features.items != nullptr,
                 "cf::hybrid_mf::fit", "user_identity and item_identity",
                 "must not both be off without features: nothing is left to learn");
  const detail::feature_training how = training();
  return {*this, detail::fit_features(exec, how, log, features, key),
          detail::catalogue_negatives(negative_sampling::uniform, log.item_counts(), key.derive(1))};
}

template <executor Exec>
hybrid_mf_model hybrid_mf::fit(const Exec& exec, const data::interactions& log, seed key) const {
  return fit_sides(exec, log, {}, key);
}
template <executor Exec>
hybrid_mf_model hybrid_mf::fit(const Exec& exec, const data::interactions& log, const data::sparse_features& items,
                               seed key) const {
  return fit_sides(exec, log, {nullptr, &items}, key);
}
template <executor Exec>
hybrid_mf_model hybrid_mf::fit(const Exec& exec, const data::interactions& log, const csr_matrix<float>& users,
                               const data::sparse_features& items, seed key) const {
  return fit_sides(exec, log, {&users, &items}, key);
}
template <executor Exec>
std::uint64_t hybrid_mf::fit_bytes(const Exec&, const data::interactions& log) const {
  return detail::feature_fit_bytes(training(), log, {});
}
template <executor Exec>
std::uint64_t hybrid_mf::fit_bytes(const Exec&, const data::interactions& log, const data::sparse_features& items) const {
  return detail::feature_fit_bytes(training(), log, {nullptr, &items});
}
template <executor Exec>
std::uint64_t hybrid_mf::fit_bytes(const Exec&, const data::interactions& log, const csr_matrix<float>& users,
                                   const data::sparse_features& items) const {
  return detail::feature_fit_bytes(training(), log, {&users, &items});
}

}  // namespace cf
}  // namespace mmrec::inline v0
