// Exact top-k of one score array, against a full sort.
#include <mmrec/kernel/topk.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <mmrec/core/random.hpp>

#include "support/catch.hpp"

using namespace mmrec;

namespace {

std::vector<scored_item> by_full_sort(const std::vector<float>& scores, std::size_t k) {
  std::vector<scored_item> all;
  for (std::size_t item = 0; item < scores.size(); ++item) {
    if (!std::isnan(scores[item])) all.push_back({item_id{item}, scores[item]});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  all.resize(std::min(k, all.size()));
  return all;
}

std::vector<scored_item> by_kernel(const std::vector<float>& scores, std::size_t k, kernel::simd_level level) {
  std::vector<scored_item> out(std::min(k, scores.size()));
  out.resize(kernel::top_k(scores, k, out, level));
  return out;
}

}  // namespace

TEST_CASE("top_k equals a full sort for every length, k and instruction set") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  random_stream random(seed{11});
  for (const std::size_t count : {0u, 1u, 2u, 15u, 16u, 17u, 63u, 64u, 65u, 127u, 130u, 1000u, 5000u}) {
    for (const std::size_t k : {0u, 1u, 2u, 10u, 64u, 100u, 4999u, 5000u, 6000u}) {
      std::vector<float> scores(count);
      const auto distinct = 1 + random.below(2 * static_cast<std::uint32_t>(count) + 1);  // many ties in some arrays
      for (float& score : scores) score = static_cast<float>(random.below(distinct)) - 3.0f;
      for (float& score : scores) {
        if (random.below(20) == 0) score = no_score;
      }
      CAPTURE(count, k, distinct);
      REQUIRE(by_kernel(scores, k, level) == by_full_sort(scores, k));
    }
  }
}

TEST_CASE("top_k handles sorted scores, the most and the fewest replacements") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  std::vector<float> scores(3000);
  for (std::size_t item = 0; item < scores.size(); ++item) scores[item] = static_cast<float>(item);
  CHECK(by_kernel(scores, 100, level) == by_full_sort(scores, 100));
  std::reverse(scores.begin(), scores.end());
  CHECK(by_kernel(scores, 100, level) == by_full_sort(scores, 100));
}

TEST_CASE("top_k gives equal scores to the lower item ids, zero of either sign included") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  std::vector<float> scores(200, 0.0f);
  for (std::size_t item = 0; item < scores.size(); item += 2) scores[item] = -0.0f;
  const auto best = by_kernel(scores, 7, level);
  REQUIRE(best.size() == 7);
  for (std::size_t place = 0; place < best.size(); ++place) CHECK(best[place].item.index() == place);
}

TEST_CASE("top_k never lists NaN and orders infinities as values") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  constexpr float infinity = std::numeric_limits<float>::infinity();
  std::vector<float> scores(100, no_score);
  CHECK(by_kernel(scores, 10, level).empty());
  scores[3] = -infinity;
  scores[98] = infinity;
  scores[99] = std::numeric_limits<float>::lowest();
  const std::vector<scored_item> expected{
      {item_id{98}, infinity}, {item_id{99}, std::numeric_limits<float>::lowest()}, {item_id{3}, -infinity}};
  CHECK(by_kernel(scores, 10, level) == expected);
  CHECK(by_kernel(scores, 1, level) == std::vector<scored_item>{expected.front()});
}

TEST_CASE("top_k wants room for the entries it may write") {
  const std::vector<float> scores(5, 1.0f);
  std::vector<scored_item> out(2);
  CHECK_THROWS_AS(kernel::top_k(scores, 3, out), shape_error);
  CHECK(kernel::top_k(scores, 2, out) == 2);
  CHECK(kernel::top_k(scores, 0, {}) == 0);
}

TEST_CASE("top_k_collector does not depend on the order of the offers") {
  random_stream random(seed{5});
  std::vector<scored_item> offers;
  for (std::size_t item = 0; item < 300; ++item) offers.push_back({item_id{item}, static_cast<float>(random.below(20))});
  std::vector<scored_item> sorted = offers;
  std::sort(sorted.begin(), sorted.end(), kernel::listed_before{});
  sorted.resize(25);
  for (int round = 0; round < 5; ++round) {
    random.shuffle(std::span(offers));
    std::vector<scored_item> kept(25);
    kernel::top_k_collector collector(kept);
    collector.offer(item_id{999u}, no_score);
    for (const scored_item& offer : offers) collector.offer(offer.item, offer.score);
    REQUIRE(collector.finish() == 25);
    CHECK(kept == sorted);
  }
  kernel::top_k_collector nothing({});
  nothing.offer(item_id{0u}, 1.0f);
  CHECK(nothing.finish() == 0);
}
