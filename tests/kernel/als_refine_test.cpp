// The solvers that better factors step by step, at every instruction set, against float64.
#include <mmrec/kernel/als_refine.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include <Eigen/Cholesky>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include "support/catch.hpp"

using namespace mmrec;

namespace {

constexpr std::size_t row_count = 300;
constexpr std::size_t lengths[4] = {0, 37, 5, 150};

/// Four systems over common rows: without entries, with a mean, and with every seventh weight 0.
struct problem {
  std::size_t width;
  kernel::aligned_vector<float> values;
  kernel::aligned_vector<float> gram;
  kernel::aligned_vector<float> mean;
  kernel::aligned_vector<float> start;
  std::vector<std::uint32_t> ids[4];
  std::vector<float> weights[4];
  kernel::als_system systems[4];

  explicit problem(std::size_t k) : width(k), values(row_count * k), gram(k * k), mean(k), start(kernel::als_systems * k) {
    random_stream random(seed{7}, k);
    for (float& value : values) value = 0.1f * static_cast<float>(random.normal());
    for (float& value : mean) value = 0.1f * static_cast<float>(random.normal());
    for (float& value : start) value = 0.1f * static_cast<float>(random.normal());
    const Eigen::MatrixXd exact = gram_matrix();
    for (std::size_t n = 0; n < k * k; ++n) gram[n] = static_cast<float>(exact.data()[n]);
    for (std::size_t s = 0; s < 4; ++s) {
      for (std::size_t n = 0; n < lengths[s]; ++n) {
        ids[s].push_back(random.below(row_count));
        weights[s].push_back(n % 7 == 3 ? 0.0f : 4.0f * random.uniform_float());
      }
      systems[s] = {ids[s].data(), weights[s].data(), lengths[s], 0.5f + static_cast<float>(s),
                    s == 2 ? mean.data() : nullptr};
    }
  }
  kernel::als_rows rows() const { return {values.data(), width, width}; }
  Eigen::VectorXd vector(const float* from) const {
    return Eigen::Map<const Eigen::VectorXf>(from, static_cast<Eigen::Index>(width)).cast<double>();
  }
  Eigen::VectorXd row(std::size_t index) const { return vector(values.data() + index * width); }
  Eigen::MatrixXd gram_matrix() const {
    const auto k = static_cast<Eigen::Index>(width);
    Eigen::MatrixXd sum = Eigen::MatrixXd::Zero(k, k);
    for (std::size_t n = 0; n < row_count; ++n) sum += row(n) * row(n).transpose();
    return sum;
  }
  /// The matrix and the right side of a system.
  std::pair<Eigen::MatrixXd, Eigen::VectorXd> equations(std::size_t s) const {
    const auto k = static_cast<Eigen::Index>(width);
    const double strength = static_cast<double>(systems[s].strength);
    Eigen::MatrixXd left = gram_matrix() + strength * Eigen::MatrixXd::Identity(k, k);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(k);
    if (systems[s].mean != nullptr) right += strength * vector(systems[s].mean);
    for (std::size_t n = 0; n < lengths[s]; ++n) {
      const double weight = static_cast<double>(weights[s][n]);
      if (weight == 0.0) continue;
      left += weight * row(ids[s][n]) * row(ids[s][n]).transpose();
      right += (1.0 + weight) * row(ids[s][n]);
    }
    return {left, right};
  }
};

bool steps(const problem& data, const kernel::als_system* systems, std::size_t count, std::size_t many,
           kernel::aligned_vector<float>& x, kernel::simd_level level) {
  kernel::aligned_vector<float> scratch(kernel::als_conjugate_gradient_scratch(data.width));
  return kernel::als_conjugate_gradient(data.rows(), data.gram.data(), systems, count, many, x.data(), scratch.data(),
                                        level);
}

bool sweep(const problem& data, const kernel::als_system* systems, std::size_t count, std::size_t block,
           kernel::aligned_vector<float>& x, kernel::simd_level level) {
  kernel::aligned_vector<float> scratch(kernel::als_descend_blocks_scratch(block));
  std::vector<std::vector<float>> memory(4, std::vector<float>(200));
  float* scores[4];
  for (std::size_t s = 0; s < 4; ++s) scores[s] = memory[s].data();
  return kernel::als_descend_blocks(data.rows(), data.gram.data(), systems, count, block, x.data(), scores, scratch.data(),
                                    level);
}

double distance(const problem& data, const kernel::aligned_vector<float>& x, std::size_t s,
                const Eigen::VectorXd& expected) {
  return (data.vector(x.data() + s * data.width) - expected).cwiseAbs().maxCoeff();
}

}  // namespace

TEST_CASE("steps of conjugate gradients are those of float64, at every level") {
  const problem data(GENERATE(as<std::size_t>{}, 16, 48, 64, 112, 128, 256));
  CAPTURE(data.width);
  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    for (const std::size_t many : std::vector<std::size_t>{0, 1, 3, 200}) {
      CAPTURE(many);
      kernel::aligned_vector<float> x = data.start;
      REQUIRE(steps(data, data.systems, 4, many, x, level));
      for (std::size_t s = 0; s < 4; ++s) {
        CAPTURE(s);
        const auto [left, right] = data.equations(s);
        Eigen::VectorXd expected = data.vector(data.start.data() + s * data.width);
        if (many == 200) {
          expected = left.llt().solve(right);
        } else {
          Eigen::VectorXd r = right - left * expected, p = r;
          for (std::size_t step = 0; step < many; ++step) {
            const Eigen::VectorXd q = left * p;
            const double length = r.squaredNorm() / p.dot(q), before = r.squaredNorm();
            expected += length * p;
            r -= length * q;
            p = r + r.squaredNorm() / before * p;
          }
        }
        CHECK(distance(data, x, s, expected) < (many == 200 ? 3e-6 : 2e-5));
      }
    }
  }
}

TEST_CASE("a sweep over blocks solves each block exactly, at every level") {
  const problem data(GENERATE(as<std::size_t>{}, 16, 48, 64, 112, 128));
  const std::size_t block = GENERATE(as<std::size_t>{}, 16, 32, 64, 256);
  CAPTURE(data.width, block);
  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    kernel::aligned_vector<float> x = data.start;
    REQUIRE(sweep(data, data.systems, 4, block, x, level));
    for (std::size_t s = 0; s < 4; ++s) {
      CAPTURE(s);
      const auto [left, right] = data.equations(s);
      Eigen::VectorXd expected = data.vector(data.start.data() + s * data.width);
      for (std::size_t first = 0; first < data.width; first += block) {
        const auto at = static_cast<Eigen::Index>(first);
        const auto size = static_cast<Eigen::Index>(std::min(block, data.width - first));
        const Eigen::VectorXd r = right - left * expected;
        expected.segment(at, size) += Eigen::MatrixXd(left.block(at, at, size, size)).llt().solve(r.segment(at, size));
      }
      CHECK(distance(data, x, s, expected) < 5e-6);
    }
  }
}

TEST_CASE("a system has the same bits alone and in company, and zeros stay zeros") {
  const problem data(64);
  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    for (const bool blocks : {false, true}) {
      CAPTURE(kernel::name_of(level), blocks);
      const auto solve = [&](const kernel::als_system* systems, std::size_t count, kernel::aligned_vector<float>& x) {
        return blocks ? sweep(data, systems, count, 32, x, level) : steps(data, systems, count, 3, x, level);
      };
      kernel::aligned_vector<float> all = data.start;
      REQUIRE(solve(data.systems, 4, all));
      for (std::size_t s = 0; s < 4; ++s) {
        kernel::aligned_vector<float> alone(data.start.size());
        std::copy_n(data.start.begin() + static_cast<std::ptrdiff_t>(s * data.width), data.width, alone.begin());
        REQUIRE(solve(data.systems + s, 1, alone));
        CHECK(std::equal(alone.begin(), alone.begin() + static_cast<std::ptrdiff_t>(data.width),
                         all.begin() + static_cast<std::ptrdiff_t>(s * data.width)));
      }
    }
  }
}

TEST_CASE("numbers that are not finite are told") {
  problem data(32);
  for (const kernel::simd_level level : kernel::usable_simd_levels()) {
    kernel::aligned_vector<float> x = data.start;
    data.weights[1][0] = 1e38f;
    data.weights[1][1] = 1e38f;
    CHECK_FALSE(steps(data, data.systems, 4, 3, x, level));
    x = data.start;
    data.weights[1][0] = std::numeric_limits<float>::infinity();
    CHECK_FALSE(sweep(data, data.systems, 4, 16, x, level));
  }
}
