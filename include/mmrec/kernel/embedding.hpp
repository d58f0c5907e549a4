// mmrec/kernel/embedding.hpp - rows of a table by number, and their gradients.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/id_batch.hpp>

namespace mmrec::inline v0 {
namespace kernel {

namespace detail {
/// Numbers that one task copies, and columns that one task adds up.
inline constexpr std::size_t embedding_grain = std::size_t{1} << 14;
inline constexpr std::size_t embedding_columns = 32;

constexpr std::size_t examples_of_a_task(std::size_t steps, std::size_t width) {
  return (std::max)(std::size_t{1}, embedding_grain / (std::max)(std::size_t{1}, steps * width));
}
/// body(first column, count) for strips of columns: each sum is made by one task, in the order of the batch.
template <executor Exec, class Body>
void for_columns(const Exec& exec, std::size_t width, const Body& body) {
  const std::size_t strip = exec.concurrency() == 1 ? width : embedding_columns;
  for_ranges(exec, width, strip, [&](std::size_t begin, std::size_t end) { body(begin, end - begin); });
}
/// Steps ahead of which rows are fetched into the caches: tables are larger than these, and which row comes next no processor
/// guesses.
inline constexpr std::size_t embedding_ahead = 6;
template <class T>
void fetch_row(const id_batch& batch, std::size_t example, std::size_t step, std::size_t length, std::size_t width,
               const T* table) {
  if (step >= length) return;
  const T* const row = table + batch.row(example, step) * width;
  for (std::size_t i = 0; i < width; i += 64 / sizeof(T)) __builtin_prefetch(row + i);
}
template <class T>
void add_row(std::size_t count, const T* from, T* to) {
  for (std::size_t i = 0; i < count; ++i) to[i] += from[i];
}
}  // namespace detail

/// y = the table's rows, one for each number, zeros for those that do not count.
/// Shapes     table: V x width, every number that counts in 0..V-1; y: examples x steps x width
template <executor Exec, class T>
void embedding_forward(const Exec& exec, const id_batch& batch, std::size_t width, const T* table, T* y) {
  for_ranges(exec, batch.examples, detail::examples_of_a_task(batch.steps, width), [&](std::size_t begin, std::size_t end) {
    for (std::size_t example = begin; example < end; ++example) {
      T* to = y + example * batch.steps * width;
      const std::size_t length = batch.length(example);
      for (std::size_t step = 0; step < length; ++step) {
        detail::fetch_row(batch, example, step + detail::embedding_ahead, length, width, table);
        to = std::copy_n(table + batch.row(example, step) * width, width, to);
      }
      std::fill_n(to, (batch.steps - length) * width, T(0));
    }
  });
}
/// Adds the gradients of y to those of the rows that it was made of, except row `skipped`.
/// Result     in the order of the batch: same bits for any number of threads
template <executor Exec, class T>
void embedding_backward(const Exec& exec, const id_batch& batch, std::size_t width, const T* dy, std::size_t skipped,
                        T* table_gradient) {
  detail::for_columns(exec, width, [&](std::size_t first, std::size_t count) {
    for (std::size_t example = 0; example < batch.examples; ++example) {
      const std::size_t length = batch.length(example);
      for (std::size_t step = 0; step < length; ++step) {
        const std::size_t row = batch.row(example, step);
        if (row == skipped) continue;
        detail::add_row(count, dy + (example * batch.steps + step) * width + first, table_gradient + row * width + first);
      }
    }
  });
}

/// y = the sum or the mean of each example's rows; zeros for an example without any.
/// Shapes     y: examples x width
template <executor Exec, class T>
void embedding_bag_forward(const Exec& exec, const id_batch& batch, bag_mode mode, std::size_t width, const T* table, T* y) {
  for_ranges(exec, batch.examples, detail::examples_of_a_task(batch.steps, width), [&](std::size_t begin, std::size_t end) {
    for (std::size_t example = begin; example < end; ++example) {
      T* const to = y + example * width;
      const std::size_t length = batch.length(example);
      std::fill_n(to, width, T(0));
      for (std::size_t step = 0; step < length; ++step) {
        detail::fetch_row(batch, example, step + detail::embedding_ahead, length, width, table);
        detail::add_row(width, table + batch.row(example, step) * width, to);
      }
      if (mode == bag_mode::sum || length < 2) continue;
      const T share = T(1) / static_cast<T>(length);
      for (std::size_t i = 0; i < width; ++i) to[i] *= share;
    }
  });
}
template <executor Exec, class T>
void embedding_bag_backward(const Exec& exec, const id_batch& batch, bag_mode mode, std::size_t width, const T* dy,
                            T* table_gradient) {
  detail::for_columns(exec, width, [&](std::size_t first, std::size_t count) {
    for (std::size_t example = 0; example < batch.examples; ++example) {
      const std::size_t length = batch.length(example);
      const T share = mode == bag_mode::mean && length != 0 ? T(1) / static_cast<T>(length) : T(1);
      const T* const from = dy + example * width + first;
      for (std::size_t step = 0; step < length; ++step) {
        T* const to = table_gradient + batch.row(example, step) * width + first;
        for (std::size_t i = 0; i < count; ++i) to[i] += share * from[i];
      }
    }
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
