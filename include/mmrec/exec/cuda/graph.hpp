// mmrec/exec/cuda/graph.hpp - work captured once and queued again at the cost of one call.
#pragma once
#include <utility>

#include <cuda_runtime_api.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/error.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// The work that a function queues, kept: kernels with their arguments, copies, products. Empty until captured.
class graph {
 public:
  graph() = default;
  ~graph() { release(); }
  graph(graph&& other) noexcept : ready_(std::exchange(other.ready_, nullptr)) {}
  graph& operator=(graph&& other) noexcept {
    std::swap(ready_, other.ready_);
    return *this;
  }

  bool empty() const { return ready_ == nullptr; }

  /// Captures what work(), which must neither wait nor allocate, queues on the context. Nothing is done yet.
  /// Throws call_error; what work() throws, after which the context is as it was before.
  template <class Work>
  void capture(const context& on, Work&& work) {
    release();
    const device_guard guard(on.device().index);
    check(cudaStreamBeginCapture(on.stream(), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
    cudaGraph_t captured = nullptr;
    try {
      work();
    } catch (...) {
      static_cast<void>(cudaStreamEndCapture(on.stream(), &captured));
      if (captured != nullptr) static_cast<void>(cudaGraphDestroy(captured));
      static_cast<void>(cudaGetLastError());
      throw;
    }
    check(cudaStreamEndCapture(on.stream(), &captured), "cudaStreamEndCapture");
    const cudaError_t status = cudaGraphInstantiate(&ready_, captured, 0);
    static_cast<void>(cudaGraphDestroy(captured));
    if (status != cudaSuccess) ready_ = nullptr;
    check(status, "cudaGraphInstantiate");
  }
  /// Queues the work. Not empty.
  void launch(const context& on) const {
    const device_guard guard(on.device().index);
    check(cudaGraphLaunch(ready_, on.stream()), "cudaGraphLaunch");
  }

 private:
  void release() noexcept {
    if (ready_ != nullptr) static_cast<void>(cudaGraphExecDestroy(ready_));
    ready_ = nullptr;
  }
  cudaGraphExec_t ready_ = nullptr;
};

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
