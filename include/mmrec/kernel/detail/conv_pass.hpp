// mmrec/kernel/detail/conv_pass.hpp - a convolution as a matrix product whose left side is read in place.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/conv_axis.hpp>
#include <mmrec/kernel/detail/conv_tile.hpp>
#include <mmrec/kernel/detail/pack.hpp>
#include <mmrec/kernel/scratch_slots.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Tuning. A panel of weights (depth x 4 granules) fits in a first-level cache beside the inputs it meets; a block's inputs
/// take a part of a second-level cache.
struct conv_blocking {
  static constexpr std::size_t depth = 128;
  static constexpr std::size_t most_pixels = 384;
  static constexpr std::size_t least_pixels = 64;
  static constexpr std::size_t input_bytes = 512 * 1024;
};

/// Elements rounded up to whole cache lines.
template <class T>
constexpr std::size_t conv_whole_lines(std::size_t elements) {
  return (elements + conv_granule<T> - 1) / conv_granule<T> * conv_granule<T>;
}
/// The first element from `memory` on that begins a cache line: a vector across two of them takes twice the time.
template <class T>
T* conv_aligned(T* memory) {
  const auto address = reinterpret_cast<std::uintptr_t>(memory);
  return memory + (64 - address % 64) % 64 / sizeof(T);
}

/// The columns of a matrix cut into panels of at most conv_panel_granules granules, of about the same width.
template <class T>
struct conv_panels {
  std::size_t columns;
  constexpr std::size_t granules() const { return (columns + conv_granule<T> - 1) / conv_granule<T>; }
  constexpr std::size_t count() const { return (granules() + conv_panel_granules - 1) / conv_panel_granules; }
  constexpr std::size_t first(std::size_t panel) const { return granules() * panel / count() * conv_granule<T>; }
  constexpr std::size_t width(std::size_t panel) const { return first(panel + 1) - first(panel); }
  constexpr std::size_t wanted(std::size_t panel) const { return (std::min)(columns - first(panel), width(panel)); }
  constexpr std::size_t padded() const { return granules() * conv_granule<T>; }
};

/// The weights of a pass: those of the taps (ky, kx), inner channel c and column j of group g at
/// data[g * group_stride + (ky * kernel_width + kx) * tap_stride + c * inner_stride + j * column_stride],
/// one of the last two strides being 1.
template <class T>
struct conv_weights {
  const T* data;
  std::size_t kernel_width;
  std::size_t tap_stride, inner_stride, column_stride, group_stride;
};

/// One pass: from images x y.extent x x.extent x (groups * inner) to y.outputs x x.outputs pixels of groups * columns, wherever
/// those lie.
template <class T>
struct conv_pass {
  std::size_t images, groups, inner, columns;
  conv_axis y, x;
  const T* input;
  T* output;
  std::size_t output_image, output_row, output_pixel;  ///< strides
  conv_weights<T> weights;
  const T* packed;  ///< the weights in the order of conv_pack, or null
  conv_store store = conv_store::plain;
  conv2d_epilogue<T> epilogue{};

  constexpr std::size_t depth() const { return y.taps * x.taps * inner; }
  constexpr bool copies() const { return !(y.inside() && x.inside()); }
  constexpr conv_blocks blocks() const {
    const std::size_t read = inner * (std::min)(y.step, (std::max)(y.taps, std::size_t{1})) * x.step;
    const std::size_t fitting = conv_blocking::input_bytes / sizeof(T) / (std::max)(read, std::size_t{1});
    return blocks_of(images, y.outputs, x.outputs,
                     std::clamp(fitting, conv_blocking::least_pixels, conv_blocking::most_pixels));
  }
  /// Elements of the copy of a block's inputs.
  constexpr std::size_t copy_size() const {
    const conv_blocks b = blocks();
    return copies() ? b.images * y.span(b.rows) * x.span(b.columns) * inner : 0;
  }
  constexpr std::size_t packed_size() const { return groups * depth() * conv_panels<T>{columns}.padded(); }
  /// Elements of scratch that one task needs.
  constexpr std::size_t task_size() const {
    return conv_whole_lines<T>(copy_size()) + conv_granule<T> + conv_blocking::depth * conv_panel_granules * conv_granule<T>;
  }
};

/// Where a packed panel begins.
template <class T>
constexpr std::size_t conv_packed_offset(const conv_pass<T>& pass, std::size_t group, std::size_t panel) {
  const conv_panels<T> panels{pass.columns};
  return pass.depth() * (group * panels.padded() + panels.first(panel));
}

/// Rows begin .. end - 1 of a panel's weights, in the order in which the pass sums.
template <class T>
void conv_pack_rows(const conv_pass<T>& pass, std::size_t group, std::size_t panel, std::size_t begin, std::size_t end,
                    T* packed, simd_level level) {
  const conv_panels<T> panels{pass.columns};
  const conv_weights<T>& w = pass.weights;
  const std::size_t width = panels.width(panel), wanted = panels.wanted(panel);
  const T* first = w.data + group * w.group_stride + panels.first(panel) * w.column_stride;
  for (std::size_t row = begin; row < end;) {
    const std::size_t tap = row / pass.inner, channel = row % pass.inner;
    const std::size_t count = (std::min)(pass.inner - channel, end - row);
    const std::size_t kernel_tap = pass.y.tap(tap / pass.x.taps) * w.kernel_width + pass.x.tap(tap % pass.x.taps);
    pack_panel<T>(
        {first + kernel_tap * w.tap_stride + channel * w.inner_stride, w.column_stride, w.inner_stride, wanted, count},
        width, packed + (row - begin) * width, level);
    row += count;
  }
}

/// Weights that lie in rows as long as a panel is wide.
template <class T>
struct conv_rows {
  const T* data;
  std::size_t stride;
};
/// Where the weights of a panel from row `begin` of the sum on are, if they lie in rows; else null.
template <class T>
conv_rows<T> conv_rows_at(const conv_pass<T>& pass, std::size_t group, std::size_t panel, std::size_t begin) {
  const conv_panels<T> panels{pass.columns};
  if (pass.packed != nullptr) {
    return {pass.packed + conv_packed_offset(pass, group, panel) + begin * panels.width(panel), panels.width(panel)};
  }
  const conv_weights<T>& w = pass.weights;
  if (w.column_stride != 1 || pass.y.tap_step < 0) return {nullptr, 0};
  return {w.data + group * w.group_stride + panels.first(panel) + begin * w.inner_stride, w.inner_stride};
}

/// All weights of a pass.
template <executor Exec, class T>
void conv_pack(const Exec& exec, const conv_pass<T>& pass, T* packed, simd_level level) {
  const std::size_t panels = conv_panels<T>{pass.columns}.count();
  constexpr std::size_t step = 256;
  const std::size_t cuts = (pass.depth() + step - 1) / step;
  for_ranges(exec, pass.groups * panels * cuts, 4, [&](std::size_t begin, std::size_t end) {
    for (std::size_t index = begin; index < end; ++index) {
      const std::size_t group = index / cuts / panels, panel = index / cuts % panels, row = index % cuts * step;
      conv_pack_rows(pass, group, panel, row, (std::min)(pass.depth(), row + step),
                     packed + conv_packed_offset(pass, group, panel) + row * conv_panels<T>{pass.columns}.width(panel),
                     level);
    }
  });
}

/// A part of a picture to read: element (image, row, column, channel) at data[image * image_stride + ...].
template <class T>
struct conv_view {
  const T* data;
  std::size_t image_stride, row_stride, pixel_stride;
};

/// What to copy of images x height x width x pixel elements: channels first_channel .. first_channel + channels - 1 of a
/// rectangle that may reach outside, where it is zero.
struct conv_window {
  std::size_t height, width, pixel;
  std::size_t first_channel, channels;
  std::size_t image, images;
  std::ptrdiff_t row, column;
  std::size_t rows, columns;
};

/// Copies it, `stride` elements for each pixel; what lies between the channels of two pixels is left as it is.
template <class T>
conv_view<T> conv_copy(const T* input, const conv_window& window, std::size_t stride, T* to) {
  const std::size_t row_size = window.columns * stride;
  const auto width = static_cast<std::ptrdiff_t>(window.width), columns = static_cast<std::ptrdiff_t>(window.columns);
  const auto left = static_cast<std::size_t>(std::clamp<std::ptrdiff_t>(-window.column, 0, columns));
  const auto end = static_cast<std::size_t>(
      std::clamp<std::ptrdiff_t>(width - window.column, static_cast<std::ptrdiff_t>(left), columns));
  T* target = to;
  for (std::size_t image = window.image; image < window.image + window.images; ++image) {
    for (std::size_t i = 0; i < window.rows; ++i, target += row_size) {
      const std::ptrdiff_t row = window.row + static_cast<std::ptrdiff_t>(i);
      if (row < 0 || row >= static_cast<std::ptrdiff_t>(window.height) || left == end) {
        std::fill_n(target, row_size, T(0));
        continue;
      }
      const T* source = input +
                        ((image * window.height + static_cast<std::size_t>(row)) * window.width +
                         static_cast<std::size_t>(window.column + static_cast<std::ptrdiff_t>(left))) *
                            window.pixel +
                        window.first_channel;
      std::fill_n(target, left * stride, T(0));
      if (window.channels == window.pixel && window.channels == stride) {
        std::copy_n(source, (end - left) * stride, target + left * stride);
      } else {
        for (std::size_t j = left; j < end; ++j, source += window.pixel) {
          std::copy_n(source, window.channels, target + j * stride);
        }
      }
      std::fill_n(target + end * stride, (window.columns - end) * stride, T(0));
    }
  }
  return {to, window.rows * row_size, row_size, stride};
}

/// The inputs of a block, copied with their zeros around them where the pass reads outside, else where they are. The first
/// element is the one that the block's first output reads with its first tap.
template <class T>
conv_view<T> conv_inputs(const conv_pass<T>& pass, const conv_block& block, std::size_t group, T* copy) {
  const std::size_t pixel = pass.groups * pass.inner;
  const std::ptrdiff_t row = pass.y.position(block.row), column = pass.x.position(block.column);
  if (pass.copies()) {
    return conv_copy(pass.input,
                     {pass.y.extent, pass.x.extent, pixel, group * pass.inner, pass.inner, block.image, block.images, row,
                      column, pass.y.span(block.rows), pass.x.span(block.columns)},
                     pass.inner, copy);
  }
  const std::size_t row_stride = pass.x.extent * pixel, image_stride = pass.y.extent * row_stride;
  if (pass.depth() == 0) return {pass.input, image_stride, row_stride, pixel};
  return {pass.input + block.image * image_stride + static_cast<std::size_t>(row) * row_stride +
              static_cast<std::size_t>(column) * pixel + group * pass.inner,
          image_stride, row_stride, pixel};
}

/// The pieces of rows begin .. end - 1 of the sum; returns how many.
template <class T>
std::size_t conv_pieces(const conv_pass<T>& pass, const conv_view<T>& view, std::size_t begin, std::size_t end,
                        conv_piece* pieces) {
  // Neighbouring taps of a row lie side by side where nothing lies between their channels.
  const bool whole_rows = pass.x.offset_step == 1 && view.pixel_stride == pass.inner;
  const std::size_t length = whole_rows ? pass.x.taps * pass.inner : pass.inner;
  std::size_t count = 0;
  for (std::size_t row = begin; row < end; ++count) {
    const std::size_t stretch = row / length, within = row % length;
    const std::size_t here = (std::min)(length - within, end - row);
    const std::size_t y = whole_rows ? stretch : stretch / pass.x.taps, x = whole_rows ? 0 : stretch % pass.x.taps;
    pieces[count] = {y * pass.y.offset_step * view.row_stride + x * pass.x.offset_step * view.pixel_stride + within, here};
    row += here;
  }
  return count;
}

/// Tiles of about equal height that cover `rows` rows: calls body(first, count).
template <class Body>
void conv_tiles(std::size_t rows, std::size_t most, Body&& body) {
  const std::size_t tiles = (rows + most - 1) / most;
  for (std::size_t tile = 0, first = 0; tile < tiles; ++tile) {
    const std::size_t next = rows * (tile + 1) / tiles;
    body(first, next - first);
    first = next;
  }
}

/// Panels first .. last - 1 of one block of one group.
template <class T>
void conv_block_product(const conv_pass<T>& pass, const conv_block& block, std::size_t group, std::size_t first_panel,
                        std::size_t last_panel, T* scratch, simd_level level) {
  const conv_panels<T> panels{pass.columns};
  const conv_view<T> view = conv_inputs(pass, block, group, scratch);
  T* own_panel = conv_aligned(scratch + pass.copy_size());

  const T* in[conv_blocking::most_pixels + conv_tile_most_rows];
  T* out[conv_blocking::most_pixels];
  std::size_t pixels = 0;
  for (std::size_t image = 0; image < block.images; ++image) {
    for (std::size_t row = 0; row < block.rows; ++row) {
      const T* source = view.data + image * view.image_stride + row * pass.y.step * view.row_stride;
      T* target = pass.output + (block.image + image) * pass.output_image + (block.row + row) * pass.output_row +
                  block.column * pass.output_pixel + group * pass.columns;
      for (std::size_t column = 0; column < block.columns; ++column, ++pixels) {
        in[pixels] = source + column * pass.x.step * view.pixel_stride;
        out[pixels] = target + column * pass.output_pixel;
      }
    }
  }

  // The tile after the last one is the first: of the next part of the sum, or of the next panel.
  for (std::size_t i = 0; i < conv_tile_most_rows; ++i) in[pixels + i] = in[i % pixels];

  const auto tile = conv_tile<T>(level);
  conv_piece pieces[conv_blocking::depth];
  T* shifted[conv_tile_most_rows];
  for (std::size_t panel = first_panel; panel < last_panel; ++panel) {
    const std::size_t width = panels.width(panel), column = panels.first(panel);
    conv2d_epilogue<T> epilogue = pass.epilogue;
    if (epilogue.bias != nullptr) epilogue.bias += group * pass.columns + column;
    std::size_t begin = 0;
    do {
      const std::size_t end = (std::min)(pass.depth(), begin + conv_blocking::depth);
      const T* weights = own_panel;
      if (pass.packed != nullptr) {
        weights = pass.packed + conv_packed_offset(pass, group, panel) + begin * width;
      } else {
        conv_pack_rows(pass, group, panel, begin, end, own_panel, level);
      }
      const std::size_t count = conv_pieces(pass, view, begin, end, pieces);
      // The weights of the next part are brought nearer bit by bit, over the tiles of this one.
      const std::size_t tile_rows = conv_tile_rows(level, width / conv_granule<T>);
      const std::size_t tiles = (pixels + tile_rows - 1) / tile_rows;
      const std::size_t next_rows = (std::min)(pass.depth() - end, conv_blocking::depth);
      const conv_rows<T> ahead = conv_rows_at(pass, group, panel, end);
      const std::size_t share = ahead.data == nullptr ? 0 : (next_rows + tiles - 1) / tiles;
      const std::size_t granules = (std::max)(std::size_t{1}, (end - begin) / conv_granule<T>);
      const bool asks = pass.inner >= conv_granule<T>;  // not where sums are so short that asking takes as long
      std::size_t done = 0;
      conv_tiles(pixels, tile_rows, [&](std::size_t first, std::size_t rows) {
        for (std::size_t r = 0; r < rows; ++r) shifted[r] = out[first + r] + column;
        const std::size_t now = asks ? (std::min)(share, next_rows - done) : 0;
        tile({.in = in + first,
              .out = shifted,
              .rows = rows,
              .panel = weights,
              .width = width,
              .columns = panels.wanted(panel),
              .pieces = pieces,
              .piece_count = count,
              .step = 1,
              .resume = begin != 0,
              .store = end == pass.depth() ? pass.store : conv_store::plain,
              .epilogue = &epilogue,
              .output = pass.output,
              .asks = asks && begin == 0,
              .next = asks ? in + first + rows : nullptr,
              .ahead = now == 0 ? nullptr : ahead.data + done * ahead.stride,
              .ahead_rows = now,
              .ahead_stride = ahead.stride,
              .ahead_step = (share + granules - 1) / granules});
        done += now;
      });
      begin = end;
    } while (begin < pass.depth());
  }
}

/// Runs a pass; scratch of concurrency() * task_size().
template <executor Exec, class T>
void conv_run(const Exec& exec, const conv_pass<T>& pass, T* scratch, simd_level level) {
  const conv_blocks blocks = pass.blocks();
  const std::size_t panels = conv_panels<T>{pass.columns}.count();
  if (blocks.count() == 0 || panels == 0) return;
  // Few blocks are cut by columns too where there are threads to keep busy. Cuts lie between tiles: they change no bit.
  const std::size_t wanted = exec.concurrency() > 1 ? 2 * exec.concurrency() : 1;
  const std::size_t parts = (std::min)(panels, (wanted + blocks.count() * pass.groups - 1) / (blocks.count() * pass.groups));
  scratch_slots<T> slots(scratch, pass.task_size(), exec.concurrency());
  exec.run(blocks.count() * pass.groups * parts, [&](std::size_t task) {
    const auto slot = slots.lease();
    const std::size_t part = task % parts, group = task / parts % pass.groups;
    const conv_block block = block_at(blocks, task / parts / pass.groups, pass.images, pass.y.outputs, pass.x.outputs);
    if (block.images == 0 || block.rows == 0 || block.columns == 0) return;
    conv_block_product(pass, block, group, panels * part / parts, panels * (part + 1) / parts, slot.data(), level);
  });
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
