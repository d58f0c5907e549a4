// tests/support/cuda/cuda_runtime_api.h - the functions of CUDA's runtime on the host. See shim.hpp for what a test may set.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstring>
#include <memory>
#include <thread>
#include <utility>

#include "driver_types.h"
#include "shim.hpp"
#include "shim/call.hpp"
#include "shim/copies.hpp"

#define CUDART_VERSION 13000

// Errors

inline const char* cudaGetErrorName(cudaError_t error) {
#define CUDA_SHIM_NAME(name, number, text) \
  if (error == name) return #name;
  CUDA_SHIM_ERRORS(CUDA_SHIM_NAME)
#undef CUDA_SHIM_NAME
  return "unrecognized error code";
}

inline const char* cudaGetErrorString(cudaError_t error) {
#define CUDA_SHIM_TEXT(name, number, text) \
  if (error == name) return text;
  CUDA_SHIM_ERRORS(CUDA_SHIM_TEXT)
#undef CUDA_SHIM_TEXT
  return "unrecognized error code";
}

inline cudaError_t cudaGetLastError() { return std::exchange(cuda_shim::detail::last_error(), cudaSuccess); }
inline cudaError_t cudaPeekAtLastError() { return cuda_shim::detail::last_error(); }

// Devices

inline cudaError_t cudaDriverGetVersion(int* version) {
  return cuda_shim::detail::plain_call("cudaDriverGetVersion", [&] {
    *version = cuda_shim::options().driver_version;
    return cudaSuccess;
  });
}

inline cudaError_t cudaRuntimeGetVersion(int* version) {
  return cuda_shim::detail::plain_call("cudaRuntimeGetVersion", [&] {
    *version = cuda_shim::detail::runtime_version;
    return cudaSuccess;
  });
}

inline cudaError_t cudaGetDeviceCount(int* count) {
  *count = 0;
  return cuda_shim::detail::device_call("cudaGetDeviceCount", [&] {
    *count = cuda_shim::options().device_count;
    return cudaSuccess;
  });
}

inline cudaError_t cudaSetDevice(int device) {
  return cuda_shim::detail::device_call("cudaSetDevice", [&] {
    if (device < 0 || device >= cuda_shim::options().device_count) return cudaErrorInvalidDevice;
    cuda_shim::detail::current_device() = device;
    return cudaSuccess;
  });
}

inline cudaError_t cudaGetDevice(int* device) {
  return cuda_shim::detail::device_call("cudaGetDevice", [&] {
    *device = cuda_shim::detail::current_device();
    return cudaSuccess;
  });
}

inline cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  return cuda_shim::detail::device_call("cudaGetDeviceProperties", [&] {
    const cuda_shim::option_set& now = cuda_shim::options();
    if (device < 0 || device >= now.device_count) return cudaErrorInvalidDevice;
    cudaDeviceProp made{};
    std::strcpy(made.name, "host shim");
    made.totalGlobalMem = now.memory_limit;
    made.sharedMemPerBlock = cuda_shim::detail::plain_dynamic_shared;
    made.sharedMemPerBlockOptin = cuda_shim::detail::most_dynamic_shared;
    made.sharedMemPerMultiprocessor = cuda_shim::detail::most_dynamic_shared + 1024;
    made.regsPerBlock = 65536;
    made.warpSize = warpSize;
    made.maxThreadsPerBlock = 1024;
    made.maxThreadsPerMultiProcessor = 2048;
    made.maxThreadsDim[0] = made.maxThreadsDim[1] = 1024;
    made.maxThreadsDim[2] = 64;
    made.maxGridSize[0] = 2147483647;
    made.maxGridSize[1] = made.maxGridSize[2] = 65535;
    made.major = now.capability.major;
    made.minor = now.capability.minor;
    made.multiProcessorCount = now.multiprocessors;
    made.l2CacheSize = 50 << 20;
    made.memoryBusWidth = 5120;
    made.asyncEngineCount = 3;
    made.concurrentKernels = 1;
    *properties = made;
    return cudaSuccess;
  });
}

inline cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  return cuda_shim::detail::device_call("cudaDeviceGetAttribute", [&] {
    const cuda_shim::option_set& now = cuda_shim::options();
    if (device < 0 || device >= now.device_count) return cudaErrorInvalidDevice;
    switch (attribute) {
      case cudaDevAttrMaxThreadsPerBlock:
        *value = 1024;
        return cudaSuccess;
      case cudaDevAttrMaxSharedMemoryPerBlock:
        *value = 48 << 10;
        return cudaSuccess;
      case cudaDevAttrWarpSize:
        *value = warpSize;
        return cudaSuccess;
      case cudaDevAttrMultiProcessorCount:
        *value = now.multiprocessors;
        return cudaSuccess;
      case cudaDevAttrL2CacheSize:
        *value = 50 << 20;
        return cudaSuccess;
      case cudaDevAttrMaxThreadsPerMultiProcessor:
        *value = 2048;
        return cudaSuccess;
      case cudaDevAttrComputeCapabilityMajor:
        *value = now.capability.major;
        return cudaSuccess;
      case cudaDevAttrComputeCapabilityMinor:
        *value = now.capability.minor;
        return cudaSuccess;
      case cudaDevAttrMaxSharedMemoryPerMultiprocessor:
        *value = 228 << 10;
        return cudaSuccess;
      case cudaDevAttrMaxSharedMemoryPerBlockOptin:
        *value = 227 << 10;
        return cudaSuccess;
    }
    return cudaErrorInvalidValue;
  });
}

inline cudaError_t cudaDeviceSynchronize() {
  return cuda_shim::detail::device_call("cudaDeviceSynchronize", [] {
    cuda_shim::detail::count_synchronisation();
    const cudaError_t answer = cuda_shim::detail::stream_register::own().disturb_captures();
    if (answer == cudaSuccess) cuda_shim::detail::stream_register::own().run_pending();
    return answer;
  });
}

// Memory

namespace cuda_shim::detail {

inline cudaError_t allocate(const char* name, void** pointer, std::size_t bytes, bool pinned) {
  return device_call(name, [&] {
    const cudaError_t answer = stream_register::own().disturb_captures();
    return answer == cudaSuccess ? memory_register::own().allocate(pointer, bytes, current_device(), pinned) : answer;
  });
}

inline cudaError_t release(const char* name, void* pointer, bool pinned) {
  return device_call(name, [&] {
    if (pointer == nullptr) return cudaSuccess;
    const cudaError_t answer = stream_register::own().disturb_captures();
    if (answer != cudaSuccess) return answer;
    stream_register::own().run_pending();
    return memory_register::own().release(pointer, pinned);
  });
}

}  // namespace cuda_shim::detail

inline cudaError_t cudaMalloc(void** pointer, std::size_t bytes) {
  return cuda_shim::detail::allocate("cudaMalloc", pointer, bytes, false);
}
inline cudaError_t cudaMallocHost(void** pointer, std::size_t bytes, unsigned = 0) {
  return cuda_shim::detail::allocate("cudaMallocHost", pointer, bytes, true);
}
template <class T>
cudaError_t cudaMalloc(T** pointer, std::size_t bytes) {
  return cudaMalloc(reinterpret_cast<void**>(pointer), bytes);
}
template <class T>
cudaError_t cudaMallocHost(T** pointer, std::size_t bytes, unsigned flags = 0) {
  return cudaMallocHost(reinterpret_cast<void**>(pointer), bytes, flags);
}
inline cudaError_t cudaFree(void* pointer) { return cuda_shim::detail::release("cudaFree", pointer, false); }
inline cudaError_t cudaFreeHost(void* pointer) { return cuda_shim::detail::release("cudaFreeHost", pointer, true); }

inline cudaError_t cudaMemGetInfo(std::size_t* available, std::size_t* total) {
  return cuda_shim::detail::device_call("cudaMemGetInfo", [&] {
    *total = cuda_shim::options().memory_limit;
    *available = *total - (std::min)(*total, cuda_shim::counters().live_bytes);
    return cudaSuccess;
  });
}

inline cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* pointer) {
  return cuda_shim::detail::device_call("cudaPointerGetAttributes", [&] {
    if (attributes == nullptr) return cudaErrorInvalidValue;
    *attributes = {};
    const cuda_shim::detail::allocation* const block = cuda_shim::detail::memory_register::own().find(pointer);
    if (block == nullptr) return cudaSuccess;
    attributes->type = block->pinned ? cudaMemoryTypeHost : cudaMemoryTypeDevice;
    attributes->device = block->device;
    attributes->devicePointer = const_cast<void*>(pointer);
    attributes->hostPointer = block->pinned ? const_cast<void*>(pointer) : nullptr;
    return cudaSuccess;
  });
}

inline cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind,
                                   cudaStream_t stream = nullptr) {
  return cuda_shim::detail::device_call("cudaMemcpyAsync", [&] {
    return cuda_shim::detail::copy(to, bytes, from, bytes, {bytes, 1}, kind, stream);
  });
}

inline cudaError_t cudaMemcpy2DAsync(void* to, std::size_t to_pitch, const void* from, std::size_t from_pitch,
                                     std::size_t width, std::size_t height, cudaMemcpyKind kind,
                                     cudaStream_t stream = nullptr) {
  return cuda_shim::detail::device_call("cudaMemcpy2DAsync", [&] {
    return cuda_shim::detail::copy(to, to_pitch, from, from_pitch, {width, height}, kind, stream);
  });
}

inline cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  return cuda_shim::detail::device_call("cudaMemcpy", [&] {
    cuda_shim::detail::count_synchronisation();
    cudaError_t answer = cuda_shim::detail::stream_register::own().disturb_captures();
    if (answer == cudaSuccess) answer = cuda_shim::detail::copy(to, bytes, from, bytes, {bytes, 1}, kind, nullptr);
    if (answer == cudaSuccess) cuda_shim::detail::stream_register::own().run_pending();
    return answer;
  });
}

inline cudaError_t cudaMemsetAsync(void* to, int value, std::size_t bytes, cudaStream_t stream = nullptr) {
  return cuda_shim::detail::device_call("cudaMemsetAsync",
                                        [&] { return cuda_shim::detail::fill(to, value, bytes, stream); });
}

inline cudaError_t cudaMemset(void* to, int value, std::size_t bytes) {
  return cuda_shim::detail::device_call("cudaMemset", [&] { return cuda_shim::detail::fill(to, value, bytes, nullptr); });
}

#include "shim/stream_functions.hpp"
