// mmrec/cf/item_knn.hpp - items chosen by the same users are alike; recommend what is like the history.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_lists.hpp>
#include <mmrec/cf/detail/neighbour_search.hpp>
#include <mmrec/cf/item_weights_model.hpp>
#include <mmrec/cf/similarity.hpp>
#include <mmrec/cf/weighting.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// Whose `neighbours` most similar items count.
enum class neighbourhood {
  of_history,  ///< each item of the history adds to the items most similar to it (Deshpande and Karypis)
  of_target,   ///< each candidate looks for the history among the items most similar to it (Sarwar et al.)
};

/// Fitted item neighbours: see item_weights_model. With neighbourhood::of_target, neighbours(item) are the items that have
/// `item` among their most similar ones.
using item_knn_model = item_weights_model<"cf::item_knn">;

/// Item-based nearest neighbours: every item keeps its `neighbours` most similar items, every item of the history adds its
/// similarity to a candidate, and the sum is the score.
///
/// Shapes     out: I scores; 0 for an item that no history item points to, no_score for an item without interactions and
///            for everything if no item of the history has interactions
/// Cost       fit O(sum over users of |history|^2) time, O(I) memory a range of items, 8 bytes for each of I x neighbours
///            entries kept, twice that with of_target; score O(|history| neighbours + I)
/// Result     exact; only positive similarities count, ties go to the lower item id; same bits for any number of threads.
///            A new user is scored as a user of the fit is, from the history (exact); see co_counts for new interactions
/// Throws     invalid_config if neighbours < 1, shrinkage is negative or not finite, the weighting has a constant out of
///            range, or the similarity is adjusted_cosine and binary is set; data_error for a negative value where there is
///            a weighting; limit_error if more than 2^24 users chose one item and binary is set (float counts no further),
///            or above the executor's memory limit; unknown_id for a user or item outside the catalogue; cancelled
/// Avoid when items are new: it knows nothing of an item without interactions; use cf::feature_knn or cf::profile
/// Example    tests/cf/item_knn_test.cpp
/// Reference  Sarwar, Karypis, Konstan, Riedl, "Item-based collaborative filtering recommendation algorithms", WWW 2001;
///            Deshpande, Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 22(1), 2004
struct item_knn {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t neighbours = 100;  ///< >= 1, similar items kept for each item; 10 to 500 are usual
  item_similarity similarity = item_similarity::cosine;
  float shrinkage = 0.0f;        ///< >= 0, added to the denominator (1 for dot): holds down what rests on few users
  bool binary = true;            ///< an interaction counts 1 whatever its value, while fitting and scoring
  cf::weighting weighting = {};  ///< of the matrix, before items are compared; scores add up similarities as ever
  cf::neighbourhood neighbourhood = neighbourhood::of_history;
  bool normalize = false;  ///< divides the similarities of each neighbourhood by their sum
  /// Adds up deviations from the items' means, zeros included, and the candidate's own mean: its popularity decides where
  /// the history says little. score = m_i + sum over all j of w_ji (v_j - m_j), v_j = 0 outside the history.
  bool centred = false;

  template <executor Exec>
  item_knn_model fit(const Exec& exec, const data::interactions& log) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const item_knn&, const item_knn&) = default;
};

namespace detail {

inline void require_item_knn(std::string_view function, const item_knn& spec) {
  require_config(spec.neighbours >= 1, function, "neighbours", "must be at least 1");
  require_similarity(function, spec.similarity, spec.shrinkage, spec.binary);
  require_weighting(function, spec.weighting);
}

/// What the columns of item_knn hold, one number for each interaction; nothing where all are 1.
inline std::vector<float> column_values(std::string_view function, const item_knn& spec, const data::interactions& log) {
  if (spec.binary && spec.weighting.scheme == weighting_scheme::none) return {};
  std::vector<float> values = plain_values(log, spec.binary);
  document_weights(function, spec.weighting, documents::items, log, values).apply(log, values);
  if (spec.similarity == similarity_measure::adjusted_cosine) subtract_means(log, true, values);
  return values;
}

/// Lists of similar items as lists of weights.
template <executor Exec>
item_lists finish_neighbours(const Exec& exec, const item_knn& spec, item_lists lists) {
  if (spec.normalize) {
    for (std::size_t item = 0; item < lists.items(); ++item) {
      double sum = 0.0;
      for (const scored_item& other : lists.of(item)) sum += double{other.score};
      for (std::size_t entry = lists.starts[item]; entry < lists.starts[item + 1]; ++entry) {
        lists.entries[entry].score = static_cast<float>(double{lists.entries[entry].score} / sum);
      }
    }
  }
  return spec.neighbourhood == neighbourhood::of_target ? transposed(exec, lists) : std::move(lists);
}

}  // namespace detail

namespace detail {

/// What an item scores for an empty history, where scores are centred: its mean less what the weights make of the others'.
/// `sums`: of the values of each item.
inline std::vector<float> centred_base(const item_knn& spec, std::span<const double> sums, std::size_t users,
                                       const item_lists& lists) {
  if (!spec.centred) return {};
  std::vector<double> means(sums.begin(), sums.end());
  for (double& mean : means) mean /= static_cast<double>(users);
  std::vector<double> rest(means);
  for (std::size_t item = 0; item < lists.items(); ++item) {
    for (const scored_item& other : lists.of(item)) rest[other.item.index()] -= double{other.score} * means[item];
  }
  std::vector<float> base(rest.size());
  std::transform(rest.begin(), rest.end(), base.begin(), [](double value) { return static_cast<float>(value); });
  return base;
}

}  // namespace detail

/// The bytes that fit takes at its peak, the model included.
template <executor Exec>
std::uint64_t item_knn::fit_bytes(const Exec& exec, const data::interactions& log) const {
  const std::uint64_t items = log.items(), pairs = log.size();
  std::uint64_t room = 0;
  for (const std::size_t most : detail::neighbour_room(log, neighbours)) room += most;
  const bool plain = binary && weighting.scheme == weighting_scheme::none;
  const std::uint64_t inputs =
      (plain ? 0 : 4 * pairs) + detail::similar_items::bytes(log, plain, similarity, true) + 9 * items;
  const std::uint64_t search =
      detail::list_workers(exec.concurrency(), items) * detail::neighbour_search::bytes(items, neighbours);
  const std::uint64_t lists = detail::list_bytes(items, room);
  const std::uint64_t copies =
      neighbourhood == neighbourhood::of_target ? (std::max)(search, sizeof(scored_item) * room + 16 * items) : search;
  return inputs + lists + (std::max)(copies, detail::user_histories::bytes(log));
}

template <executor Exec>
item_knn_model item_knn::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::item_knn::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  detail::require_item_knn(function, *this);
  require_memory(exec, function, fit_bytes(exec, log));
  const std::vector<float> values = detail::column_values(function, *this, log);
  const detail::similar_items similar(function, log, values, similarity, shrinkage, true);
  detail::require_float_squares(function, similar.similarity());
  detail::item_lists lists = detail::make_item_lists(exec, function, detail::neighbour_room(log, neighbours),
                                                     [&] { return similar.search(neighbours); });
  lists = detail::finish_neighbours(exec, *this, std::move(lists));
  std::vector<double> sums(log.items(), 0.0);
  for (std::size_t entry = 0; entry < log.size(); ++entry) {
    sums[log.item_array()[entry].index()] += binary ? 1.0 : double{log.value_array()[entry]};
  }
  std::vector<float> base = detail::centred_base(*this, sums, log.users(), lists);
  return {detail::user_histories(log), std::move(lists), similar.known(), binary, std::move(base)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
