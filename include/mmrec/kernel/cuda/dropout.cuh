// mmrec/kernel/cuda/dropout.cuh - leaving out numbers at random: the kernel.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/philox_bits.cuh>
#include <mmrec/kernel/cuda/detail/vector_access.cuh>
#include <mmrec/kernel/cuda/dropout.hpp>
#include <mmrec/kernel/cuda/elementwise_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

namespace detail {

/// A thread takes the eight numbers that share a block of random bits; with `vectors`, in packs.
template <class T>
__global__ void __launch_bounds__(map_threads)
    drop_numbers(unsigned count, std::uint32_t dropped, T factor, random_key key, const T* from, T* to, bool vectors) {
  constexpr int width = vector_width<T>, draws = 8;
  const std::uint64_t value = value_of(key);
  const unsigned blocks = (count + draws - 1) / draws;
  for (unsigned block = blockIdx.x * map_threads + threadIdx.x; block < blocks; block += gridDim.x * map_threads) {
    const unsigned first = block * draws;
    const bool whole = vectors && first + draws <= count;
    T numbers[draws];
    MMREC_CUDA_UNROLL
    for (int i = 0; i < draws; i += width) {
      if (whole) {
        const vector_pack<T, width> pack = load_pack<width>(from + (first + static_cast<unsigned>(i)));
        MMREC_CUDA_UNROLL
        for (int j = 0; j < width; ++j) numbers[i + j] = pack.at[j];
      } else {
        MMREC_CUDA_UNROLL
        for (int j = i; j < i + width; ++j) {
          numbers[j] = first + static_cast<unsigned>(j) < count ? from[first + static_cast<unsigned>(j)] : T(0);
        }
      }
    }
    std::uint32_t words[4];
    philox_block(block, value, words);
    MMREC_CUDA_UNROLL
    for (int i = 0; i < draws; ++i) {
      const std::uint32_t draw = (words[i / 2] >> (i % 2 * 16)) & 0xffffu;
      numbers[i] = draw < dropped ? T(0) : numbers[i] * factor;
    }
    MMREC_CUDA_UNROLL
    for (int i = 0; i < draws; i += width) {
      if (whole) {
        vector_pack<T, width> pack;
        MMREC_CUDA_UNROLL
        for (int j = 0; j < width; ++j) pack.at[j] = numbers[i + j];
        store_pack(to + (first + static_cast<unsigned>(i)), pack);
      } else {
        MMREC_CUDA_UNROLL
        for (int j = i; j < i + width; ++j) {
          if (first + static_cast<unsigned>(j) < count) to[first + static_cast<unsigned>(j)] = numbers[j];
        }
      }
    }
  }
}

}  // namespace detail

template <class T>
void dropout(const context& on, std::size_t count, std::uint32_t dropped, T factor, const random_key& key, const T* from,
             T* to) {
  if (count == 0) return;
  const int size = detail::index_below("cuda::dropout", "numbers", count);
  launch_shape shape;
  shape.threads = detail::map_threads;
  shape.x = (std::min)(blocks_for(count, detail::map_threads, 8),
                       static_cast<std::size_t>(on.device().multiprocessors) * detail::map_blocks);
  launch(on, "cuda::dropout", shape, detail::drop_numbers<T>, size, dropped, factor, key, from, to,
         detail::begin_packs(from, to));
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
