// mmrec/nn/layers/mean_pool.hpp - the mean of a sequence's steps.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

#include <mmrec/core/executor.hpp>
#include <mmrec/nn/layer.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

/// Examples of a task that goes through whole sequences.
template <class View>
std::size_t sequences_of_a_task(const View& in, std::size_t width) {
  return (std::max)(std::size_t{1}, std::size_t{32768} / (std::max)(std::size_t{1}, in.steps * width));
}

template <std::size_t D>
struct mean_pool_on : layer_base<sequence<D>, flat<D>> {
  using In = sequence<D>;
  static constexpr std::string_view name() { return "mean_pool"; }

  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>&) {
    for_ranges(pass.exec, in.count, sequences_of_a_task(in, D), [&](std::size_t begin, std::size_t end) {
      for (std::size_t example = begin; example < end; ++example) {
        const std::size_t length = (std::min)(in.steps, in.length(example));
        T* const to = out + example * D;
        std::fill_n(to, D, T(0));
        const T* from = in.data + example * in.steps * D;
        for (std::size_t step = 0; step < length; ++step, from += D) {
          for (std::size_t i = 0; i < D; ++i) to[i] += from[i];
        }
        if (length == 0) continue;
        const T share = T(1) / static_cast<T>(length);
        for (std::size_t i = 0; i < D; ++i) to[i] *= share;
      }
    });
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>&) {
    if (in_gradient == nullptr) return;
    for_ranges(pass.exec, in.count, sequences_of_a_task(in, D), [&](std::size_t begin, std::size_t end) {
      for (std::size_t example = begin; example < end; ++example) {
        const std::size_t length = (std::min)(in.steps, in.length(example));
        const T share = length == 0 ? T(0) : T(1) / static_cast<T>(length);
        const T* const from = out_gradient + example * D;
        T* to = in_gradient + example * in.steps * D;
        for (std::size_t step = 0; step < length; ++step, to += D) {
          for (std::size_t i = 0; i < D; ++i) to[i] = from[i] * share;
        }
        std::fill_n(to, (in.steps - length) * D, T(0));
      }
    });
  }
};

}  // namespace detail

/// The mean of the steps within an example's length; zeros for length 0. What sentence encoders make of BERT's last layer.
///
/// Shapes     T x D -> D
/// Cost       T D additions
/// Result     an example depends on itself alone; same bits for any number of threads
/// Reference  Reimers, Gurevych, "Sentence-BERT", EMNLP 2019
struct mean_pool {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : detail::mean_pool_on<D> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
