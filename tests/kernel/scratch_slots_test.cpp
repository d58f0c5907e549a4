#include <mmrec/kernel/scratch_slots.hpp>

#include <mmrec/exec/cpu.hpp>

#include <atomic>
#include <cstddef>
#include <set>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

TEST_CASE("slots that are lent at the same time do not overlap, and cover the block") {
  for (const std::size_t count : {1u, 2u, 63u, 64u, 65u, 1024u}) {
    CAPTURE(count);
    constexpr std::size_t each = 3;
    std::vector<int> memory(kernel::scratch_slots<int>::size(each, count));
    kernel::scratch_slots<int> slots(memory.data(), each, count);
    std::set<std::ptrdiff_t> places;
    // A recursion holds all of them at once: a lease is neither copied nor moved.
    const auto hold = [&](const auto& self, std::size_t left) -> void {
      if (left == 0) return;
      const auto slot = slots.lease();
      places.insert(slot.data() - memory.data());
      self(self, left - 1);
    };
    hold(hold, count);
    CHECK(places.size() == count);
    CHECK(*places.begin() == 0);
    CHECK(*places.rbegin() == static_cast<std::ptrdiff_t>((count - 1) * each));
  }
}

TEST_CASE("a slot that is given back is lent again") {
  std::vector<double> memory(8);
  kernel::scratch_slots<double> slots(memory.data(), 4, 2);
  const auto first = slots.lease();
  const double* second = slots.lease().data();
  CHECK(slots.lease().data() == second);
  CHECK(first.data() != second);
}

TEST_CASE("tasks on several threads each have a slot of their own") {
  constexpr std::size_t threads = 4, each = 64;
  std::vector<std::size_t> memory(threads * each);
  kernel::scratch_slots<std::size_t> slots(memory.data(), each, threads);
  std::atomic<std::size_t> mixed{0};
  mm::exec::cpu{.threads = threads}.run(2000, [&](std::size_t task) {
    const auto slot = slots.lease();
    for (std::size_t i = 0; i < each; ++i) slot.data()[i] = task;
    for (std::size_t i = 0; i < each; ++i) mixed += slot.data()[i] != task ? 1 : 0;
  });
  CHECK(mixed == 0);
}
