// mmrec/kernel/cuda/conv2d.cuh - convolutions on a device: the definitions.
#pragma once
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/cuda/conv2d.hpp>
#include <mmrec/kernel/cuda/detail/conv_launch.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

template <class T>
void conv2d_forward(const context& on, const kernel::conv2d_shape& shape, std::size_t images, const T* input,
                    const T* weights, const std::type_identity_t<kernel::conv2d_epilogue<T>>& epilogue, T* output, T*,
                    kernel::simd_level) {
  constexpr std::string_view function = "cuda::conv2d_forward";
  detail::conv_require_indices(function, shape, images);
  detail::conv_forward(on, function, detail::conv_any_shape{shape, images}, images, input, weights, epilogue, output);
}

template <class T>
void conv2d_backward_input(const context& on, const kernel::conv2d_shape& shape, std::size_t images, const T* weights,
                           const T* output_gradient, std::type_identity_t<T>* input_gradient, T*, kernel::simd_level) {
  constexpr std::string_view function = "cuda::conv2d_backward_input";
  if (input_gradient == nullptr) return;
  detail::conv_require_indices(function, shape, images);
  detail::conv_backward_input(on, function, detail::conv_any_shape{shape, images}, images, weights, output_gradient,
                              input_gradient);
}

template <class T>
void conv2d_backward_weights(const context& on, const kernel::conv2d_shape& shape, std::size_t images, const T* input,
                             const T* output_gradient, T* weight_gradient, std::type_identity_t<T>* bias_gradient, T*,
                             kernel::simd_level) {
  constexpr std::string_view function = "cuda::conv2d_backward_weights";
  detail::conv_require_indices(function, shape, images);
  detail::conv_backward_weights(on, function, detail::conv_any_shape{shape, images}, images, input, output_gradient,
                                weight_gradient, bias_gradient);
}

#if !defined(MMREC_CUDA_COMPILED)
namespace detail {

/// Whether kernels are compiled for the shape: not for pictures without pixels; for float32, and where numbers are read in
/// fours, for pointers that allow it.
template <kernel::conv2d_shape Shape, class... T>
bool conv_specialised(const context& on, const T*... pointers) {
  return conv_math(on) == math::float32 && (!conv_by_fours(Shape) || conv_aligned(pointers...));
}

}  // namespace detail

template <kernel::conv2d_shape Shape, class T>
void conv2d_forward(const context& on, const kernel::constant_conv2d<Shape>&, std::size_t images, const T* input,
                    const T* weights, const std::type_identity_t<kernel::conv2d_epilogue<T>>& epilogue, T* output,
                    T* scratch, kernel::simd_level level) {
  constexpr std::string_view function = "cuda::conv2d_forward";
  if constexpr (Shape.in_size() != 0 && Shape.out_size() != 0) {
    if (detail::conv_specialised<Shape>(on, input, weights, output)) {
      detail::conv_require_indices(function, Shape, images);
      return detail::conv_forward(on, function, detail::conv_known_shape<Shape>{}, images, input, weights, epilogue, output);
    }
  }
  conv2d_forward(on, Shape, images, input, weights, epilogue, output, scratch, level);
}

template <kernel::conv2d_shape Shape, class T>
void conv2d_backward_input(const context& on, const kernel::constant_conv2d<Shape>&, std::size_t images, const T* weights,
                           const T* output_gradient, std::type_identity_t<T>* input_gradient, T* scratch,
                           kernel::simd_level level) {
  constexpr std::string_view function = "cuda::conv2d_backward_input";
  if constexpr (Shape.in_size() != 0 && Shape.out_size() != 0) {
    if (input_gradient == nullptr) return;
    if (detail::conv_specialised<Shape>(on, weights, output_gradient, input_gradient)) {
      detail::conv_require_indices(function, Shape, images);
      return detail::conv_backward_input(on, function, detail::conv_known_shape<Shape>{}, images, weights, output_gradient,
                                         input_gradient);
    }
  }
  conv2d_backward_input(on, Shape, images, weights, output_gradient, input_gradient, scratch, level);
}

template <kernel::conv2d_shape Shape, class T>
void conv2d_backward_weights(const context& on, const kernel::constant_conv2d<Shape>&, std::size_t images, const T* input,
                             const T* output_gradient, T* weight_gradient, std::type_identity_t<T>* bias_gradient,
                             T* scratch, kernel::simd_level level) {
  constexpr std::string_view function = "cuda::conv2d_backward_weights";
  if constexpr (Shape.in_size() != 0 && Shape.out_size() != 0) {
    if (detail::conv_specialised<Shape>(on, input, output_gradient, weight_gradient)) {
      detail::conv_require_indices(function, Shape, images);
      return detail::conv_backward_weights(on, function, detail::conv_known_shape<Shape>{}, images, input, output_gradient,
                                           weight_gradient, bias_gradient);
    }
  }
  conv2d_backward_weights(on, Shape, images, input, output_gradient, weight_gradient, bias_gradient, scratch, level);
}
#endif

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
