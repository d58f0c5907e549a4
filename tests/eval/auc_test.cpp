#include <mmrec/eval/auc.hpp>

#include <cstddef>
#include <limits>
#include <set>
#include <string>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>

#include "eval/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::item_id;

TEST_CASE("AUC by hand") {
  const std::vector<float> scores{4, 3, 3, 2, mm::no_score, 1};  // item 4 is not judged by the model
  CHECK(mm::eval::auc(scores, std::vector{item_id{0u}}, 6) == 1.0);
  CHECK(mm::eval::auc(scores, std::vector{item_id{1u}}, 6) == Approx((0.5 + 3) / 5));
  CHECK(mm::eval::auc(scores, std::vector{item_id{4u}}, 6) == 0.0);
  CHECK(mm::eval::auc(scores, std::vector{item_id{5u}}, 6) == Approx(1.0 / 5));
  CHECK(mm::eval::auc(scores, std::vector{item_id{1u}}, 5) == Approx(2.5 / 4));  // item 4 is no candidate
  CHECK(mm::eval::auc(scores, {}, 6) == 0.5);
  CHECK(mm::eval::auc(std::vector<float>{1.0f}, std::vector{item_id{0u}}, 1) == 0.5);
}

TEST_CASE("AUC equals all pairs one by one") {
  mm::random_stream random(mm::seed{21});
  for (int round = 0; round < 3000; ++round) {
    const std::uint32_t items = 1 + random.below(round % 10 == 0 ? 120 : 20);
    std::vector<float> scores(items);
    std::vector<float> visible(items, mm::no_score);
    std::set<std::size_t> candidates;
    std::vector<item_id> relevant;
    std::set<std::size_t> relevant_set;
    for (std::size_t item = 0; item < items; ++item) {
      scores[item] = random.below(6) == 0 ? mm::no_score : static_cast<float>(random.below(8));
      if (random.below(5) == 0) continue;  // masked
      candidates.insert(item);
      visible[item] = scores[item];
      if (random.below(4) != 0) continue;
      relevant.push_back(item_id{item});
      relevant_set.insert(item);
    }
    const double found = mm::eval::auc(visible, relevant, candidates.size());
    CHECK(found == Approx(test::plain::auc(scores, relevant_set, candidates)).epsilon(1e-14).margin(1e-15));
    CHECK((found >= 0.0 && found <= 1.0));
  }
}

TEST_CASE("AUC equals scikit-learn's") {
  for (const auto& row : test::golden_rows("metrics.csv")) {
    auto scores = test::numbers<float>(row[0]);
    const auto masked = test::numbers<std::size_t>(row[2]);
    std::vector<item_id> relevant;
    for (const std::size_t item : test::numbers<std::size_t>(row[1])) relevant.emplace_back(item);
    for (const std::size_t item : masked) scores[item] = mm::no_score;
    CHECK(mm::eval::auc(scores, relevant, scores.size() - masked.size()) == Approx(std::stod(row[3])).epsilon(1e-12));
  }
}

TEST_CASE("AUC allocates nothing") {
  const std::vector<float> scores(1000, 1.0f);
  const std::vector<item_id> relevant{item_id{3u}, item_id{900u}};
  double found = 0.0;
  CHECK(test::allocations_of([&] { found = mm::eval::auc(scores, relevant, 1000); }) == 0);
  CHECK(found == 0.5);
}
