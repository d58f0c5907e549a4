// mmrec/kernel/cuda/gather_tuning.hpp - how the copies that make a batch are cut into threads.
#pragma once
#include <cstddef>

#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace gather_tuning {

/// Of a block. Threads do not wait for each other.
inline constexpr int threads = 256;
/// Most threads of one piece of a row, as a power of two: the block.
inline constexpr unsigned row_shift = 8;
/// Packs of 16 bytes that a thread copies of one piece. Rows longer than a block's piece are cut into several, so that a
/// batch of a few large pictures still fills the device.
inline constexpr std::size_t each = 4;

}  // namespace gather_tuning
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
