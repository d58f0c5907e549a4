// Image stages in pictures and megapixels a second: posters of 268 x 182 pixels brought to 48 x 32, and descriptors of 48 x
// 32 and 128 x 128 pixels. The twin of resize is the plain mean over whole blocks of pixels (268 x 182 is not a multiple of
// 48 x 32, so it does less than the stage: a bound, not a peer).
#include <cstddef>
#include <cstdint>
#include <vector>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/image.hpp>

namespace {

using namespace mmrec;

image::uniform_images pictures(std::size_t count, std::size_t height, std::size_t width) {
  image::uniform_images all(count, height, width);
  random_stream random(seed{4});
  for (std::size_t index = 0; index < count; ++index) {
    for (auto& level : all.bytes(index)) level = static_cast<std::uint8_t>(random.below(256));
  }
  return all;
}

template <class Stage>
void run(benchmark::State& state, const Stage& stage, std::size_t height, std::size_t width) {
  constexpr std::size_t count = 64;
  const auto batch = pictures(count, height, width);
  const auto model = stage.fit(exec::cpu{}, batch);
  for (auto _ : state) benchmark::DoNotOptimize(model.transform(exec::cpu{}, batch));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
  state.counters["Mpixel/s"] =
      benchmark::Counter(static_cast<double>(state.iterations()) * static_cast<double>(count * height * width) * 1e-6,
                         benchmark::Counter::kIsRate);
}

void resize_bilinear(benchmark::State& state) { run(state, image::resize{.height = 48, .width = 32}, 268, 182); }
void resize_area(benchmark::State& state) {
  run(state, image::resize{.height = 48, .width = 32, .filter = image::filter::area}, 268, 182);
}
void resize_lanczos(benchmark::State& state) {
  run(state, image::resize{.height = 48, .width = 32, .filter = image::filter::lanczos}, 268, 182);
}
void resize_nearest(benchmark::State& state) {
  run(state, image::resize{.height = 48, .width = 32, .filter = image::filter::nearest}, 268, 182);
}
void resize_up_bilinear(benchmark::State& state) { run(state, image::resize{.height = 224, .width = 224}, 48, 32); }
BENCHMARK(resize_bilinear);
BENCHMARK(resize_area);
BENCHMARK(resize_lanczos);
BENCHMARK(resize_nearest);
BENCHMARK(resize_up_bilinear);

void resize_twin_blocks(benchmark::State& state) {
  constexpr std::size_t count = 64, height = 268, width = 182;
  const auto batch = pictures(count, height, width);
  for (auto _ : state) {
    image::uniform_images out(count, 48, 32);
    for (std::size_t index = 0; index < count; ++index) {
      const auto view = batch[index];
      std::uint8_t* to = out.bytes(index).data();
      for (std::size_t y = 0; y < 48; ++y) {
        for (std::size_t x = 0; x < 32; ++x) {
          std::uint32_t sums[3] = {};
          for (std::size_t dy = 0; dy < 5; ++dy) {
            const std::uint8_t* from = view.row(5 * y + dy).data() + 15 * x;
            for (std::size_t dx = 0; dx < 15; ++dx) sums[dx % 3] += from[dx];
          }
          for (const std::uint32_t sum : sums) *to++ = static_cast<std::uint8_t>(sum / 25);
        }
      }
    }
    benchmark::DoNotOptimize(out);
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(count));
}
BENCHMARK(resize_twin_blocks);

void standardize(benchmark::State& state) { run(state, image::standardize{}, 48, 32); }
void color_rgb(benchmark::State& state) { run(state, image::color_histogram{}, 128, 128); }
void color_hsv(benchmark::State& state) { run(state, image::color_histogram{.space = image::color_space::hsv}, 128, 128); }
void color_joint(benchmark::State& state) { run(state, image::color_histogram{.joint = true}, 128, 128); }
void gradients_poster(benchmark::State& state) { run(state, image::gradient_histogram{}, 48, 32); }
void gradients(benchmark::State& state) { run(state, image::gradient_histogram{}, 128, 128); }
BENCHMARK(standardize);
BENCHMARK(color_rgb);
BENCHMARK(color_hsv);
BENCHMARK(color_joint);
BENCHMARK(gradients_poster);
BENCHMARK(gradients);

}  // namespace
