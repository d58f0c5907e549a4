// tests/cluster/log.hpp - the interactions of tests/golden/rfm.py.
#pragma once
#include <mmrec/data/interactions.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace test {

inline mmrec::data::interactions log_of(std::size_t users, std::size_t items, std::vector<mmrec::data::interaction> events) {
  return {std::make_shared<const mmrec::data::user_map>(mmrec::data::user_map::numbered(users)),
          std::make_shared<const mmrec::data::item_map>(mmrec::data::item_map::numbered(items)), std::move(events)};
}

inline constexpr std::size_t rfm_users = 53;
inline mmrec::data::interactions rfm_log() {
  std::vector<mmrec::data::interaction> events;
  for (std::size_t u = 0; u < rfm_users; ++u) {
    for (std::size_t i = 0; i < u * u % 23; ++i) {
      events.push_back({mmrec::user_id{u}, mmrec::item_id{i}, static_cast<float>(1 + (u * 7 + i * i) % 5),
                        static_cast<std::int64_t>(1000 + (u * u * 31 + i * 101) % 977)});
    }
  }
  return log_of(rfm_users, 23, std::move(events));
}

}  // namespace test
