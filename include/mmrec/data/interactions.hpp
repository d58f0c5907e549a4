// mmrec/data/interactions.hpp - who did what with which item, when.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <memory>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>

namespace mmrec::inline v0 {
namespace data {

/// One event. `value` is a rating for explicit feedback, a strength (1, a count, ...) for implicit feedback;
/// `time` is any integer that grows with time, 0 where it is not known.
struct interaction {
  user_id user;
  item_id item;
  float value = 1.0f;
  std::int64_t time = 0;
  friend bool operator==(const interaction&, const interaction&) = default;
};

/// What to do with several events of one (user, item) pair.
enum class duplicates { error, keep_first, keep_last, keep_largest, sum };
/// What to do with an event whose value is not finite.
enum class bad_values { error, skip };

/// How events become interactions.
struct interaction_policy {
  duplicates on_duplicate = duplicates::error;
  bad_values on_bad_value = bad_values::error;
  friend bool operator==(const interaction_policy&, const interaction_policy&) = default;
};

/// What the policy met.
struct interaction_report {
  std::size_t events = 0;      ///< events given
  std::size_t kept = 0;        ///< (user, item) pairs kept
  std::size_t duplicates = 0;  ///< events merged into or dropped for another of the same pair
  std::size_t bad_values = 0;  ///< events skipped for a value that is not finite
  friend bool operator==(const interaction_report&, const interaction_report&) = default;
};

/// A set of (user, item) pairs with value and time, grouped by user, items in increasing order within a user.
/// Users and items without events are part of it: their number comes from the id maps, which all parts of a split share.
/// 16 bytes a pair.
class interactions {
 public:
  interactions() : interactions(std::make_shared<const user_map>(), std::make_shared<const item_map>(), {}) {}

  /// Events in any order; `first` and `last` of a policy mean by time, then by position. O(E log E).
  /// Sums are taken in double, in the order of time. Throws unknown_id for an id outside the maps; data_error where the
  /// policy says error and for a sum that is no finite float; invalid_config for a null pointer.
  interactions(std::shared_ptr<const user_map> users, std::shared_ptr<const item_map> items, std::vector<interaction> events,
               const interaction_policy& policy = {})
      : users_(std::move(users)), items_(std::move(items)) {
    build(std::move(events), policy);
  }

  std::size_t users() const { return users_->size(); }
  std::size_t items() const { return items_->size(); }
  std::size_t size() const { return item_of_.size(); }
  const std::shared_ptr<const user_map>& user_keys() const { return users_; }
  const std::shared_ptr<const item_map>& item_keys() const { return items_; }
  const interaction_report& report() const { return report_; }

  /// Row starts, U + 1 of them: user u owns entries starts()[u] .. starts()[u + 1] - 1 of the arrays below.
  std::span<const std::size_t> starts() const { return starts_; }
  std::span<const item_id> item_array() const { return item_of_; }
  std::span<const float> value_array() const { return value_of_; }
  std::span<const std::int64_t> time_array() const { return time_of_; }

  /// What one user did. Throws unknown_id.
  history_view history(user_id user) const {
    const auto [begin, count] = range(user);
    return {std::span(item_of_).subspan(begin, count), std::span(value_of_).subspan(begin, count)};
  }
  std::span<const std::int64_t> times(user_id user) const {
    const auto [begin, count] = range(user);
    return std::span(time_of_).subspan(begin, count);
  }

  /// All pairs as events, by user, then item.
  std::vector<interaction> events() const {
    std::vector<interaction> all;
    all.reserve(size());
    for (std::size_t user = 0; user < users(); ++user) {
      for (std::size_t entry = starts_[user]; entry < starts_[user + 1]; ++entry) {
        all.push_back({user_id{user}, item_of_[entry], value_of_[entry], time_of_[entry]});
      }
    }
    return all;
  }

  /// The pairs that the predicate accepts, with the same users and items.
  template <class Predicate>
  interactions filtered(Predicate&& keep) const {
    std::vector<interaction> kept = events();
    std::erase_if(kept, [&](const interaction& event) { return !keep(event); });
    return {users_, items_, std::move(kept)};
  }

  /// How many users touched each item.
  std::vector<std::uint32_t> item_counts() const {
    std::vector<std::uint32_t> counts(items(), 0);
    for (const item_id item : item_of_) ++counts[item.index()];
    return counts;
  }

 private:
  std::pair<std::size_t, std::size_t> range(user_id user) const {
    if (user.index() >= users()) throw unknown_id("data::interactions", "user", std::to_string(user.index()), users());
    return {starts_[user.index()], starts_[user.index() + 1] - starts_[user.index()]};
  }

  void build(std::vector<interaction> events, const interaction_policy& policy) {
    constexpr std::string_view function = "data::interactions";
    require_config(users_ != nullptr, function, "users", "must not be null");
    require_config(items_ != nullptr, function, "items", "must not be null");
    report_.events = events.size();
    for (const interaction& event : events) {
      if (event.user.index() >= users()) throw unknown_id(function, "user", std::to_string(event.user.index()), users());
      if (event.item.index() >= items()) throw unknown_id(function, "item", std::to_string(event.item.index()), items());
      if (policy.on_bad_value == bad_values::error && !std::isfinite(event.value)) {
        throw data_error(function, "value of user \"" + users_->key(event.user) + "\", item \"" + items_->key(event.item) +
                                       "\" is not finite");
      }
    }
    report_.bad_values = std::erase_if(events, [](const interaction& event) { return !std::isfinite(event.value); });
    std::stable_sort(events.begin(), events.end(), [](const interaction& a, const interaction& b) {
      return std::tie(a.user, a.item, a.time) < std::tie(b.user, b.item, b.time);
    });
    starts_.assign(users() + 1, 0);
    item_of_.reserve(events.size());
    value_of_.reserve(events.size());
    time_of_.reserve(events.size());
    double sum = 0.0;  // of the pair at hand
    for (std::size_t index = 0; index < events.size(); ++index) {
      const interaction& event = events[index];
      const bool repeated = index > 0 && events[index - 1].user == event.user && events[index - 1].item == event.item;
      if (repeated) {
        merge(event, policy.on_duplicate, sum);
        ++report_.duplicates;
        continue;
      }
      sum = static_cast<double>(event.value);
      ++starts_[event.user.index() + 1];
      item_of_.push_back(event.item);
      value_of_.push_back(event.value);
      time_of_.push_back(event.time);
    }
    std::partial_sum(starts_.begin(), starts_.end(), starts_.begin());
    report_.kept = size();
  }

  void merge(const interaction& event, duplicates rule, double& sum) {
    float& value = value_of_.back();
    std::int64_t& time = time_of_.back();
    switch (rule) {
      case duplicates::error:
        throw data_error("data::interactions", "user \"" + users_->key(event.user) + "\", item \"" +
                                                   items_->key(event.item) +
                                                   "\" appears more than once; choose a policy for duplicates");
      case duplicates::keep_first:
        return;
      case duplicates::keep_last:
        value = event.value;
        time = event.time;
        return;
      case duplicates::keep_largest:
        if (event.value > value) {
          value = event.value;
          time = event.time;
        }
        return;
      case duplicates::sum:
        sum += static_cast<double>(event.value);
        if (std::abs(sum) > static_cast<double>((std::numeric_limits<float>::max)())) {
          throw data_error("data::interactions", "the sum for user \"" + users_->key(event.user) + "\", item \"" +
                                                     items_->key(event.item) + "\" is not finite");
        }
        value = static_cast<float>(sum);
        time = event.time;
        return;
    }
  }

  std::shared_ptr<const user_map> users_;
  std::shared_ptr<const item_map> items_;
  std::vector<std::size_t> starts_;
  std::vector<item_id> item_of_;
  std::vector<float> value_of_;
  std::vector<std::int64_t> time_of_;
  interaction_report report_;
};

}  // namespace data
}  // namespace mmrec::inline v0
