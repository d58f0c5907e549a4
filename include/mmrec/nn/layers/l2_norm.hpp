// mmrec/nn/layers/l2_norm.hpp - vectors of length one.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <mmrec/core/executor.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

template <std::size_t D>
struct l2_norm_on : layer_base<flat<D>, flat<D>> {
  using In = flat<D>;
  static constexpr double least = 1e-12;  ///< what is shorter is divided by this
  static constexpr bool uses_output = true;
  static constexpr std::string_view name() { return "l2_norm"; }

  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    each(pass, in.count, [&](std::size_t row) {
      const T* const x = in.data + row * D;
      const T factor = T(1) / (std::max)(length(x), T(least));
      for (std::size_t i = 0; i < D; ++i) out[row * D + i] = x[i] * factor;
    });
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T* out, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>&) {
    if (in_gradient == nullptr) return;
    each(pass, in.count, [&](std::size_t row) {
      const T *const y = out + row * D, *const g = out_gradient + row * D;
      const T size = length(in.data + row * D);
      // Along y, the length is what changes, and it is taken out again.
      T along = 0;
      if (size > T(least)) {
        for (std::size_t i = 0; i < D; ++i) along += y[i] * g[i];
      }
      const T factor = T(1) / (std::max)(size, T(least));
      for (std::size_t i = 0; i < D; ++i) in_gradient[row * D + i] = (g[i] - along * y[i]) * factor;
    });
  }

 private:
  template <class T>
  static T length(const T* x) {
    double sum = 0.0;
    for (std::size_t i = 0; i < D; ++i) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
    return static_cast<T>(std::sqrt(sum));
  }
  template <executor Exec, class Body>
  static void each(const context<Exec>& pass, std::size_t count, const Body& body) {
    for_ranges(pass.exec, count, (std::max)(std::size_t{1}, std::size_t{32768} / D),
               [&](std::size_t begin, std::size_t end) {
                 for (std::size_t row = begin; row < end; ++row) body(row);
               });
  }
};

}  // namespace detail

/// y = x / ||x||, so that inner products are cosines; zeros stay zeros.
///
/// Shapes     keeps D
/// Cost       reads an example twice
/// Result     an example depends on itself alone; same bits for any number of threads
/// PyTorch    torch.nn.functional.normalize
struct l2_norm {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<flat<D>> : detail::l2_norm_on<D> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
