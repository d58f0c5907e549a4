// mmrec/nn/layers/softmax.hpp - numbers that are positive and add up to one.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/activation.hpp>
#include <mmrec/nn/layers/padding.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
template <class In, std::size_t Width>
struct softmax_on : layer_base<In, In> {
  static constexpr bool uses_output = true;
  static constexpr bool on_devices = true;
  static constexpr std::string_view name() { return "softmax"; }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    using kernel::softmax_forward;
    softmax_forward(pass.exec, in.size().size() / Width, Width, nullptr, in.data, out, pass.level);
    zero_padding(pass.exec, in, Width, out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T* out, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>&) {
    if (in_gradient == nullptr) return;
    using kernel::softmax_backward;
    softmax_backward(pass.exec, in.size().size() / Width, Width, out, out_gradient, in_gradient, pass.level);
  }
};
}  // namespace detail

/// y = exp(x) / sum of exp(x), over the features: of an example, of each step of a sequence, of each pixel of a picture (its
/// channels).
///
/// Shapes     any, kept
/// Result     same bits for any number of threads
/// Avoid when a loss follows: nn::loss::softmax_cross_entropy takes what stands before the softmax, and is exact where it
///            rounds to 0
/// PyTorch    nn.Softmax(dim=1) of D and of C x H x W, dim=2 of T x D
struct softmax {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<flat<D>> : detail::softmax_on<flat<D>, D> {};
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : detail::softmax_on<chw<C, H, W>, C> {};
  template <std::size_t D>
  struct on<sequence<D>> : detail::softmax_on<sequence<D>, D> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
