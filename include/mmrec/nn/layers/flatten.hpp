// mmrec/nn/layers/flatten.hpp - a picture as one list of features.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

#include <mmrec/core/executor.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The numbers of a picture in PyTorch's order, channel by channel, so that the rows of a dense layer's weight after it are
/// those of PyTorch's.
///
/// Shapes     C x H x W -> C H W, from channels last to channels first; D stays as it is
/// Cost       one copy
/// PyTorch    nn.Flatten
struct flatten {
  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : layer_base<chw<C, H, W>, flat<C * H * W>> {
    static constexpr std::string_view name() { return "flatten"; }
    template <executor Exec, class T>
    static void forward(const context<Exec>& pass, const batch_view<chw<C, H, W>, T>& in, T* out, const layer_memory<T>&) {
      transpose<H * W, C>(pass, in.count, in.data, out);
    }
    template <executor Exec, class T>
    static void backward(const context<Exec>& pass, const batch_view<chw<C, H, W>, T>& in, const T*, const T* out_gradient,
                         T* in_gradient, const layer_memory<T>&) {
      if (in_gradient != nullptr) transpose<C, H * W>(pass, in.count, out_gradient, in_gradient);
    }
  };
  template <std::size_t D>
  struct on<flat<D>> : layer_base<flat<D>, flat<D>> {
    static constexpr std::string_view name() { return "flatten"; }
    template <executor Exec, class T>
    static void forward(const context<Exec>&, const batch_view<flat<D>, T>& in, T* out, const layer_memory<T>&) {
      std::copy_n(in.data, in.count * D, out);
    }
    template <executor Exec, class T>
    static void backward(const context<Exec>&, const batch_view<flat<D>, T>& in, const T*, const T* out_gradient,
                         T* in_gradient, const layer_memory<T>&) {
      if (in_gradient != nullptr) std::copy_n(out_gradient, in.count * D, in_gradient);
    }
  };

 private:
  /// Each example from Rows x Columns to Columns x Rows.
  template <std::size_t Rows, std::size_t Columns, executor Exec, class T>
  static void transpose(const context<Exec>& pass, std::size_t count, const T* from, T* to) {
    constexpr std::size_t size = Rows * Columns, tile = 16;
    for_ranges(pass.exec, count, (std::max)(std::size_t{1}, std::size_t{32768} / size),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t example = begin; example < end; ++example) {
                   const T* const source = from + example * size;
                   T* const target = to + example * size;
                   if constexpr (Rows == 1 || Columns == 1) {
                     std::copy_n(source, size, target);
                   } else {
                     for (std::size_t top = 0; top < Rows; top += tile) {
                       const std::size_t bottom = (std::min)(Rows, top + tile);
                       for (std::size_t column = 0; column < Columns; ++column) {
                         for (std::size_t row = top; row < bottom; ++row)
                           target[column * Rows + row] = source[row * Columns + column];
                       }
                     }
                   }
                 }
               });
  }
};

}  // namespace nn
}  // namespace mmrec::inline v0
