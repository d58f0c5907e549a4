// mmrec/nn/layers/adaptive_avg_pool.hpp - averages that make any picture one of a given size.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>

#include <mmrec/core/executor.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/layers/hw.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// Cuts each side of a picture into as many parts as asked for and gives their averages. Parts overlap by a pixel where the
/// side does not divide evenly, and repeat pixels where it is shorter.
///
///   adaptive_avg_pool<7>           7 x 7
///
/// Shapes     C x H x W -> C x Size.height x Size.width; part i of n begins at floor(i H / n), ends at ceil((i + 1) H / n)
/// Cost       reads each pixel once or twice; a copy where the picture has that size
/// Result     same bits for any number of threads
/// PyTorch    nn.AdaptiveAvgPool2d
template <hw Size>
struct adaptive_avg_pool {
  static_assert(Size.height != 0 && Size.width != 0);
  template <class In>
  struct on;
  template <std::size_t C, std::size_t H, std::size_t W>
  struct on<chw<C, H, W>> : layer_base<chw<C, H, W>, chw<C, Size.height, Size.width>> {
    using In = chw<C, H, W>;
    static std::string name() { return "adaptive_avg_pool<" + detail::text_of(Size) + '>'; }

    template <executor Exec, class T>
    static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
      each_part(pass, in.count, [&](std::size_t from, std::size_t to, std::size_t rows, std::size_t columns) {
        const T share = T(1) / static_cast<T>(rows * columns);
        T* const sum = out + to;
        std::fill_n(sum, C, T(0));
        each_pixel(from, rows, columns, [&](std::size_t pixel) {
          for (std::size_t c = 0; c < C; ++c) sum[c] += in.data[pixel + c];
        });
        for (std::size_t c = 0; c < C; ++c) sum[c] *= share;
      });
    }
    template <executor Exec, class T>
    static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                         T* in_gradient, const layer_memory<T>&) {
      if (in_gradient == nullptr) return;
      std::fill_n(in_gradient, in.size().size(), T(0));
      each_part(pass, in.count, [&](std::size_t from, std::size_t to, std::size_t rows, std::size_t columns) {
        const T share = T(1) / static_cast<T>(rows * columns);
        each_pixel(from, rows, columns, [&](std::size_t pixel) {
          for (std::size_t c = 0; c < C; ++c) in_gradient[pixel + c] += out_gradient[to + c] * share;
        });
      });
    }

   private:
    /// Calls body(first element of the input, of the output, rows, columns) for each part; pictures go to different tasks.
    template <executor Exec, class Body>
    static void each_part(const context<Exec>& pass, std::size_t count, const Body& body) {
      for_ranges(pass.exec, count, (std::max)(std::size_t{1}, std::size_t{32768} / (C * H * W)),
                 [&](std::size_t begin, std::size_t end) {
                   for (std::size_t part = begin * Size.height; part < end * Size.height; ++part) {
                     const std::size_t picture = part / Size.height, i = part % Size.height;
                     const std::size_t top = i * H / Size.height, bottom = ((i + 1) * H + Size.height - 1) / Size.height;
                     for (std::size_t j = 0; j < Size.width; ++j) {
                       const std::size_t left = j * W / Size.width, right = ((j + 1) * W + Size.width - 1) / Size.width;
                       body(((picture * H + top) * W + left) * C, (part * Size.width + j) * C, bottom - top, right - left);
                     }
                   }
                 });
    }
    template <class Body>
    static void each_pixel(std::size_t from, std::size_t rows, std::size_t columns, const Body& body) {
      for (std::size_t row = 0; row < rows; ++row, from += W * C) {
        for (std::size_t column = 0; column < columns; ++column) body(from + column * C);
      }
    }
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0
