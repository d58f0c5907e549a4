// mmrec/kernel/cuda/image.cuh - the kernels of kernel/cuda/image.hpp.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/image_axis.cuh>
#include <mmrec/kernel/cuda/image.hpp>
#include <mmrec/kernel/cuda/image_tuning.hpp>
#include <mmrec/kernel/cuda/packs.cuh>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

inline constexpr unsigned image_channels = 3;

/// A channel's mean, and what differences to it are multiplied by.
struct image_scale {
  double mean[image_channels];
  double scale[image_channels];
};
inline image_scale image_scale_of(const channel_moments& moments) {
  image_scale result{};
  for (unsigned channel = 0; channel < image_channels; ++channel) {
    result.mean[channel] = moments.mean[channel];
    result.scale[channel] = moments.deviation[channel] > 0.0 ? 1.0 / moments.deviation[channel] : 0.0;
  }
  return result;
}

/// `shares` blocks have a picture, and take its pixels Lanes at a time, whose 3 * Lanes bytes are read as words.
template <int Lanes, class T>
__global__ void __launch_bounds__(image_tuning::threads)
    image_levels_kernel(unsigned pixels, unsigned shares, const std::uint8_t* pictures, image_scale by, T* planes) {
  __shared__ T levels[image_channels][256];
  MMREC_CUDA_UNROLL
  for (unsigned channel = 0; channel < image_channels; ++channel) {
    for (unsigned level = threadIdx.x; level < 256; level += image_tuning::threads) {
      levels[channel][level] = static_cast<T>((static_cast<double>(level) - by.mean[channel]) * by.scale[channel]);
    }
  }
  __syncthreads();
  const std::size_t start = static_cast<std::size_t>(blockIdx.x / shares) * pixels * image_channels;
  const std::uint8_t* const from = pictures + start;
  T* const to = planes + start;
  for (unsigned pixel = (blockIdx.x % shares * image_tuning::threads + threadIdx.x) * Lanes; pixel < pixels;
       pixel += shares * image_tuning::threads * Lanes) {
    std::uint8_t bytes[image_channels * Lanes];
    if constexpr (Lanes == 1) {
      for (unsigned at = 0; at < image_channels; ++at) bytes[at] = from[pixel * image_channels + at];
    } else {
      MMREC_CUDA_UNROLL
      for (unsigned word = 0; word < image_channels; ++word) {
        const std::uint32_t four = reinterpret_cast<const std::uint32_t*>(from + pixel * image_channels)[word];
        MMREC_CUDA_UNROLL
        for (unsigned at = 0; at < 4; ++at) bytes[word * 4 + at] = static_cast<std::uint8_t>(four >> (8 * at));
      }
    }
    MMREC_CUDA_UNROLL
    for (unsigned channel = 0; channel < image_channels; ++channel) {
      gather_pack<T, Lanes> values;
      MMREC_CUDA_UNROLL
      for (unsigned at = 0; at < Lanes; ++at) values.at[at] = levels[channel][bytes[at * image_channels + channel]];
      gather_store<Lanes>(to + static_cast<std::size_t>(channel) * pixels + pixel, values);
    }
  }
}

template <class T>
__global__ void __launch_bounds__(image_tuning::threads)
    image_planes_kernel(std::size_t planes, unsigned pixels, const T* from, image_scale by, T* to) {
  const std::size_t count = planes * pixels;
  const std::size_t stride = static_cast<std::size_t>(gridDim.x) * blockDim.x;
  for (std::size_t at = static_cast<std::size_t>(blockIdx.x) * blockDim.x + threadIdx.x; at < count; at += stride) {
    const auto channel = static_cast<unsigned>(at / pixels % image_channels);
    const double mean = channel == 0 ? by.mean[0] : channel == 1 ? by.mean[1] : by.mean[2];
    const double scale = channel == 0 ? by.scale[0] : channel == 1 ? by.scale[1] : by.scale[2];
    to[at] = static_cast<T>((static_cast<double>(from[at]) - mean) * scale);
  }
}

/// A block makes one row of one new picture: first the rows that it draws on become one row of floats in shared memory.
template <class Byte>
__global__ void __launch_bounds__(image_tuning::threads)
    image_resize_kernel(image_axis vertical, image_axis horizontal, const Byte* from, Byte* to) {
  float* const mixed = dynamic_shared<float>();
  const unsigned picture = blockIdx.x / vertical.outputs;
  const unsigned y = blockIdx.x % vertical.outputs;
  const unsigned row_bytes = horizontal.inputs * image_channels;
  const float* const down = vertical.weights + static_cast<std::size_t>(y) * vertical.taps;
  const int rows = vertical.count[y];
  const Byte* const top =
      from + (static_cast<std::size_t>(picture) * vertical.inputs + static_cast<unsigned>(vertical.first[y])) * row_bytes;
  for (unsigned index = threadIdx.x; index < row_bytes; index += image_tuning::threads) {
    float sum = 0.0f;
    for (int tap = 0; tap < rows; ++tap) {
      sum += down[tap] * static_cast<float>(top[static_cast<std::size_t>(tap) * row_bytes + index]);
    }
    mixed[index] = sum;
  }
  __syncthreads();
  Byte* const result = to + static_cast<std::size_t>(blockIdx.x) * horizontal.outputs * image_channels;
  for (unsigned at = threadIdx.x; at < horizontal.outputs * image_channels; at += image_tuning::threads) {
    const unsigned x = at / image_channels;
    const float* const across = horizontal.weights + static_cast<std::size_t>(x) * horizontal.taps;
    const float* const pixel = mixed + static_cast<unsigned>(horizontal.first[x]) * image_channels + at % image_channels;
    float sum = 0.0f;
    for (int tap = 0; tap < horizontal.count[x]; ++tap)
      sum += across[tap] * pixel[static_cast<unsigned>(tap) * image_channels];
    sum = sum < 0.0f ? 0.0f : sum > 255.0f ? 255.0f : sum;
    result[at] = static_cast<Byte>(sum + 0.5f);
  }
}

}  // namespace detail

template <class T>
void standardize(const context& on, std::size_t count, std::size_t pixels, const std::uint8_t* pictures,
                 const channel_moments& moments, T* planes) {
  constexpr std::string_view function = "cuda::standardize";
  narrow(function, "pictures", count);
  const auto plane = static_cast<unsigned>(narrow(function, "pixels", pixels));
  narrow(function, "numbers of a picture", pixels * detail::image_channels);
  const std::size_t shares = blocks_for(pixels, image_tuning::pixels);
  const launch_shape shape{.x = count * shares, .threads = image_tuning::threads};
  const bool wide = pixels % 4 == 0 && detail::gather_aligned(pictures, planes);
  launch(on, function, shape, wide ? detail::image_levels_kernel<4, T> : detail::image_levels_kernel<1, T>, plane,
         static_cast<unsigned>(shares), pictures, detail::image_scale_of(moments), planes);
}

template <class T>
void standardize(const context& on, std::size_t count, std::size_t pixels, const T* from, const channel_moments& moments,
                 T* to) {
  constexpr std::string_view function = "cuda::standardize";
  narrow(function, "pictures", count);
  const auto plane = static_cast<unsigned>(narrow(function, "pixels", pixels));
  const std::size_t planes = count * detail::image_channels;
  const std::size_t blocks = detail::gather_blocks(on, planes * pixels, 0, image_tuning::threads);
  launch(on, function, {.x = blocks, .threads = image_tuning::threads}, detail::image_planes_kernel<T>, planes, plane, from,
         detail::image_scale_of(moments), to);
}

template <class Byte>
void resize_bilinear(const context& on, std::size_t count, std::size_t height, std::size_t width, const Byte* from,
                     std::size_t new_height, std::size_t new_width, Byte* to) {
  constexpr std::string_view function = "cuda::resize_bilinear";
  constexpr std::size_t channels = detail::image_channels;
  narrow(function, "pictures", count);
  for (const std::size_t side : {height, width, new_height, new_width}) narrow(function, "pixels of a side", side);
  narrow(function, "bytes of a picture", height * width * channels);
  narrow(function, "bytes of a picture", new_height * new_width * channels);
  if (count == 0 || height * width == 0 || new_height * new_width == 0) return;
  if (height == new_height && width == new_width) {
    check(cudaMemcpyAsync(to, from, count * height * width * channels, cudaMemcpyDeviceToDevice, on.stream()),
          "cudaMemcpyAsync");
    return;
  }
  const std::size_t shared = width * channels * sizeof(float);
  const std::size_t most = (std::max)(on.device().shared_memory_block, usual_shared_memory);
  if (shared > most) throw limit_error(function, "pixels of a row", most / (channels * sizeof(float)), width);
  const std::size_t down = detail::image_taps(height, new_height), across = detail::image_taps(width, new_width);
  const std::size_t down_words = detail::image_axis_words(new_height, down);
  int* const memory = on.workspace_of<int>(down_words + detail::image_axis_words(new_width, across));
  const detail::image_axis vertical = detail::image_axis_at(memory, height, new_height, down);
  const detail::image_axis horizontal = detail::image_axis_at(memory + down_words, width, new_width, across);
  detail::image_prepare_axis(on, function, vertical);
  detail::image_prepare_axis(on, function, horizontal);
  launch(on, function, {.x = count * new_height, .threads = image_tuning::threads, .shared = shared},
         detail::image_resize_kernel<Byte>, vertical, horizontal, from, to);
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
