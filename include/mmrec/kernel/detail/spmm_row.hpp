// mmrec/kernel/detail/spmm_row.hpp - one sparse row times a dense matrix, for each instruction set.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

#include <mmrec/core/config.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/simd_vector.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// out[j] = sum of values[e] * b[indices[e] * stride + j] for `columns` columns, in the order of e.
template <class T>
struct spmm_task {
  std::size_t entries;
  const std::int32_t* indices;
  const T* values;
  const T* b;
  std::size_t stride;
  T* out;
  std::size_t columns;
};

template <class T>
void spmm_row_portable(const spmm_task<T>& task) {
  std::fill_n(task.out, task.columns, T(0));
  for (std::size_t e = 0; e < task.entries; ++e) {
    const T value = task.values[e];
    const T* row = task.b + static_cast<std::size_t>(task.indices[e]) * task.stride;
    for (std::size_t j = 0; j < task.columns; ++j) task.out[j] += value * row[j];
  }
}

#if MMREC_X86
/// Entries ahead of the current one whose rows of B are asked for: those rows are scattered over memory.
inline constexpr std::size_t spmm_prefetch = 6;
/// Vectors that accumulate in registers; wider rows take several passes.
inline constexpr std::size_t spmm_vectors = 8;

template <class T, std::size_t Vectors>
__attribute__((target("avx2,fma"))) void spmm_block_avx2(const spmm_task<T>& task) {
  using vector = vector256<T>;
  const typename vector::mask mask = vector::first(task.columns - (Vectors - 1) * vector::width);
  typename vector::type sums[Vectors];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < Vectors; ++v) sums[v] = vector::zero();
  for (std::size_t e = 0; e < task.entries; ++e) {
    const std::size_t ahead = (std::min)(e + spmm_prefetch, task.entries - 1);
    const T* next = task.b + static_cast<std::size_t>(task.indices[ahead]) * task.stride;
#pragma GCC unroll 8
    for (std::size_t v = 0; v < Vectors; v += 2) __builtin_prefetch(next + v * vector::width);
    const T* row = task.b + static_cast<std::size_t>(task.indices[e]) * task.stride;
    const typename vector::type value = vector::all(task.values[e]);
#pragma GCC unroll 8
    for (std::size_t v = 0; v + 1 < Vectors; ++v) {
      sums[v] = vector::multiply_add(value, vector::load(row + v * vector::width), sums[v]);
    }
    const typename vector::type last = vector::load(row + (Vectors - 1) * vector::width, mask);
    sums[Vectors - 1] = vector::multiply_add(value, last, sums[Vectors - 1]);
  }
#pragma GCC unroll 8
  for (std::size_t v = 0; v + 1 < Vectors; ++v) vector::store(task.out + v * vector::width, sums[v]);
  vector::store(task.out + (Vectors - 1) * vector::width, mask, sums[Vectors - 1]);
}

template <class T, std::size_t Vectors>
__attribute__((target("avx512f"))) void spmm_block_avx512(const spmm_task<T>& task) {
  using vector = vector512<T>;
  const typename vector::mask mask = vector::first(task.columns - (Vectors - 1) * vector::width);
  typename vector::type sums[Vectors];
#pragma GCC unroll 8
  for (std::size_t v = 0; v < Vectors; ++v) sums[v] = vector::zero();
  for (std::size_t e = 0; e < task.entries; ++e) {
    const std::size_t ahead = (std::min)(e + spmm_prefetch, task.entries - 1);
    const T* next = task.b + static_cast<std::size_t>(task.indices[ahead]) * task.stride;
#pragma GCC unroll 8
    for (std::size_t v = 0; v < Vectors; ++v) __builtin_prefetch(next + v * vector::width);
    const T* row = task.b + static_cast<std::size_t>(task.indices[e]) * task.stride;
    const typename vector::type value = vector::all(task.values[e]);
#pragma GCC unroll 8
    for (std::size_t v = 0; v + 1 < Vectors; ++v) {
      sums[v] = vector::multiply_add(value, vector::load(row + v * vector::width), sums[v]);
    }
    const typename vector::type last = vector::load(row + (Vectors - 1) * vector::width, mask);
    sums[Vectors - 1] = vector::multiply_add(value, last, sums[Vectors - 1]);
  }
#pragma GCC unroll 8
  for (std::size_t v = 0; v + 1 < Vectors; ++v) vector::store(task.out + v * vector::width, sums[v]);
  vector::store(task.out + (Vectors - 1) * vector::width, mask, sums[Vectors - 1]);
}

template <class T, bool Wide, std::size_t... Index>
constexpr auto spmm_blocks(std::index_sequence<Index...>) {
  if constexpr (Wide) {
    return std::array<void (*)(const spmm_task<T>&), sizeof...(Index)>{spmm_block_avx512<T, Index + 1>...};
  } else {
    return std::array<void (*)(const spmm_task<T>&), sizeof...(Index)>{spmm_block_avx2<T, Index + 1>...};
  }
}

template <class T, bool Wide>
void spmm_row_vectors(const spmm_task<T>& task) {
  static constexpr auto blocks = spmm_blocks<T, Wide>(std::make_index_sequence<spmm_vectors>());
  constexpr std::size_t width = (Wide ? 64 : 32) / sizeof(T), widest = spmm_vectors * width;
  for (std::size_t left = 0; left < task.columns; left += widest) {
    const std::size_t columns = (std::min)(widest, task.columns - left);
    blocks[(columns - 1) / width](
        {task.entries, task.indices, task.values, task.b + left, task.stride, task.out + left, columns});
  }
}
#endif

template <class T>
void spmm_row(const spmm_task<T>& task, simd_level level) {
#if MMREC_X86
  if (level == simd_level::avx512) return spmm_row_vectors<T, true>(task);
  if (level == simd_level::avx2) return spmm_row_vectors<T, false>(task);
#endif
  static_cast<void>(level);
  spmm_row_portable(task);
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
