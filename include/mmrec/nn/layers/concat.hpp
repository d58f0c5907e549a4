// mmrec/nn/layers/concat.hpp - joins branches by putting their features side by side.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <string_view>

#include <mmrec/nn/branches.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Side by side, in the order of the branches.
///
/// Shapes     D1, D2, ... -> D1 + D2 + ...
struct concat {
  template <class... Shapes>
  struct join;
  template <std::size_t... D>
  struct join<flat<D>...>;
};

template <std::size_t... D>
struct concat::join<flat<D>...> : join_base<flat<(D + ...)>> {
  static constexpr std::size_t parts = sizeof...(D);
  static constexpr std::array<std::size_t, parts> widths{D...};
  static constexpr std::size_t width = (D + ...);

  static constexpr std::string_view name() { return "concat"; }

  template <executor Exec, class T>
  static void forward(const context<Exec>&, std::size_t count, const std::array<const T*, parts>& inputs, T* out,
                      const layer_memory<T>&) {
    for (std::size_t example = 0; example < count; ++example) {
      for (std::size_t part = 0; part < parts; ++part) {
        out = std::copy_n(inputs[part] + example * widths[part], widths[part], out);
      }
    }
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>&, std::size_t count, const std::array<const T*, parts>&, const T*,
                       const T* out_gradient, const std::array<T*, parts>& input_gradients, const layer_memory<T>&) {
    for (std::size_t example = 0; example < count; ++example) {
      for (std::size_t part = 0; part < parts; ++part) {
        std::copy_n(out_gradient, widths[part], input_gradients[part] + example * widths[part]);
        out_gradient += widths[part];
      }
    }
  }
};

}  // namespace nn
}  // namespace mmrec::inline v0
