// mmrec/nn/layers/lstm.hpp - long short-term memory.
#pragma once
#include <cstddef>
#include <string_view>

#include <mmrec/kernel/lstm.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/recurrent.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {
struct lstm_cell {
  static constexpr std::string_view name = "lstm";
  static constexpr std::size_t gates = 4, biases = 4;
  static constexpr torch_layout torch_bias = torch_layout::summed_biases;

  template <class T>
  static constexpr std::size_t packed_size(std::size_t inputs, std::size_t hidden) {
    return kernel::lstm_packed_size<T>(inputs, hidden);
  }
  template <executor Exec, class T>
  static void pack(const Exec& exec, std::size_t inputs, std::size_t hidden, const kernel::recurrent_weights<T>& weights,
                   T* packed) {
    kernel::lstm_pack(exec, inputs, hidden, weights, packed);
  }
  template <class T>
  static constexpr std::size_t state_size(const kernel::recurrent_shape& shape) {
    return kernel::lstm_state_size<T>(shape);
  }
  template <class T>
  static constexpr std::size_t packed_scratch(const kernel::recurrent_shape& shape, bool training, std::size_t concurrency) {
    return kernel::lstm_packed_scratch<T>(shape, training, concurrency);
  }
  template <executor Exec, class T>
  static void forward_packed(const Exec& exec, const kernel::recurrent_forward_task<T>& task, const T* packed, T* scratch,
                             kernel::simd_level level) {
    kernel::lstm_forward_packed(exec, task, packed, scratch, level);
  }
  template <class T>
  static constexpr std::size_t backward_scratch(const kernel::recurrent_shape& shape, std::size_t concurrency) {
    return kernel::lstm_backward_scratch<T>(shape, concurrency);
  }
  template <executor Exec, class T>
  static void backward(const Exec& exec, const kernel::recurrent_backward_task<T>& task,
                       const kernel::recurrent_weights<T>& weights, T* scratch, kernel::simd_level level) {
    kernel::lstm_backward(exec, task, weights, scratch, level);
  }
};
}  // namespace detail

/// Long short-term memory: i, f, o = sigmoid(x W + h U + b), g = tanh(x W + h U + b), c = f c + i g, h = o tanh(c).
///
///   lstm<64>                                                                   what a sequence ends in
///   lstm<128, recurrent{.layers = 2, .bidirectional = true}>                   read twice, from both sides
///   lstm<64, recurrent{.output = recurrent_output::every_step}>                a state for each step
///
/// Shapes     T x D -> Hidden, or T x Hidden where every step is asked for; 2 Hidden with two directions. An example of length 0
///            gives zeros
/// Cost       4 Hidden (D + Hidden) multiplications a step
/// Result     same bits for any number of threads, and for a sequence alone or in a batch
/// PyTorch    nn.LSTM: gates in the order i f g o; weight_ih_l0 and weight_hh_l0 transposed, bias_l0 = bias_ih_l0 + bias_hh_l0
/// Reference  Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997; Gers et al. 2000
template <std::size_t Hidden, recurrent Options = recurrent{}>
struct lstm {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : detail::recurrent_on<D, Hidden, Options, detail::lstm_cell> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
