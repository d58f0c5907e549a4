#include <mmrec/kernel/rank_counts.hpp>

#include <cstddef>
#include <limits>
#include <span>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
using mm::kernel::count_ranks;
using mm::kernel::rank_counts;

TEST_CASE("count_ranks equals counting one by one, at every level and length") {
  mm::random_stream random(mm::seed{1});
  constexpr float infinity = std::numeric_limits<float>::infinity();
  for (std::size_t size = 0; size < 200; ++size) {
    std::vector<float> scores(size);
    for (float& score : scores) {
      const std::uint32_t kind = random.below(12);
      score = kind == 0   ? std::numeric_limits<float>::quiet_NaN()
              : kind == 1 ? infinity
              : kind == 2 ? -infinity
              : kind == 3 ? -0.0f
                          : static_cast<float>(random.below(9)) - 4.0f;
    }
    for (const float pivot : {-infinity, -2.0f, 0.0f, 3.0f, infinity}) {
      rank_counts expected;
      for (const float score : scores) {
        if (score < pivot) ++expected.below;
        if (score == pivot) ++expected.equal;
      }
      for (const auto level : mm::kernel::usable_simd_levels()) CHECK(count_ranks(scores, pivot, level) == expected);
    }
  }
}

TEST_CASE("nothing is below or equal to NaN") {
  const std::vector<float> scores(100, 1.0f);
  for (const auto level : mm::kernel::usable_simd_levels()) {
    CHECK(count_ranks(scores, std::numeric_limits<float>::quiet_NaN(), level) == rank_counts{});
  }
}
