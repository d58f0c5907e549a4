// Exact top-k: of one score array, and of inner products of B queries with I items of K = 64 factors, by floats and by bytes
// first. Memory: packed_items 4 I K bytes, quantized_items 5 I K bytes.
// 20,000 x 64 floats (5 MB) stay in a large cache, 200,000 x 64 (51 MB) come from memory at batch 1: compare with read_loop.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <vector>

#include <benchmark/benchmark.h>
#include <immintrin.h>

#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/listing_filter.hpp>
#include <mmrec/kernel/quantized_items.hpp>
#include <mmrec/kernel/topk.hpp>
#include <mmrec/kernel/topk_dot.hpp>

namespace {

using namespace mmrec;

constexpr std::size_t factors = 64;

std::vector<float> values(std::size_t count, std::uint64_t stream) {
  random_stream random(seed{1}, stream);
  std::vector<float> result(count);
  for (float& value : result) value = 2.0f * random.uniform_float() - 1.0f;
  return result;
}

/// The ceiling of batch 1: reading the items and adding them up.
__attribute__((target("avx512f"))) float sum_avx512(const float* data, std::size_t count) {
  __m512 sums[8];
  for (auto& sum : sums) sum = _mm512_setzero_ps();
  for (std::size_t at = 0; at + 128 <= count; at += 128) {
    for (std::size_t part = 0; part < 8; ++part)
      sums[part] = _mm512_add_ps(sums[part], _mm512_loadu_ps(data + at + 16 * part));
  }
  for (std::size_t part = 1; part < 8; ++part) sums[0] = _mm512_add_ps(sums[0], sums[part]);
  alignas(64) float lanes[16];
  _mm512_store_ps(lanes, sums[0]);
  return lanes[0];
}

float read_all(const float* data, std::size_t count) {
  if (kernel::best_simd_level() == kernel::simd_level::avx512) return sum_avx512(data, count);
  return Eigen::Map<const vector<float>>(data, static_cast<Eigen::Index>(count)).sum();
}

void read_loop(benchmark::State& state) {
  const kernel::aligned_vector<float> rows(static_cast<std::size_t>(state.range(0)) * factors, 1.0f);
  for (auto _ : state) benchmark::DoNotOptimize(read_all(rows.data(), rows.size()));
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<std::int64_t>(factors * sizeof(float)));
}
BENCHMARK(read_loop)->Arg(20000)->Arg(200000);

template <class Items>
void search(benchmark::State& state) {
  const auto items = static_cast<std::size_t>(state.range(0)), batch = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const Items packed(values(items * factors, 0), items, factors);
  const auto queries = values(batch * factors, 1);
  std::vector<scored_item> out(batch * k);
  std::vector<std::size_t> counts(batch);
  for (auto _ : state) {
    packed.search_if(
        exec::cpu{}, queries, k, [](std::size_t) { return kernel::list_all{}; }, out, counts);
    benchmark::DoNotOptimize(out.data());
  }
  const auto searches = state.iterations() * state.range(1);
  state.counters["queries/s"] = benchmark::Counter(static_cast<double>(searches), benchmark::Counter::kIsRate);
  state.counters["GFLOP/s"] = benchmark::Counter(2e-9 * static_cast<double>(searches) * static_cast<double>(items * factors),
                                                 benchmark::Counter::kIsRate);
}
BENCHMARK_TEMPLATE(search, kernel::packed_items)
    ->ArgsProduct({{20000, 200000}, {1, 64, 1024}, {10, 100}})
    ->Unit(benchmark::kMillisecond);
BENCHMARK_TEMPLATE(search, kernel::quantized_items)
    ->ArgsProduct({{20000, 200000}, {1, 64, 1024}, {10, 100}})
    ->Unit(benchmark::kMillisecond);

/// Batch 1 and the reading of the same memory in turns, so that a change of the machine's speed meets both.
void batch_1_against_reading(benchmark::State& state) {
  const auto items = static_cast<std::size_t>(state.range(0)), width = static_cast<std::size_t>(state.range(1));
  const auto rows = values(items * width, 0), query = values(width, 1);
  const kernel::packed_items packed(rows, items, width);
  const kernel::aligned_vector<float> memory(rows.begin(), rows.end());
  std::vector<scored_item> out(10);
  std::vector<std::size_t> counts(1);
  const auto seconds = [] {
    timespec moment{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &moment);
    return static_cast<double>(moment.tv_sec) + 1e-9 * static_cast<double>(moment.tv_nsec);
  };
  std::vector<double> ratios;
  for (auto _ : state) {
    const double begin = seconds();
    benchmark::DoNotOptimize(read_all(memory.data(), memory.size()));
    const double middle = seconds();
    packed.search(exec::cpu{}, query, out.size(), {}, out, counts);
    benchmark::DoNotOptimize(out.data());
    ratios.push_back((middle - begin) / (seconds() - middle));
  }
  std::nth_element(ratios.begin(), ratios.begin() + static_cast<std::ptrdiff_t>(ratios.size() / 2), ratios.end());
  state.counters["of_read_bandwidth"] = ratios[ratios.size() / 2];
}
BENCHMARK(batch_1_against_reading)->ArgsProduct({{20000, 200000, 1000000}, {64, 128}});

/// The reference twin: the whole score matrix by Eigen, then a partial sort of each row.
void two_steps(benchmark::State& state) {
  const auto items = static_cast<std::size_t>(state.range(0)), batch = static_cast<std::size_t>(state.range(1));
  const auto k = static_cast<std::size_t>(state.range(2));
  const auto rows = values(items * factors, 0), queries = values(batch * factors, 1);
  const Eigen::Map<const matrix<float>> item_map(rows.data(), static_cast<Eigen::Index>(items), factors);
  const Eigen::Map<const matrix<float>> query_map(queries.data(), static_cast<Eigen::Index>(batch), factors);
  matrix<float> scores(query_map.rows(), item_map.rows());
  std::vector<scored_item> all(items);
  for (auto _ : state) {
    scores.noalias() = query_map * item_map.transpose();
    for (std::size_t query = 0; query < batch; ++query) {
      const auto row = row_of(scores, static_cast<Eigen::Index>(query));
      for (std::size_t item = 0; item < items; ++item) all[item] = {item_id{item}, row[item]};
      std::partial_sort(all.begin(), all.begin() + static_cast<std::ptrdiff_t>(k), all.end(), kernel::listed_before{});
      benchmark::DoNotOptimize(all.data());
    }
  }
  state.counters["queries/s"] =
      benchmark::Counter(static_cast<double>(state.iterations() * state.range(1)), benchmark::Counter::kIsRate);
}
BENCHMARK(two_steps)->ArgsProduct({{20000}, {1, 64, 1024}, {10, 100}})->Unit(benchmark::kMillisecond);
BENCHMARK(two_steps)->ArgsProduct({{200000}, {1, 64}, {10, 100}})->Unit(benchmark::kMillisecond);

void top_k_of_scores(benchmark::State& state) {
  const auto scores = values(static_cast<std::size_t>(state.range(0)), 2);
  const auto k = static_cast<std::size_t>(state.range(1));
  std::vector<scored_item> out(k);
  for (auto _ : state) benchmark::DoNotOptimize(kernel::top_k(scores, k, out));
  state.SetBytesProcessed(state.iterations() * state.range(0) * static_cast<std::int64_t>(sizeof(float)));
}
BENCHMARK(top_k_of_scores)->ArgsProduct({{20000, 200000}, {10, 100}});

}  // namespace
