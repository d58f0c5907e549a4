#include <mmrec/kernel/pool.hpp>

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

/// Whole numbers from -4 to 4, so that windows hold equal ones.
template <class T>
std::vector<T> coarse_values(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{5}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(std::floor(random.uniform() * 9) - 4);
  return values;
}

struct sample {
  kernel::pool2d_shape shape;
  std::size_t images;
};

const std::vector<sample>& samples() {
  static const std::vector<sample> all = {
      {{}, 1},
      {{.channels = 3,
        .in_height = 7,
        .in_width = 5,
        .window_height = 2,
        .window_width = 2,
        .stride_height = 2,
        .stride_width = 2},
       3},
      {{.channels = 64,
        .in_height = 9,
        .in_width = 8,
        .window_height = 3,
        .window_width = 3,
        .stride_height = 2,
        .stride_width = 2,
        .padding_height = 1,
        .padding_width = 1},
       2},
      {{.channels = 131,
        .in_height = 5,
        .in_width = 6,
        .window_height = 3,
        .window_width = 2,
        .stride_height = 1,
        .stride_width = 3,
        .padding_width = 1},
       2},
      {{.channels = 35, .in_width = 40, .window_width = 4, .stride_width = 3, .padding_width = 2}, 2},
      {{.channels = 4, .in_height = 3, .in_width = 3, .window_height = 3, .window_width = 3}, 2},
      {{.channels = 4, .in_height = 2, .in_width = 2, .window_height = 3, .window_width = 3}, 2},
      {{.channels = 4, .in_height = 2, .in_width = 0, .window_width = 2, .padding_width = 1}, 2},
      {{.channels = 4, .in_height = 2, .in_width = 2}, 0},
  };
  return all;
}

template <class T>
struct results {
  std::vector<T> max, max_gradient, average[2], average_gradient[2];
  friend bool operator==(const results&, const results&) = default;
};

/// Straight from the definition.
template <class T>
results<T> expected_of(const sample& s, const std::vector<T>& x, const std::vector<T>& dy) {
  const auto& p = s.shape;
  results<T> r;
  r.max.resize(dy.size()), r.max_gradient.resize(x.size());
  for (auto& v : r.average) v.resize(dy.size());
  for (auto& v : r.average_gradient) v.resize(x.size());
  std::size_t at = 0;
  for (std::size_t n = 0; n < s.images; ++n)
    for (std::size_t oy = 0; oy < p.out_height(); ++oy)
      for (std::size_t ox = 0; ox < p.out_width(); ++ox)
        for (std::size_t c = 0; c < p.channels; ++c, ++at) {
          std::vector<std::size_t> inside;
          for (std::size_t ky = 0; ky < p.window_height; ++ky)
            for (std::size_t kx = 0; kx < p.window_width; ++kx) {
              const std::size_t y = oy * p.stride_height + ky, x0 = ox * p.stride_width + kx;
              if (y < p.padding_height || y - p.padding_height >= p.in_height) continue;
              if (x0 < p.padding_width || x0 - p.padding_width >= p.in_width) continue;
              inside.push_back(((n * p.in_height + y - p.padding_height) * p.in_width + x0 - p.padding_width) * p.channels +
                               c);
            }
          const std::size_t best =
              *std::max_element(inside.begin(), inside.end(), [&](auto a, auto b) { return x[a] < x[b]; });
          r.max[at] = x[best];
          r.max_gradient[best] += dy[at];
          const T counts[2] = {static_cast<T>(p.window_height * p.window_width), static_cast<T>(inside.size())};
          for (int divisor = 0; divisor < 2; ++divisor) {
            T sum = 0;
            for (const std::size_t i : inside) sum += x[i];
            r.average[divisor][at] = sum * (T(1) / counts[divisor]);
            for (const std::size_t i : inside) r.average_gradient[divisor][i] += dy[at] * (T(1) / counts[divisor]);
          }
        }
  return r;
}

template <class T>
results<T> run(const sample& s, const std::vector<T>& x, const std::vector<T>& dy, const mm::exec::cpu& exec,
               kernel::simd_level level) {
  const T none = std::numeric_limits<T>::quiet_NaN();
  const std::vector<T> out(dy.size(), none), in(x.size(), none);
  results<T> r{out, in, {out, out}, {in, in}};
  kernel::max_pool2d_forward(exec, s.shape, s.images, x.data(), r.max.data(), level);
  kernel::max_pool2d_backward(exec, s.shape, s.images, x.data(), dy.data(), r.max_gradient.data(), level);
  for (int i = 0; i < 2; ++i) {
    const auto divisor = i == 0 ? kernel::pool_divisor::window : kernel::pool_divisor::inside;
    kernel::average_pool2d_forward(exec, s.shape, s.images, x.data(), r.average[i].data(), divisor, level);
    kernel::average_pool2d_backward(exec, s.shape, s.images, dy.data(), r.average_gradient[i].data(), divisor, level);
  }
  return r;
}

template <class T>
void check_near(const std::vector<T>& values, const std::vector<T>& expected) {
  REQUIRE(values.size() == expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i)
    worst = std::max(worst, static_cast<double>(std::abs(values[i] - expected[i])));
  CHECK(worst <= 40 * std::numeric_limits<T>::epsilon());
  CHECK(std::none_of(values.begin(), values.end(), [](T value) { return std::isnan(value); }));
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

TEMPLATE_TEST_CASE("windows: maxima, averages and their gradients, at every level and number of threads", "", float,
                   double) {
  using T = TestType;
  for (const sample& s : samples()) {
    const auto x = coarse_values<T>(s.images * s.shape.in_size(), 1),
               dy = coarse_values<T>(s.images * s.shape.out_size(), 2);
    const auto expected = expected_of(s, x, dy);
    const auto best = run(s, x, dy, {}, kernel::best_simd_level());
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(kernel::name_of(level), s.shape.channels, s.shape.in_width);
      const auto r = run(s, x, dy, {}, level);
      CHECK(r.max == expected.max);
      CHECK(r.max_gradient == expected.max_gradient);
      for (int i = 0; i < 2; ++i) {
        check_near(r.average[i], expected.average[i]);
        check_near(r.average_gradient[i], expected.average_gradient[i]);
      }
      CHECK(r == best);
    }
    for (const std::size_t threads : {2u, 8u}) CHECK(run(s, x, dy, {.threads = threads}, kernel::best_simd_level()) == best);
  }
}

TEMPLATE_TEST_CASE("global pooling counts the first positions of each sequence only", "", float, double) {
  using T = TestType;
  const std::size_t images = 4, positions = 9, channels = 133;
  const std::vector<std::uint32_t> lengths = {9, 0, 1, 5};
  const auto x = coarse_values<T>(images * positions * channels, 1), dy = coarse_values<T>(images * channels, 2);
  for (const bool whole : {false, true}) {
    for (const auto level : kernel::usable_simd_levels()) {
      for (const std::size_t threads : {1u, 2u, 8u}) {
        CAPTURE(kernel::name_of(level), threads, whole);
        const mm::exec::cpu exec{.threads = threads};
        const T none = std::numeric_limits<T>::quiet_NaN();
        std::vector<T> max(dy.size(), none), average(dy.size(), none), max_gradient(x.size(), none),
            average_gradient(x.size(), none);
        const std::uint32_t* used = whole ? nullptr : lengths.data();
        kernel::global_max_pool_forward(exec, images, positions, channels, used, x.data(), max.data(), level);
        kernel::global_max_pool_backward(exec, images, positions, channels, used, x.data(), dy.data(), max_gradient.data(),
                                         level);
        kernel::global_average_pool_forward(exec, images, positions, channels, used, x.data(), average.data(), level);
        kernel::global_average_pool_backward(exec, images, positions, channels, used, dy.data(), average_gradient.data(),
                                             level);
        std::vector<T> expected_max(dy.size()), expected_average(dy.size()), expected_max_gradient(x.size()),
            expected_average_gradient(x.size());
        for (std::size_t n = 0; n < images; ++n) {
          const std::size_t length = whole ? positions : lengths[n];
          for (std::size_t c = 0; c < channels && length > 0; ++c) {
            const auto at = [&](std::size_t t) { return (n * positions + t) * channels + c; };
            std::size_t best = 0;
            T sum = 0;
            for (std::size_t t = 0; t < length; ++t) {
              if (x[at(t)] > x[at(best)]) best = t;
              sum += x[at(t)];
              expected_average_gradient[at(t)] = dy[n * channels + c] / static_cast<T>(length);
            }
            expected_max[n * channels + c] = x[at(best)];
            expected_max_gradient[at(best)] = dy[n * channels + c];
            expected_average[n * channels + c] = sum / static_cast<T>(length);
          }
        }
        CHECK(max == expected_max);
        CHECK(max_gradient == expected_max_gradient);
        check_near(average, expected_average);
        check_near(average_gradient, expected_average_gradient);
      }
    }
  }
}

TEST_CASE("not-a-number wins over every number, wherever it stands") {
  const float none = std::numeric_limits<float>::quiet_NaN();
  for (std::size_t place = 0; place < 4; ++place) {
    std::vector<float> x = {1, 2, 3, 4}, dx(4);
    x[place] = none;
    float y = 0;
    const float dy = 1;
    for (const auto level : kernel::usable_simd_levels()) {
      const kernel::pool2d_shape shape{.in_height = 2, .in_width = 2, .window_height = 2, .window_width = 2};
      kernel::max_pool2d_forward(mm::exec::cpu{}, shape, 1, x.data(), &y, level);
      kernel::max_pool2d_backward(mm::exec::cpu{}, shape, 1, x.data(), &dy, dx.data(), level);
      CHECK(std::isnan(y));
      CHECK(dx[place] == 1);
    }
  }
}

TEST_CASE("sequences without steps pool to zeros, and nothing is allocated") {
  std::vector<float> y = {1, 2};
  kernel::global_average_pool_forward<mm::exec::cpu, float>({}, 1, 0, 2, nullptr, nullptr, y.data());
  CHECK(y == std::vector<float>{0, 0});
  const sample s = samples()[2];
  const auto x = coarse_values<float>(s.images * s.shape.in_size(), 1),
             dy = coarse_values<float>(s.images * s.shape.out_size(), 2);
  std::vector<float> out(dy.size()), dx(x.size());
  CHECK(test::allocations_of([&] {
          kernel::max_pool2d_forward(mm::exec::cpu{}, s.shape, s.images, x.data(), out.data());
          kernel::max_pool2d_backward(mm::exec::cpu{}, s.shape, s.images, x.data(), dy.data(), dx.data());
          kernel::average_pool2d_forward(mm::exec::cpu{}, s.shape, s.images, x.data(), out.data());
          kernel::average_pool2d_backward(mm::exec::cpu{}, s.shape, s.images, dy.data(), dx.data());
        }) == 0);
}

TEMPLATE_TEST_CASE("pooling equals PyTorch's", "", float, double) {
  using T = TestType;
  const auto cases = golden_cases("pool2d");
  REQUIRE(cases.size() == 3);
  for (const auto& golden : cases) {
    const auto& n = golden.numbers;
    const sample s{{n[0], n[1], n[2], n[3], n[4], n[5], n[6], n[7], n[8]}, n[9]};
    const auto r = run<T>(s, golden_values<T>(s.images * s.shape.in_size(), 0),
                          golden_values<T>(s.images * s.shape.out_size(), 3), {}, kernel::best_simd_level());
    check_golden(r.max, golden.arrays.at("max"));
    check_golden(r.max_gradient, golden.arrays.at("max_gradient"));
    check_golden(r.average[0], golden.arrays.at("average"));
    check_golden(r.average_gradient[0], golden.arrays.at("average_gradient"));
    check_golden(r.average[1], golden.arrays.at("inside"));
    check_golden(r.average_gradient[1], golden.arrays.at("inside_gradient"));
  }
}
