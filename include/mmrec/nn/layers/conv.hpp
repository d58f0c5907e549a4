// mmrec/nn/layers/conv.hpp - what convolutions over pictures and over sequences share.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/conv2d.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/hw.hpp>
#include <mmrec/nn/layers/padding.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The padding of conv that keeps the size at stride 1: dilation * (kernel - 1) / 2 zeros on each side, for odd kernels.
inline constexpr std::size_t same = static_cast<std::size_t>(-1);

/// Options of a convolution: conv2d<64, 7, conv{.stride = 2, .bias = false}>. Of extents, conv1d takes the width.
struct conv {
  hw stride = 1;
  hw padding = same;       ///< zeros on each side
  hw dilation = 1;         ///< distance of the inputs that neighbouring weights meet
  std::size_t groups = 1;  ///< output channels see the input channels of their own group; as many as channels: depthwise
  bool bias = true;        ///< best false where a batch_norm follows, which takes it out again

  friend constexpr bool operator==(const conv&, const conv&) = default;
};

/// Channels can be shared out among groups.
template <std::size_t Groups, std::size_t InChannels, std::size_t OutChannels>
concept groups_divide_channels = Groups != 0 && InChannels % Groups == 0 && OutChannels % Groups == 0;

/// A window of Window pixels fits into Padded ones, a picture's and the zeros around it.
template <std::size_t Window, std::size_t Padded>
concept window_fits = Window != 0 && Window <= Padded;

namespace detail {

constexpr std::size_t conv_padding(std::size_t asked, std::size_t kernel, std::size_t dilation) {
  return asked == same ? dilation * (kernel - 1) / 2 : asked;
}
constexpr bool conv_padding_exists(const hw& asked, const hw& kernel) {
  return (asked.height != same || kernel.height % 2 == 1) && (asked.width != same || kernel.width % 2 == 1);
}

/// "conv2d<64, 7, stride 2, padding 3>": what is not as usual is named.
inline std::string conv_name(const std::string& layer, std::size_t out, const hw& kernel, const conv& options) {
  std::string text = layer + '<' + std::to_string(out) + ", " + text_of(kernel);
  if (options.stride != hw(1)) text += ", stride " + text_of(options.stride);
  if (options.padding != hw(same)) text += ", padding " + text_of(options.padding);
  if (options.dilation != hw(1)) text += ", dilation " + text_of(options.dilation);
  if (options.groups != 1) text += ", groups " + std::to_string(options.groups);
  return text + '>';
}

/// The sizes of a convolution over C channels of Height rows and Width columns.
template <std::size_t C, std::size_t Height, std::size_t Width, std::size_t Out, hw Kernel, conv Options>
struct conv_sizes {
  static constexpr std::size_t padding_height = conv_padding(Options.padding.height, Kernel.height, Options.dilation.height);
  static constexpr std::size_t padding_width = conv_padding(Options.padding.width, Kernel.width, Options.dilation.width);

  static constexpr kernel::conv2d_shape shape{.in_channels = C,
                                              .in_height = Height,
                                              .in_width = Width,
                                              .out_channels = Out,
                                              .kernel_height = Kernel.height,
                                              .kernel_width = Kernel.width,
                                              .stride_height = Options.stride.height,
                                              .stride_width = Options.stride.width,
                                              .padding_height = padding_height,
                                              .padding_width = padding_width,
                                              .dilation_height = Options.dilation.height,
                                              .dilation_width = Options.dilation.width,
                                              .groups = groups_divide_channels<Options.groups, C, Out> ? Options.groups : 1};

  static void check() {
    static_assert(Out != 0 && Options.stride.height != 0 && Options.stride.width != 0 && Options.dilation.height != 0 &&
                      Options.dilation.width != 0,
                  "mmrec: a convolution's channels, strides and dilations are at least 1");
    static_assert(
        conv_padding_exists(Options.padding, Kernel),
        "mmrec: a kernel of even size cannot be padded alike on both sides so that the size is kept: say how much with "
        "conv{.padding = ...}");
    static_assert(
        groups_divide_channels<Options.groups, C, Out>,
        "mmrec: the groups of a convolution must divide its channels; the line below has groups_divide_channels<GROUPS, "
        "CHANNELS IN, CHANNELS OUT>");
  }
};

/// The passes of a convolution. Sizes::shape has its sizes, of which a sequence's width is known at run time only.
template <class In, class OutShape, class Sizes, bool Bias>
struct conv_on : layer_base<In, OutShape> {
  static constexpr bool absorbs = true, adds = true, on_devices = true;
  static constexpr kernel::conv2d_shape fixed = Sizes::shape;
  static constexpr std::size_t out_channels = fixed.out_channels;

  static void check_wiring() { Sizes::check(); }

  static constexpr kernel::conv2d_shape shape_for(std::size_t steps) {
    kernel::conv2d_shape shape = fixed;
    if constexpr (has_steps<In>) shape.in_width = steps;
    return shape;
  }
  /// As the kernels take it: a picture's is known to the compiler.
  static constexpr auto kernel_shape_for(std::size_t steps) {
    if constexpr (has_steps<In>) {
      return shape_for(steps);
    } else {
      return kernel::constant_conv2d<fixed>{};
    }
  }
  static constexpr length_window window_of_lengths{fixed.kernel_width, fixed.stride_width, fixed.padding_width,
                                                   fixed.dilation_width};
  static constexpr bool changes_steps =
      has_steps<In> &&
      (fixed.stride_width != 1 || 2 * fixed.padding_width != fixed.dilation_width * (fixed.kernel_width - 1));
  static constexpr std::size_t steps(std::size_t in) {
    if constexpr (has_steps<In>) {
      return in == 0 ? 0 : shape_for(in).out_width();
    } else {
      return 1;
    }
  }
  static constexpr std::uint64_t multiply_adds(std::size_t steps) { return shape_for(steps).multiply_adds(); }

  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    const auto shape = shape_for(in.steps);
    return (std::max)({sizeof(T) * kernel::conv2d_forward_scratch<T>(shape, in.count, concurrency),
                       sizeof(T) * kernel::conv2d_backward_input_scratch<T>(shape, in.count, concurrency),
                       sizeof(T) * kernel::conv2d_backward_weights_scratch<T>(shape, in.count, concurrency),
                       lengths_bytes(in)});
  }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    if (gives_nothing(in)) return;
    using kernel::conv2d_forward;
    const kernel::conv2d_epilogue<T> epilogue{.bias = Bias ? memory.parameters + fixed.weights() : nullptr};
    conv2d_forward(pass.exec, kernel_shape_for(in.steps), in.count, in.data, memory.parameters, epilogue, out,
                   reinterpret_cast<T*>(memory.scratch), pass.level);
    zero_output_padding(pass.exec, in, out, memory.scratch);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>& memory) {
    if (gives_nothing(in)) {
      using kernel::fill;
      if (in_gradient != nullptr) fill(pass.exec, in.size().size(), T(0), in_gradient);
      return;
    }
    using kernel::conv2d_backward_input;
    using kernel::conv2d_backward_weights;
    const auto shape = kernel_shape_for(in.steps);
    T* const scratch = reinterpret_cast<T*>(memory.scratch);
    conv2d_backward_weights(pass.exec, shape, in.count, in.data, out_gradient, memory.gradients,
                            Bias ? memory.gradients + fixed.weights() : nullptr, scratch, pass.level);
    if (in_gradient == nullptr) return;
    conv2d_backward_input(pass.exec, shape, in.count, memory.parameters, out_gradient, in_gradient, scratch, pass.level);
    zero_padding(pass.exec, in, fixed.in_channels, in_gradient);
  }

  template <class T>
  static constexpr std::size_t frozen_size() {
    return kernel::conv2d_packed_size<T>(fixed) + out_channels;
  }
  template <class T>
  static void freeze_folded(const T* trained, const T* scale, const T* shift, frozen_form form, T* frozen) {
    std::vector<T> folded(trained, trained + fixed.weights());
    if (scale != nullptr) {
      for (std::size_t i = 0; i < folded.size(); ++i) folded[i] *= scale[i % out_channels];
    }
    if (form == frozen_form::plain) {
      std::copy(folded.begin(), folded.end(), frozen);
    } else {
      kernel::conv2d_pack(exec::cpu{.threads = 1}, fixed, folded.data(), frozen);
    }
    T* const bias = frozen + kernel::conv2d_packed_size<T>(fixed);
    for (std::size_t channel = 0; channel < out_channels; ++channel) {
      const T own = Bias ? trained[fixed.weights() + channel] : T(0);
      bias[channel] = scale == nullptr ? own : own * scale[channel] + shift[channel];
    }
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    return (std::max)(sizeof(T) * kernel::conv2d_forward_scratch<T>(shape_for(in.steps), in.count, concurrency),
                      lengths_bytes(in));
  }
  template <fused_activation Activation, backend Exec, class T>
  static void infer_fused(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen,
                          std::byte* scratch) {
    infer_added<Activation>(pass, in, static_cast<const T*>(nullptr), out, frozen, scratch);
  }
  template <fused_activation Activation, backend Exec, class T>
  static void infer_added(const context<Exec>& pass, const batch_view<In, T>& in, const T* addend, T* out, const T* frozen,
                          std::byte* scratch) {
    if (gives_nothing(in)) return;
    constexpr auto activation =
        Activation == fused_activation::relu ? kernel::conv2d_activation::relu : kernel::conv2d_activation::none;
    const kernel::conv2d_epilogue<T> epilogue{
        .bias = frozen + kernel::conv2d_packed_size<T>(fixed), .residual = addend, .activation = activation};
    if constexpr (device_queue<Exec>) {
      conv2d_forward(pass.exec, kernel_shape_for(in.steps), in.count, in.data, frozen, epilogue, out,
                     static_cast<T*>(nullptr), pass.level);
    } else {
      kernel::conv2d_forward_packed(pass.exec, shape_for(in.steps), in.count, in.data, frozen, epilogue, out,
                                    reinterpret_cast<T*>(scratch), pass.level);
    }
    zero_output_padding(pass.exec, in, out, scratch);
  }

 private:
  /// No examples, or sequences shorter than the kernel.
  template <class T>
  static bool gives_nothing(const batch_view<In, T>& in) {
    return in.count == 0 || steps(in.steps) == 0;
  }
  static constexpr std::size_t lengths_bytes(const dims<In>& in) {
    return has_steps<In> ? in.count * sizeof(std::uint32_t) : 0;
  }
  template <backend Exec, class T>
  static void zero_output_padding(const Exec& exec, const batch_view<In, T>& in, T* out, std::byte* scratch) {
    if constexpr (has_steps<In>) {
      if (in.lengths == nullptr) return;
      using kernel::window_lengths;
      using kernel::zero_beyond;
      constexpr length_window w = window_of_lengths;
      std::uint32_t* const lengths = reinterpret_cast<std::uint32_t*>(scratch);
      window_lengths(exec, in.count, in.lengths, w.window, w.stride, w.padding, w.dilation, lengths);
      zero_beyond(exec, in.count, steps(in.steps), static_cast<const std::uint32_t*>(lengths), out_channels, out);
    }
  }
};

/// The tensors of a convolution: those of conv_on, with the weight's axes as PyTorch has them, the spatial ones first.
template <class Sizes, bool Bias, bool Sequence>
constexpr auto conv_parameters() {
  constexpr kernel::conv2d_shape s = Sizes::shape;
  constexpr std::size_t inner = s.in_channels / s.groups, fan = s.kernel_height * s.kernel_width * inner;
  constexpr auto weight =
      Sequence
          ? tensor_spec{"weight", {s.kernel_width, inner, s.out_channels}, 3, fill::uniform, fan, torch_layout::output_first}
          : tensor_spec{"weight", {s.kernel_height, s.kernel_width, inner, s.out_channels},
                        4,        fill::uniform,
                        fan,      torch_layout::output_first};
  if constexpr (Bias) {
    return std::array{weight, vector_spec("bias", s.out_channels, fill::uniform, fan)};
  } else {
    return std::array{weight};
  }
}

}  // namespace detail
}  // namespace nn
}  // namespace mmrec::inline v0
