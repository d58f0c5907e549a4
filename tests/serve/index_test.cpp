// Both exact indexes under filters, against scores in double precision, a full sort and a walk.
#include <mmrec/serve/exact_index.hpp>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/serve/predicates.hpp>
#include <mmrec/serve/quantized_index.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

/// Small integers: products and sums are exact in float, and ties are many.
matrix<float> integers(Eigen::Index rows, Eigen::Index width, random_stream& random) {
  matrix<float> values(rows, width);
  for (Eigen::Index row = 0; row < rows; ++row) {
    for (Eigen::Index d = 0; d < width; ++d) values(row, d) = static_cast<float>(random.below(7)) - 3.0f;
  }
  return values;
}

std::vector<scored_item> copy(std::span<const scored_item> list) { return {list.begin(), list.end()}; }

}  // namespace

TEMPLATE_TEST_CASE("an index lists what a full sort and a walk list, in 3,000 random cases", "", serve::exact_index,
                   serve::quantized_index) {
  using namespace serve;
  random_stream random(seed{31}, 0);
  typename TestType::workspace scratch;
  for (int round = 0; round < 500; ++round) {
    const auto items = static_cast<Eigen::Index>(1 + random.below(round % 5 == 0 ? 900 : 120));
    const auto width = static_cast<Eigen::Index>(1 + random.below(20));
    const std::size_t k = random.below(round % 7 == 0 ? 150 : 20), most = 1 + random.below(4);
    const matrix<float> rows = integers(items, width, random), queries = integers(3, width, random);
    std::vector<float> prices(static_cast<std::size_t>(items));
    std::vector<std::string> brands(prices.size());
    std::vector<item_id> denied;
    std::vector<std::vector<item_id>> histories(3);
    for (std::size_t item = 0; item < prices.size(); ++item) {
      prices[item] = static_cast<float>(random.below(10));
      brands[item] = random.below(3) == 0 ? "giant" : "b" + std::to_string(random.below(9));
      if (random.below(5) == 0) denied.emplace_back(item);
      for (auto& history : histories) {
        if (random.below(5) == 0) history.emplace_back(item);
      }
    }
    const std::vector<std::span<const item_id>> seen_by(histories.begin(), histories.end());
    const item_attributes about(prices.size(), numeric<"price">(prices), categorical<"brand">(brands));
    const auto admits = unseen{} & deny{denied} & where<"price">(at_most{6});
    const auto boosts = boost(where<"brand">(is{"b1"}), 2.0f);
    const filter plain(admits & boosts, about);
    const filter capped(admits & boosts & cap<"brand">{most}, about);
    const TestType index(rows);
    const auto plain_batch = index.search(exec::cpu{.threads = 2}, queries, k, plain, seen_by);
    const auto capped_batch = index.search(exec::cpu{}, queries, k, capped, seen_by);
    for (std::size_t query = 0; query < 3; ++query) {
      CAPTURE(round, items, width, k, most, query);
      std::vector<scored_item> all, expected, walked;
      for (std::size_t item = 0; item < prices.size(); ++item) {
        double sum = 0.0;
        for (Eigen::Index d = 0; d < width; ++d) {
          sum += double{rows(static_cast<Eigen::Index>(item), d)} * double{queries(static_cast<Eigen::Index>(query), d)};
        }
        const item_id id{item};
        if (std::count(denied.begin(), denied.end(), id) != 0 || prices[item] > 6.0f) continue;
        if (std::count(histories[query].begin(), histories[query].end(), id) != 0) continue;
        all.push_back({id, static_cast<float>(brands[item] == "b1" ? 2.0 * sum : sum)});
      }
      std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
      for (const scored_item& entry : all) {
        if (expected.size() < k) expected.push_back(entry);
        const auto taken = static_cast<std::size_t>(std::count_if(walked.begin(), walked.end(), [&](const auto& other) {
          return brands[other.item.index()] == brands[entry.item.index()];
        }));
        if (walked.size() < k && taken < most) walked.push_back(entry);
      }
      const auto asked = row_of(queries, static_cast<Eigen::Index>(query));
      REQUIRE(copy(plain_batch[query]) == expected);
      REQUIRE(copy(capped_batch[query]) == walked);
      REQUIRE(copy(index.search(asked, k, plain, histories[query], scratch)) == expected);
      REQUIRE(copy(index.search(asked, k, capped, histories[query], scratch)) == walked);
    }
  }
}

TEMPLATE_TEST_CASE("cosine is the inner product of directions", "", serve::exact_index, serve::quantized_index) {
  random_stream random(seed{32}, 0);
  matrix<float> rows(300, 24);
  for (Eigen::Index row = 0; row < rows.rows(); ++row) {
    const double length = std::exp(3.0 * random.normal());
    for (Eigen::Index d = 0; d < rows.cols(); ++d) rows(row, d) = static_cast<float>(length * random.normal());
  }
  rows.row(7).setZero();
  const TestType index(rows, serve::metric::cosine);
  CHECK(index.compared_by() == serve::metric::cosine);
  typename TestType::workspace scratch;
  const auto list = copy(index.search(row_of(rows, 5), 300, scratch));
  REQUIRE(list.size() == 299);  // a vector of length 0 is never listed
  CHECK(list.front().item == item_id{5u});
  CHECK(list.front().score == Approx(1.0f));
  for (std::size_t place = 0; place < list.size(); ++place) {
    const auto row = static_cast<Eigen::Index>(list[place].item.index());
    const double cosine = rows.row(row).cast<double>().dot(rows.row(5).cast<double>()) /
                          (rows.row(row).cast<double>().norm() * rows.row(5).cast<double>().norm());
    REQUIRE(std::abs(double{list[place].score} - cosine) < 1e-6);
    if (place > 0) REQUIRE(kernel::listed_before{}(list[place - 1], list[place]));
  }
  CHECK(index.search(row_of(rows, 7), 10, scratch).empty());
  CHECK(copy(index.search(exec::cpu{}, rows, 300)[5]) == list);
}

TEMPLATE_TEST_CASE("an index gives the same bits for any number of threads, and allocates nothing for one query", "",
                   serve::exact_index, serve::quantized_index) {
  using namespace serve;
  random_stream random(seed{33}, 0);
  matrix<float> rows(2000, 40), queries(70, 40);
  for (auto* values : {&rows, &queries}) {
    for (Eigen::Index at = 0; at < values->size(); ++at) values->data()[at] = static_cast<float>(random.normal());
  }
  std::vector<std::string> brands(2000);
  for (auto& name : brands) name = "b" + std::to_string(random.below(20));
  const item_attributes about(2000, categorical<"brand">(brands));
  const filter rule(unseen{} & cap<"brand">{2}, about);
  const std::vector<item_id> history{item_id{3u}, item_id{1500u}};
  const TestType index(rows);
  const auto one = index.search(exec::cpu{.threads = 1}, queries, 12, rule, {});
  for (const std::size_t threads : {2u, 8u}) {
    const auto many = index.search(exec::cpu{.threads = threads}, queries, 12, rule, {});
    for (std::size_t query = 0; query < one.size(); ++query) REQUIRE(copy(many[query]) == copy(one[query]));
  }
  typename TestType::workspace scratch;
  const auto work = [&] { return index.search(row_of(queries, 0), 12, rule, history, scratch).size(); };
  CHECK(work() == 12);
  CHECK(test::allocations_of(work) == 0);
}

TEST_CASE("the exact indexes list the same bits") {
  random_stream random(seed{34}, 0);
  matrix<float> rows(5000, 64), queries(100, 64);
  for (auto* values : {&rows, &queries}) {
    for (Eigen::Index at = 0; at < values->size(); ++at) values->data()[at] = static_cast<float>(random.normal());
  }
  const auto floats = serve::exact_index(rows).search(exec::cpu{}, queries, 1500);
  const auto bytes = serve::quantized_index(rows).search(exec::cpu{}, queries, 1500);
  for (std::size_t query = 0; query < floats.size(); ++query) REQUIRE(copy(floats[query]) == copy(bytes[query]));
}

TEMPLATE_TEST_CASE("an index refuses what does not fit", "", serve::exact_index, serve::quantized_index) {
  using namespace serve;
  const TestType index(matrix<float>::Ones(4, 3));
  typename TestType::workspace scratch;
  const std::vector<float> narrow(2, 1.0f), fits(3, 1.0f);
  CHECK(test::thrown<shape_error>([&] { index.search(narrow, 2, scratch); }) ==
        "serve::index::search: query: expected 3, got 2");
  const item_attributes<> five(5);
  CHECK(test::thrown<shape_error>([&] { index.search(fits, 2, filter(unseen{}, five), {}, scratch); }) ==
        "serve::index::search: items of the filter: expected 4, got 5");
  CHECK(test::thrown<shape_error>([&] { index.search(exec::cpu{}, matrix<float>::Ones(1, 2), 2); }) ==
        "serve::index::search: width of the queries: expected 3, got 2");
  const item_attributes<> four(4);
  const std::vector<std::span<const item_id>> histories(2);
  CHECK(test::thrown<shape_error>([&] {
          index.search(exec::cpu{}, matrix<float>::Ones(1, 3), 2, filter(unseen{}, four), histories);
        }) == "serve::index::search: histories: expected 1, got 2");
  CHECK(index.search(fits, 0, scratch).empty());
  CHECK(index.search(fits, 100, scratch).size() == 4);
  CHECK(TestType(matrix<float>(0, 3)).search(fits, 5, scratch).empty());
}
