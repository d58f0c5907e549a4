// mmrec/kernel/cuda/norm.hpp - batch and layer normalisation with their gradients, on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/norm_shape.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

// What kernel/norm.hpp has, for arrays in device memory, the lengths of the shape among them; queued, T is float or double.
// Scratch is not used and may be null: the context's workspace is.
//
// Shapes     as there; arrays of any alignment, those that begin at multiples of 16 bytes are fastest
// Cost       batch_norm reads x twice, its gradient x and dy twice; layer_norm reads x once, its gradient x and dy twice
//            (rows of more than 4096 numbers: x three times)
// Result     sums over rows in double, in an order that depends on the shape and on whether the arrays are aligned alone;
//            within a few units in the last place of the CPU's
// Throws     limit_error for more than 2^31 - 2^24 numbers; out_of_memory; call_error

template <class T>
void scale_and_shift(const context& on, const kernel::norm_shape& shape, const T* x, const T* scale, const T* shift, T* y,
                     kernel::simd_level = {});

template <class T>
void statistics_scale(const context& on, std::size_t channels, double epsilon, const T* gamma, const T* beta,
                      const T* running_mean, const T* running_variance, T* scale, T* shift);

template <class T>
void batch_norm_forward(const context& on, const kernel::norm_shape& shape, T epsilon, T momentum, const T* x,
                        const T* gamma, const T* beta, T* running_mean, T* running_variance, T* y, T* mean, T* inverse,
                        double* scratch, kernel::simd_level = {});
template <class T>
void batch_norm_backward(const context& on, const kernel::norm_shape& shape, const T* x, const T* dy, const T* gamma,
                         const T* mean, const T* inverse, T* gamma_gradient, T* beta_gradient, T* dx, double* scratch,
                         kernel::simd_level = {});

template <class T>
void layer_norm_forward(const context& on, const kernel::norm_shape& shape, T epsilon, const T* x, const T* gamma,
                        const T* beta, T* y, T* mean, T* inverse, kernel::simd_level = {});
template <class T>
void layer_norm_backward(const context& on, const kernel::norm_shape& shape, const T* x, const T* dy, const T* gamma,
                         const T* mean, const T* inverse, T* gamma_gradient, T* beta_gradient, T* dx, double* scratch,
                         kernel::simd_level = {});

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
