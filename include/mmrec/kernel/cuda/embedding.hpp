// mmrec/kernel/cuda/embedding.hpp - rows of a table by number, and their gradients, on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/id_batch.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

// The functions of kernel/embedding.hpp. All pointers, those of the id_batch included, are the device's; ids are trusted.

/// y = the table's rows, one for each number, zeros for those that do not count.
/// Shapes     table: V x width; y: examples x steps x width
/// Result     the CPU's bits
/// Throws     limit_error beyond 2^31 - 1 ids or columns; call_error
template <class T>
void embedding_forward(const context& on, const kernel::id_batch& batch, std::size_t width, const T* table, T* y);

/// Adds the gradients of y to those of the rows that it was made of, except row `skipped`.
///
/// Cost       a stable sort of the ids, 16 bytes of the context's workspace an id and what the sort wants; then gradients
///            are read once, and each row is read and written once
/// Result     each row's sum is formed in the order of the batch: the CPU's bits
/// Throws     limit_error beyond 2^31 - 1 ids or columns; call_error
template <class T>
void embedding_backward(const context& on, const kernel::id_batch& batch, std::size_t width, const T* dy,
                        std::size_t skipped, T* table_gradient);

/// y = the sum or the mean of each example's rows; zeros for an example without any.
/// Shapes     y: examples x width
/// Result     summed in order: the CPU's bits
/// Throws     limit_error beyond 2^31 - 1 ids or columns; call_error
template <class T>
void embedding_bag_forward(const context& on, const kernel::id_batch& batch, kernel::bag_mode mode, std::size_t width,
                           const T* table, T* y);
/// Cost, Throws     as embedding_backward
/// Result           summed in the order of the batch; within rounding of the CPU's, products and sums being fused
template <class T>
void embedding_bag_backward(const context& on, const kernel::id_batch& batch, kernel::bag_mode mode, std::size_t width,
                            const T* dy, T* table_gradient);

/// Sets the flags of the rows of a table that a batch reads, except `skipped`; other flags stay.
/// Shapes     touched: V flags, of std::uint8_t
/// Throws     limit_error beyond 2^31 - 1 ids; call_error
template <class Flag>
void mark_rows(const context& on, const kernel::id_batch& batch, std::size_t skipped, Flag* touched);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
