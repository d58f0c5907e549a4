// mmrec/kernel/ordered_sum.hpp - sums of blocks that are computed in parallel and added in order.
#pragma once
#include <algorithm>
#include <cstddef>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Runs tasks one after the other on the calling thread, inside a task of another executor.
struct serial_executor {
  std::size_t concurrency() const { return 1; }
  progress_sink* sink() const { return nullptr; }
  void run(std::size_t tasks, function_ref<void(std::size_t)> task) const {
    for (std::size_t index = 0; index < tasks; ++index) task(index);
  }
};

/// Partial sums of this many numbers or more are computed one at a time, with all threads inside each.
inline constexpr std::size_t large_partial = std::size_t{1} << 20;

/// total += partial of block 0, then of block 1, ...: compute(exec, block, partial) overwrites the T's at `partial`.
/// The order of the additions does not depend on the number of threads, and no more partials exist than threads.
template <class T, executor Exec, class Compute>
void add_blocks(const Exec& exec, std::size_t blocks, std::size_t size, double* total, const Compute& compute) {
  const bool large = size >= large_partial;
  const std::size_t wave = large ? 1 : std::max<std::size_t>(1, std::min<std::size_t>(exec.concurrency(), blocks));
  std::vector<T> partials(wave * size);
  for (std::size_t first = 0; first < blocks; first += wave) {
    const std::size_t count = (std::min)(wave, blocks - first);
    if (large) {
      compute(exec, first, partials.data());
    } else {
      exec.run(count, [&](std::size_t index) { compute(serial_executor{}, first + index, partials.data() + index * size); });
    }
    constexpr std::size_t grain = 16384;
    for_ranges(exec, size, grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t index = 0; index < count; ++index) {
        const T* partial = partials.data() + index * size;
        for (std::size_t i = begin; i < end; ++i) total[i] += static_cast<double>(partial[i]);
      }
    });
  }
}

}  // namespace kernel
}  // namespace mmrec::inline v0
