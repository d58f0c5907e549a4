// Functions of 4096 floats (within the first cache level) in elements a second; the standard library's loop is the twin.
#include <cmath>
#include <cstddef>

#include <benchmark/benchmark.h>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/elementwise.hpp>
#include <mmrec/kernel/math.hpp>

namespace {

using namespace mmrec;

constexpr std::size_t count = 4096;

template <class Function>
void measure(benchmark::State& state, const Function& function) {
  kernel::aligned_vector<float> x(count), y(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i) / 256 - 8;
  for (auto _ : state) {
    function(x.data(), y.data());
    benchmark::DoNotOptimize(y.data());
    benchmark::ClobberMemory();
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}
void exp(benchmark::State& state) {
  measure(state, [](const float* x, float* y) { kernel::array_exp(exec::cpu{}, count, x, y); });
}
void tanh(benchmark::State& state) {
  measure(state, [](const float* x, float* y) { kernel::array_tanh(exec::cpu{}, count, x, y); });
}
void sigmoid(benchmark::State& state) {
  measure(state, [](const float* x, float* y) { kernel::array_sigmoid(exec::cpu{}, count, x, y); });
}
void gelu(benchmark::State& state) {
  measure(state, [](const float* x, float* y) { kernel::gelu_forward(exec::cpu{}, count, x, y); });
}
void softmax_rows_of_64(benchmark::State& state) {
  measure(state, [](const float* x, float* y) { kernel::softmax_forward(exec::cpu{}, count / 64, 64, nullptr, x, y); });
}
void standard_exp(benchmark::State& state) {
  measure(state, [](const float* x, float* y) {
    for (std::size_t i = 0; i < count; ++i) y[i] = std::exp(x[i]);
  });
}
void standard_tanh(benchmark::State& state) {
  measure(state, [](const float* x, float* y) {
    for (std::size_t i = 0; i < count; ++i) y[i] = std::tanh(x[i]);
  });
}
BENCHMARK(exp);
BENCHMARK(tanh);
BENCHMARK(sigmoid);
BENCHMARK(gelu);
BENCHMARK(softmax_rows_of_64);
BENCHMARK(standard_exp);
BENCHMARK(standard_tanh);

}  // namespace
