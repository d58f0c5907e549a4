// mmrec/kernel/aligned_buffer.hpp - uninitialised scratch memory aligned to cache lines.
#pragma once
#include <cstddef>
#include <memory>
#include <new>

namespace mmrec::inline v0 {
namespace kernel {

/// `size` numbers without initial values; vectors of any width load from it without crossing a cache line.
template <class T>
class aligned_buffer {
 public:
  aligned_buffer() = default;
  explicit aligned_buffer(std::size_t size)
      : memory_(static_cast<T*>(::operator new (size * sizeof(T), std::align_val_t{64}))), size_(size) {}
  T* data() { return memory_.get(); }
  const T* data() const { return memory_.get(); }
  std::size_t size() const { return size_; }
  T& operator[](std::size_t index) { return memory_.get()[index]; }
  const T& operator[](std::size_t index) const { return memory_.get()[index]; }

 private:
  struct release {
    void operator()(T* memory) const { ::operator delete (memory, std::align_val_t{64}); }
  };
  std::unique_ptr<T[], release> memory_;
  std::size_t size_ = 0;
};

}  // namespace kernel
}  // namespace mmrec::inline v0
