// tests/support/cuda/shim/grid.hpp - runs a grid of blocks on the thread that launches: the threads of a block take turns on
// fibers, meet at barriers and in collectives of a warp, and are told when they could not meet on a device.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>
#include <numeric>
#include <string>
#include <utility>
#include <vector>

#include "../shim.hpp"
#include "../vector_types.h"
#include "fiber.hpp"

// What a kernel reads. The running thread's own, set at every switch.
inline thread_local constinit uint3 threadIdx{0, 0, 0};
inline thread_local constinit uint3 blockIdx{0, 0, 0};
inline thread_local constinit dim3 blockDim{1, 1, 1};
inline thread_local constinit dim3 gridDim{1, 1, 1};
inline constexpr int warpSize = 32;

namespace cuda_shim::detail {

inline constexpr std::size_t most_dynamic_shared = std::size_t{227} << 10, plain_dynamic_shared = std::size_t{48} << 10;
inline constexpr unsigned char poison = 0xff;

/// A line of a kernel where threads meet.
struct meeting_place {
  const char* file = nullptr;
  int line = 0;
  friend bool operator==(const meeting_place& left, const meeting_place& right) {
    return left.line == right.line && (left.file == right.file || std::strcmp(left.file, right.file) == 0);
  }
  std::string text() const { return std::string(file) + ":" + std::to_string(line); }
};

/// What the lanes of a warp do with the values that they bring to a meeting.
enum class collective { meet, exchange, ballot };

inline const char* name_of(collective operation) {
  return operation == collective::meet ? "__syncwarp" : operation == collective::exchange ? "a shuffle" : "a vote";
}

enum class thread_state : std::uint8_t { unstarted, ready, at_barrier, in_warp, finished };

struct device_thread {
  thread_state state = thread_state::unstarted;
  collective operation = collective::meet;
  std::uint8_t source = 0;
  std::uint32_t mask = 0;
  uint3 index{0, 0, 0};
  fiber* flow = nullptr;
  std::uint64_t value = 0, result = 0;
  meeting_place place;
};

/// A call of a kernel with its arguments, for one thread.
struct kernel_call {
  void (*call)(void*) = nullptr;
  void* arguments = nullptr;
};

/// Runs grids for one thread of the host; keeps its stacks from launch to launch.
///
/// A thread of the device starts on a stack only when its turn comes, and the next one starts on the same stack if that one
/// ran to its end without waiting: a kernel whose threads never wait needs one stack and two switches for a block.
class grid_runner {
 public:
  /// The runner of the calling thread.
  static grid_runner& own() {
    static thread_local grid_runner runner;
    return runner;
  }

  /// The same in the course of a kernel, faster.
  static grid_runner& of_kernel() {
    if (active() == nullptr) throw error("a word of kernels was used outside of them");
    return *active();
  }

  void run(dim3 grid, dim3 block, std::size_t dynamic_bytes, kernel_call body) {
    if (active() != nullptr) throw error("a kernel launched another kernel");
    prepare(block, dynamic_bytes);
    const activation while_running(*this);
    body_ = body;
    gridDim = grid;
    blockDim = block;
    const std::uint64_t blocks = std::uint64_t{grid.x} * grid.y * grid.z;
    const order turns = options().order;
    // A step without a common divisor visits every block once.
    std::uint64_t step = turns == order::random ? random() % blocks | 1 : 1,
                  place = turns == order::random ? random() % blocks : 0;
    while (std::gcd(step, blocks) != 1) ++step;
    for (std::uint64_t done = 0; done < blocks; ++done, place = (place + step) % blocks) {
      const std::uint64_t number = turns == order::reverse ? blocks - 1 - place : place;
      blockIdx = {static_cast<unsigned>(number % grid.x), static_cast<unsigned>(number / grid.x % grid.y),
                  static_cast<unsigned>(number / grid.x / grid.y)};
      run_block();
    }
  }

  void* dynamic_memory() { return dynamic_memory_; }
  unsigned lane() const { return static_cast<unsigned>(running_) % 32; }

  /// The running thread waits until all of the block are here.
  void wait_for_block(meeting_place place) {
    device_thread& self = threads_[running_];
    if (waiting_ > 0 && !(place == barrier_)) {
      throw error("threads of one block wait at different __syncthreads: " + barrier_.text() + " and " + place.text());
    }
    barrier_ = place;
    ++waiting_;
    self.state = thread_state::at_barrier;
    leave();
  }

  /// The running thread brings a value and gets its result when all lanes of the mask are here.
  std::uint64_t meet_in_warp(collective operation, unsigned mask, std::uint64_t value, unsigned source,
                             meeting_place place) {
    device_thread& self = threads_[running_];
    if ((mask >> lane() & 1U) == 0)
      throw error("lane " + std::to_string(lane()) + " is not in its own mask, " + place.text());
    if (highest_bit(mask) >= warp_size()) {
      throw error("a mask names lane " + std::to_string(highest_bit(mask)) + ", which the block does not have, " +
                  place.text());
    }
    self.operation = operation;
    self.mask = mask;
    self.value = value;
    self.source = static_cast<std::uint8_t>(source);
    self.place = place;
    self.state = thread_state::in_warp;
    if (!complete_meeting()) leave();
    return self.result;
  }

 private:
  static grid_runner*& active() {
    static thread_local constinit grid_runner* value = nullptr;
    return value;
  }

  /// Makes a runner the one of the kernel that runs.
  struct activation {
    explicit activation(grid_runner& runner) { active() = &runner; }
    ~activation() { active() = nullptr; }
    activation(const activation&) = delete;
    activation& operator=(const activation&) = delete;
  };

  static constexpr std::size_t nobody = ~std::size_t{0}, dynamic_guard = 64;

  void prepare(dim3 block, std::size_t dynamic_bytes) {
    const std::size_t count = std::size_t{block.x} * block.y * block.z;
    threads_.resize(count);
    for (std::size_t i = 0; i < count; ++i) {
      threads_[i].index = {static_cast<unsigned>(i % block.x), static_cast<unsigned>(i / block.x % block.y),
                           static_cast<unsigned>(i / block.x / block.y)};
    }
    turns_.resize(count);
    std::iota(turns_.begin(), turns_.end(), 0U);
    if (options().order == order::reverse) std::reverse(turns_.begin(), turns_.end());
    random_state_ = options().seed * std::uint64_t{0x9e3779b97f4a7c15} + 1;
    // CUDA promises 16 bytes of alignment when there is static shared memory, too, and so no more than that here.
    if (!dynamic_) dynamic_.reset(new (std::align_val_t{64}) unsigned char[most_dynamic_shared + 64 + dynamic_guard]);
    dynamic_memory_ = dynamic_.get() + 16;
    dynamic_bytes_ = dynamic_bytes;
  }

  void run_block() {
    for (device_thread& thread : threads_) thread.state = thread_state::unstarted;
    alive_ = threads_.size();
    waiting_ = 0;
    fence_dynamic_memory();
    try {
      while (alive_ > 0) {
        if (options().order == order::random) shuffle_turns();
        turn_ = 0;
        const std::size_t first = next_turn();
        if (first == nobody)
          release_barrier();  // throws where nobody can ever go on
        else
          enter(home_, first);
        if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
      }
      check_dynamic_memory();
    } catch (...) {
      abandon();
      throw;
    }
  }

  /// The next thread of this pass that can run.
  [[gnu::always_inline]] std::size_t next_turn() {
    while (turn_ < turns_.size()) {
      const std::size_t candidate = turns_[turn_++];
      const thread_state state = threads_[candidate].state;
      if (state == thread_state::unstarted || state == thread_state::ready) return candidate;
    }
    return nobody;
  }

  /// Lets a thread run, from the fiber that is running.
  [[gnu::always_inline]] void enter(fiber& from, std::size_t number) {
    device_thread& thread = threads_[number];
    if (thread.state == thread_state::unstarted) thread.flow = idle_fiber();
    running_ = number;
    threadIdx = thread.index;
    if (thread.flow != &from) from.switch_to(*thread.flow);
  }

  /// The running thread waits: the next one goes on, or the runner if the pass is over.
  [[gnu::always_inline]] void leave() {
    fiber& from = *threads_[running_].flow;
    const std::size_t next = next_turn();
    if (next == nobody)
      from.switch_to(home_);
    else
      enter(from, next);
  }

  /// What every fiber runs: one thread of the device after another.
  static void work() {
    grid_runner& runner = of_kernel();
    runner.threads_[runner.running_].flow->arrived();
    while (true) runner.run_thread();
  }

  void run_thread() {
    fiber& flow = *threads_[running_].flow;
    try {
      body_.call(body_.arguments);
    } catch (...) {
      failure_ = std::current_exception();
      flow.switch_to(home_);
    }
    threads_[running_].state = thread_state::finished;
    --alive_;
    idle_.push_back(&flow);
    leave();
  }

  fiber* idle_fiber() {
    if (idle_.empty()) {
      fibers_.push_back(std::make_unique<fiber>(&grid_runner::work, fibers_.size()));
      return fibers_.back().get();
    }
    fiber* const last = idle_.back();
    idle_.pop_back();
    return last;
  }

  /// After a fault: threads that wait are given up, their stacks used again.
  void abandon() {
    failure_ = nullptr;
    idle_.clear();
    for (const std::unique_ptr<fiber>& flow : fibers_) {
      flow->restart();
      idle_.push_back(flow.get());
    }
  }

  /// A pass in which nobody could run: all wait at the barrier and may go on, or there is a fault.
  void release_barrier() {
    for (const device_thread& thread : threads_) {
      if (thread.state == thread_state::in_warp) report_incomplete_meeting(thread);
    }
    for (device_thread& thread : threads_) {
      if (thread.state == thread_state::at_barrier) thread.state = thread_state::ready;
    }
    waiting_ = 0;
  }

  unsigned warp_size() const {
    const std::size_t first = running_ / 32 * 32;
    return static_cast<unsigned>(std::min<std::size_t>(32, threads_.size() - first));
  }

  static unsigned highest_bit(unsigned mask) { return 31U - static_cast<unsigned>(__builtin_clz(mask)); }

  /// The running lane came to a meeting. If it was the last, all get their results and may go on.
  bool complete_meeting() {
    device_thread* const lanes = threads_.data() + running_ / 32 * 32;
    const device_thread& self = threads_[running_];
    const unsigned mask = self.mask;
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
      const device_thread& other = lanes[__builtin_ctz(rest)];
      if (other.state != thread_state::in_warp) return false;
      if (!(other.place == self.place)) return false;
      if (other.mask != mask) throw error("lanes of one warp name different masks, " + self.place.text());
    }
    unsigned votes = 0;
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
      if (lanes[__builtin_ctz(rest)].value != 0) votes |= rest & (~rest + 1);
    }
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) {
      device_thread& other = lanes[__builtin_ctz(rest)];
      other.result = votes;
      if (self.operation == collective::exchange) {
        if ((mask >> other.source & 1U) == 0) {
          throw error("a shuffle reads lane " + std::to_string(other.source) + ", which is not in its mask, " +
                      self.place.text());
        }
        other.result = lanes[other.source].value;
      }
    }
    for (unsigned rest = mask; rest != 0; rest &= rest - 1) lanes[__builtin_ctz(rest)].state = thread_state::ready;
    return true;
  }

  [[noreturn]] void report_incomplete_meeting(const device_thread& thread) const {
    const std::size_t first = static_cast<std::size_t>(&thread - threads_.data()) / 32 * 32;
    std::string what = std::string(name_of(thread.operation)) + " never completes, " + thread.place.text() + ":";
    for (unsigned rest = thread.mask; rest != 0; rest &= rest - 1) {
      const unsigned number = static_cast<unsigned>(__builtin_ctz(rest));
      const device_thread& other = threads_[first + number];
      if (other.state == thread_state::in_warp && other.place == thread.place) continue;
      what += " lane " + std::to_string(number) + " of its mask ";
      if (other.state == thread_state::finished)
        what += "has returned";
      else if (other.state == thread_state::at_barrier)
        what += "waits at __syncthreads, " + barrier_.text();
      else
        what += "waits at " + other.place.text();
      break;
    }
    throw error(what);
  }

  void fence_dynamic_memory() {
#if defined(CUDA_SHIM_ADDRESS_SANITIZER)
    __asan_unpoison_memory_region(dynamic_memory_, most_dynamic_shared + dynamic_guard);
    __asan_poison_memory_region(dynamic_memory_ + (dynamic_bytes_ + 7) / 8 * 8, dynamic_guard);
#endif
    std::memset(dynamic_memory_, poison, (dynamic_bytes_ + 7) / 8 * 8);
#if !defined(CUDA_SHIM_ADDRESS_SANITIZER)
    std::memset(dynamic_memory_ + dynamic_bytes_, poison, dynamic_guard);
#endif
  }

  void check_dynamic_memory() const {
#if !defined(CUDA_SHIM_ADDRESS_SANITIZER)
    for (std::size_t i = 0; i < dynamic_guard; ++i) {
      if (dynamic_memory_[dynamic_bytes_ + i] == poison) continue;
      throw error("a kernel wrote past its dynamic shared memory of " + std::to_string(dynamic_bytes_) + " bytes");
    }
#endif
  }

  std::uint64_t random() {
    random_state_ ^= random_state_ << 13;
    random_state_ ^= random_state_ >> 7;
    random_state_ ^= random_state_ << 17;
    return random_state_ >> 11;
  }

  void shuffle_turns() {
    for (std::size_t i = turns_.size() - 1; i > 0; --i) std::swap(turns_[i], turns_[random() % (i + 1)]);
  }

  struct aligned_delete {
    void operator()(unsigned char* memory) const { ::operator delete[](memory, std::align_val_t{64}); }
  };

  std::vector<device_thread> threads_;
  std::vector<std::uint32_t> turns_;
  std::size_t turn_ = 0, alive_ = 0, waiting_ = 0, running_ = nobody, dynamic_bytes_ = 0;
  std::uint64_t random_state_ = 1;
  meeting_place barrier_;
  kernel_call body_;
  std::exception_ptr failure_;
  fiber home_;
  std::vector<std::unique_ptr<fiber>> fibers_;
  std::vector<fiber*> idle_;
  std::unique_ptr<unsigned char[], aligned_delete> dynamic_;
  unsigned char* dynamic_memory_ = nullptr;
};

}  // namespace cuda_shim::detail

namespace cuda_shim {

/// The dynamic shared memory of the running block, full of a pattern at its start (as float: not-a-number).
template <class T>
T* dynamic_shared() {
  static_assert(alignof(T) <= 16, "dynamic shared memory is aligned to 16 bytes");
  return static_cast<T*>(detail::grid_runner::of_kernel().dynamic_memory());
}

}  // namespace cuda_shim
