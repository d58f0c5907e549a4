#include <mmrec/exec/thread_pool.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

// Sanitizers reserve terabytes of addresses, so that no limit on them can be set.
#if defined(__linux__) && !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
#if !defined(__has_feature)
#define MMREC_TEST_CAN_LIMIT_MEMORY 1
#elif !__has_feature(address_sanitizer) && !__has_feature(thread_sanitizer) && !__has_feature(memory_sanitizer)
#define MMREC_TEST_CAN_LIMIT_MEMORY 1
#endif
#endif
#ifdef MMREC_TEST_CAN_LIMIT_MEMORY
#include <sys/resource.h>
#endif

namespace mm = mmrec;
namespace exec = mmrec::exec;

TEST_CASE("a pool of one thread is the calling thread") {
  exec::thread_pool pool(1);
  CHECK(pool.concurrency() == 1);
  const auto caller = std::this_thread::get_id();
  int elsewhere = 0;
  pool.run(50, [&](std::size_t) { elsewhere += std::this_thread::get_id() != caller ? 1 : 0; });
  CHECK(elsewhere == 0);
}

TEST_CASE("a pool uses no more threads than it says, the caller's among them") {
  exec::thread_pool pool(3);
  std::mutex mutex;
  std::set<std::thread::id> seen;
  for (int round = 0; round < 20; ++round) {
    pool.run(30, [&](std::size_t) {
      std::this_thread::sleep_for(std::chrono::microseconds(200));
      const std::lock_guard lock(mutex);
      seen.insert(std::this_thread::get_id());
    });
  }
  CHECK(seen.size() <= 3);
  CHECK(seen.contains(std::this_thread::get_id()));
}

TEST_CASE("work happens on several threads at once") {
  exec::thread_pool pool(2);
  std::atomic<int> arrived = 0;
  // Each task waits for the other: with one thread this would never end, so it gives up after a while.
  std::atomic<bool> met = true;
  pool.run(2, [&](std::size_t) {
    ++arrived;
    const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (arrived < 2) {
      if (std::chrono::steady_clock::now() > until) {
        met = false;
        return;
      }
      std::this_thread::yield();
    }
  });
  CHECK(met);
}

TEST_CASE("callers that share a pool take turns") {
  exec::thread_pool pool(4);
  constexpr std::size_t callers = 6, rounds = 200, tasks = 25;
  std::vector<std::size_t> sums(callers, 0);
  std::vector<std::thread> threads;
  for (std::size_t caller = 0; caller < callers; ++caller) {
    threads.emplace_back([&, caller] {
      for (std::size_t round = 0; round < rounds; ++round) {
        std::vector<std::size_t> parts(tasks, 0);
        pool.run(tasks, [&](std::size_t task) { parts[task] += task; });
        for (const std::size_t part : parts) sums[caller] += part;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::size_t sum : sums) CHECK(sum == rounds * tasks * (tasks - 1) / 2);
}

TEST_CASE("many short calls and none at all") {
  exec::thread_pool pool(4);
  std::atomic<int> runs = 0;
  for (int round = 0; round < 2000; ++round) pool.run(static_cast<std::size_t>(round % 3), [&](std::size_t) { ++runs; });
  CHECK(runs == 666 * 3 + 1);
  pool.run(0, [&](std::size_t) { runs = -1; });
  CHECK(runs == 666 * 3 + 1);
}

TEST_CASE("pools start and stop without work") {
  for (int round = 0; round < 50; ++round) exec::thread_pool pool(3);
  CHECK_THROWS_AS(exec::thread_pool(0), mm::invalid_config);
  CHECK_THROWS_AS(exec::thread_pool(1025), mm::invalid_config);
}

#ifdef MMREC_TEST_CAN_LIMIT_MEMORY
TEST_CASE("a machine that refuses to start threads is an error, and those started are joined") {
  rlimit before{};
  REQUIRE(getrlimit(RLIMIT_AS, &before) == 0);
  rlimit little = before;
  little.rlim_cur = rlim_t{1} << 30;  // 1024 stacks of 8 MiB do not fit
  REQUIRE(setrlimit(RLIMIT_AS, &little) == 0);
  const std::string text = test::thrown<mm::unavailable>([] { exec::thread_pool pool(1024); });
  REQUIRE(setrlimit(RLIMIT_AS, &before) == 0);
  CHECK_THAT(text, Catch::Matchers::StartsWith("exec::thread_pool: the system started ") &&
                       test::contains(" of 1024 threads"));
}
#endif
