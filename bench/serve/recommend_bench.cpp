// One list for one user: 20,000 items, 64 factors, what the user has seen left out. Each call is timed alone, in CPU time of
// the thread, because programs beside it would be measured otherwise; the counters are percentiles of that time.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/serve.hpp>

namespace {

using namespace mmrec;

constexpr std::size_t items = 20000, factors = 64, seen_items = 100, users = 512;

matrix<float> normal_rows(std::size_t rows, std::uint64_t stream) {
  random_stream random(seed{1}, stream);
  matrix<float> values(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(factors));
  for (Eigen::Index at = 0; at < values.size(); ++at) values.data()[at] = static_cast<float>(random.normal());
  return values;
}

std::vector<item_id> history() {
  std::vector<item_id> seen;
  for (std::size_t item = 0; item < seen_items; ++item) seen.emplace_back(item * (items / seen_items));
  return seen;
}

struct catalogue {
  std::vector<float> stock, margin;
  std::vector<std::string> brands;
  catalogue() : stock(items), margin(items), brands(items) {
    random_stream random(seed{2}, 0);
    for (std::size_t item = 0; item < items; ++item) {
      stock[item] = random.below(10) == 0 ? 0.0f : 1.0f;
      margin[item] = 0.5f + random.uniform_float();
      brands[item] = "brand " + std::to_string(random.below(200));
    }
  }
};

double microseconds() {
  timespec moment{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &moment);
  return 1e6 * static_cast<double>(moment.tv_sec) + 1e-3 * static_cast<double>(moment.tv_nsec);
}

template <class Recommend>
void measure(benchmark::State& state, Recommend&& recommend) {
  std::vector<double> times;
  std::size_t user = 0;
  for (auto _ : state) {
    const double begin = microseconds();
    benchmark::DoNotOptimize(recommend(static_cast<Eigen::Index>(user % users)).data());
    times.push_back(microseconds() - begin);
    ++user;
  }
  std::sort(times.begin(), times.end());
  const auto percentile = [&](double share) {
    return times[(std::min)(times.size() - 1, static_cast<std::size_t>(share * static_cast<double>(times.size())))];
  };
  state.counters["p50_us"] = percentile(0.5);
  state.counters["p99_us"] = percentile(0.99);
  state.counters["p99.9_us"] = percentile(0.999);
  state.counters["lists/s"] = benchmark::Counter(static_cast<double>(state.iterations()), benchmark::Counter::kIsRate);
}

template <class Index>
void unseen(benchmark::State& state) {
  using namespace serve;
  const Index index(normal_rows(items, 0));
  const matrix<float> queries = normal_rows(users, 1);
  const std::vector<item_id> seen_by = history();
  const item_attributes<> about(items);
  const filter rule(!seen{}, about);
  typename Index::workspace scratch;
  measure(state, [&](Eigen::Index user) { return index.search(row_of(queries, user), 10, rule, seen_by, scratch); });
}
BENCHMARK_TEMPLATE(unseen, serve::exact_index);
BENCHMARK_TEMPLATE(unseen, serve::quantized_index);

/// A rule as a shop has it.
template <class Index>
void ruled(benchmark::State& state) {
  using namespace serve;
  const Index index(normal_rows(items, 0));
  const matrix<float> queries = normal_rows(users, 1);
  const std::vector<item_id> seen_by = history();
  const catalogue shop;
  const item_attributes about(items, numeric<"stock">(shop.stock), numeric<"margin">(shop.margin),
                              categorical<"brand">(shop.brands));
  const filter rule(unseen{} & where<"stock">(yes{}) & multiply_by<"margin">{} & cap<"brand">{2}, about);
  typename Index::workspace scratch;
  measure(state, [&](Eigen::Index user) { return index.search(row_of(queries, user), 10, rule, seen_by, scratch); });
}
BENCHMARK_TEMPLATE(ruled, serve::exact_index);
BENCHMARK_TEMPLATE(ruled, serve::quantized_index);

/// Scores that a model has written already: what the list alone costs.
void best_of_scores(benchmark::State& state) {
  using namespace serve;
  random_stream random(seed{3}, 0);
  std::vector<float> scores(items);
  for (float& score : scores) score = static_cast<float>(random.normal());
  const std::vector<item_id> seen_by = history();
  const item_attributes<> about(items);
  const filter rule(!seen{}, about);
  best_workspace scratch;
  measure(state,
          [&](Eigen::Index) { return best(scores, static_cast<std::size_t>(state.range(0)), rule, seen_by, scratch); });
}
BENCHMARK(best_of_scores)->Arg(10)->Arg(100)->Arg(1000);

}  // namespace
