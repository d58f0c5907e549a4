// The search with a first pass over bytes, against the search in floats: the same items and the same bits.
#include <mmrec/kernel/quantized_items.hpp>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk_dot.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

struct result {
  std::vector<scored_item> lists;
  std::vector<std::size_t> counts;
};

/// Bits, not values: -0 and +0 differ.
bool same_bits(const result& left, const result& right, std::size_t k) {
  if (left.counts != right.counts) return false;
  for (std::size_t query = 0; query < left.counts.size(); ++query) {
    if (left.counts[query] == 0) continue;  // memcmp takes no null pointers
    const auto* from = left.lists.data() + query * k;
    if (std::memcmp(from, right.lists.data() + query * k, left.counts[query] * sizeof(scored_item)) != 0) return false;
  }
  return true;
}

template <class Items, class FilterOf, class Level>
result search(const Items& items, const std::vector<float>& queries, std::size_t batch, std::size_t k,
              const FilterOf& filter_of, std::size_t threads, Level level) {
  result found{std::vector<scored_item>(batch * k), std::vector<std::size_t>(batch)};
  items.search_if(exec::cpu{.threads = threads}, queries, k, filter_of, found.lists, found.counts, level);
  return found;
}

constexpr auto everything = [](std::size_t) { return kernel::list_all{}; };

/// Leaves out some items and changes the scores of others, by the query's number.
struct tilted {
  std::size_t query;
  static constexpr bool adjusts = true;
  bool admits(item_id item) const { return (item.index() + query) % 3 != 0; }
  float adjust(item_id item, float score) const { return item.index() % 2 == 0 ? score * 1.5f : score; }
  float least_score(float listed) const { return listed > 0.0f ? listed / 1.6f : listed; }
};

enum kind { normal, integers, skewed, one_huge_row, one_huge_value, close, tiny, zeros, nans, infinite, enormous, kinds };

std::vector<float> rows_of(kind what, std::size_t items, std::size_t width, random_stream& random) {
  std::vector<float> rows(items * width);
  const float base = static_cast<float>(random.normal());
  for (std::size_t item = 0; item < items; ++item) {
    const double row_scale = what == skewed ? std::exp(2.0 * random.normal()) : 1.0;
    for (std::size_t d = 0; d < width; ++d) {
      float& value = rows[item * width + d];
      value = static_cast<float>(row_scale * random.normal());
      if (what == integers) value = static_cast<float>(random.below(3)) - 1.0f;
      // Scores that differ by less than bytes can tell: the exact pass has to decide all of them.
      if (what == close) value = base + 1e-5f * value;
      if (what == tiny) value *= 1e-30f;
      if (what == zeros) value = 0.0f;
      if (what == nans && random.below(8 * static_cast<std::uint32_t>(width)) == 0) value = no_score;
      if (what == infinite && random.below(300) == 0) value = std::numeric_limits<float>::infinity();
      if (what == enormous) value *= 1e30f;
    }
  }
  if (items > 0 && what == one_huge_row) {
    for (std::size_t d = 0; d < width; ++d) rows[random.below(static_cast<std::uint32_t>(items)) * width + d] *= 1e4f;
  }
  if (items > 0 && what == one_huge_value) rows[random.below(static_cast<std::uint32_t>(rows.size()))] = 1e6f;
  return rows;
}

}  // namespace

TEST_CASE("quantized_items lists what packed_items lists, bit for bit, whatever the numbers are") {
  const auto level = GENERATE(from_range(kernel::usable_int8_levels()));
  const auto simd = kernel::simd_level_of(level);
  CAPTURE(kernel::name_of(level));
  random_stream random(seed{21}, 0);
  for (int round = 0; round < 500; ++round) {
    const auto what = static_cast<kind>(random.below(kinds)), asked = static_cast<kind>(random.below(kinds));
    const std::size_t items = random.below(round % 16 == 0  ? 9000
                                           : round % 4 == 0 ? 3000
                                                            : 300),
                      width = 1 + random.below(90);
    const std::size_t batch = 1 + random.below(40), k = 1 + random.below(round % 5 == 0 ? 300 : 20);
    CAPTURE(round, what, asked, items, width, batch, k);
    const auto rows = rows_of(what, items, width, random), queries = rows_of(asked, batch, width, random);
    const kernel::packed_items packed(rows, items, width);
    const kernel::quantized_items quantized(rows, items, width);
    REQUIRE(same_bits(search(quantized, queries, batch, k, everything, 1, level),
                      search(packed, queries, batch, k, everything, 1, simd), k));
    const auto tilt = [](std::size_t query) { return tilted{query}; };
    REQUIRE(same_bits(search(quantized, queries, batch, k, tilt, 1, level), search(packed, queries, batch, k, tilt, 1, simd),
                      k));
  }
}

TEST_CASE("quantized_items gives one query the same bits alone, in a batch, by threads and from score()") {
  const auto level = GENERATE(from_range(kernel::usable_int8_levels()));
  constexpr std::size_t items = 3000, width = 70, batch = 150, k = 25;
  random_stream random(seed{22}, 0);
  const auto rows = rows_of(skewed, items, width, random), queries = rows_of(normal, batch, width, random);
  const kernel::quantized_items quantized(rows, items, width);
  const result together = search(quantized, queries, batch, k, everything, 1, level);
  CHECK(same_bits(search(quantized, queries, batch, k, everything, 2, level), together, k));
  CHECK(same_bits(search(quantized, queries, batch, k, everything, 8, level), together, k));
  kernel::quantized_items::scratch scratch;
  result own{std::vector<scored_item>(batch * k), std::vector<std::size_t>(batch)};
  quantized.search_if(queries, k, everything, own.lists, own.counts, scratch, level);
  CHECK(same_bits(own, together, k));
  std::vector<float> scores(items);
  for (const std::size_t query : {0u, 77u, 149u}) {
    const auto first = queries.begin() + static_cast<std::ptrdiff_t>(query * width);
    const std::vector<float> one(first, first + static_cast<std::ptrdiff_t>(width));
    const result alone = search(quantized, one, 1, k, everything, 8, level);
    quantized.score(one, scores, level);
    for (std::size_t place = 0; place < k; ++place) {
      const scored_item entry = together.lists[query * k + place];
      CHECK(alone.lists[place] == entry);
      CHECK(scores[entry.item.index()] == entry.score);
    }
  }
}

TEST_CASE("searches are right where a look at a few items misleads") {
  // The sample holds the best items of all, and nothing else of worth: what seems to be reached by many is reached by few.
  const auto level = GENERATE(from_range(kernel::usable_int8_levels()));
  constexpr std::size_t items = 9000, width = 8, batch = 5;
  random_stream random(seed{24}, 0);
  for (const std::size_t high : {8u, 30u, 48u, 70u}) {
    auto rows = rows_of(normal, items, width, random);
    std::vector<float> queries(batch * width, 1.0f);
    for (std::size_t item = 0; item < high; ++item) {
      for (std::size_t d = 0; d < width; ++d) rows[item * width + d] += 20.0f;
    }
    for (std::size_t query = 1; query < batch; ++query) {
      for (std::size_t d = 0; d < width; ++d) queries[query * width + d] = static_cast<float>(random.normal());
    }
    for (const std::size_t k : {1u, 10u, 40u, 90u, 140u}) {
      CAPTURE(high, k);
      std::vector<float> scores(items);
      const kernel::packed_items packed(rows, items, width);
      const kernel::quantized_items quantized(rows, items, width);
      const result floats = search(packed, queries, batch, k, everything, 1, kernel::simd_level_of(level));
      REQUIRE(same_bits(search(quantized, queries, batch, k, everything, 1, level), floats, k));
      for (std::size_t query = 0; query < batch; ++query) {
        packed.score(std::span(queries).subspan(query * width, width), scores, kernel::simd_level_of(level));
        std::vector<scored_item> expected(items);
        for (std::size_t item = 0; item < items; ++item) expected[item] = {item_id{item}, scores[item]};
        std::sort(expected.begin(), expected.end(), kernel::listed_before{});
        REQUIRE(floats.counts[query] == k);
        REQUIRE(std::equal(expected.begin(), expected.begin() + static_cast<std::ptrdiff_t>(k),
                           floats.lists.begin() + static_cast<std::ptrdiff_t>(query * k)));
      }
      const auto tilt = [](std::size_t query) { return tilted{query}; };
      REQUIRE(same_bits(search(quantized, queries, batch, k, tilt, 1, level),
                        search(packed, queries, batch, k, tilt, 1, kernel::simd_level_of(level)), k));
    }
  }
}

TEST_CASE("quantized_items allocates nothing the second time") {
  const auto level = GENERATE(from_range(kernel::usable_int8_levels()));
  random_stream random(seed{23}, 0);
  const auto rows = rows_of(normal, 2000, 64, random), query = rows_of(normal, 1, 64, random);
  const kernel::quantized_items quantized(rows, 2000, 64);
  kernel::quantized_items::scratch scratch;
  result own{std::vector<scored_item>(10), std::vector<std::size_t>(1)};
  const auto work = [&] { quantized.search_if(query, 10, everything, own.lists, own.counts, scratch, level); };
  work();
  CHECK(test::allocations_of(work) == 0);
}

TEST_CASE("quantized_items has defined answers for nothing, and refuses sizes that do not fit") {
  const auto level = kernel::best_int8_level();
  const std::vector<float> rows(10, 1.0f);
  const kernel::quantized_items five(rows, 5, 2);
  CHECK(search(five, {1, 1}, 1, 0, everything, 1, level).counts.front() == 0);
  CHECK(search(five, {1, 1}, 1, 9, everything, 1, level).counts.front() == 5);
  CHECK(search(five, {}, 0, 3, everything, 1, level).counts.empty());
  CHECK(search(kernel::quantized_items({}, 0, 2), {1, 1}, 1, 3, everything, 1, level).counts.front() == 0);
  CHECK(test::thrown<shape_error>([&] { kernel::quantized_items(rows, 6, 2); }) ==
        "kernel::quantized_items: numbers in rows: expected 12, got 10");
  CHECK(test::thrown<invalid_config>([&] { kernel::quantized_items(rows, 5, 0); }) ==
        "kernel::quantized_items: width must be 1 to 16384");
  CHECK_THROWS_AS(kernel::quantized_items(rows, 2, 1, static_cast<std::size_t>(-1)), limit_error);
  CHECK_THROWS_AS(search(five, {1, 1, 1}, 1, 3, everything, 1, level), shape_error);
  std::vector<float> scores(4);
  CHECK_THROWS_AS(five.score(std::vector<float>{1, 1}, scores), shape_error);
}
