// bench/cf/power_law.hpp - interactions in which few users and items take part in many pairs.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>

namespace bench {

/// About `pairs` pairs without repeats; the item of rank r is drawn in proportion to r^-0.8, its id is random.
inline mmrec::data::interactions power_law(std::size_t users, std::size_t items, std::size_t pairs) {
  using namespace mmrec;
  random_stream random(seed{1});
  std::vector<double> cumulative(items);
  double total = 0.0;
  for (std::size_t rank = 0; rank < items; ++rank) {
    total += std::pow(static_cast<double>(rank + 1), -0.8);
    cumulative[rank] = total;
  }
  std::vector<std::size_t> id_of_rank(items);
  for (std::size_t rank = 0; rank < items; ++rank) id_of_rank[rank] = rank;
  random.shuffle(std::span(id_of_rank));
  std::vector<data::interaction> events(pairs);
  for (data::interaction& event : events) {
    const double unit = random.uniform();
    const auto user = static_cast<std::size_t>(unit * unit * static_cast<double>(users));  // density 1 / sqrt
    const auto rank = std::lower_bound(cumulative.begin(), cumulative.end(), random.uniform() * total) - cumulative.begin();
    event = {user_id{user}, item_id{id_of_rank[std::min<std::size_t>(static_cast<std::size_t>(rank), items - 1)]}};
  }
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)),
          std::move(events),
          {.on_duplicate = data::duplicates::keep_first}};
}

/// Additions that X^T X takes: the sum of the squares of the histories' lengths.
inline double products_of(const mmrec::data::interactions& log) {
  double sum = 0.0;
  for (std::size_t user = 0; user < log.users(); ++user) {
    const auto length = static_cast<double>(log.starts()[user + 1] - log.starts()[user]);
    sum += length * length;
  }
  return sum;
}

}  // namespace bench
