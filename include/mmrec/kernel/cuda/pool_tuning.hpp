// mmrec/kernel/cuda/pool_tuning.hpp - sizes of the kernels of poolings.
#pragma once
#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Threads of a block that pools windows, a pack of channels of one pixel each.
inline constexpr int pool_threads = 256;
/// Of these blocks, how many a multiprocessor has to hold: leaves 64 registers a thread, enough for a window's packs.
inline constexpr int pool_residents = 4;
/// Blocks for each multiprocessor; threads go on to other pixels.
inline constexpr int pool_blocks = 16;
/// Threads of a block that pools whole images, and most of them that stand next to each other: the others take other
/// positions of the same channels.
inline constexpr int global_pool_threads = 256, global_pool_lanes = 32;
/// Positions that a thread writes, where blocks can share an image.
inline constexpr int global_pool_positions = 16;

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
