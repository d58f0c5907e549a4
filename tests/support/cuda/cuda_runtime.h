// tests/support/cuda/cuda_runtime.h - CUDA C++ on the host: its runtime, its words, and launches.
#pragma once
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>

#include "cuda_runtime_api.h"
#include "shim/language.hpp"

namespace cuda_shim::detail {

/// How much dynamic shared memory each kernel was allowed.
inline std::map<const void*, int>& allowed_dynamic_shared() {
  static std::map<const void*, int>& only = *new std::map<const void*, int>;
  return only;
}

inline std::size_t allowed_dynamic_shared_of(const void* kernel) {
  const std::lock_guard hold(shared_settings().lock);
  const auto found = allowed_dynamic_shared().find(kernel);
  const std::size_t raised = found == allowed_dynamic_shared().end() ? 0 : static_cast<std::size_t>(found->second);
  return raised > plain_dynamic_shared ? raised : plain_dynamic_shared;
}

template <class Kernel>
const void* key_of(Kernel* kernel) {
  return reinterpret_cast<const void*>(kernel);
}

inline cudaError_t image_answer() {
  return options().capability < options().oldest_image ? cudaErrorNoKernelImageForDevice : cudaSuccess;
}

inline cudaError_t check_launch(const cudaLaunchConfig_t& launch, const void* kernel) {
  if (kernel == nullptr) return cudaErrorInvalidDeviceFunction;
  if (image_answer() != cudaSuccess) return image_answer();
  if (launch.stream != nullptr && launch.stream->device != current_device()) return cudaErrorInvalidResourceHandle;
  const dim3 grid = launch.gridDim, block = launch.blockDim;
  if (grid.x == 0 || grid.y == 0 || grid.z == 0 || block.x == 0 || block.y == 0 || block.z == 0) {
    return cudaErrorInvalidConfiguration;
  }
  if (grid.x > 2147483647U || grid.y > 65535 || grid.z > 65535) return cudaErrorInvalidConfiguration;
  if (block.x > 1024 || block.y > 1024 || block.z > 64 || block.x * block.y * block.z > 1024) {
    return cudaErrorInvalidConfiguration;
  }
  return launch.dynamicSmemBytes > allowed_dynamic_shared_of(kernel) ? cudaErrorInvalidValue : cudaSuccess;
}

/// A pointer among the arguments that a kernel could not follow on a device is a fault.
template <class T>
void check_argument(const T& argument, std::size_t position) {
  if constexpr (std::is_pointer_v<T>) {
    if (!options().check_pointers || argument == nullptr) return;
    if (memory_register::own().find(static_cast<const void*>(argument)) != nullptr) return;
    throw error("argument " + std::to_string(position) + " of a kernel points to memory that is not the device's");
  }
}

template <class... Parameters>
void run_kernel(dim3 grid, dim3 block, std::size_t dynamic_bytes, void (*kernel)(Parameters...),
                std::tuple<Parameters...>& values) {
  count([](counter_set& counters) { ++counters.kernels; });
  struct bound_call {
    void (*kernel)(Parameters...);
    std::tuple<Parameters...>* values;
  } bound{kernel, &values};
  const auto call = [](void* arguments) {
    const bound_call& self = *static_cast<const bound_call*>(arguments);
    std::apply(self.kernel, *self.values);
  };
  grid_runner::own().run(grid, block, dynamic_bytes, {call, &bound});
  memory_register::own().check_margins();
}

}  // namespace cuda_shim::detail

/// Faults of the kernel come out of here, or of the call that waits for it, as cuda_shim::error.
template <class... Parameters, class... Arguments>
cudaError_t cudaLaunchKernelEx(const cudaLaunchConfig_t* launch, void (*kernel)(Parameters...), Arguments&&... arguments) {
  return cuda_shim::detail::device_call("cudaLaunchKernelEx", [&] {
    const cudaError_t answer = cuda_shim::detail::check_launch(*launch, cuda_shim::detail::key_of(kernel));
    if (answer != cudaSuccess) return answer;
    std::tuple<Parameters...> values(static_cast<Parameters>(std::forward<Arguments>(arguments))...);
    [[maybe_unused]] std::size_t position = 0;
    std::apply([&](const auto&... value) { (cuda_shim::detail::check_argument(value, position++), ...); }, values);
    cuda_shim::detail::count([](cuda_shim::counter_set& counters) { ++counters.launches; });
    return cuda_shim::detail::stream_register::own().submit(
        launch->stream,
        [grid = launch->gridDim, block = launch->blockDim, bytes = launch->dynamicSmemBytes, kernel,
         values = std::move(values)]() mutable { cuda_shim::detail::run_kernel(grid, block, bytes, kernel, values); });
  });
}

template <class Kernel>
cudaError_t cudaFuncSetAttribute(Kernel* kernel, cudaFuncAttribute attribute, int value) {
  return cuda_shim::detail::device_call("cudaFuncSetAttribute", [&] {
    if (cuda_shim::detail::image_answer() != cudaSuccess) return cuda_shim::detail::image_answer();
    if (attribute != cudaFuncAttributeMaxDynamicSharedMemorySize) return cudaSuccess;
    if (value < 0 || static_cast<std::size_t>(value) > cuda_shim::detail::most_dynamic_shared) return cudaErrorInvalidValue;
    const std::lock_guard hold(cuda_shim::detail::shared_settings().lock);
    cuda_shim::detail::allowed_dynamic_shared()[cuda_shim::detail::key_of(kernel)] = value;
    return cudaSuccess;
  });
}

template <class Kernel>
cudaError_t cudaFuncGetAttributes(cudaFuncAttributes* attributes, Kernel* kernel) {
  return cuda_shim::detail::device_call("cudaFuncGetAttributes", [&] {
    if (cuda_shim::detail::image_answer() != cudaSuccess) return cuda_shim::detail::image_answer();
    *attributes = {};
    attributes->maxDynamicSharedSizeBytes =
        static_cast<int>(cuda_shim::detail::allowed_dynamic_shared_of(cuda_shim::detail::key_of(kernel)));
    return cudaSuccess;
  });
}

/// By threads and dynamic shared memory alone; the shim knows of no registers.
template <class Kernel>
cudaError_t cudaOccupancyMaxActiveBlocksPerMultiprocessor(int* blocks, Kernel* kernel, int threads,
                                                          std::size_t dynamic_bytes) {
  return cuda_shim::detail::device_call("cudaOccupancyMaxActiveBlocksPerMultiprocessor", [&] {
    if (threads < 1 || threads > 1024) return cudaErrorInvalidValue;
    *blocks = 0;
    if (dynamic_bytes > cuda_shim::detail::allowed_dynamic_shared_of(cuda_shim::detail::key_of(kernel))) return cudaSuccess;
    const std::size_t by_memory = (std::size_t{228} << 10) / (dynamic_bytes + 1024);
    const std::size_t by_threads = 2048 / static_cast<std::size_t>((threads + 31) / 32 * 32);
    *blocks = static_cast<int>((std::min)({by_memory, by_threads, std::size_t{32}}));
    return cudaSuccess;
  });
}
