#include <mmrec/exec/cpu.hpp>

#include <atomic>
#include <cstddef>
#include <numeric>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace exec = mmrec::exec;

namespace {

// Sums of ranges, added in the order of the ranges: the pattern that reductions of the library follow.
float sum_of(const exec::cpu& where, const std::vector<float>& values) {
  constexpr std::size_t grain = 100;
  std::vector<float> partial(values.size() / grain + 1, 0.0f);
  mm::for_ranges(where, values.size(), grain, [&](std::size_t begin, std::size_t end) {
    for (std::size_t at = begin; at < end; ++at) partial[begin / grain] += values[at];
  });
  return std::accumulate(partial.begin(), partial.end(), 0.0f);
}

// Somebody's own threads: each call on fresh ones, last task first.
class backward_runner final : public exec::task_runner {
 public:
  std::size_t concurrency() const override { return 3; }
  void run(std::size_t count, mm::function_ref<void(std::size_t)> task) override {
    ++calls;
    std::vector<std::thread> threads;
    for (std::size_t index = count; index-- > 0;) threads.emplace_back([task, index] { task(index); });
    for (std::thread& thread : threads) thread.join();
  }
  int calls = 0;
};

struct counting_sink final : mm::progress_sink {
  bool report(const mm::progress_event&) override { return true; }
};

}  // namespace

static_assert(mm::executor<exec::cpu>);

TEST_CASE("every task runs once, for any number of threads") {
  for (const std::size_t threads : std::vector<std::size_t>{1, 2, 8}) {
    for (const std::size_t tasks : std::vector<std::size_t>{0, 1, 2, 7, 1000}) {
      std::vector<std::atomic<int>> runs(tasks);
      exec::cpu{.threads = threads}.run(tasks, [&](std::size_t task) { ++runs[task]; });
      for (const auto& count : runs) REQUIRE(count == 1);
    }
  }
}

TEST_CASE("sums have the same bits for any number of threads and any runner") {
  std::vector<float> values(12345);
  for (std::size_t at = 0; at < values.size(); ++at) values[at] = 1.0f / static_cast<float>(at + 1);
  const float alone = sum_of(exec::cpu{}, values);
  exec::thread_pool pool(4);
  backward_runner own;
  CHECK(sum_of({.threads = 2}, values) == alone);
  CHECK(sum_of({.threads = 8}, values) == alone);
  CHECK(sum_of({.pool = &pool}, values) == alone);
  CHECK(sum_of({.pool = &own}, values) == alone);
  CHECK(own.calls == 1);
}

TEST_CASE("ranges cover 0..count-1 once, at most a grain each, and depend on the grain alone") {
  for (const std::size_t threads : std::vector<std::size_t>{1, 8}) {
    for (const std::size_t count : std::vector<std::size_t>{0, 1, 9, 10, 11, 100}) {
      for (const std::size_t grain : std::vector<std::size_t>{0, 1, 10, 1000}) {
        std::vector<std::atomic<int>> covered(count);
        std::atomic<std::size_t> ranges = 0;
        mm::for_ranges(exec::cpu{.threads = threads}, count, grain, [&](std::size_t begin, std::size_t end) {
          ++ranges;
          if (begin >= end || end - begin > std::max<std::size_t>(grain, 1)) ranges += 1000000;
          for (std::size_t at = begin; at < end; ++at) ++covered[at];
        });
        const std::size_t step = std::max<std::size_t>(grain, 1);
        CHECK(ranges == (count + step - 1) / step);
        for (const auto& times : covered) REQUIRE(times == 1);
      }
    }
  }
}

TEST_CASE("the exception of the first task in order reaches the caller, once, on its thread") {
  exec::thread_pool pool(4);
  backward_runner own;
  for (const exec::cpu& where :
       {exec::cpu{}, exec::cpu{.threads = 2}, exec::cpu{.threads = 8}, exec::cpu{.pool = &pool}, exec::cpu{.pool = &own}}) {
    const auto fail_from = [&](std::size_t first) {
      return test::thrown<std::runtime_error>([&] {
        where.run(40, [&](std::size_t task) {
          if (task >= first) throw std::runtime_error("task " + std::to_string(task));
        });
      });
    };
    CHECK(fail_from(0) == "task 0");
    CHECK(fail_from(17) == "task 17");
    CHECK(fail_from(39) == "task 39");
    CHECK(fail_from(40) == "no exception");
    // The executor, and the pool, are as good as new.
    std::atomic<int> runs = 0;
    where.run(40, [&](std::size_t) { ++runs; });
    CHECK(runs == 40);
  }
}

TEST_CASE("no threads is an error") {
  CHECK(test::thrown<mm::invalid_config>([] { exec::cpu{.threads = 0}.run(1, [](std::size_t) {}); }) ==
        "exec::cpu::run: threads must be at least 1");
}

TEST_CASE("a session keeps one pool, and sessions in a session share it") {
  const exec::cpu_session session(exec::cpu{.threads = 4});
  REQUIRE(session.executor().pool != nullptr);
  CHECK(session.executor().concurrency() == 4);
  const exec::cpu_session inner(session.executor());
  CHECK(inner.executor().pool == session.executor().pool);
  std::atomic<int> runs = 0;
  for (int step = 0; step < 100; ++step) inner.executor().run(10, [&](std::size_t) { ++runs; });
  CHECK(runs == 1000);

  const exec::cpu_session serial(exec::cpu{});
  CHECK(serial.executor().pool == nullptr);
  backward_runner own;
  CHECK(exec::cpu_session(exec::cpu{.pool = &own}).executor().pool == &own);
  counting_sink sink;
  CHECK(exec::cpu_session(exec::cpu{.threads = 2, .progress = &sink}).executor().sink() == &sink);
}

namespace {
// The least that an executor has to have.
struct plain_executor {
  std::size_t concurrency() const { return 1; }
  mm::progress_sink* sink() const { return nullptr; }
  void run(std::size_t tasks, mm::function_ref<void(std::size_t)> task) const {
    for (std::size_t index = 0; index < tasks; ++index) task(index);
  }
};
}  // namespace

TEST_CASE("a session of another executor is that executor") {
  const plain_executor mine;
  CHECK(&exec::session<plain_executor>(mine).executor() == &mine);
}

TEST_CASE("a session of its own may be opened within a task") {
  std::atomic<int> runs = 0;
  exec::cpu{.threads = 3}.run(6, [&](std::size_t) {
    const exec::cpu_session inner(exec::cpu{.threads = 2});
    inner.executor().run(5, [&](std::size_t) { ++runs; });
  });
  CHECK(runs == 30);
}

TEST_CASE("a memory limit refuses what asks for more, and only that") {
  const exec::cpu limited{.memory_limit = 1000};
  CHECK_NOTHROW(mm::require_memory(limited, "f::fit", 1000));
  CHECK_THROWS_WITH(mm::require_memory(limited, "f::fit", 1001), "f::fit: memory in bytes 1001 exceeds the limit of 1000");
  CHECK_THROWS_AS(mm::require_memory(limited, "f::fit", 1001), mm::limit_error);
  CHECK_NOTHROW(mm::require_memory(exec::cpu{}, "f::fit", ~std::uint64_t{0}));
  CHECK(exec::cpu_session(exec::cpu{.threads = 2, .memory_limit = 7}).executor().memory_limit == 7);
  CHECK_NOTHROW(mm::require_memory(plain_executor{}, "f::fit", ~std::uint64_t{0}));
}
