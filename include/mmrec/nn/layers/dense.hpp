// mmrec/nn/layers/dense.hpp - a fully connected layer.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include <mmrec/kernel/affine.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/padding.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// y = x W + b, for each example or for each step of a sequence.
///
/// Shapes     D -> Out, T x D -> T x Out; weight D x Out, bias Out
/// Cost       D * Out multiplications an example or step
/// Result     same bits for any number of threads
/// PyTorch    nn.Linear, whose weight is Out x D
template <std::size_t Out, bool Bias = true>
struct dense {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<flat<D>>;
  template <std::size_t D>
  struct on<sequence<D>>;
};

namespace detail {

template <class In, class OutShape, std::size_t D, std::size_t Out, bool Bias>
struct dense_on : layer_base<In, OutShape> {
  static_assert(Out != 0);
  static constexpr bool absorbs = true;
  static constexpr bool on_devices = true;
  static constexpr auto parameters = [] {
    constexpr tensor_spec weight{"weight", {D, Out}, 2, fill::uniform, D, torch_layout::output_first};
    if constexpr (Bias) {
      return std::array{weight, vector_spec("bias", Out, fill::uniform, D)};
    } else {
      return std::array{weight};
    }
  }();

  static std::string name() { return "dense<" + std::to_string(Out) + '>'; }
  static constexpr std::uint64_t multiply_adds(std::size_t steps) { return std::uint64_t{D} * Out * steps; }

  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    const std::size_t rows = in.size() / D;
    return sizeof(T) * (std::max)({kernel::affine_scratch<T>(rows, D, Out, concurrency),
                                   kernel::affine_backward_input_scratch<T>(rows, D, Out, concurrency),
                                   kernel::affine_backward_weights_scratch<T>(rows, D, Out, concurrency)});
  }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    const std::size_t rows = in.size().size() / D;
    using kernel::affine;
    affine(pass.exec, rows, D, Out, in.data, memory.parameters, Bias ? memory.parameters + D * Out : nullptr, false, out,
           reinterpret_cast<T*>(memory.scratch), pass.level);
    if constexpr (Bias) zero_padding(pass.exec, in, Out, out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>& memory) {
    const std::size_t rows = in.size().size() / D;
    T* const scratch = reinterpret_cast<T*>(memory.scratch);
    using kernel::affine_backward_input;
    using kernel::affine_backward_weights;
    affine_backward_weights(pass.exec, rows, D, Out, in.data, out_gradient, memory.gradients,
                            Bias ? memory.gradients + D * Out : nullptr, scratch, pass.level);
    if (in_gradient == nullptr) return;
    affine_backward_input(pass.exec, rows, D, Out, out_gradient, memory.parameters, in_gradient, scratch, pass.level);
  }

  template <class T>
  static constexpr std::size_t frozen_size() {
    return kernel::gemm_packed_size<T>(D, Out) + Out;
  }
  template <class T>
  static void freeze_folded(const T* trained, const T* scale, const T* shift, frozen_form form, T* frozen) {
    std::vector<T> folded(trained, trained + D * Out);
    for (std::size_t i = 0; scale != nullptr && i < folded.size(); ++i) folded[i] *= scale[i % Out];
    if (form == frozen_form::plain) {
      std::copy(folded.begin(), folded.end(), frozen);
    } else {
      kernel::gemm_pack(D, Out, kernel::as_stored<T>(folded.data(), Out), frozen);
    }
    T* const biases = frozen + kernel::gemm_packed_size<T>(D, Out);
    for (std::size_t column = 0; column < Out; ++column) {
      const T bias = Bias ? trained[D * Out + column] : T(0);
      biases[column] = scale == nullptr ? bias : bias * scale[column] + shift[column];
    }
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    return sizeof(T) * kernel::affine_scratch<T>(in.size() / D, D, Out, concurrency);
  }
  template <fused_activation Activation, backend Exec, class T>
  static void infer_fused(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen,
                          std::byte* scratch) {
    const std::size_t rows = in.size().size() / D;
    const T* const biases = frozen + kernel::gemm_packed_size<T>(D, Out);
    constexpr bool relu = Activation == fused_activation::relu;
    if constexpr (device_queue<Exec>) {
      affine(pass.exec, rows, D, Out, in.data, frozen, biases, relu, out, static_cast<T*>(nullptr), pass.level);
    } else {
      kernel::affine_packed(pass.exec, rows, D, Out, in.data, frozen, biases, relu, out, reinterpret_cast<T*>(scratch),
                            pass.level);
    }
    zero_padding(pass.exec, in, Out, out);
  }
};

}  // namespace detail

template <std::size_t Out, bool Bias>
template <std::size_t D>
struct dense<Out, Bias>::on<flat<D>> : detail::dense_on<flat<D>, flat<Out>, D, Out, Bias> {};
template <std::size_t Out, bool Bias>
template <std::size_t D>
struct dense<Out, Bias>::on<sequence<D>> : detail::dense_on<sequence<D>, sequence<Out>, D, Out, Bias> {};

}  // namespace nn
}  // namespace mmrec::inline v0
