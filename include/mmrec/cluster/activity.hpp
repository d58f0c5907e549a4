// mmrec/cluster/activity.hpp - what each user did, in a few numbers.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// The history of one user in numbers; all zeros for a user who did nothing.
struct activity {
  user_id user;
  std::size_t events = 0;       ///< pairs of the user and an item
  double value_sum = 0.0;       ///< of the values, in the order of items
  double value_mean = 0.0;      ///< 0 without events
  std::int64_t first_time = 0;  ///< of the earliest event
  std::int64_t last_time = 0;   ///< of the latest event
  friend bool operator==(const activity&, const activity&) = default;
};

/// One entry a user. O(E).
inline std::vector<activity> activities(const data::interactions& log) {
  std::vector<activity> result(log.users());
  for (std::size_t user = 0; user < log.users(); ++user) {
    activity& own = result[user];
    own.user = user_id{user};
    const auto values = log.history(own.user).values;
    own.events = values.size();
    if (values.empty()) continue;
    for (const float value : values) own.value_sum += static_cast<double>(value);
    own.value_mean = own.value_sum / static_cast<double>(own.events);
    const auto times = log.times(own.user);
    const auto [first, last] = std::minmax_element(times.begin(), times.end());
    own.first_time = *first;
    own.last_time = *last;
  }
  return result;
}

}  // namespace cluster
}  // namespace mmrec::inline v0
