// The best scores under a filter, against a sort, at every level.
#include <mmrec/kernel/topk_if.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include <mmrec/core/random.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"

using namespace mmrec;

namespace {

/// Admits items whose number leaves a remainder other than 0, and adds 1 to the scores of even items.
struct odd_filter {
  std::size_t divisor;
  static constexpr bool adjusts = true;
  bool admits(item_id item) const { return item.index() % divisor != 0; }
  float adjust(item_id item, float score) const { return item.index() % 2 == 0 ? score + 1.0f : score; }
  float least_score(float listed) const { return listed - 1.0f - 1e-3f; }
};

std::vector<float> scores_of(std::size_t count, std::uint32_t kind, random_stream& random) {
  std::vector<float> scores(count);
  for (std::size_t item = 0; item < count; ++item) {
    scores[item] = static_cast<float>(random.below(9));
    if (kind == 1) scores[item] = static_cast<float>(item);   // every item beats all before it
    if (kind == 2) scores[item] = -static_cast<float>(item);  // none does
    if (kind == 3) scores[item] = 7.0f;                       // nothing but ties
    if (kind == 4) scores[item] = std::numeric_limits<float>::infinity();
    if (random.below(20) == 0) scores[item] = no_score;
    if (random.below(50) == 0) scores[item] = -std::numeric_limits<float>::infinity();
  }
  return scores;
}

}  // namespace

TEST_CASE("top_k_if gives the list of a full sort at every level") {
  const auto level = GENERATE(from_range(kernel::usable_simd_levels()));
  random_stream random(seed{6}, 0);
  kernel::top_k_scratch scratch;
  for (int round = 0; round < 1500; ++round) {
    const auto scores = scores_of(random.below(round % 5 == 0 ? 6000 : 500), random.below(6), random);
    const std::size_t k = random.below(round % 7 == 0 ? 700 : 40);
    const odd_filter filter{1 + random.below(4)};
    CAPTURE(round, scores.size(), k, filter.divisor);
    std::vector<scored_item> plain, filtered;
    for (std::size_t item = 0; item < scores.size(); ++item) {
      const item_id id{item};
      if (std::isnan(scores[item])) continue;
      plain.push_back({id, scores[item]});
      if (filter.admits(id)) filtered.push_back({id, filter.adjust(id, scores[item])});
    }
    for (auto* list : {&plain, &filtered}) {
      std::sort(list->begin(), list->end(), kernel::listed_before{});
      if (list->size() > k) list->resize(k);
    }
    std::vector<scored_item> out((std::min)(k, scores.size()));
    out.resize(kernel::top_k_if(scores, k, kernel::list_all{}, out, scratch, level));
    REQUIRE(out == plain);
    out.resize((std::min)(k, scores.size()));
    out.resize(kernel::top_k_if(scores, k, filter, out, scratch, level));
    REQUIRE(out == filtered);
  }
}

TEST_CASE("top_k_if refuses a list that is too short, and allocates nothing the second time") {
  std::vector<float> scores(1000, 1.0f);
  std::vector<scored_item> out(10);
  kernel::top_k_scratch scratch;
  CHECK_THROWS_AS(kernel::top_k_if(scores, 11, kernel::list_all{}, out, scratch), shape_error);
  CHECK(kernel::top_k_if(scores, 10, kernel::list_all{}, out, scratch) == 10);
  CHECK(test::allocations_of([&] { kernel::top_k_if(scores, 10, kernel::list_all{}, out, scratch); }) == 0);
}
