// Principal components of N x D floats (counter "rows": rows a second), by both solvers, and transform, many rows and one at
// a time. The reference is the product X^T X alone in Eigen: no exact solver can be faster than a good one of those.
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/decomp/pca.hpp>
#include <mmrec/exec/cpu.hpp>

namespace {

using namespace mmrec;

constexpr std::int64_t rows = 20000;

/// Rank 64 of falling strength, and noise.
const matrix<float>& data(std::int64_t columns) {
  static matrix<float> x;
  if (x.cols() == columns) return x;
  random_stream random(seed{1});
  matrix<float> factors(rows, 64), directions(64, columns);
  for (std::int64_t i = 0; i < factors.size(); ++i) {
    factors.data()[i] = (random.uniform_float() - 0.5f) / (1.0f + static_cast<float>(i % 64));
  }
  for (std::int64_t i = 0; i < directions.size(); ++i) directions.data()[i] = random.uniform_float() - 0.5f;
  x.noalias() = factors * directions;
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] += 0.01f * (random.uniform_float() - 0.5f);
  return x;
}

void fit(benchmark::State& state, decomp::pca_solver solver) {
  const matrix<float>& x = data(state.range(0));
  const decomp::pca spec{.components = 64, .solver = solver};
  for (auto _ : state) benchmark::DoNotOptimize(spec.fit(exec::cpu{}, x));
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK_CAPTURE(fit, exact, decomp::pca_solver::exact)->Arg(128)->Arg(512)->Unit(benchmark::kMillisecond);
BENCHMARK_CAPTURE(fit, randomized, decomp::pca_solver::randomized)->Arg(512)->Unit(benchmark::kMillisecond);

void eigen_gram(benchmark::State& state) {
  const matrix<float>& x = data(state.range(0));
  matrix<float> gram(x.cols(), x.cols());
  for (auto _ : state) {
    gram.setZero();
    gram.selfadjointView<Eigen::Lower>().rankUpdate(x.transpose());
    benchmark::DoNotOptimize(gram.data());
  }
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(eigen_gram)->Arg(128)->Arg(512)->Unit(benchmark::kMillisecond);

void transform(benchmark::State& state) {
  const matrix<float>& x = data(512);
  const auto model = decomp::pca{.components = 64}.fit(exec::cpu{}, x);
  for (auto _ : state) benchmark::DoNotOptimize(model.transform(exec::cpu{}, x));
  state.SetItemsProcessed(state.iterations() * rows);
}
BENCHMARK(transform)->Unit(benchmark::kMillisecond);

void transform_one(benchmark::State& state) {
  const matrix<float>& x = data(512);
  const auto model = decomp::pca{.components = 64}.fit(exec::cpu{}, x);
  decomp::pca_model<float>::workspace scratch;
  std::vector<float> out;
  std::int64_t row = 0;
  for (auto _ : state) {
    model.transform_one(row_of<float>(x, row), out, scratch);
    benchmark::DoNotOptimize(out.data());
    row = row + 1 < rows ? row + 1 : 0;
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(transform_one);

}  // namespace
