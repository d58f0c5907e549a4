// Exact search for the largest inner products, against double precision scores and a full sort.
#include <mmrec/kernel/topk_dot.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"

using namespace mmrec;

namespace {

std::vector<float> normal_values(std::size_t count, std::uint64_t stream) {
  random_stream random(seed{3}, stream);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.normal());
  return values;
}

/// Values of which sums of products are exact in float, so that ties are many and every order of summation agrees.
std::vector<float> small_integers(std::size_t count, std::uint64_t stream) {
  random_stream random(seed{4}, stream);
  std::vector<float> values(count);
  for (float& value : values) value = static_cast<float>(random.below(3)) - 1.0f;
  return values;
}

using lists = std::vector<std::vector<scored_item>>;
using exclusions = std::vector<std::vector<item_id>>;

lists search(const kernel::packed_items& items, const std::vector<float>& queries, std::size_t batch, std::size_t k,
             const exclusions& excluded, std::size_t threads, kernel::simd_level level) {
  std::vector<scored_item> out(batch * k);
  std::vector<std::size_t> counts(batch);
  std::vector<std::span<const item_id>> views(excluded.begin(), excluded.end());
  items.search(exec::cpu{.threads = threads}, queries, k, views, out, counts, level);
  lists result(batch);
  for (std::size_t query = 0; query < batch; ++query) {
    result[query].assign(out.begin() + static_cast<std::ptrdiff_t>(query * k),
                         out.begin() + static_cast<std::ptrdiff_t>(query * k + counts[query]));
  }
  return result;
}

lists by_full_sort(const std::vector<float>& rows, const std::vector<float>& queries, std::size_t batch, std::size_t width,
                   std::size_t k, const exclusions& excluded) {
  lists result(batch);
  for (std::size_t query = 0; query < batch; ++query) {
    for (std::size_t item = 0; item < rows.size() / width; ++item) {
      double sum = 0.0;
      for (std::size_t d = 0; d < width; ++d) sum += double{rows[item * width + d]} * double{queries[query * width + d]};
      if (std::isnan(sum)) continue;
      if (!excluded.empty() && std::count(excluded[query].begin(), excluded[query].end(), item_id{item}) != 0) continue;
      result[query].push_back({item_id{item}, static_cast<float>(sum)});
    }
    std::stable_sort(result[query].begin(), result[query].end(), [](auto& a, auto& b) { return a.score > b.score; });
    if (result[query].size() > k) result[query].resize(k);
  }
  return result;
}

}  // namespace

TEST_CASE("packed_items finds what a full sort finds, ties and exclusions included") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  for (const std::size_t items : {1u, 5u, 47u, 48u, 49u, 1000u}) {
    for (const std::size_t width : {1u, 3u, 16u}) {
      for (const std::size_t batch : {1u, 2u, 3u, 7u, 8u, 9u, 31u}) {
        const auto rows = small_integers(items * width, items * width);
        const auto queries = small_integers(batch * width, 1000 + batch);
        const kernel::packed_items packed(rows, items, width);
        exclusions excluded(batch);
        random_stream random(seed{8}, items);
        for (auto& list : excluded) {
          for (std::size_t item = 0; item < items; ++item) {
            if (random.below(3) == 0) list.emplace_back(item);
          }
        }
        for (const std::size_t k : {1u, 10u, 100u, 1200u}) {
          CAPTURE(items, width, batch, k);
          REQUIRE(search(packed, queries, batch, k, {}, 1, level) == by_full_sort(rows, queries, batch, width, k, {}));
          REQUIRE(search(packed, queries, batch, k, excluded, 1, level) ==
                  by_full_sort(rows, queries, batch, width, k, excluded));
        }
      }
    }
  }
}

TEST_CASE("packed_items gives one query the same bits alone, in a batch, by threads and from score()") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  constexpr std::size_t items = 2500, width = 37, batch = 300, k = 20;
  const auto rows = normal_values(items * width, 0);
  const auto queries = normal_values(batch * width, 1);
  const kernel::packed_items packed(rows, items, width);
  const lists together = search(packed, queries, batch, k, {}, 1, level);
  CHECK(search(packed, queries, batch, k, {}, 2, level) == together);
  CHECK(search(packed, queries, batch, k, {}, 8, level) == together);
  std::vector<float> scores(items);
  for (const std::size_t query : {0u, 7u, 150u, 299u}) {
    const auto first = queries.begin() + static_cast<std::ptrdiff_t>(query * width);
    const std::vector<float> one(first, first + static_cast<std::ptrdiff_t>(width));
    for (const std::size_t threads : {1u, 2u, 8u})
      CHECK(search(packed, one, 1, k, {}, threads, level).front() == together[query]);
    packed.score(one, scores, level);
    std::vector<scored_item> listed(k);
    REQUIRE(kernel::top_k(scores, k, listed) == k);
    CHECK(listed == together[query]);
    double worst = 0.0;
    for (std::size_t item = 0; item < items; ++item) {
      double exact = 0.0;
      for (std::size_t d = 0; d < width; ++d) exact += double{rows[item * width + d]} * double{one[d]};
      worst = std::max(worst, std::abs(exact - double{scores[item]}));
    }
    CHECK(worst < 1e-5);
  }
}

TEST_CASE("packed_items computes the same bits with AVX2 and AVX-512") {
  if (kernel::best_simd_level() != kernel::simd_level::avx512) return;
  constexpr std::size_t items = 500, width = 65;
  const auto rows = normal_values(items * width, 2);
  const auto query = normal_values(width, 3);
  const kernel::packed_items packed(rows, items, width);
  std::vector<float> narrow(items), wide(items);
  packed.score(query, narrow, kernel::simd_level::avx2);
  packed.score(query, wide, kernel::simd_level::avx512);
  CHECK(narrow == wide);
}

TEST_CASE("packed_items never lists NaN and orders infinities as values") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> rows(60 * 2, no_score);
  const auto set = [&](std::size_t item, float first) {
    rows[2 * item] = first;
    rows[2 * item + 1] = 1.0f;
  };
  set(4, -infinity);
  set(30, infinity);
  set(50, 2.0f);
  const kernel::packed_items packed(rows, 60, 2);
  const std::vector<scored_item> expected{{item_id{30u}, infinity}, {item_id{50u}, 3.0f}, {item_id{4u}, -infinity}};
  CHECK(search(packed, {1.0f, 1.0f}, 1, 5, {}, 1, level).front() == expected);
  CHECK(search(packed, {no_score, 1.0f}, 1, 5, {}, 1, level).front().empty());
}

TEST_CASE("packed_items reads rows that are further apart than they are wide") {
  const std::vector<float> rows{1, 2, -99, 3, 4};
  const kernel::packed_items packed(rows, 2, 2, 3);
  std::vector<float> scores(2);
  packed.score(std::vector<float>{1.0f, 10.0f}, scores);
  CHECK(scores == std::vector<float>{21.0f, 43.0f});
}

TEST_CASE("packed_items has defined answers for nothing, and refuses sizes that do not fit") {
  const auto level = kernel::best_simd_level();
  const std::vector<float> rows(10, 1.0f);
  const kernel::packed_items packed(rows, 5, 2);
  CHECK(search(packed, {1, 1}, 1, 0, {}, 1, level).front().empty());
  CHECK(search(packed, {}, 0, 3, {}, 1, level).empty());
  CHECK(search(kernel::packed_items({}, 0, 2), {1, 1}, 1, 3, {}, 1, level).front().empty());
  CHECK_THROWS_AS(kernel::packed_items(rows, 6, 2), shape_error);
  CHECK_THROWS_AS(kernel::packed_items(rows, 5, 0), invalid_config);
  CHECK_THROWS_AS(kernel::packed_items(rows, 2, 1, static_cast<std::size_t>(-1)), limit_error);  // a size that wraps
  CHECK_THROWS_AS(search(packed, {1, 1, 1}, 1, 3, {}, 1, level), shape_error);
  CHECK_THROWS_AS(search(packed, {1, 1}, 1, 3, exclusions(2), 1, level), shape_error);
  std::vector<float> scores(4);
  CHECK_THROWS_AS(packed.score(std::vector<float>{1, 1}, scores), shape_error);
}
