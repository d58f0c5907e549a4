// mmrec/cf/detail/item_users.hpp - products of the columns of the user-item matrix.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Shared users are counted in float, one at a time: beyond 2^24 the count would stand still.
inline void require_countable(std::string_view function, std::size_t users) {
  constexpr std::size_t most = std::size_t{1} << 24;
  if (users > most) throw limit_error(function, "users of one item", most, users);
}

/// The bytes of item_users, once it is there.
inline std::uint64_t item_users_bytes(const data::interactions& log, bool binary) {
  return 8 * (std::uint64_t{log.items()} + 1) + (binary ? 4 : 8) * std::uint64_t{log.size()};
}

/// Who interacted with each item: with it and the histories, a row of X^T X is a walk over histories, and no product of
/// items without a common user is ever touched. Refers to the interactions, which have to outlive it.
class item_users {
 public:
  /// `binary`: every value counts as 1.
  item_users(const data::interactions& log, bool binary)
      : item_users(log, binary ? std::span<const float>{} : log.value_array()) {}

  /// `values`: one for each interaction, in their order, or none, and then all are 1. They have to outlive it as well.
  item_users(const data::interactions& log, std::span<const float> values)
      : log_(log), by_user_(values), binary_(values.empty()), starts_(log.items() + 1, 0) {
    for (const item_id item : log.item_array()) ++starts_[item.index() + 1];
    std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
    users_.resize(log.size());
    if (!binary_) values_.resize(log.size());
    std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
    for (std::size_t user = 0; user < log.users(); ++user) {
      for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
        const std::size_t place = next[log.item_array()[entry].index()]++;
        users_[place] = static_cast<std::uint32_t>(user);
        if (!binary_) values_[place] = by_user_[entry];
      }
    }
  }

  /// The users of an item, in increasing order, and what they have as its values: nothing where all are 1.
  std::span<const std::uint32_t> users(std::size_t item) const {
    return std::span(users_).subspan(starts_[item], count(item));
  }
  std::span<const float> values(std::size_t item) const {
    return binary_ ? std::span<const float>{} : std::span(values_).subspan(starts_[item], count(item));
  }
  std::size_t count(std::size_t item) const { return starts_[item + 1] - starts_[item]; }

  std::size_t largest_count() const {
    std::size_t largest = 0;
    for (std::size_t item = 0; item + 1 < starts_.size(); ++item) largest = (std::max)(largest, count(item));
    return largest;
  }

  /// How many additions add_products of this item takes.
  std::size_t work(std::size_t item) const {
    std::size_t sum = 0;
    for_users(item, [&](std::size_t user, float) { sum += log_.starts()[user + 1] - log_.starts()[user]; });
    return sum;
  }

  /// row[j] += x_item . x_j for all items j; users in increasing order, so that the bits depend on the data alone.
  void add_products(std::size_t item, std::span<float> row) const {
    for_users(item, [&](std::size_t user, float value) {
      const std::size_t begin = log_.starts()[user], count = log_.starts()[user + 1] - begin;
      const item_id* items = log_.item_array().data() + begin;
      if (binary_) {
        for (std::size_t entry = 0; entry < count; ++entry) row[items[entry].index()] += 1.0f;
      } else {
        const float* values = by_user_.data() + begin;
        for (std::size_t entry = 0; entry < count; ++entry) row[items[entry].index()] += value * values[entry];
      }
    });
  }

  /// The same for j <= item only, the lower triangle, in float or double.
  template <class T>
  void add_lower_products(std::size_t item, std::span<T> row) const {
    for_users(item, [&](std::size_t user, float value) {
      // The history holds the item itself, so the walk ends there at the latest.
      for (std::size_t entry = log_.starts()[user];; ++entry) {
        const std::size_t other = log_.item_array()[entry].index();
        row[other] += binary_ ? T{1} : T{value} * T{by_user_[entry]};
        if (other == item) break;
      }
    });
  }

  /// Calls body(j) for the items of the histories that hold the item, some of them several times.
  template <class Body>
  void for_neighbours(std::size_t item, Body&& body) const {
    for_users(item, [&](std::size_t user, float) {
      for (std::size_t entry = log_.starts()[user]; entry < log_.starts()[user + 1]; ++entry) {
        body(log_.item_array()[entry].index());
      }
    });
  }

 private:
  template <class Body>
  void for_users(std::size_t item, Body&& body) const {
    for (std::size_t place = starts_[item]; place < starts_[item + 1]; ++place) {
      body(std::size_t{users_[place]}, binary_ ? 1.0f : values_[place]);
    }
  }

  const data::interactions& log_;
  std::span<const float> by_user_;
  bool binary_;
  std::vector<std::size_t> starts_;
  std::vector<std::uint32_t> users_;
  std::vector<float> values_;
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0
