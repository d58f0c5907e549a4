// Scaling of 20,000 x 512 floats (41 MB, beyond most caches). Bytes count what has to be read once and, for transform,
// written once; the twin is a plain copy.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/features.hpp>

namespace {

using namespace mmrec;

constexpr Eigen::Index rows = 20000;
constexpr Eigen::Index columns = 512;
constexpr std::int64_t bytes = rows * columns * 4;

const matrix<float>& input() {
  static const matrix<float> values = [] {
    matrix<float> m(rows, columns);
    random_stream random(seed{1});
    for (Eigen::Index index = 0; index < m.size(); ++index) m.data()[index] = random.uniform_float();
    return m;
  }();
  return values;
}

template <class Spec>
void fit(benchmark::State& state, const Spec& spec) {
  const auto& in = input();
  for (auto _ : state) benchmark::DoNotOptimize(spec.fit(exec::cpu{}, in));
  state.SetBytesProcessed(state.iterations() * bytes);
}

template <class Spec>
void transform(benchmark::State& state, const Spec& spec) {
  const auto& in = input();
  const auto model = spec.fit(exec::cpu{}, in);
  for (auto _ : state) {
    const matrix<float> out = model.transform(exec::cpu{}, in);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * 2 * bytes);
}

void standardize_fit(benchmark::State& state) { fit(state, features::standardize{}); }
void standardize_transform(benchmark::State& state) { transform(state, features::standardize{}); }
void min_max_fit(benchmark::State& state) { fit(state, features::min_max{}); }
void min_max_transform(benchmark::State& state) { transform(state, features::min_max{.clamp = true}); }
void l2_normalize_transform(benchmark::State& state) { transform(state, features::l2_normalize{}); }
BENCHMARK(standardize_fit)->Unit(benchmark::kMillisecond);
BENCHMARK(standardize_transform)->Unit(benchmark::kMillisecond);
BENCHMARK(min_max_fit)->Unit(benchmark::kMillisecond);
BENCHMARK(min_max_transform)->Unit(benchmark::kMillisecond);
BENCHMARK(l2_normalize_transform)->Unit(benchmark::kMillisecond);

void twin_copy(benchmark::State& state) {
  const auto& in = input();
  for (auto _ : state) {
    matrix<float> out(rows, columns);
    std::memcpy(out.data(), in.data(), static_cast<std::size_t>(bytes));
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * 2 * bytes);
}
BENCHMARK(twin_copy)->Unit(benchmark::kMillisecond);

void standardize_one(benchmark::State& state) {
  const auto& in = input();
  const auto model = features::standardize{}.fit(exec::cpu{}, in);
  std::vector<float> out;
  decltype(model)::workspace scratch;
  for (auto _ : state) {
    model.transform_one(row_of<float>(in, 7), out, scratch);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(standardize_one);

}  // namespace
