// mmrec/kernel/conv2d.hpp - convolutions over pictures, and over sequences as pictures of height 1.
#pragma once
#include <algorithm>
#include <cstddef>
#include <type_traits>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/conv_axis.hpp>
#include <mmrec/kernel/detail/conv_depthwise.hpp>
#include <mmrec/kernel/detail/conv_pass.hpp>
#include <mmrec/kernel/detail/conv_tile.hpp>
#include <mmrec/kernel/detail/conv_weight_gradient.hpp>

namespace mmrec::inline v0 {
namespace kernel {

namespace detail {

constexpr conv_axis_shape rows_of(const conv2d_shape& s) {
  return {s.in_height, s.out_height(), s.kernel_height, s.stride_height, s.padding_height, s.dilation_height};
}
constexpr conv_axis_shape columns_of(const conv2d_shape& s) {
  return {s.in_width, s.out_width(), s.kernel_width, s.stride_width, s.padding_width, s.dilation_width};
}

template <class T>
constexpr conv_pass<T> forward_pass(const conv2d_shape& s, std::size_t images) {
  const std::size_t inner = s.in_channels / s.groups, columns = s.out_channels / s.groups;
  return {.images = images,
          .groups = s.groups,
          .inner = inner,
          .columns = columns,
          .y = forward_axis(rows_of(s)),
          .x = forward_axis(columns_of(s)),
          .input = nullptr,
          .output = nullptr,
          .output_image = s.out_size(),
          .output_row = s.out_width() * s.out_channels,
          .output_pixel = s.out_channels,
          .weights = {.data = nullptr,
                      .kernel_width = s.kernel_width,
                      .tap_stride = inner * s.out_channels,
                      .inner_stride = s.out_channels,
                      .column_stride = 1,
                      .group_stride = columns},
          .packed = nullptr,
          .store = conv_store::epilogue,
          .epilogue = {}};
}

/// The input gradients at rows phase_y + i * stride_height and columns phase_x + j * stride_width.
template <class T>
constexpr conv_pass<T> backward_pass(const conv2d_shape& s, std::size_t images, std::size_t phase_y, std::size_t phase_x) {
  const std::size_t inner = s.out_channels / s.groups, columns = s.in_channels / s.groups;
  return {.images = images,
          .groups = s.groups,
          .inner = inner,
          .columns = columns,
          .y = backward_axis(rows_of(s), phase_y),
          .x = backward_axis(columns_of(s), phase_x),
          .input = nullptr,
          .output = nullptr,
          .output_image = s.in_size(),
          .output_row = s.stride_height * s.in_width * s.in_channels,
          .output_pixel = s.stride_width * s.in_channels,
          .weights = {.data = nullptr,
                      .kernel_width = s.kernel_width,
                      .tap_stride = columns * s.out_channels,
                      .inner_stride = 1,
                      .column_stride = s.out_channels,
                      .group_stride = inner},
          .packed = nullptr,
          .store = conv_store::plain,
          .epilogue = {}};
}

template <class T>
constexpr conv_weight_gradient<T> weight_gradient(const conv2d_shape& s, std::size_t images) {
  return {.images = images,
          .groups = s.groups,
          .inner = s.in_channels / s.groups,
          .columns = s.out_channels / s.groups,
          .y = forward_axis(rows_of(s)),
          .x = forward_axis(columns_of(s)),
          .input = nullptr,
          .output_gradient = nullptr,
          .gradient = nullptr,
          .bias_gradient = nullptr};
}

/// Whether each channel has a kernel of its own.
constexpr bool is_depthwise(const conv2d_shape& s) {
  return s.groups > 1 && s.groups == s.in_channels && s.groups == s.out_channels;
}

/// Whether the weights are packed once for all blocks, rather than by each task for itself.
template <class T>
constexpr bool packs_ahead(const conv_pass<T>& pass) {
  return pass.blocks().count() > 2;
}
template <class T>
constexpr std::size_t pass_scratch(const conv2d_shape& shape, const conv_pass<T>& pass, std::size_t concurrency) {
  if (is_depthwise(shape)) return as_depthwise(pass).task_size() * concurrency;
  return pass.task_size() * concurrency + (packs_ahead(pass) ? pass.packed_size() + conv_granule<T> : 0);
}

/// Runs a pass on weights as they are.
template <executor Exec, class T>
void run_unpacked(const Exec& exec, const conv2d_shape& shape, conv_pass<T> pass, T* scratch, simd_level level) {
  if (is_depthwise(shape)) return conv_depthwise_run(exec, as_depthwise(pass), scratch, level);
  if (packs_ahead(pass)) {
    T* packed = conv_aligned(scratch + pass.task_size() * exec.concurrency());
    conv_pack(exec, pass, packed, level);
    pass.packed = packed;
  }
  conv_run(exec, pass, scratch, level);
}

}  // namespace detail

/// Elements of T that conv2d_forward needs as scratch, with weights packed or not.
template <class T>
constexpr std::size_t conv2d_forward_scratch(const conv2d_shape& shape, std::size_t images, std::size_t concurrency) {
  return detail::pass_scratch(shape, detail::forward_pass<T>(shape, images), concurrency);
}

/// Computes a convolution:  output = activation(weights * input + bias + residual).
///
/// Shapes     see conv2d_shape; bias: out_channels; residual: as output; 0 images are fine
/// Cost       shape.multiply_adds() * images multiply-adds
/// Result     each sum is one chain in the order (ky, kx, channel): same bits for any number of threads, for a batch and its
///            images one by one, for packed and plain weights, and for the AVX2 and AVX-512 levels
/// Avoid when in_channels / groups and out_channels / groups are both small and groups > 1 (but not depthwise): vectors stay
///            mostly empty
template <executor Exec, class T>
void conv2d_forward(const Exec& exec, const conv2d_shape& shape, std::size_t images, const T* input, const T* weights,
                    const std::type_identity_t<conv2d_epilogue<T>>& epilogue, T* output, T* scratch,
                    simd_level level = best_simd_level()) {
  auto pass = detail::forward_pass<T>(shape, images);
  pass.input = input;
  pass.output = output;
  pass.weights.data = weights;
  pass.epilogue = epilogue;
  detail::run_unpacked(exec, shape, pass, scratch, level);
}

/// Elements of packed weights.
template <class T>
constexpr std::size_t conv2d_packed_size(const conv2d_shape& shape) {
  return detail::is_depthwise(shape) ? shape.weights() : detail::forward_pass<T>(shape, 1).packed_size();
}

/// Brings weights into the order in which conv2d_forward_packed reads them. Of a shape, only channels, kernel and groups matter.
template <executor Exec, class T>
void conv2d_pack(const Exec& exec, const conv2d_shape& shape, const T* weights, T* packed,
                 simd_level level = best_simd_level()) {
  if (detail::is_depthwise(shape)) return static_cast<void>(std::copy_n(weights, shape.weights(), packed));
  auto pass = detail::forward_pass<T>(shape, 1);
  pass.weights.data = weights;
  detail::conv_pack(exec, pass, packed, level);
}

/// conv2d_forward with weights packed once and used often, as inference does. Best if `packed` begins on a cache line.
template <executor Exec, class T>
void conv2d_forward_packed(const Exec& exec, const conv2d_shape& shape, std::size_t images, const T* input, const T* packed,
                           const std::type_identity_t<conv2d_epilogue<T>>& epilogue, T* output, T* scratch,
                           simd_level level = best_simd_level()) {
  auto pass = detail::forward_pass<T>(shape, images);
  pass.input = input;
  pass.output = output;
  pass.weights.data = pass.packed = packed;
  pass.epilogue = epilogue;
  if (detail::is_depthwise(shape)) return detail::conv_depthwise_run(exec, detail::as_depthwise(pass), scratch, level);
  detail::conv_run(exec, pass, scratch, level);
}

/// Elements of T that conv2d_backward_input needs as scratch.
template <class T>
constexpr std::size_t conv2d_backward_input_scratch(const conv2d_shape& shape, std::size_t images, std::size_t concurrency) {
  std::size_t most = 0;
  for (std::size_t y = 0; y < (std::min)(shape.stride_height, shape.in_height); ++y) {
    for (std::size_t x = 0; x < (std::min)(shape.stride_width, shape.in_width); ++x) {
      most = (std::max)(most, detail::pass_scratch(shape, detail::backward_pass<T>(shape, images, y, x), concurrency));
    }
  }
  return most;
}

/// Computes the gradient of the input and overwrites input_gradient with it; null: not wanted.
///
/// Result     each sum is one chain, as of conv2d_forward
template <executor Exec, class T>
void conv2d_backward_input(const Exec& exec, const conv2d_shape& shape, std::size_t images, const T* weights,
                           const T* output_gradient, std::type_identity_t<T>* input_gradient, T* scratch,
                           simd_level level = best_simd_level()) {
  if (input_gradient == nullptr) return;
  // Inputs a stride apart are reached by the same taps: each such set is a convolution of its own, of stride 1.
  for (std::size_t y = 0; y < (std::min)(shape.stride_height, shape.in_height); ++y) {
    for (std::size_t x = 0; x < (std::min)(shape.stride_width, shape.in_width); ++x) {
      auto pass = detail::backward_pass<T>(shape, images, y, x);
      pass.input = output_gradient;
      pass.output = input_gradient + (y * shape.in_width + x) * shape.in_channels;
      pass.weights.data = weights;
      detail::run_unpacked(exec, shape, pass, scratch, level);
    }
  }
}

/// Elements of T that conv2d_backward_weights needs as scratch.
template <class T>
constexpr std::size_t conv2d_backward_weights_scratch(const conv2d_shape& shape, std::size_t images,
                                                      std::size_t concurrency) {
  const auto work = detail::weight_gradient<T>(shape, images);
  return (detail::is_depthwise(shape) ? detail::as_depthwise(work) : work).task_size() * concurrency;
}

/// Adds the gradient of the weights to weight_gradient, and that of the bias to bias_gradient unless it is null.
///
/// Result     sums over blocks of pixels that depend on the shape and the number of images alone, added in their order: same
///            bits for any number of threads, and for the AVX2 and AVX-512 levels
template <executor Exec, class T>
void conv2d_backward_weights(const Exec& exec, const conv2d_shape& shape, std::size_t images, const T* input,
                             const T* output_gradient, T* weight_gradient, std::type_identity_t<T>* bias_gradient,
                             T* scratch, simd_level level = best_simd_level()) {
  auto work = detail::weight_gradient<T>(shape, images);
  work.input = input;
  work.output_gradient = output_gradient;
  work.gradient = weight_gradient;
  work.bias_gradient = bias_gradient;
  if (detail::is_depthwise(shape)) return detail::conv_depthwise_run(exec, detail::as_depthwise(work), scratch, level);
  detail::conv_run(exec, work, scratch, level);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
