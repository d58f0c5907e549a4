// The search for the nearest centre, in multiply-adds a second, beside a plain loop; and an iteration of k-means on noise,
// where no bound spares a row, in rows a second. 64 and 20 centres: whole groups of 8, and a group that is half empty.
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/cluster/k_means.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/nearest.hpp>
#include <mmrec/kernel/point_panels.hpp>

namespace {

namespace mm = mmrec;

mm::matrix<float> noise(std::size_t rows, std::size_t columns) {
  mm::matrix<float> x(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  mm::random_stream random(mm::seed{1});
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.normal());
  return x;
}

constexpr std::size_t rows = 4800, width = 64;

void count(benchmark::State& state, std::size_t centres) {
  state.counters["multiply_adds"] = benchmark::Counter(
      static_cast<double>(state.iterations()) * static_cast<double>(rows * width * centres), benchmark::Counter::kIsRate);
}

void nearest(benchmark::State& state) {
  const auto centres = static_cast<std::size_t>(state.range(0));
  const mm::matrix<float> x = noise(rows, width), c = noise(centres, width);
  mm::kernel::aligned_buffer<float> panels(mm::kernel::panel_numbers(rows, width));
  for (std::size_t first = 0; first < rows; first += mm::kernel::panel_points) {
    mm::kernel::pack_points<float>(x.data() + first * width, width, mm::kernel::panel_points, width, nullptr, nullptr,
                                   panels.data() + first * width);
  }
  const mm::kernel::packed_centres packed(c.data(), centres, width);
  std::vector<float> score(mm::kernel::panel_points), second(mm::kernel::panel_points);
  std::vector<std::uint32_t> index(mm::kernel::panel_points);
  for (auto _ : state) {
    for (std::size_t first = 0; first < rows; first += mm::kernel::panel_points) {
      mm::kernel::nearest(panels.data() + first * width, packed, score.data(), second.data(), index.data());
      benchmark::DoNotOptimize(index.data());
    }
  }
  count(state, centres);
}
BENCHMARK(nearest)->Arg(64)->Arg(20);

void nearest_plain_loop(benchmark::State& state) {
  const auto centres = static_cast<std::size_t>(state.range(0));
  const mm::matrix<float> x = noise(rows, width), c = noise(centres, width);
  for (auto _ : state) {
    for (Eigen::Index row = 0; row < x.rows(); ++row) {
      float best = std::numeric_limits<float>::infinity();
      Eigen::Index nearest = 0;
      for (Eigen::Index centre = 0; centre < c.rows(); ++centre) {
        const float distance = (x.row(row) - c.row(centre)).squaredNorm();
        if (distance < best) {
          best = distance;
          nearest = centre;
        }
      }
      benchmark::DoNotOptimize(nearest);
    }
  }
  count(state, centres);
}
BENCHMARK(nearest_plain_loop)->Arg(64)->Arg(20);

void iteration(benchmark::State& state) {
  constexpr std::size_t many = 50'000;
  const auto centres = static_cast<std::size_t>(state.range(0));
  const mm::matrix<float> x = noise(many, width), c = x.topRows(static_cast<Eigen::Index>(centres));
  const mm::cluster::k_means spec{.clusters = centres, .iterations = 10, .tolerance = 0.0};
  for (auto _ : state) benchmark::DoNotOptimize(spec.fit_from(mm::exec::cpu{}, x, c).report().inertia);
  state.counters["rows"] = benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(10 * many),
                                              benchmark::Counter::kIsRate);
}
BENCHMARK(iteration)->Arg(64)->Arg(20)->Unit(benchmark::kMillisecond);

}  // namespace
