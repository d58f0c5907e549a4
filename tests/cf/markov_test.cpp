// Transitions between items: against counting by hand and a plain count over all sequences.
#include <mmrec/cf/markov.hpp>

#include <cmath>
#include <map>
#include <vector>

#include <mmrec/cf/association_rules.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"

using namespace mmrec;

namespace {

data::interaction at(std::size_t user, std::size_t item, std::int64_t time) {
  return {user_id{user}, item_id{item}, 1.0f, time};
}

/// 3 then 1 then 2; 1 then 3 and 0 together; 1 then 2.
data::interactions sequences() {
  return neighbours::log_of(
      3, 5, {at(0, 3, 10), at(0, 1, 20), at(0, 2, 30), at(1, 1, 5), at(1, 3, 7), at(1, 0, 7), at(2, 1, 1), at(2, 2, 2)});
}

std::map<std::size_t, double> transitions(const cf::markov_model& model, std::size_t item) {
  std::map<std::size_t, double> found;
  for (const scored_item& next : model.transitions(item_id{item})) found[next.item.index()] = double{next.score};
  return found;
}

}  // namespace

TEST_CASE("markov counts what follows") {
  const auto model = cf::markov{.steps = 1}.fit(exec::cpu{}, sequences());
  // After 1: 2 twice, 3 and 0 once each. 3: 1 after it, and 0 with it. 0: 3 with it.
  CHECK(transitions(model, 1) == std::map<std::size_t, double>{{0, 0.25}, {2, 0.5}, {3, 0.25}});
  CHECK(transitions(model, 3) == std::map<std::size_t, double>{{0, 0.5}, {1, 0.5}});
  CHECK(transitions(model, 0) == std::map<std::size_t, double>{{3, 1.0}});
  CHECK(transitions(model, 2).empty());
  const auto two = cf::markov{.steps = 2, .step_decay = 0.5f}.fit(exec::cpu{}, sequences());
  CHECK(transitions(two, 3).at(0) == Approx(0.4));
  CHECK(transitions(two, 3).at(1) == Approx(0.4));
  CHECK(transitions(two, 3).at(2) == Approx(0.2));
  const auto shrunk = cf::markov{.steps = 1, .shrinkage = 4.0f}.fit(exec::cpu{}, sequences());
  CHECK(transitions(shrunk, 1) == std::map<std::size_t, double>{{0, 0.125}, {2, 0.25}, {3, 0.125}});
}

TEST_CASE("markov starts from the last moments of a history") {
  const cf::markov spec{.steps = 1, .moments = 2, .recency_decay = 0.5f};
  const auto model = spec.fit(exec::cpu{}, sequences());
  auto scores = neighbours::scores_of(model, user_id{0u});  // last 2 (leads nowhere), before it 1
  CHECK(scores[2] == 0.25f);
  CHECK(scores[3] == 0.125f);
  CHECK(scores[1] == 0.0f);  // 3 is out of the two moments
  CHECK(std::isnan(scores[4]));
  scores = neighbours::scores_of(model, user_id{1u});  // 0 and 3 together, before them 1
  CHECK(scores[3] == 1.0f + 0.125f);
  CHECK(scores[0] == 0.5f + 0.125f);
  CHECK(scores[1] == 0.5f);

  // A sequence is a history whose moments hold one item each: that of user 0.
  std::vector<float> sequence(5);
  cf::markov_model::workspace scratch;
  model.score_sequence(std::vector<item_id>{item_id{3u}, item_id{1u}, item_id{2u}}, sequence, scratch);
  scores = neighbours::scores_of(model, user_id{0u});
  for (std::size_t item = 0; item < 4; ++item) CHECK(sequence[item] == scores[item]);
  // Without order every item is as recent.
  scores = neighbours::scores_of(model, {item_id{1u}, item_id{2u}, item_id{3u}});
  CHECK(scores[2] == 0.5f);
  CHECK(scores[0] == 0.75f);
}

TEST_CASE("markov without times has the confidences of association rules, all pairs following each other") {
  auto events = neighbours::random_log(80, 40, 12).events();
  for (data::interaction& event : events) event.time = 0;
  const auto log = neighbours::log_of(80, 40, events);
  const auto model = cf::markov{}.fit(exec::cpu{}, log);
  const auto rules = cf::association_rules{.min_users = 1}.fit(exec::cpu{}, log);
  for (std::size_t item = 0; item < 40; ++item) {
    const auto found = transitions(model, item);
    const auto expected = rules.rules(item_id{item});
    REQUIRE(found.size() == expected.size());
    double total = 0.0;
    for (const cf::association_rule& rule : expected) total += static_cast<double>(rule.users);
    for (const cf::association_rule& rule : expected) {
      CHECK(found.at(rule.item.index()) == Approx(static_cast<double>(rule.users) / total));
    }
  }
}

TEST_CASE("markov counts as a plain walk over all sequences does, for any number of threads") {
  const auto log = neighbours::random_log(150, 400, 20);
  const cf::markov spec{.transitions = 1000, .steps = 3, .step_decay = 0.5f, .shrinkage = 2.0f};
  std::vector<std::map<std::size_t, double>> counts(log.items());
  for (std::size_t user = 0; user < log.users(); ++user) {
    std::map<std::int64_t, std::vector<std::size_t>> moments;
    const auto history = log.history(user_id{user});
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      moments[log.times(user_id{user})[entry]].push_back(history.items[entry].index());
    }
    for (auto from = moments.begin(); from != moments.end(); ++from) {
      int ahead = 0;
      for (auto to = from; to != moments.end() && ahead <= 3; ++to, ++ahead) {
        for (const std::size_t i : from->second) {
          for (const std::size_t j : to->second) {
            if (i != j) counts[i][j] += std::pow(0.5, std::max(0, ahead - 1));
          }
        }
      }
    }
  }
  const auto model = spec.fit(exec::cpu{}, log);
  const auto threaded = spec.fit(exec::cpu{.threads = 8}, log);
  for (std::size_t item = 0; item < log.items(); ++item) {
    double total = 2.0;
    for (const auto& [other, count] : counts[item]) total += count;
    const auto found = transitions(model, item);
    CHECK(found == transitions(threaded, item));
    REQUIRE(found.size() == counts[item].size());
    for (const auto& [other, count] : counts[item]) CHECK(found.at(other) == Approx(count / total).epsilon(1e-6));
  }
}

TEST_CASE("markov refuses fields that make no sense, keeps to memory and stops when asked") {
  const auto log = neighbours::random_log(300, 500, 40);
  for (const cf::markov& bad :
       {cf::markov{.transitions = 0}, cf::markov{.steps = 0}, cf::markov{.step_decay = 1.5f}, cf::markov{.moments = 0},
        cf::markov{.recency_decay = no_score}, cf::markov{.shrinkage = -1.0f}}) {
    CHECK_THROWS_AS(bad.fit(exec::cpu{}, log), invalid_config);
  }
  neighbours::stopping_sink sink;
  CHECK_THROWS_AS(cf::markov{}.fit(exec::cpu{.progress = &sink}, log), cancelled);
  const cf::markov spec{.transitions = 5, .steps = 100};
  const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
  test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log); });
  CHECK_THROWS_AS(spec.fit(exec::cpu{.memory_limit = bytes - 1}, log), limit_error);
}
