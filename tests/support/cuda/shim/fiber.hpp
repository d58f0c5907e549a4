// tests/support/cuda/shim/fiber.hpp - stacks to run the threads of a block on, and the switch from one to another.
#pragma once
#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <new>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define CUDA_SHIM_ADDRESS_SANITIZER 1
#endif
#if __has_feature(thread_sanitizer)
#define CUDA_SHIM_THREAD_SANITIZER 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define CUDA_SHIM_ADDRESS_SANITIZER 1
#endif
#if defined(__SANITIZE_THREAD__)
#define CUDA_SHIM_THREAD_SANITIZER 1
#endif
#if defined(CUDA_SHIM_ADDRESS_SANITIZER)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(CUDA_SHIM_THREAD_SANITIZER)
#include <sanitizer/tsan_interface.h>
#endif
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace cuda_shim::detail {

#if defined(__x86_64__)
/// Saves the registers that a call keeps and the stack pointer, and goes on where `to` was saved. ucontext does the same in
/// 25 times the time, since it asks the system for the signal mask. Fibers mostly leave for one that left at the same
/// place, so that the processor predicts this return, and those of the callers, rightly.
__attribute__((naked, noinline, no_instrument_function)) inline void switch_stack(void** /*save*/, void* /*to*/) {
  asm volatile(
      "push %rbp\n push %rbx\n push %r12\n push %r13\n push %r14\n push %r15\n"
      "mov %rsp, (%rdi)\n"
      "mov %rsi, %rsp\n"
      "pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbx\n pop %rbp\n"
      "ret\n");
}
#endif

/// A flow of control. One without a stack of its own stands for the thread that launches.
class fiber {
 public:
#if defined(CUDA_SHIM_ADDRESS_SANITIZER) || defined(CUDA_SHIM_THREAD_SANITIZER)
  static constexpr std::size_t stack_bytes = std::size_t{256} << 10;
#else
  static constexpr std::size_t stack_bytes = std::size_t{64} << 10;
#endif
  static constexpr std::size_t guard_bytes = 4096;

  fiber() = default;

  /// Allocates a stack with a page below it that must not be touched, so that an overflow ends the program at once.
  fiber(void (*entry)(), std::size_t number) : entry_(entry), number_(number) {
    void* memory = ::mmap(nullptr, guard_bytes + stack_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw std::bad_alloc();
    memory_ = static_cast<unsigned char*>(memory);
    ::mprotect(memory_, guard_bytes, PROT_NONE);
    bottom_ = memory_ + guard_bytes;
    size_ = stack_bytes;
#if defined(CUDA_SHIM_THREAD_SANITIZER)
    sanitizer_fiber_ = __tsan_create_fiber(0);
#endif
    restart();
  }
  fiber(const fiber&) = delete;
  fiber& operator=(const fiber&) = delete;
  ~fiber() {
    if (memory_ == nullptr) return;
#if defined(CUDA_SHIM_THREAD_SANITIZER)
    __tsan_destroy_fiber(sanitizer_fiber_);
#endif
    ::munmap(memory_, guard_bytes + stack_bytes);
  }

  /// Forgets what ran here: the next switch to this fiber calls the entry.
  void restart() {
#if defined(CUDA_SHIM_ADDRESS_SANITIZER)
    __asan_unpoison_memory_region(bottom_, size_);
    fake_stack_ = nullptr;
#endif
#if defined(__x86_64__)
    // Stacks that start at the same place of a page would share few lines of the cache.
    unsigned char* const top = bottom_ + size_ - number_ % 32 * 192;
    void** slot = reinterpret_cast<void**>(top);
    *--slot = nullptr;  // the return address of the entry, which never returns
    *--slot = reinterpret_cast<void*>(entry_);
    for (int saved = 0; saved < 6; ++saved) *--slot = nullptr;
    position_ = slot;
#else
    ::getcontext(&context_);
    context_.uc_stack.ss_sp = bottom_;
    context_.uc_stack.ss_size = size_;
    context_.uc_link = nullptr;
    ::makecontext(&context_, entry_, 0);
#endif
  }

  /// Leaves this fiber, which has to be the running one, for another; returns when something switches back.
  [[gnu::always_inline]] void switch_to(fiber& other) {
#if defined(CUDA_SHIM_ADDRESS_SANITIZER)
    previous() = this;
    __sanitizer_start_switch_fiber(&fake_stack_, other.bottom_, other.size_);
#endif
#if defined(CUDA_SHIM_THREAD_SANITIZER)
    if (sanitizer_fiber_ == nullptr) sanitizer_fiber_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(other.sanitizer_fiber_, 0);
#endif
#if defined(__x86_64__)
    switch_stack(&position_, other.position_);
#else
    ::swapcontext(&context_, &other.context_);
#endif
    arrived();
  }

  /// The first thing an entry has to call: the address sanitizer wants to know.
  void arrived() {
#if defined(CUDA_SHIM_ADDRESS_SANITIZER)
    const void* bottom = nullptr;
    std::size_t size = 0;
    __sanitizer_finish_switch_fiber(fake_stack_, &bottom, &size);
    previous()->bottom_ = static_cast<unsigned char*>(const_cast<void*>(bottom));
    previous()->size_ = size;
#endif
  }

 private:
#if defined(CUDA_SHIM_ADDRESS_SANITIZER)
  static fiber*& previous() {
    static thread_local constinit fiber* value = nullptr;
    return value;
  }
#endif

  void (*entry_)() = nullptr;
  std::size_t number_ = 0, size_ = 0;
  unsigned char *memory_ = nullptr, *bottom_ = nullptr;
#if defined(__x86_64__)
  void* position_ = nullptr;
#else
  ::ucontext_t context_{};
#endif
#if defined(CUDA_SHIM_ADDRESS_SANITIZER)
  void* fake_stack_ = nullptr;
#endif
#if defined(CUDA_SHIM_THREAD_SANITIZER)
  void* sanitizer_fiber_ = nullptr;
#endif
};

}  // namespace cuda_shim::detail
