// mmrec/kernel/cuda/affine.hpp - the products of a fully connected layer and of its gradients, on a device.
#pragma once
#include <cstddef>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/cpu_features.hpp>

// The functions are those of mmrec/kernel/affine.hpp, with a context in the place of the executor and pointers to device
// memory; the last two arguments are of no use here and may be left null. affine.cuh defines them, for float and double.

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// Queues y = x W + b, negative numbers cut off if `relu`.
///
/// Shapes     x: rows x inner, weights: inner x columns, bias: columns or null, y: rows x columns, none overlapping
/// Cost       rows * inner * columns multiply-adds of cuBLAS, and one pass over y if there is a bias or relu; no allocation
/// Result     the same bits from run to run on the same device and cuBLAS; float32 precision rounds no factors
/// Throws     limit_error for sizes beyond 32-bit indices; call_error
template <class T>
void affine(const context& on, std::size_t rows, std::size_t inner, std::size_t columns, const T* x, const T* weights,
            const T* bias, bool relu, T* y, T* scratch, kernel::simd_level level = {});

/// Queues the gradient by x: dx = dy W^T, overwritten. Shapes and promises as for affine().
template <class T>
void affine_backward_input(const context& on, std::size_t rows, std::size_t inner, std::size_t columns, const T* y_gradient,
                           const T* weights, T* x_gradient, T* scratch, kernel::simd_level level = {});

/// Queues the gradients by the weights and, unless null, by the bias: dW += x^T dy, db += column sums of dy.
///
/// Result     as affine(); the column sums are added in an order that depends on the shape alone, in double beyond short
///            runs
/// Throws     as affine(); out_of_memory
template <class T>
void affine_backward_weights(const context& on, std::size_t rows, std::size_t inner, std::size_t columns, const T* x,
                             const T* y_gradient, T* weight_gradient, T* bias_gradient, T* scratch,
                             kernel::simd_level level = {});

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
