// The k-th largest by bisection, against a sort.
#include <mmrec/kernel/kth_largest.hpp>

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <vector>

#include <mmrec/core/random.hpp>

#include "support/catch.hpp"

using namespace mmrec;

TEST_CASE("kth_largest is what a sort finds, ties, signs and infinities included") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  random_stream random(seed{5}, 0);
  for (int round = 0; round < 3000; ++round) {
    std::vector<float> values(1 + random.below(200));
    const auto kind = random.below(5);
    for (float& value : values) {
      const double normal = random.normal();
      if (kind == 0) value = static_cast<float>(normal);
      if (kind == 1) value = static_cast<float>(random.below(3)) - 1.0f;
      if (kind == 2) value = static_cast<float>(normal * std::pow(10.0, static_cast<double>(random.below(88)) - 44.0));
      if (kind == 3) value = random.below(2) == 0 ? 0.0f : -0.0f;
      if (kind == 4) value = 1.0f + static_cast<float>(random.below(5)) * std::numeric_limits<float>::epsilon();
      if (random.below(30) == 0) value = std::copysign(std::numeric_limits<float>::infinity(), static_cast<float>(normal));
    }
    std::vector<float> sorted = values;
    std::sort(sorted.begin(), sorted.end(), std::greater<>());
    for (std::size_t k = 1; k <= values.size(); k += 1 + k / 4) {
      CAPTURE(round, values.size(), k);
      REQUIRE(kernel::kth_largest(values, k, level) == sorted[k - 1]);
    }
  }
}
