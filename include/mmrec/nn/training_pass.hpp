// mmrec/nn/training_pass.hpp - one forward and backward pass through a network, in memory planned beforehand.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/optimizer/state.hpp>
#include <mmrec/nn/optimizer/update.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/touched_rows.hpp>
#include <mmrec/nn/weights.hpp>

namespace mmrec::inline v0 {
namespace nn {

/// The memory of training a network on batches up to a given size: gradients, activations, scratch; allocated at once, so
/// that passes allocate nothing.
///
/// Cost    parameter_count numbers for the gradients, and Net::activation_bytes an example
/// Result  the same bits for any number of threads
template <network Net, class T = float>
class training_pass {
 public:
  using bound = typename Net::bound;
  using input = typename bound::input_shape;
  using view = batch_view<input, T>;

  /// Room for batches up to `largest`, run by up to `concurrency` threads at a time.
  training_pass(const dims<input>& largest, std::size_t concurrency)
      : largest_(largest),
        concurrency_(concurrency),
        gradients_(bound::parameter_count),
        outputs_(output_dims<bound>(largest).size()),
        state_(bound::template state_bytes<T>(largest)),
        scratch_(detail::most_bytes(
            largest, [&](const dims<input>& size) { return bound::template scratch_bytes<T>(size, concurrency); })) {
    for (const tensor_info& tensor : tensors_of<Net>()) {
      if (tensor.spec.sparse) sparse_.push_back(tensor);
    }
    for (const tensor_info& tensor : sparse_) rows_.emplace_back(tensor.spec.extents[0], tensor.spec.extents[0]);
  }

  /// The network's outputs for a batch. Training, layers such as dropout use randomness from `key`, normalisations use the
  /// batch and update their statistics; otherwise they use the statistics and nothing is changed.
  /// Throws shape_error for a batch larger than was planned for; data_error for ids out of range.
  template <executor Exec>
  std::span<const T> forward(const Exec& exec, weights<Net, T>& network, const view& in, seed key = {},
                             bool training = true) {
    require_planned(exec, in);
    check_input<bound>("nn::training_pass", in);
    reserve_scratch(exec, in);
    layer_memory<T> memory = memory_of(network);
    bound::forward(context<Exec>{exec, training, key}, in, outputs_.data(), memory);
    ready_ = training;
    return {outputs_.data(), output_dims<bound>(in.size()).size()};
  }

  /// After a forward() in training of the same batch with the same key, once: adds the gradients of the parameters to
  /// gradients(), and, if asked, writes that of the input, which may be asked for where it is one block of numbers.
  /// Throws shape_error as forward(), and for gradients that are not as many as the outputs; data_error without such a
  /// forward(), whose memory it uses up; invalid_config for the gradient of ids or of several inputs.
  template <executor Exec>
  void backward(const Exec& exec, weights<Net, T>& network, const view& in, std::span<const T> output_gradient,
                seed key = {}, T* input_gradient = nullptr) {
    require_planned(exec, in);
    require_size("nn::training_pass::backward", "gradient of the outputs", output_dims<bound>(in.size()).size(),
                 output_gradient.size());
    if (!ready_) throw data_error("nn::training_pass::backward", "no forward pass in training that has not been used yet");
    ready_ = false;
    require_config(input_gradient == nullptr || (!detail::is_bundle<input> && !std::is_same_v<input, ids>),
                   "nn::training_pass::backward", "input_gradient", "does not exist for ids and for several inputs");
    reserve_scratch(exec, in);
    layer_memory<T> memory = memory_of(network);
    memory.gradients = gradients_.data();
    memory.rows = rows_.data();
    bound::backward(context<Exec>{exec, true, key}, in, outputs_.data(), output_gradient.data(), input_gradient, memory);
  }

  std::span<T> gradients() { return gradients_; }
  std::span<const T> gradients() const { return gradients_; }
  /// The tables of which only some rows have gradients, and which rows these are, in the same order.
  std::span<const tensor_info> sparse_tensors() const { return sparse_; }
  std::span<touched_rows> touched() { return rows_; }

  /// Gradients of nothing: only what was written is cleared, not the whole of a large table.
  void clear_gradients() {
    T* const all = gradients_.data();
    std::size_t done = 0;
    for (std::size_t table = 0; table < sparse_.size(); ++table) {
      const tensor_info& tensor = sparse_[table];
      std::fill(all + done, all + tensor.offset, T(0));
      const std::size_t width = tensor.spec.size() / tensor.spec.extents[0];
      for (const std::uint32_t row : rows_[table].rows()) {
        std::fill_n(all + tensor.offset + row * width, width, T(0));
      }
      rows_[table].clear();
      done = tensor.offset + tensor.spec.size();
    }
    std::fill(all + done, all + gradients_.size(), T(0));
  }

  /// Bytes held.
  std::size_t bytes() const { return state_.size() + scratch_.size() + (gradients_.size() + outputs_.size()) * sizeof(T); }

 private:
  /// Only batches of fewer steps or threads than planned for can find too little.
  template <executor Exec>
  void reserve_scratch(const Exec& exec, const view& in) {
    const std::size_t needed = bound::template scratch_bytes<T>(in.size(), exec.concurrency());
    if (scratch_.size() < needed) scratch_.resize(needed);
  }
  layer_memory<T> memory_of(weights<Net, T>& network) {
    layer_memory<T> memory;
    memory.parameters = network.parameters.data();
    memory.statistics = network.statistics.data();
    memory.state = state_.data();
    memory.scratch = scratch_.data();
    return memory;
  }
  template <executor Exec>
  void require_planned(const Exec& exec, const view& in) const {
    const dims<input> size = in.size();
    const auto exceeds = [](std::size_t asked, std::size_t planned, std::string_view what) {
      if (asked > planned) throw shape_error("nn::training_pass", what, planned, asked);
    };
    exceeds(exec.concurrency(), concurrency_, "threads, at most");
    exceeds(size.count, largest_.count, "examples, at most");
    if constexpr (detail::is_bundle<input>) {
      for (std::size_t part = 0; part < size.steps.size(); ++part)
        exceeds(size.steps[part], largest_.steps[part], "steps, at most");
    } else {
      exceeds(size.steps, largest_.steps, "steps, at most");
    }
    detail::require_valid_sizes("nn::training_pass", in);
  }

  dims<input> largest_;
  std::size_t concurrency_;
  kernel::aligned_vector<T> gradients_;
  kernel::aligned_vector<T> outputs_;
  kernel::aligned_vector<std::byte> state_;
  kernel::aligned_vector<std::byte> scratch_;
  std::vector<tensor_info> sparse_;
  std::vector<touched_rows> rows_;
  bool ready_ = false;
};

namespace detail {
/// One step of an optimiser with the gradients of a pass; of sparse tensors, the rows that were touched move.
template <executor Exec, optimizer O, class Net, class T>
void update_weights(const Exec& exec, const O& spec, optimizer_state<T>& state, weights<Net, T>& network,
                    training_pass<Net, T>& pass, double factor) {
  T* const parameters = network.parameters.data();
  const T* const gradients = pass.gradients().data();
  const auto tables = pass.sparse_tensors();
  state.advance();
  std::size_t done = 0;
  for (std::size_t table = 0; table < tables.size(); ++table) {
    const tensor_info& tensor = tables[table];
    const std::size_t width = tensor.spec.size() / tensor.spec.extents[0];
    update(exec, spec, state, parameters, gradients, done, tensor.offset, factor);
    update_rows(exec, spec, state, parameters, gradients, tensor.offset, width, pass.touched()[table].sorted(), factor);
    done = tensor.offset + tensor.spec.size();
  }
  update(exec, spec, state, parameters, gradients, done, Net::parameter_count, factor);
}
}  // namespace detail

}  // namespace nn
}  // namespace mmrec::inline v0
