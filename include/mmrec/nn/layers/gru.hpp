// mmrec/nn/layers/gru.hpp - gated recurrent units.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/kernel/gru.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/recurrent.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
struct gru_cell {
  static constexpr std::string_view name = "gru";
  static constexpr std::size_t gates = 3, biases = 4;
  static constexpr torch_layout torch_bias = torch_layout::gru_biases;

  template <class T>
  static constexpr std::size_t packed_size(std::size_t inputs, std::size_t hidden) {
    return kernel::gru_packed_size<T>(inputs, hidden);
  }
  template <executor Exec, class T>
  static void pack(const Exec& exec, std::size_t inputs, std::size_t hidden, const kernel::recurrent_weights<T>& weights,
                   T* packed) {
    kernel::gru_pack(exec, inputs, hidden, weights, packed);
  }
  template <class T>
  static constexpr std::size_t state_size(const kernel::recurrent_shape& shape) {
    return kernel::gru_state_size<T>(shape);
  }
  template <class T>
  static constexpr std::size_t packed_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t concurrency) {
    return kernel::gru_packed_scratch<T>(shape, training, concurrency);
  }
  template <executor Exec, class T>
  static void forward_packed(const Exec& exec, const kernel::recurrent_forward_task<T>& task, const T* packed, T* scratch,
                             kernel::simd_level level) {
    kernel::gru_forward_packed(exec, task, packed, scratch, level);
  }
  template <class T>
  static constexpr std::size_t backward_scratch(const kernel::recurrent_shape& shape, std::size_t concurrency) {
    return kernel::gru_backward_scratch<T>(shape, concurrency);
  }
  template <executor Exec, class T>
  static void backward(const Exec& exec, const kernel::recurrent_backward_task<T>& task,
                       const kernel::recurrent_weights<T>& weights, T* scratch, kernel::simd_level level) {
    kernel::gru_backward(exec, task, weights, scratch, level);
  }
};
}  // namespace detail

/// Gated recurrent units: r, z = sigmoid(x W + h U + b), n = tanh(x W + b + r (h U + b')), h = (1 - z) n + z h.
///
///   gru<64>                                                                    what a sequence ends in
///   gru<64, recurrent{.layers = 2, .output = recurrent_output::every_step}>    a state for each step
///
/// Shapes     T x D -> Hidden, or T x Hidden where every step is asked for; 2 Hidden with two directions. An example of length 0
///            gives zeros
/// Cost       3 Hidden (D + Hidden) multiplications a step
/// Result     same bits for any number of threads, and for a sequence alone or in a batch
/// PyTorch    nn.GRU: gates in the order r z n; weight_ih_l0 and weight_hh_l0 transposed, bias_l0 = r z of bias_ih_l0 +
///            bias_hh_l0, n of bias_ih_l0, n of bias_hh_l0
/// Reference  Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, with the reset gate applied
///            after the product, as cuDNN and PyTorch do
template <std::size_t Hidden, recurrent Options = recurrent{}>
struct gru {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : detail::recurrent_on<D, Hidden, Options, detail::gru_cell> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
