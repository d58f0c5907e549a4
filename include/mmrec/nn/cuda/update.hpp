// mmrec/nn/cuda/update.hpp - one step of an optimiser on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// Updates parameters begin .. end - 1 as the CPU's update of nn/optimizer/update.hpp does, by the rule rules[*step_index]:
/// spec.template rule<T>(factor, step) of all steps to come, made in advance, so that a captured step goes on as its index
/// does.
///
/// Shapes     all pointers are the device's; parameters, gradients, first and second: the whole buffers; first and second
///            are null where the rule has fewer slots; scale: what each gradient is multiplied by, such as the factor of
///            clip_factor; null for 1
/// Cost       one pass, which reads parameters, gradients and slots and writes parameters and slots
/// Result     same bits from run to run; within rounding of the CPU's, products and sums being fused
/// Throws     limit_error beyond 2^31 - 1 parameters; call_error
template <class T, class Rule>
void update(const context& on, const Rule* rules, const std::uint32_t* step_index, T* parameters, const T* gradients,
            const T* scale, T* first, T* second, std::size_t begin, std::size_t end);

/// Updates the rows of a table whose flags are set as the CPU's update_rows does, clears these flags, and sets the gradients
/// of these rows to zero. All other rows and what is remembered of them stay as they are.
///
/// Shapes     as of update; row r is the `width` numbers from first_element + r * width on; touched: a flag a row, as
///            mark_rows sets them
/// Cost       one look at all flags, and one pass over the rows of those that are set
/// Result     same bits from run to run
/// Throws     limit_error beyond 2^31 - 1 rows or numbers of a row; call_error
template <class T, class Rule>
void update_rows(const context& on, const Rule* rules, const std::uint32_t* step_index, T* parameters, T* gradients,
                 const T* scale, T* first, T* second, std::size_t first_element, std::size_t width, std::size_t rows,
                 std::uint8_t* touched);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
