// mmrec/pipeline/element.hpp - how one element of each kind is passed between two stages.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/core/kind.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/image.hpp>
#include <mmrec/data/sequences.hpp>
#include <mmrec/data/sound.hpp>

namespace mmrec::inline v0 {

namespace detail {
template <class Kind>
struct slot;
template <class T, int D>
struct slot<kind::dense<T, D>> {
  using type = std::vector<T>;
};
template <class T>
struct slot<kind::sparse<T>> {
  using type = sparse_row<T>;
};
template <int H, int W>
struct slot<kind::image<H, W>> {
  using type = data::image;
};
template <class T, int D>
struct slot<kind::sequence<T, D>> {
  using type = data::sequence<T>;
};
template <>
struct slot<kind::sound> {
  using type = data::sound;
};
template <>
struct slot<kind::ids> {
  using type = data::sequence<std::int32_t>;
};
}  // namespace detail

/// The memory that holds one element of a kind between two stages; it is reused and grows only until it fits.
template <class Kind>
using slot_of = typename detail::slot<Kind>::type;

/// The content of a slot, as the next stage takes it.
template <class T>
std::span<const T> view_of(const std::vector<T>& slot) {
  return slot;
}
template <class T>
sparse_row_view<T> view_of(const sparse_row<T>& slot) {
  return slot.view();
}
template <class T>
data::sequence_view<T> view_of(const data::sequence<T>& slot) {
  return slot.view();
}
inline data::sound_view view_of(const data::sound& slot) { return slot.view(); }
inline data::image_view view_of(const data::image& slot) { return slot.view(); }

}  // namespace mmrec::inline v0
