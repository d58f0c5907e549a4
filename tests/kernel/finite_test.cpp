#include <mmrec/kernel/finite.hpp>

#include <cstddef>
#include <limits>
#include <vector>

#include "support/catch.hpp"

namespace kernel = mmrec::kernel;

TEMPLATE_TEST_CASE("one number that is not finite is found wherever it is, at every level", "", float, double) {
  using limits = std::numeric_limits<TestType>;
  for (const auto level : kernel::usable_simd_levels()) {
    for (std::size_t count = 0; count < 150; ++count) {
      // The largest numbers, of which a sum would overflow.
      std::vector<TestType> values(count, limits::max());
      REQUIRE(kernel::all_finite(count, values.data(), level));
      for (std::size_t at = 0; at < count; ++at) {
        for (const TestType bad : {limits::quiet_NaN(), limits::infinity(), -limits::infinity()}) {
          values[at] = bad;
          REQUIRE(!kernel::all_finite(count, values.data(), level));
        }
        values[at] = limits::max();
      }
    }
  }
}
