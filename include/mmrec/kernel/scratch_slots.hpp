// mmrec/kernel/scratch_slots.hpp - scratch memory shared out among the tasks that run at the same time.
#pragma once
#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/config.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Divides one block of scratch into `slots` parts of `each` elements and lends one to each running task. Tasks are numbered
/// without regard to threads, so that scratch cannot go by their numbers without growing with their count; at most
/// concurrency() of them run at once, so that as many slots always suffice. Which slot a task gets is left to chance:
/// nothing it computes may depend on what the slot held before.
///
///   scratch_slots<float> slots(scratch, each, exec.concurrency());
///   exec.run(tasks, [&](std::size_t task) { const auto slot = slots.lease(); use(slot.data()); });
template <class T>
class scratch_slots {
 public:
  static constexpr std::size_t most = 1024;  ///< threads of an executor

  scratch_slots(T* memory, std::size_t each, std::size_t slots) : memory_(memory), each_(each), slots_(slots) {
    MMREC_ASSERT(slots <= most);
  }
  scratch_slots(const scratch_slots&) = delete;
  scratch_slots& operator=(const scratch_slots&) = delete;

  /// Elements of the whole block.
  static constexpr std::size_t size(std::size_t each, std::size_t slots) { return each * slots; }

  class lease_type {
   public:
    lease_type(scratch_slots& owner, std::size_t slot) : owner_(owner), slot_(slot) {}
    lease_type(const lease_type&) = delete;
    lease_type& operator=(const lease_type&) = delete;
    ~lease_type() { owner_.give_back(slot_); }
    T* data() const { return owner_.memory_ + slot_ * owner_.each_; }

   private:
    scratch_slots& owner_;
    std::size_t slot_;
  };

  [[nodiscard]] lease_type lease() {
    for (;;) {
      for (std::size_t word = 0; word * 64 < slots_; ++word) {
        const std::size_t here = slots_ - word * 64;
        const std::uint64_t all = here >= 64 ? ~std::uint64_t{0} : (std::uint64_t{1} << here) - 1;
        std::uint64_t taken = taken_[word].load(std::memory_order_relaxed);
        while ((taken & all) != all) {
          const std::uint64_t bit = ~taken & (taken + 1);  // the lowest free one
          if (taken_[word].compare_exchange_weak(taken, taken | bit, std::memory_order_acquire, std::memory_order_relaxed)) {
            std::size_t slot = word * 64;
            for (std::uint64_t rest = bit; rest > 1; rest >>= 1) ++slot;
            return lease_type(*this, slot);
          }
        }
      }
    }
  }

 private:
  void give_back(std::size_t slot) {
    taken_[slot / 64].fetch_and(~(std::uint64_t{1} << (slot % 64)), std::memory_order_release);
  }

  T* memory_;
  std::size_t each_;
  std::size_t slots_;
  std::array<std::atomic<std::uint64_t>, most / 64> taken_{};
};

}  // namespace kernel
}  // namespace mmrec::inline v0
