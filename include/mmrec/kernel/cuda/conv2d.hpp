// mmrec/kernel/cuda/conv2d.hpp - convolutions on a device.
#pragma once
#include <cstddef>
#include <type_traits>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>
#include <mmrec/kernel/cpu_features.hpp>

// The functions are those of mmrec/kernel/conv2d.hpp, with a context in the place of the executor and pointers to device
// memory; the last two arguments are of no use here and may be left null. Each exists twice: for a shape known at run time,
// and for one the compiler knows, for which the kernels are compiled where the library specialises shapes. Both give the
// same bits; those of bf16 also depend on whether the arrays begin at multiples of 16 bytes. conv2d.cuh defines them.

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// Queues a convolution:  output = activation(weights * input + bias + residual).
///
/// Shapes     as kernel::conv2d_forward; T float or double
/// Cost       shape.multiply_adds() * images multiply-adds; no memory beside the arguments. Channels of a group that are
///            multiples of 4, and pointers to multiples of 16 bytes, are read four at a time. Tensor cores are used for
///            float if the context's precision says so and they are there
/// Result     each sum is one chain in the order (ky, kx, channel): for float32 precision, the bits of the CPU's AVX2 level
/// Throws     limit_error for sizes beyond 32-bit indices, before anything is queued; call_error
/// Reference  Chetlur et al., cuDNN: Efficient Primitives for Deep Learning, 2014 (products of tiles gathered on the way)
template <class T>
void conv2d_forward(const context& on, const kernel::conv2d_shape& shape, std::size_t images, const T* input,
                    const T* weights, const std::type_identity_t<kernel::conv2d_epilogue<T>>& epilogue, T* output,
                    T* scratch, kernel::simd_level level = {});

/// Queues the gradient of the input, which overwrites input_gradient; null: not wanted.
///
/// Result     as conv2d_forward: each sum is one chain, with the CPU's bits
/// Throws     as conv2d_forward
template <class T>
void conv2d_backward_input(const context& on, const kernel::conv2d_shape& shape, std::size_t images, const T* weights,
                           const T* output_gradient, std::type_identity_t<T>* input_gradient, T* scratch,
                           kernel::simd_level level = {});

/// Queues the gradient of the weights, added to weight_gradient, and that of the bias, added to bias_gradient unless it is
/// null.
///
/// Cost       the workspace of the context holds some sets of weights
/// Result     sums over parts of the pixels that depend on the shape and the number of images alone, added in their order:
///            the same bits from run to run, and in float32 on every device that runs the tiled kernels; not those of the
///            CPU, which cuts the pixels otherwise
/// Throws     as conv2d_forward; out_of_memory
template <class T>
void conv2d_backward_weights(const context& on, const kernel::conv2d_shape& shape, std::size_t images, const T* input,
                             const T* output_gradient, T* weight_gradient, std::type_identity_t<T>* bias_gradient,
                             T* scratch, kernel::simd_level level = {});

#if defined(MMREC_CUDA_COMPILED)
// Compiled kernels are for shapes known at run time.
template <kernel::conv2d_shape Shape, class T>
void conv2d_forward(const context& on, const kernel::constant_conv2d<Shape>&, std::size_t images, const T* input,
                    const T* weights, const std::type_identity_t<kernel::conv2d_epilogue<T>>& epilogue, T* output,
                    T* scratch, kernel::simd_level level = {}) {
  conv2d_forward(on, Shape, images, input, weights, epilogue, output, scratch, level);
}
template <kernel::conv2d_shape Shape, class T>
void conv2d_backward_input(const context& on, const kernel::constant_conv2d<Shape>&, std::size_t images, const T* weights,
                           const T* output_gradient, std::type_identity_t<T>* input_gradient, T* scratch,
                           kernel::simd_level level = {}) {
  conv2d_backward_input(on, Shape, images, weights, output_gradient, input_gradient, scratch, level);
}
template <kernel::conv2d_shape Shape, class T>
void conv2d_backward_weights(const context& on, const kernel::constant_conv2d<Shape>&, std::size_t images, const T* input,
                             const T* output_gradient, T* weight_gradient, std::type_identity_t<T>* bias_gradient,
                             T* scratch, kernel::simd_level level = {}) {
  conv2d_backward_weights(on, Shape, images, input, output_gradient, weight_gradient, bias_gradient, scratch, level);
}
#else
template <kernel::conv2d_shape Shape, class T>
void conv2d_forward(const context& on, const kernel::constant_conv2d<Shape>& shape, std::size_t images, const T* input,
                    const T* weights, const std::type_identity_t<kernel::conv2d_epilogue<T>>& epilogue, T* output,
                    T* scratch, kernel::simd_level level = {});
template <kernel::conv2d_shape Shape, class T>
void conv2d_backward_input(const context& on, const kernel::constant_conv2d<Shape>& shape, std::size_t images,
                           const T* weights, const T* output_gradient, std::type_identity_t<T>* input_gradient, T* scratch,
                           kernel::simd_level level = {});
template <kernel::conv2d_shape Shape, class T>
void conv2d_backward_weights(const context& on, const kernel::constant_conv2d<Shape>& shape, std::size_t images,
                             const T* input, const T* output_gradient, T* weight_gradient,
                             std::type_identity_t<T>* bias_gradient, T* scratch, kernel::simd_level level = {});
#endif

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
