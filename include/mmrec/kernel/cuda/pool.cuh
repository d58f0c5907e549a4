// mmrec/kernel/cuda/pool.cuh - maxima and averages over windows of pictures, and over whole ones: the kernels' launchers.
#pragma once
#include <cstddef>
#include <cstdint>

#include <mmrec/kernel/cuda/detail/pool_global.cuh>
#include <mmrec/kernel/cuda/detail/pool_windows.cuh>
#include <mmrec/kernel/cuda/pool.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template <class T>
void max_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input, T* output,
                        const std::uint32_t* lengths) {
  const auto sizes = detail::sizes_for_kernels("cuda::max_pool2d_forward", shape, images);
  detail::launch_windows<detail::max_function, detail::pool_sizes, T>(
      on, "cuda::max_pool2d_forward", sizes, images, images * shape.out_size(),
      detail::pixels_of_packs<T>(shape.channels, input, output), lengths, input, output);
}
template <class T>
void max_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input, T* output,
                        kernel::simd_level) {
  max_pool2d_forward(on, shape, images, input, output, static_cast<const std::uint32_t*>(nullptr));
}

template <class T>
void max_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input,
                         const T* output_gradient, T* input_gradient, const std::uint32_t* lengths) {
  if (input_gradient == nullptr) return;
  const auto sizes = detail::sizes_for_kernels("cuda::max_pool2d_backward", shape, images);
  detail::launch_windows<detail::max_gradient_function, detail::pool_sizes, T>(
      on, "cuda::max_pool2d_backward", sizes, images, images * shape.in_size(),
      detail::pixels_of_packs<T>(shape.channels, input, output_gradient, input_gradient), lengths, input, output_gradient,
      input_gradient);
}
template <class T>
void max_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input,
                         const T* output_gradient, T* input_gradient, kernel::simd_level) {
  max_pool2d_backward(on, shape, images, input, output_gradient, input_gradient, static_cast<const std::uint32_t*>(nullptr));
}

template <class T>
void average_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input,
                            T* output, kernel::pool_divisor divisor, const std::uint32_t* lengths) {
  const auto sizes = detail::sizes_for_kernels("cuda::average_pool2d_forward", shape, images);
  detail::launch_windows<detail::average_function, detail::pool_sizes, T>(
      on, "cuda::average_pool2d_forward", sizes, images, images * shape.out_size(),
      detail::pixels_of_packs<T>(shape.channels, input, output), lengths, input, output,
      divisor == kernel::pool_divisor::inside);
}
template <class T>
void average_pool2d_forward(const context& on, const kernel::pool2d_shape& shape, std::size_t images, const T* input,
                            T* output, kernel::pool_divisor divisor, kernel::simd_level) {
  average_pool2d_forward(on, shape, images, input, output, divisor, static_cast<const std::uint32_t*>(nullptr));
}

template <class T>
void average_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                             const T* output_gradient, T* input_gradient, kernel::pool_divisor divisor,
                             const std::uint32_t* lengths) {
  if (input_gradient == nullptr) return;
  const auto sizes = detail::sizes_for_kernels("cuda::average_pool2d_backward", shape, images);
  detail::launch_windows<detail::average_gradient_function, detail::pool_sizes, T>(
      on, "cuda::average_pool2d_backward", sizes, images, images * shape.in_size(),
      detail::pixels_of_packs<T>(shape.channels, output_gradient, input_gradient), lengths, output_gradient, input_gradient,
      divisor == kernel::pool_divisor::inside);
}
template <class T>
void average_pool2d_backward(const context& on, const kernel::pool2d_shape& shape, std::size_t images,
                             const T* output_gradient, T* input_gradient, kernel::pool_divisor divisor, kernel::simd_level) {
  average_pool2d_backward(on, shape, images, output_gradient, input_gradient, divisor,
                          static_cast<const std::uint32_t*>(nullptr));
}

namespace detail {

/// As launch_windows, with kernels for packs where the channels allow them alone.
template <class Function, kernel::pool2d_shape Shape, class T, class... Arguments>
void launch_fixed_windows(const context& on, std::string_view function, std::size_t images, std::size_t results, bool packed,
                          const Arguments&... arguments) {
  sizes_for_kernels(function, Shape, images);
  using sizes = fixed_pool_sizes<Shape>;
  const std::uint32_t* const all = nullptr;
  if constexpr (Shape.channels % static_cast<std::size_t>(vector_width<T>) == 0) {
    launch_windows<Function, sizes, T>(on, function, sizes{}, images, results, packed, all, arguments...);
  } else if (results != 0) {
    launch(on, function, pool_grid(on, results), Function::template kernel<sizes, T, 1>(), sizes{}, images, all,
           arguments...);
  }
}

template <kernel::pool2d_shape Shape, class T>
void fixed_max_pool_forward(const context& on, std::size_t images, const T* input, T* output) {
  launch_fixed_windows<max_function, Shape, T>(on, "cuda::max_pool2d_forward", images, images * Shape.out_size(),
                                               begin_packs(input, output), input, output);
}
template <kernel::pool2d_shape Shape, class T>
void fixed_max_pool_backward(const context& on, std::size_t images, const T* input, const T* output_gradient,
                             T* input_gradient) {
  if (input_gradient == nullptr) return;
  launch_fixed_windows<max_gradient_function, Shape, T>(on, "cuda::max_pool2d_backward", images, images * Shape.in_size(),
                                                        begin_packs(input, output_gradient, input_gradient), input,
                                                        output_gradient, input_gradient);
}
template <kernel::pool2d_shape Shape, class T>
void fixed_average_pool_forward(const context& on, std::size_t images, const T* input, T* output,
                                kernel::pool_divisor divisor) {
  launch_fixed_windows<average_function, Shape, T>(on, "cuda::average_pool2d_forward", images, images * Shape.out_size(),
                                                   begin_packs(input, output), input, output,
                                                   divisor == kernel::pool_divisor::inside);
}
template <kernel::pool2d_shape Shape, class T>
void fixed_average_pool_backward(const context& on, std::size_t images, const T* output_gradient, T* input_gradient,
                                 kernel::pool_divisor divisor) {
  if (input_gradient == nullptr) return;
  launch_fixed_windows<average_gradient_function, Shape, T>(
      on, "cuda::average_pool2d_backward", images, images * Shape.in_size(), begin_packs(output_gradient, input_gradient),
      output_gradient, input_gradient, divisor == kernel::pool_divisor::inside);
}

}  // namespace detail

template <class T>
void global_max_pool_forward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                             const std::uint32_t* lengths, const T* input, T* output, kernel::simd_level) {
  detail::launch_global<T>(on, "cuda::global_max_pool_forward", images, positions, channels,
                           detail::pixels_of_packs<T>(channels, input, output), false,
                           &detail::largest_of_images<T, detail::vector_width<T>>, &detail::largest_of_images<T, 1>, lengths,
                           input, output);
}
template <class T>
void global_max_pool_backward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                              const std::uint32_t* lengths, const T* input, const T* output_gradient, T* input_gradient,
                              kernel::simd_level) {
  if (input_gradient == nullptr) return;
  detail::launch_global<T>(on, "cuda::global_max_pool_backward", images, positions, channels,
                           detail::pixels_of_packs<T>(channels, input, output_gradient, input_gradient), false,
                           &detail::largest_of_images_gradient<T, detail::vector_width<T>>,
                           &detail::largest_of_images_gradient<T, 1>, lengths, input, output_gradient, input_gradient);
}

template <class T>
void global_average_pool_forward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                                 const std::uint32_t* lengths, const T* input, T* output, kernel::simd_level) {
  detail::launch_global<T>(on, "cuda::global_average_pool_forward", images, positions, channels,
                           detail::pixels_of_packs<T>(channels, input, output), false,
                           &detail::average_of_images<T, detail::vector_width<T>>, &detail::average_of_images<T, 1>, lengths,
                           input, output);
}
template <class T>
void global_average_pool_backward(const context& on, std::size_t images, std::size_t positions, std::size_t channels,
                                  const std::uint32_t* lengths, const T* output_gradient, T* input_gradient,
                                  kernel::simd_level) {
  if (input_gradient == nullptr) return;
  detail::launch_global<T>(on, "cuda::global_average_pool_backward", images, positions, channels,
                           detail::pixels_of_packs<T>(channels, output_gradient, input_gradient), true,
                           &detail::average_of_images_gradient<T, detail::vector_width<T>>,
                           &detail::average_of_images_gradient<T, 1>, lengths, output_gradient, input_gradient);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
