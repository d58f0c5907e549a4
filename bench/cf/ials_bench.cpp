// The inner work of implicit ALS: normal equations of one history, small Cholesky solves beside Eigen's, and a whole fit.
// K = 64 and 128 are usual; 100 is padded to 112. Histories of 10, 100 and 1000 interactions: with few, loading and storing
// the matrix costs as much as the products.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include <Eigen/Cholesky>

#include <mmrec/cf/ials.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/als.hpp>
#include <mmrec/kernel/batched_cholesky.hpp>

namespace {

using namespace mmrec;

constexpr std::size_t row_count = 20000;

kernel::aligned_vector<float> values(std::size_t count) {
  random_stream random(seed{1});
  kernel::aligned_vector<float> result(count);
  for (float& value : result) value = 0.2f * random.uniform_float() - 0.1f;
  return result;
}

kernel::simd_level level_of(const benchmark::State& state) { return static_cast<kernel::simd_level>(state.range(0)); }

/// Skips levels that the machine has not.
bool usable(benchmark::State& state) {
  if (level_of(state) <= kernel::best_simd_level()) return true;
  state.SkipWithError("no such instruction set");
  return false;
}

void flops(benchmark::State& state, double per_iteration) {
  state.SetLabel(kernel::name_of(level_of(state)));
  state.counters["FLOP/s"] = benchmark::Counter(per_iteration, benchmark::Counter::kIsIterationInvariantRate);
}

void normal_equations(benchmark::State& state) {
  if (!usable(state)) return;
  const auto factors = static_cast<std::size_t>(state.range(1)), count = static_cast<std::size_t>(state.range(2));
  const std::size_t width = kernel::als_padded(factors);
  const auto rows = values(row_count * factors);
  std::vector<std::uint32_t> ids(count);
  random_stream random(seed{2});
  for (std::uint32_t& id : ids) id = random.below(row_count);
  const std::vector<float> weights(count, 1.0f);
  kernel::aligned_vector<float> gram(width * width), matrix(width * width), side(width),
      scratch(kernel::als_scratch_size(width));
  for (auto _ : state) {
    kernel::als_accumulate({rows.data(), factors, factors}, ids.data(), weights.data(), count, gram.data(), matrix.data(),
                           side.data(), width, scratch.data(), level_of(state));
    benchmark::DoNotOptimize(matrix.data());
    benchmark::ClobberMemory();
  }
  flops(state, static_cast<double>(count) * static_cast<double>(factors) * static_cast<double>(factors + 1));
}
BENCHMARK(normal_equations)->ArgNames({"level", "K", "history"})->ArgsProduct({{0, 1, 2}, {64, 100, 128}, {10, 100, 1000}});

/// A well-conditioned symmetric matrix and a right-hand side.
std::pair<kernel::aligned_vector<float>, kernel::aligned_vector<float>> system_of(std::size_t width) {
  const auto rows = values(2 * width * width);
  kernel::aligned_vector<float> matrix(width * width), scratch(kernel::als_scratch_size(width));
  kernel::als_gram({rows.data(), width, width}, 0, 2 * width, matrix.data(), width, scratch.data());
  for (std::size_t n = 0; n < width; ++n) matrix[n * width + n] += 1.0f;
  return {std::move(matrix), values(width)};
}

double cholesky_flops(double n) { return n * n * n / 3.0 + 2.0 * n * n; }

void cholesky(benchmark::State& state) {
  if (!usable(state)) return;
  const auto width = static_cast<std::size_t>(state.range(1)), systems = static_cast<std::size_t>(state.range(2));
  const auto [matrix, side] = system_of(width);
  std::vector<kernel::aligned_vector<float>> matrices(systems, matrix), sides(systems, side);
  kernel::aligned_vector<float> scratch(systems * width);
  std::vector<float*> matrix_of(systems), side_of(systems);
  for (auto _ : state) {
    for (std::size_t s = 0; s < systems; ++s) {
      matrices[s] = matrix;
      sides[s] = side;
      matrix_of[s] = matrices[s].data();
      side_of[s] = sides[s].data();
    }
    benchmark::DoNotOptimize(
        kernel::solve_positive_definite(matrix_of.data(), side_of.data(), scratch.data(), width, systems, level_of(state)));
    benchmark::ClobberMemory();
  }
  flops(state, static_cast<double>(systems) * cholesky_flops(static_cast<double>(width)));
}
BENCHMARK(cholesky)->ArgNames({"level", "K", "systems"})->ArgsProduct({{0, 1, 2}, {64, 128}, {1, 4}});

void cholesky_eigen(benchmark::State& state) {
  const auto width = static_cast<Eigen::Index>(state.range(0));
  const auto [matrix, side] = system_of(static_cast<std::size_t>(width));
  Eigen::MatrixXf copy(width, width);
  Eigen::VectorXf x(width);
  for (auto _ : state) {
    // Row-major and upper here is column-major and lower there.
    copy = Eigen::Map<const Eigen::MatrixXf>(matrix.data(), width, width);
    x = Eigen::Map<const Eigen::VectorXf>(side.data(), width);
    const Eigen::LLT<Eigen::Ref<Eigen::MatrixXf>> factorised(copy);
    factorised.solveInPlace(x);
    benchmark::DoNotOptimize(x.data());
    benchmark::ClobberMemory();
  }
  state.counters["FLOP/s"] =
      benchmark::Counter(cholesky_flops(static_cast<double>(width)), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(cholesky_eigen)->ArgName("K")->Arg(64)->Arg(128);

void fit(benchmark::State& state) {
  constexpr std::size_t users = 5000, items = 2000, per_user = 50;
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    random_stream random(seed{3}, user);
    for (const std::uint32_t pick : random.sample(items, per_user)) events.push_back({user_id{user}, item_id{pick}});
  }
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(users)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events));
  const cf::ials spec{.factors = static_cast<std::size_t>(state.range(0)), .iterations = 5};
  for (auto _ : state) {
    const auto model = spec.fit(exec::cpu{.threads = static_cast<std::size_t>(state.range(1))}, log, seed{4});
    benchmark::DoNotOptimize(model.item_vectors().data());
  }
  state.counters["interactions/s"] =
      benchmark::Counter(static_cast<double>(log.size() * spec.iterations), benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(fit)->ArgNames({"K", "threads"})->ArgsProduct({{64, 128}, {1, 2}})->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
