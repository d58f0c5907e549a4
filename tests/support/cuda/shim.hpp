// tests/support/cuda/shim.hpp - what a test may set and read of the host that stands in for a CUDA device.
#pragma once
#include <cstddef>
#include <map>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include "driver_types.h"

namespace cuda_shim {

/// A fault of a kernel or of a call that a real device would answer with a wrong number, a hang or a crash.
struct error : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// In which order the blocks of a grid and the threads of a block take turns. A right kernel gives the same in all of them.
enum class order { forward, reverse, random };

/// Compute capability: 9.0 is {9, 0}.
struct capability {
  int major = 9, minor = 0;
  friend constexpr auto operator<=>(const capability&, const capability&) = default;
};

struct option_set {
  cuda_shim::order order = order::forward;
  /// Of the random order.
  unsigned seed = 1;
  /// How many devices there are; 0 makes every call answer cudaErrorNoDevice.
  int device_count = 1;
  cuda_shim::capability capability{9, 0};
  /// What the kernels are taken to be built for: on an older device a launch answers cudaErrorNoKernelImageForDevice.
  cuda_shim::capability oldest_image{8, 0};
  /// As in CUDA, 1000 * major + 10 * minor; 0: no driver is installed; lower than the runtime: cudaErrorInsufficientDriver.
  int driver_version = 13000;
  int multiprocessors = 132;
  /// Bytes of each device's memory.
  std::size_t memory_limit = std::size_t{80} << 30;
  /// Work waits until something synchronises, as on a busy device; otherwise it is done at once.
  bool deferred = false;
  /// A pointer among a kernel's arguments has to point into device or pinned memory.
  bool check_pointers = true;
};

/// Numbers since the last reset (first group) and now (second group).
struct counter_set {
  std::size_t launches = 0;  ///< kernels handed to a stream, also to one that captures
  std::size_t kernels = 0;   ///< kernels run, also by graphs
  std::size_t copies = 0;    ///< copies handed to a stream, and those that wait
  std::size_t fills = 0;     ///< cudaMemset and its kin
  std::size_t synchronisations =
      0;  ///< calls that wait: for a stream, an event, the device, a copy that is not asynchronous
  std::size_t graph_launches = 0;
  std::size_t library_calls = 0;  ///< matrix products and sorts
  std::size_t allocations = 0;    ///< of device memory
  std::size_t peak_bytes = 0;

  std::size_t live_allocations = 0, live_bytes = 0;                ///< device memory
  std::size_t live_pinned_allocations = 0, live_pinned_bytes = 0;  ///< host memory of cudaMallocHost
  std::size_t live_streams = 0, live_events = 0, live_graphs = 0, live_handles = 0;
};

namespace detail {

struct planned_failure {
  int code = 0;
  std::size_t after = 0, times = 0;
};

struct settings {
  std::recursive_mutex lock;
  option_set options;
  counter_set counters;
  std::map<std::string, planned_failure> failures;
  std::map<std::string, std::size_t> calls;
};

/// One for the program, never destroyed: static objects of a test may still free device memory after main.
inline settings& shared_settings() {
  static settings& only = *new settings;
  return only;
}

/// Counts a call by name. Returns the number it is to fail with, or 0.
inline int register_call(const char* name) {
  settings& shared = shared_settings();
  const std::lock_guard hold(shared.lock);
  ++shared.calls[name];
  const auto found = shared.failures.find(name);
  if (found == shared.failures.end()) return 0;
  planned_failure& plan = found->second;
  if (plan.after > 0) {
    --plan.after;
    return 0;
  }
  const int code = plan.code;
  if (plan.times > 0 && --plan.times == 0) shared.failures.erase(found);
  return code;
}

template <class Change>
void count(Change&& change) {
  settings& shared = shared_settings();
  const std::lock_guard hold(shared.lock);
  change(shared.counters);
}

}  // namespace detail

/// What tests may change.
inline option_set& options() { return detail::shared_settings().options; }

/// A copy of the counters.
inline counter_set counters() {
  const std::lock_guard hold(detail::shared_settings().lock);
  return detail::shared_settings().counters;
}

/// How many times a function of the runtime or of a library was called since the last reset, by its name.
inline std::size_t calls(const std::string& name) {
  const std::lock_guard hold(detail::shared_settings().lock);
  const auto found = detail::shared_settings().calls.find(name);
  return found == detail::shared_settings().calls.end() ? 0 : found->second;
}

/// Lets the function of that name succeed `after` times and then fail `times` times (0: until reset) without doing anything.
/// `code` is a cudaError_t, or a cublasStatus_t for a function of cuBLAS.
template <class Code>
void fail(const std::string& name, Code code, std::size_t after = 0, std::size_t times = 1) {
  const std::lock_guard hold(detail::shared_settings().lock);
  detail::shared_settings().failures[name] = {static_cast<int>(code), after, times};
}

/// Counts from 0 again; what lives goes on being counted.
inline void reset_counters() {
  detail::settings& shared = detail::shared_settings();
  const std::lock_guard hold(shared.lock);
  counter_set& now = shared.counters;
  now.launches = now.kernels = now.copies = now.fills = now.synchronisations = 0;
  now.graph_launches = now.library_calls = now.allocations = 0;
  now.peak_bytes = now.live_bytes;
  shared.calls.clear();
}

/// Options as they were at the start, no planned failures, counters from 0.
inline void reset() {
  const std::lock_guard hold(detail::shared_settings().lock);
  detail::shared_settings().options = option_set{};
  detail::shared_settings().failures.clear();
  reset_counters();
}

/// Resets now and at the end of the scope: the first line of a test that sets options.
struct scope {
  scope() { reset(); }
  ~scope() { reset(); }
  scope(const scope&) = delete;
  scope& operator=(const scope&) = delete;
};

}  // namespace cuda_shim
