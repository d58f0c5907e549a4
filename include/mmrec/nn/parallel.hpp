// mmrec/nn/parallel.hpp - several layers that read the same input.
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

#include <mmrec/kernel/memory.hpp>
#include <mmrec/kernel/rows.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/memory.hpp>
#include <mmrec/nn/named.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

template <class S>
inline constexpr std::size_t flat_width = 0;
template <std::size_t D>
inline constexpr std::size_t flat_width<flat<D>> = D;

template <class In, class... Layers>
struct parallel_on : layer_base<In, flat<(flat_width<typename layer_of<Layers>::template on<In>::output_shape> + ...)>> {
  using bound = std::tuple<typename layer_of<Layers>::template on<In>...>;
  static constexpr std::size_t size = sizeof...(Layers);
  template <std::size_t Index>
  using at = std::tuple_element_t<Index, bound>;
  static_assert(
      ((flat_width<typename layer_of<Layers>::template on<In>::output_shape> != 0) && ...),
      "mmrec: each side of nn::parallel ends in features (flat<D>): let a pooling or a recurrent layer make them of "
      "sequences, a global pooling or nn::flatten of pictures");
  static constexpr std::array<std::size_t, size> widths{
      flat_width<typename layer_of<Layers>::template on<In>::output_shape>...};
  static constexpr std::size_t width = [] {
    std::size_t sum = 0;
    for (const std::size_t part : widths) sum += part;
    return sum;
  }();

 private:
  template <class Body>
  static constexpr void each(Body&& body) {
    [&]<std::size_t... Index>(std::index_sequence<Index...>) { (body(std::integral_constant<std::size_t, Index>{}), ...); }
    (std::make_index_sequence<size>{});
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
  static constexpr std::size_t parameter_count = parameter_starts[size];
  static constexpr std::size_t statistic_count = statistic_starts[size];
  static constexpr std::size_t sparse_count = sparse_starts[size];
  static constexpr bool on_devices = [] {
    bool all = true;
    each([&](auto index) { all = all && runs_on_devices<at<index>>(); });
    return all;
  }();

  template <class Steps>
  static constexpr std::uint64_t multiply_adds(const Steps& steps) {
    std::uint64_t sum = 0;
    each([&](auto index) { sum += at<index>::multiply_adds(steps); });
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
    std::size_t largest = 0;
    each([&](auto index) { largest = (std::max)(largest, at<index>::template scratch_bytes<T>(in, concurrency)); });
    return outputs_bytes<T>(in) + padded(in.size() * sizeof(T)) + padded(largest);
  }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    arena state(memory.state);
    const kept<T> own = lay_out<T>(state, in.size());
    each([&](auto index) {
      at<index>::forward(pass.child(index), in, own.outputs[index],
                         memory_of<index>(memory, own.states[index], memory.scratch));
    });
    join(pass.exec, in.count, own.outputs, out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>& memory) {
    arena state(memory.state), scratch(memory.scratch);
    const kept<T> own = lay_out<T>(state, in.size());
    std::array<T*, size> gradients{};
    each([&](auto index) { gradients[index] = scratch.take<T>(in.count * widths[index]); });
    T* const side = scratch.take<T>(in.size().size());
    std::byte* const rest = memory.scratch + scratch.used();
    using kernel::add;
    using kernel::copy_columns;
    std::size_t first = 0;
    for (std::size_t part = 0; part < size; ++part) {
      copy_columns(pass.exec, in.count, widths[part], out_gradient + first, width, gradients[part], widths[part]);
      first += widths[part];
    }
    each([&](auto index) {
      T* const wanted = in_gradient == nullptr || index == 0 ? in_gradient : side;
      at<index>::backward(pass.child(index), in, own.outputs[index], static_cast<const T*>(gradients[index]), wanted,
                          memory_of<index>(memory, own.states[index], rest));
      if (wanted != in_gradient) add(pass.exec, in.size().size(), static_cast<const T*>(side), in_gradient);
    });
  }

  template <class View>
  static void check_input(std::string_view function, const View& in) {
    each([&](auto index) { nn::check_input<at<index>>(function, in); });
  }
  template <class Visitor>
  static void enumerate_parts(Visitor& visitor, enumeration_position& position) {
    const std::string prefix = position.prefix;
    mark(visitor, landmark::parallel);
    each([&](auto index) {
      if constexpr (index != 0) mark(visitor, landmark::next_side);
      position.prefix = prefix + prefix_of<std::tuple_element_t<index, std::tuple<Layers...>>>(index);
      enumerate<at<index>>(visitor, position);
    });
    mark(visitor, landmark::concatenation, {}, shape_name<flat<width>>::text());
    position.prefix = prefix;
  }

  template <class T>
  static constexpr std::size_t frozen_size() {
    std::size_t sum = 0;
    each([&](auto index) { sum += frozen_part<index, T>(); });
    return sum;
  }
  template <class T>
  static void freeze(const T* parameters, const T* statistics, frozen_form form, T* frozen) {
    each([&](auto index) {
      inference<at<index>>::freeze(parameters + parameter_starts[index], statistics + statistic_starts[index], form, frozen);
      frozen += frozen_part<index, T>();
    });
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    std::size_t largest = 0;
    each([&](auto index) {
      largest = (std::max)(largest, inference<at<index>>::template scratch_bytes<T>(in, concurrency));
    });
    return outputs_bytes<T>(in) + padded(largest);
  }
  template <backend Exec, class T>
  static void infer(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen, std::byte* scratch) {
    arena memory(scratch);
    std::array<T*, size> outputs{};
    each([&](auto index) { outputs[index] = memory.take<T>(in.count * widths[index]); });
    std::byte* const rest = scratch + memory.used();
    each([&](auto index) {
      inference<at<index>>::infer(pass, in, outputs[index], frozen, rest);
      frozen += frozen_part<index, T>();
    });
    join(pass.exec, in.count, outputs, out);
  }

 private:
  template <class T>
  struct kept {
    std::array<T*, size> outputs{};
    std::array<std::byte*, size> states{};
  };
  template <class T>
  static constexpr kept<T> lay_out(arena& memory, const dims<In>& in) {
    kept<T> own;
    each([&](auto index) {
      own.outputs[index] = memory.take<T>(in.count * widths[index]);
      own.states[index] = memory.bytes(at<index>::template state_bytes<T>(in));
    });
    return own;
  }
  template <class T>
  static constexpr std::size_t outputs_bytes(const dims<In>& in) {
    std::size_t sum = 0;
    for (const std::size_t part : widths) sum += padded(in.count * part * sizeof(T));
    return sum;
  }
  template <backend Exec, class T>
  static void join(const Exec& exec, std::size_t count, const std::array<T*, size>& outputs, T* out) {
    using kernel::copy_columns;
    for (std::size_t part = 0; part < size; ++part) {
      copy_columns(exec, count, widths[part], static_cast<const T*>(outputs[part]), widths[part], out, width);
      out += widths[part];
    }
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
    if (whole.touched != nullptr) part.touched = whole.touched + sparse_starts[Index];
    return part;
  }
};

}  // namespace detail

/// Layers, or chains of layers, that read the same input; what they give is put side by side. Of several inputs:
/// nn::branches.
///
///   nn::parallel<nn::chain<nn::conv1d<64, 3>, nn::relu, nn::global_max_pool>,
///                nn::chain<nn::conv1d<64, 5>, nn::relu, nn::global_max_pool>>
///
/// Shapes     In -> D1 + D2 + ..., where each side gives D1, D2, ...
/// Cost       that of the layers, a copy of what they give; the gradient of the input is summed
/// Result     as its layers
/// Names      the sides are called 0, 1, ... unless they are nn::named
/// PyTorch    torch.cat([f(x) for f in sides], 1)
template <class... Layers>
struct parallel {
  static_assert(sizeof...(Layers) != 0);
  template <class In>
  struct on;
  template <class In>
  requires(shape<In> && (layer_takes<layer_of<Layers>, In> && ...)) struct on<In> : detail::parallel_on<In, Layers...> {
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0
