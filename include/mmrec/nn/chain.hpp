// mmrec/nn/chain.hpp - layers one after another.
#pragma once
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/memory.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

template <class In, class Bound, class... Layers>
struct bind_layers {
  using type = Bound;
  using output = In;
};
template <class In, class... Bound, class Layer, class... Rest>
struct bind_layers<In, std::tuple<Bound...>, Layer, Rest...> {
  /// After a mistake nothing more is bound, so that one mistake is one error.
  static constexpr auto next() {
    if constexpr (layer_takes<Layer, In>) {
      using bound = typename Layer::template on<In>;
      if constexpr (requires { bound::check_wiring(); }) bound::check_wiring();
      return bind_layers<typename bound::output_shape, std::tuple<Bound..., bound>, Rest...>{};
    } else {
      static_assert(layer_takes<Layer, In>,
                    "mmrec: a layer does not take the shape that the layers before it give; the line below names both, as "
                    "layer_takes<LAYER, SHAPE>");
      return bind_layers<In, std::tuple<Bound...>>{};
    }
  }
  using type = typename decltype(next())::type;
  using output = typename decltype(next())::output;
};

}  // namespace detail

/// Layers one after another, as one layer: the body of a residual block, a branch, a whole network.
template <class... Layers>
struct chain {
  template <class In>
  struct on;
};

template <class... Layers>
template <class In>
struct chain<Layers...>::on : layer_base<In, typename detail::bind_layers<In, std::tuple<>, layer_of<Layers>...>::output> {
  using base = layer_base<In, typename detail::bind_layers<In, std::tuple<>, layer_of<Layers>...>::output>;
  using output_shape = typename base::output_shape;
  using bound = typename detail::bind_layers<In, std::tuple<>, layer_of<Layers>...>::type;
  static constexpr std::size_t depth = std::tuple_size_v<bound>;
  template <std::size_t Index>
  using at = std::tuple_element_t<Index, bound>;

 private:
  using indices = std::make_index_sequence<depth>;
  /// The sums of what the layers before each one have, and of all.
  template <class Count>
  static constexpr std::array<std::size_t, depth + 1> sums(Count count) {
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      std::array<std::size_t, depth + 1> starts{};
      ((starts[Index + 1] = starts[Index] + count(bound_tag<at<Index>>{})), ...);
      return starts;
    }
    (indices{});
  }
  static constexpr auto parameter_starts = sums([](auto tag) { return parameter_count_of<typename decltype(tag)::type>(); });
  static constexpr auto statistic_starts = sums([](auto tag) { return statistic_count_of<typename decltype(tag)::type>(); });
  static constexpr auto sparse_starts = sums([](auto tag) { return sparse_count_of<typename decltype(tag)::type>(); });

 public:
  static constexpr std::size_t parameter_count = parameter_starts[depth];
  static constexpr std::size_t statistic_count = statistic_starts[depth];
  static constexpr std::size_t sparse_count = sparse_starts[depth];
  static constexpr bool changes_steps = []<std::size_t... Index>(std::index_sequence<Index...>) {
    return (at<Index>::changes_steps || ... || false);
  }
  (indices{});

  static constexpr bool on_devices = []<std::size_t... Index>(std::index_sequence<Index...>) {
    return ((runs_on_devices<at<Index>>() && tells_lengths<at<Index>>()) && ... && true);
  }
  (indices{});

  static constexpr bool uses_output = [] {
    if constexpr (depth == 0) {
      return false;
    } else {
      return at<depth - 1>::uses_output;
    }
  }();

  /// The dims that layer Index takes; those that the chain gives, for Index = depth.
  template <std::size_t Index>
  static constexpr auto dims_at(const dims<In>& in) {
    if constexpr (Index == 0) {
      return in;
    } else {
      return output_dims<at<Index - 1>>(dims_at<Index - 1>(in));
    }
  }
  static constexpr dims<output_shape> gives(const dims<In>& in) { return dims_at<depth>(in); }
  static constexpr std::size_t steps(std::size_t in) requires(!detail::is_bundle<In>) {
    return gives(dims<In>{1, in}).steps;
  }
  template <class Steps>
  static constexpr std::uint64_t multiply_adds(const Steps& steps) {
    return [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      return (std::uint64_t{0} + ... + at<Index>::multiply_adds(dims_at<Index>(dims<In>{1, steps}).steps));
    }
    (indices{});
  }

 private:
  template <class T>
  struct slot {
    T* output = nullptr;  ///< of a layer that is not the last
    std::uint32_t* lengths = nullptr;
    std::byte* state = nullptr;
  };
  template <class T>
  static constexpr std::array<slot<T>, depth> lay_out(arena& memory, const dims<In>& in) {
    std::array<slot<T>, depth> slots{};
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      ((slots[Index].output = Index + 1 < depth ? memory.take<T>(dims_at<Index + 1>(in).size()) : nullptr,
        slots[Index].lengths =
            Index + 1 < depth && at<Index>::changes_steps ? memory.take<std::uint32_t>(in.count) : nullptr,
        slots[Index].state = memory.bytes(at<Index>::template state_bytes<T>(dims_at<Index>(in)))),
       ...);
    }
    (indices{});
    return slots;
  }
  template <class T>
  static constexpr std::size_t largest_between(const dims<In>& in) {
    std::size_t largest = 0;
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      ((largest = Index == 0 ? largest : (std::max)(largest, size_at<Index>(in))), ...);
    }
    (indices{});
    return padded(largest * sizeof(T));
  }
  /// The steps that layer Index takes when the chain takes these, or its inputs do.
  template <std::size_t Index>
  static constexpr std::size_t steps_before(std::size_t steps) {
    if constexpr (Index == 0) {
      return steps;
    } else if constexpr (detail::is_bundle<In>) {
      dims<In> in{1, {}};
      in.steps.fill(steps);
      return dims_at<Index>(in).steps;
    } else {
      return dims_at<Index>(dims<In>{1, steps}).steps;
    }
  }
  template <std::size_t Index>
  static constexpr std::size_t size_at(const dims<In>& in) {
    if constexpr (Index == 0) {
      return 0;
    } else {
      return dims_at<Index>(in).size();
    }
  }
  template <std::size_t Index, class T>
  static layer_memory<T> memory_of(const layer_memory<T>& whole, std::byte* state, std::byte* scratch) {
    layer_memory<T> part;
    part.parameters = whole.parameters + parameter_starts[Index];
    part.gradients = whole.gradients == nullptr ? nullptr : whole.gradients + parameter_starts[Index];
    part.statistics = whole.statistics + statistic_starts[Index];
    part.state = state;
    part.scratch = scratch;
    part.rows = whole.rows == nullptr ? nullptr : whole.rows + sparse_starts[Index];
    part.touched = whole.touched == nullptr ? nullptr : whole.touched + sparse_starts[Index];
    return part;
  }
  template <std::size_t Index, backend Exec>
  static void fill_lengths_after(const Exec& exec, std::size_t count, const std::uint32_t* before, std::uint32_t* after) {
    if constexpr (device_queue<Exec>) {
      lengths_after<at<Index>>(exec, count, before, after);
    } else {
      for (std::size_t example = 0; example < count; ++example) {
        after[example] = before[example] == 0 ? 0 : static_cast<std::uint32_t>(at<Index>::steps(before[example]));
      }
    }
  }
  /// What layer Index has given, as the next layer takes it. `lengths` is room for them where they change; filled if asked.
  template <std::size_t Index, backend Exec, class View, class T>
  static auto view_after(const Exec& exec, const View& in, const T* output, std::uint32_t* lengths, bool fill_lengths) {
    using given = typename at<Index>::output_shape;
    const auto size = output_dims<at<Index>>(in.size());
    batch_view<given, T> next{output, size.count, size.steps, nullptr};
    if constexpr (detail::has_steps<given>) {
      next.lengths = detail::lengths_of(in);
      if constexpr (at<Index>::changes_steps) {
        if (next.lengths != nullptr) {
          if (fill_lengths) fill_lengths_after<Index>(exec, size.count, next.lengths, lengths);
          next.lengths = lengths;
        }
      }
    }
    return next;
  }

 public:
  template <class T>
  static constexpr std::size_t state_bytes(const dims<In>& in) {
    arena counted(nullptr);
    lay_out<T>(counted, in);
    return counted.used();
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    std::size_t largest = 0;
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      ((largest = (std::max)(largest, at<Index>::template scratch_bytes<T>(dims_at<Index>(in), concurrency))), ...);
    }
    (indices{});
    return 2 * largest_between<T>(in) + padded(largest);
  }

  template <backend Exec, class View, class T>
  static void forward(const context<Exec>& pass, const View& in, T* out, const layer_memory<T>& memory) {
    arena kept(memory.state);
    forward_from<0>(pass, in, out, lay_out<T>(kept, in.size()), memory);
  }
  template <backend Exec, class View, class T>
  static void backward(const context<Exec>& pass, const View& in, const T* out, const T* out_gradient, T* in_gradient,
                       const layer_memory<T>& memory) {
    arena kept(memory.state);
    const auto slots = lay_out<T>(kept, in.size());
    const std::size_t between = largest_between<T>(in.size());
    const std::array<T*, 2> gradients{reinterpret_cast<T*>(memory.scratch), reinterpret_cast<T*>(memory.scratch + between)};
    layer_memory<T> rest = memory;
    rest.scratch = memory.scratch + 2 * between;
    backward_from<0>(pass, in, out, out_gradient, in_gradient, slots, gradients, rest);
  }

  /// See lengths_after() of nn/layer.hpp.
  static constexpr bool has_part_lengths = true;
  template <class Exec>
  static void part_lengths(const Exec& exec, std::size_t count, const std::uint32_t* before, std::uint32_t* after) {
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      ((lengths_after<at<Index>>(exec, count, before, after), before = at<Index>::changes_steps ? after : before), ...);
    }
    (indices{});
  }

  template <class View>
  static void check_input(std::string_view function, const View& in) {
    if constexpr (depth != 0) nn::check_input<at<0>>(function, in);
  }

  template <class Visitor>
  static void enumerate_parts(Visitor& visitor, enumeration_position& position) {
    const std::string prefix = position.prefix;
    const std::size_t steps = position.steps;
    const auto part = [&]<std::size_t Index>() {
      position.prefix = prefix + prefix_of<std::tuple_element_t<Index, std::tuple<Layers...>>>(Index);
      position.steps = steps_before<Index>(steps);
      enumerate<at<Index>>(visitor, position);
    };
    [&]<std::size_t... Index>(std::index_sequence<Index...>) { (part.template operator()<Index>(), ...); }
    (indices{});
    position.prefix = prefix;
    position.steps = steps;
  }

 private:
  template <std::size_t Index, backend Exec, class View, class T>
  static void forward_from(const context<Exec>& pass, const View& in, T* out, const std::array<slot<T>, depth>& slots,
                           const layer_memory<T>& memory) {
    const auto part = memory_of<Index>(memory, slots[Index].state, memory.scratch);
    if constexpr (Index + 1 == depth) {
      at<Index>::forward(pass.child(Index), in, out, part);
    } else {
      at<Index>::forward(pass.child(Index), in, slots[Index].output, part);
      forward_from<Index + 1>(
          pass, view_after<Index, Exec, View, T>(pass.exec, in, slots[Index].output, slots[Index].lengths, true), out, slots,
          memory);
    }
  }
  template <std::size_t Index, backend Exec, class View, class T>
  static void backward_from(const context<Exec>& pass, const View& in, const T* out, const T* out_gradient, T* in_gradient,
                            const std::array<slot<T>, depth>& slots, const std::array<T*, 2>& gradients,
                            const layer_memory<T>& memory) {
    const auto part = memory_of<Index>(memory, slots[Index].state, memory.scratch);
    T* const wanted = Index == 0 ? in_gradient : gradients[Index % 2];
    if constexpr (Index + 1 == depth) {
      at<Index>::backward(pass.child(Index), in, out, out_gradient, wanted, part);
    } else {
      const T* const given = slots[Index].output;
      backward_from<Index + 1>(pass, view_after<Index, Exec, View, T>(pass.exec, in, given, slots[Index].lengths, false),
                               out, out_gradient, in_gradient, slots, gradients, memory);
      at<Index>::backward(pass.child(Index), in, given, gradients[(Index + 1) % 2], wanted, part);
    }
  }

  // Inference: an absorbing layer takes the normalisation and the activation after it into itself.

  struct group {
    std::size_t end;
    bool norm;
    fused_activation activation;
  };
  template <std::size_t Index>
  static constexpr group group_at() {
    if constexpr (absorbing_layer<at<Index>>) {
      if constexpr (Index + 1 < depth) {
        constexpr bool norm = foldable_norm<at<Index + 1>> && folding_layer<at<Index>>;
        constexpr std::size_t next = Index + 1 + (norm ? 1 : 0);
        if constexpr (next < depth) {
          constexpr fused_activation activation = activation_of<at<next>>();
          return {next + (activation != fused_activation::none ? 1 : 0), norm, activation};
        } else {
          return {next, norm, fused_activation::none};
        }
      } else {
        return {Index + 1, false, fused_activation::none};
      }
    } else {
      return {Index + 1, false, fused_activation::none};
    }
  }
  template <std::size_t Index>
  static constexpr bool adds_from() {
    if constexpr (Index >= depth) {
      return false;
    } else if constexpr (group_at<Index>().end < depth) {
      return adds_from<group_at<Index>().end>();
    } else {
      return adding_layer<at<Index>> && group_at<Index>().activation == fused_activation::none;
    }
  }
  template <std::size_t Index, class T>
  static constexpr std::size_t frozen_from() {
    if constexpr (Index >= depth) {
      return 0;
    } else {
      // Whole cache lines, as packed weights are read in vectors.
      return padded(inference<at<Index>>::template frozen_size<T>() * sizeof(T)) / sizeof(T) +
             frozen_from<group_at<Index>().end, T>();
    }
  }

 public:
  template <class T>
  static constexpr std::size_t frozen_size() {
    return frozen_from<0, T>();
  }
  template <class T>
  static void freeze(const T* parameters, const T* statistics, frozen_form form, T* frozen) {
    freeze_from<0>(parameters, statistics, form, frozen);
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    std::size_t largest = 0;
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      ((largest = (std::max)(largest, inference<at<Index>>::template scratch_bytes<T>(dims_at<Index>(in), concurrency))),
       ...);
    }
    (indices{});
    return 2 * largest_between<T>(in) + 2 * padded(in.count * sizeof(std::uint32_t)) + padded(largest);
  }
  template <backend Exec, class View, class T>
  static void infer(const context<Exec>& pass, const View& in, T* out, const T* frozen, std::byte* scratch) {
    infer_all<fused_activation::none>(pass, in, static_cast<const T*>(nullptr), out, frozen, scratch);
  }
  /// Whether the last layer can add to what it gives.
  static constexpr bool adds = adds_from<0>();
  /// After(what the chain gives + addend).
  template <fused_activation After, backend Exec, class View, class T>
  requires(adds) static void infer_added(const context<Exec>& pass, const View& in, const T* addend, T* out, const T* frozen,
                                         std::byte* scratch) {
    infer_all<After>(pass, in, addend, out, frozen, scratch);
  }

 private:
  template <fused_activation After, backend Exec, class View, class T>
  static void infer_all(const context<Exec>& pass, const View& in, const T* addend, T* out, const T* frozen,
                        std::byte* scratch) {
    const std::size_t between = largest_between<T>(in.size());
    arena memory(scratch);
    inference_buffers<T> buffers;
    for (T*& output : buffers.outputs) output = reinterpret_cast<T*>(memory.bytes(between));
    for (std::uint32_t*& lengths : buffers.lengths) lengths = memory.take<std::uint32_t>(in.size().count);
    buffers.rest = scratch + memory.used();
    infer_from<0, After>(pass, in, addend, out, frozen, buffers);
  }

 private:
  template <class T>
  struct inference_buffers {
    std::array<T*, 2> outputs{};
    std::array<std::uint32_t*, 2> lengths{};
    std::byte* rest = nullptr;
  };
  template <std::size_t Index, class T>
  static void freeze_from(const T* parameters, const T* statistics, frozen_form form, T* frozen) {
    if constexpr (Index < depth) {
      constexpr group here = group_at<Index>();
      const T* const own = parameters + parameter_starts[Index];
      if constexpr (here.norm) {
        using norm = at<Index + 1>;
        std::array<T, norm::channels> scale, shift;
        norm::scale_and_shift(parameters + parameter_starts[Index + 1], statistics + statistic_starts[Index + 1],
                              scale.data(), shift.data());
        at<Index>::freeze_folded(own, scale.data(), shift.data(), form, frozen);
      } else {
        inference<at<Index>>::freeze(own, statistics + statistic_starts[Index], form, frozen);
      }
      freeze_from<here.end>(parameters, statistics, form,
                            frozen + padded(inference<at<Index>>::template frozen_size<T>() * sizeof(T)) / sizeof(T));
    }
  }
  template <std::size_t Index, fused_activation After, backend Exec, class View, class T>
  static void infer_from(const context<Exec>& pass, const View& in, const T* addend, T* out, const T* frozen,
                         const inference_buffers<T>& buffers) {
    constexpr group here = group_at<Index>();
    constexpr bool last = here.end == depth;
    // The buffer that is not read from; its lengths go with it.
    const std::size_t which = detail::begins_at(in, buffers.outputs[0]) ? 1 : 0;
    T* const target = last ? out : buffers.outputs[which];
    if constexpr (last && adds) {
      if (addend != nullptr) {
        at<Index>::template infer_added<After>(pass, in, addend, target, frozen, buffers.rest);
        return;
      }
    }
    if constexpr (absorbing_layer<at<Index>>) {
      at<Index>::template infer_fused<here.activation>(pass, in, target, frozen, buffers.rest);
    } else {
      inference<at<Index>>::infer(pass, in, target, frozen, buffers.rest);
    }
    if constexpr (!last) {
      infer_from<here.end, After>(
          pass, view_after<Index, Exec, View, T>(pass.exec, in, target, buffers.lengths[which], true), addend, out,
          frozen + padded(inference<at<Index>>::template frozen_size<T>() * sizeof(T)) / sizeof(T), buffers);
    }
  }
};

}  // namespace nn
}  // namespace mmrec::inline v0
