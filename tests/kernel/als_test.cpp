// The inner work of alternating least squares and the solver of small systems, at every instruction set, against float64.
#include <mmrec/kernel/als.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <Eigen/Cholesky>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/batched_cholesky.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include "support/catch.hpp"

using namespace mmrec;

namespace {

constexpr std::size_t row_count = 300;

struct problem {
  std::size_t factors;
  std::size_t width;
  std::vector<float> rows;
  std::vector<std::uint32_t> ids;
  std::vector<float> weights;

  /// `count` entries; rows are one value further apart than they are wide, every seventh weight is 0.
  problem(std::size_t k, std::size_t count) : factors(k), width(kernel::als_padded(k)), rows(row_count * (k + 1)) {
    random_stream random(seed{31}, k);
    for (float& value : rows) value = 0.1f * static_cast<float>(random.normal());
    for (std::size_t n = 0; n < count; ++n) {
      ids.push_back(random.below(row_count));
      weights.push_back(n % 7 == 3 ? 0.0f : 4.0f * random.uniform_float());
    }
  }
  kernel::als_rows view() const { return {rows.data(), factors + 1, factors}; }
  Eigen::VectorXd row(std::size_t index) const {
    return Eigen::Map<const Eigen::VectorXf>(rows.data() + index * (factors + 1), static_cast<Eigen::Index>(factors))
        .cast<double>();
  }
  Eigen::MatrixXd gram() const {
    const auto k = static_cast<Eigen::Index>(factors);
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(k, k);
    for (std::size_t n = 0; n < row_count; ++n) sum += row(n) * row(n).transpose();
    return sum;
  }
};

/// Largest difference on and above the diagonal, relative to the largest entry.
double upper_difference(const kernel::aligned_vector<float>& found, std::size_t width, const Eigen::MatrixXd& expected) {
  double worst = 0.0;
  for (Eigen::Index row = 0; row < expected.rows(); ++row) {
    for (Eigen::Index column = row; column < expected.cols(); ++column) {
      const float value = found[static_cast<std::size_t>(row) * width + static_cast<std::size_t>(column)];
      worst = std::max(worst, std::abs(static_cast<double>(value) - expected(row, column)));
    }
  }
  return worst / expected.cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("normal equations and their solutions, at every level") {
  const std::size_t factors = GENERATE(as<std::size_t>{}, 1, 7, 16, 20, 33, 64, 100, 128, 250);
  const std::size_t count = GENERATE(as<std::size_t>{}, 0, 1, 5, 96, 97, 400);
  const problem data(factors, count);
  const std::size_t width = data.width;
  const auto k = static_cast<Eigen::Index>(factors);

  Eigen::MatrixXd left = data.gram();
  CAPTURE(factors, count);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(k);
  for (std::size_t n = 0; n < count; ++n) {
    const double weight = static_cast<double>(data.weights[n]);
    left += weight * data.row(data.ids[n]) * data.row(data.ids[n]).transpose();
    if (weight > 0.0) right += (1.0 + weight) * data.row(data.ids[n]);
  }
  const Eigen::VectorXd solution = (left + 0.5 * Eigen::MatrixXd::Identity(k, k)).llt().solve(right);

  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    kernel::aligned_vector<float> scratch(kernel::als_scratch_size(width)), gram(width * width), matrix(width * width, 9.0f),
        side(width);
    kernel::als_gram(data.view(), 0, row_count, gram.data(), width, scratch.data(), level);
    CHECK(upper_difference(gram, width, data.gram()) < 2e-6);
    kernel::als_accumulate(data.view(), data.ids.data(), data.weights.data(), count, gram.data(), matrix.data(), side.data(),
                           width, scratch.data(), level);
    CHECK(upper_difference(matrix, width, left) < 3e-6);

    // Alone and in company: the same bits.
    for (std::size_t n = 0; n < width; ++n) matrix[n * width + n] += n < factors ? 0.5f : 1.0f;
    std::vector<kernel::aligned_vector<float>> matrices(5, matrix), sides(5, side);
    for (float& value : sides[2]) value *= -3.0f;
    float* matrix_of[5];
    float* side_of[5];
    for (std::size_t s = 0; s < 5; ++s) {
      matrix_of[s] = matrices[s].data();
      side_of[s] = sides[s].data();
    }
    kernel::aligned_vector<float> scales(4 * width);
    REQUIRE(kernel::solve_positive_definite(matrix_of, side_of, scales.data(), width, 4, level));
    REQUIRE(kernel::solve_positive_definite(matrix_of + 4, side_of + 4, scales.data(), width, 1, level));
    CHECK(sides[0] == sides[1]);
    CHECK(sides[0] == sides[4]);
    const double size = solution.cwiseAbs().maxCoeff() + 1e-30;
    for (std::size_t n = 0; n < width; ++n) {
      const double expected = n < factors ? solution(static_cast<Eigen::Index>(n)) : 0.0;
      CHECK(std::abs(static_cast<double>(sides[0][n]) - expected) <= 3e-5 * size);
      CHECK(std::abs(static_cast<double>(sides[2][n]) + 3.0 * expected) <= 9e-5 * size);
    }
  }
}

TEST_CASE("inner products of all rows, at every level") {
  const std::size_t factors = GENERATE(as<std::size_t>{}, 1, 7, 16, 64, 100);
  const problem data(factors, 0);
  std::vector<float> x(factors);
  random_stream random(seed{32});
  for (float& value : x) value = static_cast<float>(random.normal());
  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    for (const std::size_t count : {std::size_t{0}, std::size_t{1}, std::size_t{6}, row_count}) {
      std::vector<float> out(row_count, 7.0f);
      kernel::als_scores(data.view(), count, x.data(), out.data(), level);
      for (std::size_t n = 0; n < row_count; ++n) {
        double expected = n < count ? 0.0 : 7.0;
        for (std::size_t k = 0; n < count && k < factors; ++k) {
          expected += data.row(n)(static_cast<Eigen::Index>(k)) * static_cast<double>(x[k]);
        }
        CHECK(static_cast<double>(out[n]) == Approx(expected).margin(2e-6));
      }
    }
  }
}

TEST_CASE("a matrix that is not positive definite is told, in whatever place") {
  constexpr std::size_t width = 48;
  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    for (const std::size_t bad : {std::size_t{0}, std::size_t{15}, std::size_t{16}, std::size_t{47}}) {
      for (const float pivot : {-1.0f, 0.0f, 1e-40f, std::nanf(""), INFINITY}) {
        std::vector<kernel::aligned_vector<float>> matrices(4, kernel::aligned_vector<float>(width * width)),
            sides(4, kernel::aligned_vector<float>(width, 1.0f));
        float* matrix_of[4];
        float* side_of[4];
        for (std::size_t s = 0; s < 4; ++s) {
          for (std::size_t n = 0; n < width; ++n) matrices[s][n * width + n] = 2.0f;
          matrix_of[s] = matrices[s].data();
          side_of[s] = sides[s].data();
        }
        kernel::aligned_vector<float> scales(4 * width);
        matrices[2][bad * width + bad] = pivot;
        CHECK_FALSE(kernel::solve_positive_definite(matrix_of, side_of, scales.data(), width, 4, level));
      }
    }
  }
}
