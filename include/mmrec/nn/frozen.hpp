// mmrec/nn/frozen.hpp - a network whose weights no longer change, ready to compute.
#pragma once
#include <cstddef>
#include <span>

#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/weights.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// A network folded and packed for inference: batch norms are part of the layers before them, activations are applied as
/// outputs are stored, weights lie as the kernels read them. Built once, then const: any number of threads may use one,
/// each with a workspace of its own.
///
/// Cost    one pass over the weights to build; a call allocates nothing for a batch that its workspace has room for
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
    inference<bound>::freeze(trained.parameters.data(), trained.statistics.data(), frozen_form::packed, packed_.data());
  }

  /// Memory for calls with batches of up to largest.count examples of largest.steps steps, run by `concurrency` threads;
  /// grown by a call that needs more.
  class workspace {
   public:
    workspace() = default;
    explicit workspace(const dims<input>& largest, std::size_t concurrency = 1) {
      reserve(largest, concurrency);
      scratch_.resize(detail::most_bytes(
          largest, [&](const dims<input>& size) { return inference<bound>::template scratch_bytes<T>(size, concurrency); }));
    }
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
