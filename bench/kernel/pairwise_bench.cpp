// Steps of Bayesian personalised ranking on rows that fit the second cache, at each level and beside a plain loop; with rows
// to oneself and with rows that other threads may change. K = 64 is usual, K = 100 is padded to 112 and takes the loop whose
// width is not known when compiling.
#include <benchmark/benchmark.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/pairwise.hpp>

namespace {

using namespace mmrec;

constexpr std::size_t users = 1000, items = 1500, count = 8192;

struct problem {
  explicit problem(std::size_t factors) : stride(kernel::pairwise_padded(factors)), x(users * stride), y(items * stride) {
    random_stream random(seed{1});
    for (kernel::aligned_vector<float>* rows : {&x, &y}) {
      for (float& value : *rows) value = 0.1f * random.uniform_float() - 0.05f;
    }
    for (std::size_t n = 0; n < count; ++n) {
      user_of.push_back(random.below(users));
      positives.push_back(random.below(items));
      negatives.push_back((positives.back() + 1 + random.below(items - 1)) % items);
    }
  }
  kernel::bpr_job job() {
    return {x.data(),         y.data(),         biases.data(),  stride, stride, user_of.data(),
            positives.data(), negatives.data(), user_of.size(), 0.05f,  0.01f};
  }
  std::size_t stride;
  kernel::aligned_vector<float> x, y, biases = kernel::aligned_vector<float>(items, 0.0f);
  std::vector<std::uint32_t> user_of, positives, negatives;
};

void rate(benchmark::State& state) {
  state.counters["triples/s"] =
      benchmark::Counter(static_cast<double>(count), benchmark::Counter::kIsIterationInvariantRate);
}

void bpr_steps(benchmark::State& state) {
  const auto level = static_cast<kernel::simd_level>(state.range(0));
  if (level > kernel::best_simd_level()) return state.SkipWithError("no such instruction set");
  problem given(static_cast<std::size_t>(state.range(1)));
  const bool shared = state.range(2) != 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(shared ? kernel::bpr_steps_shared(given.job(), level) : kernel::bpr_steps(given.job(), level));
  }
  state.SetLabel(kernel::name_of(level));
  rate(state);
}
BENCHMARK(bpr_steps)->ArgNames({"level", "K", "shared"})->ArgsProduct({{0, 1, 2}, {64, 100}, {0, 1}});

void bpr_steps_plain(benchmark::State& state) {
  problem given(static_cast<std::size_t>(state.range(0)));
  const kernel::bpr_job job = given.job();
  for (auto _ : state) {
    for (std::size_t n = 0; n < job.count; ++n) {
      float* const x = job.users + job.user_of[n] * job.stride;
      float* const y = job.items + job.positives[n] * job.stride;
      float* const z = job.items + job.negatives[n] * job.stride;
      float margin = job.biases[job.positives[n]] - job.biases[job.negatives[n]];
      for (std::size_t k = 0; k < job.width; ++k) margin += x[k] * (y[k] - z[k]);
      const float pull = 1.0f / (1.0f + std::exp(margin));
      for (std::size_t k = 0; k < job.width; ++k) {
        const float old = x[k];
        x[k] += job.learning_rate * (pull * (y[k] - z[k]) - job.regularization * old);
        y[k] += job.learning_rate * (pull * old - job.regularization * y[k]);
        z[k] += job.learning_rate * (-pull * old - job.regularization * z[k]);
      }
      float& up = job.biases[job.positives[n]];
      float& down = job.biases[job.negatives[n]];
      up += job.learning_rate * (pull - job.regularization * up);
      down += job.learning_rate * (-pull - job.regularization * down);
    }
    benchmark::DoNotOptimize(given.x.data());
    benchmark::ClobberMemory();
  }
  rate(state);
}
BENCHMARK(bpr_steps_plain)->ArgName("K")->Arg(64)->Arg(100);

}  // namespace
