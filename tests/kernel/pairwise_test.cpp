// Steps of pairwise ranking: against NumPy in float64 (tests/golden/pairwise.py), at every level.
#include <mmrec/kernel/pairwise.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include "support/catch.hpp"
#include "support/golden_rows.hpp"

using namespace mmrec;

namespace {

const auto golden = test::read_golden_rows("pairwise.csv");

using floats = kernel::aligned_vector<float>;

floats padded(const test::golden_table& rows, std::size_t stride) {
  floats values(rows.size() * stride, 0.0f);
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t k = 0; k < rows[row].size(); ++k) values[row * stride + k] = static_cast<float>(rows[row][k]);
  }
  return values;
}

/// The largest difference; what is padding has to be zero.
double difference(const floats& values, const test::golden_table& rows, std::size_t stride) {
  double largest = 0.0;
  for (std::size_t row = 0; row < rows.size(); ++row) {
    for (std::size_t k = 0; k < stride; ++k) {
      const double wanted = k < rows[row].size() ? rows[row][k] : 0.0;
      largest = (std::max)(largest, std::abs(static_cast<double>(values[row * stride + k]) - wanted));
    }
  }
  return largest;
}

struct bpr_case {
  std::size_t stride = 32;
  floats users = padded(golden.at("bpr_x0"), stride), items = padded(golden.at("bpr_y0"), stride);
  floats biases = padded(golden.at("bpr_b0"), golden.at("bpr_b0")[0].size());
  std::vector<std::uint32_t> user_of, positives, negatives;

  bpr_case() {
    for (const auto& triple : golden.at("bpr_triples")) {
      user_of.push_back(static_cast<std::uint32_t>(triple[0]));
      positives.push_back(static_cast<std::uint32_t>(triple[1]));
      negatives.push_back(static_cast<std::uint32_t>(triple[2]));
    }
  }
  kernel::bpr_job job() {
    return {users.data(),     items.data(),     biases.data(),  stride, stride, user_of.data(),
            positives.data(), negatives.data(), user_of.size(), 0.1f,   0.05f};
  }
};

}  // namespace

TEST_CASE("steps of BPR are those of float64") {
  for (const auto level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    bpr_case given;
    const std::size_t right = kernel::bpr_steps(given.job(), level);
    CHECK(static_cast<double>(right) == golden.at("bpr_right")[0][0]);
    CHECK(difference(given.users, golden.at("bpr_x1"), given.stride) < 2e-6);
    CHECK(difference(given.items, golden.at("bpr_y1"), given.stride) < 2e-6);
    CHECK(difference(given.biases, golden.at("bpr_b1"), given.biases.size()) < 2e-6);
  }
}

TEST_CASE("steps of BPR on shared rows give the same bits as long as nobody else steps") {
  for (const auto level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    bpr_case alone, shared;
    CHECK(kernel::bpr_steps(alone.job(), level) == kernel::bpr_steps_shared(shared.job(), level));
    CHECK(alone.users == shared.users);
    CHECK(alone.items == shared.items);
    CHECK(alone.biases == shared.biases);
  }
}

TEST_CASE("rows of every unrolled width take the same steps as their padded copies") {
  for (const auto level : kernel::usable_simd_levels()) {
    for (const std::size_t stride : {32u, 48u, 64u, 128u, 144u}) {
      CAPTURE(kernel::name_of(level), stride);
      bpr_case given;
      given.stride = stride;
      given.users = padded(golden.at("bpr_x0"), stride);
      given.items = padded(golden.at("bpr_y0"), stride);
      kernel::bpr_steps(given.job(), level);
      CHECK(difference(given.users, golden.at("bpr_x1"), stride) < 2e-6);
      CHECK(difference(given.items, golden.at("bpr_y1"), stride) < 2e-6);
    }
  }
}

TEST_CASE("a batch without triples takes no step") {
  bpr_case given;
  auto job = given.job();
  job.count = 0;
  CHECK(kernel::bpr_steps(job) == 0);
  CHECK(difference(given.users, golden.at("bpr_x0"), given.stride) == 0.0);
}

TEST_CASE("far margins neither overflow nor move") {
  for (const auto level : kernel::usable_simd_levels()) {
    floats users(16, 30.0f), items(32, 30.0f);
    std::fill(items.begin() + 16, items.end(), -30.0f);
    const std::uint32_t zero = 0, one = 1;
    const kernel::bpr_job won{users.data(), items.data(), nullptr, 16, 16, &zero, &zero, &one, 1, 0.1f, 0.0f};
    CHECK(kernel::bpr_steps(won, level) == 1);
    CHECK(users == floats(16, 30.0f));
    const kernel::bpr_job lost{users.data(), items.data(), nullptr, 16, 16, &zero, &one, &zero, 1, 0.1f, 0.0f};
    CHECK(kernel::bpr_steps(lost, level) == 0);
    CHECK(users[0] == Approx(30.0f - 0.1f * 60.0f));
  }
}

TEST_CASE("steps of WARP are those of float64") {
  const auto& rows = golden.at("warp_rows0");
  constexpr std::size_t width = 32;
  for (const auto level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    floats values = padded(rows, width), squares = padded(golden.at("warp_squares0"), width);
    for (std::size_t at = 0; at < squares.size(); ++at) squares[at] = squares[at] == 0.0f ? 1.0f : squares[at];
    float* const value = values.data();
    float* const square = squares.data();
    kernel::warp_step({{value, square}, {value + width, square + width}, {value + 2 * width, square + 2 * width}, width},
                      1.75f, 0.05f, 0.01f, level);
    CHECK(difference(values, golden.at("warp_rows1"), width) < 1e-6);
    for (std::size_t row = 0; row < 3; ++row) {
      for (std::size_t k = 0; k < rows[row].size(); ++k) {
        CHECK(static_cast<double>(squares[row * width + k]) == Approx(golden.at("warp_squares1")[row][k]).epsilon(1e-6));
      }
    }
    double product = 0.0;
    for (std::size_t k = 0; k < rows[0].size(); ++k) product += rows[0][k] * rows[1][k];
    const floats fresh = padded(rows, width);
    CHECK(static_cast<double>(kernel::dot_rows(fresh.data(), fresh.data() + width, width, level)) ==
          Approx(product).epsilon(1e-5));
  }
}
