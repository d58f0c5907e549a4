// mmrec/nn/cuda/pass.hpp - one forward and backward pass through a network on a device.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/cuda/dropout.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/cuda/weights.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/weights.hpp>

namespace mmrec::inline v0 {
namespace nn {
/// On a device, the seed of a step is read when the step is run, so that a captured graph draws anew each time.
template <>
struct key_of<cuda::context> {
  using type = cuda::random_key;
};
}  // namespace nn

namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// The memory of training a network on batches up to a given size, as nn::training_pass has it; passes allocate nothing
/// once every kernel's workspace is there, which is after the first pass of each size.
///
/// The batch and its lengths are in device memory, and have been checked: ids lie within their tables.
template <nn::network Net, class T = float>
class device_pass {
 public:
  using bound = typename Net::bound;
  using input = typename bound::input_shape;
  using view = nn::batch_view<input, T>;

  device_pass(const context& on, const nn::dims<input>& largest)
      : gradients_(on, bound::parameter_count),
        outputs_(on, nn::output_dims<bound>(largest).size()),
        state_(on, bound::template state_bytes<T>(largest)),
        scratch_(on, nn::detail::most_bytes(
                         largest, [](const nn::dims<input>& size) { return bound::template scratch_bytes<T>(size, 1); })) {
    for (const nn::tensor_info& tensor : nn::tensors_of<Net>()) {
      if (!tensor.spec.sparse) continue;
      sparse_.push_back(tensor);
      flags_.emplace_back(on, tensor.spec.extents[0]);
      flags_.back().clear(on);
    }
    std::vector<std::uint8_t*> addresses;
    for (auto& each : flags_) addresses.push_back(each.on(on));
    touched_ = addresses;
    gradients_.clear(on);
  }

  /// Queues a forward pass. Gives the device address of the outputs.
  const T* forward(const context& on, device_weights<Net, T>& network, const view& in, const random_key& key,
                   bool training) {
    bound::forward(nn::context<context>{on, training, key}, in, outputs_.on(on), memory_of(on, network));
    return outputs_.on(on);
  }
  /// Queues the backward pass of the forward pass before it; gradients are added to.
  void backward(const context& on, device_weights<Net, T>& network, const view& in, const T* output_gradient,
                const random_key& key) {
    nn::layer_memory<T> memory = memory_of(on, network);
    memory.gradients = gradients_.on(on);
    memory.touched = touched_.data();
    bound::backward(nn::context<context>{on, true, key}, in, static_cast<const T*>(outputs_.on(on)), output_gradient,
                    static_cast<T*>(nullptr), memory);
  }
  /// Zeroes the gradients of all tensors but the sparse ones, whose rows the update clears as it reads them.
  void clear_gradients(const context& on) {
    for_dense([&](std::size_t begin, std::size_t end) {
      check(cudaMemsetAsync(gradients_.on(on) + begin, 0, (end - begin) * sizeof(T), on.stream()), "cudaMemsetAsync");
    });
  }

  buffer<T>& gradients() { return gradients_; }
  const std::vector<nn::tensor_info>& sparse_tensors() const { return sparse_; }
  std::uint8_t* flags(std::size_t table) const { return touched_[table]; }
  /// Calls body(begin, end) for the stretches of the parameters between sparse tensors.
  template <class Body>
  void for_dense(const Body& body) const {
    std::size_t done = 0;
    for (const nn::tensor_info& tensor : sparse_) {
      if (done < tensor.offset) body(done, tensor.offset);
      done = tensor.offset + tensor.spec.size();
    }
    if (done < bound::parameter_count) body(done, bound::parameter_count);
  }
  /// Bytes held on the device.
  std::size_t bytes() const { return gradients_.bytes() + outputs_.bytes() + state_.bytes() + scratch_.bytes(); }

 private:
  nn::layer_memory<T> memory_of(const context& on, device_weights<Net, T>& network) {
    nn::layer_memory<T> memory;
    memory.parameters = network.parameters.on(on);
    memory.statistics = network.statistics.on(on);
    memory.state = state_.on(on);
    memory.scratch = scratch_.on(on);
    return memory;
  }

  buffer<T> gradients_;
  buffer<T> outputs_;
  buffer<std::byte> state_;
  buffer<std::byte> scratch_;
  std::vector<nn::tensor_info> sparse_;
  std::vector<buffer<std::uint8_t>> flags_;
  std::vector<std::uint8_t*> touched_;
};

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
