// mmrec/serve/detail/capped.hpp - lists under caps: walk the best, and go deeper until enough is listed.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/core/recommender.hpp>

namespace mmrec::inline v0 {
namespace serve::detail {

struct capped_workspace {
  std::vector<scored_item> deep;
  std::vector<std::uint32_t> counters;
};

/// How many of the best items the first walk looks at.
inline std::size_t first_depth(std::size_t wanted, std::size_t items) { return (std::min)(items, 4 * wanted + 16); }

/// Fills `out` with the list of `wanted` items. search(depth, list) writes the `depth` best items before caps and returns
/// how many there are. A walk looks at the items in the order of the list alone, so that what it takes from the best few is
/// what it would take from all of them; only if it runs out of items does it need more.
template <class Filter, class Search>
std::size_t capped_list(const Filter& filter, std::size_t items, std::size_t wanted, std::span<scored_item> out,
                        capped_workspace& scratch, Search&& search) {
  if constexpr (!Filter::has_caps) {
    return search(wanted, out);
  } else {
    constexpr std::size_t growth = 4;
    for (std::size_t depth = first_depth(wanted, items);; depth = (std::min)(items, growth * depth)) {
      scratch.deep.resize(depth);
      const std::size_t found = search(depth, std::span<scored_item>(scratch.deep));
      const std::size_t listed =
          filter.walk(std::span<const scored_item>(scratch.deep).first(found), wanted, out, scratch.counters);
      if (listed == wanted || found < depth || depth == items) return listed;
    }
  }
}

}  // namespace serve::detail
}  // namespace mmrec::inline v0
