// mmrec/nn/branches.hpp - several networks side by side, joined into one.
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <mmrec/core/fixed_string.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/memory.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// One network of nn::branches and the name of its input.
template <fixed_string Name, network Net>
struct branch {
  static constexpr auto name = Name;
  using bound = typename Net::bound;
  static_assert(!detail::is_bundle<typename bound::input_shape>,
                "mmrec: a branch has one input; list the inner branches side by side with the outer ones");
};

/// What joins have in common; see layer_base, whose members these are for several inputs.
///
///   forward(context, count, inputs, out, memory)     inputs: a std::array of pointers to `count` examples each
///   backward(context, count, inputs, out, out_gradient, input_gradients, memory)        overwrites each input gradient
template <class Out>
struct join_base {
  using output_shape = Out;
  static constexpr std::array<tensor_spec, 0> parameters{};
  static constexpr std::uint64_t multiply_adds() { return 0; }
  /// Whether backward() reads `out`.
  static constexpr bool uses_output = false;
  template <class T>
  static constexpr std::size_t state_bytes(std::size_t) {
    return 0;
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(std::size_t, std::size_t) {
    return 0;
  }
};

/// Join takes these shapes.
template <class Join, class... Shapes>
concept joins = requires {
  sizeof(typename Join::template join<Shapes...>);
};

namespace detail {
/// After a mistake a join of nothing, so that one mistake is one error.
template <class Join, class First, class... Rest>
struct bound_join {
  static_assert(joins<Join, First, Rest...>,
                "mmrec: the join of nn::branches does not take what the branches give; the line below names both, as "
                "joins<JOIN, SHAPES...>");
  struct none : join_base<First> {};
  using type = none;
};
template <class Join, class First, class... Rest>
requires joins<Join, First, Rest...>
struct bound_join<Join, First, Rest...> {
  using type = typename Join::template join<First, Rest...>;
};
}  // namespace detail

namespace detail {
template <class In, class Join, class... Branches>
struct branches_on
    : layer_base<In, typename bound_join<Join, typename Branches::bound::output_shape...>::type::output_shape> {
  using join = typename bound_join<Join, typename Branches::bound::output_shape...>::type;
  using output_shape = typename join::output_shape;
  static constexpr std::size_t size = sizeof...(Branches);
  template <std::size_t Index>
  using at = typename std::tuple_element_t<Index, std::tuple<Branches...>>::bound;

 private:
  using indices = std::make_index_sequence<size>;
  template <class Body>
  static constexpr void each(Body&& body) {
    [&]<std::size_t... Index>(std::index_sequence<Index...>) { (body(std::integral_constant<std::size_t, Index>{}), ...); }
    (indices{});
  }
  template <class Count>
  static constexpr std::array<std::size_t, size + 1> sums(Count count) {
    std::array<std::size_t, size + 1> starts{};
    each([&](auto index) { starts[index + 1] = starts[index] + count(bound_tag<at<index>>{}); });
    return starts;
  }
  static constexpr auto parameter_starts = sums([](auto tag) { return parameter_count_of<typename decltype(tag)::type>(); });
  static constexpr auto statistic_starts = sums([](auto tag) { return statistic_count_of<typename decltype(tag)::type>(); });
  static constexpr auto sparse_starts = sums([](auto tag) { return sparse_count_of<typename decltype(tag)::type>(); });

 public:
  static constexpr std::size_t parameter_count = parameter_starts[size] + total_size(join::parameters);
  static constexpr std::size_t statistic_count = statistic_starts[size];
  static constexpr std::size_t sparse_count = sparse_starts[size];
  static constexpr bool uses_output = join::uses_output;

  static constexpr dims<output_shape> gives(const dims<In>& in) { return {in.count, 1}; }
  template <class Steps>
  static constexpr std::uint64_t multiply_adds(const Steps& steps) {
    std::uint64_t sum = join::multiply_adds();
    each([&](auto index) {
      if constexpr (std::integral<Steps>) {
        sum += at<index>::multiply_adds(steps);
      } else {
        sum += at<index>::multiply_adds(steps[index]);
      }
    });
    return sum;
  }

  template <class T>
  static constexpr std::size_t state_bytes(const dims<In>& in) {
    arena counted(nullptr);
    kept_memory<T>(counted, in);
    return counted.used();
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    std::size_t between = 0, largest = join::template scratch_bytes<T>(in.count, concurrency);
    each([&](auto index) {
      const auto part = in.template part<index>();
      between += padded(output_dims<at<index>>(part).size() * sizeof(T));
      largest = (std::max)(largest, at<index>::template scratch_bytes<T>(part, concurrency));
    });
    return between + padded(largest);
  }

  template <executor Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    arena state(memory.state);
    const kept<T> own = kept_memory<T>(state, in.size());
    each([&](auto index) {
      at<index>::forward(pass.child(index), std::get<index>(in.parts), own.outputs[index],
                         memory_of<index>(memory, own.states[index], memory.scratch));
    });
    join::forward(pass.child(size), in.count(), as_inputs(own.outputs), out,
                  join_memory(memory, own.states[size], memory.scratch));
  }
  template <executor Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T* out, const T* out_gradient, T*,
                       const layer_memory<T>& memory) {
    arena state(memory.state);
    const kept<T> own = kept_memory<T>(state, in.size());
    arena scratch(memory.scratch);
    std::array<T*, size> gradients{};
    each([&](auto index) {
      gradients[index] = scratch.take<T>(output_dims<at<index>>(std::get<index>(in.parts).size()).size());
    });
    std::byte* const rest = memory.scratch + scratch.used();
    join::backward(pass.child(size), in.count(), as_inputs(own.outputs), out, out_gradient, gradients,
                   join_memory(memory, own.states[size], rest));
    each([&](auto index) {
      at<index>::backward(pass.child(index), std::get<index>(in.parts), own.outputs[index],
                          static_cast<const T*>(gradients[index]), static_cast<T*>(nullptr),
                          memory_of<index>(memory, own.states[index], rest));
    });
  }

  template <class View>
  static void check_input(std::string_view function, const View& in) {
    each([&](auto index) { nn::check_input<at<index>>(function, std::get<index>(in.parts)); });
  }

  template <class Visitor>
  static void enumerate_parts(Visitor& visitor, enumeration_position& position) {
    const std::string prefix = position.prefix;
    const std::size_t steps = position.steps;
    each([&](auto index) {
      using here = std::tuple_element_t<index, std::tuple<Branches...>>;
      mark(visitor, landmark::branch, here::name.view(), shape_name<typename here::bound::input_shape>::text());
      position.prefix = prefix + std::string(here::name.view()) + '.';
      position.steps = position.input_steps == nullptr ? steps : position.input_steps[index];
      enumerate<typename here::bound>(visitor, position);
    });
    mark(visitor, landmark::join);
    position.steps = steps;
    position.prefix = prefix + "join.";
    visitor.layer(position.prefix, bound_tag<join>{});
    for (const tensor_spec& tensor : join::parameters) {
      visitor.parameter(position.prefix + std::string(tensor.name), tensor, position.parameter);
      position.parameter += tensor.size();
    }
    position.prefix = prefix;
  }

  template <class T>
  static constexpr std::size_t frozen_size() {
    std::size_t sum = total_size(join::parameters);
    each([&](auto index) { sum += frozen_part<index, T>(); });
    return sum;
  }
  template <class T>
  static void freeze(const T* parameters, const T* statistics, frozen_form form, T* frozen) {
    each([&](auto index) {
      inference<at<index>>::freeze(parameters + parameter_starts[index], statistics + statistic_starts[index], form, frozen);
      frozen += frozen_part<index, T>();
    });
    std::copy_n(parameters + parameter_starts[size], total_size(join::parameters), frozen);
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    std::size_t between = 0, largest = join::template scratch_bytes<T>(in.count, concurrency);
    each([&](auto index) {
      const auto part = in.template part<index>();
      between += padded(output_dims<at<index>>(part).size() * sizeof(T));
      largest = (std::max)(largest, inference<at<index>>::template scratch_bytes<T>(part, concurrency));
    });
    return between + padded(largest);
  }
  template <executor Exec, class T>
  static void infer(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen, std::byte* scratch) {
    arena memory(scratch);
    std::array<T*, size> outputs{};
    each([&](auto index) {
      outputs[index] = memory.take<T>(output_dims<at<index>>(std::get<index>(in.parts).size()).size());
    });
    std::byte* const rest = scratch + memory.used();
    each([&](auto index) {
      inference<at<index>>::infer(pass, std::get<index>(in.parts), outputs[index], frozen, rest);
      frozen += frozen_part<index, T>();
    });
    layer_memory<T> own;
    own.parameters = frozen;
    own.scratch = rest;
    join::forward(pass, in.count(), as_inputs(outputs), out, own);
  }

 private:
  template <class T>
  struct kept {
    std::array<T*, size> outputs{};
    std::array<std::byte*, size + 1> states{};
  };
  template <class T>
  static constexpr kept<T> kept_memory(arena& memory, const dims<In>& in) {
    kept<T> own;
    each([&](auto index) {
      const auto part = in.template part<index>();
      own.outputs[index] = memory.take<T>(output_dims<at<index>>(part).size());
      own.states[index] = memory.bytes(at<index>::template state_bytes<T>(part));
    });
    own.states[size] = memory.bytes(join::template state_bytes<T>(in.count));
    return own;
  }
  template <class T>
  static std::array<const T*, size> as_inputs(const std::array<T*, size>& outputs) {
    std::array<const T*, size> inputs{};
    std::copy(outputs.begin(), outputs.end(), inputs.begin());
    return inputs;
  }
  template <std::size_t Index, class T>
  static constexpr std::size_t frozen_part() {
    return padded(inference<at<Index>>::template frozen_size<T>() * sizeof(T)) / sizeof(T);
  }
  template <std::size_t Index, class T>
  static layer_memory<T> memory_of(const layer_memory<T>& whole, std::byte* state, std::byte* scratch) {
    layer_memory<T> part;
    part.parameters = whole.parameters + parameter_starts[Index];
    if (whole.gradients != nullptr) part.gradients = whole.gradients + parameter_starts[Index];
    part.statistics = whole.statistics + statistic_starts[Index];
    part.state = state;
    part.scratch = scratch;
    if (whole.rows != nullptr) part.rows = whole.rows + sparse_starts[Index];
    return part;
  }
  template <class T>
  static layer_memory<T> join_memory(const layer_memory<T>& whole, std::byte* state, std::byte* scratch) {
    layer_memory<T> part;
    part.parameters = whole.parameters + parameter_starts[size];
    if (whole.gradients != nullptr) part.gradients = whole.gradients + parameter_starts[size];
    part.state = state;
    part.scratch = scratch;
    return part;
  }
};
}  // namespace detail

/// Networks with an input each, whose outputs a join layer (nn::concat, nn::sum, nn::gated_sum) makes into one: fusion at
/// the level of the model. The first element of a nn::sequential.
///
///   nn::sequential<nn::branches<nn::concat, nn::branch<"text", text_net>, nn::branch<"image", image_net>>, nn::dense<1>>
///
/// A join is a type J with a template J::join<Shapes...>, complete for what it takes, which derives from nn::join_base.
/// Names of tensors begin with the branch's name, those of the join with "join.".
template <class Join, class... Branches>
struct branches {
  using input_shape = bundle<input<Branches::name, typename Branches::bound::input_shape>...>;
  template <class In>
  struct on;
  template <class... Inputs>
  requires std::same_as<bundle<Inputs...>, input_shape>
  struct on<bundle<Inputs...>> : detail::branches_on<input_shape, Join, Branches...> {
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0
