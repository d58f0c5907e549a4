// mmrec/kernel/lstm.hpp - long short-term memory: one layer, one direction, forward and backward.
#pragma once
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/recurrent_driver.hpp>
#include <mmrec/kernel/detail/recurrent_types.hpp>

namespace mmrec::inline v0 {
namespace kernel {

// i, f, o = sigmoid(x W_. + h U_. + b_.), g = tanh(x W_g + h U_g + b_g), c' = f c + i g, h' = o tanh(c')
//
// Shapes     I inputs, H hidden units, T steps. input weights I x 4H, recurrent weights H x 4H, bias 4H: blocks of H columns
//            in the order i f g o. PyTorch: weight_ih_l0 and weight_hh_l0 transposed, bias_ih_l0 + bias_hh_l0.
//            See recurrent_shape for lengths and reverse, recurrent_forward_task and recurrent_backward_task for the rest
// Memory     none is allocated. `scratch`, `packed` and `state` are the caller's, best aligned to 64 bytes; nothing in
//            `scratch` has to survive between calls
// Result     each example's numbers depend on that example and the weights alone: same bits alone and in any batch, for any
//            number of threads. Weight gradients add examples and steps in a fixed order. Levels agree within rounding
// Reference  Hochreiter, Schmidhuber, "Long short-term memory", Neural Computation 9(8), 1997; Gers et al. 2000 (forget gate)

/// Elements of T of the packed weights.
template <class T>
constexpr std::size_t lstm_packed_size(std::size_t inputs, std::size_t hidden) {
  return detail::recurrent_sizes<detail::lstm_layout, T>{inputs, hidden}.packed();
}
/// Copies the weights into the order in which the forward pass reads them, the same for all levels.
template <executor Exec, class T>
void lstm_pack(const Exec& exec, std::size_t inputs, std::size_t hidden, const recurrent_weights<T>& weights, T* packed) {
  detail::pack_recurrent<detail::lstm_layout>(exec, inputs, hidden, weights, packed);
}

/// Elements of the state that a forward pass for training leaves to the backward pass: 5 T B H with H rounded up to whole
/// cache lines.
template <class T>
constexpr std::size_t lstm_state_size(const recurrent_shape& shape) {
  return shape.batch * shape.steps * detail::recurrent_sizes<detail::lstm_layout, T>{shape.inputs, shape.hidden}.record();
}

/// Elements of scratch of lstm_forward_packed with an executor of this concurrency, with or without a state.
template <class T>
constexpr std::size_t lstm_packed_scratch(const recurrent_shape& shape, bool training, std::size_t concurrency) {
  return detail::recurrent_slots(concurrency) * detail::forward_slot<detail::lstm_layout, T>(shape, training, concurrency);
}
/// One forward pass with weights that lstm_pack has packed.
/// Cost       8 T B H (I + H) operations
template <executor Exec, class T>
void lstm_forward_packed(const Exec& exec, const recurrent_forward_task<T>& task, const T* packed, T* scratch,
                         simd_level level = best_simd_level()) {
  detail::forward_recurrent<detail::lstm_layout>(exec, task, packed, scratch, level);
}

/// Elements of scratch of lstm_forward.
template <class T>
constexpr std::size_t lstm_forward_scratch(const recurrent_shape& shape, bool training, std::size_t concurrency) {
  return lstm_packed_size<T>(shape.inputs, shape.hidden) + lstm_packed_scratch<T>(shape, training, concurrency);
}
/// Packs the weights and does one forward pass.
template <executor Exec, class T>
void lstm_forward(const Exec& exec, const recurrent_forward_task<T>& task, const recurrent_weights<T>& weights, T* scratch,
                  simd_level level = best_simd_level()) {
  lstm_pack(exec, task.shape.inputs, task.shape.hidden, weights, scratch);
  lstm_forward_packed(exec, task, static_cast<const T*>(scratch),
                      scratch + lstm_packed_size<T>(task.shape.inputs, task.shape.hidden), level);
}

/// Elements of scratch of lstm_backward.
template <class T>
constexpr std::size_t lstm_backward_scratch(const recurrent_shape& shape, std::size_t concurrency) {
  return detail::backward_scratch<detail::lstm_layout, T>(shape, concurrency);
}
/// The gradients of one forward pass (backpropagation through time).
/// Cost       16 T B H (I + H) operations
template <executor Exec, class T>
void lstm_backward(const Exec& exec, const recurrent_backward_task<T>& task, const recurrent_weights<T>& weights, T* scratch,
                   simd_level level = best_simd_level()) {
  detail::backward_recurrent<detail::lstm_layout>(exec, task, weights, scratch, level);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
