// mmrec/nn/layers/padding.hpp - keeping what lies beyond an example's length zero.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn::detail {

/// Zeroes the rows of `values` (count x steps x width) beyond each example's length; lengths may be null.
template <class T>
void zero_beyond(std::size_t count, std::size_t steps, const std::uint32_t* lengths, std::size_t width, T* values) {
  if (lengths == nullptr) return;
  for (std::size_t example = 0; example < count; ++example) {
    const std::size_t length = (std::min)(steps, static_cast<std::size_t>(lengths[example]));
    T* const first = values + example * steps * width;
    std::fill(first + length * width, first + steps * width, T(0));
  }
}
/// The same for what a layer gives that keeps the steps of its input.
template <class S, class T>
void zero_padding(const batch_view<S, T>& in, std::size_t width, T* values) {
  if constexpr (has_steps<S>) zero_beyond(in.count, in.steps, in.lengths, width, values);
}

}  // namespace nn::detail
}  // namespace mmrec::inline v0
