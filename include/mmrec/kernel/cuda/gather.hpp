// mmrec/kernel/cuda/gather.hpp - mini-batches out of examples that lie on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

// All pointers are the device's. Example i of a batch is number order[*first + i] of all: a captured step goes on to the
// next batch as *first does.

/// to = some rows of a matrix.
///
/// Shapes     all: N x width; order: a permutation of 0..N-1; first: one number; to: count x width
/// Cost       each row read and written once, 16 bytes at a time where width and addresses allow
/// Throws     limit_error beyond 2^31 - 1 rows or columns; call_error
template <class T>
void gather_rows(const context& on, const T* all, std::size_t width, const std::uint32_t* order, const std::uint32_t* first,
                 std::size_t count, T* to);

/// to = some examples of several steps: number i of all is steps starts[i] .. starts[i + 1] - 1, cut to `steps`, with zeros
/// beyond.
///
/// Shapes     values: steps of `width` numbers; starts: N + 1, in steps; to: count x steps x width; lengths: count, how many
///            steps each example has
/// Throws     limit_error beyond 2^31 - 1 examples or numbers of one; call_error
template <class T>
void gather_ragged(const context& on, const T* values, const std::uint64_t* starts, std::size_t width, std::size_t steps,
                   const std::uint32_t* order, const std::uint32_t* first, std::size_t count, T* to, std::uint32_t* lengths);

/// *counter += by: the last thing of a captured step.
/// Shapes     counter: one std::uint32_t
template <class Counter>
void advance(const context& on, Counter* counter, std::uint32_t by);

/// Planes become pixels: from channels first (N x C x pixels) to channels last (N x pixels x C).
/// Throws     limit_error beyond 2^31 - 1 pictures or numbers of one; call_error
template <class T>
void interleave_planes(const context& on, std::size_t count, std::size_t channels, std::size_t pixels, const T* planes,
                       T* to);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
