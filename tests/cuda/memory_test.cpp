#include <mmrec/kernel/cuda/memory.cuh>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/memory.hpp>

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
}

TEMPLATE_TEST_CASE("Arrays of a device are copied, filled and added as on the CPU", "[cuda][memory]", float, double,
                   std::uint32_t) {
  using T = TestType;
  const mc::context gpu;
  for (const std::size_t count : {0u, 1u, 3u, 4u, 5u, 1023u, 1024u, 4095u, 4096u, 4097u, 9001u}) {
    for (const std::size_t offset : {0u, 1u, 2u}) {
      INFO("count " << count << ", offset " << offset);
      std::vector<T> from = test::random_values<T>(count, 1, 9.0), to = test::random_values<T>(count, 2, 9.0);
      test::device_array<T> source(gpu, from, offset), target(gpu, to, offset == 2 ? 1 : offset);
      kernel::add<mm::exec::cpu, T>(cpu, count, from.data(), to.data());
      mc::add<T>(gpu, count, source.get(), target.get());
      CHECK(target.values() == to);
      kernel::copy<mm::exec::cpu, T>(cpu, count, from.data(), to.data());
      mc::copy<T>(gpu, count, source.get(), target.get());
      CHECK(target.values() == to);
      kernel::fill(cpu, count, T(3), to.data());
      mc::fill(gpu, count, T(3), target.get());
      CHECK(target.values() == to);
    }
  }
}

TEMPLATE_TEST_CASE("What lies beyond the lengths is zeroed on a device as on the CPU", "[cuda][memory]", float, double) {
  using T = TestType;
  const mc::context gpu;
  for (const std::size_t examples : {0u, 1u, 3u, 20u}) {
    for (const std::size_t width : {0u, 1u, 5u, 300u}) {
      for (const std::size_t steps : {1u, 2u, 60u}) {
        const auto lengths = test::random_lengths(examples, steps + 1, 3);
        std::vector<T> values = test::random_values<T>(examples * steps * width, 4);
        test::device_array<T> on_device(gpu, values, 1);
        test::device_array<std::uint32_t> limits(gpu, lengths);
        mc::zero_beyond<T>(gpu, examples, steps, nullptr, width, on_device.get());
        CHECK(on_device.values() == values);
        kernel::zero_beyond(cpu, examples, steps, lengths.data(), width, values.data());
        mc::zero_beyond<T>(gpu, examples, steps, limits.get(), width, on_device.get());
        CHECK(on_device.values() == values);
      }
    }
  }
}

TEMPLATE_TEST_CASE("Matrices are transposed on a device as on the CPU", "[cuda][memory]", float, double) {
  using T = TestType;
  const mc::context gpu;
  for (const std::size_t examples : {0u, 1u, 3u}) {
    for (const std::size_t rows : {1u, 2u, 15u, 16u, 31u, 32u, 33u, 70u}) {
      for (const std::size_t columns : {1u, 3u, 16u, 32u, 33u, 100u}) {
        const std::vector<T> from = test::random_values<T>(examples * rows * columns, 5);
        std::vector<T> to(from.size());
        kernel::transpose<mm::exec::cpu, T>(cpu, examples, rows, columns, from.data(), to.data());
        test::device_array<T> source(gpu, from, 1), target(gpu, from.size());
        mc::transpose<T>(gpu, examples, rows, columns, source.get(), target.get());
        INFO(examples << " x " << rows << " x " << columns);
        CHECK(target.values() == to);
      }
    }
  }
}

TEST_CASE("Lengths behind a window are counted on a device as on the CPU", "[cuda][memory]") {
  const mc::context gpu;
  const auto lengths = test::random_lengths(300, 20, 6);
  test::device_array<std::uint32_t> from(gpu, lengths), to(gpu, lengths.size());
  for (const std::size_t window : {1u, 3u, 8u}) {
    for (const std::size_t stride : {1u, 2u}) {
      for (const std::size_t padding : {0u, 1u}) {
        for (const std::size_t dilation : {1u, 3u}) {
          std::vector<std::uint32_t> expected(lengths.size());
          kernel::window_lengths(cpu, lengths.size(), lengths.data(), window, stride, padding, dilation, expected.data());
          mc::window_lengths<std::uint32_t>(gpu, lengths.size(), from.get(), window, stride, padding, dilation, to.get());
          CHECK(to.values() == expected);
        }
      }
    }
  }
  mc::window_lengths<std::uint32_t>(gpu, 0, nullptr, 1, 1, 0, 1, nullptr);
}

TEST_CASE("Kernels that move arrays do not depend on the order of threads", "[cuda][memory]") {
  std::vector<std::vector<float>> all;
  test::in_all_orders([&] {
    const mc::context gpu;
    const auto lengths = test::random_lengths(4, 50, 7);
    test::device_array<std::uint32_t> limits(gpu, lengths);
    test::device_array<float> from(gpu, test::random_values<float>(4 * 50 * 70, 8)), to(gpu, 4 * 50 * 70);
    mc::zero_beyond<float>(gpu, 4, 50, limits.get(), 70, from.get());
    mc::transpose<float>(gpu, 4, 50, 70, from.get(), to.get());
    mc::add<float>(gpu, 4 * 50 * 70, from.get(), to.get());
    all.push_back(to.values());
  });
  for (const auto& values : all) CHECK(values == all[0]);
}

TEST_CASE("Kernels that move arrays refuse more than they can count", "[cuda][memory]") {
  const mc::context gpu;
  float* const none = nullptr;
  const std::size_t large = std::size_t{1} << 31;
  CHECK_THROWS_AS(mc::add<float>(gpu, large, none, none), mm::limit_error);
  CHECK_THROWS_AS(mc::fill<float>(gpu, large, 1.0f, none), mm::limit_error);
  CHECK_THROWS_AS(mc::transpose<float>(gpu, 1 << 12, 1 << 10, 1 << 10, none, none), mm::limit_error);
}
