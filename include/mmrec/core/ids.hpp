// mmrec/core/ids.hpp - strong index types for users and items.
#pragma once
#include <compare>
#include <cstddef>
#include <cstdint>
#include <functional>

namespace mmrec::inline v0 {

/// A dense index 0..n-1 that cannot be mixed up with another kind of index.
/// External keys (numbers or strings of a data set) are translated by data::id_map, once, at the border. An index that
/// does not fit becomes 4294967295, which no model knows: it is told as unknown_id, never taken for another one.
template <class Tag>
struct strong_id {
  std::uint32_t value = 0;

  constexpr strong_id() = default;
  constexpr explicit strong_id(std::size_t index)
      : value(index < 0xffffffffU ? static_cast<std::uint32_t>(index) : 0xffffffffU) {}

  constexpr std::size_t index() const { return value; }
  friend constexpr auto operator<=>(const strong_id&, const strong_id&) = default;
};

using user_id = strong_id<struct user_tag>;
using item_id = strong_id<struct item_tag>;

}  // namespace mmrec::inline v0

template <class Tag>
struct std::hash<mmrec::strong_id<Tag>> {
  std::size_t operator()(const mmrec::strong_id<Tag>& id) const noexcept { return std::hash<std::uint32_t>{}(id.value); }
};
