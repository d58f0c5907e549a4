// mmrec/nn/layers/layer_norm.hpp - normalisation of each example or step over its features.
#pragma once
#include <array>
#include <cstddef>
#include <ratio>
#include <string_view>

#include <mmrec/kernel/norm.hpp>
#include <mmrec/nn/layer.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// y = (x - mean) / sqrt(variance + Epsilon) * weight + bias, over the features of an example or of a step.
///
///   layer_norm                        Epsilon 1e-5
///   basic_layer_norm<std::pico>       1e-12, BERT's
///
/// Shapes     keeps D or T x D; weight, bias: D
/// Cost       reads the input once; keeps 2 numbers an example or step
/// Result     a row depends on its own numbers alone; same bits for any number of threads
/// PyTorch    nn.LayerNorm(D, eps)
/// Reference  Ba, Kiros, Hinton, "Layer normalization", 2016
template <class Epsilon>
struct basic_layer_norm {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<flat<D>>;
  template <std::size_t D>
  struct on<sequence<D>>;
};
using layer_norm = basic_layer_norm<std::ratio<1, 100'000>>;

namespace detail {

template <class In, std::size_t D, class Epsilon>
struct layer_norm_on : layer_base<In, In> {
  static constexpr double epsilon = static_cast<double>(Epsilon::num) / static_cast<double>(Epsilon::den);
  static_assert(epsilon > 0.0);
  static constexpr std::array parameters{vector_spec("weight", D, fill::ones), vector_spec("bias", D, fill::zeros)};
  static constexpr std::string_view name() { return "layer_norm"; }
  static constexpr bool on_devices = true;

  template <class T>
  static constexpr std::size_t state_bytes(const dims<In>& in) {
    return 2 * (in.size() / D) * sizeof(T);
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t) {
    return kernel::norm_scratch({in.size() / D, 1, D, nullptr}) * sizeof(double);
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>&, std::size_t) {
    return 0;
  }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    const kernel::norm_shape shape{in.count, in.steps, D, lengths_of(in)};
    T* const mean = reinterpret_cast<T*>(memory.state);
    T* const inverse = mean == nullptr ? nullptr : mean + shape.rows();
    using kernel::layer_norm_forward;
    layer_norm_forward(pass.exec, shape, T(epsilon), in.data, memory.parameters, memory.parameters + D, out, mean, inverse,
                       pass.level);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>& memory) {
    const kernel::norm_shape shape{in.count, in.steps, D, lengths_of(in)};
    const T* const mean = reinterpret_cast<const T*>(memory.state);
    using kernel::layer_norm_backward;
    layer_norm_backward(pass.exec, shape, in.data, out_gradient, memory.parameters, mean, mean + shape.rows(),
                        memory.gradients, memory.gradients + D, in_gradient, reinterpret_cast<double*>(memory.scratch),
                        pass.level);
  }
};

}  // namespace detail

template <class Epsilon>
template <std::size_t D>
struct basic_layer_norm<Epsilon>::on<flat<D>> : detail::layer_norm_on<flat<D>, D, Epsilon> {};
template <class Epsilon>
template <std::size_t D>
struct basic_layer_norm<Epsilon>::on<sequence<D>> : detail::layer_norm_on<sequence<D>, D, Epsilon> {};

}  // namespace nn
}  // namespace mmrec::inline v0
