// mmrec/kernel/listing_filter.hpp - which items a search may list, and at which score.
#pragma once
#include <algorithm>
#include <concepts>
#include <span>

#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// What a search asks about the few items whose score is high enough to be listed. It is a small value that is copied; its
/// calls are inlined into the search.
///
///   bool admits(item_id) const;             may it be listed at all?
///   static constexpr bool adjusts;          does it change scores? If it does:
///   float adjust(item_id, float) const;         the score it is listed with: never decreases when the score grows
///   float least_score(float listed) const;      no item of a lower score is listed with `listed` or more
template <class Filter>
concept listing_filter = requires(const Filter& filter, item_id item) {
  { filter.admits(item) } -> std::convertible_to<bool>;
  { Filter::adjusts } -> std::convertible_to<bool>;
};

/// Admits everything.
struct list_all {
  static constexpr bool adjusts = false;
  bool admits(item_id) const { return true; }
};

/// Admits what is not in a list, which is in increasing order.
struct list_others {
  std::span<const item_id> excluded;
  static constexpr bool adjusts = false;
  bool admits(item_id item) const { return !std::binary_search(excluded.begin(), excluded.end(), item); }
};

}  // namespace kernel
}  // namespace mmrec::inline v0
