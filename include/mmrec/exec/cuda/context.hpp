// mmrec/exec/cuda/context.hpp - a device with a queue of work, its cuBLAS handle and its workspace.
#pragma once
#include <algorithm>
#include <cstddef>
#include <memory>
#include <string_view>
#include <utility>
#include <vector>

#include <cublas_v2.h>
#include <cuda_runtime_api.h>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/device.hpp>
#include <mmrec/exec/cuda/error.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// How products are computed: convolutions and dense layers, whose numbers are stored as float32 whatever is chosen here.
enum class math {
  float32,  ///< exact products, sums in float32
  tf32,     ///< tensor cores on factors of 10 bits of mantissa, sums in float32
  bf16      ///< tensor cores on factors of 7 bits of mantissa, sums in float32
};

/// Makes a device the current one of this thread for a while.
class device_guard {
 public:
  explicit device_guard(int device) {
    check(cudaGetDevice(&before_), "cudaGetDevice");
    if (before_ != device) check(cudaSetDevice(device), "cudaSetDevice");
    now_ = device;
  }
  ~device_guard() {
    if (before_ != now_) static_cast<void>(cudaSetDevice(before_));
  }
  device_guard(const device_guard&) = delete;
  device_guard& operator=(const device_guard&) = delete;

 private:
  int before_ = 0;
  int now_ = 0;
};

namespace detail {

/// Memory of the current device. Throws out_of_memory with what is left and what was asked for; call_error.
inline void* allocate(std::string_view function, std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    static_cast<void>(cudaGetLastError());
    std::size_t left = 0, all = 0;
    check(cudaMemGetInfo(&left, &all), "cudaMemGetInfo");
    throw out_of_memory(function, left, bytes);
  }
  check(status, "cudaMalloc");
  return memory;
}

/// What a context owns. Buffers refer to it, and notice when it is gone.
class queue {
 public:
  explicit queue(device_info device) : info_(std::move(device)) {
    const device_guard guard(info_.index);
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
    try {
      check(cublasCreate(&blas_), "cublasCreate");
      check(cublasSetStream(blas_, stream_), "cublasSetStream");
      // A workspace of the handle's own makes products the same from run to run, and fit to be captured into graphs.
      blas_workspace_ = allocate("cuda::context", blas_workspace_bytes);
      check(cublasSetWorkspace(blas_, blas_workspace_, blas_workspace_bytes), "cublasSetWorkspace");
    } catch (...) {
      release();
      throw;
    }
  }
  ~queue() { release(); }
  queue(const queue&) = delete;
  queue& operator=(const queue&) = delete;

  const device_info& device() const { return info_; }
  cudaStream_t stream() const { return stream_; }
  cublasHandle_t blas() const { return blas_; }

  std::byte* workspace(std::size_t bytes) {
    if (bytes > size_) {
      cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
      check(cudaStreamIsCapturing(stream_, &capturing), "cudaStreamIsCapturing");
      MMREC_ASSERT(capturing == cudaStreamCaptureStatusNone);
      const device_guard guard(info_.index);
      // Twice as much as before, so that a few steps reach any size; if that is not there, what is needed.
      std::size_t asked = (std::max)(bytes, 2 * size_);
      std::size_t left = 0, all = 0;
      check(cudaMemGetInfo(&left, &all), "cudaMemGetInfo");
      if (asked > left) asked = bytes;
      void* const grown = allocate("cuda::context::workspace", asked);
      // Earlier blocks stay: captured graphs know their addresses.
      blocks_.push_back(grown);
      size_ = asked;
    }
    return blocks_.empty() ? nullptr : static_cast<std::byte*>(blocks_.back());
  }

 private:
  static constexpr std::size_t blas_workspace_bytes = std::size_t{32} << 20;  // what cuBLAS asks for on Hopper

  void release() noexcept {
    int before = 0;
    static_cast<void>(cudaGetDevice(&before));
    static_cast<void>(cudaSetDevice(info_.index));
    if (stream_ != nullptr) static_cast<void>(cudaStreamSynchronize(stream_));
    if (blas_ != nullptr) static_cast<void>(cublasDestroy(blas_));
    if (blas_workspace_ != nullptr) static_cast<void>(cudaFree(blas_workspace_));
    for (void* const block : blocks_) static_cast<void>(cudaFree(block));
    if (stream_ != nullptr) static_cast<void>(cudaStreamDestroy(stream_));
    static_cast<void>(cudaSetDevice(before));
  }

  device_info info_;
  cudaStream_t stream_ = nullptr;
  cublasHandle_t blas_ = nullptr;
  void* blas_workspace_ = nullptr;
  std::vector<void*> blocks_;
  std::size_t size_ = 0;
};

}  // namespace detail

/// A device with what work on it needs: a stream, in which work is done in the order it was given; a cuBLAS handle; a
/// workspace for kernels. What networks are run and trained on, in the place of an executor.
///
///   mm::cuda::context gpu;                             device 0, exact float32
///   mm::cuda::context gpu(1, mm::cuda::math::tf32);    device 1, products on tensor cores
///
/// Calls only queue work; synchronize() waits for it, and so do downloads. One thread at a time may use a context; threads
/// that each have one run side by side.
///
/// Throws     the constructor: unavailable, naming what is missing (driver, device) and what to do; invalid_config for a
///            device that is not there; call_error
/// Result     the same bits from run to run on the same device: kernels never add in an order that can change
class context {
 public:
  /// What layers ask to see that they run on a device.
  static constexpr bool is_device = true;

  explicit context(int device = 0, cuda::math precision = cuda::math::float32)
      : queue_(std::make_shared<detail::queue>(require_device("cuda::context", device))), precision_(precision) {}
  context(const context&) = delete;
  context& operator=(const context&) = delete;

  const device_info& device() const { return queue_->device(); }
  cudaStream_t stream() const { return queue_->stream(); }
  cublasHandle_t blas() const { return queue_->blas(); }
  cuda::math precision() const { return precision_; }

  /// Waits until all work queued so far is done. Throws call_error for what went wrong in it.
  void synchronize() const {
    check(cudaStreamSynchronize(stream()), "cudaStreamSynchronize");
    check(cudaGetLastError(), "kernels queued before");
  }

  /// Device memory that the next kernel may overwrite: at least `bytes`, valid until the next call. Grows to the largest
  /// ever asked for; not to be called for more than before while a graph is captured.
  std::byte* workspace(std::size_t bytes) const { return queue_->workspace(bytes); }
  template <class T>
  T* workspace_of(std::size_t count) const {
    return reinterpret_cast<T*>(workspace(count * sizeof(T)));
  }

  /// One queue of work: see core/executor.hpp.
  std::size_t concurrency() const { return 1; }

  /// For buffers, which outlive a context but are of no use without it.
  std::weak_ptr<const detail::queue> queue() const { return queue_; }

 private:
  std::shared_ptr<detail::queue> queue_;
  cuda::math precision_;
};

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
