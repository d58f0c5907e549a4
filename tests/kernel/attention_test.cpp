#include <mmrec/kernel/attention.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

template <class T>
struct results {
  std::vector<T> y, gradients;
  friend bool operator==(const results&, const results&) = default;
};

/// Queries, keys and values side by side; NaN in the steps that do not count, where nothing may be read.
template <class T>
struct inputs {
  kernel::attention_shape shape;
  std::size_t features;
  std::vector<T> projected, dy;

  explicit inputs(const kernel::attention_shape& given) : shape(given), features(given.heads * given.width) {
    mm::random_stream random(mm::seed{31});
    const std::size_t rows = shape.examples * shape.steps;
    projected.resize(rows * 3 * features);
    dy.resize(rows * features);
    for (T& value : projected) value = static_cast<T>(2.0 * random.normal());
    for (T& value : dy) value = static_cast<T>(random.normal());
    for (std::size_t row = 0; row < rows; ++row) {
      if (row % shape.steps < shape.length(row / shape.steps)) continue;
      std::fill_n(projected.begin() + static_cast<std::ptrdiff_t>(row * 3 * features), 3 * features,
                  std::numeric_limits<T>::quiet_NaN());
      std::fill_n(dy.begin() + static_cast<std::ptrdiff_t>(row * features), features, T(0));
    }
  }
  const T* at(std::size_t example, std::size_t step, std::size_t part, std::size_t head) const {
    return projected.data() + (example * shape.steps + step) * 3 * features + part * features + head * shape.width;
  }
};

template <class T, class Exec>
results<T> attend(const Exec& exec, const inputs<T>& in, kernel::simd_level level) {
  const std::size_t features = in.features;
  results<T> r{std::vector<T>(in.dy.size(), T(7)), std::vector<T>(in.projected.size(), T(7))};
  std::vector<T> scratch(std::max(kernel::attention_forward_scratch<T>(in.shape, exec.concurrency()),
                                  kernel::attention_backward_scratch<T>(in.shape, exec.concurrency())),
                         T(1e30));
  const T* const from = in.projected.data();
  T* const to = r.gradients.data();
  const kernel::attention_rows<const T> rows{from, from + features, from + 2 * features, 3 * features};
  const std::size_t allocations = test::allocations_of([&] {
    kernel::attention_forward(exec, in.shape, rows, r.y.data(), scratch.data(), level);
    kernel::attention_backward(exec, in.shape, rows, in.dy.data(),
                               kernel::attention_rows<T>{to, to + features, to + 2 * features, 3 * features}, scratch.data(),
                               level);
  });
  if (exec.concurrency() == 1) CHECK(allocations == 0);
  return r;
}

/// By definition, in double.
template <class T>
results<double> reference(const inputs<T>& in) {
  const kernel::attention_shape& shape = in.shape;
  const std::size_t width = shape.width, features = in.features;
  results<double> r{std::vector<double>(in.dy.size(), 0.0), std::vector<double>(in.projected.size(), 0.0)};
  const double scale = 1.0 / std::sqrt(static_cast<double>(width));
  const auto dot = [width](const T* a, const T* b) {
    double sum = 0.0;
    for (std::size_t i = 0; i < width; ++i) sum += static_cast<double>(a[i]) * static_cast<double>(b[i]);
    return sum;
  };
  for (std::size_t example = 0; example < shape.examples; ++example) {
    for (std::size_t head = 0; head < shape.heads; ++head) {
      const std::size_t length = shape.length(example);
      const auto gradient = [&](std::size_t step, std::size_t part) {
        return r.gradients.data() + (example * shape.steps + step) * 3 * features + part * features + head * width;
      };
      for (std::size_t query = 0; query < length; ++query) {
        std::vector<double> p(length), by_p(length);
        double sum = 0.0, mixed = 0.0;
        for (std::size_t key = 0; key < length; ++key) {
          p[key] = std::exp(scale * dot(in.at(example, query, 0, head), in.at(example, key, 1, head)));
          sum += p[key];
        }
        const std::size_t out = (example * shape.steps + query) * features + head * width;
        for (std::size_t key = 0; key < length; ++key) {
          p[key] /= sum;
          by_p[key] = dot(in.dy.data() + out, in.at(example, key, 2, head));
          mixed += p[key] * by_p[key];
        }
        for (std::size_t key = 0; key < length; ++key) {
          const double by_score = p[key] * (by_p[key] - mixed) * scale;
          for (std::size_t i = 0; i < width; ++i) {
            r.y[out + i] += p[key] * static_cast<double>(in.at(example, key, 2, head)[i]);
            gradient(query, 0)[i] += by_score * static_cast<double>(in.at(example, key, 1, head)[i]);
            gradient(key, 1)[i] += by_score * static_cast<double>(in.at(example, query, 0, head)[i]);
            gradient(key, 2)[i] += p[key] * static_cast<double>(in.dy[out + i]);
          }
        }
      }
    }
  }
  return r;
}
template <class T>
double difference(const std::vector<T>& actual, const std::vector<double>& expected) {
  double worst = 0.0, largest = 1e-30;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    const double error = std::abs(static_cast<double>(actual[i]) - expected[i]);
    worst = error >= 0.0 ? std::max(worst, error) : 1e9;  // NaN is an error
    largest = std::max(largest, std::abs(expected[i]));
  }
  return worst / largest;
}

const std::uint32_t ragged[] = {4, 0, 1, 5};
const std::uint32_t long_ragged[] = {300, 129};

}  // namespace

TEMPLATE_TEST_CASE("attention and its gradients follow their definitions, at every level", "", float, double) {
  const kernel::attention_shape shapes[] = {{1, 1, 1, 1, nullptr},   {2, 3, 2, 5, nullptr},        {4, 5, 3, 8, ragged},
                                            {1, 17, 2, 33, nullptr}, {2, 300, 1, 16, long_ragged}, {1, 128, 1, 64, nullptr}};
  for (const kernel::attention_shape& shape : shapes) {
    const inputs<TestType> in(shape);
    const auto expected = reference(in);
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(kernel::name_of(level), shape.examples, shape.steps, shape.heads, shape.width);
      const auto actual = attend(mm::exec::cpu{}, in, level);
      const double bound = sizeof(TestType) == 4 ? 1e-5 : 1e-13;
      CHECK(difference(actual.y, expected.y) <= bound);
      CHECK(difference(actual.gradients, expected.gradients) <= bound);
    }
  }
}

TEST_CASE("attention has the same bits for any number of threads") {
  const inputs<float> in({4, 5, 3, 8, ragged}), large({2, 300, 2, 16, long_ragged});
  for (const auto level : kernel::usable_simd_levels()) {
    for (const std::size_t threads : {2u, 8u}) {
      CHECK(attend(mm::exec::cpu{}, in, level) == attend(mm::exec::cpu{.threads = threads}, in, level));
      CHECK(attend(mm::exec::cpu{}, large, level) == attend(mm::exec::cpu{.threads = threads}, large, level));
    }
  }
}

TEST_CASE("an example alone, and without its padding, has the bits it has in a batch") {
  const inputs<float> in({2, 300, 2, 16, long_ragged});
  const auto level = kernel::best_simd_level();
  const auto batch = attend(mm::exec::cpu{}, in, level);
  inputs<float> alone({1, 129, 2, 16, nullptr});
  std::copy_n(in.projected.begin() + 300 * 96, alone.projected.size(), alone.projected.begin());
  std::copy_n(in.dy.begin() + 300 * 32, alone.dy.size(), alone.dy.begin());
  const auto single = attend(mm::exec::cpu{}, alone, level);
  CHECK(std::equal(single.y.begin(), single.y.end(), batch.y.begin() + 300 * 32));
  CHECK(std::equal(single.gradients.begin(), single.gradients.end(), batch.gradients.begin() + 300 * 96));
}

TEST_CASE("scores that overflow an exponential are no trouble") {
  inputs<float> in({1, 3, 1, 4, nullptr});
  for (float& value : in.projected) value *= 1000.0f;
  const auto r = attend(mm::exec::cpu{}, in, kernel::best_simd_level());
  CHECK(std::all_of(r.y.begin(), r.y.end(), [](float value) { return std::isfinite(value); }));
  CHECK(std::all_of(r.gradients.begin(), r.gradients.end(), [](float value) { return std::isfinite(value); }));
}

TEST_CASE("attention on nothing does nothing") {
  for (const kernel::attention_shape& shape : {kernel::attention_shape{0, 4, 2, 8, nullptr}, {3, 0, 2, 8, nullptr}}) {
    const inputs<float> in(shape);
    CHECK(attend(mm::exec::cpu{}, in, kernel::best_simd_level()).y.empty());
  }
}
