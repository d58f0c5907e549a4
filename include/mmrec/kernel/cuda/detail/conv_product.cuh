// mmrec/kernel/cuda/detail/conv_product.cuh - convolutions as matrix products whose factors are gathered tile by tile.
#pragma once
#include <cuda_runtime.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>
#include <mmrec/kernel/cuda/detail/conv_form.cuh>
#include <mmrec/kernel/cuda/detail/conv_geometry.cuh>
#include <mmrec/kernel/cuda/detail/conv_readers.cuh>
#include <mmrec/kernel/cuda/detail/conv_sums.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// A sum with its epilogue, as the CPU's kernel has it: that of channel `channel`, to be stored at `at`.
template <class T>
__device__ __forceinline__ T conv_finish(T value, int channel, int at, const kernel::conv2d_epilogue<T>& epilogue) {
  if (epilogue.bias != nullptr) value += epilogue.bias[channel];
  if (epilogue.residual != nullptr) value += epilogue.residual[at];
  if (epilogue.activation == kernel::conv2d_activation::relu) return value < T(0) ? T(0) : value;
  if (epilogue.activation == kernel::conv2d_activation::leaky_relu) return value < T(0) ? epilogue.slope * value : value;
  return value;
}

/// Stores `Width` neighbours, of which the first `left` are wanted; 8 or 16 bytes at a time where the form reads fours.
template <int Vector, int Width>
__device__ __forceinline__ void conv_write(float* to, int left, const float (&values)[Width]) {
  if constexpr (Vector == 4 && Width == 4) {
    if (left > 0) *reinterpret_cast<float4*>(to) = make_float4(values[0], values[1], values[2], values[3]);
  } else if constexpr (Vector == 4 && Width == 2) {
    if (left > 0) *reinterpret_cast<float2*>(to) = make_float2(values[0], values[1]);
  } else {
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) {
      if (i < left) to[i] = values[i];
    }
  }
}

/// What the kernels of both directions are given.
template <class Shape>
struct conv_operands {
  Shape shape;
  int images;
  int column_tiles;
  const float* input;
  const float* weights;
  float* output;
  kernel::conv2d_epilogue<float> epilogue;
};

/// Stores the outputs of a tile.
template <class Form, class Shape>
struct conv_outputs {
  const conv_operands<Shape>& with;
  int first_row, rows, first_channel, last_channel;
  int at = -1;

  __device__ __forceinline__ void begin(int row) {
    const int pixel = first_row + row;
    at = pixel < rows ? pixel * with.shape.out_channels : -1;
  }
  template <int Width>
  __device__ __forceinline__ void store(int column, const float (&values)[Width]) {
    const int channel = first_channel + column, left = last_channel - channel;
    if (at < 0 || left <= 0) return;
    float finished[Width];
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) {
      finished[i] = i < left ? conv_finish(values[i], channel + i, at + channel + i, with.epilogue) : 0.0f;
    }
    conv_write<Form::vector>(with.output + at + channel, left, finished);
  }
};

/// output = activation(input * weights + bias + residual): a tile of pixels and output channels a block, groups along z.
template <class Shape, class Form>
__global__ void __launch_bounds__(Form::threads, Form::tile::resident) conv_forward_kernel(const conv_operands<Shape> with) {
  using left_type = conv_pixels<Form, Form::tile::rows>;
  using right_type = conv_matrix<Form, Form::tile::columns>;
  alignas(16) __shared__ typename Form::word shared_left[2 * left_type::stage::size];
  alignas(16) __shared__ typename Form::word shared_right[2 * right_type::stage::size];
  const Shape& s = with.shape;
  const int block = static_cast<int>(blockIdx.x), group = static_cast<int>(blockIdx.z);
  const int first_row = block / with.column_tiles * Form::tile::rows;
  const int first_column = block % with.column_tiles * Form::tile::columns;
  const int pixels = with.images * s.out_height * s.out_width;
  const int depth = s.kernel_height * s.kernel_width * s.in_group;

  left_type left(with.input + group * s.in_group, s.in_channels, forward_rows(s), forward_columns(s), s.in_group,
                 [&](int row) {
                   const int pixel = first_row + row;
                   return pixel < pixels ? output_place(s, pixel) : conv_place{-1, 0, 0};
                 });
  right_type right(with.weights + group * s.out_group + first_column, s.out_channels, s.out_group - first_column, depth);
  conv_tile_sums<Form> sums;
  conv_add_tiles<Form>(left, right, (depth + Form::depth - 1) / Form::depth, shared_left, shared_right, sums);
  conv_outputs<Form, Shape> result{with, first_row, pixels, group * s.out_group + first_column, (group + 1) * s.out_group};
  sums.each(result);
}

/// Stores the input gradients of a tile.
template <class Form, class Shape>
struct conv_input_gradients {
  const conv_operands<Shape>& with;
  int first_row, rows, phase_row, phase_column, first_channel, last_channel;
  int at = -1;

  __device__ __forceinline__ void begin(int row) {
    const int pixel = first_row + row;
    at = -1;
    if (pixel >= rows) return;
    const Shape& s = with.shape;
    const conv_place place = phase_place(s, pixel);
    const int y = phase_row + place.row * s.stride_height, x = phase_column + place.column * s.stride_width;
    if (y < s.in_height && x < s.in_width) at = ((place.image * s.in_height + y) * s.in_width + x) * s.in_channels;
  }
  template <int Width>
  __device__ __forceinline__ void store(int column, const float (&values)[Width]) {
    const int channel = first_channel + column;
    if (at >= 0) conv_write<Form::vector>(with.output + at + channel, last_channel - channel, values);
  }
};

/// The gradient of the input: `input` is that of the output. Inputs a stride apart are reached by the same taps; each such
/// set is a convolution of its own, of stride 1. Groups and these sets along z.
template <class Shape, class Form>
__global__ void __launch_bounds__(Form::threads, Form::tile::resident_backward)
    conv_backward_kernel(const conv_operands<Shape> with) {
  using left_type = conv_pixels<Form, Form::tile::rows>;
  using right_type = conv_filters<Form, Form::tile::columns>;
  alignas(16) __shared__ typename Form::word shared_left[2 * left_type::stage::size];
  alignas(16) __shared__ typename Form::word shared_right[2 * right_type::stage::size];
  const Shape& s = with.shape;
  const int block = static_cast<int>(blockIdx.x), copy = static_cast<int>(blockIdx.z);
  const int group = copy % s.groups, phase = copy / s.groups;
  const int phase_row = phase / s.phases_width, phase_column = phase % s.phases_width;
  const int first_row = block / with.column_tiles * Form::tile::rows;
  const int first_column = block % with.column_tiles * Form::tile::columns;
  const int pixels = with.images * s.phase_height * s.phase_width;
  const conv_line rows = backward_rows(s, phase_row), columns = backward_columns(s, phase_column);

  conv_tile_sums<Form> sums;
  if (columns.taps != 0) {
    left_type left(with.input + group * s.out_group, s.out_channels, rows, columns, s.out_group, [&](int row) {
      const int pixel = first_row + row;
      return pixel < pixels ? phase_place(s, pixel) : conv_place{-1, 0, 0};
    });
    right_type right(with.weights + first_column * s.out_channels + group * s.out_group, s.out_channels,
                     s.in_group * s.out_channels, s.kernel_width, rows, columns, s.out_group, s.in_group - first_column);
    const int depth = rows.taps * columns.taps * s.out_group;
    conv_add_tiles<Form>(left, right, (depth + Form::depth - 1) / Form::depth, shared_left, shared_right, sums);
  }
  conv_input_gradients<Form, Shape> result{
      with, first_row, pixels, phase_row, phase_column, group * s.in_group + first_column, (group + 1) * s.in_group};
  sums.each(result);
}

/// What the kernel of the weights' gradient is given.
template <class Shape>
struct conv_weight_operands {
  Shape shape;
  int images;
  int column_tiles;
  int part_pixels;  ///< of each part of the sums
  const float* input;
  const float* output_gradient;
  float* target;  ///< one set of weights for each part; or the gradient itself, if it adds
  bool adds;
};

/// Stores the sums of a tile of weights.
template <class Form, class Shape>
struct conv_weight_gradients {
  const conv_weight_operands<Shape>& with;
  float* target;
  int first_row, rows, first_channel, last_channel;
  int at = -1;

  __device__ __forceinline__ void begin(int row) {
    at = first_row + row < rows ? (first_row + row) * with.shape.out_channels : -1;
  }
  template <int Width>
  __device__ __forceinline__ void store(int column, const float (&values)[Width]) {
    const int channel = first_channel + column, left = last_channel - channel;
    if (at < 0 || left <= 0) return;
    float added[Width];
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) {
      added[i] = with.adds && i < left ? target[at + channel + i] + values[i] : values[i];
    }
    conv_write<Form::vector>(target + at + channel, left, added);
  }
};

/// The gradient of the weights: a tile of weights a block, groups and parts of the sums over pixels along z.
template <class Shape, class Form>
__global__ void __launch_bounds__(Form::threads, Form::tile::resident)
    conv_weight_kernel(const conv_weight_operands<Shape> with) {
  using left_type = conv_taps<Form, Form::tile::rows, Shape>;
  using right_type = conv_matrix<Form, Form::tile::columns>;
  alignas(16) __shared__ typename Form::word shared_left[2 * left_type::stage::size];
  alignas(16) __shared__ typename Form::word shared_right[2 * right_type::stage::size];
  const Shape& s = with.shape;
  const int block = static_cast<int>(blockIdx.x), copy = static_cast<int>(blockIdx.z);
  const int group = copy % s.groups, part = copy / s.groups;
  const int first_row = block / with.column_tiles * Form::tile::rows;
  const int first_column = block % with.column_tiles * Form::tile::columns;
  const int rows = s.kernel_height * s.kernel_width * s.in_group;
  const int pixels = with.images * s.out_height * s.out_width;
  const int begin = part * with.part_pixels;
  const int end = begin + (pixels - begin < with.part_pixels ? pixels - begin : with.part_pixels);

  left_type left(s, with.input + group * s.in_group, first_row, begin, end);
  right_type right(with.output_gradient + (begin * s.out_channels + group * s.out_group + first_column), s.out_channels,
                   s.out_group - first_column, end - begin);
  conv_tile_sums<Form> sums;
  conv_add_tiles<Form>(left, right, (end - begin + Form::depth - 1) / Form::depth, shared_left, shared_right, sums);
  float* const target = with.target + static_cast<std::size_t>(part) * static_cast<std::size_t>(rows) *
                                          static_cast<std::size_t>(s.out_channels);
  conv_weight_gradients<Form, Shape> result{
      with, target, first_row, rows, group * s.out_group + first_column, (group + 1) * s.out_group};
  sums.each(result);
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
