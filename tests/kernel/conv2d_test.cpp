#include <mmrec/kernel/conv2d.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <limits>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

template <class T>
std::vector<T> random_values(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{7}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

struct sample {
  kernel::conv2d_shape shape;
  std::size_t images;
};

/// Odd sizes on purpose: nothing is a multiple of a vector, a tile or a block.
const std::vector<sample>& samples() {
  static const std::vector<sample> all = {
      {{}, 1},
      {{.in_channels = 1, .in_height = 5, .in_width = 4, .out_channels = 1, .kernel_height = 3, .kernel_width = 3}, 2},
      {{.in_channels = 3,
        .in_height = 9,
        .in_width = 11,
        .out_channels = 5,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 1},
       3},
      {{.in_channels = 3,
        .in_height = 19,
        .in_width = 17,
        .out_channels = 65,
        .kernel_height = 7,
        .kernel_width = 7,
        .stride_height = 2,
        .stride_width = 2,
        .padding_height = 3,
        .padding_width = 3},
       2},
      {{.in_channels = 17,
        .in_height = 7,
        .in_width = 7,
        .out_channels = 80,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 1},
       5},
      {{.in_channels = 70, .in_height = 13, .in_width = 6, .out_channels = 33}, 4},
      {{.in_channels = 66, .in_height = 8, .in_width = 9, .out_channels = 19, .stride_height = 2, .stride_width = 2}, 2},
      {{.in_channels = 6,
        .in_height = 10,
        .in_width = 13,
        .out_channels = 9,
        .kernel_height = 3,
        .kernel_width = 2,
        .stride_height = 3,
        .stride_width = 2,
        .padding_height = 2,
        .padding_width = 1,
        .dilation_height = 2,
        .dilation_width = 3,
        .groups = 3},
       2},
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
        .dilation_height = 2,
        .dilation_width = 1},
       2},
      {{.in_channels = 37,
        .in_height = 9,
        .in_width = 10,
        .out_channels = 37,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 1,
        .groups = 37},
       3},
      {{.in_channels = 70,
        .in_height = 11,
        .in_width = 8,
        .out_channels = 70,
        .kernel_height = 5,
        .kernel_width = 3,
        .stride_height = 2,
        .stride_width = 3,
        .padding_height = 2,
        .padding_width = 2,
        .dilation_width = 2,
        .groups = 70},
       2},
      {{.in_channels = 5,
        .in_height = 8,
        .in_width = 6,
        .out_channels = 10,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 1,
        .groups = 5},
       2},
      {{.in_channels = 130, .in_width = 23, .out_channels = 49, .kernel_width = 5, .padding_width = 2}, 3},
      {{.in_channels = 40, .in_width = 900, .out_channels = 7, .kernel_width = 3, .stride_width = 2}, 1},
      {{.in_channels = 24, .in_width = 5, .out_channels = 2, .kernel_width = 5}, 4},
      {{.in_channels = 300, .in_width = 4, .out_channels = 1, .kernel_width = 2}, 2},
      {{.in_channels = 8,
        .in_height = 30,
        .in_width = 31,
        .out_channels = 48,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 1},
       2},
      {{.in_channels = 2, .in_height = 3, .in_width = 3, .out_channels = 2, .kernel_height = 5, .kernel_width = 5}, 2},
      {{.in_channels = 2, .in_height = 3, .in_width = 0, .out_channels = 2, .kernel_width = 3, .padding_width = 2}, 2},
      {{.in_channels = 4,
        .in_height = 3,
        .in_width = 3,
        .out_channels = 4,
        .kernel_height = 3,
        .kernel_width = 3,
        .padding_height = 1,
        .padding_width = 1},
       0},
  };
  return all;
}

/// Sums in long double straight from the definition; `size` of a result is the sum of the magnitudes of its terms.
struct reference {
  std::vector<long double> output, output_size, input, input_size, weights, weights_size, bias, bias_size;
};

template <class T>
reference convolve(const sample& s, const std::vector<T>& x, const std::vector<T>& w, const std::vector<T>& dy) {
  const auto& p = s.shape;
  const std::size_t oh = p.out_height(), ow = p.out_width(), ci = p.in_channels / p.groups, co = p.out_channels / p.groups;
  reference r;
  r.output.resize(s.images * p.out_size());
  r.input.resize(s.images * p.in_size());
  r.weights.resize(p.weights());
  r.bias.resize(p.out_channels);
  r.output_size = r.output, r.input_size = r.input, r.weights_size = r.weights, r.bias_size = r.bias;
  for (std::size_t n = 0; n < s.images; ++n)
    for (std::size_t oy = 0; oy < oh; ++oy)
      for (std::size_t ox = 0; ox < ow; ++ox)
        for (std::size_t o = 0; o < p.out_channels; ++o) {
          const std::size_t at = ((n * oh + oy) * ow + ox) * p.out_channels + o;
          r.bias[o] += dy[at];
          r.bias_size[o] += std::abs(static_cast<long double>(dy[at]));
          for (std::size_t ky = 0; ky < p.kernel_height; ++ky)
            for (std::size_t kx = 0; kx < p.kernel_width; ++kx) {
              const std::size_t y = oy * p.stride_height + ky * p.dilation_height,
                                x0 = ox * p.stride_width + kx * p.dilation_width;
              if (y < p.padding_height || y - p.padding_height >= p.in_height) continue;
              if (x0 < p.padding_width || x0 - p.padding_width >= p.in_width) continue;
              for (std::size_t c = 0; c < ci; ++c) {
                const std::size_t from =
                    ((n * p.in_height + y - p.padding_height) * p.in_width + x0 - p.padding_width) * p.in_channels +
                    o / co * ci + c;
                const std::size_t weight = ((ky * p.kernel_width + kx) * ci + c) * p.out_channels + o;
                const long double a = x[from], b = w[weight], g = dy[at];
                r.output[at] += a * b, r.output_size[at] += std::abs(a * b);
                r.input[from] += g * b, r.input_size[from] += std::abs(g * b);
                r.weights[weight] += g * a, r.weights_size[weight] += std::abs(g * a);
              }
            }
        }
  return r;
}

/// Largest error relative to the magnitude of the terms, in units of the rounding error.
template <class T>
double worst_error(const std::vector<T>& values, const std::vector<long double>& expected,
                   const std::vector<long double>& size) {
  REQUIRE(values.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const auto error = static_cast<double>(std::abs(values[i] - expected[i]));
    if (!(error == 0)) worst = std::max(worst, size[i] > 0 ? error / static_cast<double>(size[i]) : 1e30);
  }
  return worst / std::numeric_limits<T>::epsilon();
}

template <class T>
struct results {
  std::vector<T> output, packed_output, input, weights, bias;
  friend bool operator==(const results&, const results&) = default;
};

template <class T>
results<T> run(const sample& s, const std::vector<T>& x, const std::vector<T>& w, const std::vector<T>& dy,
               const kernel::conv2d_epilogue<T>& epilogue, const mm::exec::cpu& exec, kernel::simd_level level) {
  const auto& p = s.shape;
  // What is overwritten begins as not-a-number, scratch too; what is added to begins at 0. One guard element follows each.
  const T none = std::numeric_limits<T>::quiet_NaN();
  const auto scratch = [&](std::size_t size) {
    std::vector<T> memory(size + 1, none);
    memory[size] = T(99);
    return memory;
  };
  results<T> r{std::vector<T>(s.images * p.out_size(), none), std::vector<T>(s.images * p.out_size(), none),
               std::vector<T>(s.images * p.in_size(), none), std::vector<T>(p.weights()), std::vector<T>(p.out_channels)};
  const std::size_t threads = exec.concurrency();
  auto forward = scratch(kernel::conv2d_forward_scratch<T>(p, s.images, threads));
  auto packed = scratch(kernel::conv2d_packed_size<T>(p));
  auto backward = scratch(kernel::conv2d_backward_input_scratch<T>(p, s.images, threads));
  auto gradient = scratch(kernel::conv2d_backward_weights_scratch<T>(p, s.images, threads));
  kernel::conv2d_forward(exec, p, s.images, x.data(), w.data(), epilogue, r.output.data(), forward.data(), level);
  kernel::conv2d_pack(exec, p, w.data(), packed.data(), level);
  kernel::conv2d_forward_packed(exec, p, s.images, x.data(), packed.data(), epilogue, r.packed_output.data(), forward.data(),
                                level);
  kernel::conv2d_backward_input(exec, p, s.images, w.data(), dy.data(), r.input.data(), backward.data(), level);
  kernel::conv2d_backward_weights(exec, p, s.images, x.data(), dy.data(), r.weights.data(), r.bias.data(), gradient.data(),
                                  level);
  CHECK(forward.back() == T(99));
  CHECK(packed.back() == T(99));
  CHECK(backward.back() == T(99));
  CHECK(gradient.back() == T(99));
  return r;
}

/// The cases of tests/golden/conv.csv that begin with `kind`: numbers of the first line, and arrays by name.
struct golden_case {
  std::vector<std::size_t> numbers;
  std::map<std::string, std::vector<double>> arrays;
};

std::vector<golden_case> golden_cases(const std::string& kind) {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/conv.csv");
  std::vector<golden_case> cases;
  bool wanted = false;
  for (std::string line; std::getline(file, line);) {
    std::istringstream fields(line);
    std::string name, field;
    std::getline(fields, name, ',');
    std::vector<double> values;
    while (std::getline(fields, field, ',')) values.push_back(std::stod(field));
    if (name != kind) {  // numbers of 4096th parts
      for (double& value : values) value /= 4096;
    }
    if (name == "conv2d" || name == "pool2d") {
      wanted = name == kind;
      if (wanted) cases.push_back({std::vector<std::size_t>(values.begin(), values.end()), {}});
    } else if (wanted) {
      cases.back().arrays[name] = values;
    }
  }
  return cases;
}

/// Array number `number` of golden/conv.py.
template <class T>
std::vector<T> golden_values(std::size_t count, std::size_t number) {
  std::vector<T> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = (static_cast<T>((i * 37 + number * 11 + i / 7 * 5) % 101) - T(50)) / T(64);
  }
  return values;
}

template <class T>
void check_golden(const std::vector<T>& values, const std::vector<double>& expected) {
  REQUIRE(values.size() == expected.size());
  double worst = 0, largest = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(values[i]) - expected[i]));
    largest = std::max(largest, std::abs(expected[i]));
  }
  CHECK(worst <= (sizeof(T) == 4 ? 1e-6 : 1e-11) * std::max(largest, 1.0));
}

}  // namespace

TEMPLATE_TEST_CASE("convolutions and their gradients agree with long double sums, at every level", "", float, double) {
  using T = TestType;
  std::size_t number = 0;
  for (const sample& s : samples()) {
    const auto x = random_values<T>(s.images * s.shape.in_size(), 1), w = random_values<T>(s.shape.weights(), 2),
               dy = random_values<T>(s.images * s.shape.out_size(), 3);
    const reference expected = convolve(s, x, w, dy);
    std::vector<results<T>> all;
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(number, kernel::name_of(level));
      const auto r = run<T>(s, x, w, dy, {}, {}, level);
      CHECK(worst_error(r.output, expected.output, expected.output_size) < 12);
      CHECK(worst_error(r.input, expected.input, expected.input_size) < 12);
      CHECK(worst_error(r.weights, expected.weights, expected.weights_size) < 12);
      CHECK(worst_error(r.bias, expected.bias, expected.bias_size) < 12);
      CHECK(r.output == r.packed_output);
      all.push_back(r);
      if (level == kernel::simd_level::avx512) CHECK(all[1] == all[2]);
    }
    for (const std::size_t threads : {2u, 8u}) {
      CAPTURE(number, threads);
      CHECK(run<T>(s, x, w, dy, {}, {.threads = threads}, kernel::best_simd_level()) == all.back());
    }
    ++number;
  }
}

TEMPLATE_TEST_CASE("bias, residual and activation are applied to the sums", "", float, double) {
  using T = TestType;
  for (const sample& s : {samples()[4], samples()[9], samples()[12]}) {
    const auto x = random_values<T>(s.images * s.shape.in_size(), 1), w = random_values<T>(s.shape.weights(), 2),
               dy = random_values<T>(s.images * s.shape.out_size(), 3), bias = random_values<T>(s.shape.out_channels, 4),
               residual = random_values<T>(s.images * s.shape.out_size(), 5);
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(kernel::name_of(level));
      const auto plain = run<T>(s, x, w, dy, {}, {}, level);
      for (const auto activation :
           {kernel::conv2d_activation::none, kernel::conv2d_activation::relu, kernel::conv2d_activation::leaky_relu}) {
        for (const bool with_residual : {false, true}) {
          const kernel::conv2d_epilogue<T> epilogue{.bias = bias.data(),
                                                    .residual = with_residual ? residual.data() : nullptr,
                                                    .activation = activation,
                                                    .slope = T(0.25)};
          const auto r = run<T>(s, x, w, dy, epilogue, {}, level);
          std::vector<T> expected = plain.output;
          for (std::size_t i = 0; i < expected.size(); ++i) {
            expected[i] += bias[i % s.shape.out_channels];
            if (with_residual) expected[i] += residual[i];
            if (expected[i] < 0 && activation == kernel::conv2d_activation::relu) expected[i] = 0;
            if (expected[i] < 0 && activation == kernel::conv2d_activation::leaky_relu) expected[i] *= T(0.25);
          }
          CHECK(r.output == expected);
          CHECK(r.packed_output == expected);
        }
      }
    }
  }
}

TEST_CASE("not-a-number passes activations") {
  const kernel::conv2d_shape shape{.in_channels = 2, .in_width = 3, .out_channels = 2};
  std::vector<float> x = {1, 2, std::numeric_limits<float>::quiet_NaN(), 1, 2, 1}, w = {1, 2, 3, 4}, y(6);
  std::vector<float> scratch(kernel::conv2d_forward_scratch<float>(shape, 1, 1));
  for (const auto level : kernel::usable_simd_levels()) {
    for (const auto activation : {kernel::conv2d_activation::relu, kernel::conv2d_activation::leaky_relu}) {
      kernel::conv2d_forward(mm::exec::cpu{}, shape, 1, x.data(), w.data(), {.activation = activation}, y.data(),
                             scratch.data(), level);
      CHECK(std::isnan(y[2]));
      CHECK(y[0] == 7);
    }
  }
}

TEST_CASE("images of a batch do not depend on each other") {
  const sample s = samples()[4];
  const auto x = random_values<float>(s.images * s.shape.in_size(), 1), w = random_values<float>(s.shape.weights(), 2),
             dy = random_values<float>(s.images * s.shape.out_size(), 3);
  const auto whole = run<float>(s, x, w, dy, {}, {}, kernel::best_simd_level());
  const auto part = [](const std::vector<float>& values, std::size_t size, std::size_t image) {
    const auto begin = values.begin() + static_cast<std::ptrdiff_t>(size * image);
    return std::vector<float>(begin, begin + static_cast<std::ptrdiff_t>(size));
  };
  for (std::size_t n = 0; n < s.images; ++n) {
    const auto one = run<float>({s.shape, 1}, part(x, s.shape.in_size(), n), w, part(dy, s.shape.out_size(), n), {}, {},
                                kernel::best_simd_level());
    CHECK(one.output == part(whole.output, s.shape.out_size(), n));
    CHECK(one.input == part(whole.input, s.shape.in_size(), n));
  }
}

TEST_CASE("gradients of parameters are added, and gradients nobody wants are left out") {
  const sample s = samples()[2];
  const auto x = random_values<float>(s.images * s.shape.in_size(), 1), w = random_values<float>(s.shape.weights(), 2),
             dy = random_values<float>(s.images * s.shape.out_size(), 3);
  std::vector<float> weights(w.size(), 2.0f), scratch(kernel::conv2d_backward_weights_scratch<float>(s.shape, s.images, 1));
  kernel::conv2d_backward_weights(mm::exec::cpu{}, s.shape, s.images, x.data(), dy.data(), weights.data(), nullptr,
                                  scratch.data());
  const auto r = run<float>(s, x, w, dy, {}, {}, kernel::best_simd_level());
  for (std::size_t i = 0; i < w.size(); ++i) CHECK(weights[i] == Approx(2 + r.weights[i]).margin(1e-4));
  kernel::conv2d_backward_input(mm::exec::cpu{}, s.shape, s.images, w.data(), dy.data(), nullptr, scratch.data());
}

TEST_CASE("nothing is allocated") {
  for (const sample& s : {samples()[3], samples()[9], samples()[12]}) {
    const auto& p = s.shape;
    const auto x = random_values<float>(s.images * p.in_size(), 1), w = random_values<float>(p.weights(), 2),
               dy = random_values<float>(s.images * p.out_size(), 3);
    std::vector<float> y(dy.size()), dx(x.size()), dw(w.size()), db(p.out_channels),
        packed(kernel::conv2d_packed_size<float>(p));
    std::vector<float> scratch(std::max({kernel::conv2d_forward_scratch<float>(p, s.images, 1),
                                         kernel::conv2d_backward_input_scratch<float>(p, s.images, 1),
                                         kernel::conv2d_backward_weights_scratch<float>(p, s.images, 1)}));
    CHECK(test::allocations_of([&] {
            const mm::exec::cpu exec;
            kernel::conv2d_forward(exec, p, s.images, x.data(), w.data(), {}, y.data(), scratch.data());
            kernel::conv2d_pack(exec, p, w.data(), packed.data());
            kernel::conv2d_forward_packed(exec, p, s.images, x.data(), packed.data(), {}, y.data(), scratch.data());
            kernel::conv2d_backward_input(exec, p, s.images, w.data(), dy.data(), dx.data(), scratch.data());
            kernel::conv2d_backward_weights(exec, p, s.images, x.data(), dy.data(), dw.data(), db.data(), scratch.data());
          }) == 0);
  }
}

TEMPLATE_TEST_CASE("convolutions equal PyTorch's", "", float, double) {
  using T = TestType;
  const auto cases = golden_cases("conv2d");
  REQUIRE(cases.size() == 8);
  for (const auto& golden : cases) {
    const auto& n = golden.numbers;
    const sample s{{n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8], n[9], n[10], n[11], n[12]}, n[13]};
    const auto bias = golden_values<T>(s.shape.out_channels, 2);
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(kernel::name_of(level), n);
      const auto r = run<T>(s, golden_values<T>(s.images * s.shape.in_size(), 0), golden_values<T>(s.shape.weights(), 1),
                            golden_values<T>(s.images * s.shape.out_size(), 3), {.bias = bias.data()}, {}, level);
      check_golden(r.output, golden.arrays.at("output"));
      check_golden(r.input, golden.arrays.at("input_gradient"));
      check_golden(r.weights, golden.arrays.at("weight_gradient"));
      check_golden(r.bias, golden.arrays.at("bias_gradient"));
    }
  }
}
