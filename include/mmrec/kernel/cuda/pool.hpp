// mmrec/kernel/cuda/pool.hpp - maxima and averages over windows of pictures, and over whole ones, on a device.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/pool2d_shape.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

// What kernel/pool.hpp has, for arrays in device memory; queued, T is float or double.
//
// A shape is known at run time, or to the compiler as kernel::constant_pool2d, for which kernels of its own are made where
// the program is compiled by the CUDA compiler. Where `lengths` can be given, in device memory, images are sequences of
// in_width steps, in_height 1: of each, only the first lengths[image] steps are there, results beyond those windows are
// zero, and so are gradients beyond the steps. Lengths above in_width count as in_width.
//
// Shapes     as there; arrays of any alignment, those that begin at multiples of 16 bytes are fastest
// Cost       a gradient reads each window once for each pixel in it, from the cache but for the first time
// Result     maxima and their gradients the CPU's, bit for bit; averages of windows but for fused multiplications; global
//            averages in an order of their own
// Throws     limit_error for more than 2^31 - 2^24 numbers; call_error

template <class T>
void max_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input, T* output,
                        kernel::simd_level = {});
template <class T>
void max_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input, T* output,
                        const std::uint32_t* lengths);

template <class T>
void max_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input,
                         const T* output_gradient, T* input_gradient, kernel::simd_level = {});
template <class T>
void max_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input,
                         const T* output_gradient, T* input_gradient, const std::uint32_t* lengths);

template <class T>
void average_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input,
                            T* output, kernel::pool_divisor divisor = kernel::pool_divisor::window, kernel::simd_level = {});
template <class T>
void average_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input,
                            T* output, kernel::pool_divisor divisor, const std::uint32_t* lengths);

template <class T>
void average_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                             const T* output_gradient, T* input_gradient,
                             kernel::pool_divisor divisor = kernel::pool_divisor::window, kernel::simd_level = {});
template <class T>
void average_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                             const T* output_gradient, T* input_gradient, kernel::pool_divisor divisor,
                             const std::uint32_t* lengths);

template <class T>
void global_max_pool_forward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                             const std::uint32_t* lengths, const T* input, T* output, kernel::simd_level = {});
template <class T>
void global_max_pool_backward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                              const std::uint32_t* lengths, const T* input, const T* output_gradient, T* input_gradient,
                              kernel::simd_level = {});

template <class T>
void global_average_pool_forward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                                 const std::uint32_t* lengths, const T* input, T* output, kernel::simd_level = {});
template <class T>
void global_average_pool_backward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                                  const std::uint32_t* lengths, const T* output_gradient, T* input_gradient,
                                  kernel::simd_level = {});

// Shapes that the compiler knows.

namespace detail {
// The kernels made for a shape; where there are none, nothing refers to these.
template <kernel::pool2d_shape Shape, class T>
void fixed_max_pool_forward(const context& on, std::size_t images, const T* input, T* output);
template <kernel::pool2d_shape Shape, class T>
void fixed_max_pool_backward(const context& on, std::size_t images, const T* input, const T* output_gradient,
                             T* input_gradient);
template <kernel::pool2d_shape Shape, class T>
void fixed_average_pool_forward(const context& on, std::size_t images, const T* input, T* output,
                                kernel::pool_divisor divisor);
template <kernel::pool2d_shape Shape, class T>
void fixed_average_pool_backward(const context& on, std::size_t images, const T* output_gradient, T* input_gradient,
                                 kernel::pool_divisor divisor);
}  // namespace detail

template <kernel::pool2d_shape Shape, class T>
void max_pool2d_forward(const context& on, kernel::constant_pool2d<Shape>, std::size_t images, const T* input, T* output,
                        kernel::simd_level = {}) {
  if constexpr (specialises_shapes) {
    detail::fixed_max_pool_forward<Shape>(on, images, input, output);
  } else {
    max_pool2d_forward(on, Shape, images, input, output);
  }
}
template <kernel::pool2d_shape Shape, class T>
void max_pool2d_backward(const context& on, kernel::constant_pool2d<Shape>, std::size_t images, const T* input,
                         const T* output_gradient, T* input_gradient, kernel::simd_level = {}) {
  if constexpr (specialises_shapes) {
    detail::fixed_max_pool_backward<Shape>(on, images, input, output_gradient, input_gradient);
  } else {
    max_pool2d_backward(on, Shape, images, input, output_gradient, input_gradient);
  }
}
template <kernel::pool2d_shape Shape, class T>
void average_pool2d_forward(const context& on, kernel::constant_pool2d<Shape>, std::size_t images, const T* input, T* output,
                            kernel::pool_divisor divisor = kernel::pool_divisor::window, kernel::simd_level = {}) {
  if constexpr (specialises_shapes) {
    detail::fixed_average_pool_forward<Shape>(on, images, input, output, divisor);
  } else {
    average_pool2d_forward(on, Shape, images, input, output, divisor);
  }
}
template <kernel::pool2d_shape Shape, class T>
void average_pool2d_backward(const context& on, kernel::constant_pool2d<Shape>, std::size_t images, const T* output_gradient,
                             T* input_gradient, kernel::pool_divisor divisor = kernel::pool_divisor::window,
                             kernel::simd_level = {}) {
  if constexpr (specialises_shapes) {
    detail::fixed_average_pool_backward<Shape>(on, images, output_gradient, input_gradient, divisor);
  } else {
    average_pool2d_backward(on, Shape, images, output_gradient, input_gradient, divisor);
  }
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
