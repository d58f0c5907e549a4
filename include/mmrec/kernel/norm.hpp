// mmrec/kernel/norm.hpp - batch and layer normalisation with their gradients.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/norm_loops.hpp>
#include <mmrec/kernel/norm_shape.hpp>

namespace mmrec::inline v0 {
namespace kernel {

namespace detail {

/// Numbers of a task, and most tasks whose partial sums are kept.
inline constexpr std::size_t norm_grain = std::size_t{1} << 14;
inline constexpr std::size_t norm_blocks = 64;

constexpr std::size_t norm_grain_rows(const norm_shape& shape) {
  return (std::max)(std::size_t{1}, norm_grain / (std::max)(std::size_t{1}, shape.width));
}
constexpr std::size_t norm_block_rows(const norm_shape& shape) {
  return (std::max)((shape.rows() + norm_blocks - 1) / norm_blocks, norm_grain_rows(shape));
}
constexpr std::size_t norm_block_count(const norm_shape& shape) {
  const std::size_t rows = norm_block_rows(shape);
  return (shape.rows() + rows - 1) / rows;
}

/// Calls used(first, count) for each run of rows that count, and unused(first, count) for those between, among begin..end.
template <class Used, class Unused>
void for_runs(const norm_shape& shape, std::size_t begin, std::size_t end, const Used& used, const Unused& unused) {
  if (shape.lengths == nullptr) {
    if (begin < end) used(begin, end - begin);
    return;
  }
  while (begin < end) {
    const std::size_t example = begin / shape.steps;
    const std::size_t stop = example * shape.steps + (std::min)(shape.steps, std::size_t{shape.lengths[example]});
    const std::size_t last = (std::min)(end, (example + 1) * shape.steps);
    const std::size_t middle = std::clamp(stop, begin, last);
    if (begin < middle) used(begin, middle - begin);
    if (middle < last) unused(middle, last - middle);
    begin = last;
  }
}
inline std::size_t used_rows(const norm_shape& shape) {
  if (shape.lengths == nullptr) return shape.rows();
  std::size_t sum = 0;
  for (std::size_t example = 0; example < shape.examples; ++example) {
    sum += (std::min)(shape.steps, std::size_t{shape.lengths[example]});
  }
  return sum;
}
/// The first row that counts; 0 if none does.
inline std::size_t first_used_row(const norm_shape& shape) {
  std::size_t example = 0;
  while (shape.lengths != nullptr && example < shape.examples && shape.lengths[example] == 0) ++example;
  return example == shape.examples ? 0 : example * shape.steps;
}

/// Two sums a column over the rows that count, in scratch[0 .. width) and [width .. 2 width): run(first, count, sums,
/// others) adds those of some rows. Blocks are summed side by side, then added in order.
template <executor Exec, class Run>
void norm_sums(const Exec& exec, const norm_shape& shape, double* scratch, const Run& run) {
  const std::size_t blocks = norm_block_count(shape), each = 2 * shape.width;
  std::fill_n(scratch, (std::max)(blocks, std::size_t{1}) * each, 0.0);
  for_ranges(exec, shape.rows(), norm_block_rows(shape), [&](std::size_t begin, std::size_t end) {
    double* const own = scratch + begin / norm_block_rows(shape) * each;
    for_runs(
        shape, begin, end, [&](std::size_t first, std::size_t count) { run(first, count, own, own + shape.width); },
        [](std::size_t, std::size_t) {});
  });
  for (std::size_t block = 1; block < blocks; ++block) {
    for (std::size_t i = 0; i < each; ++i) scratch[i] += scratch[block * each + i];
  }
}

/// run(first, count) for rows that count; zeros in `to` for the others.
template <executor Exec, class T, class Run>
void norm_map(const Exec& exec, const norm_shape& shape, T* to, const Run& run) {
  for_ranges(exec, shape.rows(), norm_block_rows(shape), [&](std::size_t begin, std::size_t end) {
    for_runs(shape, begin, end, run, [&](std::size_t first, std::size_t count) {
      std::fill_n(to + first * shape.width, count * shape.width, T(0));
    });
  });
}

}  // namespace detail

/// Doubles of scratch that the normalisations below and their gradients need; lengths do not matter. More rows never need
/// less.
constexpr std::size_t norm_scratch(const norm_shape& shape) {
  const std::size_t blocks = shape.rows() / detail::norm_grain_rows(shape) + 1;
  return 2 * shape.width * (std::min)(blocks, detail::norm_blocks) + 3 * shape.width;
}

/// y = x * scale + shift, column by column.
/// Shapes     x, y: rows x width, y == x allowed; scale, shift: width
template <executor Exec, class T>
void scale_and_shift(const Exec& exec, const norm_shape& shape, const T* x, const T* scale, const T* shift, T* y,
                     simd_level level = best_simd_level()) {
  detail::norm_map(exec, shape, y, [&](std::size_t first, std::size_t count) {
    const std::size_t at = first * shape.width;
    detail::scale_columns<T>(level, count, shape.width, x + at, scale, shift, y + at);
  });
}


/// What batch_norm is once its statistics stand still, y = x * scale + shift, where scale = gamma / sqrt(running variance +
/// epsilon) and shift = beta - running mean * scale; computed in double.
/// Shapes     all: channels
template <executor Exec, class T>
void statistics_scale(const Exec& exec, std::size_t channels, double epsilon, const T* gamma, const T* beta,
                      const T* running_mean, const T* running_variance, T* scale, T* shift) {
  for_ranges(exec, channels, detail::norm_grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t c = begin; c < end; ++c) {
      const double factor = static_cast<double>(gamma[c]) / std::sqrt(static_cast<double>(running_variance[c]) + epsilon);
      scale[c] = static_cast<T>(factor);
      shift[c] = static_cast<T>(static_cast<double>(beta[c]) - static_cast<double>(running_mean[c]) * factor);
    }
  });
}

/// Normalises each column to the mean and variance of the rows that count: y = (x - mean) / sqrt(variance + epsilon) *
/// gamma + beta. The running statistics move by the share `momentum` towards the batch's mean and unbiased variance; not
/// at all without rows, and the variance not with one row, which has none.
///
/// Shapes     x, y: rows x width; gamma, beta, running_*, mean, inverse: width, the last two given to the backward pass;
///            scratch: norm_scratch() doubles
/// Cost       reads x twice
/// Result     sums in double, in an order that depends on the shape alone: same bits for any number of threads
/// Reference  Ioffe, Szegedy, "Batch normalization", ICML 2015
template <executor Exec, class T>
void batch_norm_forward(const Exec& exec, const norm_shape& shape, T epsilon, T momentum, const T* x, const T* gamma,
                        const T* beta, T* running_mean, T* running_variance, T* y, T* mean, T* inverse, double* scratch,
                        simd_level level = best_simd_level()) {
  const std::size_t width = shape.width, used = detail::used_rows(shape);
  if (used == 0) {
    std::fill_n(mean, width, T(0));
    std::fill_n(inverse, width, T(0));
    std::fill_n(y, shape.rows() * width, T(0));
    return;
  }
  // Sums of differences to one of the rows: a mean far from zero costs the variance no digits.
  const T* const base = x + detail::first_used_row(shape) * width;
  detail::norm_sums(exec, shape, scratch, [&](std::size_t first, std::size_t count, double* sums, double* squares) {
    detail::column_squares<T>(level, count, width, x + first * width, base, sums, squares);
  });
  const double n = static_cast<double>(used);
  T* const scale = reinterpret_cast<T*>(scratch + norm_scratch(shape) - 3 * width);
  for (std::size_t c = 0; c < width; ++c) {
    const double offset = scratch[c] / n;
    const double variance = (std::max)(0.0, scratch[width + c] / n - offset * offset);
    const double middle = static_cast<double>(base[c]) + offset;
    mean[c] = static_cast<T>(middle);
    inverse[c] = static_cast<T>(1.0 / std::sqrt(variance + static_cast<double>(epsilon)));
    scale[c] = inverse[c] * gamma[c];
    running_mean[c] += momentum * (static_cast<T>(middle) - running_mean[c]);
    if (used > 1) running_variance[c] += momentum * (static_cast<T>(variance * (n / (n - 1.0))) - running_variance[c]);
  }
  detail::norm_map(exec, shape, y, [&](std::size_t first, std::size_t count) {
    const T* const means = mean;
    const T* const scales = scale;
    detail::normalize_columns<T>(level, count, width, x + first * width, means, scales, beta, y + first * width);
  });
}

/// The gradients: by gamma and beta added to, by x overwritten unless null.
/// Shapes     as above; dy: rows x width, zero in the rows that do not count
template <executor Exec, class T>
void batch_norm_backward(const Exec& exec, const norm_shape& shape, const T* x, const T* dy, const T* gamma, const T* mean,
                         const T* inverse, T* gamma_gradient, T* beta_gradient, T* dx, double* scratch,
                         simd_level level = best_simd_level()) {
  const std::size_t width = shape.width, used = detail::used_rows(shape);
  detail::norm_sums(exec, shape, scratch, [&](std::size_t first, std::size_t count, double* sums, double* products) {
    detail::column_products<T>(level, count, width, x + first * width, dy + first * width, mean, sums, products);
  });
  T* const scale = reinterpret_cast<T*>(scratch + norm_scratch(shape) - 3 * width);
  T* const slope = scale + width;
  T* const offset = slope + width;
  const double share = used == 0 ? 0.0 : 1.0 / static_cast<double>(used);
  for (std::size_t c = 0; c < width; ++c) {
    const double factor = static_cast<double>(inverse[c]), product = scratch[width + c] * factor;
    const double scaled = static_cast<double>(gamma[c]) * factor;
    gamma_gradient[c] += static_cast<T>(product);
    beta_gradient[c] += static_cast<T>(scratch[c]);
    scale[c] = static_cast<T>(scaled);
    slope[c] = static_cast<T>(scaled * factor * product * share);
    offset[c] = static_cast<T>(scaled * scratch[c] * share);
  }
  if (dx == nullptr) return;
  detail::norm_map(exec, shape, dx, [&](std::size_t first, std::size_t count) {
    const T *const scales = scale, *const slopes = slope, *const offsets = offset;
    const std::size_t at = first * width;
    detail::column_gradients<T>(level, count, width, x + at, dy + at, mean, scales, slopes, offsets, dx + at);
  });
}

/// Normalises each row to its own mean and variance: y = (x - mean) / sqrt(variance + epsilon) * gamma + beta.
///
/// Shapes     x, y: rows x width, y == x allowed; gamma, beta: width; mean, inverse: rows, given to the backward pass, or
///            both null
/// Result     a row of y depends on its row of x alone; same bits for any number of threads
/// Reference  Ba, Kiros, Hinton, "Layer normalization", 2016
template <executor Exec, class T>
void layer_norm_forward(const Exec& exec, const norm_shape& shape, T epsilon, const T* x, const T* gamma, const T* beta,
                        T* y, T* mean, T* inverse, simd_level level = best_simd_level()) {
  const std::size_t width = shape.width;
  detail::norm_map(exec, shape, y, [&](std::size_t first, std::size_t count) {
    for (std::size_t row = first; row < first + count; ++row) {
      T middle, factor;
      detail::normalize_row<T>(level, width, epsilon, x + row * width, gamma, beta, y + row * width, &middle, &factor);
      if (mean == nullptr) continue;
      mean[row] = middle;
      inverse[row] = factor;
    }
  });
}

/// The gradients: by gamma and beta added to, by x overwritten unless null.
/// Shapes     as above; dy: rows x width; dx may not be dy; scratch: norm_scratch() doubles
template <executor Exec, class T>
void layer_norm_backward(const Exec& exec, const norm_shape& shape, const T* x, const T* dy, const T* gamma, const T* mean,
                         const T* inverse, T* gamma_gradient, T* beta_gradient, T* dx, double* scratch,
                         simd_level level = best_simd_level()) {
  const std::size_t width = shape.width;
  detail::norm_sums(exec, shape, scratch, [&](std::size_t first, std::size_t count, double* sums, double* products) {
    for (std::size_t row = first; row < first + count; ++row) {
      const std::size_t at = row * width;
      detail::row_products<T>(level, width, x + at, dy + at, mean[row], inverse[row], sums, products);
    }
  });
  for (std::size_t c = 0; c < width; ++c) {
    beta_gradient[c] += static_cast<T>(scratch[c]);
    gamma_gradient[c] += static_cast<T>(scratch[width + c]);
  }
  if (dx == nullptr) return;
  detail::norm_map(exec, shape, dx, [&](std::size_t first, std::size_t count) {
    for (std::size_t row = first; row < first + count; ++row) {
      const std::size_t at = row * width;
      detail::row_gradient<T>(level, width, x + at, dy + at, gamma, mean[row], inverse[row], dx + at);
    }
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
