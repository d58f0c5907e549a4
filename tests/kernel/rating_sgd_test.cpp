// Steps on ratings: every level against float64.
#include <mmrec/kernel/rating_sgd.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/aligned.hpp>

#include "support/catch.hpp"

using namespace mmrec;

TEST_CASE("rating_padded is the next whole register") {
  CHECK(kernel::rating_padded(1) == 16);
  CHECK(kernel::rating_padded(16) == 16);
  CHECK(kernel::rating_padded(100) == 112);
}

TEST_CASE("steps on ratings are those of float64 at every level") {
  const std::size_t factors = GENERATE(as<std::size_t>{}, 1, 16, 17, 32, 50, 64, 80, 100, 112, 128, 200);
  const float gain = GENERATE(1.0f, 2.0f);
  const auto level = GENERATE(
      from_range(std::vector<kernel::simd_level>(kernel::usable_simd_levels().begin(), kernel::usable_simd_levels().end())));
  CAPTURE(factors, gain, kernel::name_of(level));
  constexpr std::size_t users = 4, items = 3, count = 60;
  const std::size_t width = kernel::rating_padded(factors);
  kernel::aligned_vector<float> p(users * width, 0.0f), q(items * width, 0.0f), user_biases(users), item_biases(items);
  random_stream random(seed{1});
  const auto draw = [&](auto& rows, std::size_t row_count) {
    for (std::size_t row = 0; row < row_count; ++row) {
      for (std::size_t k = 0; k < factors; ++k) rows[row * width + k] = 0.2f * static_cast<float>(random.normal());
    }
  };
  draw(p, users);
  draw(q, items);
  for (float& bias : user_biases) bias = static_cast<float>(random.normal());
  std::vector<kernel::rated_pair> pairs(count);
  for (auto& pair : pairs) pair = {random.below(users), random.below(items), static_cast<float>(random.normal())};
  const kernel::rating_steps steps{0.02f, 0.05f, 0.01f, gain};

  std::vector<double> x(p.begin(), p.end()), y(q.begin(), q.end()), bu(user_biases.begin(), user_biases.end()),
      bi(item_biases.begin(), item_biases.end());
  for (const auto& [user, item, rating] : pairs) {
    double* const px = x.data() + user * width;
    double* const qy = y.data() + item * width;
    double error = double{rating} - bu[user] - bi[item];
    for (std::size_t k = 0; k < factors; ++k) error -= px[k] * qy[k];
    bu[user] += 0.01 * (error - 0.05 * bu[user]);
    bi[item] += 0.01 * (error - 0.05 * bi[item]);
    for (std::size_t k = 0; k < factors; ++k) {
      const double before = px[k];
      px[k] += 0.02 * (double{gain} * error * qy[k] - 0.05 * before);
      qy[k] += 0.02 * (error * before - 0.05 * qy[k]);
    }
  }
  kernel::rating_sgd(pairs.data(), count, {p.data(), q.data(), user_biases.data(), item_biases.data(), width}, steps, level);
  const auto largest = [](const auto& found, const auto& expected) {
    double worst = 0.0;
    for (std::size_t n = 0; n < expected.size(); ++n) worst = std::max(worst, std::abs(double{found[n]} - expected[n]));
    return worst;
  };
  CHECK(largest(p, x) < 2e-6);
  CHECK(largest(q, y) < 2e-6);
  CHECK(largest(user_biases, bu) < 2e-6);
  CHECK(largest(item_biases, bi) < 2e-6);
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t k = factors; k < width; ++k) CHECK(p[user * width + k] == 0.0f);
  }
}
