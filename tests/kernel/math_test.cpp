#include <mmrec/kernel/math.hpp>

#include <mmrec/exec/cpu.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace kernel = mmrec::kernel;
using mmrec::exec::cpu;

namespace {

enum class function { exp, tanh, sigmoid, erf };

template <class T>
void evaluate(function f, const cpu& exec, std::size_t count, const T* x, T* y, kernel::simd_level level) {
  if (f == function::exp) kernel::array_exp(exec, count, x, y, level);
  if (f == function::tanh) kernel::array_tanh(exec, count, x, y, level);
  if (f == function::sigmoid) kernel::array_sigmoid(exec, count, x, y, level);
  if (f == function::erf) kernel::array_erf(exec, count, x, y, level);
}
double exact(function f, double x) {
  if (f == function::exp) return std::exp(x);
  if (f == function::tanh) return std::tanh(x);
  if (f == function::erf) return std::erf(x);
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}

/// In units of the last place of a float of the exact value's size.
double units_apart(float got, double wanted) {
  if (std::isnan(wanted)) return std::isnan(got) ? 0 : 1e9;
  const auto rounded = static_cast<float>(wanted);
  if (std::isinf(rounded) || std::isinf(got)) return rounded == got ? 0 : 1e9;
  int exponent = 0;
  std::frexp(std::abs(wanted), &exponent);
  return std::abs(static_cast<double>(got) - wanted) / std::ldexp(1.0, std::max(exponent - 24, -149));
}

/// Over every `stride`-th float, NaN and infinities among them.
double worst_units(function f, kernel::simd_level level, std::uint64_t stride) {
  std::vector<float> x, y(4096);
  double worst = 0;
  const auto flush = [&] {
    evaluate(f, {}, x.size(), x.data(), y.data(), level);
    for (std::size_t i = 0; i < x.size(); ++i)
      worst = std::max(worst, units_apart(y[i], exact(f, static_cast<double>(x[i]))));
    x.clear();
  };
  for (std::uint64_t bits = 0; bits < std::uint64_t{1} << 32; bits += stride) {
    x.push_back(std::bit_cast<float>(static_cast<std::uint32_t>(bits)));
    if (x.size() == y.size()) flush();
  }
  flush();
  return worst;
}

constexpr function all_functions[] = {function::exp, function::tanh, function::sigmoid, function::erf};

}  // namespace

TEST_CASE("float functions lie within 2 units in the last place, at every level") {
  for (const auto level : kernel::usable_simd_levels()) {
    for (const function f : all_functions) {
      CAPTURE(kernel::name_of(level), static_cast<int>(f));
      CHECK(worst_units(f, level, 4001) <= 2);
    }
  }
}

TEST_CASE("float functions lie within 2 units in the last place for every float", "[.exhaustive]") {
  for (const auto level : kernel::usable_simd_levels()) {
    for (const function f : all_functions) {
      CAPTURE(kernel::name_of(level), static_cast<int>(f));
      CHECK(worst_units(f, level, 1) <= 2);
    }
  }
}

TEST_CASE("special values end as in the standard library") {
  const float inf = std::numeric_limits<float>::infinity();
  const std::vector<float> x{0.0f, -0.0f, inf, -inf, 1e30f, -1e30f, 88.8f, -104.0f, -103.0f, std::nanf("")};
  for (const auto level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    std::vector<float> y(x.size());
    evaluate(function::exp, {}, x.size(), x.data(), y.data(), level);
    for (std::size_t i = 0; i + 1 < x.size(); ++i) CHECK(y[i] == std::exp(x[i]));
    CHECK(std::isnan(y.back()));
    for (const function f : {function::tanh, function::erf}) {
      evaluate(f, {}, x.size(), x.data(), y.data(), level);
      CHECK((y[0] == 0 && !std::signbit(y[0])));
      CHECK((y[1] == 0 && std::signbit(y[1])));
      CHECK((y[2] == 1 && y[3] == -1));
      CHECK(std::isnan(y.back()));
    }
    evaluate(function::sigmoid, {}, x.size(), x.data(), y.data(), level);
    CHECK((y[0] == 0.5f && y[2] == 1 && y[3] == 0));
    CHECK(std::isnan(y.back()));
  }
}

TEST_CASE("double functions are the standard library's, up to rounding; lengths are kept; no allocation") {
  for (const auto level : kernel::usable_simd_levels()) {
    for (const function f : all_functions) {
      for (std::size_t count = 0; count < 35; ++count) {
        std::vector<double> x(count), y(count + 1, -3.0);
        for (std::size_t i = 0; i < count; ++i) x[i] = 0.37 * static_cast<double>(i) - 6;
        CHECK(test::allocations_of([&] { evaluate(f, {}, count, x.data(), y.data(), level); }) == 0);
        for (std::size_t i = 0; i < count; ++i) CHECK(std::abs(y[i] - exact(f, x[i])) <= 4e-16 * std::abs(y[i]));
        CHECK(y[count] == -3.0);
      }
    }
  }
}

TEST_CASE("any number of threads gives the same bits") {
  std::vector<float> x(100003), one(x.size()), many(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 1e-3f * static_cast<float>(i) - 50;
  for (const function f : all_functions) {
    evaluate(f, {}, x.size(), x.data(), one.data(), kernel::best_simd_level());
    for (const std::size_t threads : {2u, 8u}) {
      evaluate(f, {.threads = threads}, x.size(), x.data(), many.data(), kernel::best_simd_level());
      CHECK(many == one);
    }
  }
}
