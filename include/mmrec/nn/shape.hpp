// mmrec/nn/shape.hpp - what one example of a batch looks like, as types.
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>

#include <mmrec/core/fixed_string.hpp>

namespace mmrec::inline v0 {
namespace nn {

// Shapes are empty types with an ==, so that a network's can be asserted: static_assert(net::output_shape == flat<128>{}).
// The features of an example are known to the compiler, how many examples and how many steps a batch has is not.

/// D numbers.
template <std::size_t D>
struct flat {
  static constexpr std::size_t width = D;
};
/// A picture of C channels, H rows and W columns. Stored row after row, the channels of a pixel side by side (H x W x C).
template <std::size_t C, std::size_t H, std::size_t W>
struct chw {
  static constexpr std::size_t channels = C, height = H, width = W;
};
/// T steps of D numbers each, T x D. Within a batch, examples are as many steps long as their own length says; what lies
/// beyond is zero, in activations and in gradients.
template <std::size_t D>
struct sequence {
  static constexpr std::size_t width = D;
};
/// T token ids, with lengths as in a sequence.
struct ids {};

/// One of the named inputs of a network with several.
template <fixed_string Name, class Shape>
struct input {
  using shape = Shape;
  static constexpr auto name = Name;
};
/// Several named inputs.
template <class... Inputs>
struct bundle {};

namespace detail {
template <class S>
inline constexpr bool is_shape = false;
template <std::size_t D>
inline constexpr bool is_shape<flat<D>> = D != 0;
template <std::size_t C, std::size_t H, std::size_t W>
inline constexpr bool is_shape<chw<C, H, W>> = C != 0 && H != 0 && W != 0;
template <std::size_t D>
inline constexpr bool is_shape<sequence<D>> = D != 0;
template <>
inline constexpr bool is_shape<ids> = true;
template <fixed_string... Names, class... Shapes>
inline constexpr bool is_shape<bundle<input<Names, Shapes>...>> = (is_shape<Shapes> && ...);

template <class S>
inline constexpr bool has_steps = false;
template <std::size_t D>
inline constexpr bool has_steps<sequence<D>> = true;
template <>
inline constexpr bool has_steps<ids> = true;

template <class S>
inline constexpr bool is_bundle = false;
template <class... Inputs>
inline constexpr bool is_bundle<bundle<Inputs...>> = true;
}  // namespace detail

/// A shape of this header.
template <class S>
concept shape = detail::is_shape<S>;

template <shape A, shape B>
constexpr bool operator==(A, B) {
  return std::is_same_v<A, B>;
}

/// Numbers of one example of `steps` steps.
template <class S>
struct shape_size;
template <std::size_t D>
struct shape_size<flat<D>> {
  static constexpr std::size_t of(std::size_t) { return D; }
};
template <std::size_t C, std::size_t H, std::size_t W>
struct shape_size<chw<C, H, W>> {
  static constexpr std::size_t of(std::size_t) { return C * H * W; }
};
template <std::size_t D>
struct shape_size<sequence<D>> {
  static constexpr std::size_t of(std::size_t steps) { return steps * D; }
};
template <>
struct shape_size<ids> {
  static constexpr std::size_t of(std::size_t steps) { return steps; }
};

/// The shape in words, for tables and messages: "3 x 48 x 32", "T x 64", "T ids".
template <class S>
struct shape_name;
template <std::size_t D>
struct shape_name<flat<D>> {
  static std::string text() { return std::to_string(D); }
};
template <std::size_t C, std::size_t H, std::size_t W>
struct shape_name<chw<C, H, W>> {
  static std::string text() { return std::to_string(C) + " x " + std::to_string(H) + " x " + std::to_string(W); }
};
template <std::size_t D>
struct shape_name<sequence<D>> {
  static std::string text() { return "T x " + std::to_string(D); }
};
template <>
struct shape_name<ids> {
  static std::string text() { return "T ids"; }
};
template <fixed_string... Names, class... Shapes>
struct shape_name<bundle<input<Names, Shapes>...>> {
  static std::string text() {
    std::string all;
    ((all += (all.empty() ? "" : ", ") + std::string(Names.view()) + ": " + shape_name<Shapes>::text()), ...);
    return all;
  }
};

/// How many examples a batch has, and how many steps the longest; steps is 1 where a shape has none.
template <class S>
struct dims {
  std::size_t count = 0;
  std::size_t steps = 1;

  /// Numbers in the whole batch.
  constexpr std::size_t size() const { return count * shape_size<S>::of(steps); }
};
template <class... Inputs>
struct dims<bundle<Inputs...>> {
  std::size_t count = 0;
  std::array<std::size_t, sizeof...(Inputs)> steps{};

  template <std::size_t Index>
  constexpr auto part() const {
    return dims<typename std::tuple_element_t<Index, std::tuple<Inputs...>>::shape>{count, steps[Index]};
  }
};

/// A batch to read, not owned: count x (steps x) features, examples side by side; T is the network's scalar. `lengths`, one
/// an example and none longer than `steps`, may be null where all are of `steps` steps.
template <class S, class T>
struct batch_view {
  using element = std::conditional_t<std::is_same_v<S, ids>, std::int32_t, T>;
  const element* data = nullptr;
  std::size_t count = 0;
  std::size_t steps = 1;
  const std::uint32_t* lengths = nullptr;

  constexpr dims<S> size() const { return {count, steps}; }
  std::size_t length(std::size_t example) const { return lengths == nullptr ? steps : lengths[example]; }
};
template <class... Inputs, class T>
struct batch_view<bundle<Inputs...>, T> {
  std::tuple<batch_view<typename Inputs::shape, T>...> parts;

  std::size_t count() const { return std::get<0>(parts).count; }
  constexpr dims<bundle<Inputs...>> size() const {
    return std::apply(
        [](const auto& first, const auto&... rest) {
          return dims<bundle<Inputs...>>{first.count, {first.steps, rest.steps...}};
        },
        parts);
  }
};

namespace detail {
template <class S, class T>
const std::uint32_t* lengths_of(const batch_view<S, T>& view) {
  if constexpr (is_bundle<S>) {
    return nullptr;
  } else {
    return view.lengths;
  }
}
template <class S, class T>
bool begins_at(const batch_view<S, T>& view, const T* memory) {
  if constexpr (is_bundle<S>) {
    return false;
  } else {
    return static_cast<const void*>(view.data) == static_cast<const void*>(memory);
  }
}
}  // namespace detail

}  // namespace nn
}  // namespace mmrec::inline v0
