// mmrec/nn/layer.hpp - the layer protocol: what makes a type a layer of a network.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/nn/memory.hpp>
#include <mmrec/nn/shape.hpp>
#include <mmrec/nn/touched_rows.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// How a tensor is filled before training.
enum class fill {
  zeros,
  ones,
  uniform,    ///< in +-1/sqrt(fan), PyTorch's default for dense, convolution and recurrent layers
  he_normal,  ///< normal with variance 2/fan (He et al., ICCV 2015)
  normal      ///< normal with variance 1/fan
};

/// How PyTorch stores the same tensor; the loader of weights goes by it.
enum class torch_layout {
  same,           ///< the same axes in the same order
  output_first,   ///< ours [..., in, out], PyTorch's [out, in, ...]
  summed_biases,  ///< ours is the sum of the two named bias_ih* and bias_hh*
  gru_biases      ///< ours r z n_input n_hidden, from bias_ih* and bias_hh*, each r z n
};

/// One tensor of a layer: a parameter, or a statistic that is kept but not trained.
struct tensor_spec {
  std::string_view name;                 ///< PyTorch's
  std::array<std::size_t, 4> extents{};  ///< the first `rank` count
  std::size_t rank = 1;
  fill initial = fill::zeros;
  std::size_t fan = 1;
  torch_layout torch = torch_layout::same;
  bool sparse = false;  ///< a table of which a batch touches a few rows: gradients and updates are by row
  std::size_t zero_row = static_cast<std::size_t>(-1);  ///< a row that begins as zeros, if there is one of this number

  constexpr std::size_t size() const {
    std::size_t product = 1;
    for (std::size_t axis = 0; axis < rank; ++axis) product *= extents[axis];
    return product;
  }
};

constexpr tensor_spec vector_spec(std::string_view name, std::size_t size, fill initial, std::size_t fan = 1) {
  return {name, {size}, 1, initial, fan};
}

/// Sum of the sizes of a layer's tensors.
template <std::size_t N>
constexpr std::size_t total_size(const std::array<tensor_spec, N>& tensors) {
  std::size_t sum = 0;
  for (const tensor_spec& tensor : tensors) sum += tensor.size();
  return sum;
}

/// What the randomness of a pass derives from: a seed, or, for a device, where one will be found when the pass is run.
template <class Exec>
struct key_of {
  using type = seed;
};

/// What a pass through a network shares: where it runs, whether it trains, and the randomness of this step.
template <backend Exec>
struct context {
  const Exec& exec;
  bool training = false;
  typename key_of<Exec>::type key{};  ///< of this step and this layer
  kernel::simd_level level = kernel::best_simd_level();

  context child(std::uint64_t index) const { return {exec, training, key.derive(index), level}; }
};

/// The pieces of memory that belong to one layer during a pass. Gradients are added to.
template <class T>
struct layer_memory {
  const T* parameters = nullptr;
  T* gradients = nullptr;                  ///< null in a forward pass
  T* statistics = nullptr;                 ///< running means and the like
  std::byte* state = nullptr;              ///< what forward leaves for backward
  std::byte* scratch = nullptr;            ///< what a call may overwrite
  touched_rows* rows = nullptr;            ///< one for each of the layer's sparse tensors; null in a forward pass
  std::uint8_t* const* touched = nullptr;  ///< the same on a device, a flag a row each
};

/// What layers have in common. A layer is a type L with a member template L::on<In>, complete for each shape In that it
/// takes, which derives from this and hides what it does otherwise:
///
///   forward(context, in, out, memory)                      out of batch_view in; overwrites out
///   backward(context, in, out, out_gradient, in_gradient, memory)
///                       adds to memory.gradients, overwrites in_gradient, which is null where it is not wanted
///
/// Where the Exec of the context is a device_queue, all pointers are the device's. A layer that can run there calls kernels by
/// their plain names, after `using kernel::conv2d_forward;`, so that a device's kernels, which stand in its namespace under the
/// same names, are found by their first argument; and says `backend Exec` in place of `executor Exec`.
///
///   check_wiring()     if there is one, holds the static_asserts about shapes that a layer takes but cannot work with. What
///                      the class gives besides must be usable all the same, so that one mistake is one error
///
/// Beyond the length of an example, activations and gradients are zero: each layer that gives steps keeps it so, and may
/// rely on it.
template <class In, class Out>
struct layer_base {
  using input_shape = In;
  using output_shape = Out;

  static constexpr std::array<tensor_spec, 0> parameters{};
  static constexpr std::array<tensor_spec, 0> statistics{};

  /// Steps given for `steps` steps taken; used for lengths too, where 0 stays 0.
  static constexpr std::size_t steps(std::size_t in) { return detail::has_steps<Out> ? in : 1; }
  /// Whether steps() can give another number than it takes, where the output has steps.
  static constexpr bool changes_steps = false;
  /// Whether backward() reads `out`; where not, it may be null.
  static constexpr bool uses_output = false;
  /// Multiplications for one example of `steps` steps.
  static constexpr std::uint64_t multiply_adds(std::size_t) { return 0; }
  /// Bytes kept from forward to backward, besides input and output.
  template <class T>
  static constexpr std::size_t state_bytes(const dims<In>&) {
    return 0;
  }
  /// Bytes that forward or backward overwrite.
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>&, std::size_t) {
    return 0;
  }
};

/// How a layer that changes_steps does so, as `window_of_lengths`: a device, whose lengths the host does not know, goes by it.
struct length_window {
  std::size_t window = 1, stride = 1, padding = 0, dilation = 1;
};

/// Layer L takes shape In.
template <class L, class In>
concept layer_takes = requires {
  sizeof(typename L::template on<In>);
};

/// The dims that bound layer B gives for those it takes.
template <class B>
constexpr dims<typename B::output_shape> output_dims(const dims<typename B::input_shape>& in) {
  if constexpr (requires { B::gives(in); }) {
    return B::gives(in);
  } else {
    return {in.count, B::steps(in.steps)};
  }
}

/// Throws what bound layer B says, in check_input(function, in), where it cannot take the content of a batch: ids outside
/// its table, more steps than it has positions for. Layers made of others ask those that read their input.
template <class B, class View>
void check_input(std::string_view function, const View& in) {
  if constexpr (requires { B::check_input(function, in); }) B::check_input(function, in);
}

/// The numbers of bound layer B, whether it lists its tensors or, made of other layers, only counts them.
template <class B>
constexpr std::size_t parameter_count_of() {
  if constexpr (requires { B::parameter_count; }) {
    return B::parameter_count;
  } else {
    return total_size(B::parameters);
  }
}
template <class B>
constexpr std::size_t statistic_count_of() {
  if constexpr (requires { B::statistic_count; }) {
    return B::statistic_count;
  } else {
    return total_size(B::statistics);
  }
}
template <class B>
constexpr std::size_t sparse_count_of() {
  if constexpr (requires { B::sparse_count; }) {
    return B::sparse_count;
  } else {
    std::size_t count = 0;
    for (const tensor_spec& tensor : B::parameters) count += tensor.sparse ? 1 : 0;
    return count;
  }
}

/// Where an enumeration of a network's layers has come to.
struct enumeration_position {
  std::string prefix;         ///< of the names: "layer1.0."
  std::size_t parameter = 0;  ///< elements before
  std::size_t statistic = 0;
  std::size_t steps = 1;                     ///< that the layer takes
  const std::size_t* input_steps = nullptr;  ///< of each input of a network with several; null: `steps` in all
};

/// Whether bound layer B can be run on devices: made of others, whether all of them can.
template <class B>
constexpr bool runs_on_devices() {
  if constexpr (requires { B::on_devices; }) {
    return B::on_devices;
  } else {
    return false;
  }
}

/// Whether a device can tell the lengths that bound layer B leaves.
template <class B>
constexpr bool tells_lengths() {
  return !B::changes_steps || requires { B::window_of_lengths; }
  || requires { B::has_part_lengths; };
}
/// The lengths that bound layer B leaves of `before`, on a device; where it changes none, nothing is written. May be in place.
template <class B, device_queue Exec>
void lengths_after(const Exec& exec, std::size_t count, const std::uint32_t* before, std::uint32_t* after) {
  if constexpr (requires { B::window_of_lengths; }) {
    constexpr length_window w = B::window_of_lengths;
    if constexpr (B::changes_steps) window_lengths(exec, count, before, w.window, w.stride, w.padding, w.dilation, after);
  } else if constexpr (B::changes_steps) {
    B::part_lengths(exec, count, before, after);
  }
}

/// How layers are put together: what an enumeration passes besides the layers.
enum class landmark { residual, shortcut, sum, branch, join, parallel, next_side, concatenation };
/// Calls visitor.mark(landmark, name, shape) where the visitor has it. The order is: residual, layers of the body, shortcut,
/// its layers, if any, sum; branch (its name, and the shape of its input), its layers, the next branch, ..., join, its layer;
/// parallel, the layers of a side, next_side, those of the next, ..., concatenation.
template <class Visitor>
void mark(Visitor& visitor, landmark place, std::string_view name = {}, const std::string& shape = {}) {
  if constexpr (requires { visitor.mark(place, name, shape); }) visitor.mark(place, name, shape);
}

/// Calls visitor.layer(name, bound layer as a type tag) and visitor.parameter / visitor.statistic(full name, spec, offset)
/// for each in the order of the network. Loading, saving, filling and describing all go by this one enumeration.
template <class B>
struct bound_tag {
  using type = B;
};
template <class B, class Visitor>
void enumerate(Visitor&& visitor, enumeration_position& at) {
  if constexpr (requires { B::enumerate_parts(visitor, at); }) {
    B::enumerate_parts(visitor, at);
  } else {
    visitor.layer(at.prefix, bound_tag<B>{});
    for (const tensor_spec& tensor : B::parameters) {
      visitor.parameter(at.prefix + std::string(tensor.name), tensor, at.parameter);
      at.parameter += tensor.size();
    }
    for (const tensor_spec& tensor : B::statistics) {
      visitor.statistic(at.prefix + std::string(tensor.name), tensor, at.statistic);
      at.statistic += tensor.size();
    }
  }
}

}  // namespace nn
}  // namespace mmrec::inline v0
