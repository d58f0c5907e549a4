// mmrec/cf/item_knn.hpp - items chosen by the same users are alike; recommend what is like the history.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/score_scan.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// How alike two items are, from the columns x and y of the user-item matrix.
enum class item_similarity {
  cosine,   ///< x.y / (|x| |y|)
  jaccard,  ///< x.y / (|x|^2 + |y|^2 - x.y): shared users over all users of both, for binary columns
  dot,      ///< x.y: the number of shared users, for binary columns
};

class item_knn_model;

/// Item-based nearest neighbours: every item of the history adds its similarity to each of its `neighbours` most similar
/// items, and the sum is the score.
///
/// Shapes     out: I scores; 0 for an item that no history item points to, no_score for an item without interactions and
///            for everything if no item of the history has interactions
/// Cost       fit O(sum over users of |history|^2) time, O(I) memory a range of items, 8 bytes for each of I x neighbours
///            entries kept; score O(|history| neighbours + I)
/// Result     exact; only positive similarities count, ties go to the lower item id; same bits for any number of threads
/// Throws     invalid_config if neighbours < 1 or shrinkage is negative or not finite; limit_error if more than 2^24
///            users chose one item and binary is set (float counts no further); unknown_id for a user or item
///            outside the catalogue; cancelled
/// Avoid when items are new: it knows nothing of an item without interactions; use cf::profile
/// Example    tests/cf/item_knn_test.cpp
/// Reference  Sarwar, Karypis, Konstan, Riedl, "Item-based collaborative filtering recommendation algorithms", WWW 2001;
///            Deshpande, Karypis, "Item-based top-N recommendation algorithms", ACM TOIS 22(1), 2004
struct item_knn {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t neighbours = 100;  ///< similar items kept for each item
  item_similarity similarity = item_similarity::cosine;
  float shrinkage = 0.0f;  ///< added to the denominator (1 for dot): pulls similarities that rest on few users towards 0
  bool binary = true;      ///< an interaction counts 1 whatever its value, while fitting and scoring

  template <executor Exec>
  item_knn_model fit(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const item_knn&, const item_knn&) = default;
};

/// Fitted item neighbours.
class item_knn_model {
 public:
  struct workspace {};

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return known_.size(); }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of("cf::item_knn::score", user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::item_knn::score_history";
    detail::require_history(function, history, items());
    require_size(function, "out", items(), out.size());
    const bool judges = knows_any_of(history);
    for (std::size_t item = 0; item < items(); ++item) out[item] = judges && known_[item] != 0 ? 0.0f : no_score;
    if (!judges) return;
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      const float weight = binary_ ? 1.0f : history.values[entry];
      for (const scored_item& neighbour : neighbours(history.items[entry])) {
        out[neighbour.item.index()] += weight * neighbour.score;
      }
    }
  }

  /// What each item of the history adds to the score of `item`; all 0 where the score is no_score.
  void explain(history_view history, item_id item, std::span<float> out) const {
    constexpr std::string_view function = "cf::item_knn::explain";
    detail::require_history(function, history, items());
    detail::require_item(function, item, items());
    require_size(function, "out", history.items.size(), out.size());
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      out[entry] = 0.0f;
      for (const scored_item& neighbour : neighbours(history.items[entry])) {
        if (neighbour.item == item) out[entry] = (binary_ ? 1.0f : history.values[entry]) * neighbour.score;
      }
    }
  }

  /// The items most similar to this one, best first. The item itself is not among them.
  std::span<const scored_item> neighbours(item_id item) const {
    detail::require_item("cf::item_knn::neighbours", item, items());
    const std::size_t begin = starts_[item.index()];
    return std::span(neighbours_).subspan(begin, starts_[item.index() + 1] - begin);
  }

 private:
  friend struct item_knn;

  /// `neighbours`: for each item the items it points to, best first, in one array cut at `starts` (I + 1 of them);
  /// `known`: whether an item has interactions.
  item_knn_model(detail::user_histories histories, std::vector<std::size_t> starts, std::vector<scored_item> neighbours,
                 std::vector<std::uint8_t> known, bool binary)
      : histories_(std::move(histories)),
        starts_(std::move(starts)),
        neighbours_(std::move(neighbours)),
        known_(std::move(known)),
        binary_(binary) {}

  bool knows_any_of(const history_view& history) const {
    return std::any_of(history.items.begin(), history.items.end(), [&](item_id item) { return known_[item.index()] != 0; });
  }

  detail::user_histories histories_;
  std::vector<std::size_t> starts_;
  std::vector<scored_item> neighbours_;
  std::vector<std::uint8_t> known_;
  bool binary_;
};

namespace detail {

/// In double: rounded to float, neighbours of different similarity would tie.
struct neighbour {
  item_id item;
  double score = 0.0;
};

/// Finds the neighbours of one item after another; owns the row that their products are added up in.
class neighbour_search {
 public:
  /// Shapes  squares: I, the squared lengths of the columns    scales: I, 1 / length (1 for the similarity dot, 0 for an
  ///         empty column)
  neighbour_search(const item_knn& spec, const item_users& users_of, std::span<const double> squares,
                   std::span<const float> scales)
      : spec_(spec),
        users_of_(users_of),
        squares_(squares),
        scales_(scales),
        row_(squares.size(), 0.0f),
        kept_((std::min)(spec.neighbours, squares.size())) {}

  /// The neighbours of an item, best first, until the next call.
  std::span<const neighbour> of(std::size_t item) {
    collector best(kept_);
    users_of_.add_products(item, row_);
    row_[item] = 0.0f;
    // Reading the whole row is faster than going over the histories again, unless these are short.
    if (users_of_.work(item) * 8 > row_.size()) {
      offer_large(item, best);
      std::fill(row_.begin(), row_.end(), 0.0f);
    } else {
      users_of_.for_neighbours(item, [&](std::size_t other) {
        if (row_[other] > 0.0f) best.offer(item_id{other}, similarity(item, other));
        row_[other] = 0.0f;
      });
    }
    return std::span(kept_).first(best.finish());
  }

 private:
  using collector = kernel::basic_top_k_collector<neighbour>;

  // One root of the product of squares, which is exact for counts, so that pairs of equal similarity tie.
  double similarity(std::size_t item, std::size_t other) const {
    const double product = row_[other];
    double scale = 1.0;
    if (spec_.similarity == item_similarity::cosine) scale = std::sqrt(squares_[item] * squares_[other]);
    if (spec_.similarity == item_similarity::jaccard) scale = squares_[item] + squares_[other] - product;
    return product / (scale + double{spec_.shrinkage});
  }

  void offer_large(std::size_t item, collector& best) {
    // The Jaccard coefficient never exceeds the cosine, and shrinkage only lowers both; so the scan compares cosines, with
    // a margin for its rounding, and the few that pass are computed.
    const double scale = spec_.similarity == item_similarity::dot ? 1.0 : std::sqrt(squares_[item]);
    const float first = first_bound();
    const auto bound = [&] {
      return best.full() ? (std::max)(first, static_cast<float>(0.99999 * scale * best.worst().score)) : first;
    };
    std::size_t other = kernel::next_product_above(row_, scales_, 0, first);
    while (other < row_.size()) {
      best.offer(item_id{other}, similarity(item, other));
      other = kernel::next_product_above(row_, scales_, other + 1, bound());
    }
  }

  // Where the order of similarities is that of the scan's products, the k-th largest of the maxima of many small groups
  // is below the k-th largest product, but not far: with it the scan stops at little more than k places.
  float first_bound() {
    const bool same_order =
        spec_.similarity == item_similarity::dot || (spec_.similarity == item_similarity::cosine && spec_.shrinkage == 0.0f);
    constexpr std::size_t groups = 16, group_size = 16;  // a group takes every 16th place: side by side in registers
    const std::size_t chunks = row_.size() / (groups * group_size);
    if (!same_order || chunks * groups < 2 * kept_.size()) return 0.0f;
    maxima_.assign(chunks * groups, 0.0f);
    for (std::size_t chunk = 0; chunk < chunks; ++chunk) {
      float* largest = maxima_.data() + chunk * groups;
      for (std::size_t member = 0; member < group_size; ++member) {
        const std::size_t place = (chunk * group_size + member) * groups;
        for (std::size_t group = 0; group < groups; ++group) {
          const float product = row_[place + group] * scales_[place + group];
          largest[group] = largest[group] < product ? product : largest[group];
        }
      }
    }
    const auto kth = maxima_.begin() + static_cast<std::ptrdiff_t>(kept_.size() - 1);
    std::nth_element(maxima_.begin(), kth, maxima_.end(), std::greater<>());
    return 0.99999f * *kth;
  }

  const item_knn& spec_;
  const item_users& users_of_;
  std::span<const double> squares_;
  std::span<const float> scales_;
  std::vector<float> row_;
  std::vector<float> maxima_;
  std::vector<neighbour> kept_;
};

}  // namespace detail

template <executor Exec>
item_knn_model item_knn::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::item_knn::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(neighbours >= 1, function, "neighbours", "must be at least 1");
  require_config(std::isfinite(shrinkage) && shrinkage >= 0.0f, function, "shrinkage", "must be finite and not negative");
  const std::size_t items = log.items();
  const detail::item_users users_of(log, binary);
  if (binary) detail::require_countable(function, users_of.largest_count());
  std::vector<double> squares(items, 0.0);
  std::vector<std::uint8_t> known(items, 0);
  for (std::size_t entry = 0; entry < log.size(); ++entry) {
    const std::size_t item = log.item_array()[entry].index();
    const double value = binary ? 1.0 : double{log.value_array()[entry]};
    squares[item] += value * value;
    known[item] = 1;
  }
  std::vector<float> scales(items, 0.0f);
  for (std::size_t item = 0; item < items; ++item) {
    if (squares[item] == 0.0) continue;
    scales[item] = similarity == item_similarity::dot ? 1.0f : static_cast<float>(1.0 / std::sqrt(squares[item]));
  }

  constexpr std::size_t range = 128;  // items of a task, which share one row
  // Tasks between two reports: threads wait for each other there, so that each should have many.
  const std::size_t report_every = (std::max)(std::size_t{32}, 16 * (std::min)(exec.concurrency(), items));
  const std::size_t tasks = (items + range - 1) / range;
  std::vector<std::vector<scored_item>> found(tasks);  // the lists of a task, one after another
  std::vector<std::size_t> starts(items + 1, 0);
  for (std::size_t first = 0; first < tasks; first += report_every) {
    report_progress(exec.sink(), function, first, tasks);
    exec.run((std::min)(report_every, tasks - first), [&](std::size_t offset) {
      const std::size_t task = first + offset;
      detail::neighbour_search search(*this, users_of, squares, scales);
      for (std::size_t item = task * range; item < (std::min)(items, (task + 1) * range); ++item) {
        for (const detail::neighbour& other : search.of(item)) {
          found[task].push_back({other.item, static_cast<float>(other.score)});
          ++starts[item + 1];
        }
      }
    });
  }
  report_progress(exec.sink(), function, tasks, tasks);
  std::partial_sum(starts.begin(), starts.end(), starts.begin());
  std::vector<scored_item> lists;
  lists.reserve(starts.back());
  for (std::vector<scored_item>& part : found) {
    lists.insert(lists.end(), part.begin(), part.end());
    part = {};
  }
  return {detail::user_histories(log), std::move(starts), std::move(lists), std::move(known), binary};
}

}  // namespace cf
}  // namespace mmrec::inline v0
