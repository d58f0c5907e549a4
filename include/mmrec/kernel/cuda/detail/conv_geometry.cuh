// mmrec/kernel/cuda/detail/conv_geometry.cuh - the sizes of a convolution as kernels compute with them.
#pragma once
#include <cstddef>
#include <numeric>

#include <cuda_runtime.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Division by a number known on the host: a multiplication and a shift, right for dividends below 2^31.
struct divisor {
  unsigned multiplier = 0;  ///< 0: of 1
  unsigned shift = 0;
};

/// Reference  Granlund and Montgomery, Division by invariant integers using multiplication, PLDI 1994
inline divisor divisor_of(int number) {
  if (number <= 1) return {};
  unsigned bits = 0;
  while ((1u << bits) < static_cast<unsigned>(number)) ++bits;
  const auto multiplier = (1ull << (31 + bits)) / static_cast<unsigned>(number) + 1;
  return {static_cast<unsigned>(multiplier), bits - 1};
}

__device__ __forceinline__ int quotient(int dividend, const divisor& by) {
  if (by.multiplier == 0) return dividend;
  return static_cast<int>(__umulhi(static_cast<unsigned>(dividend), by.multiplier) >> by.shift);
}

/// A convolution whose sizes are known at run time. `phases` are the sets of inputs a stride apart, which the same taps
/// reach: how many there are along an axis, and how many inputs the largest has. Taps `period` apart reach one input.
struct conv_sizes {
  static constexpr bool fixed = false;
  int in_channels, in_height, in_width, out_channels, out_height, out_width;
  int kernel_height, kernel_width, stride_height, stride_width, padding_height, padding_width;
  int dilation_height, dilation_width, groups, in_group, out_group;
  int phases_height, phases_width, phase_height, phase_width, period_height, period_width;
  divisor by_out_height, by_out_width, by_phase_height, by_phase_width;
};

/// The sizes fit: the launchers have checked them.
inline conv_sizes conv_sizes_of(const kernel::conv2d_shape& shape) {
  const auto whole = [](std::size_t size) { return static_cast<int>(size); };
  conv_sizes s{};
  s.in_channels = whole(shape.in_channels);
  s.in_height = whole(shape.in_height);
  s.in_width = whole(shape.in_width);
  s.out_channels = whole(shape.out_channels);
  s.out_height = whole(shape.out_height());
  s.out_width = whole(shape.out_width());
  s.kernel_height = whole(shape.kernel_height);
  s.kernel_width = whole(shape.kernel_width);
  s.stride_height = whole(shape.stride_height);
  s.stride_width = whole(shape.stride_width);
  s.padding_height = whole(shape.padding_height);
  s.padding_width = whole(shape.padding_width);
  s.dilation_height = whole(shape.dilation_height);
  s.dilation_width = whole(shape.dilation_width);
  s.groups = whole(shape.groups);
  s.in_group = s.in_channels / s.groups;
  s.out_group = s.out_channels / s.groups;
  s.phases_height = s.stride_height < s.in_height ? s.stride_height : s.in_height;
  s.phases_width = s.stride_width < s.in_width ? s.stride_width : s.in_width;
  s.phase_height = whole((shape.in_height + shape.stride_height - 1) / shape.stride_height);
  s.phase_width = whole((shape.in_width + shape.stride_width - 1) / shape.stride_width);
  s.period_height = s.stride_height / std::gcd(s.stride_height, s.dilation_height);
  s.period_width = s.stride_width / std::gcd(s.stride_width, s.dilation_width);
  s.by_out_height = divisor_of(s.out_height);
  s.by_out_width = divisor_of(s.out_width);
  s.by_phase_height = divisor_of(s.phase_height);
  s.by_phase_width = divisor_of(s.phase_width);
  return s;
}

/// The same for a shape that the compiler knows. Values rather than functions: device code may not call functions of the
/// host, not even where the compiler computes them.
template <kernel::conv2d_shape Shape>
struct fixed_conv {
  static constexpr bool fixed = true;
  static constexpr int in_channels = static_cast<int>(Shape.in_channels);
  static constexpr int in_height = static_cast<int>(Shape.in_height);
  static constexpr int in_width = static_cast<int>(Shape.in_width);
  static constexpr int out_channels = static_cast<int>(Shape.out_channels);
  static constexpr int out_height = static_cast<int>(Shape.out_height());
  static constexpr int out_width = static_cast<int>(Shape.out_width());
  static constexpr int kernel_height = static_cast<int>(Shape.kernel_height);
  static constexpr int kernel_width = static_cast<int>(Shape.kernel_width);
  static constexpr int stride_height = static_cast<int>(Shape.stride_height);
  static constexpr int stride_width = static_cast<int>(Shape.stride_width);
  static constexpr int padding_height = static_cast<int>(Shape.padding_height);
  static constexpr int padding_width = static_cast<int>(Shape.padding_width);
  static constexpr int dilation_height = static_cast<int>(Shape.dilation_height);
  static constexpr int dilation_width = static_cast<int>(Shape.dilation_width);
  static constexpr int groups = static_cast<int>(Shape.groups);
  static constexpr int in_group = in_channels / groups;
  static constexpr int out_group = out_channels / groups;
  static constexpr int phases_height = stride_height < in_height ? stride_height : in_height;
  static constexpr int phases_width = stride_width < in_width ? stride_width : in_width;
  static constexpr int phase_height = (in_height + stride_height - 1) / stride_height;
  static constexpr int phase_width = (in_width + stride_width - 1) / stride_width;
  static constexpr int period_height = stride_height / std::gcd(stride_height, dilation_height);
  static constexpr int period_width = stride_width / std::gcd(stride_width, dilation_width);
};

/// A pixel of a batch.
struct conv_place {
  int image, row, column;
};

/// Output pixel number `pixel` of a batch.
template <class Shape>
__device__ __forceinline__ conv_place output_place(const Shape& s, int pixel) {
  if constexpr (Shape::fixed) {
    return {pixel / (Shape::out_width * Shape::out_height), pixel / Shape::out_width % Shape::out_height,
            pixel % Shape::out_width};
  } else {
    const int line = quotient(pixel, s.by_out_width), image = quotient(line, s.by_out_height);
    return {image, line - image * s.out_height, pixel - line * s.out_width};
  }
}

/// Pixel number `pixel` of a phase, in units of the stride. All phases count as the largest does: in the others, some
/// pixels lie outside.
template <class Shape>
__device__ __forceinline__ conv_place phase_place(const Shape& s, int pixel) {
  if constexpr (Shape::fixed) {
    return {pixel / (Shape::phase_width * Shape::phase_height), pixel / Shape::phase_width % Shape::phase_height,
            pixel % Shape::phase_width};
  } else {
    const int line = quotient(pixel, s.by_phase_width), image = quotient(line, s.by_phase_height);
    return {image, line - image * s.phase_height, pixel - line * s.phase_width};
  }
}

/// One axis of a pass: output o reads, with its tap i, input o * step + offset + i * offset_step and the kernel's weight
/// tap_first + i * tap_step. Inputs outside 0 .. extent - 1 are zeros. See mmrec/kernel/detail/conv_axis.hpp.
struct conv_line {
  int extent, step, taps, tap_first, tap_step, offset, offset_step;
};

template <class Shape>
__device__ __forceinline__ conv_line forward_rows(const Shape& s) {
  return {s.in_height, s.stride_height, s.kernel_height, 0, 1, -s.padding_height, s.dilation_height};
}
template <class Shape>
__device__ __forceinline__ conv_line forward_columns(const Shape& s) {
  return {s.in_width, s.stride_width, s.kernel_width, 0, 1, -s.padding_width, s.dilation_width};
}

/// The axis along which the gradients of the inputs phase, phase + stride, ... gather those of the outputs.
__device__ __forceinline__ conv_line backward_line(int outputs, int kernel, int stride, int padding, int dilation,
                                                   int period, int phase) {
  conv_line line{outputs, 1, 0, 0, -period, 0, period * dilation / stride};
  const int origin = phase + padding;
  for (int first = 0; first < period && first < kernel; ++first) {
    if ((origin - first * dilation) % stride != 0) continue;
    line.taps = (kernel - 1 - first) / period + 1;
    line.tap_first = first + (line.taps - 1) * period;
    line.offset = (origin - line.tap_first * dilation) / stride;
  }
  return line;
}
template <class Shape>
__device__ __forceinline__ conv_line backward_rows(const Shape& s, int phase) {
  return backward_line(s.out_height, s.kernel_height, s.stride_height, s.padding_height, s.dilation_height, s.period_height,
                       phase);
}
template <class Shape>
__device__ __forceinline__ conv_line backward_columns(const Shape& s, int phase) {
  return backward_line(s.out_width, s.kernel_width, s.stride_width, s.padding_width, s.dilation_width, s.period_width,
                       phase);
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
