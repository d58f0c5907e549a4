// mmrec/kernel/cuda/detail/vector_map.cuh - one operation on each number of an array.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/vector_access.cuh>
#include <mmrec/kernel/cuda/elementwise_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// to = Operation::of(a, b, parameter), of which an operation reads as many of a and b as it has inputs. The first `head`
/// numbers stand before a multiple of 16 bytes; they and those after the last whole pack go one by one.
template <class Operation, class T, int Width>
__global__ void __launch_bounds__(map_threads)
    map_numbers(unsigned count, unsigned head, const T* a, const T* b, T* to, T parameter) {
  constexpr unsigned width = Width, threads = map_threads, unroll = map_unroll;
  const unsigned packs = (count - head) / width;
  for (unsigned first = blockIdx.x * (threads * unroll) + threadIdx.x; first < packs;
       first += gridDim.x * (threads * unroll)) {
    vector_pack<T, Width> left[map_unroll], right[map_unroll];
    MMREC_CUDA_UNROLL
    for (unsigned u = 0; u < unroll; ++u) {
      const unsigned pack = first + u * threads;
      if (pack >= packs) continue;
      if constexpr (Operation::inputs > 0) left[u] = load_pack<Width>(a + (head + pack * width));
      if constexpr (Operation::inputs > 1) right[u] = load_pack<Width>(b + (head + pack * width));
    }
    MMREC_CUDA_UNROLL
    for (unsigned u = 0; u < unroll; ++u) {
      const unsigned pack = first + u * threads;
      if (pack >= packs) continue;
      vector_pack<T, Width> result;
      MMREC_CUDA_UNROLL
      for (int i = 0; i < Width; ++i) {
        const T x = Operation::inputs > 0 ? left[u].at[i] : T(0), y = Operation::inputs > 1 ? right[u].at[i] : T(0);
        result.at[i] = Operation::of(x, y, parameter);
      }
      store_pack(to + (head + pack * width), result);
    }
  }
  if constexpr (Width > 1) {
    const unsigned single = blockIdx.x * threads + threadIdx.x;
    if (single >= count - packs * width) return;
    const unsigned at = single < head ? single : packs * width + single;
    to[at] = Operation::of(Operation::inputs > 0 ? a[at] : T(0), Operation::inputs > 1 ? b[at] : T(0), parameter);
  }
}

struct fill_number {
  static constexpr int inputs = 0;
  template <class T>
  static __device__ __forceinline__ T of(T, T, T parameter) {
    return parameter;
  }
};

/// Queues an operation on `count` numbers.
template <class Operation, class T>
void map_array(const context& on, std::string_view function, std::size_t count, const T* a, const T* b, T* to,
               T parameter = T(0)) {
  if (count == 0) return;
  const auto size = static_cast<unsigned>(index_below(function, "numbers", count));
  constexpr auto width = static_cast<std::size_t>(vector_width<T>);
  const std::size_t off = beyond_pack(to);
  const bool together = off % sizeof(T) == 0 && (Operation::inputs < 1 || beyond_pack(a) == off) &&
                        (Operation::inputs < 2 || beyond_pack(b) == off);
  launch_shape shape;
  shape.threads = map_threads;
  const std::size_t most = static_cast<std::size_t>(on.device().multiprocessors) * map_blocks;
  if (together) {
    const std::size_t head = (std::min)(count, (16 - off) % 16 / sizeof(T));
    shape.x = std::clamp(blocks_for((count - head) / width, map_threads, map_unroll), std::size_t{1}, most);
    launch(on, function, shape, map_numbers<Operation, T, vector_width<T>>, size, head, a, b, to, parameter);
  } else {
    shape.x = std::clamp(blocks_for(count, map_threads, map_unroll), std::size_t{1}, most);
    launch(on, function, shape, map_numbers<Operation, T, 1>, size, 0u, a, b, to, parameter);
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
