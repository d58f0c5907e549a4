// mmrec/kernel/detail/conv_axis.hpp - where a convolution reads, along one axis, and how its outputs are cut into blocks.
#pragma once
#include <algorithm>
#include <cstddef>
#include <numeric>

#include <mmrec/core/config.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// One axis of a pass: output o reads, with its tap i, input o * step + offset + i * offset_step and the kernel's weight
/// tap_first + i * tap_step. Inputs outside 0 .. extent - 1 are zeros.
struct conv_axis {
  std::size_t outputs = 1;
  std::size_t extent = 1;
  std::size_t step = 1;
  std::size_t taps = 1;
  std::ptrdiff_t tap_first = 0;
  std::ptrdiff_t tap_step = 1;
  std::ptrdiff_t offset = 0;
  std::size_t offset_step = 1;

  /// Input positions from the first to the last one that `count` neighbouring outputs read.
  constexpr std::size_t span(std::size_t count) const {
    return taps == 0 || count == 0 ? 0 : (count - 1) * step + (taps - 1) * offset_step + 1;
  }
  /// Whether no output reads outside.
  constexpr bool inside() const {
    return taps == 0 || outputs == 0 || (offset >= 0 && static_cast<std::size_t>(offset) + span(outputs) <= extent);
  }
  constexpr std::size_t tap(std::size_t i) const {
    return static_cast<std::size_t>(tap_first + static_cast<std::ptrdiff_t>(i) * tap_step);
  }
  /// The input position of an output's tap 0; may lie outside.
  constexpr std::ptrdiff_t position(std::size_t output) const { return static_cast<std::ptrdiff_t>(output * step) + offset; }
};

struct conv_axis_shape {
  std::size_t input, output, kernel, stride, padding, dilation;
};

constexpr conv_axis forward_axis(const conv_axis_shape& s) {
  return {.outputs = s.output,
          .extent = s.input,
          .step = s.stride,
          .taps = s.kernel,
          .offset = -static_cast<std::ptrdiff_t>(s.padding),
          .offset_step = s.dilation};
}

/// The gradients of the inputs phase, phase + stride, ...: those that the same taps reach. Output o of this axis is input
/// phase + o * stride of the convolution; it gathers the convolution's outputs q with q * stride + k * dilation = input + padding
/// for some k. Taps run from the last k to the first, so that the positions q rise.
constexpr conv_axis backward_axis(const conv_axis_shape& s, std::size_t phase) {
  conv_axis axis{
      .outputs = s.input > phase ? (s.input - phase + s.stride - 1) / s.stride : 0, .extent = s.output, .taps = 0};
  const std::size_t period = s.stride / std::gcd(s.stride, s.dilation);  // of the taps that reach one input
  const auto stride = static_cast<std::ptrdiff_t>(s.stride), dilation = static_cast<std::ptrdiff_t>(s.dilation);
  const auto origin = static_cast<std::ptrdiff_t>(phase + s.padding);
  for (std::size_t first = 0; first < (std::min)(period, s.kernel); ++first) {
    if ((origin - static_cast<std::ptrdiff_t>(first) * dilation) % stride != 0) continue;
    axis.taps = (s.kernel - 1 - first) / period + 1;
    axis.tap_first = static_cast<std::ptrdiff_t>(first + (axis.taps - 1) * period);
    axis.tap_step = -static_cast<std::ptrdiff_t>(period);
    axis.offset = (origin - axis.tap_first * dilation) / stride;
    axis.offset_step = period * s.dilation / s.stride;
  }
  return axis;
}

/// Outputs cut into blocks of about equal size: of several whole images, or of several rows of one, or of a part of a row.
struct conv_blocks {
  std::size_t images = 0, rows = 0, columns = 0;  ///< of the largest block
  std::size_t image_blocks = 0, row_blocks = 0, column_blocks = 0;

  constexpr std::size_t count() const { return image_blocks * row_blocks * column_blocks; }
  constexpr std::size_t pixels() const { return images * rows * columns; }
};

/// Blocks of at most `pixels` outputs.
constexpr conv_blocks blocks_of(std::size_t images, std::size_t height, std::size_t width, std::size_t pixels) {
  if (images == 0 || height == 0 || width == 0) return {};
  const auto up = [](std::size_t a, std::size_t b) { return (a + b - 1) / b; };
  conv_blocks blocks{1, 1, width, images, height, 1};
  blocks.column_blocks = up(width, pixels);
  blocks.columns = up(width, blocks.column_blocks);
  if (blocks.column_blocks > 1) return blocks;
  blocks.row_blocks = up(height, (std::max)(std::size_t{1}, pixels / width));
  blocks.rows = up(height, blocks.row_blocks);
  blocks.row_blocks = up(height, blocks.rows);
  if (blocks.row_blocks > 1) return blocks;
  blocks.image_blocks = up(images, (std::max)(std::size_t{1}, pixels / (width * height)));
  blocks.images = up(images, blocks.image_blocks);
  blocks.image_blocks = up(images, blocks.images);
  return blocks;
}

/// A block: outputs image .. image + images - 1, row .. row + rows - 1, column .. column + columns - 1.
struct conv_block {
  std::size_t image, row, column, images, rows, columns;
};

/// Block `index` of blocks of an output of images x height x width.
constexpr conv_block block_at(const conv_blocks& blocks, std::size_t index, std::size_t images, std::size_t height,
                              std::size_t width) {
  const std::size_t column = index % blocks.column_blocks * blocks.columns;
  const std::size_t row = index / blocks.column_blocks % blocks.row_blocks * blocks.rows;
  const std::size_t image = index / blocks.column_blocks / blocks.row_blocks * blocks.images;
  const auto rest = [](std::size_t most, std::size_t end, std::size_t begin) {
    return begin < end ? (std::min)(most, end - begin) : 0;
  };
  return {image,
          row,
          column,
          rest(blocks.images, images, image),
          rest(blocks.rows, height, row),
          rest(blocks.columns, width, column)};
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
