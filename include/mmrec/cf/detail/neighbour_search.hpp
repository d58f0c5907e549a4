// mmrec/cf/detail/neighbour_search.hpp - the most similar items of one item after another.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/cf/detail/ranked_histories.hpp>
#include <mmrec/cf/similarity.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/kernel/score_scan.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// In double: rounded to float, neighbours of different similarity would tie.
struct neighbour {
  item_id item;
  double score = 0.0;
};

/// How many neighbours each item can have: the most that are wanted, or that its users lead to.
inline std::vector<std::size_t> neighbour_room(const data::interactions& log, std::size_t wanted) {
  std::vector<std::size_t> room(log.items(), 0);
  for (std::size_t user = 0; user < log.users(); ++user) {
    const std::size_t begin = log.starts()[user], end = log.starts()[user + 1];
    for (std::size_t entry = begin; entry < end; ++entry) room[log.item_array()[entry].index()] += end - begin - 1;
  }
  const std::size_t others = log.items() == 0 ? 0 : log.items() - 1;
  for (std::size_t& count : room) count = (std::min)({count, wanted, others});
  return room;
}

/// Finds the neighbours of one item after another; owns the row that their products are added up in. A place of the row is
/// an item, by its number or as `ranked` has it.
class neighbour_search {
 public:
  /// Shapes  scales: I, 1 / length of the columns by place (1 for the similarity dot, 0 for an empty column); ranked: null
  ///         where columns do not hold ones alone
  neighbour_search(const item_users& users_of, const column_similarity& similarity, std::span<const float> scales,
                   const ranked_histories* ranked, std::size_t most)
      : users_of_(users_of),
        similarity_(similarity),
        scales_(scales),
        ranked_(ranked),
        row_(scales.size(), 0.0f),
        counts_(ranked != nullptr ? scales.size() : 0, 0),
        kept_((std::min)(most, scales.size())) {}

  /// The bytes of one, but for what it allocates while it works: 4 for each 16 items.
  static std::uint64_t bytes(std::uint64_t items, std::uint64_t most) {
    return 6 * items + sizeof(neighbour) * (std::min)(items, most);
  }

  /// The neighbours of an item, best first, until the next call.
  std::span<const neighbour> of(std::size_t item) {
    collector best(kept_);
    // Reading the whole row is faster than going over the histories again, unless these are short.
    const bool large = users_of_.work(item) * 8 > row_.size();
    add_products(item, large);
    if (large) {
      if (similarity_.measure() == similarity_measure::pearson) {
        for (std::size_t place = 0; place < row_.size(); ++place) offer(item, place, row_[place], best);
      } else {
        offer_large(item, best);
      }
      if (ranked_ == nullptr) std::fill(row_.begin(), row_.end(), 0.0f);
    } else if (ranked_ != nullptr) {
      ranked_->for_places(users_of_.users(item), [&](std::size_t place) {
        offer(item, place, static_cast<float>(counts_[place]), best);
        counts_[place] = 0;
      });
    } else {
      users_of_.for_neighbours(item, [&](std::size_t other) {
        offer(item, other, row_[other], best);
        row_[other] = 0.0f;
      });
    }
    return std::span(kept_).first(best.finish());
  }

  /// The same as the worker of make_item_lists.
  std::size_t operator()(std::size_t item, std::span<scored_item> room) {
    const std::span<const neighbour> found = of(item);
    std::transform(found.begin(), found.end(), room.begin(), [](const neighbour& other) {
      return scored_item{other.item, static_cast<float>(other.score)};
    });
    return found.size();
  }

 private:
  using collector = kernel::basic_top_k_collector<neighbour>;

  // Products of ones are counted; only a whole row of them is made numbers to be searched, and none is left then.
  void add_products(std::size_t item, bool large) {
    if (ranked_ == nullptr) {
      users_of_.add_products(item, row_);
      row_[item] = 0.0f;
      return;
    }
    ranked_->add_counts(users_of_.users(item), counts_);
    counts_[ranked_->place(item)] = 0;
    if (!large) return;
    std::transform(counts_.begin(), counts_.end(), row_.begin(), [](auto count) { return static_cast<float>(count); });
    std::fill(counts_.begin(), counts_.end(), ranked_histories::count_type{0});
  }

  void offer(std::size_t item, std::size_t place, float product, collector& best) const {
    if (!(product > 0.0f)) return;
    const std::size_t other = ranked_ == nullptr ? place : ranked_->item(place);
    const double score = similarity_(item, other, double{product});
    if (score > 0.0) best.offer(item_id{other}, score);
  }

  void offer_large(std::size_t item, collector& best) {
    // The Jaccard coefficient never exceeds the cosine, and shrinkage only lowers both; so the scan compares cosines, with
    // a margin for its rounding, and the few that pass are computed.
    const double scale = similarity_.measure() == similarity_measure::dot ? 1.0 : std::sqrt(similarity_.square(item));
    const float first = first_bound();
    const auto bound = [&] {
      return best.full() ? (std::max)(first, static_cast<float>(0.99999 * scale * best.worst().score)) : first;
    };
    std::size_t place = kernel::next_product_above(row_, scales_, 0, first);
    while (place < row_.size()) {
      offer(item, place, row_[place], best);
      place = kernel::next_product_above(row_, scales_, place + 1, bound());
    }
  }

  // Where the order of similarities is that of the scan's products, the k-th largest of the maxima of many small groups
  // is below the k-th largest product, but not far: with it the scan stops at little more than k places.
  float first_bound() {
    const similarity_measure measure = similarity_.measure();
    const bool scaled = measure == similarity_measure::cosine || measure == similarity_measure::adjusted_cosine;
    const bool same_order = measure == similarity_measure::dot || (scaled && similarity_.shrinkage() == 0.0f);
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

  const item_users& users_of_;
  const column_similarity& similarity_;
  std::span<const float> scales_;
  const ranked_histories* ranked_;
  std::vector<float> row_;
  std::vector<ranked_histories::count_type> counts_;
  std::vector<float> maxima_;
  std::vector<neighbour> kept_;
};

/// The columns of a user-item matrix, ready to be compared. Refers to the interactions and values.
class similar_items {
 public:
  /// `values`: one for each interaction, or none, and then all are 1; `searched`: whether search() is going to be called.
  /// Throws limit_error for more ones in a column than float counts.
  similar_items(std::string_view function, const data::interactions& log, std::span<const float> values,
                similarity_measure measure, float shrinkage, bool searched)
      : users_of_(log, values),
        similarity_(measure, shrinkage, log.items(), log.users()),
        scales_(log.items(), 0.0f),
        known_(log.items(), 0) {
    if (values.empty()) require_countable(function, users_of_.largest_count());
    for (std::size_t entry = 0; entry < log.size(); ++entry) {
      const std::size_t item = log.item_array()[entry].index();
      similarity_.add(item, values.empty() ? 1.0 : double{values[entry]});
      known_[item] = 1;
    }
    if (searched && values.empty() && ranked_histories::fits(users_of_)) ranked_.emplace(log, users_of_);
    for (std::size_t place = 0; place < scales_.size(); ++place) {
      const double square = similarity_.square(ranked_ ? ranked_->item(place) : place);
      if (square == 0.0) continue;
      scales_[place] = measure == similarity_measure::dot ? 1.0f : static_cast<float>(1.0 / std::sqrt(square));
    }
  }
  static std::uint64_t bytes(const data::interactions& log, bool plain, similarity_measure measure, bool searched) {
    return item_users_bytes(log, plain) + column_similarity::bytes(measure, log.items()) + 5 * std::uint64_t{log.items()} +
           (plain && searched ? ranked_histories::bytes(log) : 0);
  }

  const item_users& users_of() const { return users_of_; }
  const column_similarity& similarity() const { return similarity_; }
  /// Whether each item has interactions.
  const std::vector<std::uint8_t>& known() const { return known_; }
  /// The sum of the squares of a column.
  double square(std::size_t item) const { return similarity_.square(item); }
  /// A worker of make_item_lists.
  neighbour_search search(std::size_t most) const {
    return {users_of_, similarity_, scales_, ranked_ ? &*ranked_ : nullptr, most};
  }

 private:
  item_users users_of_;
  column_similarity similarity_;
  std::optional<ranked_histories> ranked_;
  std::vector<float> scales_;  // by place
  std::vector<std::uint8_t> known_;
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0
