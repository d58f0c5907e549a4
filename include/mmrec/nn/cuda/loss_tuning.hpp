// mmrec/nn/cuda/loss_tuning.hpp - how the kernels of losses are cut into threads.
#pragma once
#include <cstddef>

#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace loss_tuning {

/// Of a block: 8 warps, a row of a batch each, or all of them on one row.
inline constexpr int threads = 256;
/// Columns from which on a row gets a whole block: a warp would go round more than 16 times in each of its three passes.
inline constexpr std::size_t wide_row = 512;
/// Most blocks, so that one block can add up what they found; a constant, so that the order of additions depends on the
/// shape of the batch alone.
inline constexpr std::size_t blocks = 1024;
/// Numbers of a thread, in losses that go number by number. Up to threads * each of them, one block does all: one launch.
inline constexpr std::size_t each = 16;
/// Side of the squares in which matrices are transposed through shared memory: a warp reads and writes whole lines.
inline constexpr int square = 32;

}  // namespace loss_tuning
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
