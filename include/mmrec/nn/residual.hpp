// mmrec/nn/residual.hpp - a layer beside a shortcut.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/kernel/memory.hpp>
#include <mmrec/nn/chain.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/named.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The shortcut that passes its input on.
struct identity {};

namespace detail {
template <class Shortcut, class In>
struct bound_shortcut {
  using type = typename layer_of<Shortcut>::template on<In>;
  using output = typename type::output_shape;
  static constexpr bool present = true;
};
template <class In>
struct bound_shortcut<identity, In> {
  struct type : layer_base<In, In> {};
  using output = In;
  static constexpr bool present = false;
};
}  // namespace detail

/// y = body(x) + shortcut(x).
///
/// Shapes     body and shortcut give the same shape; the identity shortcut asks that the body keep its input's
/// Cost       those of its parts, and one addition a number
/// Names      the body's tensors carry no prefix of their own; the shortcut's begin with "shortcut." unless it is nn::named
/// Reference  He, Zhang, Ren, Sun, "Deep residual learning for image recognition", CVPR 2016
template <class Body, class Shortcut = identity>
struct residual {
  template <class In>
  struct on;
};

template <class Body, class Shortcut>
template <class In>
struct residual<Body, Shortcut>::on : layer_base<In, typename layer_of<Body>::template on<In>::output_shape> {
  using body = typename layer_of<Body>::template on<In>;
  using shortcut = typename detail::bound_shortcut<Shortcut, In>::type;
  using output_shape = typename body::output_shape;
  static constexpr bool projects = detail::bound_shortcut<Shortcut, In>::present;
  /// Not in the class itself, which a mistake would make unusable: one mistake is one error.
  static void check_wiring() {
    static_assert(
        std::is_same_v<output_shape, typename detail::bound_shortcut<Shortcut, In>::output>,
        "mmrec: the two sides of a residual give different shapes: let the shortcut be a layer that gives what the "
        "body gives, such as a convolution of width 1 with the same stride");
    static_assert(same_steps(),
                  "mmrec: the two sides of a residual give different numbers of steps: pad or stride both alike");
  }

  static constexpr std::size_t parameter_count = parameter_count_of<body>() + parameter_count_of<shortcut>();
  static constexpr std::size_t statistic_count = statistic_count_of<body>() + statistic_count_of<shortcut>();
  static constexpr std::size_t sparse_count = sparse_count_of<body>() + sparse_count_of<shortcut>();
  static constexpr bool changes_steps = body::changes_steps;
  static constexpr bool on_devices = runs_on_devices<body>() && (!projects || runs_on_devices<shortcut>());

  static constexpr std::size_t steps(std::size_t in) { return body::steps(in); }
  static constexpr std::uint64_t multiply_adds(std::size_t steps) {
    return body::multiply_adds(steps) + shortcut::multiply_adds(steps);
  }

  template <class T>
  static constexpr std::size_t state_bytes(const dims<In>& in) {
    return padded(body::template state_bytes<T>(in)) + padded(shortcut::template state_bytes<T>(in)) +
           (std::size_t{body::uses_output} + std::size_t{shortcut::uses_output}) *
               padded(output_dims<body>(in).size() * sizeof(T));
  }
  template <class T>
  static constexpr std::size_t scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    return padded((std::max)(in.size(), output_dims<body>(in).size()) * sizeof(T)) +
           (std::max)(body::template scratch_bytes<T>(in, concurrency),
                      shortcut::template scratch_bytes<T>(in, concurrency));
  }

  template <backend Exec, class T>
  static void forward(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const layer_memory<T>& memory) {
    const parts<T> own(in.size(), memory);
    const std::size_t size = output_dims<body>(in.size()).size();
    T* const given = own.body_output == nullptr ? out : own.body_output;
    body::forward(pass.child(0), in, given, own.body_memory);
    const T* other = nullptr;
    if constexpr (projects) {
      T* const projected = own.shortcut_output == nullptr ? own.side : own.shortcut_output;
      shortcut::forward(pass.child(1), in, projected, own.shortcut_memory);
      other = projected;
    } else {
      other = in.data;
    }
    using kernel::add;
    using kernel::copy;
    if (given != out) copy(pass.exec, size, static_cast<const T*>(given), out);
    add(pass.exec, size, other, out);
  }
  template <backend Exec, class T>
  static void backward(const context<Exec>& pass, const batch_view<In, T>& in, const T*, const T* out_gradient,
                       T* in_gradient, const layer_memory<T>& memory) {
    using kernel::add;
    const parts<T> own(in.size(), memory);
    body::backward(pass.child(0), in, own.body_output, out_gradient, in_gradient, own.body_memory);
    if constexpr (projects) {
      T* const side = in_gradient == nullptr ? nullptr : own.side;
      shortcut::backward(pass.child(1), in, own.shortcut_output, out_gradient, side, own.shortcut_memory);
      if (side != nullptr) add(pass.exec, in.size().size(), static_cast<const T*>(side), in_gradient);
    } else if (in_gradient != nullptr) {
      add(pass.exec, in.size().size(), out_gradient, in_gradient);
    }
  }

  /// See lengths_after() of nn/layer.hpp.
  static constexpr bool has_part_lengths = true;
  template <class Exec>
  static void part_lengths(const Exec& exec, std::size_t count, const std::uint32_t* before, std::uint32_t* after) {
    lengths_after<body>(exec, count, before, after);
  }

  template <class View>
  static void check_input(std::string_view function, const View& in) {
    nn::check_input<body>(function, in);
    nn::check_input<shortcut>(function, in);
  }

  template <class Visitor>
  static void enumerate_parts(Visitor& visitor, enumeration_position& position) {
    const std::string prefix = position.prefix;
    mark(visitor, landmark::residual);
    enumerate<body>(visitor, position);
    mark(visitor, landmark::shortcut);
    if constexpr (projects) {
      const std::string own = prefix_of<Shortcut>(0);
      position.prefix = prefix + (own == "0." ? "shortcut." : own);
      enumerate<shortcut>(visitor, position);
    }
    mark(visitor, landmark::sum, {}, shape_name<output_shape>::text());
    position.prefix = prefix;
  }

  template <class T>
  static constexpr std::size_t frozen_size() {
    return frozen_body<T>() + (projects ? inference<shortcut>::template frozen_size<T>() : 0);
  }
  template <class T>
  static void freeze(const T* parameters, const T* statistics, frozen_form form, T* frozen) {
    inference<body>::freeze(parameters, statistics, form, frozen);
    if constexpr (projects) {
      inference<shortcut>::freeze(parameters + parameter_count_of<body>(), statistics + statistic_count_of<body>(), form,
                                  frozen + frozen_body<T>());
    }
  }
  template <class T>
  static constexpr std::size_t infer_scratch_bytes(const dims<In>& in, std::size_t concurrency) {
    return padded(output_dims<body>(in).size() * sizeof(T)) +
           (std::max)(inference<body>::template scratch_bytes<T>(in, concurrency),
                      inference<shortcut>::template scratch_bytes<T>(in, concurrency));
  }
  static constexpr bool absorbs = true;
  template <backend Exec, class T>
  static void infer(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen, std::byte* scratch) {
    infer_fused<fused_activation::none>(pass, in, out, frozen, scratch);
  }
  /// The sum, and an activation after it, are formed as the body's last layer stores its output, where that layer can.
  template <fused_activation Activation, backend Exec, class T>
  static void infer_fused(const context<Exec>& pass, const batch_view<In, T>& in, T* out, const T* frozen,
                          std::byte* scratch) {
    const std::size_t size = output_dims<body>(in.size()).size();
    std::byte* const rest = scratch + padded(size * sizeof(T));
    const T* other = nullptr;
    if constexpr (projects) {
      T* const projected = reinterpret_cast<T*>(scratch);
      inference<shortcut>::infer(pass, in, projected, frozen + frozen_body<T>(), rest);
      other = projected;
    } else {
      other = in.data;
    }
    if constexpr (adding_layer<body>) {
      body::template infer_added<Activation>(pass, in, other, out, frozen, rest);
    } else {
      inference<body>::infer(pass, in, out, frozen, rest);
      using kernel::add;
      using kernel::relu_forward;
      add(pass.exec, size, other, out);
      if constexpr (Activation == fused_activation::relu) {
        relu_forward(pass.exec, size, static_cast<const T*>(out), out, pass.level);
      }
    }
  }

 private:
  /// As far as lengths of a few windows can tell.
  static constexpr bool same_steps() {
    for (std::size_t in = 1; in <= 64; ++in) {
      if (body::steps(in) != shortcut::steps(in)) return false;
    }
    return true;
  }
  template <class T>
  static constexpr std::size_t frozen_body() {
    return padded(inference<body>::template frozen_size<T>() * sizeof(T)) / sizeof(T);
  }
  /// The memory of both sides. What a side gave is kept apart from the sum only where its backward pass asks for it.
  template <class T>
  struct parts {
    parts(const dims<In>& in, const layer_memory<T>& whole) : body_memory(whole), shortcut_memory(whole) {
      const std::size_t given = output_dims<body>(in).size();
      arena kept(whole.state);
      body_memory.state = kept.bytes(body::template state_bytes<T>(in));
      shortcut_memory.state = kept.bytes(shortcut::template state_bytes<T>(in));
      if constexpr (body::uses_output) body_output = kept.take<T>(given);
      if constexpr (shortcut::uses_output) shortcut_output = kept.take<T>(given);
      arena scratch(whole.scratch);
      side = scratch.take<T>((std::max)(in.size(), given));
      body_memory.scratch = shortcut_memory.scratch = whole.scratch + scratch.used();
      shortcut_memory.parameters = whole.parameters + parameter_count_of<body>();
      if (whole.gradients != nullptr) shortcut_memory.gradients = whole.gradients + parameter_count_of<body>();
      shortcut_memory.statistics = whole.statistics + statistic_count_of<body>();
      if (whole.rows != nullptr) shortcut_memory.rows = whole.rows + sparse_count_of<body>();
      if (whole.touched != nullptr) shortcut_memory.touched = whole.touched + sparse_count_of<body>();
    }
    layer_memory<T> body_memory;
    layer_memory<T> shortcut_memory;
    T* body_output = nullptr;
    T* shortcut_output = nullptr;
    T* side = nullptr;
  };
};

}  // namespace nn
}  // namespace mmrec::inline v0
