// mmrec/exec/cuda/device.hpp - which CUDA devices there are.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include <cuda_runtime_api.h>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/error.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// A device as CUDA describes it.
struct device_info {
  int index = 0;
  std::string name;
  int major = 0, minor = 0;  ///< compute capability: 9 and 0 for Hopper
  int multiprocessors = 0;
  std::uint64_t memory = 0;             ///< bytes
  std::size_t shared_memory_block = 0;  ///< bytes that one block may have
};

/// Why the devices of this machine cannot be used; empty if they can.
inline std::string why_unavailable() {
  int driver = 0;
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    static_cast<void>(cudaGetLastError());
    return "there is no CUDA driver on this machine (libcuda): install the NVIDIA driver";
  }
  int count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return {};
  static_cast<void>(cudaGetLastError());
  if (status == cudaErrorInsufficientDriver) {
    int runtime = 0;
    static_cast<void>(cudaRuntimeGetVersion(&runtime));
    const auto version = [](int number) { return std::to_string(number / 1000) + '.' + std::to_string(number % 1000 / 10); };
    return "the driver is for CUDA " + version(driver) + ", this program was built with CUDA " + version(runtime) +
           ": update the NVIDIA driver, or build with an older CUDA Toolkit";
  }
  if (status == cudaSuccess || status == cudaErrorNoDevice) {
    return "the driver finds no device: none is in the machine, or CUDA_VISIBLE_DEVICES hides it";
  }
  return std::string("the driver answers ") + cudaGetErrorName(status) + ", " + cudaGetErrorString(status);
}

/// Whether there is a device to compute on.
inline bool is_available() { return why_unavailable().empty(); }

/// All devices; none where CUDA is unavailable.
inline std::vector<device_info> devices() {
  std::vector<device_info> all;
  if (!is_available()) return all;
  int count = 0;
  check(cudaGetDeviceCount(&count), "cudaGetDeviceCount");
  for (int index = 0; index < count; ++index) {
    cudaDeviceProp properties{};
    check(cudaGetDeviceProperties(&properties, index), "cudaGetDeviceProperties");
    all.push_back({index, properties.name, properties.major, properties.minor, properties.multiProcessorCount,
                   properties.totalGlobalMem, properties.sharedMemPerBlockOptin});
  }
  return all;
}

/// The device of this number.
/// Throws     unavailable, saying what is missing and what to do; invalid_config for a number beyond the devices there are
inline device_info require_device(std::string_view function, int index) {
  if (const std::string why = why_unavailable(); !why.empty()) throw unavailable(function, why);
  const std::vector<device_info> all = devices();
  if (index < 0 || static_cast<std::size_t>(index) >= all.size()) {
    throw invalid_config(function, "device",
                         "is " + std::to_string(index) + ", but this machine has " + std::to_string(all.size()) +
                             (all.size() == 1 ? " device, number 0" : " devices, numbered from 0"));
  }
  return all[static_cast<std::size_t>(index)];
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
