// mmrec/nn/train/examples.hpp - where the examples of a training come from, and the batches made of them.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn {

// A source of examples of a shape has
//
//   size()                              how many
//   length(index)                       steps of one; only for shapes with steps
//   write(index, out)                   its numbers, or ids, as batch_view wants them
//   write(index, out, random_stream&)   optional: the same, varied at random, for training alone
//
// and may be read by several threads at once. For a bundle it is a bundle_of sources in the order of the network's inputs.

/// Examples of the same size one after another in memory: rows of a matrix, pictures of one size. Not owned.
template <class T>
struct contiguous {
  std::span<const T> values;
  std::size_t width = 0;  ///< numbers of one example

  std::size_t size() const { return width == 0 ? 0 : values.size() / width; }
  template <class U>
  void write(std::size_t index, U* out) const {
    std::transform(values.data() + index * width, values.data() + (index + 1) * width, out,
                   [](T value) { return static_cast<U>(value); });
  }
};

/// Examples of several steps one after another in memory: example i is steps starts[i] .. starts[i + 1] - 1. Not owned.
template <class T>
struct ragged {
  std::span<const T> values;
  std::span<const std::size_t> starts;                    ///< size() + 1, in steps
  std::size_t width = 1;                                  ///< numbers of a step; 1 for ids
  std::size_t most_steps = static_cast<std::size_t>(-1);  ///< longer examples are cut off

  std::size_t size() const { return starts.empty() ? 0 : starts.size() - 1; }
  std::size_t length(std::size_t index) const { return (std::min)(most_steps, starts[index + 1] - starts[index]); }
  template <class U>
  void write(std::size_t index, U* out) const {
    const T* const first = values.data() + starts[index] * width;
    std::transform(first, first + length(index) * width, out, [](T value) { return static_cast<U>(value); });
  }
};

/// A source whose training examples are varied: change(out, length, random) is called on what the source has written.
template <class Source, class Change>
struct augmented {
  Source source;
  Change change;

  augmented(Source varied, Change by) : source(std::move(varied)), change(std::move(by)) {}

  std::size_t size() const { return source.size(); }
  std::size_t length(std::size_t index) const {
    if constexpr (requires { source.length(index); }) {
      return source.length(index);
    } else {
      return 1;
    }
  }
  template <class U>
  void write(std::size_t index, U* out) const {
    source.write(index, out);
  }
  template <class U>
  void write(std::size_t index, U* out, random_stream& random) const {
    source.write(index, out);
    change(out, length(index), random);
  }
};
template <class Source, class Change>
augmented(Source, Change) -> augmented<Source, Change>;

/// Sources of the same examples, one for each input of the network, in its order.
template <class... Sources>
struct bundle_of {
  std::tuple<Sources...> sources;

  explicit bundle_of(Sources... each) : sources(std::move(each)...) {}
  std::size_t size() const { return std::get<0>(sources).size(); }
};

/// What a source must give to examples of shape S with numbers T.
template <class Source, class S, class T>
inline constexpr bool gives_examples = requires(const Source& source, std::size_t index,
                                                typename batch_view<S, T>::element* out) {
  { source.size() } -> std::convertible_to<std::size_t>;
  source.write(index, out);
  requires !detail::has_steps<S> || requires {
    { source.length(index) } -> std::convertible_to<std::size_t>;
  };
};
template <class... Sources, class... Inputs, class T>
inline constexpr bool gives_examples<bundle_of<Sources...>, bundle<Inputs...>, T> =
    sizeof...(Sources) == sizeof...(Inputs) && (gives_examples<Sources, typename Inputs::shape, T> && ...);

/// A source of examples for a network whose input is of shape S.
template <class Source, class S, class T = float>
concept example_source = gives_examples<Source, S, T>;

/// The dims of batches of `count` examples of a source, the longest included.
template <class S, class T, class Source>
dims<S> largest_batch(const Source& source, std::size_t count) {
  if constexpr (detail::is_bundle<S>) {
    return [&]<class... Inputs>(bundle<Inputs...>) {
      return std::apply(
          [&](const auto&... part) {
            return dims<S>{count, {largest_batch<typename Inputs::shape, T>(part, count).steps...}};
          },
          source.sources);
    }(S{});
  } else {
    dims<S> largest{count, 1};
    if constexpr (detail::has_steps<S>) {
      largest.steps = 0;
      for (std::size_t index = 0; index < source.size(); ++index) {
        largest.steps = (std::max)(largest.steps, static_cast<std::size_t>(source.length(index)));
      }
    }
    return largest;
  }
}

/// The memory of a batch, filled again and again without allocating.
template <class S, class T>
class batch_buffer {
 public:
  using element = typename batch_view<S, T>::element;
  explicit batch_buffer(const dims<S>& largest) : values_(largest.size()), lengths_(largest.count) {}

  /// The examples `rows` of a source, each cut into the buffer with zeros beyond its length; varied at random if the source
  /// does so and `random_key` is given, each by its own stream: the same whatever the threads.
  template <executor Exec, class Source>
  void fill(const Exec& exec, const Source& source, std::span<const std::uint32_t> rows, const seed* random_key) {
    count_ = rows.size();
    steps_ = 1;
    if constexpr (detail::has_steps<S>) {
      steps_ = 0;
      for (std::size_t i = 0; i < count_; ++i) {
        lengths_[i] = static_cast<std::uint32_t>(source.length(rows[i]));
        steps_ = (std::max)(steps_, static_cast<std::size_t>(lengths_[i]));
      }
    }
    const std::size_t each = shape_size<S>::of(steps_);
    const std::size_t width = detail::has_steps<S> ? shape_size<S>::of(1) : each;
    for_ranges(exec, count_, 8, [&](std::size_t begin, std::size_t end) {
      for (std::size_t i = begin; i < end; ++i) {
        element* const out = values_.data() + i * each;
        if constexpr (requires(random_stream & random) { source.write(0, out, random); }) {
          if (random_key != nullptr) {
            random_stream random(*random_key, rows[i]);
            source.write(rows[i], out, random);
          } else {
            source.write(rows[i], out);
          }
        } else {
          source.write(rows[i], out);
        }
        if constexpr (detail::has_steps<S>) std::fill(out + lengths_[i] * width, out + each, element(0));
      }
    });
  }
  batch_view<S, T> view() const {
    return {values_.data(), count_, steps_, detail::has_steps<S> ? lengths_.data() : nullptr};
  }

 private:
  kernel::aligned_vector<element> values_;
  kernel::aligned_vector<std::uint32_t> lengths_;
  std::size_t count_ = 0;
  std::size_t steps_ = 1;
};

template <class... Inputs, class T>
class batch_buffer<bundle<Inputs...>, T> {
 public:
  using shape = bundle<Inputs...>;
  explicit batch_buffer(const dims<shape>& largest) : parts_(parts_for(largest, std::index_sequence_for<Inputs...>{})) {}

  template <executor Exec, class Source>
  void fill(const Exec& exec, const Source& source, std::span<const std::uint32_t> rows, const seed* random_key) {
    [&]<std::size_t... Index>(std::index_sequence<Index...>) {
      (std::get<Index>(parts_).fill(exec, std::get<Index>(source.sources), rows, random_key), ...);
    }
    (std::index_sequence_for<Inputs...>{});
  }
  batch_view<shape, T> view() const {
    return {std::apply([](const auto&... part) { return std::tuple(part.view()...); }, parts_)};
  }

 private:
  using parts = std::tuple<batch_buffer<typename Inputs::shape, T>...>;
  template <std::size_t... Index>
  static parts parts_for(const dims<shape>& largest, std::index_sequence<Index...>) {
    return parts(batch_buffer<typename Inputs::shape, T>(largest.template part<Index>())...);
  }
  parts parts_;
};

namespace detail {
/// Throws shape_error unless all sources of a bundle have as many examples.
template <class Source>
void require_same_sizes(std::string_view function, const Source& source) {
  if constexpr (requires { source.sources; }) {
    std::apply(
        [&](const auto&... part) { (require_size(function, "examples of an input", source.size(), part.size()), ...); },
        source.sources);
  }
}
}  // namespace detail

}  // namespace nn
}  // namespace mmrec::inline v0
