// mmrec/io/detail/duplicates.hpp - which event of a file repeats an earlier one.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <tuple>
#include <vector>

#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace io::detail {

struct duplicate {
  std::size_t earlier;  // places in the vector of events
  std::size_t later;
};

/// The first event that has the user and item of an earlier one, those without a finite value aside.
inline std::optional<duplicate> first_duplicate(const std::vector<data::interaction>& events) {
  std::vector<std::size_t> order;
  for (std::size_t index = 0; index < events.size(); ++index) {
    if (std::isfinite(events[index].value)) order.push_back(index);
  }
  const auto pair = [&](std::size_t index) { return std::tie(events[index].user, events[index].item); };
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return pair(a) < pair(b); });
  std::optional<duplicate> first;
  for (std::size_t rank = 1; rank < order.size(); ++rank) {
    const bool repeated = pair(order[rank - 1]) == pair(order[rank]);
    if (repeated && (!first || order[rank] < first->later)) first = duplicate{order[rank - 1], order[rank]};
  }
  return first;
}

}  // namespace io::detail
}  // namespace mmrec::inline v0
