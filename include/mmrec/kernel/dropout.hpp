// mmrec/kernel/dropout.hpp - leaving out numbers at random.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Of eight numbers in a row, each gets 16 bits of one block of random bits: it becomes 0 if they are below `dropped`, else
/// is multiplied by `factor`.
///
/// Shapes     from, to: count; to == from allowed
/// Result     follows from the key and each number's place alone: same bits for any number of threads
template <executor Exec, class T>
void dropout(const Exec& exec, std::size_t count, std::uint32_t dropped, T factor, seed key, const T* from, T* to) {
  constexpr std::size_t draws = 8;
  const philox::key_type words{static_cast<std::uint32_t>(key.value), static_cast<std::uint32_t>(key.value >> 32)};
  for_ranges(exec, (count + draws - 1) / draws, 2048, [&](std::size_t begin, std::size_t end) {
    for (std::size_t block = begin; block < end; ++block) {
      const auto bits = philox::block(
          {static_cast<std::uint32_t>(block), static_cast<std::uint32_t>(std::uint64_t{block} >> 32), 0, 0}, words);
      const std::size_t first = block * draws, here = (std::min)(draws, count - first);
      for (std::size_t i = 0; i < here; ++i) {
        const std::uint32_t draw = (bits[i / 2] >> (i % 2 * 16)) & 0xffffu;
        to[first + i] = draw < dropped ? T(0) : from[first + i] * factor;
      }
    }
  });
}

}  // namespace kernel
}  // namespace mmrec::inline v0
