// mmrec/cf/detail/ranked_histories.hpp - histories of ones, laid out so that shared users are counted fast.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Counts the users that an item shares with all others, as item_users::add_products does, about three times as fast: items
/// are numbered by their popularity, so that the counts that are needed most lie together, in 16 bits that fit the first
/// cache; and histories, which are read in no order, are fetched ahead. Refers to the interactions.
class ranked_histories {
 public:
  using count_type = std::uint16_t;
  /// Counts of items with more users would not fit.
  static bool fits(const item_users& users_of) { return users_of.largest_count() <= 65535; }

  ranked_histories(const data::interactions& log, const item_users& users_of) : starts_(log.starts()), items_(log.items()) {
    std::iota(items_.begin(), items_.end(), std::uint32_t{0});
    std::stable_sort(items_.begin(), items_.end(),
                     [&](std::uint32_t a, std::uint32_t b) { return users_of.count(a) > users_of.count(b); });
    places_.resize(log.items());
    if (log.items() <= 65536) {
      fill(short_, log, users_of);
    } else {
      fill(long_, log, users_of);
    }
  }
  static std::uint64_t bytes(const data::interactions& log) {
    return 8 * std::uint64_t{log.items()} + (log.items() <= 65536 ? 2 : 4) * std::uint64_t{log.size()};
  }

  /// Where an item is counted, and which item is counted there.
  std::size_t place(std::size_t item) const { return places_[item]; }
  std::size_t item(std::size_t place) const { return items_[place]; }

  /// ++counts[place] for each item of the histories of these users.
  void add_counts(std::span<const std::uint32_t> users, std::span<count_type> counts) const {
    if (long_.empty()) {
      add(short_, users, counts);
    } else {
      add(long_, users, counts);
    }
  }
  /// Calls body(place) for each item of the histories of these users.
  template <class Body>
  void for_places(std::span<const std::uint32_t> users, Body&& body) const {
    for (const std::uint32_t user : users) {
      for (std::size_t entry = starts_[user]; entry < starts_[user + 1]; ++entry) {
        body(long_.empty() ? std::size_t{short_[entry]} : std::size_t{long_[entry]});
      }
    }
  }

 private:
  static constexpr std::size_t fetched_lines = 4;  // of the cache, at the start of a history

  /// Increasing places in each history: from item to item, the most popular first.
  template <class Place>
  void fill(std::vector<Place>& histories, const data::interactions& log, const item_users& users_of) {
    histories.resize(log.size() + fetched_lines * (64 / sizeof(Place)));  // so that what is fetched ahead is there
    std::vector<std::size_t> next(starts_.begin(), starts_.end());
    for (std::size_t place = 0; place < items_.size(); ++place) {
      places_[items_[place]] = static_cast<std::uint32_t>(place);
      for (const std::uint32_t user : users_of.users(items_[place])) histories[next[user]++] = static_cast<Place>(place);
    }
  }

  template <class Place>
  void add(const std::vector<Place>& histories, std::span<const std::uint32_t> users, std::span<count_type> counts) const {
    constexpr std::size_t ahead = 4, line = 64 / sizeof(Place);
    count_type* const count = counts.data();
    for (std::size_t index = 0; index < users.size(); ++index) {
      const Place* coming = histories.data() + starts_[users[(std::min)(index + ahead, users.size() - 1)]];
      for (std::size_t part = 0; part < fetched_lines; ++part) fetch(coming + part * line);
      const Place* const end = histories.data() + starts_[users[index] + std::size_t{1}];
      for (const Place* place = histories.data() + starts_[users[index]]; place != end; ++place) ++count[*place];
    }
  }

  static void fetch([[maybe_unused]] const void* address) {
#if defined(__GNUC__)
    __builtin_prefetch(address);
#endif
  }

  std::span<const std::size_t> starts_;
  std::vector<std::uint32_t> items_;   // by place
  std::vector<std::uint32_t> places_;  // by item
  std::vector<std::uint16_t> short_;   // one of the two holds the histories
  std::vector<std::uint32_t> long_;
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0
