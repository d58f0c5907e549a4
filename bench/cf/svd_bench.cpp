// Steps on ratings: the kernel alone at each level, and whole epochs in blocks.
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/cf/svd.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/rating_sgd.hpp>

#include "cf/power_law.hpp"

namespace {

using namespace mmrec;

void updates(benchmark::State& state, std::size_t count) {
  state.counters["updates/s"] =
      benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
}

/// Rows that fit the second cache, as those of a block do.
void steps(benchmark::State& state) {
  const auto level = static_cast<kernel::simd_level>(state.range(0));
  if (level > kernel::best_simd_level()) return state.SkipWithError("this level cannot run here");
  const auto factors = static_cast<std::size_t>(state.range(1));
  constexpr std::size_t rows = 1000, count = 20'000;
  const std::size_t width = kernel::rating_padded(factors);
  kernel::aligned_vector<float> p(rows * width, 0.1f), q(rows * width, 0.1f), user_biases(rows), item_biases(rows);
  std::vector<kernel::rated_pair> pairs(count);
  random_stream random(seed{1});
  for (auto& pair : pairs) pair = {random.below(rows), random.below(rows), random.uniform_float()};
  for (auto _ : state) {
    kernel::rating_sgd(pairs.data(), count, {p.data(), q.data(), user_biases.data(), item_biases.data(), width},
                       {0.005f, 0.02f, 0.005f}, level);
    benchmark::DoNotOptimize(p.data());
    benchmark::ClobberMemory();
  }
  state.SetLabel(kernel::name_of(level));
  updates(state, count);
}
BENCHMARK(steps)->ArgNames({"level", "K"})->ArgsProduct({{0, 1, 2}, {16, 64, 100, 128, 256}});

/// 50,000 users, 20,000 items, 5 million ratings: rows do not fit the caches, unless by blocks.
void epoch(benchmark::State& state) {
  static const data::interactions log = bench::power_law(50'000, 20'000, 5'000'000);
  const auto factors = static_cast<std::size_t>(state.range(0)), threads = static_cast<std::size_t>(state.range(1));
  const auto blocks = static_cast<std::size_t>(state.range(2));
  const exec::cpu_session session(exec::cpu{.threads = threads});
  auto tables = cf::detail::rating_factors::start(session.executor(), log, {0.0, {}}, factors, 0.1f, seed{1});
  const std::size_t count = blocks != 0 ? blocks : cf::detail::rating_block_count(50'000, 20'000, log.size(), tables.width);
  cf::detail::rating_blocks pairs(session.executor(), log, 0.5, count, seed{2});
  for (auto _ : state) {
    pairs.for_epoch(session.executor(), [&](std::span<const kernel::rated_pair> block) {
      kernel::rating_sgd(block.data(), block.size(), tables.tables(), {0.005f, 0.02f, 0.005f});
    });
    benchmark::ClobberMemory();
  }
  state.SetLabel(std::to_string(count) + " blocks");
  updates(state, log.size());
}
BENCHMARK(epoch)
    ->ArgNames({"K", "threads", "blocks"})
    ->ArgsProduct({{64, 128}, {1, 2}, {0, 1}})
    ->Unit(benchmark::kMillisecond)
    ->MeasureProcessCPUTime()
    ->UseRealTime();

}  // namespace
