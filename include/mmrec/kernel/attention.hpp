// mmrec/kernel/attention.hpp - scaled dot-product attention of sequences on themselves, and its gradients.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/ordered_sum.hpp>
#include <mmrec/kernel/scratch_slots.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// `examples` sequences of `steps` steps, of which the first lengths[example] count, or all where lengths is null; `heads`
/// heads of `width` numbers each.
struct attention_shape {
  std::size_t examples = 0;
  std::size_t steps = 0;
  std::size_t heads = 1;
  std::size_t width = 0;
  const std::uint32_t* lengths = nullptr;

  std::size_t length(std::size_t example) const {
    return lengths == nullptr ? steps : (std::min)(steps, std::size_t{lengths[example]});
  }
};

/// Queries, keys and values: head h of step t of example n at base + (n * steps + t) * stride + h * width.
template <class T>
struct attention_rows {
  T* queries = nullptr;
  T* keys = nullptr;
  T* values = nullptr;
  std::size_t stride = 0;
};

namespace detail {

/// Queries that a head's scores are computed for at a time.
inline constexpr std::size_t attention_queries = 128;

/// Numbers of one matrix of scores, in whole cache lines.
constexpr std::size_t attention_scores(const attention_shape& shape) {
  return ((std::min)(attention_queries, shape.steps) * shape.steps + 15) / 16 * 16;
}
template <class T>
constexpr std::size_t attention_slot(const attention_shape& shape, std::size_t score_matrices) {
  const std::size_t queries = (std::min)(attention_queries, shape.steps);
  const std::size_t products = (std::max)({gemm_scratch<T>(queries, shape.steps, shape.width, 1),
                                           gemm_scratch<T>(queries, shape.width, shape.steps, 1),
                                           gemm_scratch<T>(shape.steps, shape.width, queries, 1)});
  return score_matrices * attention_scores(shape) + (products + 15) / 16 * 16;
}

/// body(head's offset, first row of the example, its length, slot) for each head of each example.
template <executor Exec, class T, class Body>
void for_heads(const Exec& exec, const attention_shape& shape, std::size_t slot_size, T* scratch, const Body& body) {
  scratch_slots<T> slots(scratch, slot_size, exec.concurrency());
  for_ranges(exec, shape.examples * shape.heads, 1, [&](std::size_t task, std::size_t) {
    const std::size_t example = task / shape.heads;
    const auto slot = slots.lease();
    body(task % shape.heads * shape.width, example * shape.steps, shape.length(example), slot.data());
  });
}

template <class T>
void small_product(const gemm_problem<T>& problem, T* scratch, simd_level level) {
  gemm(serial_executor{}, problem, scratch, level);
}

/// The weights softmax(Q K^T / sqrt(width)) of `count` queries of one head: count x length.
template <class T>
void attention_weights(std::size_t width, std::size_t count, std::size_t length, const T* queries, const T* keys,
                       std::size_t stride, T* weights, T* scratch, simd_level level) {
  small_product({.rows = count,
                 .columns = length,
                 .inner = width,
                 .a = as_stored(queries, stride),
                 .b = transposed(keys, stride),
                 .c = weights,
                 .c_stride = length,
                 .alpha = T(1) / std::sqrt(static_cast<T>(width))},
                scratch, level);
  softmax_forward(serial_executor{}, count, length, nullptr, weights, weights, level);
}

template <class T>
void clear_rows(std::size_t rows, std::size_t stride, std::size_t width, T* values) {
  for (std::size_t row = 0; row < rows; ++row) std::fill_n(values + row * stride, width, T(0));
}

}  // namespace detail

/// Elements of scratch that attention_forward() needs.
template <class T>
constexpr std::size_t attention_forward_scratch(const attention_shape& shape, std::size_t concurrency) {
  return detail::attention_slot<T>(shape, 1) * concurrency;
}
/// y = softmax(Q K^T / sqrt(width)) V, each head of each example on its own, over the steps that count; zeros in the others.
///
/// Shapes     y: examples x steps x (heads * width), its heads side by side
/// Cost       2 length^2 width multiplications a head, and length^2 exponentials; scores of 128 queries at a time are all
///            that is ever stored
/// Result     an example depends on itself alone, however long the others are; same bits for any number of threads
/// Reference  Vaswani et al., "Attention is all you need", NeurIPS 2017
template <executor Exec, class T>
void attention_forward(const Exec& exec, const attention_shape& shape, const attention_rows<const T>& in, T* y, T* scratch,
                       simd_level level = best_simd_level()) {
  const std::size_t y_stride = shape.heads * shape.width, slot_size = detail::attention_slot<T>(shape, 1);
  const std::size_t score_size = detail::attention_scores(shape);
  detail::for_heads(exec, shape, slot_size, scratch, [&](std::size_t head, std::size_t row, std::size_t length, T* slot) {
    T* const scores = slot;
    T* const rest = slot + score_size;
    const std::size_t at = row * in.stride + head;
    for (std::size_t first = 0; first < length; first += detail::attention_queries) {
      const std::size_t count = (std::min)(detail::attention_queries, length - first);
      detail::attention_weights<T>(shape.width, count, length, in.queries + at + first * in.stride, in.keys + at, in.stride,
                                   scores, rest, level);
      detail::small_product<T>({.rows = count,
                                .columns = shape.width,
                                .inner = length,
                                .a = as_stored<T>(scores, length),
                                .b = as_stored<T>(in.values + at, in.stride),
                                .c = y + (row + first) * y_stride + head,
                                .c_stride = y_stride},
                               rest, level);
    }
    detail::clear_rows(shape.steps - length, y_stride, shape.width, y + (row + length) * y_stride + head);
  });
}

/// Elements of scratch that attention_backward() needs.
template <class T>
constexpr std::size_t attention_backward_scratch(const attention_shape& shape, std::size_t concurrency) {
  return detail::attention_slot<T>(shape, 2) * concurrency;
}
/// The gradients by queries, keys and values, overwritten, zeros in the steps that do not count. The weights are computed
/// once more rather than kept.
///
/// Shapes     dy: as y above; `gradients` laid out like `in`, with a stride of its own
/// Cost       5 length^2 width multiplications a head, and length^2 exponentials
template <executor Exec, class T>
void attention_backward(const Exec& exec, const attention_shape& shape, const attention_rows<const T>& in, const T* dy,
                        const attention_rows<T>& gradients, T* scratch, simd_level level = best_simd_level()) {
  const std::size_t y_stride = shape.heads * shape.width, slot_size = detail::attention_slot<T>(shape, 2);
  const std::size_t score_size = detail::attention_scores(shape);
  const T scale = T(1) / std::sqrt(static_cast<T>(shape.width));
  detail::for_heads(exec, shape, slot_size, scratch, [&](std::size_t head, std::size_t row, std::size_t length, T* slot) {
    T* const weights = slot;
    T* const by_scores = slot + score_size;
    T* const rest = slot + 2 * score_size;
    const std::size_t at = row * in.stride + head, to = row * gradients.stride + head;
    for (std::size_t first = 0; first < length; first += detail::attention_queries) {
      const std::size_t count = (std::min)(detail::attention_queries, length - first);
      const T* const queries = in.queries + at + first * in.stride;
      const T* const given = dy + (row + first) * y_stride + head;
      detail::attention_weights<T>(shape.width, count, length, queries, in.keys + at, in.stride, weights, rest, level);
      detail::small_product<T>({.rows = length,  // dV += P^T dY
                                .columns = shape.width,
                                .inner = count,
                                .a = transposed<T>(weights, length),
                                .b = as_stored<T>(given, y_stride),
                                .c = gradients.values + to,
                                .c_stride = gradients.stride,
                                .accumulate = first != 0},
                               rest, level);
      detail::small_product<T>({.rows = count,  // dP = dY V^T
                                .columns = length,
                                .inner = shape.width,
                                .a = as_stored<T>(given, y_stride),
                                .b = transposed<T>(in.values + at, in.stride),
                                .c = by_scores,
                                .c_stride = length},
                               rest, level);
      softmax_backward(serial_executor{}, count, length, weights, by_scores, by_scores, level);
      detail::small_product<T>({.rows = count,  // dQ = dS K
                                .columns = shape.width,
                                .inner = length,
                                .a = as_stored<T>(by_scores, length),
                                .b = as_stored<T>(in.keys + at, in.stride),
                                .c = gradients.queries + to + first * gradients.stride,
                                .c_stride = gradients.stride,
                                .alpha = scale},
                               rest, level);
      detail::small_product<T>({.rows = length,  // dK += dS^T Q
                                .columns = shape.width,
                                .inner = count,
                                .a = transposed<T>(by_scores, length),
                                .b = as_stored<T>(queries, in.stride),
                                .c = gradients.keys + to,
                                .c_stride = gradients.stride,
                                .alpha = scale,
                                .accumulate = first != 0},
                               rest, level);
    }
    for (T* const part : {gradients.queries, gradients.keys, gradients.values}) {
      detail::clear_rows(shape.steps - length, gradients.stride, shape.width, part + to + length * gradients.stride);
    }
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
