// Inner products of bytes at every level, against 64-bit sums.
#include <mmrec/kernel/int8_dot.hpp>

#include <cstdint>
#include <vector>

#include <mmrec/core/random.hpp>

#include "support/catch.hpp"

using namespace mmrec;

TEST_CASE("int8_dots adds up the same integers at every level, extremes included") {
  const auto level = GENERATE(from_range(kernel::usable_int8_levels()));
  CAPTURE(kernel::name_of(level));
  const kernel::int8_session session(level);
  random_stream random(seed{7}, 0);
  for (const std::size_t groups : {1u, 2u, 7u, 15u, 16u, 17u, 33u, 500u}) {
    for (const std::uint32_t kind : {0u, 1u, 2u}) {
      const std::size_t width = 4 * groups, stride = (width + 63) / 64 * 64;
      std::vector<std::uint8_t> block(64 * width + kernel::int8_readable_behind, 0xee);  // what lies behind must not count
      std::vector<std::vector<int>> items(64, std::vector<int>(width));
      for (std::size_t item = 0; item < 64; ++item) {
        for (std::size_t d = 0; d < width; ++d) {
          const int value = kind == 0 ? static_cast<int>(random.below(256)) : 255;
          items[item][d] = value;
          block[(item / 16) * 64 * groups + (d / 4 * 16 + item % 16) * 4 + d % 4] = static_cast<std::uint8_t>(value);
        }
      }
      std::vector<std::int8_t> queries(32 * stride, 0);
      for (std::size_t query = 0; query < 32; ++query) {
        for (std::size_t d = 0; d < width; ++d) {
          const int value = kind == 0 ? static_cast<int>(random.below(255)) - 127 : kind == 1 ? 127 : -127;
          queries[query * stride + d] = static_cast<std::int8_t>(value);
        }
      }
      for (const std::size_t count : {1u, 2u, 3u, 5u, 8u, 15u, 16u, 17u, 31u, 32u}) {
        std::vector<std::int32_t> out(32 * 64, -1);
        kernel::int8_dots(block.data(), groups, queries.data(), stride, count, out.data(), level);
        bool same = true;
        for (std::size_t query = 0; query < count; ++query) {
          for (std::size_t item = 0; item < 64; ++item) {
            std::int64_t sum = 0;
            for (std::size_t d = 0; d < width; ++d) sum += std::int64_t{items[item][d]} * queries[query * stride + d];
            same = same && sum == out[query * 64 + item];
          }
        }
        CAPTURE(groups, kind, count);
        REQUIRE(same);
      }
    }
  }
}
