// Convolutions in operations a second (counter "flops", two for each multiply-add): layers of ResNet and of nets for pictures
// of 32 x 32, forward and both gradients. The twin is the matrix product of the same size (pixels x out_channels, summed over
// taps and channels), which has no pictures to walk through: what a convolution reaches of its rate is the share of the
// machine it uses. 7 x 7 outputs leave tiles of 6 pixels a rest of 1.
#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <benchmark/benchmark.h>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/conv2d.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/gemm.hpp>

namespace {

using namespace mmrec;
using floats = kernel::aligned_vector<float>;

floats random_values(std::size_t count) {
  random_stream random(seed{1});
  floats values(count);
  for (float& value : values) value = static_cast<float>(random.uniform() - 0.5);
  return values;
}

/// Arguments: images, channels, size, out_channels, kernel, stride.
struct layer {
  explicit layer(const benchmark::State& state)
      : images(number(state, 0)),
        shape{.in_channels = number(state, 1),
              .in_height = number(state, 2),
              .in_width = number(state, 2),
              .out_channels = number(state, 3),
              .kernel_height = number(state, 4),
              .kernel_width = number(state, 4),
              .stride_height = number(state, 5),
              .stride_width = number(state, 5),
              .padding_height = number(state, 4) / 2,
              .padding_width = number(state, 4) / 2},
        input(random_values(images * shape.in_size())),
        weights(random_values(shape.weights())),
        output(random_values(images * shape.out_size())) {}
  static std::size_t number(const benchmark::State& state, std::size_t index) {
    return static_cast<std::size_t>(state.range(index));
  }
  void count(benchmark::State& state) const {
    state.counters["flops"] = benchmark::Counter(2.0 * static_cast<double>(images * shape.multiply_adds()),
                                                 benchmark::Counter::kIsIterationInvariantRate);
  }

  std::size_t images;
  kernel::conv2d_shape shape;
  floats input, weights, output;
};

template <kernel::simd_level Level>
void forward(benchmark::State& state) {
  if (Level > kernel::best_simd_level()) return state.SkipWithError("this machine lacks the instructions");
  layer l(state);
  floats scratch(kernel::conv2d_forward_scratch<float>(l.shape, l.images, 1));
  for (auto _ : state) {
    kernel::conv2d_forward(exec::cpu{}, l.shape, l.images, l.input.data(), l.weights.data(), {}, l.output.data(),
                           scratch.data(), Level);
    benchmark::DoNotOptimize(l.output.data());
  }
  l.count(state);
}

void forward_packed(benchmark::State& state) {
  layer l(state);
  floats scratch(kernel::conv2d_forward_scratch<float>(l.shape, l.images, 1));
  floats packed(kernel::conv2d_packed_size<float>(l.shape));
  kernel::conv2d_pack(exec::cpu{}, l.shape, l.weights.data(), packed.data());
  for (auto _ : state) {
    kernel::conv2d_forward_packed(exec::cpu{}, l.shape, l.images, l.input.data(), packed.data(), {}, l.output.data(),
                                  scratch.data());
    benchmark::DoNotOptimize(l.output.data());
  }
  l.count(state);
}

void backward_input(benchmark::State& state) {
  layer l(state);
  floats scratch(kernel::conv2d_backward_input_scratch<float>(l.shape, l.images, 1));
  for (auto _ : state) {
    kernel::conv2d_backward_input(exec::cpu{}, l.shape, l.images, l.weights.data(), l.output.data(), l.input.data(),
                                  scratch.data());
    benchmark::DoNotOptimize(l.input.data());
  }
  l.count(state);
}

void backward_weights(benchmark::State& state) {
  layer l(state);
  floats scratch(kernel::conv2d_backward_weights_scratch<float>(l.shape, l.images, 1));
  for (auto _ : state) {
    kernel::conv2d_backward_weights(exec::cpu{}, l.shape, l.images, l.input.data(), l.output.data(), l.weights.data(),
                                    nullptr, scratch.data());
    benchmark::DoNotOptimize(l.weights.data());
  }
  l.count(state);
}

void product_of_same_size(benchmark::State& state) {
  layer l(state);
  const std::size_t rows = l.images * l.shape.out_height() * l.shape.out_width(), columns = l.shape.out_channels;
  const std::size_t inner = l.shape.weights() / columns;
  const floats a = random_values(rows * inner);
  floats scratch(kernel::gemm_scratch<float>(rows, columns, inner, 1));
  for (auto _ : state) {
    kernel::gemm(exec::cpu{},
                 kernel::gemm_problem<float>{.rows = rows,
                                             .columns = columns,
                                             .inner = inner,
                                             .a = kernel::as_stored<float>(a.data(), inner),
                                             .b = kernel::as_stored<float>(l.weights.data(), columns),
                                             .c = l.output.data(),
                                             .c_stride = columns},
                 scratch.data());
    benchmark::DoNotOptimize(l.output.data());
  }
  l.count(state);
}

void layers(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t images : {1, 16}) {
    bench->Args({images, 3, 224, 64, 7, 2})
        ->Args({images, 64, 56, 64, 3, 1})
        ->Args({images, 64, 56, 128, 3, 2})
        ->Args({images, 256, 14, 256, 3, 1})
        ->Args({images, 512, 7, 512, 3, 1})
        ->Args({images, 256, 56, 64, 1, 1})
        ->Args({images, 2048, 7, 512, 1, 1})
        ->Args({images, 3, 32, 32, 3, 1})
        ->Args({images, 64, 16, 128, 3, 1});
  }
}
BENCHMARK_TEMPLATE(forward, kernel::simd_level::avx512)->Apply(layers);
BENCHMARK_TEMPLATE(forward, kernel::simd_level::avx2)->Args({1, 64, 56, 64, 3, 1});
BENCHMARK_TEMPLATE(forward, kernel::simd_level::portable)->Args({1, 64, 56, 64, 3, 1});
BENCHMARK(forward_packed)->Apply(layers);
BENCHMARK(backward_input)->Apply(layers);
BENCHMARK(backward_weights)->Apply(layers);
BENCHMARK(product_of_same_size)->Apply(layers);

}  // namespace
