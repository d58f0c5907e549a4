// mmrec/nn/cuda/update_tuning.hpp - how the kernels of optimisers are cut into threads.
#pragma once
#include <cstddef>

#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace update_tuning {

/// Of a block. No thread waits for another: any multiple of a warp does, and 8 warps leave few idle in a last block.
inline constexpr int threads = 256;
/// Blocks for each multiprocessor: 8 of 256 threads fill it.
inline constexpr std::size_t blocks = 8;

/// Rows whose flags one warp looks at before it moves those that are set, one after another. In a large table few are set,
/// and most time goes into looking; in one that is not, there are too few warps unless each has few rows.
inline constexpr unsigned rows_of_large = 32, rows_of_others = 4;
inline constexpr std::size_t large_table = std::size_t{1} << 17;

}  // namespace update_tuning
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
