// Association rules: against counting by hand and over all pairs.
#include <mmrec/cf/association_rules.hpp>

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"

using namespace mmrec;

namespace {

// Users: 0 1 2 | 0 1 | 0 2 | 1 3 | 4
data::interactions baskets() {
  return neighbours::log_of(
      {{1, 1, 1, 0, 0, 0}, {1, 1, 0, 0, 0, 0}, {1, 0, 1, 0, 0, 0}, {0, 1, 0, 1, 0, 0}, {0, 0, 0, 0, 1, 0}});
}

}  // namespace

TEST_CASE("association rules have the confidence and lift of their counts") {
  const auto model = cf::association_rules{.min_users = 1}.fit(exec::cpu{}, baskets());
  const auto rules = model.rules(item_id{0u});
  REQUIRE(rules.size() == 2);
  CHECK(rules[0].item == item_id{1u});  // both have 2 of 3; the lower id first
  CHECK(rules[1].item == item_id{2u});
  CHECK(rules[0].users == 2);
  CHECK(rules[0].support == Approx(0.4));
  CHECK(rules[0].confidence == Approx(2.0 / 3.0));
  CHECK(rules[0].lift == Approx(2.0 * 5.0 / 9.0));
  CHECK(rules[1].lift == Approx(2.0 * 5.0 / 6.0));
  const auto by_lift = cf::association_rules{.min_users = 1, .measure = cf::rule_measure::lift}.fit(exec::cpu{}, baskets());
  CHECK(by_lift.rules(item_id{0u}).front().item == item_id{2u});
  CHECK(by_lift.rules(item_id{0u}).front().users == 2);
  CHECK(by_lift.rules(item_id{0u}).front().confidence == Approx(2.0 / 3.0));
}

TEST_CASE("association rules keep to their thresholds") {
  const auto count = [](const cf::association_rules& spec) {
    const auto model = spec.fit(exec::cpu{}, baskets());
    std::size_t sum = 0;
    for (std::size_t item = 0; item < model.items(); ++item) sum += model.rules(item_id{item}).size();
    return sum;
  };
  CHECK(count({.min_users = 1}) == 8);  // 0-1, 0-2, 1-2, 1-3, each way
  CHECK(count({.min_users = 2}) == 4);
  CHECK(count({.min_users = 1, .min_confidence = 0.6f}) == 5);  // 2/3 0 to 1, 0 to 2 and 1 to 0; 1 2 to 0 and 3 to 1
  CHECK(count({.min_users = 1, .min_lift = 1.2f}) == 4);        // 0-2 and 1-3, each way
  CHECK(count({.rules = 1, .min_users = 1}) == 4);
}

TEST_CASE("association rules add up, or the best one decides") {
  const std::vector<item_id> history{item_id{1u}, item_id{2u}};
  const auto sum = cf::association_rules{.min_users = 1}.fit(exec::cpu{}, baskets());
  auto scores = neighbours::scores_of(sum, history);
  CHECK(double{scores[0]} == Approx(2.0 / 3.0 + 1.0));
  CHECK(double{scores[3]} == Approx(1.0 / 3.0));
  CHECK(scores[4] == 0.0f);
  CHECK(std::isnan(scores[5]));
  const auto best =
      cf::association_rules{.min_users = 1, .combination = cf::rule_combination::best}.fit(exec::cpu{}, baskets());
  scores = neighbours::scores_of(best, history);
  CHECK(scores[0] == 1.0f);
  std::vector<float> parts(2);
  best.explain({history, std::vector<float>{1.0f, 1.0f}}, item_id{0u}, parts);
  CHECK(parts == std::vector<float>{0.0f, 1.0f});
}

TEST_CASE("association rules of many items are those of all pairs") {
  const auto log = GENERATE(neighbours::random_log(80, 40, 12), neighbours::random_log(60, 700, 6));
  const cf::association_rules spec{.rules = 5, .min_users = 2, .min_confidence = 0.1f};
  const auto model = spec.fit(exec::cpu{.threads = 2}, log);
  std::vector<std::vector<double>> x(log.items(), std::vector<double>(log.users(), 0.0));
  for (const data::interaction& event : log.events()) x[event.item.index()][event.user.index()] = 1.0;
  const auto counts = log.item_counts();
  for (std::size_t i = 0; i < log.items(); ++i) {
    std::vector<std::pair<double, std::size_t>> expected;
    for (std::size_t j = 0; j < log.items(); ++j) {
      double both = 0.0;
      for (std::size_t user = 0; user < log.users(); ++user) both += x[i][user] * x[j][user];
      if (i != j && both >= 2.0 && both / counts[i] >= double{0.1f}) expected.emplace_back(-both / counts[i], j);
    }
    std::sort(expected.begin(), expected.end());
    if (expected.size() > 5) expected.resize(5);
    const auto found = model.rules(item_id{i});
    REQUIRE(found.size() == expected.size());
    for (std::size_t place = 0; place < found.size(); ++place) {
      CHECK(found[place].item.index() == expected[place].second);
      CHECK(found[place].confidence == Approx(-expected[place].first));
    }
  }
}

TEST_CASE("association rules refuse fields that make no sense, keep to memory and stop when asked") {
  const auto log = neighbours::random_log(300, 500, 40);
  for (const cf::association_rules& bad :
       {cf::association_rules{.rules = 0}, cf::association_rules{.min_users = 0},
        cf::association_rules{.min_confidence = 1.5f}, cf::association_rules{.min_lift = no_score}}) {
    CHECK_THROWS_AS(bad.fit(exec::cpu{}, log), invalid_config);
  }
  neighbours::stopping_sink sink;
  CHECK_THROWS_AS(cf::association_rules{}.fit(exec::cpu{.progress = &sink}, log), cancelled);
  const cf::association_rules spec{.rules = 20, .min_users = 1};
  const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
  test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log); });
  CHECK_THROWS_AS(spec.fit(exec::cpu{.memory_limit = bytes - 1}, log), limit_error);
}
