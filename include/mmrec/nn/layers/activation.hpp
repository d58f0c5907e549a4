// mmrec/nn/layers/activation.hpp - functions applied to each number.
#pragma once
#include <cstddef>
#include <string_view>
#include <type_traits>

#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/padding.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// Layers that keep the shape and map each number by Function, which has forward(exec, count, x, y, level),
/// backward(exec, count, x, y, y gradient, x gradient, level), its name, uses_output, and keeps_zero: that it maps 0 to 0.
template <class In, class Function>
struct elementwise_on : layer_base<In, In> {
  static constexpr bool uses_output = Function::uses_output;
  static constexpr bool on_devices = true;
  static constexpr std::string_view name() { return Function::name; }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    Function::forward(pass.exec, in.size().size(), in.data, out, pass.level);
    if constexpr (!Function::keeps_zero) zero_padding(pass.exec, in, shape_size<In>::of(1), out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T* out, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>&) {
    if (in_gradient == nullptr) return;
    Function::backward(pass.exec, in.size().size(), in.data, out, out_gradient, in_gradient, pass.level);
  }
};

/// Shapes of real numbers, of which some function is to be taken.
template <class S>
concept real_shape = shape<S> && !is_bundle<S> && !std::is_same_v<S, ids>;

}  // namespace detail
}  // namespace nn
}  // namespace mmrec::inline v0
