// mmrec/nn/layers/padding.hpp - keeping what lies beyond an example's length zero.
#pragma once
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/memory.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn::detail {

/// Zeroes the rows of `values` (count x steps x width) beyond each example's length, for a layer that keeps the steps of its
/// input.
template <backend Exec, class S, class T>
void zero_padding(const Exec& exec, const batch_view<S, T>& in, std::size_t width, T* values) {
  if constexpr (has_steps<S>) {
    using kernel::zero_beyond;
    zero_beyond(exec, in.count, in.steps, in.lengths, width, values);
  }
}

}  // namespace nn::detail
}  // namespace mmrec::inline v0
