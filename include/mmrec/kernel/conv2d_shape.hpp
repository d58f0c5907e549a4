// mmrec/kernel/conv2d_shape.hpp - the sizes of a convolution, and what it does to its sums.
#pragma once
#include <cstddef>

namespace mmrec::inline v0 {
namespace kernel {

/// Sizes of a convolution. Channels last everywhere:
///   input   images x in_height x in_width x in_channels
///   weights kernel_height x kernel_width x (in_channels / groups) x out_channels
///   output  images x out_height() x out_width() x out_channels
/// Output channel o belongs to group o / (out_channels / groups), and reads the input channels of that group alone. The kernel
/// is not flipped (cross-correlation, as networks have it). A sequence of T steps has in_height = kernel_height = 1,
/// in_width = T. Strides, dilations, kernel sizes and groups are at least 1, and groups divides both numbers of channels.
struct conv2d_shape {
  std::size_t in_channels = 1;
  std::size_t in_height = 1;
  std::size_t in_width = 1;
  std::size_t out_channels = 1;
  std::size_t kernel_height = 1;
  std::size_t kernel_width = 1;
  std::size_t stride_height = 1;
  std::size_t stride_width = 1;
  std::size_t padding_height = 0;
  std::size_t padding_width = 0;
  std::size_t dilation_height = 1;
  std::size_t dilation_width = 1;
  std::size_t groups = 1;

  /// Positions at which a kernel fits along an axis; 0 if the padded input is shorter than the kernel.
  static constexpr std::size_t positions(std::size_t input, std::size_t kernel, std::size_t stride, std::size_t padding,
                                         std::size_t dilation) {
    const std::size_t padded = input + 2 * padding, reach = dilation * (kernel - 1) + 1;
    return padded < reach ? 0 : (padded - reach) / stride + 1;
  }
  constexpr std::size_t out_height() const {
    return positions(in_height, kernel_height, stride_height, padding_height, dilation_height);
  }
  constexpr std::size_t out_width() const {
    return positions(in_width, kernel_width, stride_width, padding_width, dilation_width);
  }
  constexpr std::size_t in_size() const { return in_height * in_width * in_channels; }          ///< elements of one image
  constexpr std::size_t out_size() const { return out_height() * out_width() * out_channels; }  ///< elements of one result
  constexpr std::size_t weights() const { return kernel_height * kernel_width * (in_channels / groups) * out_channels; }
  /// Of one image, those with zeros around it included.
  constexpr std::size_t multiply_adds() const { return out_height() * out_width() * weights(); }

  friend bool operator==(const conv2d_shape&, const conv2d_shape&) = default;
};

/// A shape that the compiler knows: the kernels of a device are specialised for it, those of the CPU take it as it is.
template <conv2d_shape Shape>
struct constant_conv2d {
  constexpr operator conv2d_shape() const { return Shape; }  // NOLINT: implicit, it is the same shape
};

/// What a convolution applies to its sums, element by element, while it stores them.
enum class conv2d_activation { none, relu, leaky_relu };

/// output = activation(sum + bias + residual).
template <class T>
struct conv2d_epilogue {
  const T* bias = nullptr;      ///< one for each output channel; null: none
  const T* residual = nullptr;  ///< laid out as the output, which it may not overlap; null: none
  conv2d_activation activation = conv2d_activation::none;
  T slope = T(0.01);  ///< of leaky_relu, for negative values
};

}  // namespace kernel
}  // namespace mmrec::inline v0
