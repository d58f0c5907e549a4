// mmrec/nn/layers/product.hpp - joins branches by multiplying their features.
#pragma once
#include <array>
#include <concepts>
#include <cstddef>
#include <string_view>

#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The product of what the branches give, feature by feature. A dense<1> after it is a learned similarity of two branches.
///
/// Shapes     D, D, ... -> D
/// Reference  He, Liao, Zhang, Nie, Hu, Chua, "Neural collaborative filtering", WWW 2017, for the two-branch form
struct product {
  template <class... Shapes>
  struct join;
  template <std::size_t D, std::same_as<flat<D>>... Rest>
  struct join<flat<D>, Rest...> : join_base<flat<D>> {
    static constexpr std::size_t parts = 1 + sizeof...(Rest);
    static constexpr std::string_view name() { return "product"; }

    template <executor Exec, class T>
    static void forward(const context<Exec>&, std::size_t count, const std::array<const T*, parts>& inputs, T* out,
                        const layer_memory<T>&) {
      for (std::size_t i = 0; i < count * D; ++i) {
        T value = inputs[0][i];
        for (std::size_t part = 1; part < parts; ++part) value *= inputs[part][i];
        out[i] = value;
      }
    }
    template <executor Exec, class T>
    static void backward(const context<Exec>&, std::size_t count, const std::array<const T*, parts>& inputs, const T*,
                         const T* out_gradient, const std::array<T*, parts>& input_gradients, const layer_memory<T>&) {
      // The product of the others is multiplied anew: dividing the whole by one of them fails where that is zero.
      for (std::size_t part = 0; part < parts; ++part) {
        for (std::size_t i = 0; i < count * D; ++i) {
          T value = out_gradient[i];
          for (std::size_t other = 0; other < parts; ++other) {
            if (other != part) value *= inputs[other][i];
          }
          input_gradients[part][i] = value;
        }
      }
    }
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0
