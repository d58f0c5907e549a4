// mmrec/kernel/cuda/detail/conv_readers.cuh - from device memory to tiles in shared memory, by way of registers.
#pragma once
#include <cuda_runtime.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/kernel/cuda/detail/conv_form.cuh>
#include <mmrec/kernel/cuda/detail/conv_geometry.cuh>

// Each reader has fetch(), which begins to read the thread's share of the next tile into registers, and put(), which stores
// it in shared memory: between the two, the block computes with the tile before.

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {
namespace detail {

/// A place in the sum over (row of taps, tap, channel), which moves on by a tile's depth without divisions.
template <class Form>
class conv_walk {
 public:
  int row, column, channel;

  __device__ __forceinline__ conv_walk(int factor, int columns, int channels)
      : row(factor / channels / columns),
        column(factor / channels % columns),
        channel(factor % channels),
        columns_(columns),
        channels_(channels),
        row_step_(Form::depth / channels / columns),
        column_step_(Form::depth / channels % columns),
        channel_step_(Form::depth % channels) {}

  __device__ __forceinline__ void next() {
    channel += channel_step_;
    column += column_step_;
    row += row_step_;
    if (channel >= channels_) {
      channel -= channels_;
      ++column;
    }
    if (column >= columns_) {
      column -= columns_;
      ++row;
    }
  }

 private:
  int columns_, channels_;
  int row_step_, column_step_, channel_step_;
};

/// The pixels that a pass gathers: row m of the factor belongs to result pixel m, its factors are those of (tap, channel).
template <class Form, int Rows>
class conv_pixels {
 public:
  using share = conv_depth_share<Form, Rows>;
  using stage = conv_stage<Form, Rows, true>;

  /// `pixel` numbers a pixel of `input`, which begins at the group's first channel. Calls place(row) for the result pixel
  /// of a row of the tile; a negative image: there is none.
  template <class Place>
  __device__ __forceinline__ conv_pixels(const float* input, int pixel, const conv_line& rows, const conv_line& columns,
                                         int channels, Place&& place)
      : input_(input),
        pixel_(pixel),
        rows_(rows),
        columns_(columns),
        walk_(share::factor(static_cast<int>(threadIdx.x)), columns.taps, channels) {
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      const conv_place to = place(share::row(static_cast<int>(threadIdx.x), i));
      row_[i] = to.image < 0 ? outside : to.row * rows.step + rows.offset;
      column_[i] = to.column * columns.step + columns.offset;
      // Unsigned, here and below: places beside the picture may wrap around, those in it come out right.
      const unsigned line =
          static_cast<unsigned>(to.image) * static_cast<unsigned>(rows.extent) + static_cast<unsigned>(row_[i]);
      first_[i] =
          (line * static_cast<unsigned>(columns.extent) + static_cast<unsigned>(column_[i])) * static_cast<unsigned>(pixel);
    }
  }

  __device__ __forceinline__ void fetch() {
    const int down = walk_.row * rows_.offset_step, right = walk_.column * columns_.offset_step;
    const unsigned line =
        static_cast<unsigned>(down) * static_cast<unsigned>(columns_.extent) + static_cast<unsigned>(right);
    const unsigned distance = line * static_cast<unsigned>(pixel_) + static_cast<unsigned>(walk_.channel);
    const bool any = walk_.row < rows_.taps;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      const bool there = any && static_cast<unsigned>(row_[i] + down) < static_cast<unsigned>(rows_.extent) &&
                         static_cast<unsigned>(column_[i] + right) < static_cast<unsigned>(columns_.extent);
      conv_read(input_ + static_cast<int>(first_[i] + distance), there, values_[i]);
    }
    walk_.next();
  }

  __device__ __forceinline__ void put(typename Form::word* to) const {
    const int thread = static_cast<int>(threadIdx.x);
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      if (share::spare && share::row(thread, i) >= Rows) continue;
      stage::put_depth(to, share::row(thread, i), share::factor(thread), values_[i]);
    }
  }

 private:
  static constexpr int outside = -(1 << 30);

  const float* input_;
  int pixel_;
  conv_line rows_, columns_;
  conv_walk<Form> walk_;
  int row_[share::items], column_[share::items];
  unsigned first_[share::items];
  float values_[share::items][Form::vector];
};

/// Weights with the roles of their channels exchanged: row n of the factor belongs to input channel n, its factors are
/// those of (tap, output channel), taps as the lines have them.
template <class Form, int Rows>
class conv_filters {
 public:
  using share = conv_depth_share<Form, Rows>;
  using stage = conv_stage<Form, Rows, true>;

  /// `weights` begins at input channel 0 of the tile and at the group's first output channel; `left` input channels from it
  /// on.
  __device__ __forceinline__ conv_filters(const float* weights, int out_channels, int tap_size, int kernel_width,
                                          const conv_line& rows, const conv_line& columns, int channels, int left)
      : weights_(weights),
        out_channels_(out_channels),
        tap_size_(tap_size),
        kernel_width_(kernel_width),
        left_(left),
        rows_(rows),
        columns_(columns),
        walk_(share::factor(static_cast<int>(threadIdx.x)), columns.taps, channels) {}

  __device__ __forceinline__ void fetch() {
    const int tap = (rows_.tap_first + walk_.row * rows_.tap_step) * kernel_width_ + columns_.tap_first +
                    walk_.column * columns_.tap_step;
    const bool any = walk_.row < rows_.taps;
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      const int row = share::row(static_cast<int>(threadIdx.x), i);
      const unsigned at = static_cast<unsigned>(tap) * static_cast<unsigned>(tap_size_) +
                          static_cast<unsigned>(row) * static_cast<unsigned>(out_channels_) +
                          static_cast<unsigned>(walk_.channel);
      conv_read(weights_ + static_cast<int>(at), any && row < left_ && (!share::spare || row < Rows), values_[i]);
    }
    walk_.next();
  }

  __device__ __forceinline__ void put(typename Form::word* to) const {
    const int thread = static_cast<int>(threadIdx.x);
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      if (share::spare && share::row(thread, i) >= Rows) continue;
      stage::put_depth(to, share::row(thread, i), share::factor(thread), values_[i]);
    }
  }

 private:
  const float* weights_;
  int out_channels_, tap_size_, kernel_width_, left_;
  conv_line rows_, columns_;
  conv_walk<Form> walk_;
  float values_[share::items][Form::vector];
};

/// A matrix in rows: row n of the factor is column n of the matrix, whose rows are the steps of the sum.
template <class Form, int Rows>
class conv_matrix {
 public:
  using share = conv_row_share<Form, Rows>;
  using stage = conv_stage<Form, Rows, false>;

  /// `matrix` begins at the tile's first column and the sum's first row; `columns` and `rows` of it from there on.
  __device__ __forceinline__ conv_matrix(const float* matrix, int stride, int columns, int rows)
      : matrix_(matrix + share::row(static_cast<int>(threadIdx.x))),
        stride_(stride),
        rows_(share::row(static_cast<int>(threadIdx.x)) < columns ? rows : 0) {}

  __device__ __forceinline__ void fetch() {
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      MMREC_CUDA_UNROLL
      for (int j = 0; j < Form::pack; ++j) {
        const int word = share::word(static_cast<int>(threadIdx.x), i), row = first_ + word * Form::pack + j;
        conv_read(matrix_ + static_cast<int>(static_cast<unsigned>(row) * static_cast<unsigned>(stride_)),
                  row < rows_ && (!share::spare || word < Form::words), values_[i][j]);
      }
    }
    first_ += Form::depth;
  }

  __device__ __forceinline__ void put(typename Form::word* to) const {
    const int thread = static_cast<int>(threadIdx.x);
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      if (share::spare && share::word(thread, i) >= Form::words) continue;
      stage::put_rows(to, share::row(thread), share::word(thread, i), values_[i]);
    }
  }

 private:
  const float* matrix_;
  int stride_, rows_, first_ = 0;
  float values_[share::items][Form::pack][Form::vector];
};

/// The pixels that a weight meets: row m of the factor belongs to (tap, channel) m, the steps of the sum are output pixels.
template <class Form, int Rows, class Shape>
class conv_taps {
 public:
  using share = conv_row_share<Form, Rows>;
  using stage = conv_stage<Form, Rows, false>;

  /// `input` begins at the group's first channel; the tile at row `first` of the factor; the sum goes from output pixel
  /// `begin` to before `end`.
  __device__ __forceinline__ conv_taps(const Shape& shape, const float* input, int first, int begin, int end)
      : shape_(shape), input_(input), pixel_(begin), end_(end) {
    const int row = first + share::row(static_cast<int>(threadIdx.x));
    const int tap = row / shape.in_group;
    channel_ = row % shape.in_group;
    down_ = tap / shape.kernel_width * shape.dilation_height - shape.padding_height;
    right_ = tap % shape.kernel_width * shape.dilation_width - shape.padding_width;
    if (tap >= shape.kernel_height * shape.kernel_width) end_ = 0;
  }

  __device__ __forceinline__ void fetch() {
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      MMREC_CUDA_UNROLL
      for (int j = 0; j < Form::pack; ++j) {
        const int word = share::word(static_cast<int>(threadIdx.x), i), pixel = pixel_ + word * Form::pack + j;
        const conv_place place = output_place(shape_, pixel);
        const int row = place.row * shape_.stride_height + down_, column = place.column * shape_.stride_width + right_;
        const bool there = pixel < end_ && (!share::spare || word < Form::words) &&
                           static_cast<unsigned>(row) < static_cast<unsigned>(shape_.in_height) &&
                           static_cast<unsigned>(column) < static_cast<unsigned>(shape_.in_width);
        const unsigned line =
            static_cast<unsigned>(place.image) * static_cast<unsigned>(shape_.in_height) + static_cast<unsigned>(row);
        const unsigned at = (line * static_cast<unsigned>(shape_.in_width) + static_cast<unsigned>(column)) *
                                static_cast<unsigned>(shape_.in_channels) +
                            static_cast<unsigned>(channel_);
        conv_read(input_ + static_cast<int>(at), there, values_[i][j]);
      }
    }
    pixel_ += Form::depth;
  }

  __device__ __forceinline__ void put(typename Form::word* to) const {
    const int thread = static_cast<int>(threadIdx.x);
    MMREC_CUDA_UNROLL
    for (int i = 0; i < share::items; ++i) {
      if (share::spare && share::word(thread, i) >= Form::words) continue;
      stage::put_rows(to, share::row(thread), share::word(thread, i), values_[i]);
    }
  }

 private:
  Shape shape_;
  const float* input_;
  int pixel_, end_, channel_, down_, right_;
  float values_[share::items][Form::pack][Form::vector];
};

}  // namespace detail
}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
