// mmrec/nn/cuda/weights.hpp - the numbers of a network in a device's memory.
#pragma once
#include <concepts>

#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/nn/layer.hpp>
#include <mmrec/nn/sequential.hpp>
#include <mmrec/nn/weights.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// Bound layer B has CUDA kernels; of layers made of others, all do.
template <class B>
concept runs_on_cuda = nn::runs_on_devices<B>();

/// nn::weights on a device: another type, so that nothing on the host reads them by mistake. Moves, does not copy; moved
/// from, it is of no use, and says so.
template <nn::network Net, std::floating_point T = float>
class device_weights {
 public:
  /// Of unspecified value.
  explicit device_weights(const context& on) : parameters(on, Net::parameter_count), statistics(on, Net::statistic_count) {}
  device_weights(const context& on, const nn::weights<Net, T>& from)
      : parameters(on, from.parameters), statistics(on, from.statistics) {
    static_assert(runs_on_cuda<typename Net::bound>,
                  "mmrec: a layer of this network has no CUDA kernels yet: train and run it on exec::cpu");
  }

  /// Overwrites them with those of the host.
  void upload(const context& on, const nn::weights<Net, T>& from) {
    parameters.upload(on, from.parameters);
    statistics.upload(on, from.statistics);
  }
  /// Waits for the work queued before. Throws data_error where they were moved away, or their context is gone.
  void download(const context& on, nn::weights<Net, T>& to) const {
    parameters.download(on, to.parameters);
    statistics.download(on, to.statistics);
  }

  buffer<T> parameters;
  buffer<T> statistics;
};

/// Uploads the numbers of a network.
///
///   const auto on_device = mm::cuda::to(gpu, trained);
///   const nn::weights<net> back = mm::cuda::to_host(gpu, on_device);
template <nn::network Net, std::floating_point T>
device_weights<Net, T> to(const context& on, const nn::weights<Net, T>& trained) {
  return device_weights<Net, T>(on, trained);
}
template <class Net, class T>
void to(const context&, const device_weights<Net, T>&) {
  static_assert(sizeof(Net) == 0, "mmrec: this model is on a device already; cuda::to_host brings it back");
}

template <nn::network Net, std::floating_point T>
nn::weights<Net, T> to_host(const context& on, const device_weights<Net, T>& from) {
  nn::weights<Net, T> result;
  from.download(on, result);
  return result;
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
