// mmrec/core/executor.hpp - what stages ask of the thing that runs them.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>
#include <type_traits>

#include <mmrec/core/error.hpp>
#include <mmrec/core/progress.hpp>

namespace mmrec::inline v0 {

/// A non-owning reference to a callable; the callable must outlive the call it is passed to.
template <class Signature>
class function_ref;

template <class Result, class... Arguments>
class function_ref<Result(Arguments...)> {
 public:
  template <class F>
  requires(!std::same_as<std::remove_cvref_t<F>, function_ref> && std::is_invocable_r_v<Result, F&, Arguments...>)
      function_ref(F&& callable)  // NOLINT: implicit on purpose
      : object_(const_cast<void*>(static_cast<const void*>(std::addressof(callable)))),
        call_([](void* object, Arguments... arguments) -> Result {
          return (*static_cast<std::remove_reference_t<F>*>(object))(static_cast<Arguments&&>(arguments)...);
        }) {}
  Result operator()(Arguments... arguments) const { return call_(object_, static_cast<Arguments&&>(arguments)...); }

 private:
  void* object_;
  Result (*call_)(void*, Arguments...);
};

/// Runs numbered tasks, possibly at the same time, and returns when all are done. The first exception of a task, in the
/// order of task numbers, is thrown in the calling thread. What a task computes may depend on its number alone, never on
/// the thread: this is why results are the same for any number of threads.
template <class E>
concept executor = requires(const E& exec, std::size_t tasks, function_ref<void(std::size_t)> task) {
  { exec.concurrency() } -> std::convertible_to<std::size_t>;
  {exec.run(tasks, task)};
  { exec.sink() } -> std::convertible_to<progress_sink*>;
};

/// A device with a queue of work, such as cuda::context: work has its own kernels there, tasks it does not run.
template <class E>
concept device_queue = requires {
  requires E::is_device;
};

/// What a network can be run on.
template <class E>
concept backend = executor<E> || device_queue<E>;

/// Throws limit_error if the executor has a `memory_limit` and a fit is going to need more at its peak, before it
/// allocates any of it. 0 and no such member mean no limit. What the arguments of the fit hold does not count.
template <executor Exec>
void require_memory(const Exec& exec, std::string_view function, std::uint64_t bytes) {
  if constexpr (requires {
                  { exec.memory_limit } -> std::convertible_to<std::uint64_t>;
                }) {
    const std::uint64_t limit = exec.memory_limit;
    if (limit != 0 && bytes > limit) throw limit_error(function, "memory in bytes", limit, bytes);
  }
}

/// Calls body(begin, end) for consecutive ranges of at most `grain` of 0..count-1. The ranges depend on `grain` only.
template <executor Exec, class Body>
void for_ranges(const Exec& exec, std::size_t count, std::size_t grain, Body&& body) {
  const std::size_t step = std::max<std::size_t>(grain, 1);
  const std::size_t tasks = count / step + (count % step != 0 ? 1 : 0);
  exec.run(tasks, [&](std::size_t task) {
    const std::size_t begin = task * step;
    body(begin, (std::min)(count, begin + step));
  });
}

}  // namespace mmrec::inline v0
