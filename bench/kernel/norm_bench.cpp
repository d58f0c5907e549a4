// Normalisations in bytes that they have to move at least once (counter "bytes"; copying the same numbers is the twin), and
// attention in multiply-adds (counter "flops"; the products alone are the twin). 64 channels at 56 x 56 are ResNet's,
// 384 features in 12 heads MiniLM's.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/attention.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/norm.hpp>

namespace {

using namespace mmrec;

std::vector<float> random_values(std::size_t count) {
  random_stream random(seed{1});
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
  return values;
}
void count_bytes(benchmark::State& state, std::size_t numbers) {
  state.counters["bytes"] =
      benchmark::Counter(static_cast<double>(numbers * sizeof(float)), benchmark::Counter::kIsIterationInvariantRate);
}

struct rows_case {
  kernel::norm_shape shape;
  std::vector<float> x, y, dx, gamma, beta, mean, inverse, running;
  std::vector<double> scratch;
  explicit rows_case(const benchmark::State& state)
      : shape{static_cast<std::size_t>(state.range(0)), 1, static_cast<std::size_t>(state.range(1)), nullptr},
        x(random_values(shape.rows() * shape.width)),
        y(x.size()),
        dx(x.size()),
        gamma(shape.width, 1.0f),
        beta(shape.width),
        mean(std::max(shape.rows(), shape.width)),
        inverse(mean.size()),
        running(2 * shape.width),
        scratch(kernel::norm_scratch(shape)) {}
};

template <kernel::simd_level Level>
void batch_norm(benchmark::State& state) {
  if (Level > kernel::best_simd_level()) return state.SkipWithError("this machine lacks the instructions");
  rows_case c(state);
  for (auto _ : state) {
    kernel::batch_norm_forward(exec::cpu{}, c.shape, 1e-5f, 0.1f, c.x.data(), c.gamma.data(), c.beta.data(),
                               c.running.data(), c.running.data() + c.shape.width, c.y.data(), c.mean.data(),
                               c.inverse.data(), c.scratch.data(), Level);
    benchmark::DoNotOptimize(c.y.data());
  }
  count_bytes(state, 3 * c.x.size());
}
template <kernel::simd_level Level>
void batch_norm_gradient(benchmark::State& state) {
  if (Level > kernel::best_simd_level()) return state.SkipWithError("this machine lacks the instructions");
  rows_case c(state);
  for (auto _ : state) {
    kernel::batch_norm_backward<exec::cpu, float>(exec::cpu{}, c.shape, c.x.data(), c.y.data(), c.gamma.data(),
                                                  c.mean.data(), c.inverse.data(), c.running.data(),
                                                  c.running.data() + c.shape.width, c.dx.data(), c.scratch.data(), Level);
    benchmark::DoNotOptimize(c.dx.data());
  }
  count_bytes(state, 5 * c.x.size());
}
template <kernel::simd_level Level>
void layer_norm(benchmark::State& state) {
  if (Level > kernel::best_simd_level()) return state.SkipWithError("this machine lacks the instructions");
  rows_case c(state);
  for (auto _ : state) {
    kernel::layer_norm_forward(exec::cpu{}, c.shape, 1e-5f, c.x.data(), c.gamma.data(), c.beta.data(), c.y.data(),
                               c.mean.data(), c.inverse.data(), Level);
    benchmark::DoNotOptimize(c.y.data());
  }
  count_bytes(state, 2 * c.x.size());
}
void copy(benchmark::State& state) {
  rows_case c(state);
  for (auto _ : state) {
    std::copy(c.x.begin(), c.x.end(), c.y.begin());
    benchmark::DoNotOptimize(c.y.data());
    benchmark::ClobberMemory();
  }
  count_bytes(state, 2 * c.x.size());
}

/// Sequences, steps, heads, width of a head.
template <bool ProductsAlone>
void attention(benchmark::State& state) {
  const auto number = [&](int index) { return static_cast<std::size_t>(state.range(index)); };
  const kernel::attention_shape shape{number(0), number(1), number(2), number(3), nullptr};
  const std::size_t features = shape.heads * shape.width, rows = shape.examples * shape.steps;
  const auto x = random_values(rows * 3 * features);
  std::vector<float> y(rows * features), scratch(kernel::attention_forward_scratch<float>(shape, 1));
  const kernel::attention_rows<const float> parts{x.data(), x.data() + features, x.data() + 2 * features, 3 * features};
  std::vector<float> scores(shape.steps * shape.steps);
  for (auto _ : state) {
    if constexpr (ProductsAlone) {
      for (std::size_t head = 0; head < shape.examples * shape.heads; ++head) {
        kernel::gemm(exec::cpu{},
                     kernel::gemm_problem<float>{.rows = shape.steps,
                                                 .columns = shape.steps,
                                                 .inner = shape.width,
                                                 .a = kernel::as_stored(parts.queries, parts.stride),
                                                 .b = kernel::transposed(parts.keys, parts.stride),
                                                 .c = scores.data(),
                                                 .c_stride = shape.steps},
                     scratch.data());
        kernel::gemm(exec::cpu{},
                     kernel::gemm_problem<float>{.rows = shape.steps,
                                                 .columns = shape.width,
                                                 .inner = shape.steps,
                                                 .a = kernel::as_stored<float>(scores.data(), shape.steps),
                                                 .b = kernel::as_stored(parts.values, parts.stride),
                                                 .c = y.data(),
                                                 .c_stride = features},
                     scratch.data());
      }
    } else {
      kernel::attention_forward(exec::cpu{}, shape, parts, y.data(), scratch.data());
    }
    benchmark::DoNotOptimize(y.data());
  }
  state.counters["flops"] = benchmark::Counter(4.0 * static_cast<double>(rows * shape.steps * features),
                                               benchmark::Counter::kIsIterationInvariantRate);
}

void shapes(benchmark::internal::Benchmark* bench) { bench->Args({50176, 64})->Args({784, 512})->Args({2048, 384}); }
void attention_shapes(benchmark::internal::Benchmark* bench) { bench->Args({1, 32, 12, 32})->Args({8, 128, 12, 32}); }

BENCHMARK(batch_norm<kernel::simd_level::portable>)->Apply(shapes);
BENCHMARK(batch_norm<kernel::simd_level::avx2>)->Apply(shapes);
BENCHMARK(batch_norm<kernel::simd_level::avx512>)->Apply(shapes);
BENCHMARK(batch_norm_gradient<kernel::simd_level::avx512>)->Apply(shapes);
BENCHMARK(layer_norm<kernel::simd_level::portable>)->Apply(shapes);
BENCHMARK(layer_norm<kernel::simd_level::avx2>)->Apply(shapes);
BENCHMARK(layer_norm<kernel::simd_level::avx512>)->Apply(shapes);
BENCHMARK(copy)->Apply(shapes);
BENCHMARK(attention<false>)->Apply(attention_shapes);
BENCHMARK(attention<true>)->Apply(attention_shapes);

}  // namespace
