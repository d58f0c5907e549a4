// Matrix products in GFLOP/s (counter "flops"): square ones, and the shapes that occur here: a Gram matrix block
// (512 x 512 x 1024), a projection (1024 x 64 x 512) and a rank update of a large matrix (2000 x 2000 x 192). Eigen's
// product, compiled for the same machine, is the twin. 1000 is not a multiple of any tile.
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cholesky.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/symmetric_eigen.hpp>

namespace {

using namespace mmrec;

template <class T>
matrix<T> random_matrix(std::int64_t rows, std::int64_t columns) {
  random_stream random(seed{1});
  matrix<T> result(rows, columns);
  for (std::int64_t i = 0; i < result.size(); ++i) result.data()[i] = static_cast<T>(random.uniform() - 0.5);
  return result;
}

void count_operations(benchmark::State& state, double operations) {
  state.counters["flops"] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
}

template <class T, kernel::simd_level Level>
void product(benchmark::State& state) {
  if (Level > kernel::best_simd_level()) return state.SkipWithError("this machine lacks the instructions");
  const std::int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  const matrix<T> a = random_matrix<T>(m, k), b = random_matrix<T>(k, n);
  matrix<T> c(m, n);
  for (auto _ : state) {
    kernel::gemm(exec::cpu{},
                 kernel::gemm_problem<T>{.rows = static_cast<std::size_t>(m),
                                         .columns = static_cast<std::size_t>(n),
                                         .inner = static_cast<std::size_t>(k),
                                         .a = kernel::as_stored<T>(a.data(), static_cast<std::size_t>(k)),
                                         .b = kernel::as_stored<T>(b.data(), static_cast<std::size_t>(n)),
                                         .c = c.data(),
                                         .c_stride = static_cast<std::size_t>(n)},
                 Level);
    benchmark::DoNotOptimize(c.data());
  }
  count_operations(state, 2.0 * static_cast<double>(m * n * k));
}

template <class T>
void eigen_product(benchmark::State& state) {
  const std::int64_t m = state.range(0), n = state.range(1), k = state.range(2);
  const matrix<T> a = random_matrix<T>(m, k), b = random_matrix<T>(k, n);
  matrix<T> c(m, n);
  for (auto _ : state) {
    c.noalias() = a * b;
    benchmark::DoNotOptimize(c.data());
  }
  count_operations(state, 2.0 * static_cast<double>(m * n * k));
}

void shapes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t n : {64, 256, 1000, 2048}) bench->Args({n, n, n});
  bench->Args({512, 512, 1024})->Args({1024, 64, 512})->Args({2000, 2000, 192});
}
BENCHMARK_TEMPLATE(product, float, kernel::simd_level::avx512)->Apply(shapes);
BENCHMARK_TEMPLATE(product, float, kernel::simd_level::avx2)->Apply(shapes);
BENCHMARK_TEMPLATE(product, float, kernel::simd_level::portable)->Args({256, 256, 256});
BENCHMARK_TEMPLATE(product, double, kernel::simd_level::avx512)->Args({1000, 1000, 1000});
BENCHMARK_TEMPLATE(eigen_product, float)->Apply(shapes);
BENCHMARK_TEMPLATE(eigen_product, double)->Args({1000, 1000, 1000});

/// n^3 operations, the count for a Cholesky factor, its inverse and their product.
void inverse(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const matrix<float> b = random_matrix<float>(state.range(0), 64);
  matrix<float> a = b * b.transpose();
  a.diagonal().array() += 10.0f;
  matrix<float> work = a;
  for (auto _ : state) {
    work = a;
    benchmark::DoNotOptimize(kernel::invert_spd(exec::cpu{}, std::span<float>(work.data(), n * n), n));
  }
  count_operations(state, static_cast<double>(n * n * n));
}
BENCHMARK(inverse)->Arg(500)->Arg(2000)->Unit(benchmark::kMillisecond);

/// 9 n^3 operations.
void eigenvectors(benchmark::State& state) {
  const auto n = static_cast<std::size_t>(state.range(0));
  const matrix<double> b = random_matrix<double>(state.range(0), state.range(0));
  const matrix<double> a = b + b.transpose();
  matrix<double> work = a;
  std::vector<double> values(n);
  for (auto _ : state) {
    work = a;
    kernel::symmetric_eigen(exec::cpu{}, std::span<double>(work.data(), n * n), std::span<double>(values));
    benchmark::DoNotOptimize(values.data());
  }
  count_operations(state, 9.0 * static_cast<double>(n * n * n));
}
BENCHMARK(eigenvectors)->Arg(128)->Arg(512)->Unit(benchmark::kMillisecond);

}  // namespace
