// mmrec/kernel/cuda/detail/pool_global.cuh - maxima and averages of whole images and sequences, and their gradients.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/vector_access.cuh>
#include <mmrec/kernel/cuda/pool_tuning.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// Which channels and positions each block and thread has: `lanes` threads next to each other, a power of two, each with a
/// pack of channels; `across` blocks for all channels; `parts` blocks that share the positions of an image.
struct global_layout {
  int positions, channels, lanes, across, parts;
};
struct global_place {
  int image, channel, first, step, length, start;

  __device__ __forceinline__ global_place(const global_layout& layout, const std::uint32_t* lengths, int width) {
    const int thread = static_cast<int>(threadIdx.x), block = static_cast<int>(blockIdx.x);
    const int own = global_pool_threads / layout.lanes;
    channel = (block % layout.across * layout.lanes + thread % layout.lanes) * width;
    image = block / layout.across / layout.parts;
    first = block / layout.across % layout.parts * own + thread / layout.lanes;
    step = own * layout.parts;
    length = layout.positions;
    if (lengths != nullptr && lengths[image] < static_cast<unsigned>(length)) length = static_cast<int>(lengths[image]);
    start = image * layout.positions * layout.channels + channel;
  }
};

/// The largest numbers of a thread's channels and, in `places`, the first positions of them, to all threads that have these
/// channels. Not-a-number comes before all. All threads of the block call it; parts is 1.
template <class T, int Width>
__device__ __forceinline__ void find_largest(const global_layout& layout, const global_place& place, const T* input,
                                             T (&best)[Width], int (&places)[Width]) {
  __shared__ T values[Width * global_pool_threads];
  __shared__ int positions[Width * global_pool_threads];
  const int thread = static_cast<int>(threadIdx.x);
  // No position: one that any other replaces, and that replaces none.
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) {
    best[i] = least_number<T>;
    places[i] = -1;
  }
  if (place.channel < layout.channels) {
    for (int p = place.first; p < place.length; p += place.step) {
      const vector_pack<T, Width> pixel = load_pack<Width>(input + (place.start + p * layout.channels));
      MMREC_CUDA_UNROLL
      for (int i = 0; i < Width; ++i) {
        const bool stays = places[i] >= 0 && (pixel.at[i] <= best[i] || best[i] != best[i]);
        best[i] = stays ? best[i] : pixel.at[i];
        places[i] = stays ? places[i] : p;
      }
    }
  }
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) {
    values[i * global_pool_threads + thread] = best[i];
    positions[i * global_pool_threads + thread] = places[i];
  }
  for (int half = global_pool_threads / 2; half >= layout.lanes; half /= 2) {
    __syncthreads();
    if (thread >= half) continue;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) {
      const int own = i * global_pool_threads + thread;
      const T mine = values[own], other = values[own + half];
      const int my_place = positions[own], other_place = positions[own + half];
      if (other_place < 0) continue;
      const bool missing = mine != mine, other_missing = other != other;
      const bool equal = (missing && other_missing) || mine == other, larger = !missing && (other_missing || other > mine);
      if (my_place < 0 || larger || (equal && other_place < my_place)) {
        values[own] = other;
        positions[own] = other_place;
      }
    }
  }
  __syncthreads();
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) {
    best[i] = values[i * global_pool_threads + thread % layout.lanes];
    places[i] = positions[i * global_pool_threads + thread % layout.lanes];
  }
}

template <class T, int Width>
__global__ void __launch_bounds__(global_pool_threads)
    largest_of_images(global_layout layout, const std::uint32_t* lengths, const T* input, T* output) {
  const global_place place(layout, lengths, Width);
  T best[Width];
  int places[Width];
  find_largest(layout, place, input, best, places);
  if (static_cast<int>(threadIdx.x) >= layout.lanes || place.channel >= layout.channels) return;
  vector_pack<T, Width> result;
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) result.at[i] = places[i] < 0 ? T(0) : best[i];
  store_pack(output + (place.image * layout.channels + place.channel), result);
}

template <class T, int Width>
__global__ void __launch_bounds__(global_pool_threads)
    largest_of_images_gradient(global_layout layout, const std::uint32_t* lengths, const T* input, const T* output_gradient,
                               T* input_gradient) {
  const global_place place(layout, lengths, Width);
  T best[Width];
  int places[Width];
  find_largest(layout, place, input, best, places);
  if (place.channel >= layout.channels) return;
  const vector_pack<T, Width> gradient = load_pack<Width>(output_gradient + (place.image * layout.channels + place.channel));
  for (int p = place.first; p < layout.positions; p += place.step) {
    vector_pack<T, Width> result;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) result.at[i] = p == places[i] ? gradient.at[i] : T(0);
    store_pack(input_gradient + (place.start + p * layout.channels), result);
  }
}

template <class T, int Width>
__global__ void __launch_bounds__(global_pool_threads)
    average_of_images(global_layout layout, const std::uint32_t* lengths, const T* input, T* output) {
  __shared__ T sums[Width * global_pool_threads];
  const global_place place(layout, lengths, Width);
  const int thread = static_cast<int>(threadIdx.x);
  T sum[Width];
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) sum[i] = T(0);
  if (place.channel < layout.channels) {
    for (int p = place.first; p < place.length; p += place.step) {
      const vector_pack<T, Width> pixel = load_pack<Width>(input + (place.start + p * layout.channels));
      MMREC_CUDA_UNROLL
      for (int i = 0; i < Width; ++i) sum[i] += pixel.at[i];
    }
  }
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) sums[i * global_pool_threads + thread] = sum[i];
  for (int half = global_pool_threads / 2; half >= layout.lanes; half /= 2) {
    __syncthreads();
    if (thread >= half) continue;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) {
      sums[i * global_pool_threads + thread] += sums[i * global_pool_threads + thread + half];
    }
  }
  if (thread >= layout.lanes || place.channel >= layout.channels) return;
  const T factor = place.length == 0 ? T(0) : T(1) / static_cast<T>(place.length);
  vector_pack<T, Width> result;
  MMREC_CUDA_UNROLL
  for (int i = 0; i < Width; ++i) result.at[i] = sums[i * global_pool_threads + thread] * factor;
  store_pack(output + (place.image * layout.channels + place.channel), result);
}

template <class T, int Width>
__global__ void __launch_bounds__(global_pool_threads)
    average_of_images_gradient(global_layout layout, const std::uint32_t* lengths, const T* output_gradient,
                               T* input_gradient) {
  const global_place place(layout, lengths, Width);
  if (place.channel >= layout.channels) return;
  const T factor = place.length == 0 ? T(0) : T(1) / static_cast<T>(place.length);
  const vector_pack<T, Width> gradient = load_pack<Width>(output_gradient + (place.image * layout.channels + place.channel));
  for (int p = place.first; p < layout.positions; p += place.step) {
    vector_pack<T, Width> result;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) result.at[i] = p < place.length ? gradient.at[i] * factor : T(0);
    store_pack(input_gradient + (place.start + p * layout.channels), result);
  }
}

/// Queues a kernel, given for packs of channels and for single ones. `shared`: several blocks can share an image.
template <class T, class Packed, class Single, class... Arguments>
void launch_global(const context& on, std::string_view function, std::size_t images, std::size_t positions,
                   std::size_t channels, bool packed, bool shared, Packed packs, Single singles,
                   const Arguments&... arguments) {
  index_below(function, "numbers", positions, channels);
  index_below(function, "numbers", images, (std::max)(positions, std::size_t{1}) * channels);
  const std::size_t columns = packed ? channels / static_cast<std::size_t>(vector_width<T>) : channels;
  std::size_t lanes = 1;
  while (lanes < columns && lanes < static_cast<std::size_t>(global_pool_lanes)) lanes *= 2;
  const std::size_t across = blocks_for(columns, lanes);
  const std::size_t parts =
      shared ? (std::max)(std::size_t{1}, blocks_for(positions, global_pool_threads / lanes, global_pool_positions)) : 1;
  const global_layout layout{static_cast<int>(positions), static_cast<int>(channels), static_cast<int>(lanes),
                             static_cast<int>(across), static_cast<int>(parts)};
  launch_shape shape;
  shape.x = images * across * parts;
  shape.threads = global_pool_threads;
  if (packed) {
    launch(on, function, shape, packs, layout, arguments...);
  } else {
    launch(on, function, shape, singles, layout, arguments...);
  }
}

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
