// mmrec/kernel/cuda/rows.hpp - some columns of a matrix, copied on a device.
#pragma once
#include <cstddef>

#include <cuda_runtime_api.h>

#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/error.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// See kernel/rows.hpp.
template <class T>
void copy_columns(const context& on, std::size_t rows, std::size_t width, const T* from, std::size_t from_stride, T* to,
                  std::size_t to_stride) {
  if (rows == 0 || width == 0) return;
  check(cudaMemcpy2DAsync(to, to_stride * sizeof(T), from, from_stride * sizeof(T), width * sizeof(T), rows,
                          cudaMemcpyDeviceToDevice, on.stream()),
        "cudaMemcpy2DAsync");
}

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
