// mmrec/exec/cuda/buffer.hpp - memory of a device, and memory of the host that it can read at full speed.
#pragma once
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

#include <cuda_runtime_api.h>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/exec/cuda/config.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/exec/cuda/error.hpp>

namespace mmrec::inline v0 {
namespace cuda {
inline namespace MMREC_CUDA_MODE {

/// `size` elements in a device's memory, of unspecified value at first; moves, does not copy.
///
/// It belongs to the device of the context it was made for. Used after that context is gone, or after it was moved from, it
/// throws data_error; freeing it is fine at any time.
template <class T>
class buffer {
  static_assert(std::is_trivially_copyable_v<T>, "mmrec: device memory holds plain numbers and structs");

 public:
  buffer() = default;
  /// Throws out_of_memory with what is left and what was asked for; call_error.
  buffer(const context& on, std::size_t size) : owner_(on.queue()), device_(on.device().index), size_(size), held_(true) {
    if (size == 0) return;
    const device_guard guard(device_);
    if (size > static_cast<std::size_t>(-1) / sizeof(T))
      throw out_of_memory("cuda::buffer", 0, static_cast<std::size_t>(-1));
    data_ = static_cast<T*>(detail::allocate("cuda::buffer", size * sizeof(T)));
  }
  /// Uploads; the values may change once the call returns.
  buffer(const context& on, std::span<const T> values) : buffer(on, values.size()) { upload(on, values); }
  ~buffer() { release(); }
  buffer(buffer&& other) noexcept { swap(other); }
  buffer& operator=(buffer&& other) noexcept {
    buffer taken(std::move(other));
    swap(taken);
    return *this;
  }

  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }

  /// The device address, for kernels. Throws data_error for a context of another device and for a buffer that is of no use
  /// any more.
  T* on(const context& where) {
    require_usable(where);
    return data_;
  }
  const T* on(const context& where) const {
    require_usable(where);
    return data_;
  }

  /// Copies from the host: queued, and done with `values` when it returns.
  void upload(const context& where, std::span<const T> values) {
    require_size("cuda::buffer::upload", "elements", size_, values.size());
    require_usable(where);
    if (size_ == 0) return;
    check(cudaMemcpyAsync(data_, values.data(), values.size_bytes(), cudaMemcpyHostToDevice, where.stream()),
          "cudaMemcpyAsync");
    check(cudaStreamSynchronize(where.stream()), "cudaStreamSynchronize");
  }
  /// Waits for the work queued before, and copies to the host.
  void download(const context& where, std::span<T> values) const {
    require_size("cuda::buffer::download", "elements", size_, values.size());
    require_usable(where);
    if (size_ == 0) return;
    check(cudaMemcpyAsync(values.data(), data_, values.size_bytes(), cudaMemcpyDeviceToHost, where.stream()),
          "cudaMemcpyAsync");
    where.synchronize();
  }
  /// Copies from a buffer of the same size on the same device: queued.
  void copy_from(const context& where, const buffer& other) {
    require_size("cuda::buffer::copy_from", "elements", size_, other.size());
    require_usable(where);
    if (size_ == 0) return;
    check(cudaMemcpyAsync(data_, other.on(where), bytes(), cudaMemcpyDeviceToDevice, where.stream()), "cudaMemcpyAsync");
  }
  /// All bits zero: queued.
  void clear(const context& where) {
    require_usable(where);
    if (size_ != 0) check(cudaMemsetAsync(data_, 0, bytes(), where.stream()), "cudaMemsetAsync");
  }

  void swap(buffer& other) noexcept {
    std::swap(owner_, other.owner_);
    std::swap(device_, other.device_);
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    std::swap(held_, other.held_);
  }

 private:
  void require_usable(const context& where) const {
    if (!held_) throw data_error("cuda::buffer", "holds nothing: it was moved from, or never made");
    if (owner_.expired()) throw data_error("cuda::buffer", "the context it was made for has been destroyed");
    if (where.device().index != device_) {
      throw data_error("cuda::buffer", "lies on device " + std::to_string(device_) + ", the context is of device " +
                                           std::to_string(where.device().index));
    }
  }
  void release() noexcept {
    if (data_ != nullptr) static_cast<void>(cudaFree(data_));
  }

  std::weak_ptr<const detail::queue> owner_;
  int device_ = 0;
  T* data_ = nullptr;
  std::size_t size_ = 0;
  bool held_ = false;
};

/// `size` elements of host memory that devices copy from and to while the host goes on.
template <class T>
class pinned_buffer {
  static_assert(std::is_trivially_copyable_v<T>);

 public:
  pinned_buffer() = default;
  explicit pinned_buffer(std::size_t size) : size_(size) {
    if (size == 0) return;
    void* memory = nullptr;
    check(cudaMallocHost(&memory, size * sizeof(T)), "cudaMallocHost");
    data_ = static_cast<T*>(memory);
  }
  ~pinned_buffer() {
    if (data_ != nullptr) static_cast<void>(cudaFreeHost(data_));
  }
  pinned_buffer(pinned_buffer&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  pinned_buffer& operator=(pinned_buffer&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() { return data_; }
  const T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::span<T> values() { return {data_, size_}; }
  std::span<const T> values() const { return {data_, size_}; }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace MMREC_CUDA_MODE
}  // namespace cuda
}  // namespace mmrec::inline v0
