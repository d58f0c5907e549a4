// Fitting item neighbours, and the floor under it: adding up X^T X row by row without looking at it.
#include <algorithm>
#include <cstddef>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/cf/item_knn.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/power_law.hpp"

namespace {

using namespace mmrec;

data::interactions log_for(const benchmark::State& state) {
  return bench::power_law(static_cast<std::size_t>(state.range(0)), static_cast<std::size_t>(state.range(1)),
                          static_cast<std::size_t>(state.range(2)));
}

void report(benchmark::State& state, const data::interactions& log) {
  state.counters["products/s"] =
      benchmark::Counter(bench::products_of(log) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

void item_knn_fit(benchmark::State& state) {
  const auto log = log_for(state);
  const cf::item_knn spec{.neighbours = static_cast<std::size_t>(state.range(3))};
  for (auto _ : state) benchmark::DoNotOptimize(spec.fit(exec::cpu{}, log));
  report(state, log);
}
BENCHMARK(item_knn_fit)
    ->Args({6000, 4000, 1000000, 10})
    ->Args({6000, 4000, 1000000, 100})
    ->Args({50000, 20000, 5000000, 100})
    ->Unit(benchmark::kMillisecond);

void products_alone(benchmark::State& state) {
  const auto log = log_for(state);
  const cf::detail::item_users users_of(log, true);
  std::vector<float> row(log.items());
  for (auto _ : state) {
    for (std::size_t item = 0; item < log.items(); ++item) {
      std::fill(row.begin(), row.end(), 0.0f);
      users_of.add_products(item, row);
      benchmark::DoNotOptimize(row.data());
    }
  }
  report(state, log);
}
BENCHMARK(products_alone)->Args({6000, 4000, 1000000})->Unit(benchmark::kMillisecond);

}  // namespace
