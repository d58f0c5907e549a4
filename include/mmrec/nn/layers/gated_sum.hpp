// mmrec/nn/layers/gated_sum.hpp - joins branches by a sum whose weights depend on the example.
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

template <std::size_t D, std::size_t Parts>
struct gated_sum_join : join_base<flat<D>> {
  static constexpr std::size_t parts = Parts;
  static constexpr std::array parameters{
      tensor_spec{"gate.weight", {Parts * D, Parts}, 2, fill::uniform, Parts* D, torch_layout::output_first},
      vector_spec("gate.bias", Parts, fill::zeros)};
  static constexpr std::string_view name() { return "gated_sum"; }
  static constexpr std::uint64_t multiply_adds() { return std::uint64_t{Parts} * D * (Parts + 1); }

  /// The gates.
  template <class T>
  static constexpr std::size_t state_bytes(std::size_t count) {
    return count * Parts * sizeof(T);
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(std::size_t count, std::size_t) {
    return count * Parts * sizeof(T);
  }

  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, std::size_t count, const std::array<const T*, parts>& inputs, T* out,
                      const layer_memory<T>& memory) {
    const T *const weight = memory.parameters, *const bias = weight + Parts * D * Parts;
    T* const gates = reinterpret_cast<T*>(memory.state == nullptr ? memory.scratch : memory.state);
    for (std::size_t example = 0; example < count; ++example) {
      T* const gate = std::copy_n(bias, Parts, gates + example * Parts) - Parts;
      for (std::size_t part = 0; part < Parts; ++part) {
        const T* const x = inputs[part] + example * D;
        for (std::size_t i = 0; i < D; ++i) {
          for (std::size_t j = 0; j < Parts; ++j) gate[j] += x[i] * weight[(part * D + i) * Parts + j];
        }
      }
    }
    kernel::softmax_forward(pass.exec, count, Parts, nullptr, gates, gates, pass.level);
    for (std::size_t example = 0; example < count; ++example) {
      T* const to = out + example * D;
      std::fill_n(to, D, T(0));
      for (std::size_t part = 0; part < Parts; ++part) {
        const T gate = gates[example * Parts + part];
        const T* const x = inputs[part] + example * D;
        for (std::size_t i = 0; i < D; ++i) to[i] += gate * x[i];
      }
    }
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>& pass, std::size_t count, const std::array<const T*, parts>& inputs, const T*,
                       const T* out_gradient, const std::array<T*, parts>& input_gradients, const layer_memory<T>& memory) {
    const T* const weight = memory.parameters;
    T *const by_weight = memory.gradients, *const by_bias = by_weight + Parts * D * Parts;
    const T* const gates = reinterpret_cast<const T*>(memory.state);
    T* const by_gates = reinterpret_cast<T*>(memory.scratch);
    for (std::size_t example = 0; example < count; ++example) {
      const T* const given = out_gradient + example * D;
      for (std::size_t part = 0; part < Parts; ++part) {
        const T* const x = inputs[part] + example * D;
        T dot = 0;
        for (std::size_t i = 0; i < D; ++i) dot += given[i] * x[i];
        by_gates[example * Parts + part] = dot;
      }
    }
    kernel::softmax_backward(pass.exec, count, Parts, gates, by_gates, by_gates, pass.level);
    for (std::size_t example = 0; example < count; ++example) {
      const T *const given = out_gradient + example * D, *const by_gate = by_gates + example * Parts;
      for (std::size_t j = 0; j < Parts; ++j) by_bias[j] += by_gate[j];
      for (std::size_t part = 0; part < Parts; ++part) {
        const T* const x = inputs[part] + example * D;
        T* const gradient = input_gradients[part] + example * D;
        const T gate = gates[example * Parts + part];
        for (std::size_t i = 0; i < D; ++i) {
          const std::size_t row = (part * D + i) * Parts;
          T value = gate * given[i];
          for (std::size_t j = 0; j < Parts; ++j) {
            value += by_gate[j] * weight[row + j];
            by_weight[row + j] += by_gate[j] * x[i];
          }
          gradient[i] = value;
        }
      }
    }
  }
};

}  // namespace detail

/// The sum of what the branches give, each with a weight that a dense layer and softmax make of all of them: how much an
/// example's text counts beside its picture depends on both. Gates that start near equal leave the mean of the branches.
///
/// Shapes     D, D, ... (n of them) -> D; gate.weight n D x n, gate.bias n
/// Cost       n D (n + 1) multiplications an example
/// Result     an example depends on itself alone; same bits for any number of threads
/// Reference  Arevalo, Solorio, Montes-y-Gomez, Gonzalez, "Gated multimodal units for information fusion", ICLR workshop
///            2017, with one gate a branch and the softmax of Jacobs, Jordan, Nowlan, Hinton, "Adaptive mixtures of local
///            experts", Neural Computation 3, 1991
struct gated_sum {
  template <class... Shapes>
  struct join;
  template <std::size_t D, std::same_as<flat<D>>... Rest>
  struct join<flat<D>, Rest...> : detail::gated_sum_join<D, 1 + sizeof...(Rest)> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
