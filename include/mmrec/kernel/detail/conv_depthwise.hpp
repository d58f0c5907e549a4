// mmrec/kernel/detail/conv_depthwise.hpp - convolutions of each channel with a kernel of its own.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/conv_axis.hpp>
#include <mmrec/kernel/detail/conv_pass.hpp>
#include <mmrec/kernel/detail/conv_tile.hpp>
#include <mmrec/kernel/detail/conv_weight_gradient.hpp>
#include <mmrec/kernel/scratch_slots.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// A pass over all channels at once: of groups = channels groups of one channel, made a view of one group.
template <class T>
constexpr conv_pass<T> as_depthwise(conv_pass<T> pass) {
  pass.inner = pass.columns = pass.groups;
  pass.groups = 1;
  return pass;
}

template <class T>
void conv_depthwise_block(const conv_pass<T>& pass, const conv_block& block, T* scratch, simd_level level) {
  const conv_view<T> view = conv_inputs(pass, block, 0, scratch);
  const auto channels = conv_channels<T>(level);
  const std::size_t taps = pass.y.taps * pass.x.taps;
  conv_term terms[conv_blocking::depth];
  std::size_t begin = 0;
  do {
    const std::size_t end = (std::min)(taps, begin + conv_blocking::depth);
    for (std::size_t tap = begin; tap < end; ++tap) {
      const std::size_t y = tap / pass.x.taps, x = tap % pass.x.taps;
      terms[tap - begin] = {y * pass.y.offset_step * view.row_stride + x * pass.x.offset_step * view.pixel_stride,
                            (pass.y.tap(y) * pass.weights.kernel_width + pass.x.tap(x)) * pass.weights.tap_stride};
    }
    for (std::size_t row = 0; row < block.images * block.rows; ++row) {
      const std::size_t image = row / block.rows, y = row % block.rows;
      const T* source = view.data + image * view.image_stride + y * pass.y.step * view.row_stride;
      T* target = pass.output + (block.image + image) * pass.output_image + (block.row + y) * pass.output_row +
                  block.column * pass.output_pixel;
      conv_tiles(block.columns, conv_tile_most_rows, [&](std::size_t first, std::size_t count) {
        const T* in[conv_tile_most_rows];
        T* out[conv_tile_most_rows];
        for (std::size_t r = 0; r < count; ++r) {
          in[r] = source + (first + r) * pass.x.step * view.pixel_stride;
          out[r] = target + (first + r) * pass.output_pixel;
        }
        channels({.in = in,
                  .out = out,
                  .rows = count,
                  .factors = pass.weights.data,
                  .channels = pass.columns,
                  .terms = terms,
                  .term_count = end - begin,
                  .resume = begin != 0,
                  .store = end == taps ? pass.store : conv_store::plain,
                  .epilogue = &pass.epilogue,
                  .output = pass.output});
      });
    }
    begin = end;
  } while (begin < taps);
}

/// Scratch of concurrency() * task_size().
template <executor Exec, class T>
void conv_depthwise_run(const Exec& exec, const conv_pass<T>& pass, T* scratch, simd_level level) {
  const conv_blocks blocks = pass.blocks();
  if (blocks.count() == 0 || pass.columns == 0) return;
  scratch_slots<T> slots(scratch, pass.task_size(), exec.concurrency());
  exec.run(blocks.count(), [&](std::size_t task) {
    const conv_block block = block_at(blocks, task, pass.images, pass.y.outputs, pass.x.outputs);
    if (block.images == 0 || block.rows == 0 || block.columns == 0) return;
    const auto slot = slots.lease();
    conv_depthwise_block(pass, block, slot.data(), level);
  });
}

/// The gradient of the weights: all channels in chunks, as a product of one group.
template <class T>
constexpr conv_weight_gradient<T> as_depthwise(conv_weight_gradient<T> work) {
  work.inner = work.columns = work.groups;
  work.groups = 1;
  return work;
}

template <class T>
void conv_depthwise_gradient_block(const conv_weight_gradient<T>& work, const conv_gradient_part& part,
                                   const conv_block& block, T* scratch, simd_level level) {
  const conv_view<T> view = conv_inputs(work, part, block, scratch);
  const auto channels = conv_channels<T>(level);
  conv_term terms[conv_weight_gradient<T>::pixels];
  std::size_t count = 0;
  for (std::size_t image = 0; image < block.images; ++image) {
    for (std::size_t y = 0; y < block.rows; ++y) {
      for (std::size_t x = 0; x < block.columns; ++x, ++count) {
        const std::size_t pixel =
            ((block.image + image) * work.y.outputs + block.row + y) * work.x.outputs + block.column + x;
        terms[count] = {image * view.image_stride + y * work.y.step * view.row_stride + x * work.x.step * view.pixel_stride,
                        pixel * work.columns + part.channel};
      }
    }
  }
  conv_tiles(part.taps * work.x.taps, conv_tile_most_rows, [&](std::size_t first, std::size_t rows) {
    const T* in[conv_tile_most_rows];
    T* out[conv_tile_most_rows];
    for (std::size_t r = 0; r < rows; ++r) {
      const std::size_t y = (first + r) / work.x.taps, x = (first + r) % work.x.taps;
      in[r] = view.data + y * work.y.offset_step * view.row_stride + x * work.x.offset_step * view.pixel_stride;
      out[r] = work.gradient + ((part.first_tap + y) * work.x.taps + x) * work.columns + part.channel;
    }
    channels({.in = in,
              .out = out,
              .rows = rows,
              .factors = work.output_gradient,
              .channels = part.channels,
              .terms = terms,
              .term_count = count,
              .resume = false,
              .store = conv_store::add,
              .epilogue = nullptr,
              .output = nullptr});
  });
  if (!part.bias) return;
  for (std::size_t c = 0; c < part.channels; ++c) {
    T sum = T(0);
    for (std::size_t t = 0; t < count; ++t) sum += work.output_gradient[terms[t].factor + c];
    work.bias_gradient[part.channel + c] += sum;
  }
}

/// Scratch of concurrency() * task_size().
template <executor Exec, class T>
void conv_depthwise_run(const Exec& exec, const conv_weight_gradient<T>& work, T* scratch, simd_level level) {
  const conv_blocks blocks = work.blocks();
  if (blocks.count() == 0 || work.inner == 0) return;
  const std::size_t chunks = work.chunks();
  const std::size_t wanted = exec.concurrency() > 1 ? 3 * exec.concurrency() : 1;
  const std::size_t tap_parts = (std::min)(work.y.taps, (wanted + chunks - 1) / chunks);
  scratch_slots<T> slots(scratch, work.task_size(), exec.concurrency());
  exec.run(chunks * tap_parts, [&](std::size_t task) {
    const std::size_t tap_part = task % tap_parts, channel = task / tap_parts * work.chunk();
    const std::size_t first_tap = work.y.taps * tap_part / tap_parts;
    const conv_gradient_part part{.group = 0,
                                  .first_tap = first_tap,
                                  .taps = work.y.taps * (tap_part + 1) / tap_parts - first_tap,
                                  .channel = channel,
                                  .channels = (std::min)(work.chunk(), work.inner - channel),
                                  .first_panel = 0,
                                  .last_panel = 0,
                                  .bias = work.bias_gradient != nullptr && tap_part == 0};
    const auto slot = slots.lease();
    for (std::size_t index = 0; index < blocks.count(); ++index) {
      const conv_block block = block_at(blocks, index, work.images, work.y.outputs, work.x.outputs);
      if (block.images == 0 || block.rows == 0 || block.columns == 0) continue;
      conv_depthwise_gradient_block(work, part, block, slot.data(), level);
    }
  });
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
