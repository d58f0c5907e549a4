// Inner products of chosen rows have the bits of a whole search.
#include <mmrec/kernel/ordered_dot.hpp>

#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/topk_dot.hpp>

#include "support/catch.hpp"

using namespace mmrec;

TEST_CASE("ordered_dots gives the bits of packed_items, for any rows in any order") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  random_stream random(seed{9}, 0);
  for (const std::size_t width : {1u, 7u, 16u, 64u, 131u}) {
    constexpr std::size_t items = 100;
    std::vector<float> rows(items * width), query(width), all(items);
    for (float& value : rows) value = static_cast<float>(random.normal());
    for (float& value : query) value = static_cast<float>(random.normal());
    kernel::packed_items(rows, items, width).score(query, all, level);
    for (const std::size_t count : {0u, 1u, 7u, 8u, 9u, 30u}) {
      std::vector<std::uint32_t> chosen(count);
      for (auto& item : chosen) item = random.below(items);
      std::vector<float> out(count + 1, -1.0f), expected(count + 1, -1.0f);
      for (std::size_t index = 0; index < count; ++index) expected[index] = all[chosen[index]];
      kernel::ordered_dots(rows.data(), width, chosen, query.data(), out.data(), level);
      CAPTURE(width, count);
      CHECK(out == expected);
    }
  }
}
