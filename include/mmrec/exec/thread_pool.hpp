// mmrec/exec/thread_pool.hpp - a small pool of blocking threads, and the interface to bring one's own.
#pragma once
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <mutex>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>

namespace mmrec::inline v0 {
namespace exec {

/// Implement this to run the library's tasks on threads of your own. run() must call task(0) ... task(count - 1), each
/// once, in any order and on any thread, and return when all have returned. Tasks do not throw.
class task_runner {
 public:
  virtual ~task_runner() = default;
  virtual std::size_t concurrency() const = 0;
  virtual void run(std::size_t count, function_ref<void(std::size_t)> task) = 0;
};

/// `threads` threads in all, the calling one included, which sleep on a condition variable between calls: on a busy
/// machine that costs nothing, where a spinning barrier costs whole time slices.
/// Safe to share: calls of run() from several threads take turns. A task must not call run() of its own pool.
class thread_pool final : public task_runner {
 public:
  /// Throws invalid_config unless threads lie in 1..1024; unavailable if the system refuses to start one.
  explicit thread_pool(std::size_t threads) {
    require_config(threads >= 1 && threads <= 1024, "exec::thread_pool", "threads", "must lie in 1..1024");
    workers_.reserve(threads - 1);
    try {
      for (std::size_t worker = 1; worker < threads; ++worker) workers_.emplace_back([this] { work(); });
    } catch (const std::system_error& error) {
      const std::size_t started = workers_.size() + 1;
      stop();
      throw unavailable("exec::thread_pool", "the system started " + std::to_string(started) + " of " +
                                                 std::to_string(threads) + " threads: " + error.what());
    }
  }
  thread_pool(const thread_pool&) = delete;
  thread_pool& operator=(const thread_pool&) = delete;
  ~thread_pool() override { stop(); }

  std::size_t concurrency() const override { return workers_.size() + 1; }

  void run(std::size_t count, function_ref<void(std::size_t)> task) override {
    const std::lock_guard one_caller(caller_);
    {
      const std::lock_guard lock(mutex_);
      task_ = &task;
      count_ = count;
      next_.store(0, std::memory_order_relaxed);
      busy_ = workers_.size();
      ++generation_;
    }
    wake_.notify_all();
    drain(task, count);
    std::unique_lock lock(mutex_);
    done_.wait(lock, [this] { return busy_ == 0; });
    task_ = nullptr;
  }

 private:
  void stop() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_all();
    for (std::thread& worker : workers_) worker.join();
  }
  void drain(const function_ref<void(std::size_t)>& task, std::size_t count) {
    for (std::size_t index = next_.fetch_add(1); index < count; index = next_.fetch_add(1)) task(index);
  }
  void work() {
    std::uint64_t seen = 0;
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return stopping_ || generation_ != seen; });
      if (stopping_) return;
      seen = generation_;
      const function_ref<void(std::size_t)>* task = task_;
      const std::size_t count = count_;
      lock.unlock();
      drain(*task, count);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  std::mutex caller_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const function_ref<void(std::size_t)>* task_ = nullptr;
  std::size_t count_ = 0;
  std::atomic<std::size_t> next_{0};
  std::size_t busy_ = 0;
  std::uint64_t generation_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> workers_;
};

}  // namespace exec
}  // namespace mmrec::inline v0
