// mmrec/cf/user_knn.hpp - people who chose alike will choose alike: what the most similar users have.
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
#include <mmrec/cf/similarity.hpp>
#include <mmrec/cf/weighting.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf {

class user_knn_model;

/// User-based nearest neighbours: the `neighbours` users most similar to the one who asks vote for what they have, each by
/// the similarity; the sum of the votes is the score. Users whose items are exactly those of the history have nothing to
/// say of others and are no neighbours, so that a user of the fit is never a neighbour of his own.
///
/// Shapes     out: I scores; 0 for an item that no neighbour has, no_score for an item without interactions and for
///            everything if no item of the history has interactions
/// Cost       fit O(E), all work is done when asked: score O(users of the history's items + their histories + I);
///            20 E bytes (16 without values), 16 (U + I) and more with weightings; a workspace of 12 U
/// Result     exact; ties go to the lower user id; same bits for any executor. A new user is scored as a user of the fit is
///            (exact fold-in)
/// Throws     invalid_config if neighbours < 1, shrinkage is negative or not finite, the weighting has a constant out of
///            range, or the similarity is adjusted_cosine and binary is set; data_error for a negative value where there is
///            a weighting; numeric_error if squares of values overflow; limit_error above the executor's memory limit;
///            unknown_id, shape_error
/// Avoid when users are many more than items and answers must be fast: cf::item_knn
/// Example    tests/cf/user_knn_test.cpp
/// Reference  Resnick, Iacovou, Suchak, Bergstrom, Riedl, "GroupLens: an open architecture for collaborative filtering of
///            netnews", CSCW 1994; Herlocker, Konstan, Borchers, Riedl, "An algorithmic framework for performing
///            collaborative filtering", SIGIR 1999
struct user_knn {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t neighbours = 100;  ///< >= 1, users who vote; 20 to 500 are usual
  similarity_measure similarity = similarity_measure::cosine;
  float shrinkage = 0.0f;        ///< >= 0, added to the denominator (1 for dot): holds down what rests on few items
  bool binary = true;            ///< an interaction counts 1 whatever its value, while comparing and voting
  cf::weighting weighting = {};  ///< of the matrix, before users are compared; its documents are the users

  template <executor Exec>
  user_knn_model fit(const Exec& exec, const data::interactions& log) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const user_knn&, const user_knn&) = default;
};

/// A user and how alike he is to the one who asks.
struct similar_user {
  user_id user;
  float similarity = 0.0f;
  friend bool operator==(const similar_user&, const similar_user&) = default;
};

/// Fitted user neighbours.
class user_knn_model {
 public:
  /// Scratch memory of one thread; grows on first use.
  struct workspace {
    std::vector<float> products;        // U, zeros between calls
    std::vector<std::uint32_t> shared;  // U, zeros between calls
    std::vector<std::uint32_t> touched;
    struct voter {
      item_id item;  // of a user; the collector's name for what it keeps
      double score = 0.0;
    };
    std::vector<voter> kept;
  };

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return starts_.size() - 1; }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of("cf::user_knn::score", user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::user_knn::score_history";
    detail::require_history(function, history, items(), !spec_.binary);
    require_size(function, "out", items(), out.size());
    bool judges = false;
    for (const item_id item : history.items) judges = judges || known(item.index());
    for (std::size_t item = 0; item < items(); ++item) out[item] = judges && known(item) ? 0.0f : no_score;
    const std::size_t found = find(history, scratch);
    for (std::size_t place = 0; place < found; ++place) {
      const auto vote = static_cast<float>(scratch.kept[place].score);
      const history_view voter = histories_.of(function, user_id{scratch.kept[place].item.index()});
      for (std::size_t entry = 0; entry < voter.items.size(); ++entry) {
        out[voter.items[entry].index()] += spec_.binary ? vote : vote * voter.values[entry];
      }
    }
  }

  /// The users who vote for someone with this history, the most similar first; returns how many there are.
  /// Throws shape_error unless out has room for min(neighbours, U) of them.
  std::size_t neighbours(history_view history, std::span<similar_user> out, workspace& scratch) const {
    constexpr std::string_view function = "cf::user_knn::neighbours";
    detail::require_history(function, history, items(), !spec_.binary);
    const std::size_t most = (std::min)(spec_.neighbours, users());
    if (out.size() < most) throw shape_error(function, "entries of out, at least", most, out.size());
    const std::size_t found = find(history, scratch);
    for (std::size_t place = 0; place < found; ++place) {
      out[place] = {user_id{scratch.kept[place].item.index()}, static_cast<float>(scratch.kept[place].score)};
    }
    return found;
  }

 private:
  friend struct user_knn;

  user_knn_model(const user_knn& spec, std::string_view function, const data::interactions& log)
      : spec_(spec), histories_(log), similarity_(spec.similarity, spec.shrinkage, log.users(), log.items()) {
    const bool plain = spec.binary && spec.weighting.scheme == weighting_scheme::none;
    std::vector<float> values;
    if (!plain) {
      values = detail::plain_values(log, spec.binary);
      weights_ = detail::document_weights(function, spec.weighting, documents::users, log, values);
      weights_.apply(log, values);
      if (spec.similarity == similarity_measure::adjusted_cosine) means_ = detail::subtract_means(log, false, values);
      values_.resize(log.size());
    }
    starts_.assign(log.items() + 1, 0);
    for (const item_id item : log.item_array()) ++starts_[item.index() + 1];
    for (std::size_t item = 0; item < log.items(); ++item) starts_[item + 1] += starts_[item];
    users_.resize(log.size());
    std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
    for (std::size_t user = 0; user < log.users(); ++user) {
      for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
        const std::size_t place = next[log.item_array()[entry].index()]++;
        users_[place] = static_cast<std::uint32_t>(user);
        if (!plain) values_[place] = values[entry];
        similarity_.add(user, plain ? 1.0 : double{values[entry]});
      }
    }
  }

  bool known(std::size_t item) const { return starts_[item] != starts_[item + 1]; }

  /// The row of the matrix that a user with this history would have, one number after another.
  float query(const history_view& history, std::size_t entry, double length) const {
    const std::size_t item = history.items[entry].index();
    const float value = weights_(spec_.binary ? 1.0f : history.values[entry], item, length);
    if (means_.empty()) return value;
    return known(item) ? static_cast<float>(double{value} - means_[item]) : 0.0f;  // there is no mean to be above
  }

  /// Puts those who vote in scratch.kept, the most similar first, and returns how many they are.
  std::size_t find(const history_view& history, workspace& scratch) const {
    scratch.products.resize(users(), 0.0f);
    scratch.shared.resize(users(), 0);
    scratch.touched.clear();
    scratch.touched.reserve(users());
    scratch.kept.resize((std::min)(spec_.neighbours, users()));
    const double length = weights_.length(history.values, spec_.binary);
    double square = 0.0, sum = 0.0;
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      const std::size_t item = history.items[entry].index();
      const float value = query(history, entry, length);
      square += double{value} * double{value};
      sum += double{value};
      for (std::size_t place = starts_[item]; place < starts_[item + 1]; ++place) {
        const std::uint32_t user = users_[place];
        if (scratch.shared[user]++ == 0) scratch.touched.push_back(user);
        scratch.products[user] += values_.empty() ? value : value * values_[place];
      }
    }
    kernel::basic_top_k_collector<workspace::voter> best(scratch.kept);
    for (const std::uint32_t user : scratch.touched) {
      const std::size_t size = histories_.of("cf::user_knn", user_id{std::size_t{user}}).items.size();
      const bool same = scratch.shared[user] == history.items.size() && scratch.shared[user] == size;
      const float product = scratch.products[user];
      scratch.products[user] = 0.0f;
      scratch.shared[user] = 0;
      if (same || !(product > 0.0f)) continue;
      const double similarity = similarity_.with(square, sum, user, double{product});
      if (similarity > 0.0) best.offer(item_id{std::size_t{user}}, similarity);
    }
    return best.finish();
  }

  user_knn spec_;
  detail::user_histories histories_;
  detail::column_similarity similarity_;
  detail::document_weights weights_;
  std::vector<double> means_;        // of the items, for adjusted_cosine
  std::vector<std::size_t> starts_;  // users_[starts_[i]] and on: who has item i
  std::vector<std::uint32_t> users_;
  std::vector<float> values_;  // empty where all are 1
};

/// The bytes that fit takes at its peak, the model included.
template <executor Exec>
std::uint64_t user_knn::fit_bytes(const Exec&, const data::interactions& log) const {
  const std::uint64_t users = log.users(), items = log.items(), pairs = log.size();
  const bool plain = binary && weighting.scheme == weighting_scheme::none;
  const std::uint64_t weights = detail::document_weights::bytes(weighting, items) +
                                (similarity == similarity_measure::adjusted_cosine ? 8 * items : 0);
  return detail::user_histories::bytes(log) + detail::column_similarity::bytes(similarity, users) + 16 * items + 8 +
         4 * pairs + (plain ? 0 : 8 * pairs) + weights;
}

template <executor Exec>
user_knn_model user_knn::fit(const Exec& exec, const data::interactions& log) const {
  constexpr std::string_view function = "cf::user_knn::fit";
  require_config(neighbours >= 1, function, "neighbours", "must be at least 1");
  detail::require_similarity(function, similarity, shrinkage, binary);
  detail::require_weighting(function, weighting);
  require_memory(exec, function, fit_bytes(exec, log));
  report_progress(exec.sink(), function, 0, 1);
  user_knn_model model(*this, function, log);
  detail::require_float_squares(function, model.similarity_);
  report_progress(exec.sink(), function, 1, 1);
  return model;
}

}  // namespace cf
}  // namespace mmrec::inline v0
