// mmrec/kernel/pool.hpp - maxima and averages over windows of pictures, and over whole pictures and sequences.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/pool_loops.hpp>
#include <mmrec/kernel/pool2d_shape.hpp>

namespace mmrec::inline v0 {
namespace kernel {

namespace detail {

struct pool_range {
  std::size_t first, count;
};
/// The part of window `index` of an axis that lies in the picture.
constexpr pool_range pool_inside(std::size_t index, std::size_t input, std::size_t window, std::size_t stride,
                                 std::size_t padding) {
  const std::size_t begin = index * stride, end = begin + window;
  const std::size_t first = begin < padding ? 0 : begin - padding;
  const std::size_t last = end < padding ? 0 : (std::min)(input, end - padding);
  return {first, last > first ? last - first : 0};
}

/// Calls body(window, offset of its first pixel in an image, number of the output) for each output of one row.
template <class Body>
void for_windows(const pool2d_shape& s, std::size_t row, Body&& body) {
  const pool_range rows = pool_inside(row, s.in_height, s.window_height, s.stride_height, s.padding_height);
  for (std::size_t column = 0; column < s.out_width(); ++column) {
    const pool_range columns = pool_inside(column, s.in_width, s.window_width, s.stride_width, s.padding_width);
    body(pool_window{rows.count, columns.count, s.in_width * s.channels, s.channels},
         (rows.first * s.in_width + columns.first) * s.channels, row * s.out_width() + column);
  }
}

/// Channels that one task of a backward pass treats.
inline constexpr std::size_t pool_task_channels = 64;

template <executor Exec, class Body>
void for_pool_parts(const Exec& exec, std::size_t images, std::size_t channels, Body&& body) {
  const std::size_t parts = (channels + pool_task_channels - 1) / pool_task_channels;
  exec.run(images * parts, [&](std::size_t task) {
    const std::size_t first = task % parts * pool_task_channels;
    body(task / parts, first, (std::min)(pool_task_channels, channels - first));
  });
}

/// One image at a time takes this many output rows, so that a task is worth a thread's while.
inline std::size_t pool_grain(const pool2d_shape& s) {
  const std::size_t row = s.out_width() * s.channels * s.window_height * s.window_width;
  return (std::max)(std::size_t{1}, 32768 / (std::max)(std::size_t{1}, row));
}

}  // namespace detail

/// The largest element of each window; outside the picture there is none.
///
/// Shapes     see pool2d_shape; 0 images are fine
/// Result     exact, the same at every level; not-a-number if one is in the window
template <executor Exec, class T>
void max_pool2d_forward(const Exec& exec, const pool2d_shape& shape, std::size_t images, const T* input, T* output,
                        simd_level level = best_simd_level()) {
  const std::size_t height = shape.out_height();
  for_ranges(exec, images * height, detail::pool_grain(shape), [&](std::size_t begin, std::size_t end) {
    detail::pool_at(
        level, [&]() __attribute__((always_inline)) {
          for (std::size_t index = begin; index < end; ++index) {
            const T* image = input + index / height * shape.in_size();
            T* result = output + index / height * shape.out_size();
            detail::for_windows(
                shape, index % height, [&](const detail::pool_window& window, std::size_t from, std::size_t to) {
                  detail::pool_max<T, false>(image + from, window, shape.channels, result + to * shape.channels, nullptr);
                });
          }
        });
  });
}

/// The gradient of max_pool2d_forward: each output's goes to the largest element of its window, the first of equal ones in
/// row order. Overwrites input_gradient; null: not wanted. The places are found anew from the input.
template <executor Exec, class T>
void max_pool2d_backward(const Exec& exec, const pool2d_shape& shape, std::size_t images, const T* input,
                         const T* output_gradient, T* input_gradient, simd_level level = best_simd_level()) {
  if (input_gradient == nullptr) return;
  detail::for_pool_parts(exec, images, shape.channels, [&](std::size_t image, std::size_t first, std::size_t count) {
    detail::pool_at(
        level, [&]() __attribute__((always_inline)) {
          T best[detail::pool_task_channels];
          std::size_t places[detail::pool_task_channels];
          const T* from = input + image * shape.in_size() + first;
          const T* gradient = output_gradient + image * shape.out_size() + first;
          T* to = input_gradient + image * shape.in_size() + first;
          for (std::size_t pixel = 0; pixel < shape.in_height * shape.in_width; ++pixel) {
            std::fill_n(to + pixel * shape.channels, count, T(0));
          }
          for (std::size_t row = 0; row < shape.out_height(); ++row) {
            detail::for_windows(shape, row, [&](const detail::pool_window& window, std::size_t at, std::size_t output) {
              detail::pool_max<T, true>(from + at, window, count, best, places);
              const T* share = gradient + output * shape.channels;
              for (std::size_t j = 0; j < count; ++j) to[at + places[j] + j] += share[j];
            });
          }
        });
  });
}

namespace detail {
template <class T>
T pool_factor(const pool2d_shape& s, const pool_window& window, pool_divisor divisor) {
  const std::size_t count =
      divisor == pool_divisor::window ? s.window_height * s.window_width : window.rows * window.columns;
  return T(1) / static_cast<T>(count);
}
}  // namespace detail

/// The average of each window.
///
/// Shapes     see pool2d_shape; 0 images are fine
/// Result     sums in row order: the same bits at every level
template <executor Exec, class T>
void average_pool2d_forward(const Exec& exec, const pool2d_shape& shape, std::size_t images, const T* input, T* output,
                            pool_divisor divisor = pool_divisor::window, simd_level level = best_simd_level()) {
  const std::size_t height = shape.out_height();
  for_ranges(exec, images * height, detail::pool_grain(shape), [&](std::size_t begin, std::size_t end) {
    detail::pool_at(
        level, [&]() __attribute__((always_inline)) {
          for (std::size_t index = begin; index < end; ++index) {
            const T* image = input + index / height * shape.in_size();
            T* result = output + index / height * shape.out_size();
            detail::for_windows(
                shape, index % height, [&](const detail::pool_window& window, std::size_t from, std::size_t to) {
                  detail::pool_sum(image + from, window, shape.channels, detail::pool_factor<T>(shape, window, divisor),
                                   result + to * shape.channels);
                });
          }
        });
  });
}

/// The gradient of average_pool2d_forward. Overwrites input_gradient; null: not wanted.
template <executor Exec, class T>
void average_pool2d_backward(const Exec& exec, const pool2d_shape& shape, std::size_t images, const T* output_gradient,
                             T* input_gradient, pool_divisor divisor = pool_divisor::window,
                             simd_level level = best_simd_level()) {
  if (input_gradient == nullptr) return;
  detail::for_pool_parts(exec, images, shape.channels, [&](std::size_t image, std::size_t first, std::size_t count) {
    detail::pool_at(
        level, [&]() __attribute__((always_inline)) {
          const T* gradient = output_gradient + image * shape.out_size() + first;
          T* to = input_gradient + image * shape.in_size() + first;
          for (std::size_t pixel = 0; pixel < shape.in_height * shape.in_width; ++pixel) {
            std::fill_n(to + pixel * shape.channels, count, T(0));
          }
          for (std::size_t row = 0; row < shape.out_height(); ++row) {
            detail::for_windows(shape, row, [&](const detail::pool_window& window, std::size_t at, std::size_t output) {
              detail::pool_spread(gradient + output * shape.channels, window, count,
                                  detail::pool_factor<T>(shape, window, divisor), to + at);
            });
          }
        });
  });
}

/// Global pooling: one number for each image (or sequence) and channel. `lengths`, if not null, tells for each image how many
/// of its positions count, those after them being padding; a length beyond `positions` is the caller's mistake.
///
/// Shapes     input: images x positions x channels (a picture's positions are its pixels), output: images x channels
/// Result     the largest of each channel, or zero where nothing counts; exact
template <executor Exec, class T>
void global_max_pool_forward(const Exec& exec, std::size_t images, std::size_t positions, std::size_t channels,
                             const std::uint32_t* lengths, const T* input, T* output, simd_level level = best_simd_level()) {
  detail::for_pool_parts(exec, images, channels, [&](std::size_t image, std::size_t first, std::size_t count) {
    const std::size_t length = lengths == nullptr ? positions : lengths[image];
    T* result = output + image * channels + first;
    if (length == 0) return static_cast<void>(std::fill_n(result, count, T(0)));
    detail::pool_at(
        level, [&]() __attribute__((always_inline)) {
          detail::pool_max<T, false>(input + image * positions * channels + first, {1, length, 0, channels}, count, result,
                                     nullptr);
        });
  });
}

/// The gradient of global_max_pool_forward: to the first largest element. Overwrites input_gradient, padding with zeros.
template <executor Exec, class T>
void global_max_pool_backward(const Exec& exec, std::size_t images, std::size_t positions, std::size_t channels,
                              const std::uint32_t* lengths, const T* input, const T* output_gradient, T* input_gradient,
                              simd_level level = best_simd_level()) {
  if (input_gradient == nullptr) return;
  detail::for_pool_parts(exec, images, channels, [&](std::size_t image, std::size_t first, std::size_t count) {
    const std::size_t length = lengths == nullptr ? positions : lengths[image];
    const std::size_t start = image * positions * channels + first;
    for (std::size_t p = 0; p < positions; ++p) std::fill_n(input_gradient + start + p * channels, count, T(0));
    if (length == 0) return;
    T best[detail::pool_task_channels];
    std::size_t places[detail::pool_task_channels];
    detail::pool_at(
        level, [&]() __attribute__((always_inline)) {
          detail::pool_max<T, true>(input + start, {1, length, 0, channels}, count, best, places);
        });
    for (std::size_t j = 0; j < count; ++j) {
      input_gradient[start + places[j] + j] = output_gradient[image * channels + first + j];
    }
  });
}

/// The average of each channel, or zero where nothing counts; see global_max_pool_forward.
///
/// Result     sums in the order of positions: the same bits at every level
template <executor Exec, class T>
void global_average_pool_forward(const Exec& exec, std::size_t images, std::size_t positions, std::size_t channels,
                                 const std::uint32_t* lengths, const T* input, T* output,
                                 simd_level level = best_simd_level()) {
  detail::for_pool_parts(exec, images, channels, [&](std::size_t image, std::size_t first, std::size_t count) {
    const std::size_t length = lengths == nullptr ? positions : lengths[image];
    detail::pool_at(
        level, [&]() __attribute__((always_inline)) {
          detail::pool_sum(input + image * positions * channels + first, {1, length, 0, channels}, count,
                           length == 0 ? T(0) : T(1) / static_cast<T>(length), output + image * channels + first);
        });
  });
}

/// The gradient of global_average_pool_forward. Overwrites input_gradient, padding with zeros; null: not wanted.
template <executor Exec, class T>
void global_average_pool_backward(const Exec& exec, std::size_t images, std::size_t positions, std::size_t channels,
                                  const std::uint32_t* lengths, const T* output_gradient, T* input_gradient,
                                  simd_level level = best_simd_level()) {
  static_cast<void>(level);
  if (input_gradient == nullptr) return;
  detail::for_pool_parts(exec, images, channels, [&](std::size_t image, std::size_t first, std::size_t count) {
    const std::size_t length = lengths == nullptr ? positions : lengths[image];
    const T factor = length == 0 ? T(0) : T(1) / static_cast<T>(length);
    const T* gradient = output_gradient + image * channels + first;
    for (std::size_t p = 0; p < positions; ++p) {
      T* pixel = input_gradient + (image * positions + p) * channels + first;
      for (std::size_t j = 0; j < count; ++j) pixel[j] = p < length ? gradient[j] * factor : T(0);
    }
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
