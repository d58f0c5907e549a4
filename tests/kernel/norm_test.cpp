#include <mmrec/kernel/norm.hpp>

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
std::vector<T> random_values(std::size_t count, std::uint64_t stream, double offset = 0.0) {
  mm::random_stream random(mm::seed{21}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(offset + random.normal());
  return values;
}

/// Everything that a normalisation and its gradients compute.
template <class T>
struct results {
  std::vector<T> y, mean, inverse, dx, by_gamma, by_beta, running_mean, running_variance;
  friend bool operator==(const results&, const results&) = default;
};
template <class T>
struct inputs {
  kernel::norm_shape shape;
  std::vector<T> x, dy, gamma, beta;
  inputs(const kernel::norm_shape& given, double offset)
      : shape(given),
        x(random_values<T>(given.rows() * given.width, 1, offset)),
        dy(random_values<T>(given.rows() * given.width, 2)),
        gamma(random_values<T>(given.width, 3, 1.0)),
        beta(random_values<T>(given.width, 4)) {
    for (std::size_t row = 0; row < shape.rows(); ++row) {
      if (counts(row)) continue;
      std::fill_n(dy.begin() + static_cast<std::ptrdiff_t>(row * shape.width), shape.width, T(0));
      std::fill_n(x.begin() + static_cast<std::ptrdiff_t>(row * shape.width), shape.width,
                  std::numeric_limits<T>::quiet_NaN());
    }
  }
  bool counts(std::size_t row) const {
    return shape.lengths == nullptr || row % shape.steps < shape.lengths[row / shape.steps];
  }
};

constexpr double epsilon = 1e-3;

template <class T, class Exec>
results<T> batch_norm(const Exec& exec, const inputs<T>& in, kernel::simd_level level) {
  const std::size_t size = in.x.size(), width = in.shape.width;
  results<T> r{std::vector<T>(size, T(7)),  std::vector<T>(width),       std::vector<T>(width),
               std::vector<T>(size, T(7)),  std::vector<T>(width, T(1)), std::vector<T>(width, T(2)),
               std::vector<T>(width, T(0)), std::vector<T>(width, T(1))};
  std::vector<double> scratch(kernel::norm_scratch(in.shape), 1e300);
  const std::size_t allocations = test::allocations_of([&] {
    kernel::batch_norm_forward(exec, in.shape, T(epsilon), T(0.25), in.x.data(), in.gamma.data(), in.beta.data(),
                               r.running_mean.data(), r.running_variance.data(), r.y.data(), r.mean.data(), r.inverse.data(),
                               scratch.data(), level);
    kernel::batch_norm_backward<Exec, T>(exec, in.shape, in.x.data(), in.dy.data(), in.gamma.data(), r.mean.data(),
                                         r.inverse.data(), r.by_gamma.data(), r.by_beta.data(), r.dx.data(), scratch.data(),
                                         level);
  });
  if (exec.concurrency() == 1) CHECK(allocations == 0);
  return r;
}
template <class T, class Exec>
results<T> layer_norm(const Exec& exec, const inputs<T>& in, kernel::simd_level level) {
  const std::size_t size = in.x.size(), width = in.shape.width, rows = in.shape.rows();
  results<T> r{std::vector<T>(size, T(7)),
               std::vector<T>(rows),
               std::vector<T>(rows),
               std::vector<T>(size, T(7)),
               std::vector<T>(width, T(1)),
               std::vector<T>(width, T(2)),
               {},
               {}};
  std::vector<double> scratch(kernel::norm_scratch(in.shape), 1e300);
  kernel::layer_norm_forward(exec, in.shape, T(epsilon), in.x.data(), in.gamma.data(), in.beta.data(), r.y.data(),
                             r.mean.data(), r.inverse.data(), level);
  kernel::layer_norm_backward<Exec, T>(exec, in.shape, in.x.data(), in.dy.data(), in.gamma.data(), r.mean.data(),
                                       r.inverse.data(), r.by_gamma.data(), r.by_beta.data(), r.dx.data(), scratch.data(),
                                       level);
  return r;
}

/// y, dx and the gradients by definition, in double: a group of numbers is normalised to its own mean and variance.
struct reference {
  std::vector<double> y, dx, by_gamma, by_beta;
};
template <class T>
reference normalized(const inputs<T>& in, bool by_column) {
  const std::size_t width = in.shape.width, rows = in.shape.rows();
  reference r{std::vector<double>(rows * width, 0.0), std::vector<double>(rows * width, 0.0),
              std::vector<double>(width, 1.0), std::vector<double>(width, 2.0)};
  for (std::size_t group = 0; group < (by_column ? width : rows); ++group) {
    std::vector<std::size_t> members;
    for (std::size_t other = 0; other < (by_column ? rows : width); ++other) {
      const std::size_t row = by_column ? other : group;
      if (in.counts(row)) members.push_back(by_column ? other * width + group : group * width + other);
    }
    if (members.empty()) continue;
    const double n = static_cast<double>(members.size());
    double mean = 0.0, variance = 0.0, sum = 0.0, product = 0.0;
    for (const std::size_t at : members) mean += static_cast<double>(in.x[at]) / n;
    for (const std::size_t at : members) variance += std::pow(static_cast<double>(in.x[at]) - mean, 2) / n;
    const double inverse = 1.0 / std::sqrt(variance + epsilon);
    for (const std::size_t at : members) {
      const double g = static_cast<double>(in.dy[at]), normal = (static_cast<double>(in.x[at]) - mean) * inverse;
      const double gamma = static_cast<double>(in.gamma[at % width]);
      r.y[at] = normal * gamma + static_cast<double>(in.beta[at % width]);
      r.by_gamma[at % width] += g * normal;
      r.by_beta[at % width] += g;
      sum += g * gamma / n;
      product += g * gamma * normal / n;
    }
    for (const std::size_t at : members) {
      const double normal = (static_cast<double>(in.x[at]) - mean) * inverse;
      r.dx[at] =
          inverse * (static_cast<double>(in.dy[at]) * static_cast<double>(in.gamma[at % width]) - sum - normal * product);
    }
  }
  return r;
}
template <class T>
double difference(const std::vector<T>& actual, const std::vector<double>& expected) {
  double worst = 0.0, largest = 1e-3;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    // A NaN compares as no larger: count it as an error.
    const double error = std::abs(static_cast<double>(actual[i]) - expected[i]);
    worst = error >= 0.0 ? std::max(worst, error) : 1e9;
    largest = std::max(largest, std::abs(expected[i]));
  }
  return worst / largest;
}

}  // namespace

TEMPLATE_TEST_CASE("normalisations and their gradients follow their definitions, at every level", "", float, double) {
  const std::uint32_t lengths[] = {4, 0, 7, 1, 9};
  const kernel::norm_shape shapes[] = {{4, 1, 1, nullptr},     {3, 5, 3, nullptr},     {7, 1, 8, nullptr},
                                       {2, 9, 35, nullptr},    {5, 7, 67, lengths},    {5, 7, 16, lengths},
                                       {40, 31, 130, nullptr}, {3000, 1, 20, nullptr}, {2, 3, 769, nullptr}};
  const double bound = sizeof(TestType) == 4 ? 4e-6 : 1e-13;
  for (const kernel::norm_shape& shape : shapes) {
    // A mean of 30 deviations; two numbers alone have no more than rounding left of their differences.
    const inputs<TestType> in(shape, shape.rows() > 10 && shape.width > 10 ? 30.0 : 0.0);
    const auto columns = normalized(in, true), rows = normalized(in, false);
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(kernel::name_of(level), shape.examples, shape.steps, shape.width);
      const auto batch = batch_norm(mm::exec::cpu{}, in, level), layer = layer_norm(mm::exec::cpu{}, in, level);
      const double wider = in.x[0] > TestType(10) ? 8.0 : 1.0;
      CHECK(difference(batch.y, columns.y) <= wider * bound);
      CHECK(difference(batch.dx, columns.dx) <= wider * bound);
      CHECK(difference(batch.by_gamma, columns.by_gamma) <= wider * bound);
      CHECK(difference(batch.by_beta, columns.by_beta) <= bound);
      CHECK(difference(layer.y, rows.y) <= wider * bound);
      if (shape.width > 2) CHECK(difference(layer.dx, rows.dx) <= wider * bound);
      CHECK(difference(layer.by_gamma, rows.by_gamma) <= wider * bound);
      CHECK(difference(layer.by_beta, rows.by_beta) <= bound);
    }
  }
}

TEST_CASE("normalisations have the same bits for any number of threads") {
  const std::uint32_t lengths[] = {300, 0, 71, 300, 9};
  for (const kernel::norm_shape& shape :
       {kernel::norm_shape{5, 300, 67, lengths}, kernel::norm_shape{20000, 1, 19, nullptr}}) {
    const inputs<float> in(shape, 1.0);
    for (const auto level : kernel::usable_simd_levels()) {
      const auto batch = batch_norm(mm::exec::cpu{}, in, level), layer = layer_norm(mm::exec::cpu{}, in, level);
      for (const std::size_t threads : {2u, 8u}) {
        const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {
          return std::equal(a.begin(), a.end(), b.begin(), b.end());
        };
        const auto batch_again = batch_norm(mm::exec::cpu{.threads = threads}, in, level);
        CHECK(same(batch.y, batch_again.y));
        CHECK(same(batch.dx, batch_again.dx));
        CHECK(batch == batch_again);
        const auto layer_again = layer_norm(mm::exec::cpu{.threads = threads}, in, level);
        CHECK(same(layer.y, layer_again.y));
        CHECK(same(layer.dx, layer_again.dx));
        CHECK(same(layer.by_gamma, layer_again.by_gamma));
      }
    }
  }
}

TEST_CASE("scratch for more rows is never less") {
  std::size_t before = 0;
  for (std::size_t rows = 0; rows < 20000; ++rows) {
    const std::size_t now = kernel::norm_scratch({rows, 1, 96, nullptr});
    REQUIRE(now >= before);
    before = now;
    REQUIRE(kernel::detail::norm_block_count({rows, 1, 96, nullptr}) * 2 * 96 + 3 * 96 <= now);
  }
}

TEST_CASE("no rows are no statistics") {
  const std::uint32_t lengths[] = {0, 0};
  for (const kernel::norm_shape& shape : {kernel::norm_shape{0, 1, 5, nullptr}, kernel::norm_shape{2, 3, 5, lengths}}) {
    const inputs<float> in(shape, 0.0);
    const auto batch = batch_norm(mm::exec::cpu{}, in, kernel::best_simd_level());
    CHECK(batch.running_mean == std::vector<float>(5, 0.0f));
    CHECK(batch.running_variance == std::vector<float>(5, 1.0f));
    CHECK(batch.by_gamma == std::vector<float>(5, 1.0f));
    CHECK(std::all_of(batch.y.begin(), batch.y.end(), [](float value) { return value == 0.0f; }));
    CHECK(std::all_of(batch.dx.begin(), batch.dx.end(), [](float value) { return value == 0.0f; }));
  }
}
