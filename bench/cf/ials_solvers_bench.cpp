// How long each solver of iALS takes to the objective that the Cholesky solver reaches in 10 iterations: 50,000 users, 20,000
// items, 5 million interactions. The counter `iterations` says how many it took, `objective` how far they got. Conjugate
// gradients and blocks of factors do less in an iteration and less work for it, the more so the more factors there are.
#include <benchmark/benchmark.h>

#include <cstddef>
#include <map>
#include <stdexcept>

#include <mmrec/cf/ials.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/power_law.hpp"

namespace {

using namespace mmrec;

const data::interactions& log_of_all() {
  static const data::interactions log = bench::power_law(50'000, 20'000, 5'000'000);
  return log;
}

cf::ials spec_of(std::size_t factors, cf::ials_solver solver, std::size_t iterations) {
  return {.factors = factors,
          .regularization = 0.003f,
          .alpha = 5.0f,
          .iterations = iterations,
          .solver = solver,
          .block_size = factors >= 256 ? std::size_t{64} : std::size_t{32}};
}

/// The objective to reach.
double target(std::size_t factors) {
  static std::map<std::size_t, double> known;
  if (known.count(factors) == 0) {
    cf::ials spec = spec_of(factors, cf::ials_solver::cholesky, 10);
    spec.track_loss = true;
    known[factors] = spec.fit(exec::cpu{}, log_of_all(), seed{1}).report().objective.back();
  }
  return known[factors];
}

/// The fewest iterations that reach it.
std::size_t iterations_to(double objective, std::size_t factors, cf::ials_solver solver, double& reached) {
  cf::ials spec = spec_of(factors, solver, 20);
  spec.track_loss = true;
  const auto objectives = spec.fit(exec::cpu{}, log_of_all(), seed{1}).report().objective;
  for (std::size_t n = 0; n < objectives.size(); ++n) {
    reached = objectives[n];
    if (reached <= objective) return n + 1;
  }
  throw std::runtime_error("not reached in 20 iterations");
}

void time_to_objective(benchmark::State& state) {
  const auto factors = static_cast<std::size_t>(state.range(0));
  const auto solver = static_cast<cf::ials_solver>(state.range(1));
  const double objective = target(factors);
  double reached = 0.0;
  const cf::ials spec = spec_of(factors, solver, iterations_to(objective, factors, solver, reached));
  for (auto _ : state) {
    const auto model = spec.fit(exec::cpu{}, log_of_all(), seed{1});
    benchmark::DoNotOptimize(model.item_vectors().data());
  }
  static constexpr const char* names[] = {"cholesky", "conjugate_gradient", "subspace"};
  state.SetLabel(names[static_cast<std::size_t>(solver)]);
  state.counters["iterations"] = static_cast<double>(spec.iterations);
  state.counters["objective"] = reached;
  state.counters["interactions/s"] = benchmark::Counter(static_cast<double>(log_of_all().size() * spec.iterations),
                                                        benchmark::Counter::kIsIterationInvariantRate);
}
BENCHMARK(time_to_objective)
    ->ArgNames({"K", "solver"})
    ->ArgsProduct({{64, 128, 256}, {0, 1, 2}})
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace
