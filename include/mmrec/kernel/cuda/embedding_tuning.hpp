// mmrec/kernel/cuda/embedding_tuning.hpp - how the kernels of embeddings are cut into threads.
#pragma once
#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace embedding_tuning {

/// Of a block. Threads do not wait for each other.
inline constexpr int threads = 256;
/// Most threads of one row, as a power of two: a warp, which loads 128 floats at once; narrower rows share a warp.
inline constexpr unsigned row_shift = 5;
/// Rows of one sum that are loaded before the first is added: each costs the latency of memory, which they share then.
inline constexpr int ahead = 8;

}  // namespace embedding_tuning
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
