#include <mmrec/eval/online/assignment.hpp>
#include <mmrec/eval/online/interleaving.hpp>
#include <mmrec/eval/online/off_policy.hpp>
#include <mmrec/eval/online/prequential.hpp>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/cf/co_counts.hpp>
#include <mmrec/cf/item_knn.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace online = mmrec::eval::online;
using mm::item_id;
using mm::user_id;

namespace {

std::vector<item_id> items(std::initializer_list<std::size_t> ids) {
  std::vector<item_id> list;
  for (const std::size_t id : ids) list.push_back(item_id{id});
  return list;
}

/// Counts what it is taught.
struct counting_model {
  std::size_t user_count;
  std::vector<float> counts;
  struct workspace {};
  std::size_t users() const { return user_count; }
  std::size_t items() const { return counts.size(); }
  void score(user_id, std::span<float> out, workspace&) const { std::copy(counts.begin(), counts.end(), out.begin()); }
  void score_history(mm::history_view, std::span<float> out, workspace& scratch) const { score(user_id{}, out, scratch); }
};

}  // namespace

TEST_CASE("assignment: shares are met, by numbered and by random-looking keys") {
  for (const std::vector<double>& shares : {std::vector<double>{0.5, 0.5}, {0.9, 0.1}, {1.0, 2.0, 3.0, 4.0}}) {
    const online::experiment test("checkout", shares);
    std::vector<std::uint64_t> units(shares.size());
    for (std::size_t user = 0; user < 100'000; ++user) ++units[test.variant("user " + std::to_string(user))];
    CHECK(online::sample_ratio_p(units, shares) > 1e-4);
  }
  // Buckets of the hash itself.
  std::vector<std::uint64_t> buckets(256);
  for (std::size_t user = 0; user < 100'000; ++user) ++buckets[online::keyed_hash(mm::seed{1}, std::to_string(user)) >> 56];
  CHECK(online::sample_ratio_p(buckets, std::vector<double>(256, 1.0)) > 1e-4);
}

TEST_CASE("assignment: each bit of the hash depends on each bit of text and key") {
  const std::string text = "user 1234";
  for (std::size_t bit = 0; bit < 8 * text.size(); ++bit) {
    std::vector<std::size_t> flips(64);
    for (std::uint64_t number = 0; number < 400; ++number) {
      std::string other = text;
      other[bit / 8] = static_cast<char>(static_cast<unsigned char>(other[bit / 8]) ^ (1u << (bit % 8)));
      const auto changed = online::keyed_hash(mm::seed{number}, text) ^ online::keyed_hash(mm::seed{number}, other);
      for (std::size_t out = 0; out < 64; ++out) flips[out] += (changed >> out) & 1;
    }
    for (const std::size_t count : flips) CHECK((count > 200 - 55 && count < 200 + 55));  // 5.5 standard deviations
  }
  std::size_t flipped = 0;
  for (std::size_t bit = 0; bit < 64; ++bit) {
    flipped += static_cast<std::size_t>(std::popcount(online::keyed_hash(mm::seed{5}, text) ^
                                                      online::keyed_hash(mm::seed{5 ^ (std::uint64_t{1} << bit)}, text)));
  }
  CHECK(flipped == Approx(64 * 32).margin(5 * std::sqrt(64 * 16.0)));
}

TEST_CASE("assignment: stable, independent between experiments, and growing a share moves nobody back") {
  const online::experiment one("a"), again("a"), other("b"), keyed("a", {0.5, 0.5}, mm::seed{7});
  const online::experiment small("a", {0.1, 0.9}), large("a", {0.3, 0.7});
  std::vector<std::uint64_t> cells(4), keyed_cells(4);
  for (std::size_t user = 0; user < 40'000; ++user) {
    const std::string key = std::to_string(user);
    CHECK(one.variant(key) == again.variant(key));
    ++cells[2 * one.variant(key) + other.variant(key)];
    ++keyed_cells[2 * one.variant(key) + keyed.variant(key)];
    if (small.variant(key) == 0) CHECK(large.variant(key) == 0);
  }
  const std::vector<double> even(4, 1.0);
  CHECK(online::sample_ratio_p(cells, even) > 1e-4);
  CHECK(online::sample_ratio_p(keyed_cells, even) > 1e-4);
  // Fixed for all time: a change would move every user of every running experiment.
  CHECK(online::keyed_hash(mm::seed{42}, "user 7") == online::keyed_hash(mm::seed{42}, std::string("user 7")));
  CHECK_THROWS_WITH(online::experiment("a", {}), "eval::online::experiment: shares must not be empty");
  CHECK_THROWS_WITH(online::experiment("a", {0.5, 0.0}), "eval::online::experiment: shares must be positive and finite");
}

TEST_CASE("sample ratio: p values equal scipy.stats.chisquare") {
  const auto p = [](std::vector<std::uint64_t> units, std::vector<double> shares) {
    return online::sample_ratio_p(units, shares);
  };
  CHECK(p({5100, 4900}, {1, 1}) == Approx(0.04550026389635857).epsilon(1e-11));
  CHECK(p({90, 60, 50}, {2, 1, 1}) == Approx(0.22313016014842982).epsilon(1e-11));
  CHECK(p({1000, 1200, 900, 1100, 950}, {1, 1, 1, 1, 1}) == Approx(1.725875221962681e-11).epsilon(1e-9));
  CHECK(p({5000, 5001}, {1, 1}) == Approx(0.9920216862631549).epsilon(1e-11));
  CHECK(p({10, 10}, {1, 1}) == 1.0);
  CHECK_THROWS_AS(p({0, 0}, {1, 1}), mm::data_error);
  CHECK_THROWS_AS(p({5}, {1}), mm::invalid_config);
  CHECK_THROWS_AS(p({5, 6}, {1}), mm::shape_error);
}

TEST_CASE("team draft: rounds of two picks, each from the top of its own list") {
  const auto first = items({1, 2, 3, 4, 5}), second = items({3, 1, 7, 8, 9});
  for (std::uint64_t number = 0; number < 200; ++number) {
    mm::random_stream random(mm::seed{number});
    const auto shown = online::team_draft(first, second, 5, random);
    REQUIRE(shown.items.size() == 5);
    REQUIRE(shown.team.size() == 5);
    CHECK(std::set<item_id>(shown.items.begin(), shown.items.end()).size() == 5);
    CHECK(shown.team[0] != shown.team[1]);
    CHECK(shown.team[2] != shown.team[3]);
    for (std::size_t place = 0; place < 5; ++place) {
      // Everything that the picker ranks higher is in the list already.
      const auto& list = shown.team[place] == 0 ? first : second;
      for (const item_id better : list) {
        if (better == shown.items[place]) break;
        CHECK(std::find(shown.items.begin(), shown.items.begin() + static_cast<std::ptrdiff_t>(place), better) !=
              shown.items.begin() + static_cast<std::ptrdiff_t>(place));
      }
    }
  }
}

TEST_CASE("team draft: each ranker leads half of the time, equal rankers win as often, short lists are filled up") {
  const auto list = items({1, 2, 3, 4});
  std::size_t leads = 0;
  std::vector<online::interleaving_credit> credits;
  for (std::uint64_t number = 0; number < 4000; ++number) {
    mm::random_stream random(mm::seed{number});
    const auto shown = online::team_draft(list, list, 4, random);
    leads += shown.team[0] == 0 ? 1 : 0;
    const std::vector<std::size_t> clicked{random.below(4)};
    credits.push_back(online::credit_clicks(shown, clicked));
  }
  CHECK(leads == Approx(2000).margin(4 * std::sqrt(1000.0)));
  const auto outcome = online::compare_rankers(credits);
  CHECK(outcome.ties == 0);
  CHECK(std::abs(outcome.preference) < 4 / std::sqrt(4000.0));
  mm::random_stream random(mm::seed{1});
  CHECK(online::team_draft(items({1}), items({2, 3, 4}), 10, random).items.size() == 4);
  CHECK(online::team_draft({}, {}, 10, random).items.empty());
  CHECK_THROWS_WITH(online::team_draft(items({1, 2, 1}), list, 4, random),
                    "eval::online::team_draft: item 1 is twice in a list");
  const std::vector<std::size_t> beyond{4};
  CHECK_THROWS_AS(online::credit_clicks({items({1}), {0}}, beyond), mm::invalid_config);
}

TEST_CASE("the sign test equals scipy.stats.binomtest") {
  const auto outcome = [](std::size_t wins, std::size_t losses, std::size_t ties) {
    std::vector<online::interleaving_credit> credits(wins, {2, 1});
    credits.insert(credits.end(), losses, {0, 3});
    credits.insert(credits.end(), ties, {1, 1});
    return online::compare_rankers(credits);
  };
  CHECK(outcome(7, 13, 5).p_value == Approx(0.26317596435546875).epsilon(1e-12));
  CHECK(outcome(570, 430, 0).p_value == Approx(1.0709737664959605e-05).epsilon(1e-10));
  CHECK(outcome(0, 5, 0).p_value == Approx(0.0625).epsilon(1e-12));
  CHECK(outcome(3, 3, 1).p_value == 1.0);
  CHECK(outcome(7, 13, 5).preference == Approx(-6.0 / 25));
  CHECK(outcome(7, 13, 5).ties == 5);
  CHECK(online::compare_rankers({}) == online::interleaving_outcome{});
}

TEST_CASE("off-policy estimates by hand") {
  const std::vector<online::logged_action> log{{1, 0.5, 0.25}, {0, 0.25, 0.5}, {1, 0.1, 0.4}, {1, 1.0, 0.0}};
  // Weights 0.5, 2, 4, 0.
  const auto ips = online::estimate_policy(log, {.estimator = online::off_policy_estimator::ips});
  CHECK(ips.value == Approx(4.5 / 4));
  const double spread = (0.5 - 1.125) * (0.5 - 1.125) + 2 * 1.125 * 1.125 + (4 - 1.125) * (4 - 1.125);
  CHECK(ips.standard_error == Approx(std::sqrt(spread / 3 / 4)));
  CHECK(ips.low == Approx(ips.value - 1.959963984540054 * ips.standard_error));
  CHECK(ips.effective_samples == Approx(6.5 * 6.5 / (0.25 + 4 + 16)));
  CHECK(ips.mean_weight == Approx(6.5 / 4));
  const auto snips = online::estimate_policy(log);
  const double value = 4.5 / 6.5;
  CHECK(snips.value == Approx(value));
  const double squares = 0.25 * (1 - value) * (1 - value) + 4 * value * value + 16 * (1 - value) * (1 - value);
  CHECK(snips.standard_error == Approx(std::sqrt(squares) / 6.5));
  const auto clipped =
      online::estimate_policy(log, {.estimator = online::off_policy_estimator::clipped, .clip = 1.5, .confidence = 0.99});
  CHECK(clipped.value == Approx((0.5 + 1.5) / 4));
  CHECK(clipped.mean_weight == Approx(6.5 / 4));
  CHECK(clipped.high == Approx(clipped.value + 2.5758293035489004 * clipped.standard_error));
}

TEST_CASE("off-policy estimates find the value of a policy that never ran, and cover it as often as they say") {
  const double reward_of[3] = {0.1, 0.5, 0.8}, logging[3] = {0.6, 0.3, 0.1}, target[3] = {0.1, 0.3, 0.6};
  const double truth = 0.1 * 0.1 + 0.3 * 0.5 + 0.6 * 0.8;
  for (const auto estimator : {online::off_policy_estimator::ips, online::off_policy_estimator::self_normalised}) {
    std::size_t covered = 0;
    double sum = 0.0, clipped_sum = 0.0;
    constexpr std::size_t logs = 300;
    for (std::uint64_t number = 0; number < logs; ++number) {
      mm::random_stream random(mm::seed{number});
      std::vector<online::logged_action> log;
      for (std::size_t n = 0; n < 800; ++n) {
        const double place = random.uniform();
        const std::size_t action = place < 0.6 ? 0 : place < 0.9 ? 1 : 2;
        log.push_back({random.uniform() < reward_of[action] ? 1.0 : 0.0, logging[action], target[action]});
      }
      const auto found = online::estimate_policy(log, {.estimator = estimator});
      sum += found.value;
      clipped_sum += online::estimate_policy(log, {.estimator = online::off_policy_estimator::clipped, .clip = 2}).value;
      covered += found.low <= truth && truth <= found.high ? 1 : 0;
    }
    CHECK(sum / logs == Approx(truth).margin(0.01));
    CHECK(clipped_sum / logs < truth - 0.1);  // the price of clipping
    CHECK(covered == Approx(0.95 * logs).margin(4 * std::sqrt(0.05 * 0.95 * logs)));
  }
}

TEST_CASE("off-policy estimates refuse logs that make no sense") {
  const auto estimate = [](online::logged_action one) {
    return online::estimate_policy(std::vector<online::logged_action>{one});
  };
  CHECK_THROWS_WITH(online::estimate_policy({}), "eval::online::estimate_policy: there are no actions");
  CHECK_THROWS_AS(estimate({1, 0.0, 0.5}), mm::data_error);
  CHECK_THROWS_AS(estimate({1, 0.5, 1.5}), mm::data_error);
  CHECK_THROWS_AS(estimate({mm::no_score, 0.5, 0.5}), mm::data_error);
  CHECK_THROWS_WITH(estimate({1, 0.5, 0.0}),
                    "eval::online::estimate_policy: the new policy would have chosen none of the actions");
  const std::vector<online::logged_action> one{{1, 0.5, 0.5}};
  CHECK_THROWS_AS(online::estimate_policy(one, {.clip = 0}), mm::invalid_config);
  CHECK_THROWS_AS(online::estimate_policy(one, {.confidence = 1}), mm::invalid_config);
}

TEST_CASE("prequential: each event is judged by what was known before it") {
  mm::random_stream random(mm::seed{8});
  std::vector<mm::data::interaction> events;
  for (std::size_t n = 0; n < 600; ++n) {
    const auto item = std::min(random.below(12), random.below(12));
    events.push_back({user_id{std::size_t{random.below(30)}}, item_id{std::size_t{item}}, 1.0f, random.below(50)});
  }
  const auto run = [&](online::prequential_options options) {
    counting_model model{30, std::vector<float>(12, 0.0f)};
    return online::prequential(
        nullptr, events, model, [&](const mm::data::interaction& event) { ++model.counts[event.item.index()]; }, options);
  };
  const auto found = run({.k = 3, .window = 50});

  // By the book.
  std::vector<mm::data::interaction> ordered = events;
  std::stable_sort(ordered.begin(), ordered.end(), [](const auto& a, const auto& b) { return a.time < b.time; });
  std::vector<std::set<std::size_t>> met(30);
  std::vector<double> counts(12, 0.0);
  double hits = 0, ndcg = 0, mrr = 0, judged = 0, repeated = 0, cold_users = 0, cold_items = 0;
  for (const auto& event : ordered) {
    const std::size_t user = event.user.index(), item = event.item.index();
    if (met[user].count(item) > 0) {
      ++repeated;
    } else {
      double rank = 1;
      for (std::size_t other = 0; other < 12; ++other) {
        if (met[user].count(other) > 0) continue;
        rank += counts[other] > counts[item] || (counts[other] == counts[item] && other < item) ? 1 : 0;
      }
      ++judged;
      hits += rank <= 3 ? 1 : 0;
      ndcg += rank <= 3 ? 1 / std::log2(rank + 1) : 0;
      mrr += 1 / rank;
      cold_users += met[user].empty() ? 1 : 0;
      cold_items += counts[item] == 0 ? 1 : 0;
    }
    met[user].insert(item);
    ++counts[item];
  }
  CHECK(found.all.events == static_cast<std::size_t>(judged));
  CHECK(found.all.hit_rate == Approx(hits / judged));
  CHECK(found.all.ndcg == Approx(ndcg / judged));
  CHECK(found.all.mrr == Approx(mrr / judged));
  CHECK(found.repeated == static_cast<std::size_t>(repeated));
  CHECK(found.cold_users == static_cast<std::size_t>(cold_users));
  CHECK(found.cold_items == static_cast<std::size_t>(cold_items));
  double of_curve = 0.0;
  for (const auto& point : found.curve) of_curve += point.hit_rate * static_cast<double>(point.events);
  CHECK(of_curve == Approx(hits));
  CHECK(found.curve.size() == (found.all.events + 49) / 50);

  CHECK(run({.k = 3, .warm_up = 200}).all.events < found.all.events);
  CHECK(run({.k = 3, .repeats = true}).all.events == 600);
  CHECK_THROWS_AS(run({.k = 0}), mm::invalid_config);
  CHECK_THROWS_AS(run({.window = 0}), mm::invalid_config);
  events.push_back({user_id{30u}, item_id{0u}, 1.0f, 99});
  CHECK_THROWS_AS(run({}), mm::unknown_id);
}

TEST_CASE("prequential: what users met before counts, and a model that is refitted now and then takes part") {
  mm::random_stream random(mm::seed{18});
  std::vector<mm::data::interaction> events;
  std::set<std::pair<std::size_t, std::size_t>> pairs;
  while (events.size() < 300) {
    const std::size_t user = random.below(30), item = std::min(random.below(20), random.below(20));
    if (!pairs.emplace(user, item).second) continue;
    events.push_back({user_id{user}, item_id{item}, 1.0f, static_cast<std::int64_t>(events.size())});
  }
  const auto users = std::make_shared<const mm::data::user_map>(mm::data::user_map::numbered(30));
  const auto items = std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(20));
  const std::span<const mm::data::interaction> all(events);
  const mm::data::interactions past(users, items, {events.begin(), events.begin() + 200});
  const mm::cf::item_knn spec{.neighbours = 5};
  const auto run = [&](std::size_t every, const mm::data::interactions* before) {
    mm::cf::item_co_counts counts(mm::exec::cpu{}, past);
    auto model = counts.fit(mm::exec::cpu{}, spec);
    std::size_t learned = 0;
    return online::prequential(
        nullptr, all.subspan(200), model,
        [&](const mm::data::interaction& event) {
          counts.add(event.user, event.item);
          if (++learned % every == 0) model = counts.fit(mm::exec::cpu{}, spec);
        },
        {.k = 3}, before);
  };
  // Known users and items: those of the past. A run over everything whose first events are only learned judges the same.
  mm::cf::item_co_counts counts(30, 20);
  auto model = counts.fit(mm::exec::cpu{}, spec);
  const auto whole = online::prequential(nullptr, all, model,
                                         [&](const mm::data::interaction& event) {
                                           counts.add(event.user, event.item);
                                           model = counts.fit(mm::exec::cpu{}, spec);
                                         },
                                         {.k = 3, .warm_up = 200});
  CHECK(run(1, &past) == whole);
  CHECK(whole.all.events == 100);
  CHECK(run(1, nullptr) != whole);  // lists what users know
  CHECK(run(50, &past) != whole);
  CHECK(run(50, &past).all.events == 100);
  const mm::data::interactions smaller(users, std::make_shared<const mm::data::item_map>(mm::data::item_map::numbered(19)),
                                       {});
  CHECK(test::thrown<mm::shape_error>([&] { run(1, &smaller); }) ==
        "eval::online::prequential: items of what was before: expected 20, got 19");
}

TEST_CASE("off-policy: a weight that is not finite is an error") {
  for (const auto kind : {online::off_policy_estimator::ips, online::off_policy_estimator::self_normalised,
                          online::off_policy_estimator::clipped}) {
    CHECK(
        test::thrown<mm::data_error>([&] {
          online::estimate_policy(std::vector<online::logged_action>{{1, 0.5, 0.5}, {1, 1e-320, 0.5}}, {.estimator = kind});
        }) == "eval::online::estimate_policy: action 1 has so small a logging probability that its weight is not finite");
  }
}
