// mmrec/nn/layers/rnn.hpp - the plain recurrent layer.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/kernel/rnn.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/recurrent.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
template <kernel::rnn_activation Activation>
struct rnn_cell {
  static constexpr std::string_view name = "rnn";
  static constexpr std::size_t gates = 1, biases = 1;
  static constexpr torch_layout torch_bias = torch_layout::summed_biases;

  template <class T>
  static constexpr std::size_t packed_size(std::size_t inputs, std::size_t hidden) {
    return kernel::rnn_packed_size<T>(inputs, hidden);
  }
  template <executor Exec, class T>
  static void pack(const Exec& exec, std::size_t inputs, std::size_t hidden, const kernel::recurrent_weights<T>& weights,
                   T* packed) {
    kernel::rnn_pack(exec, inputs, hidden, weights, packed);
  }
  template <class T>
  static constexpr std::size_t state_size(const kernel::recurrent_shape& shape) {
    return kernel::rnn_state_size<T>(shape);
  }
  template <class T>
  static constexpr std::size_t packed_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t concurrency) {
    return kernel::rnn_packed_scratch<T>(shape, training, concurrency);
  }
  template <executor Exec, class T>
  static void forward_packed(const Exec& exec, const kernel::recurrent_forward_task<T>& task, const T* packed, T* scratch,
                             kernel::simd_level level) {
    kernel::rnn_forward_packed(exec, Activation, task, packed, scratch, level);
  }
  template <class T>
  static constexpr std::size_t backward_scratch(const kernel::recurrent_shape& shape, std::size_t concurrency) {
    return kernel::rnn_backward_scratch<T>(shape, concurrency);
  }
  template <executor Exec, class T>
  static void backward(const Exec& exec, const kernel::recurrent_backward_task<T>& task,
                       const kernel::recurrent_weights<T>& weights, T* scratch, kernel::simd_level level) {
    kernel::rnn_backward(exec, Activation, task, weights, scratch, level);
  }
};
}  // namespace detail

/// The function of nn::rnn.
using kernel::rnn_activation;

/// The plain recurrent layer: h = activation(x W + h U + b).
///
///   rnn<64>                                                                    what a sequence ends in
///   rnn<64, recurrent{.bidirectional = true}, rnn_activation::relu>
///
/// Shapes     T x D -> Hidden, or T x Hidden where every step is asked for; 2 Hidden with two directions. An example of length 0
///            gives zeros
/// Cost       Hidden (D + Hidden) multiplications a step
/// Result     same bits for any number of threads, and for a sequence alone or in a batch
/// Avoid when sequences are long: gradients vanish; see lstm and gru
/// PyTorch    nn.RNN: weight_ih_l0 and weight_hh_l0 transposed, bias_l0 = bias_ih_l0 + bias_hh_l0
/// Reference  Elman, "Finding structure in time", Cognitive Science 14, 1990
template <std::size_t Hidden, recurrent Options = recurrent{}, rnn_activation Activation = rnn_activation::tanh>
struct rnn {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : detail::recurrent_on<D, Hidden, Options, detail::rnn_cell<Activation>> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
