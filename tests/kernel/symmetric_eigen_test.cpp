#include <mmrec/kernel/symmetric_eigen.hpp>

#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <limits>
#include <span>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

/// The formulas of tests/golden/symmetric_eigen.py.
std::vector<double> matrix_of(const std::string& name, std::size_t n) {
  std::vector<double> a(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      double value = 0;
      if (name == "pseudo") {
        const std::size_t low = std::min(i, j), high = std::max(i, j);
        value = static_cast<double>((low * 7919 + high * 104729 + low * high * 31) % 65536) / 65536.0 - 0.5;
      } else if (name == "hilbert") {
        value = 1.0 / static_cast<double>(i + j + 1);
      } else if (name == "rank5") {
        for (std::size_t k = 0; k < 5; ++k) {
          value += static_cast<double>((i * 5 + k * 3 + i * k) % 17) / 16.0 *
                   static_cast<double>((j * 5 + k * 3 + j * k) % 17) / 16.0;
        }
      } else if (name == "equal") {
        value = i == j ? 3.0 : 1.0;
      } else if (name == "tridiagonal") {
        value = i == j ? 2.0 : i + 1 == j || j + 1 == i ? -1.0 : 0.0;
      }
      a[i * n + j] = value;
    }
  }
  return a;
}

struct quality {
  double residual = 0;       ///< max |A v - lambda v| over the largest eigenvalue
  double orthogonality = 0;  ///< max |V V^T - I|
};

quality check(const std::vector<double>& a, const std::vector<double>& vectors, const std::vector<double>& values) {
  const std::size_t n = values.size();
  const double size = std::max(std::abs(values.front()), std::abs(values.back()));
  quality result;
  for (std::size_t k = 0; k < n; ++k) {
    for (std::size_t i = 0; i < n; ++i) {
      double product = 0, overlap = 0;
      for (std::size_t j = 0; j < n; ++j) {
        product += a[i * n + j] * vectors[k * n + j];
        overlap += vectors[i * n + j] * vectors[k * n + j];
      }
      const double error = std::abs(product - values[k] * vectors[k * n + i]);
      result.residual = std::max(result.residual, size > 0 ? error / size : error);
      result.orthogonality = std::max(result.orthogonality, std::abs(overlap - (i == k ? 1.0 : 0.0)));
    }
  }
  return result;
}

}  // namespace

TEST_CASE("eigenvalues equal LAPACK's, eigenvectors are orthonormal and satisfy their equation") {
  std::ifstream golden(std::string(MMREC_TEST_GOLDEN_DIR) + "/symmetric_eigen.csv");
  REQUIRE(golden);
  std::string line;
  int matrices = 0;
  while (std::getline(golden, line)) {
    std::istringstream fields(line);
    std::string name, field;
    std::getline(fields, name, ',');
    std::getline(fields, field, ',');
    const std::size_t n = std::strtoull(field.c_str(), nullptr, 10);
    std::vector<double> expected;
    while (std::getline(fields, field, ',')) expected.push_back(std::strtod(field.c_str(), nullptr));
    REQUIRE(expected.size() == n);
    const auto a = matrix_of(name, n);
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(name, n, kernel::name_of(level));
      auto vectors = a;
      std::vector<double> values(n);
      REQUIRE(kernel::symmetric_eigen(mm::exec::cpu{}, std::span<double>(vectors), std::span<double>(values), level));
      const double size = std::max(std::abs(expected.front()), std::abs(expected.back()));
      double worst = 0;
      for (std::size_t k = 0; k < n; ++k) worst = std::max(worst, std::abs(values[k] - expected[k]));
      CHECK(worst <= 1e-14 * size);
      const quality found = check(a, vectors, values);
      CHECK(found.residual < 2e-14);
      CHECK(found.orthogonality < 2e-14);
    }
    ++matrices;
  }
  CHECK(matrices == 12);
}

TEST_CASE("the second difference matrix has the eigenvalues of its formula") {
  const std::size_t n = 200;
  auto a = matrix_of("tridiagonal", n);
  std::vector<double> values(n);
  REQUIRE(kernel::symmetric_eigen(mm::exec::cpu{}, std::span<double>(a), std::span<double>(values)));
  for (std::size_t k = 0; k < n; ++k) {
    const double angle = 3.14159265358979323846 * static_cast<double>(n - k) / static_cast<double>(n + 1);
    CHECK(values[k] == Approx(2.0 - 2.0 * std::cos(angle)).margin(1e-14));
  }
}

TEST_CASE("only the lower triangle is read, and any scale works") {
  const std::size_t n = 70;
  const auto a = matrix_of("pseudo", n);
  auto reference = a;
  std::vector<double> values(n);
  REQUIRE(kernel::symmetric_eigen(mm::exec::cpu{}, std::span<double>(reference), std::span<double>(values)));
  for (const int exponent : {-1000, -500, 0, 500, 1000}) {
    auto scaled = a;
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        scaled[i * n + j] = j > i ? std::numeric_limits<double>::quiet_NaN() : std::ldexp(a[i * n + j], exponent);
      }
    }
    std::vector<double> found(n);
    REQUIRE(kernel::symmetric_eigen(mm::exec::cpu{}, std::span<double>(scaled), std::span<double>(found)));
    CHECK(scaled == reference);
    for (std::size_t k = 0; k < n; ++k) CHECK(found[k] == std::ldexp(values[k], exponent));
  }
}

TEST_CASE("any number of threads gives the same bits") {
  const std::size_t n = 300;
  std::vector<double> reference;
  for (const std::size_t threads : {1u, 2u, 8u}) {
    auto vectors = matrix_of("pseudo", n);
    std::vector<double> values(n);
    REQUIRE(
        kernel::symmetric_eigen(mm::exec::cpu{.threads = threads}, std::span<double>(vectors), std::span<double>(values)));
    vectors.insert(vectors.end(), values.begin(), values.end());
    if (reference.empty()) reference = vectors;
    CHECK(vectors == reference);
  }
}

TEST_CASE("a non-finite entry is refused") {
  for (const double bad : {std::numeric_limits<double>::quiet_NaN(), std::numeric_limits<double>::infinity()}) {
    auto a = matrix_of("hilbert", 5);
    a[3 * 5 + 1] = bad;
    std::vector<double> values(5);
    CHECK_FALSE(kernel::symmetric_eigen(mm::exec::cpu{}, std::span<double>(a), std::span<double>(values)));
  }
}

TEST_CASE("an empty matrix has no eigenvalues") {
  CHECK(kernel::symmetric_eigen(mm::exec::cpu{}, std::span<double>(), std::span<double>()));
}
