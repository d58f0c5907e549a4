// mmrec/cf/feature_knn.hpp - item neighbours by users and by content at once.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/feature_rows.hpp>
#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_lists.hpp>
#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/cf/detail/neighbour_search.hpp>
#include <mmrec/cf/item_weights_model.hpp>
#include <mmrec/cf/similarity.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf {

template <class Rows>
class feature_knn_model;

/// Feature-augmented nearest neighbours: two items are alike by
///
///   (1 - content_share) similarity of their users + content_share cosine of their features,
///
/// a missing part counting 0, and each item of the history adds that to the `neighbours` items most similar to it. Items
/// nobody has touched are found by their features, items without features by their users.
///
/// Shapes     features I x D    out: I scores; 0 for an item that no history item points to, no_score for an item with
///            neither interactions nor features and for everything if no item of the history has any
/// Cost       fit O(sum over users of |history|^2 + I^2 D) time for dense features, O(I x entries) for sparse ones; a copy
///            of the features (two of dense ones) and 8 I x neighbours bytes; score O(|history| neighbours + I)
/// Result     only positive sums count, ties go to the lower item id; same bits for any number of threads. A new user is
///            scored as a user of the fit is (exact fold-in); a new item by score_features as it would be scored after a
///            refit with it, the lists of the other items left as they are
/// Throws     invalid_config if neighbours < 1, content_share is not in 0..1, shrinkage is negative or not finite, or the
///            similarity is adjusted_cosine and binary is set; shape_error if the features are of other items, data_error
///            for a non-finite feature or none at all; limit_error as cf::item_knn; unknown_id; cancelled
/// Avoid when features are many and catalogues large: cf::ials learns a map of the features
/// Example    tests/cf/feature_knn_test.cpp
/// Reference  Deldjoo, Schedl, Cremonesi, Pasi, "Recommender systems leveraging multimedia content", ACM CSUR 53(5), 2020;
///            Mobasher, Jin, Zhou, "Semantically enhanced collaborative filtering on the web", EWMF 2003 (the mixture)
struct feature_knn {
  using input_kind = kind::dense<float>;
  using output_kind = kind::scores;
  template <class Given>
  using output_for = std::conditional_t<kind_fits<Given, kind::dense<float>> || std::is_same_v<Given, kind::sparse<float>>,
                                        kind::scores, void>;
  static constexpr bool collaborative = false;  ///< learns from features, too

  float content_share = 0.3f;                            ///< 0..1; 0: item_knn, 1: content alone
  std::size_t neighbours = 100;                          ///< >= 1, similar items kept for each item
  item_similarity similarity = item_similarity::cosine;  ///< of the users; dot is on another scale than the cosine
  float shrinkage = 0.0f;                                ///< >= 0, of that similarity
  bool binary = true;  ///< an interaction counts 1 whatever its value, while fitting and scoring

  template <executor Exec>
  feature_knn_model<detail::dense_rows> fit(const Exec& exec, const data::interactions& log,
                                            const data::dense_features& features) const;
  template <executor Exec>
  feature_knn_model<detail::sparse_rows> fit(const Exec& exec, const data::interactions& log,
                                             const data::sparse_features& features) const;
  template <executor Exec, class Features>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log, const Features& features) const;

  friend bool operator==(const feature_knn&, const feature_knn&) = default;
};

/// Fitted neighbours. A row of features is a std::span<const float> of D numbers where they are dense, a
/// sparse_row_view<float> where they are sparse.
template <class Rows>
class feature_knn_model : public item_weights_model<"cf::feature_knn"> {
  using lists_model = item_weights_model<"cf::feature_knn">;

 public:
  using row_view = typename Rows::row_view;

  feature_knn_model(const feature_knn& spec, lists_model lists, detail::user_histories histories, Rows features)
      : lists_model(std::move(lists)), spec_(spec), histories_(std::move(histories)), features_(std::move(features)) {}

  std::size_t width() const { return features_.width(); }

  /// The score that an item outside the catalogue would get: by each item of the history that has it among its most
  /// similar ones. no_score if no item of the history is known.
  float score_features(row_view row, user_id user) const {
    constexpr std::string_view function = "cf::feature_knn::score_features";
    features_.require_row(function, row);
    const double length = Rows::inverse_length(row);
    double score = 0.0;
    bool judges = false;
    const history_view history = histories_.of(function, user);
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      const item_id item = history.items[entry];
      judges = judges || this->knows(item);
      if (!features_.has(item)) continue;
      const auto nearest = this->neighbours(item);
      const auto alike = static_cast<float>(double{spec_.content_share} * length * Rows::dot(features_.row(item), row));
      if (!(alike > 0.0f) || (nearest.size() >= spec_.neighbours && alike <= nearest.back().score)) continue;
      score += (spec_.binary ? 1.0 : double{history.values[entry]}) * double{alike};
    }
    return judges ? static_cast<float>(score) : no_score;
  }

 private:
  feature_knn spec_;
  detail::user_histories histories_;
  Rows features_;
};

namespace detail {

/// Worker of make_item_lists: the items most similar to one after another, by users and by features.
template <class Rows>
class mixed_search {
 public:
  mixed_search(const feature_knn& spec, const item_users& users_of, const column_similarity& alike, const Rows& features)
      : spec_(spec), users_of_(users_of), alike_(alike), features_(features), row_(features.items(), 0.0f), content_(row_) {
    if constexpr (std::is_same_v<Rows, sparse_rows>) direction_.assign(features.width(), 0.0f);
  }

  std::size_t operator()(std::size_t item, std::span<scored_item> room) {
    kept_.resize(room.size());
    kernel::basic_top_k_collector<neighbour> best(kept_);
    users_of_.add_products(item, row_);
    const bool has_features = features_.has(item_id{item});
    if (has_features) compare(item);
    for (std::size_t other = 0; other < row_.size(); ++other) {
      double score = 0.0;
      if (row_[other] > 0.0f && other != item) {
        const double users = alike_(item, other, double{row_[other]});
        if (users > 0.0) score += (1.0 - double{spec_.content_share}) * users;
      }
      row_[other] = 0.0f;
      if (has_features && features_.has(item_id{other})) score += double{spec_.content_share} * double{content_[other]};
      if (score > 0.0 && other != item) best.offer(item_id{other}, score);
    }
    const std::size_t found = best.finish();
    for (std::size_t place = 0; place < found; ++place) {
      room[place] = {kept_[place].item, static_cast<float>(kept_[place].score)};
    }
    return found;
  }

 private:
  void compare(std::size_t item) {
    if constexpr (std::is_same_v<Rows, sparse_rows>) {
      std::fill(direction_.begin(), direction_.end(), 0.0f);
      Rows::add(features_.row(item_id{item}), 1.0f, direction_);
      features_.dot_all(direction_, content_);
    } else {
      features_.dot_all(features_.row(item_id{item}), content_);
    }
  }

  const feature_knn& spec_;
  const item_users& users_of_;
  const column_similarity& alike_;
  const Rows& features_;
  std::vector<float> row_;
  std::vector<float> content_;
  std::vector<float> direction_;
  std::vector<neighbour> kept_;
};

template <class Rows, executor Exec, class Features>
feature_knn_model<Rows> fit_feature_knn(const Exec& asked, const feature_knn& spec, const data::interactions& log,
                                        const Features& features) {
  constexpr std::string_view function = "cf::feature_knn::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(spec.neighbours >= 1, function, "neighbours", "must be at least 1");
  require_config(spec.content_share >= 0.0f && spec.content_share <= 1.0f, function, "content_share", "must be in 0..1");
  require_similarity(function, spec.similarity, spec.shrinkage, spec.binary);
  require_memory(exec, function, spec.fit_bytes(exec, log, features));
  const std::size_t items = log.items();
  Rows rows(function, features, items, true);
  std::vector<float> values;
  if (!spec.binary) {
    values.assign(log.value_array().begin(), log.value_array().end());
    if (spec.similarity == similarity_measure::adjusted_cosine) subtract_means(log, true, values);
  }
  const similar_items similar(function, log, values, spec.similarity, spec.shrinkage, false);
  require_float_squares(function, similar.similarity());
  std::vector<std::uint8_t> known = similar.known();
  for (std::size_t item = 0; item < items; ++item) {
    if (rows.has(item_id{item})) known[item] = 1;
  }
  const std::vector<std::size_t> room(items, (std::min)(spec.neighbours, items == 0 ? 0 : items - 1));
  item_lists lists = make_item_lists(
      exec, function, room, [&] { return mixed_search<Rows>(spec, similar.users_of(), similar.similarity(), rows); });
  const user_histories histories(log);
  return {spec, {histories, std::move(lists), std::move(known), spec.binary}, histories, std::move(rows)};
}

}  // namespace detail

/// The bytes that fit takes at its peak, the model included.
template <executor Exec, class Features>
std::uint64_t feature_knn::fit_bytes(const Exec& exec, const data::interactions& log, const Features& features) const {
  const std::uint64_t items = log.items(), room = items == 0 ? 0 : items * (std::min)(std::uint64_t{neighbours}, items - 1);
  const std::uint64_t searches = detail::list_workers(exec.concurrency(), items) *
                                 (8 * items + sizeof(detail::neighbour) * (std::min)(items, std::uint64_t{neighbours}));
  return detail::feature_bytes(features) + (binary ? 0 : 4 * std::uint64_t{log.size()}) +
         detail::similar_items::bytes(log, binary, similarity, false) + 10 * items + detail::list_bytes(items, room) +
         (std::max)(searches, 2 * detail::user_histories::bytes(log));
}

template <executor Exec>
feature_knn_model<detail::dense_rows> feature_knn::fit(const Exec& exec, const data::interactions& log,
                                                       const data::dense_features& features) const {
  return detail::fit_feature_knn<detail::dense_rows>(exec, *this, log, features);
}

template <executor Exec>
feature_knn_model<detail::sparse_rows> feature_knn::fit(const Exec& exec, const data::interactions& log,
                                                        const data::sparse_features& features) const {
  return detail::fit_feature_knn<detail::sparse_rows>(exec, *this, log, features);
}

}  // namespace cf
}  // namespace mmrec::inline v0
