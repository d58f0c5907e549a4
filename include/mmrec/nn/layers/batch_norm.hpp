// mmrec/nn/layers/batch_norm.hpp - normalisation of each feature over a batch.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/norm.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/memory.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// y = (x - mean) / sqrt(variance + 1e-5) * weight + bias. Training, mean and variance are those of the batch, one for each
/// channel of a picture, feature of an example or feature of a step; steps beyond an example's length do not count. Else
/// they are the running ones, which training moves by a tenth towards each batch's; a convolution or dense layer before
/// takes them into its weights then, at no cost.
///
/// Shapes     keeps C x H x W, D or T x D; weight, bias, running_mean, running_var: C or D
/// Cost       reads the input twice, its gradient's inputs twice; keeps 2 numbers a channel
/// Result     sums in double: same bits for any number of threads. An example's output depends on its batch while
///            training, and on nothing else otherwise. A batch of one value a channel has variance 0 and leaves the running
///            variance as it is, which PyTorch refuses
/// PyTorch    nn.BatchNorm1d, nn.BatchNorm2d; the count num_batches_tracked is not kept
/// Reference  Ioffe, Szegedy, "Batch normalization", ICML 2015
struct batch_norm {
  template <class In>
  struct on;
};

namespace detail {

/// A batch as rows of features; `pixels` rows an example without steps.
template <class In, class T>
kernel::norm_shape norm_shape_of(const batch_view<In, T>& in, std::size_t width, std::size_t pixels) {
  if constexpr (has_steps<In>) {
    return {in.count, in.steps, width, in.lengths};
  } else {
    return {in.count, pixels, width, nullptr};
  }
}
template <class In>
constexpr kernel::norm_shape norm_shape_of(const dims<In>& in, std::size_t width) {
  return {in.size() / width, 1, width, nullptr};
}

template <class In, std::size_t C, std::size_t Pixels>
struct batch_norm_on : layer_base<In, In> {
  static constexpr std::size_t channels = C;
  static constexpr bool on_devices = true;
  static constexpr double epsilon = 1e-5, momentum = 0.1;
  static constexpr std::array parameters{vector_spec("weight", C, fill::ones), vector_spec("bias", C, fill::zeros)};
  static constexpr std::array statistics{vector_spec("running_mean", C, fill::zeros),
                                         vector_spec("running_var", C, fill::ones)};
  static constexpr std::string_view name() { return "batch_norm"; }

  template <class T>
  static constexpr std::size_t state_bytes(const dims<In>&) {
    return 2 * C * sizeof(T);
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t) {
    return (std::max)(kernel::norm_scratch(norm_shape_of(in, C)) * sizeof(double), 2 * C * sizeof(T));
  }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    const kernel::norm_shape shape = norm_shape_of(in, C, Pixels);
    const T *const weight = memory.parameters, *const bias = weight + C;
    if (!pass.training) {
      using kernel::scale_and_shift;
      using kernel::statistics_scale;
      T *const scale = reinterpret_cast<T*>(memory.scratch), *const shift = scale + C;
      statistics_scale(pass.exec, C, epsilon, weight, bias, memory.statistics, memory.statistics + C, scale, shift);
      scale_and_shift(pass.exec, shape, in.data, static_cast<const T*>(scale), static_cast<const T*>(shift), out,
                      pass.level);
      return;
    }
    using kernel::batch_norm_forward;
    T* const mean = reinterpret_cast<T*>(memory.state);
    batch_norm_forward(pass.exec, shape, T(epsilon), T(momentum), in.data, weight, bias, memory.statistics,
                       memory.statistics + C, out, mean, mean + C, reinterpret_cast<double*>(memory.scratch), pass.level);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>& memory) {
    const T* const mean = reinterpret_cast<const T*>(memory.state);
    using kernel::batch_norm_backward;
    batch_norm_backward(pass.exec, norm_shape_of(in, C, Pixels), in.data, out_gradient, memory.parameters, mean, mean + C,
                        memory.gradients, memory.gradients + C, in_gradient, reinterpret_cast<double*>(memory.scratch),
                        pass.level);
  }

  /// What is left of it once the running statistics stand still: y = x * scale + shift.
  template <class T>
  static void scale_and_shift(const T* trained, const T* running, T* scale, T* shift) {
    kernel::statistics_scale(exec::cpu{}, C, epsilon, trained, trained + C, running, running + C, scale, shift);
  }
  template <class T>
  static constexpr std::size_t frozen_size() {
    return 2 * C;
  }
  template <class T>
  static void freeze(const T* trained, const T* running, T* frozen) {
    scale_and_shift(trained, running, frozen, frozen + C);
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>&, std::size_t) {
    return 0;
  }
  template <backend Exec, class T>
  static void infer(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen, std::byte*) {
    using kernel::scale_and_shift;
    scale_and_shift(pass.exec, norm_shape_of(in, C, Pixels), in.data, frozen, frozen + C, out, pass.level);
  }
};

}  // namespace detail

template <std::size_t D>
struct batch_norm::on<flat<D>> : detail::batch_norm_on<flat<D>, D, 1> {};
template <std::size_t D>
struct batch_norm::on<sequence<D>> : detail::batch_norm_on<sequence<D>, D, 1> {};
template <std::size_t C, std::size_t H, std::size_t W>
struct batch_norm::on<chw<C, H, W>> : detail::batch_norm_on<chw<C, H, W>, C, H * W> {};

}  // namespace nn
}  // namespace mmrec::inline v0
