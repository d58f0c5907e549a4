#include <mmrec/kernel/elementwise.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace kernel = mmrec::kernel;
using mmrec::exec::cpu;

namespace {

std::vector<double> normals(std::size_t count, std::uint64_t stream) {
  mmrec::random_stream random(mmrec::seed{21}, stream);
  std::vector<double> values(count);
  for (double& value : values) value = 2 * random.normal();
  return values;
}

/// Forward and backward of one activation, and the exact function.
template <class T>
struct activation {
  const char* name;
  std::function<void(const cpu&, std::size_t, const T* x, T* y, kernel::simd_level)> forward;
  std::function<void(const cpu&, std::size_t, const T* x, const T* y, const T* dy, T* dx, kernel::simd_level)> backward;
  double (*exact)(double);
};

template <class T>
std::vector<activation<T>> activations() {
  using level_type = kernel::simd_level;
  const auto from_output = [](auto backward) {
    return [backward](const cpu& e, std::size_t n, const T*, const T* y, const T* dy, T* dx, level_type l) {
      backward(e, n, y, dy, dx, l);
    };
  };
  const auto from_input = [](auto backward) {
    return [backward](const cpu& e, std::size_t n, const T* x, const T*, const T* dy, T* dx, level_type l) {
      backward(e, n, x, dy, dx, l);
    };
  };
  const T slope = T(0.1);
  return {{"relu", [](auto... a) { kernel::relu_forward(a...); },
           from_output([](auto... a) { kernel::relu_backward(a...); }), [](double x) { return std::max(0.0, x); }},
          {"leaky_relu",
           [slope](const cpu& e, std::size_t n, const T* x, T* y, level_type l) {
             kernel::leaky_relu_forward(e, n, slope, x, y, l);
           },
           from_input([slope](const cpu& e, std::size_t n, const T* x, const T* dy, T* dx, level_type l) {
             kernel::leaky_relu_backward(e, n, slope, x, dy, dx, l);
           }),
           [](double x) { return x > 0 ? x : 0.1 * x; }},
          {"sigmoid", [](auto... a) { kernel::sigmoid_forward(a...); },
           from_output([](auto... a) { kernel::sigmoid_backward(a...); }), [](double x) { return 1 / (1 + std::exp(-x)); }},
          {"tanh", [](auto... a) { kernel::tanh_forward(a...); },
           from_output([](auto... a) { kernel::tanh_backward(a...); }), [](double x) { return std::tanh(x); }},
          {"gelu", [](auto... a) { kernel::gelu_forward(a...); }, from_input([](auto... a) { kernel::gelu_backward(a...); }),
           [](double x) { return 0.5 * x * (1 + std::erf(x / std::sqrt(2.0))); }},
          {"gelu_tanh", [](auto... a) { kernel::gelu_tanh_forward(a...); },
           from_input([](auto... a) { kernel::gelu_tanh_backward(a...); }),
           [](double x) {
             return 0.5 * x * (1 + std::tanh(std::sqrt(2 / 3.14159265358979323846) * (x + 0.044715 * x * x * x)));
           }}};
}

template <class T>
constexpr double bound = sizeof(T) == 4 ? 1e-6 : 1e-14;

}  // namespace

TEMPLATE_TEST_CASE("activations and their gradients, at every level and length", "", float, double) {
  using T = TestType;
  for (const auto level : kernel::usable_simd_levels()) {
    for (const auto& f : activations<T>()) {
      for (const std::size_t count : {0u, 1u, 7u, 16u, 33u}) {
        CAPTURE(kernel::name_of(level), f.name, count);
        const auto inputs = normals(count, 1), slopes = normals(count, 2);
        const std::vector<T> x(inputs.begin(), inputs.end()), dy(slopes.begin(), slopes.end());
        std::vector<T> y(count + 1, T(9)), dx(count + 1, T(9));
        f.forward({}, count, x.data(), y.data(), level);
        f.backward({}, count, x.data(), y.data(), dy.data(), dx.data(), level);
        for (std::size_t i = 0; i < count; ++i) {
          const double at = static_cast<double>(x[i]), step = 1e-5;
          const double slope = (f.exact(at + step) - f.exact(at - step)) / (2 * step);
          CHECK(std::abs(static_cast<double>(y[i]) - f.exact(at)) <= bound<T> * std::max(1.0, std::abs(at)));
          CHECK(std::abs(static_cast<double>(dx[i]) - slope * static_cast<double>(dy[i])) <= std::max(4 * bound<T>, 2e-9));
        }
        CHECK(y[count] == T(9));
        CHECK(dx[count] == T(9));
      }
      const T nan = std::numeric_limits<T>::quiet_NaN();
      T y = T(0);
      f.forward({}, 1, &nan, &y, level);
      CHECK(std::isnan(y));
    }
  }
}

TEMPLATE_TEST_CASE("softmax and its kin, masked by length", "", float, double) {
  using T = TestType;
  const std::size_t rows = 6;
  const std::uint32_t lengths[rows] = {0, 1, 3, 100, 5, 2};
  for (const auto level : kernel::usable_simd_levels()) {
    for (const std::size_t width : {1u, 5u, 16u, 45u}) {
      for (const double shift : {0.0, 1000.0}) {  // exp(1000) overflows
        CAPTURE(kernel::name_of(level), width, shift);
        const auto inputs = normals(rows * width, 3), slopes = normals(rows * width, 4);
        std::vector<T> x(inputs.begin(), inputs.end()), dy(slopes.begin(), slopes.end());
        for (T& value : x) value += static_cast<T>(shift);
        std::vector<T> y(x.size()), dx(x.size()), logs(x.size()), dlogs(x.size()), sums(rows);
        kernel::softmax_forward(cpu{}, rows, width, lengths, x.data(), y.data(), level);
        kernel::softmax_backward(cpu{}, rows, width, y.data(), dy.data(), dx.data(), level);
        kernel::log_softmax_forward(cpu{}, rows, width, x.data(), logs.data(), level);
        kernel::log_softmax_backward(cpu{}, rows, width, logs.data(), dy.data(), dlogs.data(), level);
        kernel::log_sum_exp(cpu{}, rows, width, x.data(), sums.data(), level);
        const double near = 4 * bound<T>;
        for (std::size_t row = 0; row < rows; ++row) {
          const T* values = x.data() + row * width;
          const std::size_t used = std::min<std::size_t>(width, lengths[row]);
          double masked = 0, whole = 0, product = 0, dy_sum = 0;
          for (std::size_t j = 0; j < width; ++j) {
            const double power = std::exp(static_cast<double>(values[j]) - shift);
            whole += power;
            masked += j < used ? power : 0;
            product += j < used ? power * static_cast<double>(dy[row * width + j]) : 0;
            dy_sum += static_cast<double>(dy[row * width + j]);
          }
          CHECK(std::abs(static_cast<double>(sums[row]) - (std::log(whole) + shift)) <= near * (1 + shift));
          for (std::size_t j = 0; j < width; ++j) {
            const std::size_t at = row * width + j;
            const double power = std::exp(static_cast<double>(values[j]) - shift), slope = static_cast<double>(dy[at]);
            const double wanted = j < used ? power / masked : 0;
            CHECK(std::abs(static_cast<double>(y[at]) - wanted) <= near);
            CHECK(std::abs(static_cast<double>(dx[at]) - wanted * (slope - (used > 0 ? product / masked : 0))) <= 4 * near);
            CHECK(std::abs(static_cast<double>(logs[at]) - std::log(power / whole)) <= 4 * near);
            CHECK(std::abs(static_cast<double>(dlogs[at]) - (slope - power / whole * dy_sum)) <=
                  8 * near * (1 + std::abs(dy_sum)));
            if (j >= used) CHECK(y[at] == T(0));
          }
        }
      }
    }
  }
}

TEST_CASE("elementwise kernels: in place, same bits for any number of threads, no allocation") {
  const std::size_t rows = 777, width = 131;
  const auto inputs = normals(rows * width, 5);
  const std::vector<float> x(inputs.begin(), inputs.end());
  std::vector<float> one(x.size()), many(x.size());
  const auto level = kernel::best_simd_level();
  for (const auto& f : activations<float>()) {
    f.forward({}, x.size(), x.data(), one.data(), level);
    f.forward({.threads = 2}, x.size(), x.data(), many.data(), level);
    CHECK(many == one);
    many = x;
    f.forward({}, x.size(), many.data(), many.data(), level);
    CHECK(many == one);
  }
  kernel::softmax_forward(cpu{}, rows, width, nullptr, x.data(), one.data());
  for (const std::size_t threads : {2u, 8u}) {
    kernel::softmax_forward(cpu{.threads = threads}, rows, width, nullptr, x.data(), many.data());
    CHECK(many == one);
  }
  many = x;
  const std::size_t allocations =
      test::allocations_of([&] { kernel::softmax_forward(cpu{}, rows, width, nullptr, many.data(), many.data()); });
  CHECK(allocations == 0);
  CHECK(many == one);
}
