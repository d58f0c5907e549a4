// mmrec/kernel/gru.hpp - gated recurrent units: one layer, one direction, forward and backward.
#pragma once
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/recurrent_driver.hpp>
#include <mmrec/kernel/detail/recurrent_types.hpp>

namespace mmrec::inline v0 {
namespace kernel {

// r, z = sigmoid(x W_. + h U_. + b_.), n = tanh(x W_n + b_n + r (h U_n + b_m)), h' = (1 - z) n + z h
//
// Shapes     I inputs, H hidden units, T steps. input weights I x 3H, recurrent weights H x 3H: blocks of H columns in the
//            order r z n. bias 4H in the order r, z, n of the input (b_n), n of the state (b_m). PyTorch: weight_ih_l0 and
//            weight_hh_l0 transposed; bias_ih_l0 + bias_hh_l0 for r and z, then n of the one and n of the other.
//            See recurrent_shape for lengths and reverse, recurrent_forward_task and recurrent_backward_task for the rest
// Memory     none is allocated. `scratch`, `packed` and `state` are the caller's, best aligned to 64 bytes; nothing in
//            `scratch` has to survive between calls
// Result     each example's numbers depend on that example and the weights alone: same bits alone and in any batch, for any
//            number of threads. Weight gradients add examples and steps in a fixed order. Levels agree within rounding
// Reference  Cho et al., "Learning phrase representations using RNN encoder-decoder", EMNLP 2014, with the reset gate applied
//            after the product, as cuDNN and PyTorch do

/// Elements of T of the packed weights.
template <class T>
constexpr std::size_t gru_packed_size(std::size_t inputs, std::size_t hidden) {
  return detail::recurrent_sizes<detail::gru_layout, T>{inputs, hidden}.packed();
}
/// Copies the weights into the order in which the forward pass reads them, the same for all levels.
template <executor Exec, class T>
void gru_pack(const Exec& exec, std::size_t inputs, std::size_t hidden, const recurrent_weights<T>& weights, T* packed) {
  detail::pack_recurrent<detail::gru_layout>(exec, inputs, hidden, weights, packed);
}

/// Elements of the state that a forward pass for training leaves to the backward pass: 4 T B H with H rounded up to whole
/// cache lines.
template <class T>
constexpr std::size_t gru_state_size(const recurrent_shape& shape) {
  return shape.batch * shape.steps * detail::recurrent_sizes<detail::gru_layout, T>{shape.inputs, shape.hidden}.record();
}

/// Elements of scratch of gru_forward_packed with an executor of this concurrency, with or without a state.
template <class T>
constexpr std::size_t gru_packed_scratch(const recurrent_shape& shape, bool training, std::size_t concurrency) {
  return detail::recurrent_slots(concurrency) * detail::forward_slot<detail::gru_layout, T>(shape, training, concurrency);
}
/// One forward pass with weights that gru_pack has packed.
/// Cost       6 T B H (I + H) operations
template <executor Exec, class T>
void gru_forward_packed(const Exec& exec, const recurrent_forward_task<T>& task, const T* packed, T* scratch,
                        simd_level level = best_simd_level()) {
  detail::forward_recurrent<detail::gru_layout>(exec, task, packed, scratch, level);
}

/// Elements of scratch of gru_forward.
template <class T>
constexpr std::size_t gru_forward_scratch(const recurrent_shape& shape, bool training, std::size_t concurrency) {
  return gru_packed_size<T>(shape.inputs, shape.hidden) + gru_packed_scratch<T>(shape, training, concurrency);
}
/// Packs the weights and does one forward pass.
template <executor Exec, class T>
void gru_forward(const Exec& exec, const recurrent_forward_task<T>& task, const recurrent_weights<T>& weights, T* scratch,
                 simd_level level = best_simd_level()) {
  gru_pack(exec, task.shape.inputs, task.shape.hidden, weights, scratch);
  gru_forward_packed(exec, task, static_cast<const T*>(scratch),
                     scratch + gru_packed_size<T>(task.shape.inputs, task.shape.hidden), level);
}

/// Elements of scratch of gru_backward.
template <class T>
constexpr std::size_t gru_backward_scratch(const recurrent_shape& shape, std::size_t concurrency) {
  return detail::backward_scratch<detail::gru_layout, T>(shape, concurrency);
}
/// The gradients of one forward pass (backpropagation through time).
/// Cost       12 T B H (I + H) operations
template <executor Exec, class T>
void gru_backward(const Exec& exec, const recurrent_backward_task<T>& task, const recurrent_weights<T>& weights, T* scratch,
                  simd_level level = best_simd_level()) {
  detail::backward_recurrent<detail::gru_layout>(exec, task, weights, scratch, level);
}

}  // namespace kernel
}  // namespace mmrec::inline v0
