// mmrec/nn/layers/sinusoidal_positions.hpp - tells the steps of a sequence apart.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <string_view>

#include <mmrec/core/executor.hpp>
#include <mmrec/nn/layer.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

template <std::size_t D>
struct sinusoidal_positions_on : layer_base<sequence<D>, sequence<D>> {
  using In = sequence<D>;
  static constexpr std::string_view name() { return "sinusoidal_positions"; }

  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t) {
    return in.steps * D * sizeof(T);
  }
  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    if (in.count == 0) return;
    T* const waves = reinterpret_cast<T*>(memory.scratch);
    write_waves(in.steps, waves);
    for_ranges(pass.exec, in.count, 1, [&](std::size_t example, std::size_t) {
      const std::size_t first = example * in.steps * D, all = in.steps * D;
      const std::size_t used = (std::min)(in.steps, in.length(example)) * D;
      for (std::size_t i = 0; i < used; ++i) out[first + i] = in.data[first + i] + waves[i];
      std::fill(out + first + used, out + first + all, T(0));
    });
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>&, const batch_view<In, T>& in, const T*, const T* out_gradient, T* in_gradient,
                       const layer_memory<T>&) {
    if (in_gradient != nullptr) std::copy_n(out_gradient, in.size().size(), in_gradient);
  }

 private:
  static constexpr std::size_t pairs = (D + 1) / 2;

  /// Each pair of features is a hand of a clock; a step turns it by its own angle. Turning what the step before was takes
  /// no sine, and in double loses a unit in the last place a step.
  template <class T>
  static void write_waves(std::size_t steps, T* waves) {
    std::array<double, pairs> sine{}, cosine, turn_sine, turn_cosine;
    for (std::size_t pair = 0; pair < pairs; ++pair) {
      const double angle = std::pow(10000.0, -2.0 * static_cast<double>(pair) / static_cast<double>(D));
      cosine[pair] = 1.0;
      turn_sine[pair] = std::sin(angle);
      turn_cosine[pair] = std::cos(angle);
    }
    for (std::size_t step = 0; step < steps; ++step, waves += D) {
      for (std::size_t i = 0; i < D; ++i) waves[i] = static_cast<T>(i % 2 == 0 ? sine[i / 2] : cosine[i / 2]);
      for (std::size_t pair = 0; pair < pairs; ++pair) {
        const double turned = sine[pair] * turn_cosine[pair] + cosine[pair] * turn_sine[pair];
        cosine[pair] = cosine[pair] * turn_cosine[pair] - sine[pair] * turn_sine[pair];
        sine[pair] = turned;
      }
    }
  }
};

}  // namespace detail

/// Adds sin(t / 10000^(2 i / D)) to feature 2 i of step t and the cosine to feature 2 i + 1, so that attention, which looks
/// at a set of steps, can tell which is where. Nothing is learned and no length is too long.
///
/// Shapes     keeps T x D
/// Cost       one addition a number
/// Result     an example depends on itself alone; same bits for any number of threads
/// Reference  Vaswani et al., "Attention is all you need", NeurIPS 2017, section 3.5
struct sinusoidal_positions {
  template <class In>
  struct on;
  template <std::size_t D>
  struct on<sequence<D>> : detail::sinusoidal_positions_on<D> {};
};

}  // namespace nn
}  // namespace mmrec::inline v0
