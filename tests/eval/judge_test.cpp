#include <mmrec/eval/judge.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>

#include "eval/support.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::item_id;
using mm::eval::judge_hits;
using mm::eval::judge_list;
using mm::eval::list_quality;

namespace {

std::vector<item_id> ids(const std::vector<std::size_t>& numbers) { return {numbers.begin(), numbers.end()}; }

void check_equal(const list_quality& ours, const test::plain::quality& theirs) {
  CHECK(ours.recall == Approx(theirs.recall).epsilon(1e-13).margin(1e-15));
  CHECK(ours.precision == Approx(theirs.precision).epsilon(1e-13).margin(1e-15));
  CHECK(ours.f1 == Approx(theirs.f1).epsilon(1e-13).margin(1e-15));
  CHECK(ours.accuracy == Approx(theirs.accuracy).epsilon(1e-13).margin(1e-15));
  CHECK(ours.hit_rate == theirs.hit_rate);
  CHECK(ours.ndcg == Approx(theirs.ndcg).epsilon(1e-13).margin(1e-15));
  CHECK(ours.mrr == Approx(theirs.mrr).epsilon(1e-13).margin(1e-15));
  CHECK(ours.map == Approx(theirs.map).epsilon(1e-13).margin(1e-15));
}

}  // namespace

TEST_CASE("a list judged by hand") {
  // Listed 7, 2, 9, 4, 1; relevant 2, 4, 5; 10 candidates.
  const auto list = ids({7, 2, 9, 4, 1});
  const auto relevant = ids({2, 4, 5});
  const list_quality at3 = judge_list(list, relevant, 10, 3);
  CHECK(at3.recall == Approx(1.0 / 3));
  CHECK(at3.precision == Approx(1.0 / 3));
  CHECK(at3.f1 == Approx(1.0 / 3));
  CHECK(at3.accuracy == Approx(6.0 / 10));  // wrong: 7, 9 listed, 4, 5 missed
  CHECK(at3.hit_rate == 1.0);
  CHECK(at3.mrr == Approx(1.0 / 2));
  CHECK(at3.map == Approx((1.0 / 2) / 3));
  CHECK(at3.ndcg == Approx((1 / std::log2(3.0)) / (1 + 1 / std::log2(3.0) + 1.0 / 2)));
  const list_quality at5 = judge_list(list, relevant, 10, 5);
  CHECK(at5.recall == Approx(2.0 / 3));
  CHECK(at5.precision == Approx(2.0 / 5));
  CHECK(at5.f1 == Approx(1.0 / 2));
  CHECK(at5.map == Approx((1.0 / 2 + 2.0 / 4) / 3));
  const list_quality at1 = judge_list(list, relevant, 10, 1);
  CHECK(at1 == list_quality{.accuracy = 0.6});
}

TEST_CASE("F-beta by hand") {
  CHECK(mm::eval::f_beta(0.5, 0.25) == Approx(1.0 / 3));
  CHECK(mm::eval::f_beta(0.5, 0.25, 2.0) == Approx(5 * 0.125 / 2.25));
  CHECK(mm::eval::f_beta(0.5, 0.25, 0.0) == Approx(0.5));  // precision alone
  CHECK(mm::eval::f_beta(0.0, 0.0) == 0.0);
}

TEST_CASE("precision divides by K also where the list is shorter") {
  CHECK(judge_list(ids({3}), ids({3}), 1, 10).precision == Approx(0.1));
  CHECK(judge_list(ids({3}), ids({3}), 1, 10).recall == 1.0);
  CHECK(judge_list(ids({3}), ids({3}), 1, 10).ndcg == 1.0);
}

TEST_CASE("nothing asked or nothing relevant gives zeros") {
  CHECK(judge_list(ids({1, 2}), ids({1}), 5, 0) == list_quality{});
  CHECK(judge_list(ids({1, 2}), {}, 5, 2) == list_quality{});
  CHECK(judge_list({}, ids({1}), 5, 2) == list_quality{.accuracy = 0.8});
}

TEST_CASE("lists equal the textbook's definitions on thousands of random cases") {
  mm::random_stream random(mm::seed{11});
  for (int round = 0; round < 3000; ++round) {
    const std::uint32_t items = 1 + random.below(15);
    auto order = random.sample(items, items);
    random.shuffle(std::span(order));
    std::vector<std::size_t> list(order.begin(), order.begin() + random.below(items + 1));
    const auto chosen = random.sample(items, 1 + random.below(items));
    const std::vector<std::size_t> sorted(chosen.begin(), chosen.end());
    const std::set<std::size_t> relevant(sorted.begin(), sorted.end());
    const std::size_t k = 1 + random.below(20);
    check_equal(judge_list(ids(list), ids(sorted), items, k), test::plain::judge(list, relevant, items, k));
  }
}

TEST_CASE("laws of the measures") {
  mm::random_stream random(mm::seed{12});
  for (int round = 0; round < 500; ++round) {
    const std::size_t length = random.below(12);
    std::vector<std::uint8_t> hits(length);
    std::size_t relevant = 1 + random.below(4);
    for (std::uint8_t& hit : hits) hit = random.below(3) == 0 ? 1 : 0;
    for (const std::uint8_t hit : hits) relevant += hit;
    list_quality before;
    for (std::size_t k = 1; k < 15; ++k) {
      const list_quality now = judge_hits(hits, relevant, 40, k);
      for (const double value :
           {now.recall, now.precision, now.f1, now.accuracy, now.hit_rate, now.ndcg, now.mrr, now.map}) {
        CHECK(value >= 0.0);
        CHECK(value <= 1.0);
      }
      CHECK(now.recall >= before.recall);
      CHECK(now.hit_rate >= before.hit_rate);
      CHECK(now.mrr >= before.mrr);
      CHECK(now.mrr <= now.hit_rate);
      before = now;
    }
  }
  for (std::size_t relevant = 1; relevant < 8; ++relevant) {
    const std::vector<std::uint8_t> ideal(relevant, 1);
    for (std::size_t k = 1; k < 10; ++k) {
      const list_quality best = judge_hits(ideal, relevant, 100, k);
      CHECK(best.ndcg == 1.0);
      CHECK(best.map == Approx(1.0).epsilon(1e-15));
      CHECK(best.mrr == 1.0);
    }
    CHECK(judge_hits(ideal, relevant, 100, relevant).f1 == 1.0);
    CHECK(judge_hits(ideal, relevant, 100, relevant).accuracy == 1.0);
  }
}

TEST_CASE("lists equal RecBole's and scikit-learn's numbers") {
  for (const auto& row : test::golden_rows("metrics.csv")) {
    const auto scores = test::numbers<float>(row[0]);
    const auto relevant = test::numbers<std::size_t>(row[1]);
    const auto masked = test::numbers<std::size_t>(row[2]);
    std::set<std::size_t> candidates;
    for (std::size_t item = 0; item < scores.size(); ++item) candidates.insert(item);
    for (const std::size_t item : masked) candidates.erase(item);
    const auto list = ids(test::plain::ranked(scores, candidates));
    std::size_t field = 5;
    std::vector<std::vector<double>> expected;  // by measure, then cut-off: hit, mrr, map, recall, ndcg, precision
    for (int measure = 0; measure < 6; ++measure) {
      expected.emplace_back();
      for (int cutoff = 0; cutoff < 3; ++cutoff) expected.back().push_back(std::stod(row.at(field++)));
    }
    const std::size_t cutoffs[] = {1, 3, 10};
    for (std::size_t cutoff = 0; cutoff < 3; ++cutoff) {
      const list_quality quality = judge_list(list, ids(relevant), candidates.size(), cutoffs[cutoff]);
      CHECK(quality.hit_rate == expected[0][cutoff]);
      CHECK(quality.mrr == Approx(expected[1][cutoff]).epsilon(1e-12).margin(1e-15));
      CHECK(quality.map == Approx(expected[2][cutoff]).epsilon(1e-12).margin(1e-15));
      CHECK(quality.recall == Approx(expected[3][cutoff]).epsilon(1e-12).margin(1e-15));
      CHECK(quality.ndcg == Approx(expected[4][cutoff]).epsilon(1e-12).margin(1e-15));
      CHECK(quality.precision == Approx(expected[5][cutoff]).epsilon(1e-12).margin(1e-15));
    }
    if (!row[4].empty()) {
      CHECK(judge_list(list, ids(relevant), candidates.size(), 10).ndcg ==
            Approx(std::stod(row[4])).epsilon(1e-12).margin(1e-15));
    }
  }
}
