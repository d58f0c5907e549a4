// One LSTM layer, 100 steps, in operations a second (counter "flops"; 8 T B H (I + H) forward, three times that with the
// backward pass). One example is bound by reading the recurrent weights from the second cache level; the level below the
// machine's best is the twin.
#include <cstddef>
#include <cstdint>

#include <benchmark/benchmark.h>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/lstm.hpp>

namespace {

using namespace mmrec;
using kernel::aligned_vector;

template <kernel::simd_level Level, bool Both>
void lstm(benchmark::State& state) {
  if (Level > kernel::best_simd_level()) return state.SkipWithError("this machine lacks the instructions");
  const auto batch = static_cast<std::size_t>(state.range(0)), inputs = static_cast<std::size_t>(state.range(1)),
             hidden = static_cast<std::size_t>(state.range(2)), steps = std::size_t{100};
  const exec::cpu exec;
  const kernel::recurrent_shape shape{batch, steps, inputs, hidden};
  const aligned_vector<float> x(batch * steps * inputs, 0.25f), dy(batch * steps * hidden, 1.0f);
  const aligned_vector<float> input(inputs * 4 * hidden, 0.01f), recurrent(hidden * 4 * hidden, -0.01f), bias(4 * hidden);
  const kernel::recurrent_weights<float> weights{input.data(), recurrent.data(), bias.data()};
  aligned_vector<float> y(batch * steps * hidden), dx(x.size()), d_input(input.size()), d_recurrent(recurrent.size()),
      d_bias(bias.size()), kept(kernel::lstm_state_size<float>(shape)),
      packed(kernel::lstm_packed_size<float>(inputs, hidden)), scratch(kernel::lstm_packed_scratch<float>(shape, false, 1)),
      back_scratch(kernel::lstm_backward_scratch<float>(shape, 1));
  kernel::lstm_pack(exec, inputs, hidden, weights, packed.data());
  kernel::recurrent_forward_task<float> task{
      .shape = shape, .x = {x.data(), steps * inputs, inputs}, .y = {y.data(), steps * hidden, hidden}};
  if (Both) task.state = kept.data();
  const kernel::recurrent_backward_task<float> back{.shape = shape,
                                                    .x = task.x,
                                                    .y = {y.data(), steps * hidden, hidden},
                                                    .state = kept.data(),
                                                    .dy = {dy.data(), steps * hidden, hidden},
                                                    .dx = {dx.data(), steps * inputs, inputs},
                                                    .input_gradient = d_input.data(),
                                                    .recurrent_gradient = d_recurrent.data(),
                                                    .bias_gradient = d_bias.data()};
  for (auto _ : state) {
    kernel::lstm_forward_packed(exec, task, static_cast<const float*>(packed.data()), scratch.data(), Level);
    if (Both) kernel::lstm_backward(exec, back, weights, back_scratch.data(), Level);
    benchmark::DoNotOptimize(y.data());
    benchmark::DoNotOptimize(d_bias.data());
  }
  const double operations = 8.0 * static_cast<double>(steps * batch * hidden * (inputs + hidden)) * (Both ? 3 : 1);
  state.counters["flops"] = benchmark::Counter(operations, benchmark::Counter::kIsIterationInvariantRate);
}

void shapes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t hidden : {64, 256}) {
    for (const std::int64_t batch : {1, 16, 64}) bench->Args({batch, 40, hidden});
  }
}
BENCHMARK_TEMPLATE(lstm, kernel::simd_level::avx512, false)->Apply(shapes);
BENCHMARK_TEMPLATE(lstm, kernel::simd_level::avx512, true)->Apply(shapes);
BENCHMARK_TEMPLATE(lstm, kernel::simd_level::avx2, false)->Apply(shapes);
BENCHMARK_TEMPLATE(lstm, kernel::simd_level::portable, false)->Args({16, 40, 64});

}  // namespace
