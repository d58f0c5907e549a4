// mmrec/kernel/memory.hpp - copying, filling and adding arrays; what lies beyond the lengths of examples.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>

namespace mmrec::inline v0 {
namespace kernel {

namespace detail {
/// Numbers of a task.
inline constexpr std::size_t memory_grain = std::size_t{1} << 15;
}  // namespace detail

/// to = from; the two do not overlap.
template <executor Exec, class T>
void copy(const Exec& exec, std::size_t count, const T* from, T* to) {
  for_ranges(exec, count, detail::memory_grain,
             [&](std::size_t begin, std::size_t end) { std::copy(from + begin, from + end, to + begin); });
}

/// Every number of `to` becomes `value`.
template <executor Exec, class T>
void fill(const Exec& exec, std::size_t count, T value, T* to) {
  for_ranges(exec, count, detail::memory_grain,
             [&](std::size_t begin, std::size_t end) { std::fill(to + begin, to + end, value); });
}

/// to += from
template <executor Exec, class T>
void add(const Exec& exec, std::size_t count, const T* from, T* to) {
  for_ranges(exec, count, detail::memory_grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) to[i] += from[i];
  });
}

/// Zeroes the rows of `values` from each example's length on. Lengths above `steps` count as `steps`.
/// Shapes     values: examples x steps x width; lengths: examples, or null, with which nothing is done
template <executor Exec, class T>
void zero_beyond(const Exec& exec, std::size_t examples, std::size_t steps, const std::uint32_t* lengths, std::size_t width,
                 T* values) {
  if (lengths == nullptr) return;
  const std::size_t size = steps * width;
  for_ranges(exec, examples, (std::max)(std::size_t{1}, detail::memory_grain / (std::max)(std::size_t{1}, size)),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t example = begin; example < end; ++example) {
                 const std::size_t used = (std::min)(steps, std::size_t{lengths[example]}) * width;
                 std::fill(values + example * size + used, values + (example + 1) * size, T(0));
               }
             });
}

/// Each example from rows x columns to columns x rows; `from` and `to` do not overlap.
template <executor Exec, class T>
void transpose(const Exec& exec, std::size_t examples, std::size_t rows, std::size_t columns, const T* from, T* to) {
  constexpr std::size_t tile = 16;
  const std::size_t size = rows * columns;
  if (rows <= 1 || columns <= 1) return copy(exec, examples * size, from, to);
  for_ranges(exec, examples, (std::max)(std::size_t{1}, detail::memory_grain / size),
             [&](std::size_t begin, std::size_t end) {
               for (std::size_t example = begin; example < end; ++example) {
                 const T* const source = from + example * size;
                 T* const target = to + example * size;
                 for (std::size_t top = 0; top < rows; top += tile) {
                   const std::size_t bottom = (std::min)(rows, top + tile);
                   for (std::size_t column = 0; column < columns; ++column) {
                     for (std::size_t row = top; row < bottom; ++row)
                       target[column * rows + row] = source[row * columns + column];
                   }
                 }
               }
             });
}

/// The lengths that a window over steps leaves of examples of these lengths; see conv2d_shape::positions. 0 stays 0.
template <executor Exec>
void window_lengths(const Exec& exec, std::size_t count, const std::uint32_t* lengths, std::size_t window,
                    std::size_t stride, std::size_t padding, std::size_t dilation, std::uint32_t* to) {
  for_ranges(exec, count, detail::memory_grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = begin; i < end; ++i) {
      to[i] = lengths[i] == 0
                  ? 0
                  : static_cast<std::uint32_t>(conv2d_shape::positions(lengths[i], window, stride, padding, dilation));
    }
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
