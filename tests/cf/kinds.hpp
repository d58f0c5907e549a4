// tests/cf/kinds.hpp - users and items of four kinds.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>

namespace test {

inline mmrec::data::interactions log_of(std::size_t users, std::size_t items, std::vector<mmrec::data::interaction> events) {
  using namespace mmrec;
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

/// The kind of a user or item is its number modulo 4; 90 % of the `each` items that a user has are of the user's kind.
inline mmrec::data::interactions kinds(std::size_t users, std::size_t items, std::size_t each) {
  using namespace mmrec;
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    random_stream random(seed{3}, user);
    std::set<std::size_t> chosen;
    while (chosen.size() < each) {
      const std::size_t kind = random.uniform() < 0.9 ? user % 4 : random.below(4);
      chosen.insert(random.below(static_cast<std::uint32_t>(items / 4)) * 4 + kind);
    }
    for (const std::size_t item : chosen) events.push_back({user_id{user}, item_id{item}});
  }
  return log_of(users, items, std::move(events));
}

/// The share of the first `places` unseen items of the first `users` users that are of the user's kind;
/// score(user, scores) fills in the scores of all items.
template <class Score>
double kind_share(const mmrec::data::interactions& log, std::size_t users, std::size_t places, Score&& score) {
  using namespace mmrec;
  std::size_t right = 0;
  for (std::size_t user = 0; user < users; ++user) {
    std::vector<float> scores(log.items());
    score(user, std::span<float>(scores));
    for (const item_id item : log.history(user_id{user}).items) scores[item.index()] = -1e30f;
    std::vector<std::size_t> order(log.items());
    for (std::size_t item = 0; item < order.size(); ++item) order[item] = item;
    std::partial_sort(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(places), order.end(),
                      [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    for (std::size_t place = 0; place < places; ++place) right += order[place] % 4 == user % 4 ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(users * places);
}

}  // namespace test
