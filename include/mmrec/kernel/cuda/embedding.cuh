// mmrec/kernel/cuda/embedding.cuh - the kernels of kernel/cuda/embedding.hpp.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/embedding_sort.cuh>
#include <mmrec/kernel/cuda/embedding.hpp>
#include <mmrec/kernel/cuda/embedding_tuning.hpp>
#include <mmrec/kernel/cuda/packs.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// 2^shift threads of a block make one row of a result: how many rows all blocks make at once, which is this thread's first,
/// and which columns are its own.
struct embedding_share {
  unsigned first, stride, lane, lanes;
};
__device__ __forceinline__ embedding_share embedding_share_of(unsigned shift) {
  const unsigned lanes = 1u << shift;
  const unsigned thread = blockIdx.x * embedding_tuning::threads + threadIdx.x;
  return {thread >> shift, gridDim.x * embedding_tuning::threads >> shift, thread & (lanes - 1), lanes};
}

template <int Lanes, class T>
__global__ void __launch_bounds__(embedding_tuning::threads)
    embedding_forward_kernel(embedding_ids batch, unsigned width, unsigned shift, const T* table, T* y) {
  const embedding_share own = embedding_share_of(shift);
  for (unsigned position = own.first; position < batch.count; position += own.stride) {
    T* const to = y + static_cast<std::size_t>(position) * width;
    const bool counts = embedding_counts(batch, position);
    const T* const from = counts ? table + static_cast<std::size_t>(batch.ids[position]) * width : table;
    for (unsigned column = own.lane * Lanes; column < width; column += own.lanes * Lanes) {
      gather_pack<T, Lanes> values{};
      if (counts) values = gather_load<Lanes>(from + column);
      gather_store<Lanes>(to + column, values);
    }
  }
}

/// Each thread adds up its columns of an example's rows, in order.
template <int Lanes, class T>
__global__ void __launch_bounds__(embedding_tuning::threads)
    embedding_bag_forward_kernel(embedding_ids batch, unsigned examples, bool mean, unsigned width, unsigned shift,
                                 const T* table, T* y) {
  const embedding_share own = embedding_share_of(shift);
  for (unsigned example = own.first; example < examples; example += own.stride) {
    const std::int32_t* const ids = batch.ids + static_cast<std::size_t>(example) * batch.steps;
    unsigned length = batch.steps;
    if (batch.lengths != nullptr && batch.lengths[example] < length) length = batch.lengths[example];
    const T share = mean && length > 1 ? T(1) / static_cast<T>(length) : T(1);
    for (unsigned column = own.lane * Lanes; column < width; column += own.lanes * Lanes) {
      gather_pack<T, Lanes> sum{};
      MMREC_CUDA_UNROLL
      for (unsigned step = 0; step < length; ++step) {
        const auto values = gather_load<Lanes>(table + static_cast<std::size_t>(ids[step]) * width + column);
        MMREC_CUDA_UNROLL
        for (int lane = 0; lane < Lanes; ++lane) sum.at[lane] += values.at[lane];
      }
      MMREC_CUDA_UNROLL
      for (int lane = 0; lane < Lanes; ++lane) sum.at[lane] *= share;
      gather_store<Lanes>(y + static_cast<std::size_t>(example) * width + column, sum);
    }
  }
}

/// Where the next gradients of one sum stand; embedding_nothing where the sum is over.
struct embedding_sources {
  unsigned rows[embedding_tuning::ahead];
};
template <bool Bag>
__device__ __forceinline__ embedding_sources embedding_find(const embedding_ids& batch, const embedding_order& order,
                                                            unsigned id, unsigned first) {
  embedding_sources found;
  MMREC_CUDA_UNROLL
  for (int next = 0; next < embedding_tuning::ahead; ++next) {
    const unsigned at = first + static_cast<unsigned>(next);
    const bool equal = at < batch.count && order.keys[at] == id;
    found.rows[next] = !equal ? embedding_nothing : Bag ? order.positions[at] / batch.steps : order.positions[at];
  }
  return found;
}
/// How much of an example's gradient each of its ids has in a mean.
template <class T>
__device__ __forceinline__ T embedding_share_in_mean(const embedding_ids& batch, unsigned example) {
  const unsigned length = batch.lengths == nullptr ? batch.steps : batch.lengths[example];
  return T(1) / static_cast<T>(length < batch.steps ? length : batch.steps);
}

/// Whoever meets the first of equal ids adds up the gradients of all of them, in order. In a bag, all ids of an example have
/// the example's gradient, times their share in a mean. While gradients are on their way, the next ones are looked up.
template <bool Bag, int Lanes, class T>
__global__ void __launch_bounds__(embedding_tuning::threads)
    embedding_backward_kernel(embedding_ids batch, embedding_order order, bool mean, unsigned width, unsigned shift,
                              const T* dy, T* table_gradient) {
  constexpr int ahead = embedding_tuning::ahead;
  const embedding_share own = embedding_share_of(shift);
  for (unsigned first = own.first; first < batch.count; first += own.stride) {
    const unsigned id = order.keys[first];
    if (id == embedding_nothing || (first > 0 && order.keys[first - 1] == id)) continue;
    for (unsigned column = own.lane * Lanes; column < width; column += own.lanes * Lanes) {
      T* const to = table_gradient + static_cast<std::size_t>(id) * width + column;
      gather_pack<T, Lanes> sum = gather_load<Lanes>(static_cast<const T*>(to));
      embedding_sources sources = embedding_find<Bag>(batch, order, id, first);
      for (unsigned at = first + ahead;; at += ahead) {
        gather_pack<T, Lanes> values[ahead];
        T shares[ahead];
        MMREC_CUDA_UNROLL
        for (int next = 0; next < ahead; ++next) {
          const unsigned row = sources.rows[next];
          if (row == embedding_nothing) continue;
          values[next] = gather_load<Lanes>(dy + static_cast<std::size_t>(row) * width + column);
          shares[next] = Bag && mean ? embedding_share_in_mean<T>(batch, row) : T(1);
        }
        const embedding_sources upcoming =
            sources.rows[ahead - 1] == embedding_nothing ? sources : embedding_find<Bag>(batch, order, id, at);
        MMREC_CUDA_UNROLL
        for (int next = 0; next < ahead; ++next) {
          if (sources.rows[next] == embedding_nothing) continue;
          MMREC_CUDA_UNROLL
          for (int lane = 0; lane < Lanes; ++lane) {
            sum.at[lane] += Bag ? shares[next] * values[next].at[lane] : values[next].at[lane];
          }
        }
        if (sources.rows[ahead - 1] == embedding_nothing || upcoming.rows[0] == embedding_nothing) break;
        sources = upcoming;
      }
      gather_store<Lanes>(to, sum);
    }
  }
}

/// Several threads may set one flag: all of them write the same.
template <class Flag>
__global__ void __launch_bounds__(embedding_tuning::threads)
    embedding_mark_kernel(embedding_ids batch, unsigned skipped, Flag* touched) {
  const unsigned stride = gridDim.x * blockDim.x;
  for (unsigned at = blockIdx.x * blockDim.x + threadIdx.x; at < batch.count; at += stride) {
    if (!embedding_counts(batch, at)) continue;
    const auto id = static_cast<unsigned>(batch.ids[at]);
    if (id != skipped) touched[id] = 1;
  }
}

inline embedding_ids embedding_ids_of(std::string_view function, const kernel::id_batch& batch) {
  narrow(function, "examples", batch.examples);
  narrow(function, "steps", batch.steps);
  return {batch.ids, batch.lengths, static_cast<unsigned>(batch.steps),
          static_cast<unsigned>(narrow(function, "ids", batch.examples * batch.steps))};
}

template <bool Bag, class T>
void embedding_scatter(const context& on, std::string_view function, const kernel::id_batch& batch, bool mean,
                       std::size_t width, const T* dy, std::size_t skipped, T* table_gradient) {
  constexpr int lanes = gather_lanes<T>;
  const embedding_ids ids = embedding_ids_of(function, batch);
  const auto columns = static_cast<unsigned>(narrow(function, "columns", width));
  if (ids.count == 0 || columns == 0) return;
  const embedding_order order = embedding_sorted(on, function, ids, skipped);
  const bool wide = columns % lanes == 0 && gather_aligned(dy, table_gradient);
  const unsigned shift = gather_shift(wide ? columns / lanes : columns, embedding_tuning::row_shift);
  constexpr int threads = embedding_tuning::threads;
  launch(on, function, {.x = gather_blocks(on, ids.count, shift, threads), .threads = threads},
         wide ? embedding_backward_kernel<Bag, lanes, T> : embedding_backward_kernel<Bag, 1, T>, ids, order, mean, columns,
         shift, dy, table_gradient);
}

}  // namespace detail

template <class T>
void embedding_forward(const context& on, const kernel::id_batch& batch, std::size_t width, const T* table, T* y) {
  constexpr std::string_view function = "cuda::embedding_forward";
  constexpr int lanes = detail::gather_lanes<T>, threads = embedding_tuning::threads;
  const detail::embedding_ids ids = detail::embedding_ids_of(function, batch);
  const auto columns = static_cast<unsigned>(narrow(function, "columns", width));
  if (ids.count == 0 || columns == 0) return;
  const bool wide = columns % lanes == 0 && detail::gather_aligned(table, y);
  const unsigned shift = detail::gather_shift(wide ? columns / lanes : columns, embedding_tuning::row_shift);
  launch(on, function, {.x = detail::gather_blocks(on, ids.count, shift, threads), .threads = threads},
         wide ? detail::embedding_forward_kernel<lanes, T> : detail::embedding_forward_kernel<1, T>, ids, columns, shift,
         table, y);
}

template <class T>
void embedding_backward(const context& on, const kernel::id_batch& batch, std::size_t width, const T* dy,
                        std::size_t skipped, T* table_gradient) {
  detail::embedding_scatter<false>(on, "cuda::embedding_backward", batch, false, width, dy, skipped, table_gradient);
}

template <class T>
void embedding_bag_forward(const context& on, const kernel::id_batch& batch, kernel::bag_mode mode, std::size_t width,
                           const T* table, T* y) {
  constexpr std::string_view function = "cuda::embedding_bag_forward";
  constexpr int lanes = detail::gather_lanes<T>, threads = embedding_tuning::threads;
  const detail::embedding_ids ids = detail::embedding_ids_of(function, batch);
  const auto examples = static_cast<unsigned>(batch.examples);
  const auto columns = static_cast<unsigned>(narrow(function, "columns", width));
  if (examples == 0 || columns == 0) return;
  const bool wide = columns % lanes == 0 && detail::gather_aligned(table, y);
  const unsigned shift = detail::gather_shift(wide ? columns / lanes : columns, embedding_tuning::row_shift);
  launch(on, function, {.x = detail::gather_blocks(on, examples, shift, threads), .threads = threads},
         wide ? detail::embedding_bag_forward_kernel<lanes, T> : detail::embedding_bag_forward_kernel<1, T>, ids, examples,
         mode == kernel::bag_mode::mean, columns, shift, table, y);
}

template <class T>
void embedding_bag_backward(const context& on, const kernel::id_batch& batch, kernel::bag_mode mode, std::size_t width,
                            const T* dy, T* table_gradient) {
  detail::embedding_scatter<true>(on, "cuda::embedding_bag_backward", batch, mode == kernel::bag_mode::mean, width, dy,
                                  static_cast<std::size_t>(-1), table_gradient);
}

template <class Flag>
void mark_rows(const context& on, const kernel::id_batch& batch, std::size_t skipped, Flag* touched) {
  constexpr std::string_view function = "cuda::mark_rows";
  constexpr int threads = embedding_tuning::threads;
  const detail::embedding_ids ids = detail::embedding_ids_of(function, batch);
  const unsigned left_out = skipped < detail::embedding_nothing ? static_cast<unsigned>(skipped) : detail::embedding_nothing;
  launch(on, function, {.x = detail::gather_blocks(on, ids.count, 0, threads), .threads = threads},
         detail::embedding_mark_kernel<Flag>, ids, left_out, touched);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
