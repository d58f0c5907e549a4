#include <mmrec/kernel/block_lanczos.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/randomized_svd.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

/// Columns with frequencies like words', so that the spectrum falls slowly.
template <class T>
mm::csr_matrix<T> words(std::size_t rows, std::size_t columns, std::size_t draws) {
  mm::random_stream random(mm::seed{12});
  mm::csr_matrix<T> result(columns);
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<std::int32_t> indices;
    for (std::size_t draw = 0; draw < draws; ++draw) {
      const double word = std::pow(static_cast<double>(columns), random.uniform()) - 1.0;  // density 1 / (word + 1)
      indices.push_back(static_cast<std::int32_t>(word) % static_cast<std::int32_t>(columns));
    }
    std::sort(indices.begin(), indices.end());
    indices.erase(std::unique(indices.begin(), indices.end()), indices.end());
    std::vector<T> values(indices.size());
    for (T& value : values) value = static_cast<T>(0.5 + random.uniform());
    result.push_row({indices, values});
  }
  return result;
}

template <class T>
struct solution {
  std::vector<T> vectors;
  std::vector<double> squares;
  bool operator==(const solution&) const = default;
};

template <class T>
solution<T> lanczos(const mm::csr_matrix<T>& a, std::size_t count, std::size_t columns, std::size_t threads = 1,
                    kernel::simd_level level = kernel::best_simd_level()) {
  solution<T> found{std::vector<T>(count * a.cols()), std::vector<double>(count)};
  REQUIRE(kernel::block_lanczos_right_vectors<T>("test", mm::exec::cpu{.threads = threads}, a, count, columns, mm::seed{2},
                                                 std::span<T>(found.vectors), std::span<double>(found.squares), level));
  return found;
}

/// A^T A in double.
template <class T>
mm::matrix<double> normal_matrix(const mm::csr_matrix<T>& a) {
  const auto columns = static_cast<Eigen::Index>(a.cols());
  mm::matrix<double> normal = mm::matrix<double>::Zero(columns, columns);
  for (std::size_t row = 0; row < a.rows(); ++row) {
    const auto entries = a.row(row);
    for (std::size_t i = 0; i < entries.indices.size(); ++i) {
      for (std::size_t j = 0; j < entries.indices.size(); ++j) {
        normal(entries.indices[i], entries.indices[j]) +=
            static_cast<double>(entries.values[i]) * static_cast<double>(entries.values[j]);
      }
    }
  }
  return normal;
}

/// Largest departure of V V^T from the identity.
template <class T>
double departure(const solution<T>& found, std::size_t columns) {
  double worst = 0;
  for (std::size_t i = 0; i < found.squares.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      double sum = i == j ? -1.0 : 0.0;
      for (std::size_t d = 0; d < columns; ++d) {
        sum += static_cast<double>(found.vectors[i * columns + d]) * static_cast<double>(found.vectors[j * columns + d]);
      }
      worst = std::max(worst, std::abs(sum));
    }
  }
  return worst;
}

/// Largest length of A^T A v - square v, relative to the largest square.
template <class T>
double residual(const mm::csr_matrix<T>& a, const solution<T>& found) {
  const mm::matrix<double> normal = normal_matrix(a);
  double worst = 0;
  for (std::size_t k = 0; k < found.squares.size(); ++k) {
    Eigen::VectorXd v(static_cast<Eigen::Index>(a.cols()));
    for (std::size_t d = 0; d < a.cols(); ++d) {
      v[static_cast<Eigen::Index>(d)] = static_cast<double>(found.vectors[k * a.cols() + d]);
    }
    worst = std::max(worst, (normal * v - found.squares[k] * v).norm());
  }
  return worst / found.squares[0];
}

}  // namespace

TEMPLATE_TEST_CASE("where the space is large enough, the vectors are eigenvectors of A^T A", "", float, double) {
  const double epsilon = static_cast<double>(std::numeric_limits<TestType>::epsilon());
  const auto a = words<TestType>(300, 120, 12);
  for (const auto level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    const auto found = lanczos(a, 10, 120, 1, level);  // all columns: exact
    CHECK(departure(found, 120) < 20 * epsilon);
    CHECK(residual(a, found) < 20 * epsilon);
    CHECK(std::is_sorted(found.squares.rbegin(), found.squares.rend()));
    const auto far = lanczos(a, 1, 100, 1, level);
    CHECK(residual(a, far) < 20 * epsilon);
  }
}

TEST_CASE("the space recommended captures more than the power iterations it stands for") {
  const auto a = words<float>(3000, 1200, 30);
  for (const std::size_t count : {4u, 16u, 60u}) {
    for (const std::size_t iterations : {0u, 2u, 5u, 12u}) {
      CAPTURE(count, iterations);
      const std::size_t width = count + 10;
      kernel::sparse_operator<float> product(a);
      std::vector<double> vectors(count * a.cols()), squares(width);
      REQUIRE(kernel::randomized_right_vectors<float>("test", mm::exec::cpu{}, product, a.cols(), count, width, iterations,
                                                      mm::seed{2}, std::span<double>(vectors), std::span<double>(squares)));
      const auto found = lanczos(a, count, kernel::krylov_columns(width, iterations));
      const double captured = std::accumulate(found.squares.begin(), found.squares.end(), 0.0);
      CHECK(captured > std::accumulate(squares.begin(), squares.begin() + static_cast<std::ptrdiff_t>(count), 0.0));
      CHECK(departure(found, a.cols()) < 3e-6);
    }
  }
}

TEST_CASE("graded, repeated and missing directions are found and made up") {
  // Singular values 1, 1e-1, 1e-2, ...: blocks whose columns differ by many powers of ten.
  mm::csr_matrix<double> graded(40);
  for (std::int32_t i = 0; i < 8; ++i) {
    graded.push_row({std::vector<std::int32_t>{i, i + 20}, std::vector<double>{std::pow(10.0, -i), 0.0}});
  }
  const auto found = lanczos(graded, 7, 40);
  for (std::size_t k = 0; k < 7; ++k) {
    CHECK(std::sqrt(std::max(found.squares[k], 0.0)) == Approx(std::pow(10.0, -static_cast<double>(k))).margin(2e-7));
  }
  CHECK(departure(found, 40) < 1e-12);

  // One direction 30 times, as one cluster; then nothing at all.
  mm::csr_matrix<float> same(50);
  for (std::int32_t i = 0; i < 30; ++i) same.push_row({std::vector<std::int32_t>{i}, std::vector<float>{2.0f}});
  const auto clustered = lanczos(same, 30, 50);
  for (const double square : clustered.squares) CHECK(square == Approx(4.0).epsilon(1e-5));
  CHECK(departure(clustered, 50) < 1e-5);

  mm::csr_matrix<float> empty(50);
  for (int row = 0; row < 45; ++row) empty.push_row({std::vector<std::int32_t>{}, std::vector<float>{}});
  const auto nothing = lanczos(empty, 45, 60);
  for (const double square : nothing.squares) CHECK(square == 0.0);
  CHECK(departure(nothing, 50) < 1e-5);
}

TEST_CASE("values that are too large are reported") {
  mm::csr_matrix<float> a(20);
  for (std::int32_t i = 0; i < 20; ++i) a.push_row({std::vector<std::int32_t>{i}, std::vector<float>{1e30f}});
  std::vector<float> vectors(20);
  std::vector<double> squares(1);
  CHECK_FALSE(kernel::block_lanczos_right_vectors<float>("test", mm::exec::cpu{}, a, 1, 20, mm::seed{2},
                                                         std::span<float>(vectors), std::span<double>(squares)));
}

TEST_CASE("any number of threads gives the same bits") {
  const auto a = words<float>(9000, 1200, 20);
  const auto one = lanczos(a, 20, 60);
  for (const std::size_t threads : {2u, 8u}) CHECK(lanczos(a, 20, 60, threads) == one);
}
