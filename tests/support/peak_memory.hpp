// tests/support/peak_memory.hpp - how much memory a piece of code takes at its peak. Include it in one source file of a program only.
#pragma once
#include <atomic>
#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdlib>

// First, because it includes a header of clang's that declares posix_memalign anew, without noexcept.
#include <Eigen/Core>

#include "support/catch.hpp"

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || __has_feature(memory_sanitizer)
#define MMREC_TEST_FOREIGN_ALLOCATOR
#endif
#endif
#if !defined(__GLIBC__) || defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define MMREC_TEST_FOREIGN_ALLOCATOR
#endif

namespace test {

/// False with sanitizers and with other C libraries, whose allocators this header leaves alone.
#ifdef MMREC_TEST_FOREIGN_ALLOCATOR
inline constexpr bool measures_peak = false;
#else
inline constexpr bool measures_peak = true;
#endif

inline std::atomic<std::int64_t> bytes_in_use{0};
inline std::atomic<std::int64_t> most_bytes_in_use{0};

/// The largest growth of allocated memory while `work` runs, on all threads: what malloc gave, and so what operator new and
/// Eigen took, in bytes that could be used; stacks of threads do not count. 0 where measures_peak is false. One call at a time.
template <class Work>
std::size_t peak_bytes_of(Work&& work) {
  const std::int64_t before = bytes_in_use.load();
  most_bytes_in_use.store(before);
  work();
  return static_cast<std::size_t>(most_bytes_in_use.load() - before);
}

/// Checks that an estimate made before `work` is within a fifth of what `work` takes; runs nothing where that is not known.
template <class Work>
void check_peak(std::uint64_t estimate, Work&& work) {
  if constexpr (measures_peak) {
    const double measured = static_cast<double>(peak_bytes_of(work)), estimated = static_cast<double>(estimate);
    INFO("estimated " << estimate << " bytes, measured " << measured);
    CHECK(estimated >= 0.8 * measured);
    CHECK(estimated <= 1.2 * measured);
  }
}

inline void count_bytes(std::int64_t change) noexcept {
  const std::int64_t now = bytes_in_use.fetch_add(change) + change;
  std::int64_t most = most_bytes_in_use.load();
  while (now > most && !most_bytes_in_use.compare_exchange_weak(most, now)) {
  }
}

}  // namespace test

#ifndef MMREC_TEST_FOREIGN_ALLOCATOR

// A program's own allocation functions come before the library's, also for the library itself. These names are what glibc's
// do the work under.
extern "C" {
void* __libc_malloc(std::size_t) noexcept;
void* __libc_calloc(std::size_t, std::size_t) noexcept;
void* __libc_realloc(void*, std::size_t) noexcept;
void* __libc_memalign(std::size_t, std::size_t) noexcept;
void __libc_free(void*) noexcept;
std::size_t malloc_usable_size(void*) noexcept;
}

namespace test {

inline std::int64_t usable_bytes(void* memory) noexcept {
  return memory == nullptr ? 0 : static_cast<std::int64_t>(malloc_usable_size(memory));
}

inline void* counted(void* memory) noexcept {
  if (memory != nullptr) count_bytes(usable_bytes(memory));
  return memory;
}

}  // namespace test

extern "C" {
void* malloc(std::size_t bytes) noexcept { return test::counted(__libc_malloc(bytes)); }
void* calloc(std::size_t count, std::size_t bytes) noexcept { return test::counted(__libc_calloc(count, bytes)); }
void* realloc(void* memory, std::size_t bytes) noexcept {
  const std::int64_t before = test::usable_bytes(memory);
  void* moved = __libc_realloc(memory, bytes);
  if (moved != nullptr || bytes == 0) test::count_bytes(test::usable_bytes(moved) - before);
  return moved;
}
void* memalign(std::size_t alignment, std::size_t bytes) noexcept {
  return test::counted(__libc_memalign(alignment, bytes));
}
void* aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept { return memalign(alignment, bytes); }
int posix_memalign(void** out, std::size_t alignment, std::size_t bytes) noexcept {
  void* memory = memalign(alignment, bytes);
  if (memory == nullptr) return ENOMEM;
  *out = memory;
  return 0;
}
void free(void* memory) noexcept {
  test::count_bytes(-test::usable_bytes(memory));
  __libc_free(memory);
}
}

#endif
