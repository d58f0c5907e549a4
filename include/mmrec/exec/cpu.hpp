// mmrec/exec/cpu.hpp - the CPU executor.
#pragma once
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <mutex>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/exec/thread_pool.hpp>

namespace mmrec::inline v0 {
namespace exec {

/// Runs on the CPU: on the calling thread, on `threads` threads, or on a pool of the caller's.
///
///   exec::cpu{}                          the calling thread alone
///   exec::cpu{.threads = 8}              the library starts 7 more for each call of fit(...) and joins them before it returns
///   exec::cpu{.pool = &pool}             the caller's threads, kept between calls
///   exec::cpu{.memory_limit = 4ull << 30}   a fit that is going to need more than 4 GiB throws limit_error before it starts
///
/// Results have the same bits whichever is chosen.
struct cpu {
  std::size_t threads = 1;            ///< ignored when a pool is given
  task_runner* pool = nullptr;        ///< not owned
  progress_sink* progress = nullptr;  ///< not owned; see core/progress.hpp
  std::uint64_t memory_limit = 0;     ///< bytes that a recommender's fit may take at its peak; 0: no limit

  std::size_t concurrency() const { return pool != nullptr ? pool->concurrency() : threads; }
  progress_sink* sink() const { return progress; }

  /// See the concept `executor`. Throws invalid_config for 0 threads.
  void run(std::size_t tasks, function_ref<void(std::size_t)> task) const {
    require_config(concurrency() >= 1, "exec::cpu::run", "threads", "must be at least 1");
    if (concurrency() == 1 || tasks <= 1) {
      for (std::size_t index = 0; index < tasks; ++index) task(index);
      return;
    }
    std::mutex mutex;
    std::exception_ptr first;
    std::size_t first_index = tasks;
    const auto guarded = [&](std::size_t index) {
      try {
        task(index);
      } catch (...) {
        const std::lock_guard lock(mutex);
        if (index < first_index) {
          first_index = index;
          first = std::current_exception();
        }
      }
    };
    if (pool != nullptr) {
      pool->run(tasks, guarded);
    } else {
      thread_pool temporary(threads);
      temporary.run(tasks, guarded);
    }
    if (first) std::rethrow_exception(first);
  }

  friend bool operator==(const cpu&, const cpu&) = default;
};

/// Holds what one long call needs of its executor, so that each of its many parallel steps need not ask for it anew: the
/// threads of exec::cpu. An executor of another type is referred to as it is.
template <executor Exec>
class session {
 public:
  explicit session(const Exec& asked) : exec_(asked) {}
  const Exec& executor() const { return exec_; }

 private:
  const Exec& exec_;
};

template <>
class session<cpu> {
 public:
  explicit session(const cpu& asked) : exec_(asked) {
    if (asked.pool == nullptr && asked.threads > 1) {
      owned_ = std::make_unique<thread_pool>(asked.threads);
      exec_.pool = owned_.get();
    }
  }
  const cpu& executor() const { return exec_; }

 private:
  std::unique_ptr<thread_pool> owned_;
  cpu exec_;
};

using cpu_session = session<cpu>;

}  // namespace exec
}  // namespace mmrec::inline v0
