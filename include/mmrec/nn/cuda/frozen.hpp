// mmrec/nn/cuda/frozen.hpp - a network whose weights no longer change, ready to compute on a device.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/nn/batch_checks.hpp>
#include <mmrec/nn/cuda/pass.hpp>
#include <mmrec/nn/cuda/weights.hpp>
#include <mmrec/nn/inference.hpp>
#include <mmrec/nn/layer.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// nn::frozen on a device: batch norms are part of the layers before them, biases, sums and activations are applied as
/// outputs are stored.
///
/// Cost    one pass over the weights and an upload to build; memory of a call is kept for the next one, and grown by one
///         that needs more
/// Result  as nn::frozen, rounding apart; the same bits from run to run
/// Throws  data_error for weights that are not finite
template <nn::network Net, class T = float>
class frozen {
 public:
  using bound = typename Net::bound;
  using input = typename bound::input_shape;
  using view = nn::batch_view<input, T>;

  frozen(const context& on, const nn::weights<Net, T>& trained) : weights_(on, frozen_weights(trained)) {
    static_assert(runs_on_cuda<bound>, "mmrec: a layer of this network has no CUDA kernels yet: run it on exec::cpu");
  }

  /// Queues the outputs for a batch in device memory, which has been checked. Gives their device address, valid until the
  /// next call.
  const T* operator()(const context& on, const view& in) {
    const nn::dims<input> size = in.size();
    const std::size_t outputs = nn::output_dims<bound>(size).size();
    const std::size_t bytes = nn::inference<bound>::template scratch_bytes<T>(size, 1);
    if (outputs_.size() < outputs) outputs_ = buffer<T>(on, outputs);
    if (scratch_.size() < bytes) scratch_ = buffer<std::byte>(on, bytes);
    T* const to = outputs == 0 ? nullptr : outputs_.on(on);
    nn::inference<bound>::infer(nn::context<context>{on, false}, in, to, static_cast<const T*>(weights_.on(on)),
                                bytes == 0 ? nullptr : scratch_.on(on));
    return to;
  }

  /// Bytes of weights held on the device.
  std::size_t bytes() const { return weights_.bytes(); }

 private:
  static kernel::aligned_vector<T> frozen_weights(const nn::weights<Net, T>& trained) {
    nn::detail::require_finite<T>("cuda::frozen", "the parameters", trained.parameters);
    nn::detail::require_finite<T>("cuda::frozen", "the statistics", trained.statistics);
    kernel::aligned_vector<T> all(nn::inference<bound>::template frozen_size<T>());
    nn::inference<bound>::freeze(trained.parameters.data(), trained.statistics.data(), nn::frozen_form::plain, all.data());
    return all;
  }

  buffer<T> weights_;
  buffer<T> outputs_;
  buffer<std::byte> scratch_;
};

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
