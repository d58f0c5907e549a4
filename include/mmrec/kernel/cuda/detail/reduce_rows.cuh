// mmrec/kernel/cuda/detail/reduce_rows.cuh - rows in the registers of a group of threads, and their sums and maxima.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/vector_access.cuh>
#include <mmrec/kernel/cuda/elementwise_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

struct reduce_sum {
  template <class T>
  static __device__ __forceinline__ T of(T a, T b) {
    return a + b;
  }
};
/// Not-a-number loses: a sum that follows brings it up.
struct reduce_largest {
  template <class T>
  static __device__ __forceinline__ T of(T a, T b) {
    return a < b || a != a ? b : a;
  }
};

/// Lanes neighbouring threads that share a row; a part of a warp, or all of a block. All threads of the block call it.
template <class T, int Lanes>
class row_group {
 public:
  static constexpr int threads = Lanes <= 32 ? row_threads : Lanes;
  static constexpr int rows = threads / Lanes;  ///< of a block

  /// The same result for all threads of the group, in an order that depends on Lanes alone.
  template <class Operation>
  __device__ __forceinline__ T reduce(T value) {
    MMREC_CUDA_UNROLL
    for (int step = (Lanes < 32 ? Lanes : 32) / 2; step > 0; step /= 2) {
      value = Operation::of(value, __shfl_xor_sync(0xffffffffu, value, step));
    }
    if constexpr (Lanes > 32) {
      constexpr int warps = Lanes / 32;
      // Two halves in turn: nobody writes what another still reads.
      __shared__ T parts[2 * warps];
      T* const own = parts + turn_ * warps;
      turn_ = 1 - turn_;
      if (threadIdx.x % 32 == 0) own[threadIdx.x / 32] = value;
      __syncthreads();
      value = own[0];
      MMREC_CUDA_UNROLL
      for (int warp = 1; warp < warps; ++warp) value = Operation::of(value, own[warp]);
    }
    return value;
  }

 private:
  int turn_ = 0;
};

/// What one of Lanes threads holds of a row of at most Lanes * Items numbers: packs next to those of its neighbours.
template <class T, int Lanes, int Items>
struct row_slice {
  static constexpr int width = vector_width<T>, packs = Items / width;
  static_assert(Items % width == 0);
  T at[Items];

  static __device__ __forceinline__ int column(int lane, int item) {
    return (item / width * Lanes + lane) * width + item % width;
  }
  /// Reads the first `count` numbers; `rest` stands for those behind. `vectors`: the row begins at a multiple of 16 bytes
  /// and has a multiple of 16 bytes.
  __device__ __forceinline__ void load(const T* row, int lane, int count, bool vectors, T rest) {
    MMREC_CUDA_UNROLL
    for (int p = 0; p < packs; ++p) {
      const int first = column(lane, p * width);
      if (vectors && first < count) {
        const vector_pack<T, width> pack = load_pack<width>(row + first);
        MMREC_CUDA_UNROLL
        for (int i = 0; i < width; ++i) at[p * width + i] = first + i < count ? pack.at[i] : rest;
      } else {
        MMREC_CUDA_UNROLL
        for (int i = 0; i < width; ++i) at[p * width + i] = first + i < count ? row[first + i] : rest;
      }
    }
  }
  /// Writes the first `count` numbers.
  __device__ __forceinline__ void store(T* row, int lane, int count, bool vectors) const {
    MMREC_CUDA_UNROLL
    for (int p = 0; p < packs; ++p) {
      const int first = column(lane, p * width);
      if (vectors) {
        vector_pack<T, width> pack;
        MMREC_CUDA_UNROLL
        for (int i = 0; i < width; ++i) pack.at[i] = at[p * width + i];
        if (first < count) store_pack(row + first, pack);
      } else {
        MMREC_CUDA_UNROLL
        for (int i = 0; i < width; ++i) {
          if (first + i < count) row[first + i] = at[p * width + i];
        }
      }
    }
  }
  template <class Operation>
  __device__ __forceinline__ T reduce_own(T start) const {
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Items; ++i) start = Operation::of(start, at[i]);
    return start;
  }
};

/// Whether rows of `width` numbers that begin at these addresses can be read in packs.
template <class T, class... Addresses>
bool rows_of_packs(std::size_t width, const Addresses*... addresses) {
  return width % static_cast<std::size_t>(vector_width<T>) == 0 && begin_packs(addresses...);
}

/// Calls one of the kernels of Family, which has in_registers<Lanes, Items>() and wide(), for rows of `width`.
template <class Family, class T, class... Arguments>
void launch_rows(const context& on, std::string_view function, std::size_t rows, std::size_t width,
                 const Arguments&... arguments) {
  const auto start = [&](auto kernel, int rows_a_block, int threads) {
    launch_shape shape;
    shape.x = blocks_for(rows, static_cast<std::size_t>(rows_a_block));
    shape.threads = threads;
    launch(on, function, shape, kernel, arguments...);
  };
  if (width <= 8 * 4) {
    start(Family::template in_registers<8, 4>(), row_group<T, 8>::rows, row_group<T, 8>::threads);
  } else if (width <= 32 * 4) {
    start(Family::template in_registers<32, 4>(), row_group<T, 32>::rows, row_group<T, 32>::threads);
  } else if (width <= 32 * row_items) {
    start(Family::template in_registers<32, row_items>(), row_group<T, 32>::rows, row_group<T, 32>::threads);
  } else if (width <= wide_row_threads * row_items) {
    start(Family::template in_registers<wide_row_threads, row_items>(), 1, wide_row_threads);
  } else {
    start(Family::wide(), 1, wide_row_threads);
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
