// tests/support/cuda/driver_types.h - the types and numbers of CUDA's runtime, as far as the shim knows them.
#pragma once
#include <cstddef>

#include "vector_types.h"

// Name, number as in CUDA, text.
#define CUDA_SHIM_ERRORS(ERROR)                                                                                             \
  ERROR(cudaSuccess, 0, "no error")                                                                                         \
  ERROR(cudaErrorInvalidValue, 1, "invalid argument")                                                                       \
  ERROR(cudaErrorMemoryAllocation, 2, "out of memory")                                                                      \
  ERROR(cudaErrorInitializationError, 3, "initialization error")                                                            \
  ERROR(cudaErrorCudartUnloading, 4, "driver shutting down")                                                                \
  ERROR(cudaErrorInvalidConfiguration, 9, "invalid configuration argument")                                                 \
  ERROR(cudaErrorInvalidMemcpyDirection, 21, "invalid copy direction for memcpy")                                           \
  ERROR(cudaErrorInsufficientDriver, 35, "CUDA driver version is insufficient for CUDA runtime version")                    \
  ERROR(cudaErrorDevicesUnavailable, 46, "CUDA-capable device(s) is/are busy or unavailable")                               \
  ERROR(cudaErrorInvalidDeviceFunction, 98, "invalid device function")                                                      \
  ERROR(cudaErrorNoDevice, 100, "no CUDA-capable device is detected")                                                       \
  ERROR(cudaErrorInvalidDevice, 101, "invalid device ordinal")                                                              \
  ERROR(cudaErrorNoKernelImageForDevice, 209, "no kernel image is available for execution on the device")                   \
  ERROR(cudaErrorUnsupportedPtxVersion, 222, "the provided PTX was compiled with an unsupported toolchain.")                \
  ERROR(cudaErrorInvalidResourceHandle, 400, "invalid resource handle")                                                     \
  ERROR(cudaErrorIllegalState, 401, "the operation cannot be performed in the present state")                               \
  ERROR(cudaErrorNotReady, 600, "device not ready")                                                                         \
  ERROR(cudaErrorIllegalAddress, 700, "an illegal memory access was encountered")                                           \
  ERROR(cudaErrorLaunchOutOfResources, 701, "too many resources requested for launch")                                      \
  ERROR(cudaErrorLaunchTimeout, 702, "the launch timed out and was terminated")                                             \
  ERROR(cudaErrorMisalignedAddress, 716, "misaligned address")                                                              \
  ERROR(cudaErrorLaunchFailure, 719, "unspecified launch failure")                                                          \
  ERROR(cudaErrorNotSupported, 801, "operation not supported")                                                              \
  ERROR(cudaErrorStreamCaptureUnsupported, 900, "operation not permitted when stream is capturing")                         \
  ERROR(cudaErrorStreamCaptureInvalidated, 901, "operation failed due to a previous error during capture")                  \
  ERROR(cudaErrorStreamCaptureImplicit, 906,                                                                                \
        "operation would make the legacy stream depend on a capturing blocking stream")                                     \
  ERROR(cudaErrorCapturedEvent, 907, "operation not permitted on an event last recorded in a capturing stream")             \
  ERROR(cudaErrorStreamCaptureWrongThread, 908, "attempt to terminate a thread-local capture sequence from another thread") \
  ERROR(cudaErrorUnknown, 999, "unknown error")

#define CUDA_SHIM_ENUMERATOR(name, number, text) name = number,
enum cudaError { CUDA_SHIM_ERRORS(CUDA_SHIM_ENUMERATOR) };
#undef CUDA_SHIM_ENUMERATOR
using cudaError_t = cudaError;

using cudaStream_t = struct CUstream_st*;
using cudaEvent_t = struct CUevent_st*;
using cudaGraph_t = struct CUgraph_st*;
using cudaGraphExec_t = struct CUgraphExec_st*;

inline constexpr unsigned cudaStreamDefault = 0, cudaStreamNonBlocking = 1;
inline constexpr unsigned cudaEventDefault = 0, cudaEventBlockingSync = 1, cudaEventDisableTiming = 2;
inline constexpr unsigned cudaEventRecordDefault = 0, cudaEventWaitDefault = 0;

enum cudaMemcpyKind {
  cudaMemcpyHostToHost = 0,
  cudaMemcpyHostToDevice = 1,
  cudaMemcpyDeviceToHost = 2,
  cudaMemcpyDeviceToDevice = 3,
  cudaMemcpyDefault = 4
};

enum cudaMemoryType {
  cudaMemoryTypeUnregistered = 0,
  cudaMemoryTypeHost = 1,
  cudaMemoryTypeDevice = 2,
  cudaMemoryTypeManaged = 3
};

struct cudaPointerAttributes {
  cudaMemoryType type = cudaMemoryTypeUnregistered;
  int device = -2;
  void* devicePointer = nullptr;
  void* hostPointer = nullptr;
};

enum cudaStreamCaptureMode {
  cudaStreamCaptureModeGlobal = 0,
  cudaStreamCaptureModeThreadLocal = 1,
  cudaStreamCaptureModeRelaxed = 2
};

enum cudaStreamCaptureStatus {
  cudaStreamCaptureStatusNone = 0,
  cudaStreamCaptureStatusActive = 1,
  cudaStreamCaptureStatusInvalidated = 2
};

enum cudaFuncAttribute {
  cudaFuncAttributeMaxDynamicSharedMemorySize = 8,
  cudaFuncAttributePreferredSharedMemoryCarveout = 9
};

struct cudaFuncAttributes {
  std::size_t sharedSizeBytes = 0, constSizeBytes = 0, localSizeBytes = 0;
  int maxThreadsPerBlock = 1024, numRegs = 32, ptxVersion = 90, binaryVersion = 90, cacheModeCA = 0;
  int maxDynamicSharedSizeBytes = 0, preferredShmemCarveout = -1;
};

enum cudaDeviceAttr {
  cudaDevAttrMaxThreadsPerBlock = 1,
  cudaDevAttrMaxSharedMemoryPerBlock = 8,
  cudaDevAttrWarpSize = 10,
  cudaDevAttrMultiProcessorCount = 16,
  cudaDevAttrL2CacheSize = 38,
  cudaDevAttrMaxThreadsPerMultiProcessor = 39,
  cudaDevAttrComputeCapabilityMajor = 75,
  cudaDevAttrComputeCapabilityMinor = 76,
  cudaDevAttrMaxSharedMemoryPerMultiprocessor = 81,
  cudaDevAttrMaxSharedMemoryPerBlockOptin = 97
};

struct cudaDeviceProp {
  char name[256];
  std::size_t totalGlobalMem, sharedMemPerBlock, sharedMemPerBlockOptin, sharedMemPerMultiprocessor;
  int regsPerBlock, warpSize, maxThreadsPerBlock, maxThreadsPerMultiProcessor;
  int maxThreadsDim[3], maxGridSize[3];
  int major, minor, multiProcessorCount, l2CacheSize, memoryBusWidth, asyncEngineCount, concurrentKernels;
};

enum cudaLaunchAttributeID {
  cudaLaunchAttributeIgnore = 0,
  cudaLaunchAttributeClusterDimension = 4,
  cudaLaunchAttributeProgrammaticStreamSerialization = 6,
  cudaLaunchAttributePriority = 8
};

union cudaLaunchAttributeValue {
  char pad[64];
  int priority;
  int programmaticStreamSerializationAllowed;
  struct {
    unsigned x, y, z;
  } clusterDim;
};

struct cudaLaunchAttribute {
  cudaLaunchAttributeID id;
  cudaLaunchAttributeValue val;
};

struct cudaLaunchConfig_t {
  dim3 gridDim, blockDim;
  std::size_t dynamicSmemBytes = 0;
  cudaStream_t stream = nullptr;
  cudaLaunchAttribute* attrs = nullptr;
  unsigned numAttrs = 0;
};
