// mmrec/nn/inference.hpp - how a bound layer computes once its weights no longer change.
#pragma once
#include <algorithm>
#include <cstddef>

#include <mmrec/nn/layer.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// How frozen weights lie: packed for the kernels of the CPU, or in the places and of the sizes of these, but as they were
/// trained, for those of devices.
enum class frozen_form { packed, plain };

/// Activations that a layer can apply while it stores its output.
enum class fused_activation { none, relu };
/// The layer that normalises, if B does: its effect at inference is one scale and one shift a channel.
template <class B>
concept foldable_norm = requires(float* pointer) {
  B::scale_and_shift(pointer, pointer, pointer, pointer);
};
/// A layer that can apply an activation while it stores its output: infer_fused<Activation>(...).
template <class B>
concept absorbing_layer = requires {
  requires B::absorbs;
};
/// And a norm's scale and shift to its weights beforehand: freeze_folded(...).
template <class B>
concept folding_layer = absorbing_layer<B> && requires(float* numbers, frozen_form form) {
  B::freeze_folded(numbers, numbers, numbers, form, numbers);
};
/// A layer that can add other numbers to its output, before an activation: infer_added<Activation>(...).
template <class B>
concept adding_layer = requires {
  requires B::adds;
};
/// What B, an activation, is to an absorbing layer before it.
template <class B>
constexpr fused_activation activation_of() {
  if constexpr (requires { B::fused; }) {
    return B::fused;
  } else {
    return fused_activation::none;
  }
}

/// Frozen weights are what is left of parameters and statistics when training is over: folded, and packed the way the
/// kernels read them. A bound layer B may define
///
///   frozen_size<T>()                               elements
///   freeze(parameters, statistics, frozen)         writes them; or freeze(parameters, statistics, form, frozen)
///   infer(context, in, out, frozen, scratch)       overwrites out; no allocation
///   infer_scratch_bytes<T>(dims, concurrency)
///
/// Without, frozen weights are copies and its forward pass is what is run.
template <class B>
struct inference {
  template <class T>
  static constexpr std::size_t frozen_size() {
    if constexpr (requires { B::template frozen_size<T>(); }) {
      return B::template frozen_size<T>();
    } else {
      return parameter_count_of<B>() + statistic_count_of<B>();
    }
  }
  template <class T>
  static void freeze(const T* parameters, const T* statistics, frozen_form form, T* frozen) {
    if constexpr (folding_layer<B>) {
      B::freeze_folded(parameters, static_cast<const T*>(nullptr), static_cast<const T*>(nullptr), form, frozen);
    } else if constexpr (requires { B::freeze(parameters, statistics, form, frozen); }) {
      B::freeze(parameters, statistics, form, frozen);
    } else if constexpr (requires { B::freeze(parameters, statistics, frozen); }) {
      B::freeze(parameters, statistics, frozen);
    } else {
      T* const rest = std::copy_n(parameters, parameter_count_of<B>(), frozen);
      std::copy_n(statistics, statistic_count_of<B>(), rest);
    }
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<typename B::input_shape>& in, std::size_t concurrency) {
    if constexpr (requires { B::template infer_scratch_bytes<T>(in, concurrency); }) {
      return B::template infer_scratch_bytes<T>(in, concurrency);
    } else {
      return B::template scratch_bytes<T>(in, concurrency);
    }
  }
  template <class T, backend Exec, class View>
  static void infer(const context<Exec>& pass, const View& in, T* out, const T* frozen, std::byte* scratch) {
    if constexpr (folding_layer<B>) {
      B::template infer_fused<fused_activation::none>(pass, in, out, frozen, scratch);
    } else if constexpr (requires { B::infer(pass, in, out, frozen, scratch); }) {
      B::infer(pass, in, out, frozen, scratch);
    } else {
      layer_memory<T> memory;
      memory.parameters = frozen;
      // A pass that does not train reads statistics alone.
      memory.statistics = const_cast<T*>(frozen) + parameter_count_of<B>();
      memory.scratch = scratch;
      B::forward(pass, in, out, memory);
    }
  }
};

}  // namespace nn
}  // namespace mmrec::inline v0
