// mmrec/cf/rating_knn.hpp - ratings from those of the users, or of the items, that are most alike.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <mmrec/cf/baseline.hpp>
#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/rating_biases.hpp>
#include <mmrec/cf/detail/rating_data.hpp>
#include <mmrec/cf/detail/rating_similarity.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// Whose ratings are compared.
enum class rating_side {
  users,  ///< a rating follows from those of the item by users who rate alike
  items,  ///< a rating follows from those by the user of items that are rated alike
};

/// What is averaged over the neighbours, and what is added to the average.
enum class rating_centring {
  none,      ///< ratings; nothing
  mean,      ///< how far they are above each neighbour's mean; the own mean
  z_score,   ///< the same in standard deviations; the own mean and deviation
  baseline,  ///< how far they are above the baseline estimate; the own baseline estimate
};

class rating_knn_model;

/// Nearest neighbours on ratings: the estimate is the mean, weighted by similarity, of the `neighbours` most similar users that
/// rated the item (or of the most similar items that the user rated). Only positive similarities count.
///
/// Shapes     N = U or I, after `side`    out: I scores; no_score where fewer than least_neighbours count
/// Cost       fit O(sum over the other side of |ratings|^2) time and 4 N^2 bytes (160 MB for N = 6,400), which the model
///            keeps; predict O(|ratings of the item, or of the user|), score O(R) at most
/// Result     exact; equal similarities go to the lower id. The user's own rating of an item, where it is known, counts as
///            that of any other neighbour. With fewer than least_neighbours the rest of the estimate stands: the own
///            mean (of the user, or of the item), the baseline, or, without centring, the mean of all ratings; cold users and
///            items get that mean, and, with baseline, the biases that are known. score_history computes what a fit would
///            have for this user: a user of the fit gets the same bits. Same bits for any number of threads
/// Throws     invalid_config for a field out of range; limit_error if N > max_rows or beyond the executor's memory limit;
///            data_error without ratings; unknown_id for a user or item outside the catalogue; cancelled
/// Avoid when N is large: take the smaller side, or cf::svd
/// Example    tests/cf/rating_knn_test.cpp
/// Reference  Herlocker, Konstan, Borchers, Riedl, "An algorithmic framework for performing collaborative filtering", SIGIR
///            1999; Sarwar, Karypis, Konstan, Riedl, "Item-based collaborative filtering recommendation algorithms", WWW
///            2001; Koren, "Factor in the neighbors", ACM TKDD 4(1), 2010, section 2.2 (baseline, shrinkage)
struct rating_knn {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  rating_side side = rating_side::items;
  rating_similarity similarity = rating_similarity::pearson_baseline;
  rating_centring centring = rating_centring::baseline;
  std::size_t neighbours = 40;       ///< >= 1
  std::size_t least_neighbours = 1;  ///< 1..neighbours
  std::size_t least_support = 1;     ///< >= 1; the similarity of rows with fewer ratings in common is 0
  float shrinkage = 100.0f;          ///< >= 0; only for pearson_baseline: pulls similarities that rest on few towards 0
  cf::baseline biases = {};          ///< only for centring::baseline and pearson_baseline
  std::size_t max_rows = 40'000;     ///< larger N are refused: 40,000 need 6.4 GB

  template <executor Exec>
  rating_knn_model fit(const Exec& exec, const data::interactions& log) const;
  /// Peak memory of fit, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const {
    const bool of_users = side == rating_side::users;
    const std::uint64_t rows = of_users ? log.users() : log.items();
    const std::uint64_t lists =
        detail::rating_rows::bytes(log.users(), log.size()) + detail::rating_rows::bytes(log.items(), log.size());
    const std::uint64_t sums = exec.concurrency() * rows * sizeof(detail::common_sums);
    const std::uint64_t per_row = 16 * rows + 8 * (std::uint64_t{log.users()} + log.items());
    return rows * rows * sizeof(float) + lists + 4 * std::uint64_t{log.size()} + per_row + sums;
  }

  friend bool operator==(const rating_knn&, const rating_knn&) = default;
};

/// Fitted similarities. All members are const and safe to call from any number of threads, each with its own workspace; with
/// one that has been used before they do not allocate.
class rating_knn_model {
 public:
  /// Scratch memory of one thread.
  struct workspace {
    struct candidate {
      float similarity;
      float value;
    };
    std::vector<candidate> candidates;
    std::vector<float> order;
    detail::rating_similarity_row search;
    std::vector<std::uint32_t> ids;
    std::vector<float> compared;
    std::vector<float> values;
    std::vector<float> similarities;
  };

  std::size_t users() const { return biases_.users.size(); }
  std::size_t items() const { return biases_.items.size(); }
  rating_scale scale() const { return summary_.scale; }
  const rating_knn& spec() const { return spec_; }

  /// The similarity of two users, or of two items. Throws unknown_id.
  float similarity(std::size_t left, std::size_t right) const {
    constexpr std::string_view function = "cf::rating_knn::similarity";
    for (const std::size_t row : {left, right}) {
      if (of_users()) {
        detail::require_user(function, user_id{row}, users());
      } else {
        detail::require_item(function, item_id{row}, items());
      }
    }
    return row_of(left)[right];
  }

  float predict(user_id user, item_id item, workspace& scratch) const {
    detail::require_user("cf::rating_knn::predict", user, users());
    detail::require_item("cf::rating_knn::predict", item, items());
    const subject of = subject_of(user);
    const std::optional<double> found = estimate(of, item.index(), scratch);
    return scale().clip(found ? *found : fallback(of, item.index()));
  }
  float predict(user_id user, item_id item) const {
    workspace scratch;
    return predict(user, item, scratch);
  }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::rating_knn::score";
    detail::require_user(function, user, users());
    require_size(function, "out", items(), out.size());
    score_subject(subject_of(user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::rating_knn::score_history";
    detail::require_history(function, history, items());
    detail::require_finite_ratings(function, history.values);
    require_size(function, "out", items(), out.size());
    score_subject(subject_of(history, scratch), out, scratch);
  }

 private:
  friend struct rating_knn;

  /// The user that is asked about: one of the fit or one described by a history.
  struct subject {
    std::span<const float> similarities;  // to all users; empty when items are compared
    std::span<const std::uint32_t> ids;   // rated items; empty when users are compared
    std::span<const float> values;        // what they add to the average
    bool known = false;                   // whether there are ratings
    double mean = 0.0;                    // of the user's ratings; unless items are compared
    double deviation = 1.0;
    double bias = 0.0;
  };

  explicit rating_knn_model(const rating_knn& spec) : spec_(spec) {}

  bool of_users() const { return spec_.side == rating_side::users; }
  bool uses_biases() const {
    return spec_.centring == rating_centring::baseline || spec_.similarity == rating_similarity::pearson_baseline;
  }
  std::span<const float> row_of(std::size_t row) const {
    const std::size_t n = of_users() ? users() : items();
    return std::span(similarities_).subspan(row * n, n);
  }
  detail::similarity_rule rule() const { return {spec_.similarity, spec_.least_support, double{spec_.shrinkage}}; }
  detail::bias_ridge user_ridge() const { return {double{spec_.biases.user_regularization}}; }
  double baseline_of(double user_bias, std::size_t item) const { return summary_.mean + user_bias + biases_.items[item]; }

  /// What a rating is compared by.
  float compared(float rating, double user_bias, std::size_t item) const {
    if (spec_.similarity != rating_similarity::pearson_baseline) return rating;
    return static_cast<float>(double{rating} - baseline_of(user_bias, item));
  }
  /// What a neighbour's rating adds to the average; mean and deviation are the neighbour's.
  float value_of(float rating, double mean, double deviation, double user_bias, std::size_t item) const {
    switch (spec_.centring) {
      case rating_centring::mean:
        return static_cast<float>(double{rating} - mean);
      case rating_centring::z_score:
        return static_cast<float>((double{rating} - mean) / deviation);
      case rating_centring::baseline:
        return static_cast<float>(double{rating} - baseline_of(user_bias, item));
      default:
        return rating;
    }
  }

  /// Mean and standard deviation of ratings, that of all ratings where it is 0.
  std::pair<double, double> moments(std::span<const float> ratings) const {
    if (ratings.empty()) return {summary_.mean, deviation_};
    double sum = 0.0, squares = 0.0;
    for (const float rating : ratings) sum += double{rating};
    const double mean = sum / static_cast<double>(ratings.size());
    for (const float rating : ratings) squares += (double{rating} - mean) * (double{rating} - mean);
    const double deviation = std::sqrt(squares / static_cast<double>(ratings.size()));
    return {mean, deviation > 0.0 ? deviation : deviation_};
  }

  subject subject_of(user_id user) const {
    const std::size_t u = user.index();
    if (!of_users()) return {{}, lists_.ids_of(u), lists_.values_of(u), lists_.count(u) != 0, 0.0, 1.0, biases_.users[u]};
    return {row_of(u), {}, {}, user_known_[u] != 0, means_[u], deviations_[u], biases_.users[u]};
  }
  subject subject_of(history_view history, workspace& scratch) const {
    subject of;
    of.known = !history.items.empty();
    of.bias = uses_biases() ? user_ridge().solve(history.items, history.values, summary_.mean, biases_.items) : 0.0;
    scratch.ids.clear();
    scratch.values.clear();
    scratch.compared.clear();
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      const std::size_t item = history.items[entry].index();
      const float rating = history.values[entry];
      scratch.ids.push_back(history.items[entry].value);
      if (of_users()) {
        scratch.compared.push_back(compared(rating, of.bias, item));
      } else {
        scratch.values.push_back(value_of(rating, means_[item], deviations_[item], of.bias, item));
      }
    }
    if (!of_users()) {
      of.ids = scratch.ids;
      of.values = scratch.values;
      return of;
    }
    std::tie(of.mean, of.deviation) = moments(history.values);
    scratch.similarities.resize(users());
    scratch.search.compute(rule(), scratch.ids, scratch.compared, {lists_.starts, lists_.ids, compared_}, 0,
                           scratch.similarities);
    of.similarities = scratch.similarities;
    return of;
  }

  /// The estimate; nothing if fewer than least_neighbours count.
  std::optional<double> estimate(const subject& of, std::size_t item, workspace& scratch) const {
    if (!of.known || item_known_[item] == 0) return std::nullopt;
    const auto ids = of_users() ? lists_.ids_of(item) : of.ids;
    const auto values = of_users() ? lists_.values_of(item) : of.values;
    const auto similarities = of_users() ? of.similarities : row_of(item);
    auto& candidates = scratch.candidates;
    candidates.clear();
    for (std::size_t entry = 0; entry < ids.size(); ++entry) {
      const float found = similarities[ids[entry]];
      if (found > 0.0f) candidates.push_back({found, values[entry]});
    }
    if (candidates.size() < spec_.least_neighbours) return std::nullopt;
    if (candidates.size() > spec_.neighbours) keep_largest(scratch);
    double above = 0.0, below = 0.0;
    for (const workspace::candidate& one : candidates) {
      above += double{one.similarity} * double{one.value};
      below += double{one.similarity};
    }
    const double average = above / below;
    switch (spec_.centring) {
      case rating_centring::mean:
        return own_mean(of, item) + average;
      case rating_centring::z_score:
        return own_mean(of, item) + average * (of_users() ? of.deviation : deviations_[item]);
      case rating_centring::baseline:
        return baseline_of(of.bias, item) + average;
      default:
        return average;
    }
  }

  double own_mean(const subject& of, std::size_t item) const { return of_users() ? of.mean : means_[item]; }

  double fallback(const subject& of, std::size_t item) const {
    if (spec_.centring == rating_centring::baseline) return baseline_of(of.bias, item);
    const bool cold = !of.known || item_known_[item] == 0;
    return cold || spec_.centring == rating_centring::none ? summary_.mean : own_mean(of, item);
  }

  /// Leaves the `neighbours` candidates of largest similarity, of equal ones the first, in their order.
  void keep_largest(workspace& scratch) const {
    std::vector<float>& found = scratch.order;
    found.clear();
    for (const workspace::candidate& one : scratch.candidates) found.push_back(one.similarity);
    const auto last = found.begin() + static_cast<std::ptrdiff_t>(spec_.neighbours - 1);
    std::nth_element(found.begin(), last, found.end(), std::greater<>());
    const float least = *last;
    auto ties = static_cast<std::size_t>(std::count(found.begin(), last + 1, least));
    std::erase_if(scratch.candidates, [&](const workspace::candidate& one) {
      if (one.similarity != least) return one.similarity < least;
      if (ties == 0) return true;
      --ties;
      return false;
    });
  }

  void score_subject(const subject& of, std::span<float> out, workspace& scratch) const {
    for (std::size_t item = 0; item < items(); ++item) {
      const std::optional<double> found = estimate(of, item, scratch);
      out[item] = found ? static_cast<float>(*found) : no_score;
    }
  }

  rating_knn spec_;
  detail::rating_summary summary_;
  double deviation_ = 1.0;           // of all ratings
  detail::rating_biases biases_;     // 0 where they are not used
  std::vector<float> similarities_;  // N x N
  detail::rating_rows lists_;        // who may be a neighbour: by item when users are compared, else by user
  std::vector<float> compared_;      // in the order of lists_, only when users are compared
  std::vector<double> means_;        // of each row that is compared
  std::vector<double> deviations_;
  std::vector<std::uint8_t> user_known_;
  std::vector<std::uint8_t> item_known_;
};

template <executor Exec>
rating_knn_model rating_knn::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::rating_knn::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  const bool of_users = side == rating_side::users;
  require_config(neighbours >= 1, function, "neighbours", "must be at least 1");
  require_config(least_neighbours >= 1 && least_neighbours <= neighbours, function, "least_neighbours",
                 "must be 1 to neighbours");
  require_config(least_support >= 1, function, "least_support", "must be at least 1");
  require_config(std::isfinite(shrinkage) && shrinkage >= 0.0f, function, "shrinkage", "must be finite and not negative");
  biases.validate(function);
  const std::size_t n = of_users ? log.users() : log.items();
  if (n > max_rows) throw limit_error(function, of_users ? "number of users" : "number of items", max_rows, n);

  rating_knn_model model(*this);
  model.summary_ = detail::summarize_ratings(function, log);
  require_memory(asked, function, fit_bytes(asked, log));
  report_progress(exec.sink(), function, 0, n);
  detail::rating_rows by_user = detail::ratings_by_user(log), by_item = detail::ratings_by_item(log);
  double squares = 0.0;
  for (const float rating : log.value_array()) {
    squares += (double{rating} - model.summary_.mean) * (double{rating} - model.summary_.mean);
  }
  model.deviation_ = squares > 0.0 ? std::sqrt(squares / static_cast<double>(log.size())) : 1.0;
  const auto known = [](const detail::rating_rows& rows) {
    std::vector<std::uint8_t> result(rows.rows());
    for (std::size_t row = 0; row < rows.rows(); ++row) result[row] = rows.count(row) != 0 ? 1 : 0;
    return result;
  };
  model.user_known_ = known(by_user);
  model.item_known_ = known(by_item);
  if (model.uses_biases()) {
    model.biases_ = detail::als_biases(exec, "cf::rating_knn::fit (biases)", log, by_item, model.summary_.mean,
                                       model.user_ridge(), {double{biases.item_regularization}}, biases.epochs);
  } else {
    model.biases_ = {std::vector<double>(log.users(), 0.0), std::vector<double>(log.items(), 0.0)};
  }
  const detail::rating_rows& rows = of_users ? by_user : by_item;
  for (std::size_t row = 0; row < n; ++row) {
    const auto [mean, deviation] = model.moments(rows.values_of(row));
    model.means_.push_back(mean);
    model.deviations_.push_back(deviation);
  }

  // What is compared takes the place of the ratings, then what neighbours add does; the lists of neighbours are those of
  // the other side.
  const auto replace = [](detail::rating_rows& lists, bool lists_of_users, const auto& value) {
    for (std::size_t row = 0; row < lists.rows(); ++row) {
      for (std::size_t entry = lists.starts[row]; entry < lists.starts[row + 1]; ++entry) {
        const std::size_t other = lists.ids[entry];
        float& rating = lists.values[entry];
        rating = lists_of_users ? value(rating, row, other) : value(rating, other, row);
      }
    }
  };
  const auto compared = [&](float rating, std::size_t user, std::size_t item) {
    return model.compared(rating, model.biases_.users[user], item);
  };
  model.lists_ = of_users ? by_item : by_user;
  replace(by_user, true, compared);
  replace(by_item, false, compared);
  if (of_users) {
    model.similarities_ = detail::similarity_matrix(exec, function, by_user.view(), by_item.view(), model.rule());
    model.compared_ = std::move(by_item.values);
  } else {
    model.similarities_ = detail::similarity_matrix(exec, function, by_item.view(), by_user.view(), model.rule());
  }
  replace(model.lists_, !of_users, [&](float rating, std::size_t user, std::size_t item) {
    const std::size_t row = of_users ? user : item;
    return model.value_of(rating, model.means_[row], model.deviations_[row], model.biases_.users[user], item);
  });
  return model;
}

}  // namespace cf
}  // namespace mmrec::inline v0
