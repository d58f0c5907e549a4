// mmrec/nn/frozen.hpp - a network whose weights no longer change, ready to compute.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/finite.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/weights.hpp>

namespace mmrec::inline v0 {
namespace nn {
namespace detail {

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

/// Throws unless a batch is what a network of its shape can be given: lengths within the steps, finite numbers, room.
template <class S, class T>
void require_valid_batch(std::string_view function, const batch_view<S, T>& in) {
  if constexpr (is_bundle<S>) {
    std::apply(
        [&](const auto&... part) {
          (require_size(function, "examples of an input", in.count(), part.count), ...);
          (require_valid_batch(function, part), ...);
        },
        in.parts);
  } else {
    if constexpr (has_steps<S>) {
      for (std::size_t example = 0; in.lengths != nullptr && example < in.count; ++example) {
        if (in.lengths[example] > in.steps) {
          throw shape_error(function, "length of an example, at most", in.steps, in.lengths[example]);
        }
        if constexpr (!std::is_same_v<S, ids>) {
          const T* const first = in.data + example * in.steps * S::width;
          if (std::any_of(first + in.lengths[example] * S::width, first + in.steps * S::width,
                          [](T x) { return x != T(0); })) {
            throw data_error(function, "example " + std::to_string(example) + " has numbers beyond its length of " +
                                           std::to_string(in.lengths[example]) + " steps, where there have to be zeros");
          }
        }
      }
    } else {
      require_size(function, "steps", 1, in.steps);
    }
    if constexpr (!std::is_same_v<S, ids>) require_finite<T>(function, "the input", {in.data, in.size().size()});
  }
}

}  // namespace detail

/// A network folded and packed for inference: batch norms are part of the layers before them, activations are applied as
/// outputs are stored, weights lie as the kernels read them. Built once, then const: any number of threads may use one,
/// each with a workspace of its own.
///
/// Cost    one pass over the weights to build; a call allocates nothing
/// Result  a row of outputs depends on its example alone, whatever the batch and the number of threads
/// Throws  data_error for weights that are not finite
template <network Net, class T = float>
class frozen {
 public:
  using bound = typename Net::bound;
  using input = typename bound::input_shape;
  using view = batch_view<input, T>;

  explicit frozen(const weights<Net, T>& trained) : packed_(inference<bound>::template frozen_size<T>()) {
    detail::require_finite<T>("nn::frozen", "the parameters", trained.parameters);
    detail::require_finite<T>("nn::frozen", "the statistics", trained.statistics);
    inference<bound>::freeze(trained.parameters.data(), trained.statistics.data(), packed_.data());
  }

  /// Memory for calls with batches up to `largest`, run by up to `concurrency` threads; grown by a call that needs more.
  class workspace {
   public:
    workspace() = default;
    explicit workspace(const dims<input>& largest, std::size_t concurrency = 1) { reserve(largest, concurrency); }
    void reserve(const dims<input>& size, std::size_t concurrency) {
      const std::size_t bytes = inference<bound>::template scratch_bytes<T>(size, concurrency);
      const std::size_t outputs = output_dims<bound>(size).size();
      if (scratch_.size() < bytes) scratch_.resize(bytes);
      if (outputs_.size() < outputs) outputs_.resize(outputs);
    }

   private:
    friend class frozen;
    kernel::aligned_vector<std::byte> scratch_;
    kernel::aligned_vector<T> outputs_;
  };

  /// The outputs for a batch, valid until the workspace is used again.
  /// Throws shape_error for lengths beyond the steps; data_error for inputs that are not finite or ids out of range.
  template <executor Exec>
  std::span<const T> operator()(const Exec& exec, const view& in, workspace& memory) const {
    detail::require_valid_batch("nn::frozen", in);
    check_input<bound>("nn::frozen", in);
    const dims<input> size = in.size();
    memory.reserve(size, exec.concurrency());
    inference<bound>::infer(context<Exec>{exec, false}, in, memory.outputs_.data(), packed_.data(), memory.scratch_.data());
    return {memory.outputs_.data(), output_dims<bound>(size).size()};
  }

  /// Bytes held.
  std::size_t bytes() const { return packed_.size() * sizeof(T); }

  friend bool operator==(const frozen&, const frozen&) = default;

 private:
  kernel::aligned_vector<T> packed_;
};

}  // namespace nn
}  // namespace mmrec::inline v0
