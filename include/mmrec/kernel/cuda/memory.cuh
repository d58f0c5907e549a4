// mmrec/kernel/cuda/memory.cuh - copying, filling and adding arrays: the kernels.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/vector_map.cuh>
#include <mmrec/kernel/cuda/memory.hpp>
#include <mmrec/kernel/cuda/memory_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

namespace detail {

struct add_number {
  static constexpr int inputs = 2;
  template <class T>
  static __device__ __forceinline__ T of(T x, T y, T) {
    return y + x;
  }
};

/// `parts` blocks an example share the numbers from its length on.
template <class T>
__global__ void __launch_bounds__(zero_threads)
    zero_rows(int parts, int steps, const std::uint32_t* lengths, int width, T* values) {
  const int example = static_cast<int>(blockIdx.x) / parts, part = static_cast<int>(blockIdx.x) % parts;
  const std::uint32_t length = lengths[example];
  const int size = steps * width, used = length < static_cast<unsigned>(steps) ? static_cast<int>(length) * width : size;
  T* const own = values + example * size;
  for (int i = used + part * zero_threads + static_cast<int>(threadIdx.x); i < size; i += parts * zero_threads)
    own[i] = T(0);
}

/// A tile of one matrix, by way of shared memory: reads and writes are along rows. A row of 33 numbers puts a column of the
/// tile into different banks.
template <class T>
__global__ void __launch_bounds__(transpose_threads)
    transpose_tiles(int rows, int columns, int tiles_down, int tiles_across, const T* from, T* to) {
  constexpr int tile = transpose_tile, step = transpose_threads / transpose_tile;
  __shared__ T part[tile * (tile + 1)];
  const int x = static_cast<int>(threadIdx.x) % tile, y = static_cast<int>(threadIdx.x) / tile;
  const int across = static_cast<int>(blockIdx.x) % tiles_across * tile;
  const int down = static_cast<int>(blockIdx.x) / tiles_across % tiles_down * tile;
  const int start = static_cast<int>(blockIdx.x) / tiles_across / tiles_down * (rows * columns);
  MMREC_CUDA_UNROLL
  for (int i = y; i < tile; i += step) {
    if (down + i < rows && across + x < columns) part[i * (tile + 1) + x] = from[start + (down + i) * columns + across + x];
  }
  __syncthreads();
  MMREC_CUDA_UNROLL
  for (int i = y; i < tile; i += step) {
    if (across + i < columns && down + x < rows) to[start + (across + i) * rows + down + x] = part[x * (tile + 1) + i];
  }
}

/// Writes in order.
template <class T>
__global__ void __launch_bounds__(map_threads) transpose_narrow(int count, int rows, int columns, const T* from, T* to) {
  const int size = rows * columns, stride = static_cast<int>(gridDim.x) * map_threads;
  for (int i = static_cast<int>(blockIdx.x) * map_threads + static_cast<int>(threadIdx.x); i < count; i += stride) {
    const int place = i % size;
    to[i] = from[i - place + place % rows * columns + place / rows];
  }
}

/// Windows that fit, with the numbers of conv2d_shape::positions.
template <class Length>
__global__ void __launch_bounds__(map_threads) count_windows(int count, const Length* lengths, std::uint64_t reach,
                                                             std::uint64_t stride, std::uint64_t padding, Length* to) {
  const int i = static_cast<int>(blockIdx.x) * map_threads + static_cast<int>(threadIdx.x);
  if (i >= count) return;
  const std::uint64_t length = lengths[i], padded = length + 2 * padding;
  to[i] = length == 0 || padded < reach ? 0 : static_cast<Length>((padded - reach) / stride + 1);
}

}  // namespace detail

template <class T>
void copy(const context& on, std::size_t count, const T* from, T* to) {
  if (count == 0) return;
  check(cudaMemcpyAsync(to, from, count * sizeof(T), cudaMemcpyDeviceToDevice, on.stream()), "cudaMemcpyAsync");
}

template <class T>
void fill(const context& on, std::size_t count, T value, T* to) {
  detail::map_array<detail::fill_number, T>(on, "cuda::fill", count, nullptr, nullptr, to, value);
}

template <class T>
void add(const context& on, std::size_t count, const T* from, T* to) {
  detail::map_array<detail::add_number, T>(on, "cuda::add", count, from, to, to);
}

template <class T>
void zero_beyond(const context& on, std::size_t examples, std::size_t steps, const std::uint32_t* lengths, std::size_t width,
                 T* values) {
  const std::size_t size = steps * width;
  if (lengths == nullptr || examples == 0 || size == 0) return;
  detail::index_below("cuda::zero_beyond", "numbers", steps, width);
  detail::index_below("cuda::zero_beyond", "numbers", examples, size);
  const std::size_t parts = blocks_for(size, detail::zero_threads, detail::zero_each);
  launch_shape shape;
  shape.x = examples * parts;
  shape.threads = detail::zero_threads;
  launch(on, "cuda::zero_beyond", shape, detail::zero_rows<T>, parts, steps, lengths, width, values);
}

template <class T>
void transpose(const context& on, std::size_t examples, std::size_t rows, std::size_t columns, const T* from, T* to) {
  const std::size_t size = rows * columns;
  if (rows <= 1 || columns <= 1) return copy(on, examples * size, from, to);
  if (examples == 0) return;
  detail::index_below("cuda::transpose", "numbers", rows, columns);
  const int count = detail::index_below("cuda::transpose", "numbers", examples, size);
  launch_shape shape;
  if ((std::min)(rows, columns) < detail::transpose_least) {
    shape.x = (std::min)(blocks_for(examples * size, detail::map_threads),
                         static_cast<std::size_t>(on.device().multiprocessors) * detail::map_blocks);
    shape.threads = detail::map_threads;
    launch(on, "cuda::transpose", shape, detail::transpose_narrow<T>, count, rows, columns, from, to);
    return;
  }
  const std::size_t down = blocks_for(rows, detail::transpose_tile), across = blocks_for(columns, detail::transpose_tile);
  shape.x = examples * down * across;
  shape.threads = detail::transpose_threads;
  launch(on, "cuda::transpose", shape, detail::transpose_tiles<T>, rows, columns, down, across, from, to);
}

template <class Length>
void window_lengths(const context& on, std::size_t count, const Length* lengths, std::size_t window, std::size_t stride,
                    std::size_t padding, std::size_t dilation, Length* to) {
  if (count == 0) return;
  const int size = detail::index_below("cuda::window_lengths", "lengths", count);
  launch_shape shape;
  shape.x = blocks_for(count, detail::map_threads);
  shape.threads = detail::map_threads;
  launch(on, "cuda::window_lengths", shape, detail::count_windows<Length>, size, lengths, dilation * (window - 1) + 1,
         stride, padding, to);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
