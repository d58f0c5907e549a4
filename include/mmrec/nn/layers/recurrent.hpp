// mmrec/nn/layers/recurrent.hpp - what lstm, gru and rnn share: layers on top of each other, directions, what is given.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/rnn.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/memory.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// What a recurrent layer gives: the state after an example's last step, or the state after each step. With two directions,
/// both states side by side: forward, then reverse (whose last step is the example's first).
enum class recurrent_output { last_state, every_step };

/// Options of lstm, gru and rnn: lstm<128, recurrent{.layers = 2, .bidirectional = true}>.
struct recurrent {
  std::size_t layers = 1;  ///< each reads the states of the one below
  bool bidirectional = false;
  recurrent_output output = recurrent_output::last_state;

  friend constexpr bool operator==(const recurrent&, const recurrent&) = default;
};

namespace detail {

/// "lstm<64, 2 layers, bidirectional, every step>"
inline std::string recurrent_name(std::string_view layer, std::size_t hidden, const recurrent& options) {
  std::string text = std::string(layer) + '<' + std::to_string(hidden);
  if (options.layers != 1) text += ", " + std::to_string(options.layers) + " layers";
  if (options.bidirectional) text += ", bidirectional";
  if (options.output == recurrent_output::every_step) text += ", every step";
  return text + '>';
}

/// "weight_ih_l0", "bias_l1_reverse": as PyTorch has them, but for the two biases that are one here.
struct recurrent_tensor_name {
  std::array<char, 32> text{};
  std::size_t size = 0;

  constexpr recurrent_tensor_name() = default;
  constexpr recurrent_tensor_name(std::string_view tensor, std::size_t layer, bool reverse) {
    add(tensor);
    add("_l");
    if (layer >= 10) text[size++] = static_cast<char>('0' + layer / 10);
    text[size++] = static_cast<char>('0' + layer % 10);
    if (reverse) add("_reverse");
  }
  constexpr void add(std::string_view part) {
    for (const char character : part) text[size++] = character;
  }
  constexpr std::string_view view() const { return {text.data(), size}; }
};

template <recurrent Options>
struct recurrent_names {
  static constexpr std::size_t directions = Options.bidirectional ? 2 : 1;
  static constexpr auto all = [] {
    std::array<recurrent_tensor_name, 3 * Options.layers * directions> names{};
    for (std::size_t part = 0; part < Options.layers * directions; ++part) {
      [[maybe_unused]] const std::size_t layer = part / directions;
      [[maybe_unused]] const bool reverse = part % directions == 1;
      names[3 * part] = {"weight_ih", layer, reverse};
      names[3 * part + 1] = {"weight_hh", layer, reverse};
      names[3 * part + 2] = {"bias", layer, reverse};
    }
    return names;
  }();
};

/// A recurrent layer on sequences of D numbers, with H units of Cell in each layer and direction. Cell names the kernels:
///
///   name, gates, biases (blocks of H numbers), torch_bias (how PyTorch has them)
///   packed_size<T>(inputs, hidden), pack(exec, inputs, hidden, weights, packed)
///   state_size<T>(shape), packed_scratch<T>(shape, training, concurrency), forward_packed(exec, task, packed, scratch, level)
///   backward_scratch<T>(shape, concurrency), backward(exec, task, weights, scratch, level)
template <std::size_t D, std::size_t H, recurrent Options, class Cell>
struct recurrent_on : layer_base<sequence<D>, std::conditional_t<Options.output == recurrent_output::every_step,
                                                                 sequence<(Options.bidirectional ? 2 : 1) * H>,
                                                                 flat<(Options.bidirectional ? 2 : 1) * H>>> {
  static_assert(H != 0 && Options.layers != 0 && Options.layers < 100,
                "mmrec: a recurrent layer has units and 1 to 99 layers");
  using In = sequence<D>;
  static constexpr std::size_t layers = Options.layers, directions = Options.bidirectional ? 2 : 1, width = directions * H;
  static constexpr bool every_step = Options.output == recurrent_output::every_step;
  static constexpr bool uses_output = every_step;

  static std::string name() { return recurrent_name(Cell::name, H, Options); }

 private:
  static constexpr std::size_t parts = layers * directions;
  static constexpr std::size_t inputs_of(std::size_t part) { return part < directions ? D : width; }
  static constexpr std::size_t parameters_of(std::size_t part) {
    return (inputs_of(part) + H) * Cell::gates * H + Cell::biases * H;
  }
  static constexpr std::size_t parameters_before(std::size_t part) {
    std::size_t sum = 0;
    for (std::size_t before = 0; before < part; ++before) sum += parameters_of(before);
    return sum;
  }

 public:
  static constexpr auto parameters = [] {
    std::array<tensor_spec, 3 * parts> all{};
    for (std::size_t part = 0; part < parts; ++part) {
      const auto& names = recurrent_names<Options>::all;
      const auto weight = [&](std::string_view tensor, std::size_t rows) {
        return tensor_spec{tensor, {rows, Cell::gates * H}, 2, fill::uniform, H, torch_layout::output_first};
      };
      all[3 * part] = weight(names[3 * part].view(), inputs_of(part));
      all[3 * part + 1] = weight(names[3 * part + 1].view(), H);
      all[3 * part + 2] = tensor_spec{names[3 * part + 2].view(), {Cell::biases * H}, 1, fill::uniform, H, Cell::torch_bias};
    }
    return all;
  }();

  static constexpr std::uint64_t multiply_adds(std::size_t steps) {
    std::uint64_t sum = 0;
    for (std::size_t part = 0; part < parts; ++part) sum += std::uint64_t{steps} * (inputs_of(part) + H) * Cell::gates * H;
    return sum;
  }

  template <class T>
  static constexpr std::size_t state_bytes(const dims<In>& in) {
    arena counted(nullptr);
    lay_out<T>(counted, in);
    return counted.used();
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    arena forward(nullptr), backward(nullptr);
    forward_scratch<T>(forward, in);
    backward_scratch<T>(backward, in);
    return (std::max)(forward.used() + padded(packed_elements<T>() * sizeof(T)), backward.used()) +
           kernel_bytes<T>(in, concurrency, true);
  }

  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    arena state(memory.state), scratch(memory.scratch);
    const kept<T> own = memory.state == nullptr ? kept<T>{} : lay_out<T>(state, in.size());
    const auto between = forward_scratch<T>(scratch, in.size());
    T* const packed = scratch.take<T>(packed_elements<T>());
    T* const rest = reinterpret_cast<T*>(memory.scratch + scratch.used());
    run_layers(
        in, out, [&](std::size_t layer) { return memory.state == nullptr ? between[layer % 2] : own.outputs[layer]; },
        [&](std::size_t part, auto& task) {
          task.state = own.states[part];
          Cell::pack(pass.exec, inputs_of(part), H, weights_of(memory.parameters, part), packed);
          Cell::forward_packed(pass.exec, task, static_cast<const T*>(packed), rest, pass.level);
        });
  }

  template <executor Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T* out, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>& memory) {
    arena state(memory.state), scratch(memory.scratch);
    const kept<T> own = lay_out<T>(state, in.size());
    const auto buffers = backward_scratch<T>(scratch, in.size());
    T* const rest = reinterpret_cast<T*>(memory.scratch + scratch.used());
    const T* gradient = every_step ? out_gradient : nullptr;
    for (std::size_t layer = layers; layer-- > 0;) {
      const bool top = layer + 1 == layers;
      const T* const x = layer == 0 ? in.data : own.outputs[layer - 1];
      const T* const y = top && every_step ? out : own.outputs[layer];
      T* const wanted = layer == 0 ? in_gradient : buffers.between[layer % 2];
      for (std::size_t direction = 0; direction < directions; ++direction) {
        const std::size_t part = layer * directions + direction, inputs = inputs_of(part);
        T* const here = direction == 0 || wanted == nullptr ? wanted : buffers.side;
        T* const own_gradients = memory.gradients + parameters_before(part);
        kernel::recurrent_backward_task<T> task;
        task.shape = shape_of(in, part);
        task.x = {x, in.steps * inputs, inputs};
        task.y = {y + direction * H, in.steps * width, width};
        task.state = own.states[part];
        if (gradient != nullptr) task.dy = {gradient + direction * H, in.steps * width, width};
        if (top && !every_step) task.dh_n = last_gradient(in.count, direction, out_gradient, buffers.last);
        if (here != nullptr) task.dx = {here, in.steps * inputs, inputs};
        task.input_gradient = own_gradients;
        task.recurrent_gradient = own_gradients + inputs * Cell::gates * H;
        task.bias_gradient = task.recurrent_gradient + H * Cell::gates * H;
        Cell::backward(pass.exec, task, weights_of(memory.parameters, part), rest, pass.level);
        if (here != wanted) {
          for (std::size_t i = 0; i < in.count * in.steps * inputs; ++i) wanted[i] += here[i];
        }
      }
      gradient = wanted;
    }
  }

  template <class T>
  static constexpr std::size_t frozen_size() {
    return packed_before<T>(parts);
  }
  template <class T>
  static void freeze(const T* trained, const T*, T* frozen) {
    for (std::size_t part = 0; part < parts; ++part) {
      Cell::pack(exec::cpu{.threads = 1}, inputs_of(part), H, weights_of(trained, part), frozen + packed_before<T>(part));
    }
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    arena counted(nullptr);
    forward_scratch<T>(counted, in);
    return counted.used() + kernel_bytes<T>(in, concurrency, false);
  }
  template <executor Exec, class T>
  static void infer(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen, std::byte* memory) {
    arena scratch(memory);
    const auto between = forward_scratch<T>(scratch, in.size());
    T* const rest = reinterpret_cast<T*>(memory + scratch.used());
    run_layers(
        in, out, [&](std::size_t layer) { return between[layer % 2]; },
        [&](std::size_t part, auto& task) {
          Cell::forward_packed(pass.exec, task, frozen + packed_before<T>(part), rest, pass.level);
        });
  }

 private:
  /// What forward leaves for backward: the states of each layer after each step, the top one's unless they are the output,
  /// and the kernels' own.
  template <class T>
  struct kept {
    std::array<T*, layers> outputs{};
    std::array<T*, parts> states{};
  };
  template <class T>
  static constexpr kept<T> lay_out(arena& memory, const dims<In>& in) {
    kept<T> own;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      if (layer + 1 < layers || !every_step) own.outputs[layer] = memory.take<T>(in.count * in.steps * width);
    }
    for (std::size_t part = 0; part < parts; ++part) {
      own.states[part] = memory.take<T>(Cell::template state_size<T>(shape_of(in, part)));
    }
    return own;
  }
  /// Room for the states of two layers that are not kept.
  template <class T>
  static constexpr std::array<T*, 2> forward_scratch(arena& memory, const dims<In>& in) {
    constexpr std::size_t inner = every_step ? layers - 1 : layers;
    std::array<T*, 2> between{};
    for (std::size_t index = 0; index < (std::min)(inner, std::size_t{2}); ++index) {
      between[index] = memory.take<T>(in.count * in.steps * width);
    }
    return between;
  }
  template <class T>
  struct backward_buffers {
    std::array<T*, 2> between{};  ///< gradients by the states of a layer
    T* side = nullptr;            ///< what the reverse direction adds to one
    T* last = nullptr;            ///< gradient by one direction's last state
  };
  template <class T>
  static constexpr backward_buffers<T> backward_scratch(arena& memory, const dims<In>& in) {
    backward_buffers<T> buffers;
    for (std::size_t index = 0; index < (std::min)(layers - 1, std::size_t{2}); ++index) {
      buffers.between[(index + 1) % 2] = memory.take<T>(in.count * in.steps * width);
    }
    if constexpr (directions == 2) {
      buffers.side = memory.take<T>(in.count * in.steps * (layers > 1 ? (std::max)(D, width) : D));
      buffers.last = memory.take<T>(in.count * H);
    }
    return buffers;
  }

  static constexpr kernel::recurrent_shape shape_of(const dims<In>& in, std::size_t part) {
    return {.batch = in.count,
            .steps = in.steps,
            .inputs = inputs_of(part),
            .hidden = H,
            .lengths = nullptr,
            .reverse = part % directions == 1};
  }
  template <class T>
  static kernel::recurrent_shape shape_of(const batch_view<In, T>& in, std::size_t part) {
    auto shape = shape_of(in.size(), part);
    shape.lengths = in.lengths;
    return shape;
  }
  template <class T>
  static kernel::recurrent_weights<T> weights_of(const T* all, std::size_t part) {
    const T* const own = all + parameters_before(part);
    const std::size_t input = inputs_of(part) * Cell::gates * H;
    return {own, own + input, own + input + H * Cell::gates * H};
  }
  template <class T>
  static constexpr std::size_t packed_before(std::size_t part) {
    std::size_t sum = 0;
    for (std::size_t before = 0; before < part; ++before) {
      sum += padded(Cell::template packed_size<T>(inputs_of(before), H) * sizeof(T)) / sizeof(T);
    }
    return sum;
  }
  template <class T>
  static constexpr std::size_t packed_elements() {
    return (std::max)(Cell::template packed_size<T>(D, H), Cell::template packed_size<T>(width, H));
  }
  /// Scratch of the kernels.
  template <class T>
  static constexpr std::size_t kernel_bytes(const dims<In>& in, std::size_t concurrency, bool training) {
    std::size_t most = 0;
    for (const std::size_t part : {std::size_t{0}, parts - 1}) {
      const auto shape = shape_of(in, part);
      most = (std::max)(most, Cell::template packed_scratch<T>(shape, false, concurrency));
      if (!training) continue;
      most = (std::max)({most, Cell::template packed_scratch<T>(shape, true, concurrency),
                         Cell::template backward_scratch<T>(shape, concurrency)});
    }
    return padded(most * sizeof(T));
  }
  /// Runs the layers from the first to the last: run(part, task) for each direction of each.
  template <class T, class OutputOf, class Run>
  static void run_layers(const batch_view<In, T>& in, T* out, const OutputOf& output_of, const Run& run) {
    const T* x = in.data;
    for (std::size_t layer = 0; layer < layers; ++layer) {
      T* const y = layer + 1 == layers && every_step ? out : output_of(layer);
      for (std::size_t direction = 0; direction < directions; ++direction) {
        const std::size_t part = layer * directions + direction, inputs = inputs_of(part);
        kernel::recurrent_forward_task<T> task;
        task.shape = shape_of(in, part);
        task.x = {x, in.steps * inputs, inputs};
        task.y = {y + direction * H, in.steps * width, width};
        run(part, task);
      }
      x = y;
    }
    if constexpr (!every_step) {
      for (std::size_t example = 0; example < in.count; ++example) {
        const std::size_t length = (std::min)(in.steps, in.length(example));
        T* const to = out + example * width;
        if (length == 0) {
          std::fill_n(to, width, T(0));
          continue;
        }
        const T* const first = x + example * in.steps * width;
        std::copy_n(first + (length - 1) * width, H, to);
        if constexpr (directions == 2) std::copy_n(first + H, H, to + H);
      }
    }
  }
  /// The gradient by the last states of one direction, side by side.
  template <class T>
  static const T* last_gradient(std::size_t count, std::size_t direction, const T* out_gradient, T* room) {
    if constexpr (directions == 1) return out_gradient;
    for (std::size_t example = 0; example < count; ++example) {
      std::copy_n(out_gradient + example * width + direction * H, H, room + example * H);
    }
    return room;
  }
};

}  // namespace detail
}  // namespace nn
}  // namespace mmrec::inline v0
