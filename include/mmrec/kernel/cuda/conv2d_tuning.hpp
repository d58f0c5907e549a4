// mmrec/kernel/cuda/conv2d_tuning.hpp - how convolutions are cut into tiles for a device.
#pragma once
#include <cstddef>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/kernel/conv2d_shape.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// A tile of a product that a block computes on the ordinary cores: every thread sums ThreadRows x ThreadColumns elements
/// in registers, and Words steps of the sums lie in shared memory at a time.
template <int Rows, int Columns, int Words, int ThreadRows, int ThreadColumns>
struct conv_thread_tile {
  static constexpr bool on_tensor_cores = false;
  static constexpr int rows = Rows, columns = Columns, words = Words;
  static constexpr int part_rows = ThreadRows, part_columns = ThreadColumns;
  static constexpr int threads = Rows / ThreadRows * (Columns / ThreadColumns);
  static constexpr int resident = 512 / threads;  ///< blocks that a multiprocessor's registers have to suffice for
  static constexpr int resident_backward = threads >= 256 ? 2 : 3;  ///< of the input's gradient, which needs more of them
};

/// The same on tensor cores: every warp sums WarpRows x WarpColumns elements. A word is one tf32 or two bf16 numbers.
template <int Rows, int Columns, int Words, int WarpRows, int WarpColumns>
struct conv_warp_tile {
  static constexpr bool on_tensor_cores = true;
  static constexpr int rows = Rows, columns = Columns, words = Words;
  static constexpr int part_rows = WarpRows, part_columns = WarpColumns;
  static constexpr int threads = 32 * (Rows / WarpRows * (Columns / WarpColumns));
  static constexpr int resident = threads >= 256 ? 1 : 384 / threads;
  static constexpr int resident_backward = resident;
};

/// Which of the tiles below a product is cut into.
enum class conv_tiling {
  large,   ///< many rows and many columns
  tall,    ///< many rows, at most 64 columns
  narrow,  ///< many rows, at most 32 columns
  small    ///< so little work that large tiles would leave most of a device idle
};

/// float32. 8 x 8 sums for 16 numbers read from shared memory keep the arithmetic units busy, and take half of the
/// registers that a thread may have with 256 threads, two blocks to a multiprocessor. 8 steps: one 16-byte load a thread.
template <conv_tiling Tiling>
struct conv_thread_tiles {
  using type = conv_thread_tile<64, 64, 8, 8, 4>;
};
template <>
struct conv_thread_tiles<conv_tiling::large> {
  using type = conv_thread_tile<128, 128, 8, 8, 8>;
};
template <>
struct conv_thread_tiles<conv_tiling::tall> {
  using type = conv_thread_tile<128, 64, 8, 8, 8>;
};
template <>
struct conv_thread_tiles<conv_tiling::narrow> {
  using type = conv_thread_tile<128, 32, 8, 8, 4>;
};

/// tf32 and bf16. 64 x 32 sums of a warp are 16 products for 8 fragments read; 16 words are two steps of the tensor cores.
template <conv_tiling Tiling>
struct conv_warp_tiles {
  using type = conv_warp_tile<64, 64, 16, 32, 32>;
};
template <>
struct conv_warp_tiles<conv_tiling::large> {
  using type = conv_warp_tile<128, 128, 16, 64, 32>;
};

/// Blocks that keep a device busy: about four for each multiprocessor of a large one. A constant, so that what is computed
/// does not depend on the device.
inline constexpr std::size_t conv_wanted_blocks = 528;

/// Images of a batch that shapes known to the compiler are tuned for.
inline constexpr std::size_t conv_usual_images = 32;

constexpr std::size_t conv_blocks(std::size_t rows, std::size_t columns, std::size_t tile_rows, std::size_t tile_columns) {
  return (rows + tile_rows - 1) / tile_rows * ((columns + tile_columns - 1) / tile_columns);
}

/// The tiling of rows x columns sums, `copies` of them. What is not a multiple of 4 channels is read number by number: for
/// it there are small and narrow tiles alone.
constexpr conv_tiling conv_tiling_of(std::size_t rows, std::size_t columns, std::size_t copies, bool by_fours) {
  if (columns <= 32) return conv_tiling::narrow;
  if (!by_fours) return conv_tiling::small;
  if (columns <= 64) {
    return copies * conv_blocks(rows, columns, 128, 64) * 2 >= conv_wanted_blocks ? conv_tiling::tall : conv_tiling::small;
  }
  return copies * conv_blocks(rows, columns, 128, 128) * 4 >= conv_wanted_blocks ? conv_tiling::large : conv_tiling::small;
}

/// On tensor cores there are large and small tiles alone.
constexpr conv_tiling conv_warp_tiling(conv_tiling tiling) {
  return tiling == conv_tiling::large ? conv_tiling::large : conv_tiling::small;
}

/// Whether channels can be read 16 bytes at a time.
constexpr bool conv_by_fours(const kernel::conv2d_shape& shape) {
  return shape.in_channels / shape.groups % 4 == 0 && shape.out_channels / shape.groups % 4 == 0;
}

constexpr conv_tiling conv_forward_tiling(const kernel::conv2d_shape& shape, std::size_t images, bool by_fours) {
  return conv_tiling_of(images * shape.out_height() * shape.out_width(), shape.out_channels / shape.groups, shape.groups,
                        by_fours);
}

constexpr conv_tiling conv_input_tiling(const kernel::conv2d_shape& shape, std::size_t images, bool by_fours) {
  const std::size_t phases = (shape.stride_height < shape.in_height ? shape.stride_height : shape.in_height) *
                             (shape.stride_width < shape.in_width ? shape.stride_width : shape.in_width);
  return conv_tiling_of(images * shape.in_height * shape.in_width / (phases == 0 ? 1 : phases),
                        shape.in_channels / shape.groups, shape.groups * phases, by_fours);
}

/// Of the weights' gradient. The sums are as long as there are pixels, and are cut into parts: tiles may be large where
/// there are few of them.
constexpr conv_tiling conv_weight_tiling(const kernel::conv2d_shape& shape, bool by_fours) {
  const std::size_t columns = shape.out_channels / shape.groups;
  const std::size_t rows = shape.kernel_height * shape.kernel_width * (shape.in_channels / shape.groups);
  if (columns <= 32) return conv_tiling::narrow;
  if (!by_fours || rows <= 64) return conv_tiling::small;
  return columns <= 64 ? conv_tiling::tall : conv_tiling::large;
}

/// The parts of the weights' gradient: as many as keep the device busy, but of at least conv_least_part pixels each, as
/// every part writes as many sums as there are weights. A function of the shape and the number of images alone.
struct conv_parts {
  std::size_t count = 0;
  std::size_t pixels = 0;  ///< of each, a multiple of what any tile has in shared memory at a time
};
inline constexpr std::size_t conv_least_part = 512;
inline constexpr std::size_t conv_part_granule = 32;

constexpr conv_parts conv_parts_of(std::size_t pixels, std::size_t blocks, std::size_t wanted_blocks) {
  if (pixels == 0) return {};
  const std::size_t wanted = blocks == 0 ? 1 : (wanted_blocks + blocks - 1) / blocks;
  const std::size_t most = (pixels + conv_least_part - 1) / conv_least_part;
  const std::size_t count = wanted < most ? wanted : most;
  const std::size_t each = ((pixels + count - 1) / count + conv_part_granule - 1) / conv_part_granule * conv_part_granule;
  return {(pixels + each - 1) / each, each};
}

/// Those of a tiled product, whatever tiles the precision has: blocks are counted in those of float32.
constexpr conv_parts conv_weight_parts(const kernel::conv2d_shape& shape, std::size_t pixels) {
  const std::size_t columns = shape.out_channels / shape.groups;
  const std::size_t rows = shape.kernel_height * shape.kernel_width * (shape.in_channels / shape.groups);
  const conv_tiling tiling = conv_weight_tiling(shape, conv_by_fours(shape));
  const std::size_t tile_rows = tiling == conv_tiling::small ? 64 : 128;
  const std::size_t tile_columns = tiling == conv_tiling::large ? 128 : tiling == conv_tiling::narrow ? 32 : 64;
  return conv_parts_of(pixels, shape.groups * conv_blocks(rows, columns, tile_rows, tile_columns), conv_wanted_blocks);
}

/// Kernels that compute one result a thread: threads of a block, and blocks that fill a large device with them.
inline constexpr int conv_direct_threads = 128;
inline constexpr std::size_t conv_direct_blocks = 2112;

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
