// mmrec/kernel/cuda/norm_tuning.hpp - sizes of the kernels of normalisations.
#pragma once
#include <mmrec/exec/cuda/config.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Threads of a block that goes down columns.
inline constexpr int column_threads = 256;
/// Most of them that stand next to each other: of packs, 512 bytes of a row; the others take other rows.
inline constexpr int column_lanes = 32;
/// Rows that a thread has under way.
inline constexpr int column_unroll = 4;
/// Blocks among which sums over rows are shared out, all columns together: three for each of 132 multiprocessors, which is
/// what 80 registers a thread leave room for. Fixed, so that sums do not depend on the device.
inline constexpr int column_sum_blocks = 396;
/// Blocks of a pass that writes rows; it has no sums to share and gains from more.
inline constexpr int column_map_blocks = 2048;
/// Of these, how many a multiprocessor has to hold: leaves 64 registers a thread, enough for the rows under way.
inline constexpr int column_map_residents = 4;
/// Columns and shares of partial sums that a block adds up in the end; their product are its threads.
inline constexpr int column_total_columns = 32, column_total_shares = 8;

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
