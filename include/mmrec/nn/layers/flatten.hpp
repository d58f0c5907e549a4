// mmrec/nn/layers/flatten.hpp - a picture as one list of features.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/memory.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The numbers of a picture in PyTorch's order, channel by channel, so that the rows of a dense layer's weight after it are
/// those of PyTorch's.
///
/// Shapes     C x H x W -> C H W, from channels last to channels first; D stays as it is
/// Cost       one copy
/// PyTorch    nn.Flatten
struct flatten {
  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : layer_base<chw<C, H, W>, flat<C * H * W>> {
    static constexpr std::string_view name() { return "flatten"; }
    static constexpr bool on_devices = true;
    template <backend Exec, class T>
    static void forward(const context<Exec>& pass, const batch_view<chw<C, H, W>, T>& in, T* out, const layer_memory<T>&) {
      using kernel::transpose;
      transpose(pass.exec, in.count, H * W, C, in.data, out);
    }
    template <backend Exec, class T>
    static void backward(const context<Exec>& pass, const batch_view<chw<C, H, W>, T>& in, const T*, const T* out_gradient,
                         T* in_gradient, const layer_memory<T>&) {
      using kernel::transpose;
      if (in_gradient != nullptr) transpose(pass.exec, in.count, C, H * W, out_gradient, in_gradient);
    }
  };
  template <std::size_t D>
  struct on<flat<D>> : layer_base<flat<D>, flat<D>> {
    static constexpr std::string_view name() { return "flatten"; }
    static constexpr bool on_devices = true;
    template <backend Exec, class T>
    static void forward(const context<Exec>& pass, const batch_view<flat<D>, T>& in, T* out, const layer_memory<T>&) {
      using kernel::copy;
      copy(pass.exec, in.count * D, in.data, out);
    }
    template <backend Exec, class T>
    static void backward(const context<Exec>& pass, const batch_view<flat<D>, T>& in, const T*, const T* out_gradient,
                         T* in_gradient, const layer_memory<T>&) {
      using kernel::copy;
      if (in_gradient != nullptr) copy(pass.exec, in.count * D, out_gradient, in_gradient);
    }
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0
