#include <mmrec/kernel/cuda/dropout.cuh>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/dropout.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "device_array.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace mc = mmrec::cuda;
namespace kernel = mmrec::kernel;

namespace {
const mm::exec::cpu cpu;
constexpr std::uint32_t dropped = 20000;
}  // namespace

TEMPLATE_TEST_CASE("A device leaves out the numbers that the CPU does", "[cuda][dropout]", float, double) {
  using T = TestType;
  const mc::context gpu;
  const T factor = T(1.25);
  const mm::seed key = mm::seed{77}.derive(3).derive(0).derive(std::uint64_t{1} << 40);
  const mc::random_key random =
      mc::random_key{nullptr, nullptr, 77, {}, 0}.derive(3).derive(0).derive(std::uint64_t{1} << 40);
  for (const std::size_t count : {0u, 1u, 7u, 8u, 9u, 2047u, 2048u, 2049u, 9001u}) {
    for (const std::size_t offset : {0u, 1u, 2u}) {
      INFO("count " << count << ", offset " << offset);
      const std::vector<T> from = test::random_values<T>(count, 1);
      std::vector<T> to(count);
      kernel::dropout<mm::exec::cpu, T>(cpu, count, dropped, factor, key, from.data(), to.data());
      test::device_array<T> source(gpu, from, offset), target(gpu, count, offset == 2 ? 1 : offset);
      mc::dropout<T>(gpu, count, dropped, factor, random, source.get(), target.get());
      CHECK(target.values() == to);
      mc::dropout<T>(gpu, count, dropped, factor, random, source.get(), source.get());
      CHECK(source.values() == to);
    }
  }
}

TEST_CASE("A random key is read when the device gets to it", "[cuda][dropout]") {
  const mc::context gpu;
  const std::size_t count = 5000;
  const std::vector<float> from = test::random_values<float>(count, 2);
  const std::vector<std::uint64_t> seeds{5, 6, 7};
  test::device_array<std::uint64_t> all(gpu, seeds);
  test::device_array<float> source(gpu, from), target(gpu, count);
  std::vector<std::vector<float>> results;
  for (std::uint32_t step = 0; step < 3; ++step) {
    test::device_array<std::uint32_t> index(gpu, std::vector<std::uint32_t>{step});
    const mc::random_key random = mc::random_key{all.get(), index.get(), 99, {}, 0}.derive(4);
    mc::dropout<float>(gpu, count, dropped, 2.0f, random, source.get(), target.get());
    std::vector<float> to(count);
    kernel::dropout<mm::exec::cpu, float>(cpu, count, dropped, 2.0f, mm::seed{seeds[step]}.derive(4), from.data(),
                                          to.data());
    CHECK(target.values() == to);
    results.push_back(to);
  }
  CHECK(results[0] != results[1]);
  CHECK(results[1] != results[2]);
}

TEST_CASE("The path of a random key is as long as networks are deep, not longer", "[cuda][dropout]") {
  const mc::context gpu;
  mc::random_key random{nullptr, nullptr, 1, {}, 0};
  mm::seed key{1};
  for (std::uint64_t i = 0; i < mc::random_key::most; ++i) {
    random = random.derive(i * i);
    key = key.derive(i * i);
  }
  const std::vector<float> from = test::random_values<float>(100, 3);
  std::vector<float> to(100);
  kernel::dropout<mm::exec::cpu, float>(cpu, 100, dropped, 2.0f, key, from.data(), to.data());
  test::in_all_orders([&] {
    const mc::context here;
    test::device_array<float> source(here, from), target(here, 100);
    mc::dropout<float>(here, 100, dropped, 2.0f, random, source.get(), target.get());
    CHECK(target.values() == to);
  });
  CHECK_THROWS_AS(random.derive(0), mm::limit_error);
}

TEST_CASE("Dropout of a device refuses more than it can count", "[cuda][dropout]") {
  const mc::context gpu;
  float* const none = nullptr;
  CHECK_THROWS_AS(mc::dropout<float>(gpu, std::size_t{1} << 31, dropped, 2.0f, mc::random_key{}, none, none),
                  mm::limit_error);
}
