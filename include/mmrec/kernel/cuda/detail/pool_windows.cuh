// mmrec/kernel/cuda/detail/pool_windows.cuh - maxima and averages of windows, and their gradients, pixel by pixel.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/exec/cuda/launch.cuh>
#include <mmrec/kernel/cuda/detail/vector_access.cuh>
#include <mmrec/kernel/cuda/pool_tuning.hpp>
#include <mmrec/kernel/pool2d_shape.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// pool2d_shape for kernels.
struct pool_sizes {
  int channels, in_height, in_width, window_height, window_width, stride_height, stride_width, padding_height, padding_width;
  int out_height, out_width;
};
/// The same where the compiler knows them: divisions become multiplications, windows loops of known length.
template <kernel::pool2d_shape S>
struct fixed_pool_sizes {
  static constexpr int channels = static_cast<int>(S.channels), in_height = static_cast<int>(S.in_height);
  static constexpr int in_width = static_cast<int>(S.in_width), window_height = static_cast<int>(S.window_height);
  static constexpr int window_width = static_cast<int>(S.window_width), stride_height = static_cast<int>(S.stride_height);
  static constexpr int stride_width = static_cast<int>(S.stride_width), padding_height = static_cast<int>(S.padding_height);
  static constexpr int padding_width = static_cast<int>(S.padding_width), out_height = static_cast<int>(S.out_height());
  static constexpr int out_width = static_cast<int>(S.out_width());
};

inline pool_sizes sizes_for_kernels(std::string_view function, const kernel::pool2d_shape& s, std::size_t images) {
  index_below(function, "numbers", s.in_height, s.in_width);
  index_below(function, "numbers", s.in_height * s.in_width, s.channels);
  index_below(function, "numbers", s.out_height(), s.out_width());
  index_below(function, "numbers", s.out_height() * s.out_width(), s.channels);
  index_below(function, "numbers", images, (std::max)(s.in_size(), s.out_size()));
  const auto number = [&](std::size_t size) { return index_below(function, "sizes of a window", size); };
  return {number(s.channels),      number(s.in_height),     number(s.in_width),     number(s.window_height),
          number(s.window_width),  number(s.stride_height), number(s.stride_width), number(s.padding_height),
          number(s.padding_width), number(s.out_height()),  number(s.out_width())};
}

/// The pack of channels that a thread treats, of a picture of height x width.
struct pool_pixel {
  int image, y, x, channel;

  __device__ __forceinline__ pool_pixel(int number, int height, int width, int packs, int width_of_pack) {
    channel = number % packs * width_of_pack;
    const int pixel = number / packs, row = pixel / width;
    x = pixel % width;
    y = row % height;
    image = row / height;
  }
};
/// The columns that an image has, and the windows that fit on them.
struct pool_extent {
  int columns, windows;

  template <class Sizes>
  __device__ __forceinline__ pool_extent(const Sizes& s, const std::uint32_t* lengths, int image)
      : columns(s.in_width), windows(s.out_width) {
    if (lengths == nullptr || lengths[image] >= static_cast<unsigned>(columns)) return;
    columns = static_cast<int>(lengths[image]);
    const int room = columns + 2 * s.padding_width - s.window_width;
    windows = columns == 0 || room < 0 ? 0 : room / s.stride_width + 1;
  }
};

/// Calls visit(offset in the image, number of the pixel in the window) for the pixels of a window that are in the picture,
/// row by row.
template <class Sizes, class Visit>
__device__ __forceinline__ void for_window(const Sizes& s, int columns, int out_y, int out_x, const Visit& visit) {
  const int top = out_y * s.stride_height - s.padding_height, left = out_x * s.stride_width - s.padding_width;
  MMREC_CUDA_UNROLL_8
  for (int i = 0; i < s.window_height; ++i) {
    const int y = top + i;
    if (y < 0 || y >= s.in_height) continue;
    MMREC_CUDA_UNROLL_8
    for (int j = 0; j < s.window_width; ++j) {
      const int x = left + j;
      if (x >= 0 && x < columns) visit((y * s.in_width + x) * s.channels, i * s.window_width + j);
    }
  }
}
/// Calls visit(out_y, out_x, number of the pixel in that window) for the windows that hold a pixel, in their order.
template <class Sizes, class Visit>
__device__ __forceinline__ void for_holders(const Sizes& s, int windows, int y, int x, const Visit& visit) {
  const int down = y + s.padding_height, across = x + s.padding_width;
  const int top = down < s.window_height ? 0 : (down - s.window_height) / s.stride_height + 1;
  const int left = across < s.window_width ? 0 : (across - s.window_width) / s.stride_width + 1;
  for (int out_y = top; out_y < s.out_height && out_y * s.stride_height <= down; ++out_y) {
    for (int out_x = left; out_x < windows && out_x * s.stride_width <= across; ++out_x) {
      visit(out_y, out_x, (down - out_y * s.stride_height) * s.window_width + across - out_x * s.stride_width);
    }
  }
}

/// What a window of `count` pixels in the picture is divided by.
template <class T, class Sizes>
__device__ __forceinline__ T pool_factor(const Sizes& s, int columns, int out_y, int out_x, bool inside) {
  int count = s.window_height * s.window_width;
  if (inside) {
    const int top = out_y * s.stride_height - s.padding_height, left = out_x * s.stride_width - s.padding_width;
    const int bottom = top + s.window_height, right = left + s.window_width;
    count = ((bottom < s.in_height ? bottom : s.in_height) - (top > 0 ? top : 0)) *
            ((right < columns ? right : columns) - (left > 0 ? left : 0));
  }
  return T(1) / static_cast<T>(count);
}

template <class Sizes, class T, int Width>
__global__ void __launch_bounds__(pool_threads, pool_residents)
    max_of_windows(Sizes s, int images, const std::uint32_t* lengths, const T* input, T* output) {
  const int packs = s.channels / Width, count = images * s.out_height * s.out_width * packs;
  const int stride = static_cast<int>(gridDim.x) * pool_threads;
  for (int number = static_cast<int>(blockIdx.x) * pool_threads + static_cast<int>(threadIdx.x); number < count;
       number += stride) {
    const pool_pixel at(number, s.out_height, s.out_width, packs, Width);
    const pool_extent extent(s, lengths, at.image);
    vector_pack<T, Width> best;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) best.at[i] = at.x < extent.windows ? least_number<T> : T(0);
    if (at.x < extent.windows) {
      const T* const picture = input + (at.image * s.in_height * s.in_width * s.channels + at.channel);
      for_window(s, extent.columns, at.y, at.x, [&](int offset, int) {
        const vector_pack<T, Width> pixel = load_pack<Width>(picture + offset);
        MMREC_CUDA_UNROLL
        for (int i = 0; i < Width; ++i) {
          // Not-a-number stays, as it does on the CPU.
          const bool stays = pixel.at[i] <= best.at[i] || best.at[i] != best.at[i];
          best.at[i] = stays ? best.at[i] : pixel.at[i];
        }
      });
    }
    store_pack(output + number * Width, best);
  }
}

/// Each pixel asks each window that holds it where its largest number is: no two threads write to one place, and additions
/// come in the CPU's order.
template <class Sizes, class T, int Width>
__global__ void __launch_bounds__(pool_threads, pool_residents)
    max_of_windows_gradient(Sizes s, int images, const std::uint32_t* lengths, const T* input, const T* output_gradient,
                            T* input_gradient) {
  const int packs = s.channels / Width, count = images * s.in_height * s.in_width * packs;
  const int stride = static_cast<int>(gridDim.x) * pool_threads;
  for (int number = static_cast<int>(blockIdx.x) * pool_threads + static_cast<int>(threadIdx.x); number < count;
       number += stride) {
    const pool_pixel at(number, s.in_height, s.in_width, packs, Width);
    const pool_extent extent(s, lengths, at.image);
    vector_pack<T, Width> sum;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) sum.at[i] = T(0);
    if (at.x < extent.columns) {
      const T* const picture = input + (at.image * s.in_height * s.in_width * s.channels + at.channel);
      const T* const gradient = output_gradient + (at.image * s.out_height * s.out_width * s.channels + at.channel);
      for_holders(s, extent.windows, at.y, at.x, [&](int out_y, int out_x, int own) {
        vector_pack<T, Width> best;
        int place[Width];
        MMREC_CUDA_UNROLL
        for (int i = 0; i < Width; ++i) {
          best.at[i] = least_number<T>;
          place[i] = -1;
        }
        for_window(s, extent.columns, out_y, out_x, [&](int offset, int pixel_number) {
          const vector_pack<T, Width> pixel = load_pack<Width>(picture + offset);
          MMREC_CUDA_UNROLL
          for (int i = 0; i < Width; ++i) {
            const bool stays = place[i] >= 0 && (pixel.at[i] <= best.at[i] || best.at[i] != best.at[i]);
            best.at[i] = stays ? best.at[i] : pixel.at[i];
            place[i] = stays ? place[i] : pixel_number;
          }
        });
        const vector_pack<T, Width> share = load_pack<Width>(gradient + (out_y * s.out_width + out_x) * s.channels);
        MMREC_CUDA_UNROLL
        for (int i = 0; i < Width; ++i) sum.at[i] += place[i] == own ? share.at[i] : T(0);
      });
    }
    store_pack(input_gradient + number * Width, sum);
  }
}

template <class Sizes, class T, int Width>
__global__ void __launch_bounds__(pool_threads, pool_residents)
    average_of_windows(Sizes s, int images, const std::uint32_t* lengths, const T* input, T* output, bool inside) {
  const int packs = s.channels / Width, count = images * s.out_height * s.out_width * packs;
  const int stride = static_cast<int>(gridDim.x) * pool_threads;
  for (int number = static_cast<int>(blockIdx.x) * pool_threads + static_cast<int>(threadIdx.x); number < count;
       number += stride) {
    const pool_pixel at(number, s.out_height, s.out_width, packs, Width);
    const pool_extent extent(s, lengths, at.image);
    vector_pack<T, Width> sum;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) sum.at[i] = T(0);
    if (at.x < extent.windows) {
      const T* const picture = input + (at.image * s.in_height * s.in_width * s.channels + at.channel);
      for_window(s, extent.columns, at.y, at.x, [&](int offset, int) {
        const vector_pack<T, Width> pixel = load_pack<Width>(picture + offset);
        MMREC_CUDA_UNROLL
        for (int i = 0; i < Width; ++i) sum.at[i] += pixel.at[i];
      });
      const T factor = pool_factor<T>(s, extent.columns, at.y, at.x, inside);
      MMREC_CUDA_UNROLL
      for (int i = 0; i < Width; ++i) sum.at[i] *= factor;
    }
    store_pack(output + number * Width, sum);
  }
}

template <class Sizes, class T, int Width>
__global__ void __launch_bounds__(pool_threads, pool_residents)
    average_of_windows_gradient(Sizes s, int images, const std::uint32_t* lengths, const T* output_gradient,
                                T* input_gradient, bool inside) {
  const int packs = s.channels / Width, count = images * s.in_height * s.in_width * packs;
  const int stride = static_cast<int>(gridDim.x) * pool_threads;
  for (int number = static_cast<int>(blockIdx.x) * pool_threads + static_cast<int>(threadIdx.x); number < count;
       number += stride) {
    const pool_pixel at(number, s.in_height, s.in_width, packs, Width);
    const pool_extent extent(s, lengths, at.image);
    vector_pack<T, Width> sum;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < Width; ++i) sum.at[i] = T(0);
    if (at.x < extent.columns) {
      const T* const gradient = output_gradient + (at.image * s.out_height * s.out_width * s.channels + at.channel);
      for_holders(s, extent.windows, at.y, at.x, [&](int out_y, int out_x, int) {
        const vector_pack<T, Width> share = load_pack<Width>(gradient + (out_y * s.out_width + out_x) * s.channels);
        const T factor = pool_factor<T>(s, extent.columns, out_y, out_x, inside);
        MMREC_CUDA_UNROLL
        for (int i = 0; i < Width; ++i) sum.at[i] += share.at[i] * factor;
      });
    }
    store_pack(input_gradient + number * Width, sum);
  }
}

/// Blocks for `count` threads, or as many as a device keeps busy.
inline launch_shape pool_grid(const context& on, std::size_t count) {
  launch_shape shape;
  shape.x = (std::min)(blocks_for(count, pool_threads), static_cast<std::size_t>(on.device().multiprocessors) * pool_blocks);
  shape.threads = pool_threads;
  return shape;
}

/// Queues the kernel of Function for packs of channels where they lie right, else for single ones. Function has
/// kernel<Sizes, T, Width>().
template <class Function, class Sizes, class T, class... Arguments>
void launch_windows(const context& on, std::string_view function, const Sizes& sizes, std::size_t images,
                    std::size_t results, bool packed, const std::uint32_t* lengths, const Arguments&... arguments) {
  if (results == 0) return;
  if (packed) {
    launch(on, function, pool_grid(on, results / static_cast<std::size_t>(vector_width<T>)),
           Function::template kernel<Sizes, T, vector_width<T>>(), sizes, images, lengths, arguments...);
  } else {
    launch(on, function, pool_grid(on, results), Function::template kernel<Sizes, T, 1>(), sizes, images, lengths,
           arguments...);
  }
}

template <class T, class... Addresses>
bool pixels_of_packs(std::size_t channels, const Addresses*... addresses) {
  return channels % static_cast<std::size_t>(vector_width<T>) == 0 && begin_packs(addresses...);
}

struct max_function {
  template <class Sizes, class T, int Width>
  static auto kernel() {
    return &max_of_windows<Sizes, T, Width>;
  }
};
struct max_gradient_function {
  template <class Sizes, class T, int Width>
  static auto kernel() {
    return &max_of_windows_gradient<Sizes, T, Width>;
  }
};
struct average_function {
  template <class Sizes, class T, int Width>
  static auto kernel() {
    return &average_of_windows<Sizes, T, Width>;
  }
};
struct average_gradient_function {
  template <class Sizes, class T, int Width>
  static auto kernel() {
    return &average_of_windows_gradient<Sizes, T, Width>;
  }
};

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
