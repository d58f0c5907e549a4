// mmrec/nn/layers/first_token.hpp - the first step of a sequence.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

#include <mmrec/core/executor.hpp>
#include <mmrec/nn/layer.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

template <std::size_t D>
struct first_token_on : layer_base<sequence<D>, flat<D>> {
  using In = sequence<D>;
  static constexpr std::string_view name() { return "first_token"; }

  template <executor Exec, class T>
  static void forward(const context<Exec>&, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    for (std::size_t example = 0; example < in.count; ++example) {
      if (in.steps != 0 && in.length(example) != 0) {
        std::copy_n(in.data + example * in.steps * D, D, out + example * D);
      } else {
        std::fill_n(out + example * D, D, T(0));
      }
    }
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>&, const batch_view<In, T>& in, const T*, const T* out_gradient, T* in_gradient,
                       const layer_memory<T>&) {
    if (in_gradient == nullptr) return;
    std::fill_n(in_gradient, in.size().size(), T(0));
    for (std::size_t example = 0; example < in.count; ++example) {
      if (in.steps == 0 || in.length(example) == 0) continue;
      std::copy_n(out_gradient + example * D, D, in_gradient + example * in.steps * D);
    }
  }
};

}  // namespace detail

/// The first step alone, which stands for the whole where a network was trained to gather it there: BERT's [CLS]. Zeros
/// for an example of length 0.
///
/// Shapes     T x D -> D
/// Cost       one copy
/// Reference  Devlin, Chang, Lee, Toutanova, "BERT", NAACL 2019
struct first_token {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : detail::first_token_on<D> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
