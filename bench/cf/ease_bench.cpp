// Fitting EASE, and the inverse that most of it is.
#include <cstddef>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/cf/ease.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cholesky.hpp>

#include "cf/power_law.hpp"

namespace {

using namespace mmrec;

double cube(const benchmark::State& state) {
  return static_cast<double>(state.range(0)) * static_cast<double>(state.range(0)) * static_cast<double>(state.range(0));
}

void ease_fit(benchmark::State& state) {
  const auto items = static_cast<std::size_t>(state.range(0));
  const auto log = bench::power_law(2 * items, items, 100 * items);
  for (auto _ : state) benchmark::DoNotOptimize(cf::ease{}.fit(exec::cpu{}, log));
  state.counters["I^3/s"] =
      benchmark::Counter(cube(state) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(ease_fit)->Arg(1000)->Arg(3000)->Unit(benchmark::kMillisecond);

void inverse_alone(benchmark::State& state) {
  const auto items = static_cast<std::size_t>(state.range(0));
  std::vector<float> matrix(items * items, 1.0f);
  for (std::size_t item = 0; item < items; ++item) matrix[item * items + item] = 500.0f + static_cast<float>(item % 7);
  std::vector<float> work;
  for (auto _ : state) {
    work = matrix;
    benchmark::DoNotOptimize(kernel::invert_spd(exec::cpu{}, std::span(work), items));
  }
  state.counters["I^3/s"] =
      benchmark::Counter(cube(state) * static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}
BENCHMARK(inverse_alone)->Arg(1000)->Arg(3000)->Unit(benchmark::kMillisecond);

}  // namespace
