// mmrec/kernel/cuda/detail/conv_direct.cuh - convolutions with a thread for each result: depthwise ones, and any others for
// which tiles are not there.
#pragma once
#include <cuda_runtime.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>
#include <mmrec/kernel/cuda/detail/conv_geometry.cuh>
#include <mmrec/kernel/cuda/detail/conv_product.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

__device__ __forceinline__ float conv_multiply_add(float a, float b, float c) { return fmaf(a, b, c); }
__device__ __forceinline__ double conv_multiply_add(double a, double b, double c) { return fma(a, b, c); }

/// The number of this thread in the grid; `count` or more: there is nothing to do. Grids have at most 2^31 threads.
__device__ __forceinline__ int conv_thread(int count) {
  const unsigned number = blockIdx.x * blockDim.x + threadIdx.x;
  return number < static_cast<unsigned>(count) ? static_cast<int>(number) : count;
}

/// One output a thread. Depthwise: neighbouring threads have neighbouring channels, which lie side by side everywhere.
template <class Shape, class T>
__global__ void conv_forward_direct(const Shape s, int count, const T* __restrict__ input, const T* __restrict__ weights,
                                    const kernel::conv2d_epilogue<T> epilogue, T* __restrict__ output) {
  const int at = conv_thread(count);
  if (at == count) return;
  const int channel = at % s.out_channels;
  const conv_place place = output_place(s, at / s.out_channels);
  const int first = channel / s.out_group * s.in_group;
  T sum = T(0);
  for (int i = 0; i < s.kernel_height; ++i) {
    const int row = place.row * s.stride_height - s.padding_height + i * s.dilation_height;
    for (int j = 0; j < s.kernel_width; ++j) {
      const int column = place.column * s.stride_width - s.padding_width + j * s.dilation_width;
      const bool there = row >= 0 && row < s.in_height && column >= 0 && column < s.in_width;
      const int from = there ? ((place.image * s.in_height + row) * s.in_width + column) * s.in_channels + first : 0;
      const int tap = (i * s.kernel_width + j) * s.in_group * s.out_channels + channel;
      for (int c = 0; c < s.in_group; ++c) {
        sum = conv_multiply_add(there ? input[from + c] : T(0), weights[tap + c * s.out_channels], sum);
      }
    }
  }
  output[at] = conv_finish(sum, channel, at, epilogue);
}

/// One input gradient a thread. Taps run backwards, so that the outputs they reach rise.
template <class Shape, class T>
__global__ void conv_backward_direct(const Shape s, int count, const T* __restrict__ weights,
                                     const T* __restrict__ output_gradient, T* __restrict__ input_gradient) {
  const int at = conv_thread(count);
  if (at == count) return;
  const int pixel = at / s.in_channels, channel = at % s.in_channels;
  const int x = pixel % s.in_width, y = pixel / s.in_width % s.in_height, image = pixel / s.in_width / s.in_height;
  const int group = channel / s.in_group, first = group * s.out_group;
  T sum = T(0);
  for (int i = s.kernel_height - 1; i >= 0; --i) {
    const int down = y + s.padding_height - i * s.dilation_height, row = down / s.stride_height;
    if (down % s.stride_height != 0) continue;
    for (int j = s.kernel_width - 1; j >= 0; --j) {
      const int right = x + s.padding_width - j * s.dilation_width, column = right / s.stride_width;
      if (right % s.stride_width != 0) continue;
      const bool there = row >= 0 && row < s.out_height && column >= 0 && column < s.out_width;
      const int from = there ? ((image * s.out_height + row) * s.out_width + column) * s.out_channels + first : 0;
      const int tap = ((i * s.kernel_width + j) * s.in_group + (channel - group * s.in_group)) * s.out_channels + first;
      for (int c = 0; c < s.out_group; ++c) {
        sum = conv_multiply_add(there ? output_gradient[from + c] : T(0), weights[tap + c], sum);
      }
    }
  }
  input_gradient[at] = sum;
}

/// The sum of one weight a thread, over the pixels of one part along y: in `target`, one set of weights for each part.
template <class Shape, class T>
__global__ void conv_weight_direct(const Shape s, int count, int pixels, int part_pixels, const T* __restrict__ input,
                                   const T* __restrict__ output_gradient, T* __restrict__ target) {
  const int at = conv_thread(count);
  if (at == count) return;
  const int channel = at % s.out_channels, inner = at / s.out_channels % s.in_group, tap = at / s.out_channels / s.in_group;
  const int down = tap / s.kernel_width * s.dilation_height - s.padding_height;
  const int right = tap % s.kernel_width * s.dilation_width - s.padding_width;
  const int from = channel / s.out_group * s.in_group + inner;
  const int begin = static_cast<int>(blockIdx.y) * part_pixels;
  const int end = begin + (pixels - begin < part_pixels ? pixels - begin : part_pixels);
  T sum = T(0);
  for (int pixel = begin; pixel < end; ++pixel) {
    const conv_place place = output_place(s, pixel);
    const int row = place.row * s.stride_height + down, column = place.column * s.stride_width + right;
    if (row < 0 || row >= s.in_height || column < 0 || column >= s.in_width) continue;
    sum = conv_multiply_add(input[((place.image * s.in_height + row) * s.in_width + column) * s.in_channels + from],
                            output_gradient[pixel * s.out_channels + channel], sum);
  }
  target[static_cast<std::size_t>(blockIdx.y) * static_cast<std::size_t>(count) + static_cast<std::size_t>(at)] = sum;
}

/// gradient += the parts' sums, added in double in the order of the parts.
template <class T>
__global__ void conv_add_parts(int count, int parts, const T* __restrict__ sums, T* __restrict__ gradient) {
  const int at = conv_thread(count);
  if (at == count) return;
  double sum = 0;
  for (int part = 0; part < parts; ++part) {
    sum += static_cast<double>(
        sums[static_cast<std::size_t>(part) * static_cast<std::size_t>(count) + static_cast<std::size_t>(at)]);
  }
  gradient[at] = static_cast<T>(static_cast<double>(gradient[at]) + sum);
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
