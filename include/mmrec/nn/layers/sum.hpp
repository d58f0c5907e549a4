// mmrec/nn/layers/sum.hpp - joins branches by adding their features.
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>

#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The sum of what the branches give.
///
/// Shapes     D, D, ... -> D
struct sum {
  template <class... Shapes>
  struct join;
  template <std::size_t D, std::same_as<flat<D>>... Rest>
  struct join<flat<D>, Rest...> : join_base<flat<D>> {
    static constexpr std::size_t parts = 1 + sizeof...(Rest);
    static constexpr std::string_view name() { return "sum"; }

    template <executor Exec, class T>
    static void forward(const context<Exec>&, std::size_t count, const std::array<const T*, parts>& inputs, T* out,
                        const layer_memory<T>&) {
      std::copy_n(inputs[0], count * D, out);
      for (std::size_t part = 1; part < parts; ++part) {
        for (std::size_t i = 0; i < count * D; ++i) out[i] += inputs[part][i];
      }
    }
    template <executor Exec, class T>
    static void backward(const context<Exec>&, std::size_t count, const std::array<const T*, parts>&, const T*,
                         const T* out_gradient, const std::array<T*, parts>& input_gradients, const layer_memory<T>&) {
      for (T* const gradient : input_gradients) std::copy_n(out_gradient, count * D, gradient);
    }
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0
