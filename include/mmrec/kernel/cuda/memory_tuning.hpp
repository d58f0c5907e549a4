// mmrec/kernel/cuda/memory_tuning.hpp - sizes of the kernels that move arrays.
#pragma once
#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Rows and columns of the part of a matrix that a block transposes: a row of it is 128 bytes of float.
inline constexpr int transpose_tile = 32;
/// Threads of such a block: eight rows at a time, four numbers a thread.
inline constexpr int transpose_threads = 256;
/// A matrix with a side below this is read out of order instead: a tile would be mostly empty, and a block's reads lie in
/// so few lines that the cache has them.
inline constexpr int transpose_least = 16;
/// Threads of a block that zeroes part of an example, and numbers a thread.
inline constexpr int zero_threads = 256, zero_each = 16;

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
