// mmrec/kernel/rnn.hpp - the plain recurrent layer with tanh or relu: one layer, one direction, forward and backward.
#pragma once
#include <cstddef>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/recurrent_driver.hpp>
#include <mmrec/kernel/detail/recurrent_types.hpp>

namespace mmrec::inline v0 {
namespace kernel {

enum class rnn_activation { tanh, relu };

namespace detail {
template <class Use>
void with_rnn_layout(rnn_activation activation, const Use& use) {
  if (activation == rnn_activation::tanh) {
    use(rnn_layout<recurrent_kind::rnn_tanh>{});
  } else {
    use(rnn_layout<recurrent_kind::rnn_relu>{});
  }
}
using any_rnn = rnn_layout<recurrent_kind::rnn_tanh>;  // sizes do not depend on the activation
}  // namespace detail

// h' = activation(x W + h U + b)
//
// Shapes     I inputs, H hidden units, T steps. input weights I x H, recurrent weights H x H, bias H. PyTorch: weight_ih_l0 and
//            weight_hh_l0 transposed, bias_ih_l0 + bias_hh_l0.
//            See recurrent_shape for lengths and reverse, recurrent_forward_task and recurrent_backward_task for the rest
// Memory     none is allocated. `scratch`, `packed` and `state` are the caller's, best aligned to 64 bytes; nothing in
//            `scratch` has to survive between calls
// Result     each example's numbers depend on that example and the weights alone: same bits alone and in any batch, for any
//            number of threads. Weight gradients add examples and steps in a fixed order. Levels agree within rounding
// Reference  Elman, "Finding structure in time", Cognitive Science 14, 1990

/// Elements of T of the packed weights.
template <class T>
constexpr std::size_t rnn_packed_size(std::size_t inputs, std::size_t hidden) {
  return detail::recurrent_sizes<detail::any_rnn, T>{inputs, hidden}.packed();
}
/// Copies the weights into the order in which the forward pass reads them, the same for all levels.
template <executor Exec, class T>
void rnn_pack(const Exec& exec, std::size_t inputs, std::size_t hidden, const recurrent_weights<T>& weights, T* packed) {
  detail::pack_recurrent<detail::any_rnn>(exec, inputs, hidden, weights, packed);
}

/// Elements of the state that a forward pass for training leaves to the backward pass: T B H with H rounded up to whole
/// cache lines.
template <class T>
constexpr std::size_t rnn_state_size(const recurrent_shape& shape) {
  return shape.batch * shape.steps * detail::recurrent_sizes<detail::any_rnn, T>{shape.inputs, shape.hidden}.record();
}

/// Elements of scratch of rnn_forward_packed with an executor of this concurrency, with or without a state.
template <class T>
constexpr std::size_t rnn_packed_scratch(const recurrent_shape& shape, bool training, std::size_t concurrency) {
  return detail::recurrent_slots(concurrency) * detail::forward_slot<detail::any_rnn, T>(shape, training, concurrency);
}
/// One forward pass with weights that rnn_pack has packed.
/// Cost       2 T B H (I + H) operations
template <executor Exec, class T>
void rnn_forward_packed(const Exec& exec, rnn_activation activation, const recurrent_forward_task<T>& task, const T* packed,
                        T* scratch, simd_level level = best_simd_level()) {
  detail::with_rnn_layout(
      activation, [&]<class Layout>(Layout) { detail::forward_recurrent<Layout>(exec, task, packed, scratch, level); });
}

/// Elements of scratch of rnn_forward.
template <class T>
constexpr std::size_t rnn_forward_scratch(const recurrent_shape& shape, bool training, std::size_t concurrency) {
  return rnn_packed_size<T>(shape.inputs, shape.hidden) + rnn_packed_scratch<T>(shape, training, concurrency);
}
/// Packs the weights and does one forward pass.
template <executor Exec, class T>
void rnn_forward(const Exec& exec, rnn_activation activation, const recurrent_forward_task<T>& task,
                 const recurrent_weights<T>& weights, T* scratch, simd_level level = best_simd_level()) {
  rnn_pack(exec, task.shape.inputs, task.shape.hidden, weights, scratch);
  rnn_forward_packed(exec, activation, task, static_cast<const T*>(scratch),
                     scratch + rnn_packed_size<T>(task.shape.inputs, task.shape.hidden), level);
}

/// Elements of scratch of rnn_backward.
template <class T>
constexpr std::size_t rnn_backward_scratch(const recurrent_shape& shape, std::size_t concurrency) {
  return detail::backward_scratch<detail::any_rnn, T>(shape, concurrency);
}
/// The gradients of one forward pass (backpropagation through time).
/// Cost       4 T B H (I + H) operations
template <executor Exec, class T>
void rnn_backward(const Exec& exec, rnn_activation activation, const recurrent_backward_task<T>& task,
                  const recurrent_weights<T>& weights, T* scratch, simd_level level = best_simd_level()) {
  detail::with_rnn_layout(
      activation, [&]<class Layout>(Layout) { detail::backward_recurrent<Layout>(exec, task, weights, scratch, level); });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
