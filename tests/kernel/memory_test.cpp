#include <mmrec/kernel/memory.hpp>

#include <mmrec/exec/cpu.hpp>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

TEST_CASE("Arrays are copied, filled and added", "[kernel][memory]") {
  const mm::exec::cpu exec;
  for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{70000}}) {
    std::vector<float> from(count), to(count, -1.0f);
    std::iota(from.begin(), from.end(), 1.0f);
    kernel::copy(exec, count, from.data(), to.data());
    CHECK(to == from);
    kernel::add(exec, count, from.data(), to.data());
    for (std::size_t i = 0; i < count; i += 999) CHECK(to[i] == 2 * from[i]);
    kernel::fill(exec, count, 3.0f, to.data());
    CHECK(to == std::vector<float>(count, 3.0f));
  }
}

TEST_CASE("Rows beyond the lengths become zero", "[kernel][memory]") {
  const mm::exec::cpu exec;
  std::vector<double> values(4 * 3 * 2, 5.0);
  kernel::zero_beyond(exec, 4, 3, nullptr, 2, values.data());
  CHECK(values == std::vector<double>(24, 5.0));
  const std::uint32_t lengths[] = {0, 1, 3, 9};
  kernel::zero_beyond(exec, 4, 3, lengths, 2, values.data());
  CHECK(values == std::vector<double>{0, 0, 0, 0, 0, 0, 5, 5, 0, 0, 0, 0, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5});
}

TEST_CASE("Matrices are transposed one by one", "[kernel][memory]") {
  const mm::exec::cpu exec;
  for (const std::size_t rows : {1u, 2u, 17u, 40u}) {
    for (const std::size_t columns : {0u, 1u, 3u, 33u}) {
      const std::size_t examples = 3, size = rows * columns;
      std::vector<float> from(examples * size), to(examples * size, -1.0f);
      std::iota(from.begin(), from.end(), 0.0f);
      kernel::transpose(exec, examples, rows, columns, from.data(), to.data());
      bool right = true;
      for (std::size_t i = 0; i < from.size(); ++i) {
        const std::size_t row = i % size / columns, column = i % columns;
        right = right && to[i / size * size + column * rows + row] == from[i];
      }
      CHECK(right);
    }
  }
}

TEST_CASE("Windows shorten lengths", "[kernel][memory]") {
  const mm::exec::cpu exec;
  const std::uint32_t lengths[] = {0, 1, 2, 3, 10};
  std::uint32_t to[5];
  kernel::window_lengths(exec, 5, lengths, 3, 2, 0, 1, to);
  CHECK(std::vector<std::uint32_t>(to, to + 5) == std::vector<std::uint32_t>{0, 0, 0, 1, 4});
  kernel::window_lengths(exec, 5, lengths, 3, 1, 1, 1, to);  // a sequence of no steps stays one, padded or not
  CHECK(std::vector<std::uint32_t>(to, to + 5) == std::vector<std::uint32_t>{0, 1, 2, 3, 10});
  kernel::window_lengths(exec, 5, lengths, 3, 1, 0, 4, to);
  CHECK(std::vector<std::uint32_t>(to, to + 5) == std::vector<std::uint32_t>{0, 0, 0, 0, 2});
}
