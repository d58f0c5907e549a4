// The scan for large products, against a plain loop.
#include <mmrec/kernel/score_scan.hpp>

#include <limits>
#include <vector>

#include <mmrec/core/random.hpp>

#include "support/catch.hpp"

using namespace mmrec;

TEST_CASE("next_product_above stops exactly where a plain loop does") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  random_stream random(seed{2});
  for (const std::size_t count : {0u, 1u, 15u, 16u, 17u, 31u, 32u, 33u, 100u, 1000u}) {
    std::vector<float> values(count), scales(count);
    for (float& value : values) value = static_cast<float>(random.below(10));
    for (float& scale : scales) scale = random.uniform_float();
    if (count > 3) values[3] = std::numeric_limits<float>::quiet_NaN();
    for (const float threshold : {-1.0f, 0.0f, 4.0f, 8.5f, 100.0f}) {
      std::size_t expected = 0;
      for (std::size_t begin = 0; begin <= count; ++begin) {
        if (expected < begin) expected = begin;
        while (expected < count && !(values[expected] * scales[expected] > threshold)) ++expected;
        REQUIRE(kernel::next_product_above(values, scales, begin, threshold, level) == expected);
      }
    }
  }
}
