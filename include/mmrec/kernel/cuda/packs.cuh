// mmrec/kernel/cuda/packs.cuh - 16 bytes at a time, and threads shared out among rows.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/launch.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Numbers that are loaded and stored together, by one instruction for each 16 bytes.
template <class T, int Lanes>
struct alignas(Lanes * sizeof(T) < 16 ? Lanes * sizeof(T) : 16) gather_pack {
  T at[Lanes];
};

template <class T>
inline constexpr int gather_lanes = static_cast<int>(16 / sizeof(T));

template <int Lanes, class T>
__device__ __forceinline__ gather_pack<T, Lanes> gather_load(const T* from) {
  return *reinterpret_cast<const gather_pack<T, Lanes>*>(from);
}
template <int Lanes, class T>
__device__ __forceinline__ void gather_store(T* to, const gather_pack<T, Lanes>& values) {
  *reinterpret_cast<gather_pack<T, Lanes>*>(to) = values;
}

/// Whether addresses, null ones aside, stand on 16 bytes.
template <class... Pointers>
bool gather_aligned(const Pointers*... pointers) {
  return (((reinterpret_cast<std::uintptr_t>(pointers) & 15u) == 0) && ...);
}
/// Numbers before the first that stands on 16 bytes.
template <class T>
unsigned gather_head(const T* pointer) {
  return static_cast<unsigned>((16u - (reinterpret_cast<std::uintptr_t>(pointer) & 15u)) % 16u / sizeof(T));
}

/// The power of two of the threads that work on one row: as many as the row has packs, as far as a block or warp has them.
inline unsigned gather_shift(std::size_t packs, unsigned most) {
  unsigned shift = 0;
  while (shift < most && (std::size_t{1} << shift) < packs) ++shift;
  return shift;
}

/// Blocks for `items` pieces of work of 2^shift threads each: enough to fill the device a few times over; kernels stride.
inline std::size_t gather_blocks(const context& on, std::size_t items, unsigned shift, int threads) {
  const std::size_t wanted = blocks_for(items << shift, static_cast<std::size_t>(threads));
  const std::size_t most = static_cast<std::size_t>(on.device().multiprocessors) * 16;
  return wanted < most ? wanted : most;
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
