// Fusion of I = 20,000 items: feature level over three modalities of widths 64, 32 and 20, a third of the items incomplete;
// decision level over four branches, one user a call. The twins are plain copies and the plainest loop that does the job.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/fusion.hpp>

namespace {

using namespace mmrec;

constexpr std::size_t items = 20000;
constexpr std::size_t widths[] = {64, 32, 20};
const std::vector<std::string> names = {"text", "image", "sound", "collaborative"};

struct catalogue {
  std::vector<data::dense_features> features;
  std::vector<fusion::modality_features> modalities;

  catalogue() {
    for (std::size_t m = 0; m < 3; ++m) {
      random_stream random(seed{1}, m);
      data::dense_features f{matrix<float>::Zero(items, static_cast<Eigen::Index>(widths[m])), data::presence(items, 0)};
      for (std::size_t item = 0; item < items; ++item) {
        f.present[item] = m == 0 || item % 3 != 0 ? 1 : 0;
        if (f.present[item] == 0) continue;
        for (float& x : f.values.row(static_cast<Eigen::Index>(item))) x = random.uniform_float();
      }
      features.push_back(std::move(f));
    }
    for (std::size_t m = 0; m < 3; ++m) modalities.push_back({names[m], &features[m]});
  }
};

constexpr std::int64_t fused_bytes = std::int64_t{items} * (64 + 32 + 20) * 4;

void concat_fuse(benchmark::State& state) {
  const catalogue c;
  const auto model = fusion::weighted_concat{.weights = {1, 0.5f, 2}, .missing = fusion::missing::renormalize}.fit(
      exec::cpu{}, c.modalities);
  for (auto _ : state) benchmark::DoNotOptimize(model.fuse(exec::cpu{}, c.modalities));
  state.SetBytesProcessed(state.iterations() * 2 * fused_bytes);
}
BENCHMARK(concat_fuse);

void concat_twin_copy(benchmark::State& state) {
  const catalogue c;
  for (auto _ : state) {
    matrix<float> out(items, 116);
    for (std::size_t item = 0; item < items; ++item) {
      float* to = out.data() + item * 116;
      for (std::size_t m = 0; m < 3; ++m) {
        std::memcpy(to, c.features[m].values.data() + item * widths[m], widths[m] * 4);
        to += widths[m];
      }
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(state.iterations() * 2 * fused_bytes);
}
BENCHMARK(concat_twin_copy);

void concat_fuse_one(benchmark::State& state) {
  const catalogue c;
  const auto model = fusion::concat{.missing = fusion::missing::mean}.fit(exec::cpu{}, c.modalities);
  std::vector<std::optional<std::span<const float>>> parts = {row_of<float>(c.features[0].values, 5), std::nullopt,
                                                              row_of<float>(c.features[2].values, 5)};
  std::vector<float> out;
  for (auto _ : state) benchmark::DoNotOptimize(model.fuse_one(parts, out));
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(concat_fuse_one);

struct branches {
  std::vector<std::vector<float>> scores;
  std::vector<std::span<const float>> views;

  branches() {
    for (std::size_t b = 0; b < 4; ++b) {
      random_stream random(seed{2}, b);
      scores.emplace_back(items);
      for (float& x : scores.back()) x = static_cast<float>(random.normal());
      if (b != 3) {
        for (std::size_t item = b; item < items; item += 5) scores.back()[item] = no_score;
      }
    }
    views.assign(scores.begin(), scores.end());
  }
};

template <class Spec>
void combine(benchmark::State& state, const Spec& spec) {
  const branches b;
  const auto model = spec.fit(names, items);
  typename std::remove_cvref_t<decltype(model)>::workspace scratch;
  std::vector<float> out(items);
  for (auto _ : state) {
    model.combine(b.views, out, scratch);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(items));
}

void weighted_sum_none(benchmark::State& state) {
  combine(state, fusion::weighted_sum{.normalization = fusion::normalization::none, .missing = fusion::missing::zero});
}
BENCHMARK(weighted_sum_none);
void weighted_sum_z_score(benchmark::State& state) {
  combine(state, fusion::weighted_sum{.missing = fusion::missing::renormalize});
}
BENCHMARK(weighted_sum_z_score);
void weighted_sum_min_max(benchmark::State& state) {
  combine(state, fusion::weighted_sum{.normalization = fusion::normalization::min_max, .missing = fusion::missing::mean});
}
BENCHMARK(weighted_sum_min_max);
void weighted_sum_rank(benchmark::State& state) {
  combine(state, fusion::weighted_sum{.normalization = fusion::normalization::rank, .missing = fusion::missing::zero});
}
BENCHMARK(weighted_sum_rank);
void reciprocal_rank(benchmark::State& state) { combine(state, fusion::reciprocal_rank{}); }
BENCHMARK(reciprocal_rank);

void weighted_sum_twin_plain(benchmark::State& state) {
  const branches b;
  std::vector<float> out(items);
  for (auto _ : state) {
    for (std::size_t item = 0; item < items; ++item) {
      float sum = 0;
      for (const auto& scores : b.scores) sum += scores[item];
      out[item] = sum;
    }
    benchmark::DoNotOptimize(out.data());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(items));
}
BENCHMARK(weighted_sum_twin_plain);

void weighted_sum_contributions(benchmark::State& state) {
  const branches b;
  const auto model = fusion::weighted_sum{.missing = fusion::missing::renormalize}.fit(names, items);
  fusion::weighted_sum_model::workspace scratch;
  std::vector<float> parts(4);
  for (auto _ : state) {
    model.contributions(b.views, item_id{17}, parts, scratch);
    benchmark::DoNotOptimize(parts.data());
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(weighted_sum_contributions);

}  // namespace
