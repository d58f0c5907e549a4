// mmrec/kernel/cuda/detail/embedding_sort.cuh - ids of a batch, sorted, with where each stood.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <cub/device/device_radix_sort.cuh>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/embedding_tuning.hpp>
#include <mmrec/kernel/cuda/packs.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// An id_batch with 32-bit sizes.
struct embedding_ids {
  const std::int32_t* ids;
  const std::uint32_t* lengths;
  unsigned steps;
  unsigned count;  // examples x steps
};

__device__ __forceinline__ bool embedding_counts(const embedding_ids& batch, unsigned position) {
  return batch.lengths == nullptr || position % batch.steps < batch.lengths[position / batch.steps];
}

/// Comes after all ids, which are not negative.
inline constexpr unsigned embedding_nothing = 0x80000000u;

template <int Threads>
__global__ void __launch_bounds__(Threads)
    embedding_keys_kernel(embedding_ids batch, unsigned skipped, unsigned* keys, unsigned* positions) {
  for (unsigned at = blockIdx.x * Threads + threadIdx.x; at < batch.count; at += gridDim.x * Threads) {
    const unsigned id = embedding_counts(batch, at) ? static_cast<unsigned>(batch.ids[at]) : embedding_nothing;
    keys[at] = id == skipped ? embedding_nothing : id;
    positions[at] = at;
  }
}

/// Ids in increasing order, what does not count at the end, and the positions of each in increasing order.
struct embedding_order {
  const unsigned* keys;
  const unsigned* positions;
};

/// In the context's workspace: valid until something else asks for it.
inline embedding_order embedding_sorted(const context& on, std::string_view function, const embedding_ids& batch,
                                        std::size_t skipped) {
  const device_guard guard(on.device().index);
  const std::size_t count = batch.count;
  const int items = static_cast<int>(batch.count);
  std::size_t sort_bytes = 0;
  unsigned any = 0;  // asked for its memory, the sort goes by types and sizes, and follows no pointer
  check(cub::DeviceRadixSort::SortPairs(nullptr, sort_bytes, static_cast<const unsigned*>(&any), &any,
                                        static_cast<const unsigned*>(&any), &any, items, 0, 32, on.stream()),
        "cub::DeviceRadixSort::SortPairs");
  const std::size_t stride = (count + 63) / 64 * 64;  // the sort wants aligned memory
  auto* const keys = on.workspace_of<unsigned>(4 * stride + (sort_bytes + 3) / 4);
  unsigned* const positions = keys + stride;
  unsigned* const sorted_keys = positions + stride;
  unsigned* const sorted_positions = sorted_keys + stride;
  constexpr int threads = embedding_tuning::threads;
  const unsigned left_out = skipped < embedding_nothing ? static_cast<unsigned>(skipped) : embedding_nothing;
  launch(on, function, {.x = gather_blocks(on, count, 0, threads), .threads = threads}, embedding_keys_kernel<threads>,
         batch, left_out, keys, positions);
  check(
      cub::DeviceRadixSort::SortPairs(sorted_positions + stride, sort_bytes, static_cast<const unsigned*>(keys), sorted_keys,
                                      static_cast<const unsigned*>(positions), sorted_positions, items, 0, 32, on.stream()),
      "cub::DeviceRadixSort::SortPairs");
  return {sorted_keys, sorted_positions};
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
