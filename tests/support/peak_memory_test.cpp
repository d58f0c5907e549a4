// The allocations of every kind that a fit may make are seen, the peak is one over all threads, and it is the growth alone.
#include "support/peak_memory.hpp"

#include <cstddef>
#include <cstdlib>
#include <memory>
#include <thread>
#include <vector>

#include <Eigen/Core>

#include "support/catch.hpp"

namespace {

constexpr std::size_t mega = std::size_t{1} << 20;

bool near(std::size_t measured, std::size_t expected) {
  return !test::measures_peak || (measured >= expected && measured <= expected + expected / 50);
}

// Where the compiler cannot see that nobody reads the memory.
void use(const void* memory) { asm volatile("" : : "r"(memory) : "memory"); }

TEST_CASE("A peak is the largest growth while the work runs") {
  const std::vector<char> before(32 * mega);
  use(before.data());
  CHECK(near(test::peak_bytes_of([] {
               {
                 const std::vector<char> first(8 * mega), second(4 * mega);
                 use(first.data());
                 use(second.data());
               }
               const std::vector<char> third(10 * mega);
               use(third.data());
             }),
             12 * mega));
  CHECK(test::peak_bytes_of([] {}) == 0);
}

TEST_CASE("A peak counts what is still held and what was freed that came before") {
  auto before = std::make_unique<char[]>(16 * mega);
  use(before.get());
  std::vector<char> held;
  CHECK(near(test::peak_bytes_of([&] { held.resize(3 * mega); }), 3 * mega));
  CHECK(test::peak_bytes_of([&] {
          before.reset();
          held = std::vector<char>(5 * mega);
        }) == 0);
}

TEST_CASE("A peak sees every way to allocate") {
  CHECK(near(test::peak_bytes_of([] {
               const Eigen::MatrixXf dense = Eigen::MatrixXf::Zero(1024, 1024);
               use(dense.data());
             }),
             4 * mega));
  CHECK(near(test::peak_bytes_of([] {
               void* memory = std::malloc(mega);
               use(memory);
               memory = std::realloc(memory, 3 * mega);
               use(memory);
               std::free(memory);
             }),
             3 * mega));
  CHECK(near(test::peak_bytes_of([] {
               void* memory = std::aligned_alloc(64, 2 * mega);
               use(memory);
               std::free(memory);
               memory = std::calloc(mega, 3);
               use(memory);
               std::free(memory);
             }),
             3 * mega));
  struct alignas(128) wide {
    char bytes[128];
  };
  CHECK(near(test::peak_bytes_of([] {
               const std::vector<wide> lines(2 * mega / sizeof(wide));
               use(lines.data());
             }),
             2 * mega));
}

TEST_CASE("A peak sums the memory of all threads") {
  CHECK(near(test::peak_bytes_of([] {
               const std::vector<char> mine(4 * mega);
               std::thread other([] {
                 const std::vector<char> theirs(4 * mega);
                 use(theirs.data());
               });
               other.join();
               use(mine.data());
             }),
             8 * mega));
}

TEST_CASE("A check of an estimate runs the work once and accepts a fifth to either side") {
  int runs = 0;
  const auto work = [&] {
    const std::vector<char> memory(10 * mega);
    use(memory.data());
    ++runs;
  };
  test::check_peak(9 * mega, work);
  test::check_peak(11 * mega, work);
  CHECK(runs == (test::measures_peak ? 2 : 0));
}

}  // namespace
