// mmrec/kernel/pool2d_shape.hpp - the sizes of a pooling.
#pragma once
#include <cstddef>

namespace mmrec::inline v0 {
namespace kernel {

/// Sizes of a pooling. Channels last: input images x in_height x in_width x channels, output images x out_height() x
/// out_width() x channels. A sequence of T steps has in_height = window_height = stride_height = 1, in_width = T.
/// Windows and strides are at least 1; padding is at most half a window, so that every window meets the picture.
struct pool2d_shape {
  std::size_t channels = 1;
  std::size_t in_height = 1;
  std::size_t in_width = 1;
  std::size_t window_height = 1;
  std::size_t window_width = 1;
  std::size_t stride_height = 1;
  std::size_t stride_width = 1;
  std::size_t padding_height = 0;
  std::size_t padding_width = 0;

  static constexpr std::size_t positions(std::size_t input, std::size_t window, std::size_t stride, std::size_t padding) {
    return input == 0 || input + 2 * padding < window ? 0 : (input + 2 * padding - window) / stride + 1;
  }
  constexpr std::size_t out_height() const { return positions(in_height, window_height, stride_height, padding_height); }
  constexpr std::size_t out_width() const { return positions(in_width, window_width, stride_width, padding_width); }
  constexpr std::size_t in_size() const { return in_height * in_width * channels; }         ///< elements of one image
  constexpr std::size_t out_size() const { return out_height() * out_width() * channels; }  ///< elements of one result

  friend bool operator==(const pool2d_shape&, const pool2d_shape&) = default;
};

/// A shape that the compiler knows; see constant_conv2d.
template <pool2d_shape Shape>
struct constant_pool2d {
  constexpr operator pool2d_shape() const { return Shape; }  // NOLINT: implicit, it is the same shape
};

/// What an average is divided by at the border: the whole window, as PyTorch does by default, or its part in the picture.
enum class pool_divisor { window, inside };

}  // namespace kernel
}  // namespace mmrec::inline v0
