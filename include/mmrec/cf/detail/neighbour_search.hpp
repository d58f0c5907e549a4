// mmrec/cf/detail/neighbour_search.hpp - the most similar items of one item after another.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/cf/detail/item_users.hpp>
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

/// Finds the neighbours of one item after another; owns the row that their products are added up in.
class neighbour_search {
 public:
  /// Shapes  scales: I, 1 / length of the columns (1 for the similarity dot, 0 for an empty column)
  neighbour_search(const item_users& users_of, const column_similarity& similarity, std::span<const float> scales,
                   std::size_t most)
      : users_of_(users_of),
        similarity_(similarity),
        scales_(scales),
        row_(scales.size(), 0.0f),
        kept_((std::min)(most, scales.size())) {}

  /// The bytes of one, but for what it allocates while it works: 4 for each 16 items.
  static std::uint64_t bytes(std::uint64_t items, std::uint64_t most) {
    return 4 * items + sizeof(neighbour) * (std::min)(items, most);
  }

  /// The neighbours of an item, best first, until the next call.
  std::span<const neighbour> of(std::size_t item) {
    collector best(kept_);
    users_of_.add_products(item, row_);
    row_[item] = 0.0f;
    // Reading the whole row is faster than going over the histories again, unless these are short.
    if (users_of_.work(item) * 8 > row_.size()) {
      if (similarity_.measure() == similarity_measure::pearson) {
        for (std::size_t other = 0; other < row_.size(); ++other) offer(item, other, best);
      } else {
        offer_large(item, best);
      }
      std::fill(row_.begin(), row_.end(), 0.0f);
    } else {
      users_of_.for_neighbours(item, [&](std::size_t other) {
        offer(item, other, best);
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

  void offer(std::size_t item, std::size_t other, collector& best) const {
    if (!(row_[other] > 0.0f)) return;
    const double score = similarity_(item, other, double{row_[other]});
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
    std::size_t other = kernel::next_product_above(row_, scales_, 0, first);
    while (other < row_.size()) {
      offer(item, other, best);
      other = kernel::next_product_above(row_, scales_, other + 1, bound());
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
  std::vector<float> row_;
  std::vector<float> maxima_;
  std::vector<neighbour> kept_;
};

/// The columns of a user-item matrix, ready to be compared. Refers to the interactions and values.
class similar_items {
 public:
  /// `values`: one for each interaction, or none, and then all are 1. Throws limit_error for more of these in a column than
  /// float counts.
  similar_items(std::string_view function, const data::interactions& log, std::span<const float> values,
                similarity_measure measure, float shrinkage)
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
    for (std::size_t item = 0; item < scales_.size(); ++item) {
      const double square = similarity_.square(item);
      if (square == 0.0) continue;
      scales_[item] = measure == similarity_measure::dot ? 1.0f : static_cast<float>(1.0 / std::sqrt(square));
    }
  }
  static std::uint64_t bytes(const data::interactions& log, bool plain, similarity_measure measure) {
    return item_users_bytes(log, plain) + column_similarity::bytes(measure, log.items()) + 5 * std::uint64_t{log.items()};
  }

  const item_users& users_of() const { return users_of_; }
  const column_similarity& similarity() const { return similarity_; }
  /// Whether each item has interactions.
  const std::vector<std::uint8_t>& known() const { return known_; }
  /// The sum of the squares of a column.
  double square(std::size_t item) const { return similarity_.square(item); }
  /// A worker of make_item_lists.
  neighbour_search search(std::size_t most) const { return {users_of_, similarity_, scales_, most}; }

 private:
  item_users users_of_;
  column_similarity similarity_;
  std::vector<float> scales_;
  std::vector<std::uint8_t> known_;
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0
