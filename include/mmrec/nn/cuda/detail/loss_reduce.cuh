// mmrec/nn/cuda/detail/loss_reduce.cuh - sums and maxima of warps and blocks, always in the same order.
#pragma once
#include <mmrec/exec/cuda/launch.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

inline constexpr unsigned loss_all_lanes = 0xffffffffu;

/// The sum of a warp, in all its threads.
__device__ __forceinline__ double loss_warp_sum(double value) {
  MMREC_CUDA_UNROLL
  for (int away = 16; away > 0; away /= 2) value += __shfl_xor_sync(loss_all_lanes, value, away);
  return value;
}
/// The largest number of a warp, in all its threads; NaNs do not count.
template <class T>
__device__ __forceinline__ T loss_warp_max(T value) {
  MMREC_CUDA_UNROLL
  for (int away = 16; away > 0; away /= 2) {
    const T other = __shfl_xor_sync(loss_all_lanes, value, away);
    value = other > value ? other : value;
  }
  return value;
}

/// The sum over a block of Threads, in all of them; all of them have to call it.
template <int Threads>
__device__ __forceinline__ double loss_block_sum(double value) {
  __shared__ double sums[Threads / 32];
  value = loss_warp_sum(value);
  __syncthreads();  // sums of an earlier call have been read
  if (threadIdx.x % 32 == 0) sums[threadIdx.x / 32] = value;
  __syncthreads();
  double total = 0.0;
  MMREC_CUDA_UNROLL
  for (int warp = 0; warp < Threads / 32; ++warp) total += sums[warp];
  return total;
}
template <int Threads, class T>
__device__ __forceinline__ T loss_block_max(T value) {
  __shared__ T tops[Threads / 32];
  value = loss_warp_max(value);
  __syncthreads();
  if (threadIdx.x % 32 == 0) tops[threadIdx.x / 32] = value;
  __syncthreads();
  T top = tops[0];
  MMREC_CUDA_UNROLL
  for (int warp = 1; warp < Threads / 32; ++warp) top = tops[warp] > top ? tops[warp] : top;
  return top;
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
