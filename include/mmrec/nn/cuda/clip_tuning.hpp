// mmrec/nn/cuda/clip_tuning.hpp - how the sum of squares of gradients is cut into threads.
#pragma once
#include <cstddef>

#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace clip_tuning {

/// Of a block: 8 warps, whose sums one thread after the other can still add up in no time.
inline constexpr int threads = 256;
/// Numbers that a thread has at least, so that the sum over a block is not most of its work.
inline constexpr std::size_t each = 16;
/// Most blocks: enough for every multiprocessor of the largest devices to have eight, and few enough for one block to add up
/// what they found. A constant, so that the partition depends on the number of gradients alone.
inline constexpr std::size_t blocks = 1024;

}  // namespace clip_tuning
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
