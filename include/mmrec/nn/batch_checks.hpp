// mmrec/nn/batch_checks.hpp - what is asked of a batch before a network reads it, and of the memory for one.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>

#include <mmrec/core/error.hpp>
#include <mmrec/kernel/finite.hpp>
#include <mmrec/nn/shape.hpp>

namespace mmrec::inline v0 {
namespace nn::detail {

/// Throws data_error for a number that is not finite: what a network makes of one is not a result.
template <class T>
void require_finite(std::string_view function, std::string_view what, std::span<const T> values) {
  if (kernel::all_finite(values.size(), values.data())) return;
  for (std::size_t index = 0; index < values.size(); ++index) {
    if (!std::isfinite(values[index])) {
      throw data_error(function, "number " + std::to_string(index) + " of " + std::string(what) + " is not finite");
    }
  }
}

/// Throws shape_error for lengths beyond the steps, steps where there are none, and inputs of different counts.
template <class S, class T>
void require_valid_sizes(std::string_view function, const batch_view<S, T>& in) {
  if constexpr (is_bundle<S>) {
    std::apply(
        [&](const auto&... part) {
          (require_size(function, "examples of an input", in.count(), part.count), ...);
          (require_valid_sizes(function, part), ...);
        },
        in.parts);
  } else if constexpr (has_steps<S>) {
    for (std::size_t example = 0; in.lengths != nullptr && example < in.count; ++example) {
      if (in.lengths[example] > in.steps) {
        throw shape_error(function, "length of an example, at most", in.steps, in.lengths[example]);
      }
    }
  } else {
    require_size(function, "steps", 1, in.steps);
  }
}

/// And data_error for numbers that are not finite, or not zero beyond an example's length.
template <class S, class T>
void require_valid_batch(std::string_view function, const batch_view<S, T>& in) {
  require_valid_sizes(function, in);
  if constexpr (is_bundle<S>) {
    std::apply([&](const auto&... part) { (require_valid_batch(function, part), ...); }, in.parts);
  } else if constexpr (!std::is_same_v<S, ids>) {
    if constexpr (has_steps<S>) {
      for (std::size_t example = 0; in.lengths != nullptr && example < in.count; ++example) {
        const T* const first = in.data + example * in.steps * S::width;
        if (std::any_of(first + in.lengths[example] * S::width, first + in.steps * S::width,
                        [](T x) { return x != T(0); })) {
          throw data_error(function, "example " + std::to_string(example) + " has numbers beyond its length of " +
                                         std::to_string(in.lengths[example]) + " steps, where there have to be zeros");
        }
      }
    }
    require_finite<T>(function, "the input", {in.data, in.size().size()});
  }
}

/// The most that any batch of at most `size` examples needs: kernels cut batches of different sizes in different ways, so
/// that a smaller one can need more than a larger.
template <class S, class Bytes>
std::size_t most_bytes(dims<S> size, Bytes&& bytes) {
  std::size_t most = 0;
  for (std::size_t last = size.count, count = 0; count <= last; ++count) {
    size.count = count;
    most = (std::max)(most, static_cast<std::size_t>(bytes(size)));
  }
  return most;
}

}  // namespace nn::detail
}  // namespace mmrec::inline v0
