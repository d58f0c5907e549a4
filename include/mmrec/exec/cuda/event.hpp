// mmrec/exec/cuda/event.hpp - marks in a queue of work, to wait for and to measure time between.
#pragma once
#include <utility>

#include <cuda_runtime_api.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/error.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// A mark in a context's queue.
class event {
 public:
  /// Throws call_error.
  explicit event(const context& on) {
    const device_guard guard(on.device().index);
    check(cudaEventCreateWithFlags(&event_, cudaEventDefault), "cudaEventCreateWithFlags");
  }
  ~event() {
    if (event_ != nullptr) static_cast<void>(cudaEventDestroy(event_));
  }
  event(event&& other) noexcept : event_(std::exchange(other.event_, nullptr)) {}
  event& operator=(event&& other) noexcept {
    std::swap(event_, other.event_);
    return *this;
  }

  /// Marks the place after all work queued so far.
  void record(const context& on) { check(cudaEventRecord(event_, on.stream()), "cudaEventRecord"); }
  /// Waits, on the host, until the work before the mark is done.
  void wait() const { check(cudaEventSynchronize(event_), "cudaEventSynchronize"); }
  /// The same in a destructor: what went wrong is told elsewhere.
  void wait_quietly() const noexcept { static_cast<void>(cudaEventSynchronize(event_)); }
  /// Makes work queued from here on wait for the mark of another context.
  void hold(const context& other) const { check(cudaStreamWaitEvent(other.stream(), event_, 0), "cudaStreamWaitEvent"); }
  /// Milliseconds of device time between an earlier mark and this one; both reached.
  float milliseconds_since(const event& earlier) const {
    float time = 0;
    check(cudaEventElapsedTime(&time, earlier.event_, event_), "cudaEventElapsedTime");
    return time;
  }

 private:
  cudaEvent_t event_ = nullptr;
};

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
