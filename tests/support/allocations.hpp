// tests/support/allocations.hpp - counts the memory allocations of a piece of code, and lets one fail. Include it in one source file of a
// program only.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdlib>
#include <new>

namespace test {

inline std::atomic<std::size_t> allocations_so_far{0};

/// How many times `work` allocated, on all threads.
template <class Work>
std::size_t allocations_of(Work&& work) {
  const std::size_t before = allocations_so_far.load();
  work();
  return allocations_so_far.load() - before;
}

/// How many allocations still succeed; negative: all of them.
inline std::atomic<int> allocations_left{-1};

inline void* counted_allocation(std::size_t bytes, std::size_t alignment) {
  ++allocations_so_far;
  if (allocations_left == 0) throw std::bad_alloc();
  if (allocations_left > 0) --allocations_left;
  const std::size_t rounded = (bytes + alignment - 1) / alignment * alignment;
  if (void* memory = std::aligned_alloc(alignment, rounded == 0 ? alignment : rounded)) return memory;
  throw std::bad_alloc();
}

}  // namespace test

#if !defined(__CUDACC__)  // which takes these for functions of the device, too: nothing is counted there
// Eigen allocates with malloc where that is aligned enough; EIGEN_RUNTIME_NO_MALLOC would be needed to see it. Tests that
// count use the vectors of the public interface, whose memory comes from here. Not inlined, because g++ 12 otherwise sees a
// free() of memory that came from `new` and warns.
[[gnu::noinline]] void* operator new(std::size_t bytes) {
  return test::counted_allocation(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
[[gnu::noinline]] void* operator new[](std::size_t bytes) {
  return test::counted_allocation(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
}
[[gnu::noinline]] void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return test::counted_allocation(bytes, static_cast<std::size_t>(alignment));
}
[[gnu::noinline]] void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  return test::counted_allocation(bytes, static_cast<std::size_t>(alignment));
}
// The library's own form of this one would call another allocator's, and the sanitizer would see them mixed.
[[gnu::noinline]] void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  try {
    return test::counted_allocation(bytes, __STDCPP_DEFAULT_NEW_ALIGNMENT__);
  } catch (const std::bad_alloc&) {
    return nullptr;
  }
}
[[gnu::noinline]] void operator delete(void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete(void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
[[gnu::noinline]] void operator delete[](void* memory, std::size_t, std::align_val_t) noexcept { std::free(memory); }
#endif
