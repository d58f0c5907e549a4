// mmrec/kernel/detail/conv_weight_gradient.hpp - the gradient of a convolution's weights.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/conv_axis.hpp>
#include <mmrec/kernel/detail/conv_pass.hpp>
#include <mmrec/kernel/detail/conv_tile.hpp>
#include <mmrec/kernel/detail/pack.hpp>
#include <mmrec/kernel/scratch_slots.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// weight_gradient[ky][kx][c][g * columns + j] += sum over pixels of input * output_gradient.
template <class T>
struct conv_weight_gradient {
  std::size_t images, groups, inner, columns;
  conv_axis y, x;  ///< of the forward pass
  const T* input;
  const T* output_gradient;
  T* gradient;
  T* bias_gradient;

  static constexpr std::size_t pixels = 128;  ///< of a block, whose products are one chain; blocks are added in order
  constexpr conv_blocks blocks() const { return blocks_of(images, y.outputs, x.outputs, pixels); }
  /// Input channels that one task goes through.
  constexpr std::size_t chunk() const {
    const std::size_t taps = y.taps * x.taps;
    const std::size_t most = taps >= 4 ? 64 : 256;
    return inner <= most ? inner : (inner + (inner + most - 1) / most - 1) / ((inner + most - 1) / most);
  }
  constexpr std::size_t chunks() const { return chunk() == 0 ? 0 : (inner + chunk() - 1) / chunk(); }
  constexpr bool copies() const { return !(y.inside() && x.inside()) || chunk() != groups * inner; }
  /// Elements for each pixel of the copy: a tile walks over the pixels of a few channels, and those of a cache meet in few of
  /// its sets if they are a power of two apart.
  constexpr std::size_t copy_stride() const {
    return chunk() % (2 * conv_granule<T>) == 0 ? chunk() + conv_granule<T> : chunk();
  }
  constexpr std::size_t copy_size() const {
    const conv_blocks b = blocks();
    return copies() ? b.images * y.span(b.rows) * x.span(b.columns) * copy_stride() : 0;
  }
  constexpr std::size_t task_size() const {
    return conv_whole_lines<T>(copy_size()) + conv_granule<T> + pixels * conv_panel_granules * conv_granule<T>;
  }
};

/// What one task does: all pixels for some rows of the kernel, input channels and panels of output channels.
struct conv_gradient_part {
  std::size_t group, first_tap, taps, channel, channels, first_panel, last_panel;
  bool bias;
};

/// The inputs of a block that a part of the kernel meets; see conv_inputs of a pass.
template <class T>
conv_view<T> conv_inputs(const conv_weight_gradient<T>& work, const conv_gradient_part& part, const conv_block& block,
                         T* copy) {
  const std::size_t pixel = work.groups * work.inner;
  const std::ptrdiff_t row = work.y.position(block.row) + static_cast<std::ptrdiff_t>(part.first_tap * work.y.offset_step);
  const std::ptrdiff_t column = work.x.position(block.column);
  if (work.copies()) {
    const std::size_t rows = (block.rows - 1) * work.y.step + (part.taps - 1) * work.y.offset_step + 1;
    return conv_copy(work.input,
                     {work.y.extent, work.x.extent, pixel, part.group * work.inner + part.channel, part.channels,
                      block.image, block.images, row, column, rows, work.x.span(block.columns)},
                     work.copy_stride(), copy);
  }
  const std::size_t row_stride = work.x.extent * pixel, image_stride = work.y.extent * row_stride;
  return {work.input + block.image * image_stride + static_cast<std::size_t>(row) * row_stride +
              static_cast<std::size_t>(column) * pixel,
          image_stride, row_stride, pixel};
}

/// bias[j] += the sum of column j of a packed panel.
template <class T>
void conv_add_columns(const T* panel, std::size_t rows, std::size_t width, std::size_t wanted, T* bias) {
  T sums[conv_panel_granules * conv_granule<T>] = {};
  for (std::size_t p = 0; p < rows; ++p) {
    for (std::size_t j = 0; j < width; ++j) sums[j] += panel[p * width + j];
  }
  for (std::size_t j = 0; j < wanted; ++j) bias[j] += sums[j];
}

/// The part's products of one block; the next one begins at output pixel next_pixel.
template <class T>
void conv_gradient_block(const conv_weight_gradient<T>& work, const conv_gradient_part& part, const conv_block& block,
                         std::size_t next_pixel, T* scratch, simd_level level) {
  const conv_panels<T> panels{work.columns};
  const std::size_t out_pixel = work.groups * work.columns;
  const conv_view<T> view = conv_inputs(work, part, block, scratch);
  T* packed = conv_aligned(scratch + work.copy_size());

  conv_piece pieces[conv_weight_gradient<T>::pixels];
  std::size_t piece_count = 0;
  for (std::size_t image = 0; image < block.images; ++image) {
    for (std::size_t i = 0; i < block.rows; ++i) {
      pieces[piece_count++] = {image * view.image_stride + i * work.y.step * view.row_stride, block.columns};
    }
  }

  // The pixels of a block follow each other in the output: it is a part of a row, or rows, or images.
  const std::size_t first_pixel = (block.image * work.y.outputs + block.row) * work.x.outputs + block.column;
  const std::size_t pixels = block.images * block.rows * block.columns;
  const std::size_t granules = (pixels + conv_granule<T> - 1) / conv_granule<T>;

  const auto tile = conv_tile<T>(level);
  for (std::size_t panel = part.first_panel; panel < part.last_panel; ++panel) {
    const std::size_t width = panels.width(panel), wanted = panels.wanted(panel);
    const std::size_t first_column = part.group * work.columns + panels.first(panel);
    pack_panel<T>({work.output_gradient + first_pixel * out_pixel + first_column, 1, out_pixel, wanted, pixels}, width,
                  packed, level);
    if (part.bias) {
      conv_add_columns(packed, pixels, width, wanted, work.bias_gradient + first_column);
    }
    // The gradients of the next panel, or of the next block's first one, are brought nearer bit by bit.
    const bool last = panel + 1 == part.last_panel;
    const std::size_t next = last ? next_pixel : first_pixel;
    const std::size_t next_column = part.group * work.columns + panels.first(last ? part.first_panel : panel + 1);
    const std::size_t next_rows = (std::min)(pixels, work.images * work.y.outputs * work.x.outputs - next);
    const std::size_t tap_rows = work.x.taps * part.channels, tile_rows = conv_tile_rows(level, width / conv_granule<T>);
    const std::size_t tiles = (part.taps * tap_rows + tile_rows - 1) / tile_rows;
    const std::size_t share = (next_rows + tiles - 1) / tiles;
    std::size_t done = 0;
    const auto one_tile = [&](std::size_t first, std::size_t rows) {
      const T* in[conv_tile_most_rows];
      T* out[conv_tile_most_rows];
      std::size_t tap = first / tap_rows, kx = first % tap_rows / part.channels, channel = first % part.channels;
      for (std::size_t r = 0; r < rows; ++r) {
        in[r] =
            view.data + tap * work.y.offset_step * view.row_stride + kx * work.x.offset_step * view.pixel_stride + channel;
        const std::size_t weight = (part.first_tap + tap) * work.x.taps + kx;
        out[r] = work.gradient + (weight * work.inner + part.channel + channel) * out_pixel + first_column;
        if (++channel == part.channels) {
          channel = 0;
          if (++kx == work.x.taps) kx = 0, ++tap;
        }
      }
      const std::size_t now = (std::min)(share, next_rows - done);
      tile({.in = in,
            .out = out,
            .rows = rows,
            .panel = packed,
            .width = width,
            .columns = wanted,
            .pieces = pieces,
            .piece_count = piece_count,
            .step = work.x.step * view.pixel_stride,
            .resume = false,
            .store = conv_store::add,
            .epilogue = nullptr,
            .output = nullptr,
            .asks = true,
            .next = nullptr,
            .ahead = now == 0 ? nullptr : work.output_gradient + (next + done) * out_pixel + next_column,
            .ahead_rows = now,
            .ahead_stride = out_pixel,
            .ahead_step = (share + granules - 1) / granules});
      done += now;
    };
    conv_tiles(part.taps * tap_rows, tile_rows, one_tile);
  }
}

/// Scratch of concurrency() * task_size().
template <executor Exec, class T>
void conv_run(const Exec& exec, const conv_weight_gradient<T>& work, T* scratch, simd_level level) {
  const conv_blocks blocks = work.blocks();
  const std::size_t panels = conv_panels<T>{work.columns}.count();
  if (blocks.count() == 0 || panels == 0 || work.y.taps * work.x.taps * work.inner == 0) return;
  // Every element is summed by one task, in the order of the blocks, so that how the elements are shared out changes no bit.
  const std::size_t wanted = exec.concurrency() > 1 ? 3 * exec.concurrency() : 1;
  const auto missing = [wanted](std::size_t tasks) { return (wanted + tasks - 1) / tasks; };
  const std::size_t chunks = work.chunks();
  const std::size_t panel_parts = (std::min)(panels, missing(work.groups * chunks));
  const std::size_t tap_parts = (std::min)(work.y.taps, missing(work.groups * chunks * panel_parts));
  scratch_slots<T> slots(scratch, work.task_size(), exec.concurrency());
  exec.run(work.groups * chunks * panel_parts * tap_parts, [&](std::size_t task) {
    const std::size_t tap_part = task % tap_parts, panel_part = task / tap_parts % panel_parts;
    const std::size_t chunk = task / tap_parts / panel_parts % chunks, group = task / tap_parts / panel_parts / chunks;
    const std::size_t first_tap = work.y.taps * tap_part / tap_parts, channel = chunk * work.chunk();
    const conv_gradient_part part{.group = group,
                                  .first_tap = first_tap,
                                  .taps = work.y.taps * (tap_part + 1) / tap_parts - first_tap,
                                  .channel = channel,
                                  .channels = (std::min)(work.chunk(), work.inner - channel),
                                  .first_panel = panels * panel_part / panel_parts,
                                  .last_panel = panels * (panel_part + 1) / panel_parts,
                                  .bias = work.bias_gradient != nullptr && tap_part == 0 && chunk == 0};
    const auto slot = slots.lease();
    for (std::size_t index = 0; index < blocks.count(); ++index) {
      const conv_block block = block_at(blocks, index, work.images, work.y.outputs, work.x.outputs);
      if (block.images == 0 || block.rows == 0 || block.columns == 0) continue;
      const std::size_t next =
          ((block.image + block.images - 1) * work.y.outputs + block.row + block.rows - 1) * work.x.outputs + block.column +
          block.columns;
      conv_gradient_block(work, part, block, next, slot.data(), level);
    }
  });
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
