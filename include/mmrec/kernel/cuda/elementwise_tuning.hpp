// mmrec/kernel/cuda/elementwise_tuning.hpp - sizes of the kernels that go over arrays and rows.
#pragma once
#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Threads of a block that goes over an array: eight such blocks fill a multiprocessor.
inline constexpr int map_threads = 256;
/// Accesses of 16 bytes that a thread has under way: 2048 threads of 64 bytes are 128 KiB a multiprocessor, several times
/// what Hopper's memory needs to be busy all the time.
inline constexpr int map_unroll = 4;
/// Blocks for each multiprocessor; a block takes its next part rather than give way to another block.
inline constexpr int map_blocks = 8;

/// Threads of a block in which a warp, or a part of one, has a row of its own.
inline constexpr int row_threads = 128;
/// Threads of a block that shares one row.
inline constexpr int wide_row_threads = 256;
/// Most numbers of a row that a thread keeps in registers: 64 bytes of float, so that rows and their gradients fit together.
inline constexpr int row_items = 16;

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
