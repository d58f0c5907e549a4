// mmrec/nn/cuda/clip.hpp - bounds on gradients, on a device.
#pragma once
#include <cstddef>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// *norm = the Euclidean norm of all gradients together, as global_norm of nn/optimizer/clip.hpp.
///
/// Shapes     gradients, norm: the device's
/// Cost       one pass; 8 KB of the context's workspace
/// Result     squares are summed in double, in an order that depends on `count` and on where in 16 bytes the gradients
///            begin: same bits from run to run; infinity or NaN where a gradient is not finite
/// Throws     limit_error beyond 2^31 - 1 gradients; call_error
template <class T>
void global_norm(const context& on, const T* gradients, std::size_t count, double* norm);

/// What clip_by_norm of nn/optimizer/clip.hpp would multiply the gradients by, left to `update`: *scale = most / (norm +
/// 1e-6), or 1 where that is more. Where the norm is not finite, *scale = 1 and *total_loss = infinity: whoever looks at the
/// loss after the epoch sees it.
///
/// Cost, Result, Throws     as global_norm
template <class T>
void clip_factor(const context& on, const T* gradients, std::size_t count, double most, T* scale, double* total_loss);

/// Puts each gradient into -most .. most; NaN stays NaN. As clip_by_value of nn/optimizer/clip.hpp.
/// Throws     limit_error beyond 2^31 - 1 gradients; call_error
template <class T>
void clip_by_value(const context& on, T* gradients, std::size_t count, double most);

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
