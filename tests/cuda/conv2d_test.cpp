#include <mmrec/kernel/cuda/conv2d.cuh>

#include <mmrec/core/error.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/exec/cuda/buffer.hpp>
#include <mmrec/exec/cuda/context.hpp>
#include <mmrec/kernel/conv2d.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include <support/catch.hpp>
#include <support/thrown.hpp>

#if MMREC_X86
#include <immintrin.h>
#endif

#include "shim.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;
namespace mc = mmrec::cuda;

namespace {

template <class T>
std::vector<T> random_values(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{11}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

constexpr kernel::conv2d_shape square(std::size_t in, std::size_t size, std::size_t out, std::size_t taps,
                                      std::size_t stride = 1, std::size_t padding = 0, std::size_t dilation = 1,
                                      std::size_t groups = 1) {
  return {.in_channels = in,
          .in_height = size,
          .in_width = size,
          .out_channels = out,
          .kernel_height = taps,
          .kernel_width = taps,
          .stride_height = stride,
          .stride_width = stride,
          .padding_height = padding,
          .padding_width = padding,
          .dilation_height = dilation,
          .dilation_width = dilation,
          .groups = groups};
}

struct sample {
  kernel::conv2d_shape shape;
  std::size_t images;
};

/// Every kind of tile, one pixel or channel less and more than it has; every way of reading.
const std::vector<sample>& samples() {
  static const std::vector<sample> all = {
      {{}, 1},
      {square(1, 5, 1, 3), 2},
      {square(3, 9, 32, 3, 1, 1), 2},   // narrow, one by one
      {square(3, 19, 64, 7, 2, 3), 1},  // small, one by one; phases with different taps
      {square(4, 8, 64, 1), 1},         // exactly a tile of pixels and channels
      {square(4, 8, 68, 1), 1},         // and one four more
      {square(7, 8, 65, 1), 1},
      {square(4, 3, 60, 3, 1, 1), 7},          // 63 pixels
      {square(4, 5, 8, 3, 1, 1), 6},           // narrow, by fours
      {square(66, 6, 19, 1, 2), 2},            // phases without taps
      {square(12, 7, 20, 3, 1, 2, 2), 2},      // dilation
      {square(8, 6, 12, 3, 2, 1, 1, 2), 3},    // groups, by fours
      {square(6, 7, 10, 3, 1, 1, 1, 2), 2},    // and one by one
      {square(37, 6, 37, 3, 1, 1, 1, 37), 3},  // depthwise
      {square(5, 8, 10, 3, 1, 1, 1, 5), 2},    // two kernels a channel
      {{.in_channels = 4,
        .in_height = 6,
        .in_width = 7,
        .out_channels = 3,
        .kernel_height = 2,
        .kernel_width = 4,
        .stride_height = 4,
        .stride_width = 3,
        .padding_height = 3,
        .padding_width = 5,
        .dilation_height = 2},
       2},
      {square(6, 11, 9, 3, 3, 2, 2, 3), 2},  // groups of odd sizes, a stride that dilation does not divide
      {{.in_channels = 24, .in_width = 23, .out_channels = 49, .kernel_width = 5, .padding_width = 2}, 3},
      {{.in_channels = 16, .in_width = 700, .out_channels = 8, .kernel_width = 3, .stride_width = 2}, 2},  // parts
      {{.in_channels = 300, .in_width = 4, .out_channels = 1, .kernel_width = 2}, 2},
      {square(2, 3, 2, 5), 2},  // no outputs
      {{.in_channels = 2, .in_height = 3, .in_width = 0, .out_channels = 2, .kernel_width = 3, .padding_width = 2}, 2},
      {square(4, 3, 4, 3, 1, 1), 0},
  };
  return all;
}

template <class T>
struct results {
  std::vector<T> output, input, weights, bias;
  friend bool operator==(const results&, const results&) = default;
};

template <class T>
struct operands {
  std::vector<T> x, w, dy;
};

template <class T>
operands<T> operands_of(const sample& s) {
  return {random_values<T>(s.images * s.shape.in_size(), 1), random_values<T>(s.shape.weights(), 2),
          random_values<T>(s.images * s.shape.out_size(), 3)};
}

/// What is added to begins as this.
constexpr float before = 0.5f;

bool has_avx2() {
  const auto levels = kernel::usable_simd_levels();
  return std::find(levels.begin(), levels.end(), kernel::simd_level::avx2) != levels.end();
}

/// Compilers that do not optimise much leave the upper halves of vector registers in use, after which all else is slow.
#if MMREC_X86
__attribute__((target("avx"))) void leave_vectors() { _mm256_zeroupper(); }
#else
void leave_vectors() {}
#endif

template <class T>
results<T> on_cpu(const sample& s, const operands<T>& with, const kernel::conv2d_epilogue<T>& epilogue,
                  kernel::simd_level level = kernel::best_simd_level()) {
  const auto& p = s.shape;
  results<T> r{std::vector<T>(with.dy.size()), std::vector<T>(with.x.size()), std::vector<T>(with.w.size(), T(before)),
               std::vector<T>(p.out_channels, T(before))};
  std::vector<T> scratch(
      std::max({kernel::conv2d_forward_scratch<T>(p, s.images, 1), kernel::conv2d_backward_input_scratch<T>(p, s.images, 1),
                kernel::conv2d_backward_weights_scratch<T>(p, s.images, 1)}) +
      1);
  const mm::exec::cpu exec;
  kernel::conv2d_forward(exec, p, s.images, with.x.data(), with.w.data(), epilogue, r.output.data(), scratch.data(), level);
  kernel::conv2d_backward_input(exec, p, s.images, with.w.data(), with.dy.data(), r.input.data(), scratch.data(), level);
  kernel::conv2d_backward_weights(exec, p, s.images, with.x.data(), with.dy.data(), r.weights.data(), r.bias.data(),
                                  scratch.data(), level);
  if (has_avx2()) leave_vectors();
  return r;
}

/// `shift` elements lie before each array: with 1, none begins on a multiple of 16 bytes. Memory of the device begins as
/// not-a-number.
template <class Shape, class T>
results<T> on_device(const mc::context& gpu, const Shape& shape, std::size_t images, const operands<T>& with,
                     const kernel::conv2d_epilogue<T>& epilogue = {}, std::size_t shift = 0) {
  const kernel::conv2d_shape p = shape;
  results<T> r{std::vector<T>(with.dy.size()), std::vector<T>(with.x.size()), std::vector<T>(with.w.size()),
               std::vector<T>(p.out_channels)};
  const auto up = [&](const std::vector<T>& values) {
    std::vector<T> shifted(shift + 4, T(0));
    shifted.insert(shifted.begin() + static_cast<std::ptrdiff_t>(shift), values.begin(), values.end());
    return mc::buffer<T>(gpu, std::span<const T>(shifted));
  };
  const auto down = [&](const mc::buffer<T>& from, std::vector<T>& values) {
    std::vector<T> shifted(from.size());
    from.download(gpu, shifted);
    std::copy_n(shifted.begin() + static_cast<std::ptrdiff_t>(shift), values.size(), values.begin());
  };
  const auto x = up(with.x), w = up(with.w), dy = up(with.dy);
  auto weights = up(std::vector<T>(with.w.size(), T(before))), bias = up(std::vector<T>(p.out_channels, T(before)));
  mc::buffer<T> output(gpu, with.dy.size() + shift), input(gpu, with.x.size() + shift);
  kernel::conv2d_epilogue<T> moved = epilogue;
  const auto added =
      up(epilogue.bias == nullptr ? std::vector<T>{} : std::vector<T>(epilogue.bias, epilogue.bias + p.out_channels));
  const auto residual =
      up(epilogue.residual == nullptr ? std::vector<T>{}
                                      : std::vector<T>(epilogue.residual, epilogue.residual + with.dy.size()));
  if (epilogue.bias != nullptr) moved.bias = added.on(gpu) + shift;
  if (epilogue.residual != nullptr) moved.residual = residual.on(gpu) + shift;
  T* const scratch = nullptr;
  mc::conv2d_forward(gpu, shape, images, x.on(gpu) + shift, w.on(gpu) + shift, moved, output.on(gpu) + shift, scratch);
  mc::conv2d_backward_input(gpu, shape, images, w.on(gpu) + shift, dy.on(gpu) + shift, input.on(gpu) + shift, scratch);
  mc::conv2d_backward_weights(gpu, shape, images, x.on(gpu) + shift, dy.on(gpu) + shift, weights.on(gpu) + shift,
                              bias.on(gpu) + shift, scratch);
  down(output, r.output);
  down(input, r.input);
  down(weights, r.weights);
  down(bias, r.bias);
  return r;
}

template <class T>
operands<double> widened(const operands<T>& with) {
  return {{with.x.begin(), with.x.end()}, {with.w.begin(), with.w.end()}, {with.dy.begin(), with.dy.end()}};
}
operands<double> magnitudes(operands<double> with) {
  for (auto* values : {&with.x, &with.w, &with.dy}) {
    for (double& value : *values) value = std::abs(value);
  }
  return with;
}

/// Largest error relative to the magnitude of the terms, in units of the rounding error of T.
template <class T>
double worst_error(const std::vector<T>& values, const std::vector<double>& expected, const std::vector<double>& sizes) {
  REQUIRE(values.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double error = std::abs(static_cast<double>(values[i]) - expected[i]);
    if (!(error == 0)) worst = std::max(worst, sizes[i] > 0 && !std::isnan(error) ? error / sizes[i] : 1e30);
  }
  return worst / static_cast<double>(std::numeric_limits<T>::epsilon());
}

/// `exact` has the same factors as the kernels, which round only sums.
template <class T>
void check_sums(const results<T>& r, const sample& s, const operands<double>& exact, double most) {
  const auto expected = on_cpu<double>(s, exact, {}), sizes = on_cpu<double>(s, magnitudes(exact), {});
  CHECK(worst_error(r.output, expected.output, sizes.output) < most);
  CHECK(worst_error(r.input, expected.input, sizes.input) < most);
  CHECK(worst_error(r.weights, expected.weights, sizes.weights) < most);
  CHECK(worst_error(r.bias, expected.bias, sizes.bias) < most);
}

/// The nearest number of `bits` significant bits; on ties even, or away from zero.
double rounded(double value, int bits, bool even) {
  int exponent = 0;
  const double scaled = std::ldexp(std::frexp(value, &exponent), bits);
  return std::ldexp(even ? std::nearbyint(scaled) : std::round(scaled), exponent - bits);
}
operands<double> rounded(operands<double> with, int bits, bool even) {
  for (auto* values : {&with.x, &with.w, &with.dy}) {
    for (double& value : *values) value = rounded(value, bits, even);
  }
  return with;
}

template <kernel::conv2d_shape Shape>
void check_known(const mc::context& gpu, std::size_t images) {
  const sample s{Shape, images};
  const auto with = operands_of<float>(s);
  const auto bias = random_values<float>(Shape.out_channels, 4);
  const kernel::conv2d_epilogue<float> epilogue{.bias = bias.data(), .activation = kernel::conv2d_activation::relu};
  CHECK(on_device(gpu, kernel::constant_conv2d<Shape>{}, images, with, epilogue) ==
        on_device(gpu, Shape, images, with, epilogue));
}

}  // namespace

TEST_CASE("float32 convolutions have the bits of the CPU, and gradients its sums") {
  const mc::context gpu;
  std::size_t number = 0;
  for (const sample& s : samples()) {
    CAPTURE(number);
    const auto with = operands_of<float>(s);
    const auto r = on_device(gpu, s.shape, s.images, with);
    check_sums(r, s, widened(with), 12);
    if (has_avx2()) {
      const auto cpu = on_cpu<float>(s, with, {}, kernel::simd_level::avx2);
      CHECK(r.output == cpu.output);
      CHECK(r.input == cpu.input);
    }
    CHECK(on_device(gpu, s.shape, s.images, with, {}, 1).output == r.output);
    ++number;
  }
}

TEST_CASE("in any order of threads and blocks") {
  const cuda_shim::scope scope;
  const mc::context gpu(0, mc::math::float32);
  for (const std::size_t number : {3u, 11u, 13u, 18u}) {
    const sample& s = samples()[number];
    const auto with = operands_of<float>(s);
    cuda_shim::options().order = cuda_shim::order::forward;
    const auto r = on_device(gpu, s.shape, s.images, with);
    for (const auto order : {cuda_shim::order::reverse, cuda_shim::order::random}) {
      cuda_shim::options().order = order;
      CHECK(on_device(gpu, s.shape, s.images, with) == r);
    }
  }
}

TEST_CASE("large tiles") {
  const mc::context gpu;
  // Enough pixels for tiles of 128 rows, with 128 columns and with 64, one pixel more than they have.
  for (const sample& s : {sample{square(4, 65, 132, 1), 2}, sample{square(8, 130, 36, 1), 2}}) {
    CHECK(mc::conv_forward_tiling(s.shape, s.images, true) ==
          (s.shape.out_channels > 64 ? mc::conv_tiling::large : mc::conv_tiling::tall));
    const auto with = operands_of<float>(s);
    const mc::buffer<float> x(gpu, std::span<const float>(with.x)), w(gpu, std::span<const float>(with.w));
    mc::buffer<float> y(gpu, with.dy.size());
    float* const scratch = nullptr;
    mc::conv2d_forward(gpu, s.shape, s.images, x.on(gpu), w.on(gpu), {}, y.on(gpu), scratch);
    std::vector<float> output(with.dy.size());
    y.download(gpu, output);
    const auto exact = widened(with);
    CHECK(worst_error(output, on_cpu<double>(s, exact, {}).output, on_cpu<double>(s, magnitudes(exact), {}).output) < 12);
    if (has_avx2()) CHECK(output == on_cpu<float>(s, with, {}, kernel::simd_level::avx2).output);
  }
  // Weights that fill a tile of either width, and four channels more; inputs of more than 32 channels.
  for (const sample& s : {sample{square(36, 4, 132, 2), 1}, sample{square(68, 3, 60, 2), 2}}) {
    const auto with = operands_of<float>(s);
    CHECK(mc::conv_weight_tiling(s.shape, true) ==
          (s.shape.out_channels > 64 ? mc::conv_tiling::large : mc::conv_tiling::tall));
    check_sums(on_device(gpu, s.shape, s.images, with), s, widened(with), 12);
  }
}

TEST_CASE("double convolutions") {
  const mc::context gpu;
  for (const std::size_t number : {1u, 3u, 12u, 13u, 16u, 22u}) {
    CAPTURE(number);
    const sample& s = samples()[number];
    const auto with = operands_of<double>(s);
    check_sums(on_device(gpu, s.shape, s.images, with), s, with, 24);
  }
}

TEST_CASE("bias, residual and activation are applied to the sums on the device") {
  const mc::context gpu;
  for (const std::size_t number : {2u, 4u, 13u}) {
    const sample& s = samples()[number];
    const auto with = operands_of<float>(s);
    const auto bias = random_values<float>(s.shape.out_channels, 4), residual = random_values<float>(with.dy.size(), 5);
    const auto plain = on_device(gpu, s.shape, s.images, with);
    for (const auto activation :
         {kernel::conv2d_activation::none, kernel::conv2d_activation::relu, kernel::conv2d_activation::leaky_relu}) {
      for (const bool with_residual : {false, true}) {
        const kernel::conv2d_epilogue<float> epilogue{.bias = bias.data(),
                                                      .residual = with_residual ? residual.data() : nullptr,
                                                      .activation = activation,
                                                      .slope = 0.25f};
        std::vector<float> expected = plain.output;
        for (std::size_t i = 0; i < expected.size(); ++i) {
          expected[i] += bias[i % s.shape.out_channels];
          if (with_residual) expected[i] += residual[i];
          if (expected[i] < 0 && activation == kernel::conv2d_activation::relu) expected[i] = 0;
          if (expected[i] < 0 && activation == kernel::conv2d_activation::leaky_relu) expected[i] *= 0.25f;
        }
        CHECK(on_device(gpu, s.shape, s.images, with, epilogue).output == expected);
      }
    }
  }
}

TEST_CASE("shapes that the compiler knows give the same bits") {
  for (const auto precision : {mc::math::float32, mc::math::bf16}) {
    const mc::context gpu(0, precision);
    check_known<square(3, 9, 32, 3, 1, 1)>(gpu, 2);
    if (precision == mc::math::float32) check_known<square(3, 11, 64, 7, 2, 3)>(gpu, 1);
    check_known<square(12, 7, 20, 3, 1, 2, 2)>(gpu, 2);
    check_known<square(8, 6, 12, 3, 2, 1, 1, 2)>(gpu, 3);
    check_known<square(6, 5, 6, 3, 2, 1, 1, 6)>(gpu, 3);
    check_known<kernel::conv2d_shape{.in_channels = 16, .in_width = 40, .out_channels = 8, .kernel_width = 3}>(gpu, 2);
    check_known<square(2, 3, 2, 5)>(gpu, 2);
  }
}

TEST_CASE("pointers that are not multiples of 16 bytes are fine, known shape or not") {
  const mc::context gpu;
  constexpr auto shape = square(8, 5, 12, 3, 1, 1);
  const sample s{shape, 2};
  const auto with = operands_of<float>(s);
  const auto r = on_device(gpu, shape, 2, with);
  CHECK(on_device(gpu, shape, 2, with, {}, 1) == r);
  CHECK(on_device(gpu, kernel::constant_conv2d<shape>{}, 2, with, {}, 1) == r);
  CHECK(on_device(gpu, shape, 2, with, {}, 2) == r);
}

TEST_CASE("where a device refuses tiles, a thread computes each result") {
  const cuda_shim::scope scope;
  const mc::context gpu;
  cuda_shim::fail("cudaOccupancyMaxActiveBlocksPerMultiprocessor", cudaErrorInvalidValue, 0, 0);
  std::size_t number = 0;
  for (const sample& s : samples()) {
    CAPTURE(number);
    const auto with = operands_of<float>(s);
    const auto r = on_device(gpu, s.shape, s.images, with);
    check_sums(r, s, widened(with), 12);
    if (has_avx2()) {
      const auto cpu = on_cpu<float>(s, with, {}, kernel::simd_level::avx2);
      CHECK(r.output == cpu.output);
      CHECK(r.input == cpu.input);
    }
    ++number;
  }
}

TEST_CASE("tensor cores multiply rounded factors and sum in float32") {
  for (const auto precision : {mc::math::tf32, mc::math::bf16}) {
    const mc::context gpu(0, precision);
    const bool even = precision == mc::math::bf16;
    for (const std::size_t number : {2u, 4u, 5u, 8u, 9u, 10u, 11u, 15u, 17u}) {
      CAPTURE(number, even);
      const sample& s = samples()[number];
      const auto with = operands_of<float>(s);
      const auto r = on_device(gpu, s.shape, s.images, with);
      auto exact = rounded(widened(with), even ? 8 : 11, even);
      const auto expected = on_cpu<double>(s, exact, {}), sizes = on_cpu<double>(s, magnitudes(exact), {});
      CHECK(worst_error(r.output, expected.output, sizes.output) < 12);
      CHECK(worst_error(r.input, expected.input, sizes.input) < 12);
      CHECK(worst_error(r.weights, expected.weights, sizes.weights) < 12);
      // Nothing is multiplied for the bias, and nothing rounded.
      CHECK(r.bias == on_device(mc::context(), s.shape, s.images, with).bias);
    }
  }
}

TEST_CASE("large tiles on tensor cores") {
  // A shape that the compiler knows has the tiles of a batch of usual size, also for one picture.
  constexpr auto shape = square(8, 17, 132, 1);
  CHECK(mc::conv_forward_tiling(shape, mc::conv_usual_images, true) == mc::conv_tiling::large);
  const sample s{shape, 1};
  const auto with = operands_of<float>(s);
  for (const auto precision : {mc::math::tf32, mc::math::bf16}) {
    const mc::context gpu(0, precision);
    const bool even = precision == mc::math::bf16;
    const auto exact = rounded(widened(with), even ? 8 : 11, even);
    const auto expected = on_cpu<double>(s, exact, {}), sizes = on_cpu<double>(s, magnitudes(exact), {});
    const mc::buffer<float> x(gpu, std::span<const float>(with.x)), w(gpu, std::span<const float>(with.w));
    mc::buffer<float> y(gpu, with.dy.size());
    float* const scratch = nullptr;
    mc::conv2d_forward(gpu, kernel::constant_conv2d<shape>{}, s.images, x.on(gpu), w.on(gpu), {}, y.on(gpu), scratch);
    std::vector<float> output(with.dy.size());
    y.download(gpu, output);
    CHECK(worst_error(output, expected.output, sizes.output) < 12);
  }
}

TEST_CASE("gradients nobody wants are left out on the device") {
  const cuda_shim::scope scope;
  const mc::context gpu;
  const sample& s = samples()[2];
  const auto with = operands_of<float>(s);
  const mc::buffer<float> x(gpu, std::span<const float>(with.x)), dy(gpu, std::span<const float>(with.dy)),
      w(gpu, std::span<const float>(with.w));
  mc::buffer<float> dw(gpu, with.w.size());
  dw.clear(gpu);
  float* const scratch = nullptr;
  mc::conv2d_backward_weights(gpu, s.shape, s.images, x.on(gpu), dy.on(gpu), dw.on(gpu), nullptr, scratch);
  std::vector<float> weights(with.w.size());
  dw.download(gpu, weights);
  const auto r = on_device(gpu, s.shape, s.images, with);
  for (std::size_t i = 0; i < weights.size(); ++i) CHECK(weights[i] + before == Approx(r.weights[i]).margin(1e-4));
  cuda_shim::reset_counters();
  mc::conv2d_backward_input(gpu, s.shape, s.images, w.on(gpu), dy.on(gpu), nullptr, scratch);
  CHECK(cuda_shim::counters().launches == 0);
}

TEST_CASE("a convolution waits for nothing, and its second call allocates nothing") {
  const cuda_shim::scope scope;
  const mc::context gpu;
  const sample s{{.in_channels = 16, .in_width = 700, .out_channels = 8, .kernel_width = 3, .stride_width = 2}, 2};
  const auto with = operands_of<float>(s);
  const mc::buffer<float> x(gpu, std::span<const float>(with.x)), dy(gpu, std::span<const float>(with.dy)),
      w(gpu, std::span<const float>(with.w));
  mc::buffer<float> y(gpu, with.dy.size()), dx(gpu, with.x.size()), dw(gpu, with.w.size()), db(gpu, s.shape.out_channels);
  for (const std::size_t allocations : {1u, 0u}) {
    cuda_shim::reset_counters();
    float* const scratch = nullptr;
    mc::conv2d_forward(gpu, s.shape, s.images, x.on(gpu), w.on(gpu), {}, y.on(gpu), scratch);
    mc::conv2d_backward_input(gpu, s.shape, s.images, w.on(gpu), dy.on(gpu), dx.on(gpu), scratch);
    mc::conv2d_backward_weights(gpu, s.shape, s.images, x.on(gpu), dy.on(gpu), dw.on(gpu), db.on(gpu), scratch);
    CHECK(cuda_shim::counters().allocations <= allocations);
    CHECK(cuda_shim::counters().synchronisations == 0);
    CHECK(cuda_shim::counters().copies == 0);
  }
}

TEST_CASE("sizes beyond 32 bits are refused by name, before anything is queued") {
  const mc::context gpu;
  const float* const none = nullptr;
  float* const nowhere = nullptr;
  const auto many = square(64, 224, 64, 3, 1, 1);
  const auto forward =
      test::thrown<mm::limit_error>([&] { mc::conv2d_forward(gpu, many, 4096, none, none, {}, nowhere, nowhere); });
  CHECK_THAT(forward, test::contains("cuda::conv2d_forward: input elements"));
  CHECK_THAT(forward, test::contains("exceeds the limit of 2147483647"));
  const auto weights = test::thrown<mm::limit_error>(
      [&] { mc::conv2d_backward_weights(gpu, square(65536, 3, 65536, 3), 1, none, none, nowhere, nowhere, nowhere); });
  CHECK_THAT(weights, test::contains("cuda::conv2d_backward_weights: weights"));
  float something = 0;
  auto padded = square(1, 3, 1, 3);
  padded.padding_width = std::size_t{1} << 40;
  const auto input =
      test::thrown<mm::limit_error>([&] { mc::conv2d_backward_input(gpu, padded, 1, none, none, &something, nowhere); });
  CHECK_THAT(input, test::contains("cuda::conv2d_backward_input: padding"));
  CHECK_THAT(test::thrown<mm::limit_error>(
                 [&] { mc::conv2d_forward(gpu, square(1, 3, 1, 3), ~std::size_t{0}, none, none, {}, nowhere, nowhere); }),
             test::contains("cuda::conv2d_forward: input elements 18446744073709551615"));
}
