// mmrec/exec/cuda/launch.cuh - starting kernels.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>

#include <cuda_runtime.h>

#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/error.hpp>

#if defined(MMREC_CUDA_ON_HOST)
#include <shim.hpp>
#endif

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// How many blocks of how many threads, with how many bytes of shared memory besides what kernels declare.
struct launch_shape {
  std::size_t x = 1, y = 1, z = 1;  ///< blocks
  int threads = 1;                  ///< of a block
  std::size_t shared = 0;
};

/// What devices can count of blocks, along the first axis and along the others.
inline constexpr std::size_t most_blocks = 0x7fffffff, most_blocks_across = 0xffff;

/// Shared memory that a block has without asking the device for more.
inline constexpr std::size_t usual_shared_memory = 48 * 1024;

/// Blocks of `threads` that cover `count` elements, `each` a thread.
constexpr std::size_t blocks_for(std::size_t count, std::size_t threads, std::size_t each = 1) {
  return (count + threads * each - 1) / (threads * each);
}

/// Whether the device can run blocks of this shape: enough shared memory and registers.
template <class... Parameters>
bool can_run(const context& on, const launch_shape& shape, void (*kernel)(Parameters...)) {
  if (shape.x > most_blocks || shape.y > most_blocks_across || shape.z > most_blocks_across) return false;
  if (shape.shared > on.device().shared_memory_block) return false;
  const device_guard guard(on.device().index);
  const void* const function = reinterpret_cast<const void*>(kernel);
  if (shape.shared > usual_shared_memory && cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                                                 static_cast<int>(shape.shared)) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return false;
  }
  int blocks = 0;
  if (cudaOccupancyMaxActiveBlocksPerMultiprocessor(&blocks, function, shape.threads, shape.shared) != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    return false;
  }
  return blocks > 0;
}

/// Queues a kernel; nothing where there are no blocks.
/// Throws     limit_error for more blocks than a device counts; call_error
template <class... Parameters, class... Arguments>
void launch(const context& on, std::string_view function, const launch_shape& shape, void (*kernel)(Parameters...),
            Arguments&&... arguments) {
  if (shape.x == 0 || shape.y == 0 || shape.z == 0) return;
  if (shape.x > most_blocks) throw limit_error(function, "blocks of a launch", most_blocks, shape.x);
  if (const std::size_t across = shape.y > shape.z ? shape.y : shape.z; across > most_blocks_across) {
    throw limit_error(function, "blocks of a launch", most_blocks_across, across);
  }
  const device_guard guard(on.device().index);
  if (shape.shared > usual_shared_memory) {
    check(cudaFuncSetAttribute(reinterpret_cast<const void*>(kernel), cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shape.shared)),
          function);
  }
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(static_cast<unsigned>(shape.x), static_cast<unsigned>(shape.y), static_cast<unsigned>(shape.z));
  config.blockDim = dim3(static_cast<unsigned>(shape.threads), 1u, 1u);
  config.dynamicSmemBytes = shape.shared;
  config.stream = on.stream();
  check(cudaLaunchKernelEx(&config, kernel, static_cast<Parameters>(std::forward<Arguments>(arguments))...), function);
}

/// The block's dynamic shared memory.
template <class T>
__device__ __forceinline__ T* dynamic_shared() {
#if defined(MMREC_CUDA_ON_HOST)
  return cuda_shim::dynamic_shared<T>();
#else
  extern __shared__ __align__(16) unsigned char mmrec_dynamic_shared[];
  return reinterpret_cast<T*>(mmrec_dynamic_shared);
#endif
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
