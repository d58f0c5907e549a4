// tests/support/cuda/shim/call.hpp - what every function of the runtime does first and last.
#pragma once
#include <utility>

#include "../shim.hpp"
#include "memory.hpp"
#include "streams.hpp"

namespace cuda_shim::detail {

inline constexpr int runtime_version = 13000;

inline cudaError_t& last_error() {
  static thread_local cudaError_t value = cudaSuccess;
  return value;
}

inline int& current_device() {
  static thread_local int value = 0;
  return value;
}

inline cudaError_t remember(cudaError_t answer) {
  if (answer != cudaSuccess && answer != cudaErrorNotReady) last_error() = answer;
  return answer;
}

inline cudaError_t device_answer() {
  const option_set& now = options();
  if (now.driver_version < runtime_version) return cudaErrorInsufficientDriver;
  return now.device_count == 0 ? cudaErrorNoDevice : cudaSuccess;
}

/// A call that needs no device.
template <class Work>
cudaError_t plain_call(const char* name, Work&& work) {
  if (const int planned = register_call(name); planned != 0) return remember(static_cast<cudaError_t>(planned));
  return remember(work());
}

/// A call that needs a device.
template <class Work>
cudaError_t device_call(const char* name, Work&& work) {
  return plain_call(name, [&] {
    const cudaError_t answer = device_answer();
    return answer == cudaSuccess ? work() : answer;
  });
}

/// A call that waits, of which there should be few.
inline void count_synchronisation() {
  count([](counter_set& counters) { ++counters.synchronisations; });
}

/// A matrix product or a sort.
inline void count_library_call() {
  count([](counter_set& counters) { ++counters.library_calls; });
}

}  // namespace cuda_shim::detail
