// mmrec/kernel/aligned.hpp - memory that begins on a cache line.
#pragma once
#include <cstddef>
#include <new>
#include <vector>

namespace mmrec::inline v0 {
namespace kernel {

/// Bytes of a cache line and of the widest vector register.
inline constexpr std::size_t cache_line = 64;

/// The standard allocator, but what it gives begins on a cache line.
template <class T>
struct aligned_allocator {
  using value_type = T;
  aligned_allocator() = default;
  template <class U>
  aligned_allocator(const aligned_allocator<U>&) {}  // NOLINT: implicit, as allocators convert
  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(-1) / sizeof(T)) throw std::bad_array_new_length();
    return static_cast<T*>(::operator new (count * sizeof(T), std::align_val_t{cache_line}));
  }
  void deallocate(T* memory, std::size_t) noexcept { ::operator delete (memory, std::align_val_t{cache_line}); }
  friend bool operator==(const aligned_allocator&, const aligned_allocator&) { return true; }
};

/// A vector whose elements begin on a cache line.
template <class T>
using aligned_vector = std::vector<T, aligned_allocator<T>>;

}  // namespace kernel
}  // namespace mmrec::inline v0
