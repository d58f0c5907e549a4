// What moves numbers and computes little: bytes a second, each input read once and each output written once, beside a copy.
#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <unordered_set>
#include <utility>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/kernel/cuda/dropout.cuh>
#include <mmrec/kernel/cuda/elementwise.cuh>
#include <mmrec/kernel/cuda/embedding.cuh>
#include <mmrec/kernel/cuda/norm.cuh>
#include <mmrec/kernel/cuda/pool.cuh>
#include <mmrec/nn/cuda/update.cuh>
#include <mmrec/nn/optimizer/adam.hpp>

#include "harness.hpp"

namespace bench {
namespace {

using mmrec::kernel::id_batch;
using mmrec::kernel::norm_shape;
using mmrec::kernel::pool2d_shape;

/// Times work(numbers, results, set) over sets of `inputs` and `outputs` numbers, `bytes` of which it has to move.
void time_case(runner& run, description of, std::size_t inputs, std::size_t outputs, std::size_t bytes,
               const std::function<void(const float*, float*, std::size_t)>& work) {
  if (!run.wanted(of)) return;
  const std::size_t sets = run.sets((inputs + outputs) * sizeof(float));
  stretches in(run.capacity()), out(run.capacity());
  std::vector<std::pair<std::size_t, std::size_t>> places;
  for (std::size_t set = 0; set < sets; ++set) {
    const std::size_t read = in.take(inputs);
    places.emplace_back(read, out.take(outputs));
  }
  measurement measured;
  measured.of = std::move(of);
  measured.microseconds = run.time(run.on(), sets, [&](std::size_t set) {
    work(run.numbers() + places[set].first, run.results() + places[set].second, set);
  });
  measured.rate = static_cast<double>(bytes) / measured.microseconds * 1e-3;
  measured.share = run.share(0.0, static_cast<double>(bytes), cuda::math::float32, measured.microseconds);
  run.report(std::move(measured));
}

void time_elementwise(runner& run) {
  const cuda::context& on = run.on();
  const std::size_t count = run.how().smoke ? 4096 : std::size_t{1} << 25;
  const std::size_t bytes = count * sizeof(float);
  const auto of = [&](const char* name) { return description{name, std::to_string(count), "float32", {{"count", count}}}; };
  time_case(run, of("relu_forward"), count, count, 2 * bytes,
            [&](const float* x, float* y, std::size_t) { cuda::relu_forward(on, count, x, y); });
  time_case(run, of("relu_backward"), 2 * count, count, 3 * bytes,
            [&](const float* x, float* y, std::size_t) { cuda::relu_backward(on, count, x, x + count, y); });
  time_case(run, of("gelu_forward"), count, count, 2 * bytes,
            [&](const float* x, float* y, std::size_t) { cuda::gelu_forward(on, count, x, y); });
  time_case(run, of("gelu_backward"), 2 * count, count, 3 * bytes,
            [&](const float* x, float* y, std::size_t) { cuda::gelu_backward(on, count, x, x + count, y); });
  cuda::random_key key{};
  key.value = 7;
  time_case(run, of("dropout"), count, count, 2 * bytes, [&](const float* x, float* y, std::size_t) {
    cuda::dropout(on, count, 32768u, 2.0f, key, x, y);  // 32768 of 65536: one half
  });

  const std::size_t width = 1024, rows = run.how().smoke ? 4 : count / width;
  const auto of_rows = [&](const char* name) {
    return description{
        name, std::to_string(rows) + " x " + std::to_string(width), "float32", {{"rows", rows}, {"width", width}}};
  };
  const std::size_t all = rows * width, matrix = all * sizeof(float);
  time_case(run, of_rows("softmax_forward"), all, all, 2 * matrix,
            [&](const float* x, float* y, std::size_t) { cuda::softmax_forward(on, rows, width, nullptr, x, y); });
  time_case(run, of_rows("softmax_backward"), 2 * all, all, 3 * matrix,
            [&](const float* x, float* y, std::size_t) { cuda::softmax_backward(on, rows, width, x, x + all, y); });
}

void time_norms(runner& run) {
  const cuda::context& on = run.on();
  struct layer {
    std::size_t images, size, channels;
  };
  const layer layers[] = {{64, 56, 64}, {128, 14, 256}};
  for (const layer& each : layers) {
    const std::size_t size = run.how().smoke ? 2 : each.size, images = run.how().smoke ? 3 : each.images;
    const std::size_t width = each.channels;
    const norm_shape shape{images * size * size, 1, width, nullptr};
    const std::size_t all = shape.rows() * width, bytes = all * sizeof(float);
    const auto of = [&](const char* name) {
      return description{name,
                         std::to_string(images) + " x " + std::to_string(size) + "^2 x " + std::to_string(width),
                         "float32",
                         {{"images", images}, {"size", size}, {"channels", width}}};
    };
    // Behind the numbers of a set: what there is one of for each channel.
    time_case(run, of("batch_norm_forward"), all + 2 * width, all + 4 * width, 2 * bytes,
              [&](const float* x, float* y, std::size_t) {
                float* const kept = y + all;
                cuda::batch_norm_forward(on, shape, 1e-5f, 0.1f, x, x + all, x + all + width, kept, kept + width, y,
                                         kept + 2 * width, kept + 3 * width, nullptr);
              });
    time_case(run, of("batch_norm_backward"), 2 * all + 3 * width, all + 2 * width, 3 * bytes,
              [&](const float* x, float* dx, std::size_t) {
                const float* const kept = x + 2 * all;
                cuda::batch_norm_backward(on, shape, x, x + all, kept, kept + width, kept + 2 * width, dx + all,
                                          dx + all + width, dx, nullptr);
              });
  }
  const std::size_t rows = run.how().smoke ? 5 : 16384, width = run.how().smoke ? 64 : 1024;
  const norm_shape shape{rows, 1, width, nullptr};
  const std::size_t all = rows * width, bytes = all * sizeof(float), kept_bytes = 2 * rows * sizeof(float);
  const auto of = [&](const char* name) {
    return description{
        name, std::to_string(rows) + " x " + std::to_string(width), "float32", {{"rows", rows}, {"width", width}}};
  };
  time_case(run, of("layer_norm_forward"), all + 2 * width, all + 2 * rows, 2 * bytes + kept_bytes,
            [&](const float* x, float* y, std::size_t) {
              cuda::layer_norm_forward(on, shape, 1e-5f, x, x + all, x + all + width, y, y + all, y + all + rows);
            });
  time_case(run, of("layer_norm_backward"), 2 * all + width + 2 * rows, all + 2 * width, 3 * bytes + kept_bytes,
            [&](const float* x, float* dx, std::size_t) {
              const float* const gamma = x + 2 * all;
              cuda::layer_norm_backward(on, shape, x, x + all, gamma, gamma + width, gamma + width + rows, dx + all,
                                        dx + all + width, dx, nullptr);
            });
}

void time_pool(runner& run) {
  const cuda::context& on = run.on();
  const std::size_t images = run.how().smoke ? 2 : 64, size = run.how().smoke ? 8 : 112;
  const pool2d_shape shape{.channels = 64,
                           .in_height = size,
                           .in_width = size,
                           .window_height = 3,
                           .window_width = 3,
                           .stride_height = 2,
                           .stride_width = 2,
                           .padding_height = 1,
                           .padding_width = 1};
  const std::size_t in = images * shape.in_size(), out = images * shape.out_size();
  const auto of = [&](const char* name) {
    return description{name,
                       "3x3/2 " + std::to_string(images) + " x " + std::to_string(size) + "^2 x 64",
                       "float32",
                       {{"images", images}, {"size", size}, {"channels", shape.channels}}};
  };
  time_case(run, of("max_pool_forward"), in, out, (in + out) * sizeof(float),
            [&](const float* x, float* y, std::size_t) { cuda::max_pool2d_forward(on, shape, images, x, y); });
  time_case(run, of("max_pool_backward"), in + out, in, (2 * in + out) * sizeof(float),
            [&](const float* x, float* dx, std::size_t) { cuda::max_pool2d_backward(on, shape, images, x, x + in, dx); });
}

void time_adam(runner& run) {
  const cuda::context& on = run.on();
  const std::size_t count = run.how().smoke ? 4096 : 25'557'032;  // ResNet-50
  using rule = decltype(mmrec::nn::adam{}.rule<float>(1.0, 1));
  const std::vector<rule> rules{mmrec::nn::adam{}.rule<float>(1.0, 1000)};
  const std::vector<std::uint32_t> number{0};
  const cuda::buffer<rule> rules_there(on, rules);
  const cuda::buffer<std::uint32_t> number_there(on, number);
  const std::size_t stride = (count + 63) / 64 * 64;
  fill_uniform(on, 2 * stride, 3, -1.0f, 1.0f, run.results());
  fill_uniform(on, count, 4, 0.1f, 1.0f, run.results() + 2 * stride);  // means of squares
  time_case(run, {"adam", std::to_string(count), "float32", {{"count", count}}}, count, 3 * stride,
            7 * count * sizeof(float), [&](const float* gradients, float* parameters, std::size_t) {
              cuda::update(on, rules_there.on(on), number_there.on(on), parameters, gradients,
                           static_cast<const float*>(nullptr), parameters + stride, parameters + 2 * stride, std::size_t{0},
                           count);
            });
}

void time_embedding(runner& run) {
  const cuda::context& on = run.on();
  const std::size_t rows = run.how().smoke ? 100 : 1'000'000, width = 64, count = run.how().smoke ? 50 : 524'288;
  constexpr std::size_t id_sets = 4;
  std::vector<cuda::buffer<std::int32_t>> ids;
  double distinct = 0.0;
  mmrec::random_stream random(mmrec::seed{5});
  for (std::size_t set = 0; set < id_sets; ++set) {
    std::vector<std::int32_t> drawn(count);
    for (std::int32_t& id : drawn) id = static_cast<std::int32_t>(random.below(static_cast<std::uint32_t>(rows)));
    distinct += static_cast<double>(std::unordered_set<std::int32_t>(drawn.begin(), drawn.end()).size()) / id_sets;
    ids.emplace_back(on, drawn);
  }
  const auto of = [&](const char* name) {
    return description{name,
                       std::to_string(count) + " of " + std::to_string(rows) + " x " + std::to_string(width),
                       "float32",
                       {{"count", count}, {"rows", rows}, {"width", width}}};
  };
  const auto batch = [&](std::size_t set) { return id_batch{ids[set % id_sets].on(on), count, 1, nullptr}; };
  const std::size_t row_bytes = width * sizeof(float);
  // The table is the first of the numbers, or of the results; the sets lie behind it.
  const std::size_t table = rows * width;
  time_case(run, of("embedding_forward"), table, count * width, count * (sizeof(std::int32_t) + 2 * row_bytes),
            [&](const float* from, float* y, std::size_t set) { cuda::embedding_forward(on, batch(set), width, from, y); });
  time_case(run, of("embedding_backward"), count * width, table,
            count * (sizeof(std::int32_t) + row_bytes) + static_cast<std::size_t>(distinct) * 2 * row_bytes,
            [&](const float* dy, float* gradient, std::size_t set) {
              cuda::embedding_backward(on, batch(set), width, dy, static_cast<std::size_t>(-1), gradient);
            });
}

}  // namespace

void time_memory_bound(runner& run) {
  time_elementwise(run);
  time_norms(run);
  time_pool(run);
  time_adam(run);
  time_embedding(run);
}

}  // namespace bench
