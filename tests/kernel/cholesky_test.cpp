#include <mmrec/kernel/cholesky.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

/// B B^T / n + shift I, whose smallest eigenvalue is about `shift`.
template <class T>
std::vector<T> positive_definite(std::size_t n, double shift) {
  mm::random_stream random(mm::seed{17}, n);
  std::vector<double> b(n * n);
  for (double& value : b) value = random.normal();
  std::vector<T> a(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = i == j ? shift * static_cast<double>(n) : 0.0;
      for (std::size_t p = 0; p < n; ++p) sum += b[i * n + p] * b[j * n + p];
      a[i * n + j] = a[j * n + i] = static_cast<T>(sum / static_cast<double>(n));
    }
  }
  return a;
}

/// max |A B - I|
template <class T>
double distance_from_identity(const std::vector<T>& a, const std::vector<T>& b, std::size_t n) {
  std::vector<double> row(n);
  double worst = 0;
  for (std::size_t i = 0; i < n; ++i) {
    std::fill(row.begin(), row.end(), 0.0);
    for (std::size_t p = 0; p < n; ++p) {
      for (std::size_t j = 0; j < n; ++j) row[j] += static_cast<double>(a[i * n + p]) * static_cast<double>(b[p * n + j]);
    }
    row[i] -= 1;
    for (const double value : row) worst = std::max(worst, std::abs(value));
  }
  return worst;
}

}  // namespace

TEMPLATE_TEST_CASE("the inverse times the matrix is the identity, at every level and size", "", float, double) {
  for (const std::size_t n : {1u, 2u, 5u, 24u, 25u, 100u, 191u, 192u, 193u, 500u}) {
    const auto a = positive_definite<TestType>(n, 0.1);
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(kernel::name_of(level), n);
      auto inverse = a;
      REQUIRE(!kernel::invert_spd(mm::exec::cpu{}, std::span<TestType>(inverse), n, level));
      // The condition number is about 41.
      CHECK(distance_from_identity(a, inverse, n) < 200 * std::numeric_limits<TestType>::epsilon());
      bool symmetric = true;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j < i; ++j) symmetric = symmetric && inverse[i * n + j] == inverse[j * n + i];
      }
      CHECK(symmetric);
    }
  }
}

TEST_CASE("only the lower triangle is read") {
  const std::size_t n = 300;
  auto whole = positive_definite<float>(n, 0.5), lower = whole;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = i + 1; j < n; ++j) lower[i * n + j] = std::numeric_limits<float>::quiet_NaN();
  }
  REQUIRE(!kernel::invert_spd(mm::exec::cpu{}, std::span<float>(whole), n));
  REQUIRE(!kernel::invert_spd(mm::exec::cpu{}, std::span<float>(lower), n));
  CHECK(whole == lower);
}

TEST_CASE("a Hilbert matrix has the inverse of its formula") {
  // 5 x 5: the inverse's entries are whole numbers; the first row by hand.
  std::vector<double> hilbert(25);
  for (std::size_t i = 0; i < 5; ++i) {
    for (std::size_t j = 0; j < 5; ++j) hilbert[i * 5 + j] = 1.0 / static_cast<double>(i + j + 1);
  }
  REQUIRE(!kernel::invert_spd(mm::exec::cpu{}, std::span<double>(hilbert), 5));
  const double first_row[] = {25, -300, 1050, -1400, 630};
  for (std::size_t j = 0; j < 5; ++j) CHECK(hilbert[j] == Approx(first_row[j]).epsilon(1e-9));
  CHECK(hilbert[24] == Approx(44100).epsilon(1e-9));
}

TEST_CASE("any number of threads gives the same bits") {
  const std::size_t n = 1000;
  const auto a = positive_definite<float>(n, 0.5);
  std::vector<float> reference;
  for (const std::size_t threads : {1u, 2u, 8u}) {
    auto inverse = a;
    REQUIRE(!kernel::invert_spd(mm::exec::cpu{.threads = threads}, std::span<float>(inverse), n));
    if (reference.empty()) reference = inverse;
    CHECK(inverse == reference);
  }
}

TEST_CASE("the first pivot that fails is named") {
  for (const std::size_t bad : {0u, 3u, 100u, 191u, 192u, 399u}) {
    const std::size_t n = 400;
    std::vector<double> a(n * n, 0.0);
    for (std::size_t i = 0; i < n; ++i) a[i * n + i] = 2.0;
    for (const double value :
         {0.0, -1.0, std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
      CAPTURE(bad, value);
      auto inverse = a, factor = a;
      inverse[bad * n + bad] = factor[bad * n + bad] = value;
      CHECK(kernel::invert_spd(mm::exec::cpu{}, std::span<double>(inverse), n) == bad);
      CHECK(kernel::factor_spd(mm::exec::cpu{}, factor.data(), n, n) == bad);
    }
  }
}

TEMPLATE_TEST_CASE("the factor reproduces the matrix", "", float, double) {
  for (const std::size_t n : {1u, 23u, 24u, 25u, 77u, 200u}) {
    const auto a = positive_definite<TestType>(n, 0.1);
    for (const auto level : kernel::usable_simd_levels()) {
      auto l = a;
      REQUIRE(!kernel::factor_spd(mm::exec::cpu{}, l.data(), n, n, level));
      double worst = 0;
      for (std::size_t i = 0; i < n; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          double sum = 0;
          for (std::size_t p = 0; p <= j; ++p) sum += static_cast<double>(l[i * n + p]) * static_cast<double>(l[j * n + p]);
          worst = std::max(worst, std::abs(sum - static_cast<double>(a[i * n + j])));
        }
      }
      CHECK(worst < 20 * std::numeric_limits<TestType>::epsilon());
    }
  }
}

TEST_CASE("an empty matrix has an empty inverse") { CHECK(!kernel::invert_spd(mm::exec::cpu{}, std::span<float>(), 0)); }
