#include <mmrec/data/split.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
using mm::data::interaction;
using mm::data::interactions;

namespace {

struct keyed_event {
  std::string user;
  std::string item;
  float value;
  std::int64_t time;
};

/// Numbers the keys in the order given, as a reader of a file does.
interactions from_keys(const std::vector<keyed_event>& events) {
  mm::data::user_map users;
  mm::data::item_map items;
  std::vector<interaction> numbered;
  for (const keyed_event& event : events) {
    numbered.push_back({users.insert(event.user), items.insert(event.item), event.value, event.time});
  }
  return {std::make_shared<const mm::data::user_map>(users), std::make_shared<const mm::data::item_map>(items), numbered};
}

/// One user, items 0, 1, ... with the given times.
interactions one_user(const std::vector<std::int64_t>& times) {
  std::vector<keyed_event> events;
  for (std::size_t item = 0; item < times.size(); ++item) events.push_back({"u", std::to_string(item), 1.0f, times[item]});
  return from_keys(events);
}

std::vector<keyed_event> random_events(std::uint64_t number, std::uint32_t users = 40, std::uint32_t items = 60) {
  mm::random_stream random(mm::seed{number});
  std::vector<keyed_event> events;
  for (std::uint32_t user = 0; user < users; ++user) {
    for (const std::uint32_t item : random.sample(items, random.below(20))) {
      events.push_back({"user " + std::to_string(user), "item " + std::to_string(item),
                        static_cast<float>(1 + random.below(5)), random.below(50)});
    }
  }
  return events;
}

using key_set = std::set<std::pair<std::string, std::string>>;

key_set keys_of(const interactions& part) {
  key_set keys;
  for (const interaction& event : part.events()) {
    keys.emplace(part.user_keys()->key(event.user), part.item_keys()->key(event.item));
  }
  return keys;
}

std::vector<std::size_t> items_of(const interactions& part, std::size_t user = 0) {
  std::vector<std::size_t> items;
  for (const mm::item_id item : part.history(mm::user_id{user}).items) items.push_back(item.index());
  return items;
}

/// What every split owes: each event is in exactly one part, unchanged, and all parts share the id maps.
template <class Split>
void check_partition(const Split& rule, const interactions& all) {
  const auto parts = rule(all);
  CHECK(parts.train.rule() == rule);
  CHECK(parts.test.rule() == rule);
  std::vector<interaction> together;
  for (const interactions* part :
       {&parts.train.interactions(), &parts.validation.interactions(), &parts.test.interactions()}) {
    CHECK(part->user_keys() == all.user_keys());
    CHECK(part->item_keys() == all.item_keys());
    const auto events = part->events();
    together.insert(together.end(), events.begin(), events.end());
  }
  CHECK(interactions(all.user_keys(), all.item_keys(), together).events() == all.events());
  CHECK(together.size() == all.size());
  CHECK(parts.train_and_validation().size() == parts.train.size() + parts.validation.size());
}

template <class Split>
void check_order_independence(const Split& rule) {
  auto events = random_events(3);
  const auto before = rule(from_keys(events));
  mm::random_stream(mm::seed{9}).shuffle(std::span(events));
  const auto after = rule(from_keys(events));
  CHECK(keys_of(before.train) == keys_of(after.train));
  CHECK(keys_of(before.validation.interactions()) == keys_of(after.validation.interactions()));
  CHECK(keys_of(before.test.interactions()) == keys_of(after.test.interactions()));
}

template <class Split>
concept tunable = requires(const mm::split::parts<Split>& parts) {
  mm::split::merged(parts.train, parts.test);
};

}  // namespace

TEST_CASE("every split is a partition with shared id maps") {
  for (std::uint64_t number = 0; number < 5; ++number) {
    const interactions all = from_keys(random_events(number));
    check_partition(mm::split::leave_last_out{}, all);
    check_partition(mm::split::leave_last_out{.validation = 0, .test = 3}, all);
    check_partition(mm::split::user_ratio{}, all);
    check_partition(mm::split::user_ratio{.validation = 0.45, .test = 0.5}, all);
    check_partition(mm::split::user_random{}, all);
    check_partition(mm::split::cold_items{.validation = 0.2, .test = 0.3}, all);
    check_partition(mm::split::cold_users{.validation = 0.2, .test = 0.3}, all);
    check_partition(mm::split::random_ratio{.validation = 0.2, .test = 0.3}, all);
    check_partition(mm::split::k_fold{}, all);
    check_partition(mm::split::global_time{}, all);
    check_partition(mm::split::at_times{.validation_from = 20, .test_from = 40}, all);
  }
}

TEST_CASE("the parts are types that do not mix") {
  using split_type = mm::split::user_ratio;
  using train = mm::split::train_set<split_type>;
  using validation = mm::split::validation_set<split_type>;
  using test = mm::split::test_set<split_type>;
  STATIC_REQUIRE(!std::is_convertible_v<test, validation>);
  STATIC_REQUIRE(!std::is_convertible_v<test, train>);
  STATIC_REQUIRE(!std::is_convertible_v<train, mm::split::train_set<mm::split::leave_last_out>>);
  STATIC_REQUIRE(!tunable<split_type>);
  // Models are fitted on the training set as it is, on nothing else.
  STATIC_REQUIRE(std::is_convertible_v<train, const interactions&>);
  STATIC_REQUIRE(!std::is_convertible_v<validation, const interactions&>);
  STATIC_REQUIRE(!std::is_convertible_v<test, const interactions&>);
}

TEST_CASE("leave_last_out takes the latest, equal times by item id") {
  const interactions all = one_user({5, 9, 1, 9, 7});  // by time and item: 2, 0, 4, 1, 3
  const auto parts = mm::split::leave_last_out{}(all);
  CHECK(items_of(parts.test.interactions()) == std::vector<std::size_t>{3});
  CHECK(items_of(parts.validation.interactions()) == std::vector<std::size_t>{1});
  CHECK(items_of(parts.train) == std::vector<std::size_t>{0, 2, 4});
  const auto two = mm::split::leave_last_out{.validation = 0, .test = 2}(all);
  CHECK(items_of(two.test.interactions()) == std::vector<std::size_t>{1, 3});
  CHECK(two.validation.size() == 0);
}

TEST_CASE("leave_last_out leaves users in train who would keep nothing there") {
  for (const std::size_t count : {1u, 2u, 3u, 4u}) {
    std::vector<keyed_event> events{{"other", "0", 1.0f, 100}, {"other", "1", 1.0f, 101}};
    for (std::size_t item = 0; item < count; ++item) {
      events.push_back({"u", std::to_string(item), 1.0f, static_cast<std::int64_t>(item)});
    }
    const auto parts = mm::split::leave_last_out{}(from_keys(events));
    CHECK(items_of(parts.train, 1).size() == (count < 3 ? count : count - 2));
    CHECK(items_of(parts.test.interactions(), 1).size() == (count < 3 ? 0u : 1u));
    CHECK(items_of(parts.test.interactions(), 0).empty());
  }
}

TEST_CASE("user_ratio rounds halves to even, as Python does") {
  // n -> round(0.1 n) in Python
  const std::map<std::size_t, std::size_t> expected{{4, 0},  {5, 0},  {6, 1},  {14, 1}, {15, 2},
                                                    {16, 2}, {25, 2}, {26, 3}, {35, 4}, {45, 4}};
  for (const auto& [count, held] : expected) {
    std::vector<std::int64_t> times(count);
    for (std::size_t item = 0; item < count; ++item) times[item] = static_cast<std::int64_t>(item);
    const auto parts = mm::split::user_ratio{}(one_user(times));
    CAPTURE(count);
    CHECK(parts.test.size() == held);
    CHECK(parts.validation.size() == held);
    if (held > 0) CHECK(parts.test.interactions().times(mm::user_id{0}).front() == static_cast<std::int64_t>(count - held));
  }
}

TEST_CASE("splits by a user's order leak nothing within users") {
  const interactions all = from_keys(random_events(1));
  const auto last = mm::split::leave_last_out{}(all);
  const auto ratio = mm::split::user_ratio{.validation = 0.2, .test = 0.3}(all);
  CHECK(mm::split::time_leaks(last.train, last.test).within_user == 0);
  CHECK(mm::split::time_leaks(ratio.train, ratio.test).within_user == 0);
  CHECK(mm::split::time_leaks(ratio.train, ratio.validation).within_user == 0);
  CHECK(mm::split::time_leaks(last.train, last.test).global > 0);
  const auto random = mm::split::user_random{.validation = 0.2, .test = 0.3}(all);
  CHECK(mm::split::time_leaks(random.train, random.test).within_user > 0);
}

TEST_CASE("global_time leaks nothing and holds out about the shares") {
  const interactions all = from_keys(random_events(2, 200));
  const auto parts = mm::split::global_time{.validation = 0.1, .test = 0.2}(all);
  CHECK(mm::split::time_leaks(parts.train, parts.validation) == mm::split::leak_report{0, 0});
  CHECK(mm::split::time_leaks(parts.train, parts.test) == mm::split::leak_report{0, 0});
  const auto latest = [](const interactions& part) {
    return *std::max_element(part.time_array().begin(), part.time_array().end());
  };
  const auto earliest = [](const interactions& part) {
    return *std::min_element(part.time_array().begin(), part.time_array().end());
  };
  CHECK(latest(parts.train) < earliest(parts.validation.interactions()));
  CHECK(latest(parts.validation.interactions()) < earliest(parts.test.interactions()));
  // Equal times stay together, so that a part may be larger than its share by the interactions of one moment.
  const auto size = static_cast<double>(all.size());
  CHECK(static_cast<double>(parts.test.size()) == Approx(0.2 * size).margin(0.04 * size));
  CHECK(static_cast<double>(parts.validation.size()) == Approx(0.1 * size).margin(0.06 * size));
}

TEST_CASE("global_time cuts at the stated times") {
  const interactions all = one_user({10, 20, 30, 40, 50, 60, 70, 80, 90, 100});
  const auto cuts = mm::split::global_time{.validation = 0.2, .test = 0.3}.cuts(all);
  CHECK(cuts == mm::split::at_times{.validation_from = 60, .test_from = 80});
  const auto parts = mm::split::global_time{.validation = 0.2, .test = 0.3}(all);
  CHECK(items_of(parts.train) == std::vector<std::size_t>{0, 1, 2, 3, 4});
  CHECK(items_of(parts.validation.interactions()) == std::vector<std::size_t>{5, 6});
  CHECK(items_of(parts.test.interactions()) == std::vector<std::size_t>{7, 8, 9});
  CHECK(mm::split::global_time{.validation = 0.2, .test = 0.0}(all).validation.size() == 2);
  CHECK(mm::split::global_time{.validation = 0.2, .test = 0.0}(all).test.size() == 0);
  constexpr auto largest = std::numeric_limits<std::int64_t>::max();
  CHECK(mm::split::global_time{.validation = 0.5, .test = 0.0}(one_user({1, largest})).train.size() == 1);
}

TEST_CASE("random splits depend on the seed and the keys alone") {
  check_order_independence(mm::split::user_random{.validation = 0.2, .test = 0.2});
  check_order_independence(mm::split::cold_items{.validation = 0.2, .test = 0.2});
  const interactions all = from_keys(random_events(4));
  const auto one = mm::split::user_random{.test = 0.3, .key = mm::seed{1}}(all);
  CHECK(keys_of(one.test.interactions()) ==
        keys_of(mm::split::user_random{.test = 0.3, .key = mm::seed{1}}(all).test.interactions()));
  CHECK(keys_of(one.test.interactions()) !=
        keys_of(mm::split::user_random{.test = 0.3, .key = mm::seed{2}}(all).test.interactions()));
  // A user's part does not change when another user comes in.
  auto more = random_events(4);
  more.push_back({"newcomer", "item 0", 1.0f, 0});
  more.push_back({"newcomer", "item 1", 1.0f, 1});
  key_set kept;
  for (const auto& pair :
       keys_of(mm::split::user_random{.test = 0.3, .key = mm::seed{1}}(from_keys(more)).test.interactions())) {
    if (pair.first != "newcomer") kept.insert(pair);
  }
  CHECK(kept == keys_of(one.test.interactions()));
}

TEST_CASE("user_random spreads evenly over the time line") {
  std::vector<keyed_event> events;
  for (int user = 0; user < 400; ++user) {
    for (int item = 0; item < 10; ++item) events.push_back({std::to_string(user), std::to_string(item), 1.0f, item});
  }
  const auto parts = mm::split::user_random{.validation = 0.0, .test = 0.2}(from_keys(events));
  std::vector<double> taken(10, 0.0);
  for (const interaction& event : parts.test.interactions().events()) taken[static_cast<std::size_t>(event.time)] += 1.0;
  // 800 draws in 10 cells: chi-square with 9 degrees of freedom exceeds 27.9 once in a thousand seeds.
  double chi_square = 0.0;
  for (const double count : taken) chi_square += (count - 80.0) * (count - 80.0) / 80.0;
  CHECK(chi_square < 27.9);
}

TEST_CASE("the folds of k_fold test every interaction once") {
  const interactions all = from_keys(random_events(8, 200));
  std::size_t tested = 0;
  key_set together;
  for (std::size_t fold = 0; fold < 5; ++fold) {
    const mm::split::k_fold rule{.folds = 5, .fold = fold};
    check_partition(rule, all);
    check_order_independence(rule);
    const auto parts = rule(all);
    const auto next = mm::split::k_fold{.folds = 5, .fold = (fold + 1) % 5, .validation = false}(all);
    CHECK(keys_of(parts.validation.interactions()) == keys_of(next.test.interactions()));
    CHECK(next.validation.size() == 0);
    CHECK(static_cast<double>(parts.test.size()) == Approx(0.2 * static_cast<double>(all.size())).epsilon(0.2));
    tested += parts.test.size();
    together.merge(keys_of(parts.test.interactions()));
  }
  CHECK(tested == all.size());
  CHECK(together == keys_of(all));
  CHECK_THROWS_WITH((mm::split::k_fold{.folds = 2}(all)), "split::k_fold: folds leave nothing to train on");
  CHECK_THROWS_WITH((mm::split::k_fold{.folds = 5, .fold = 5}(all)), "split::k_fold: fold must be less than folds");
  CHECK(mm::split::k_fold{.fold = 1}.describe() == "k_fold(fold 1 of 5, validation, seed 42)");
}

TEST_CASE("cold_items leaves nothing of a held-out item in train") {
  const interactions all = from_keys(random_events(5));
  const auto parts = mm::split::cold_items{.validation = 0.1, .test = 0.25}(all);
  const auto train = parts.train.interactions().item_counts();
  const auto validation = parts.validation.interactions().item_counts();
  const auto test = parts.test.interactions().item_counts();
  std::size_t cold = 0;
  std::size_t seen = 0;
  for (std::size_t item = 0; item < all.items(); ++item) {
    CHECK((train[item] > 0) + (validation[item] > 0) + (test[item] > 0) <= 1);
    cold += test[item] > 0 ? 1 : 0;
    seen += train[item] + validation[item] + test[item] > 0 ? 1 : 0;
  }
  CHECK(cold == static_cast<std::size_t>(0.25 * static_cast<double>(seen) + 0.5));
}

TEST_CASE("given parts are checked") {
  const interactions all = from_keys(random_events(6));
  const auto parts = mm::split::user_ratio{.validation = 0.2, .test = 0.2}(all);
  const mm::split::given rule{.name = "published"};
  const auto same = rule(parts.train, parts.validation.interactions(), parts.test.interactions());
  CHECK(same.test.interactions().events() == parts.test.interactions().events());
  CHECK(same.test.rule() == rule);
  CHECK_THROWS_WITH(rule(parts.train, parts.train, parts.test.interactions()),
                    test::contains("split::given: user \"user ") && test::contains("is in both train and validation"));
  CHECK_THROWS_AS(rule(parts.train, one_user({1, 2}), parts.test.interactions()), mm::shape_error);
  auto renamed = random_events(6);
  for (auto& event : renamed) event.user += '!';
  CHECK_THROWS_WITH(rule(parts.train, parts.validation.interactions(), from_keys(renamed)),
                    test::contains("the id maps of train and test differ"));
}

TEST_CASE("the cuts of bad shares are errors, not wild reads") {
  const interactions none;
  for (const double share : {-0.5, 1.5, std::numeric_limits<double>::quiet_NaN()}) {
    CHECK_THROWS_AS((mm::split::global_time{.validation = 0.1, .test = share}.cuts(none)), mm::invalid_config);
    CHECK_THROWS_AS((mm::split::global_time{.validation = share, .test = 0.1}.cuts(none)), mm::invalid_config);
  }
}

TEST_CASE("bad settings and data without times are errors") {
  const interactions all = from_keys(random_events(7));
  CHECK_THROWS_WITH((mm::split::leave_last_out{.validation = 0, .test = 0}(all)),
                    "split::leave_last_out: validation + test must be at least 1");
  CHECK_THROWS_WITH((mm::split::user_ratio{.validation = 0.5, .test = 0.5}(all)),
                    "split::user_ratio: validation + test must be less than 1");
  CHECK_THROWS_WITH((mm::split::user_random{.validation = -0.1}(all)),
                    "split::user_random: validation must be at least 0 and less than 1");
  CHECK_THROWS_AS((mm::split::cold_items{.test = std::numeric_limits<double>::quiet_NaN()}(all)), mm::invalid_config);
  CHECK_THROWS_AS((mm::split::global_time{.validation = 0.0, .test = 0.0}(all)), mm::invalid_config);
  CHECK_THROWS_WITH((mm::split::at_times{.validation_from = 5, .test_from = 4}(all)),
                    "split::at_times: validation_from must not be later than test_from");
  CHECK_THROWS_WITH((mm::split::at_times{.validation_from = -1, .test_from = 4}(all)),
                    "split::at_times: no interaction is old enough to train on");
  const interactions timeless = one_user({0, 0, 0, 0});
  CHECK_THROWS_WITH(mm::split::user_ratio{}(timeless),
                    test::contains("split::user_ratio: all interactions have the same time"));
  CHECK_THROWS_AS(mm::split::leave_last_out{}(timeless), mm::data_error);
  CHECK_THROWS_AS(mm::split::global_time{}(timeless), mm::data_error);
}

TEST_CASE("no interactions at all are split into nothing") {
  const interactions none;
  CHECK(mm::split::leave_last_out{}(none).train.size() == 0);
  CHECK(mm::split::user_ratio{}(none).test.size() == 0);
  CHECK(mm::split::user_random{}(none).test.size() == 0);
  CHECK(mm::split::cold_items{}(none).test.size() == 0);
  CHECK(mm::split::global_time{}(none).validation.size() == 0);
}

TEST_CASE("splits describe themselves") {
  CHECK(mm::split::leave_last_out{}.describe() == "leave_last_out(validation 1, test 1)");
  CHECK(mm::split::user_ratio{.validation = 0.25, .test = 0.1}.describe() == "user_ratio(validation 0.25, test 0.1)");
  CHECK(mm::split::user_random{.key = mm::seed{7}}.describe() == "user_random(validation 0.1, test 0.1, seed 7)");
  CHECK(mm::split::at_times{.validation_from = 3, .test_from = 4}.describe() == "at_times(validation from 3, test from 4)");
  CHECK(mm::split::given{.name = "u1"}.describe() == "given(u1)");
}

TEST_CASE("k_fold: each interaction is tested in exactly one fold, and validated in exactly one") {
  const interactions all = from_keys(random_events(4));
  key_set tested, validated;
  for (std::size_t fold = 0; fold < 5; ++fold) {
    const auto parts = mm::split::k_fold{.folds = 5, .fold = fold}(all);
    for (const auto& pair : keys_of(parts.test.interactions())) CHECK(tested.insert(pair).second);
    for (const auto& pair : keys_of(parts.validation.interactions())) CHECK(validated.insert(pair).second);
  }
  CHECK(tested == keys_of(all));
  CHECK(validated == keys_of(all));
}

TEST_CASE("random_ratio holds out exact shares of all interactions") {
  const interactions all = from_keys(random_events(5));
  const auto parts = mm::split::random_ratio{.validation = 0.1, .test = 0.25}(all);
  const auto total = static_cast<double>(all.size());
  CHECK(parts.test.size() == static_cast<std::size_t>(std::nearbyint(0.25 * total)));
  CHECK(parts.validation.size() == static_cast<std::size_t>(std::nearbyint(0.1 * total)));
  check_order_independence(mm::split::random_ratio{.validation = 0.2, .test = 0.3});
  CHECK(keys_of(mm::split::random_ratio{.key = mm::seed{1}}(all).test.interactions()) !=
        keys_of(mm::split::random_ratio{}(all).test.interactions()));
  CHECK(mm::split::random_ratio{}.describe() == "random_ratio(validation 0.1, test 0.1, seed 42)");
}

TEST_CASE("cold_users are in one part with everything they did") {
  const interactions all = from_keys(random_events(6));
  const auto parts = mm::split::cold_users{.validation = 0.2, .test = 0.3}(all);
  std::size_t active = 0, tested = 0, validated = 0;
  for (std::size_t index = 0; index < all.users(); ++index) {
    const std::size_t sizes[3] = {items_of(parts.train, index).size(),
                                  items_of(parts.validation.interactions(), index).size(),
                                  items_of(parts.test.interactions(), index).size()};
    const std::size_t parts_used = (sizes[0] > 0 ? 1u : 0u) + (sizes[1] > 0 ? 1u : 0u) + (sizes[2] > 0 ? 1u : 0u);
    CHECK(parts_used <= 1);
    active += parts_used;
    validated += sizes[1] > 0 ? 1 : 0;
    tested += sizes[2] > 0 ? 1 : 0;
  }
  CHECK(tested == static_cast<std::size_t>(std::nearbyint(0.3 * static_cast<double>(active))));
  CHECK(validated == static_cast<std::size_t>(std::nearbyint(0.2 * static_cast<double>(active))));
  check_order_independence(mm::split::cold_users{.validation = 0.2, .test = 0.3});
  CHECK_THROWS_WITH(mm::split::cold_users{.test = 1.0}(all), "split::cold_users: test must be at least 0 and less than 1");
}

TEST_CASE("strong_generalisation: held-out users have a history and something to be found, and train knows neither") {
  const interactions all = from_keys(random_events(7));
  for (const auto rule : {mm::split::history_rule::random, mm::split::history_rule::oldest}) {
    const mm::split::strong_generalisation split{.validation = 0.25, .test = 0.25, .history = 0.7, .rule = rule};
    const auto parts = split(all);
    std::vector<interaction> together;
    for (const interactions* part :
         {&parts.train.interactions(), &parts.validation_history.interactions(), &parts.validation.interactions(),
          &parts.test_history.interactions(), &parts.test.interactions()}) {
      CHECK(part->user_keys() == all.user_keys());
      const auto events = part->events();
      together.insert(together.end(), events.begin(), events.end());
    }
    CHECK(interactions(all.user_keys(), all.item_keys(), together).events() == all.events());
    std::size_t tested = 0;
    for (std::size_t index = 0; index < all.users(); ++index) {
      const mm::user_id user{index};
      const std::size_t count = all.history(user).items.size();
      const std::size_t past = parts.test_history.interactions().history(user).items.size();
      const std::size_t held = parts.test.interactions().history(user).items.size();
      if (past + held == 0) continue;
      ++tested;
      CHECK(past + held == count);
      CHECK(past >= 1);
      if (count > 1) CHECK(held >= 1);
      if (count == 10) CHECK(past == 7);
      CHECK(items_of(parts.train, index).empty());
      if (rule == mm::split::history_rule::oldest && held > 0) {
        const auto before = parts.test_history.interactions().times(user), after = parts.test.interactions().times(user);
        CHECK(*std::max_element(before.begin(), before.end()) <= *std::min_element(after.begin(), after.end()));
      }
    }
    CHECK(tested >= 8);
  }
  auto events = random_events(3);
  const auto before = mm::split::strong_generalisation{}(from_keys(events));
  mm::random_stream(mm::seed{9}).shuffle(std::span(events));
  const auto after = mm::split::strong_generalisation{}(from_keys(events));
  CHECK(keys_of(before.test_history.interactions()) == keys_of(after.test_history.interactions()));
  CHECK(keys_of(before.test.interactions()) == keys_of(after.test.interactions()));
  CHECK(mm::split::strong_generalisation{}.describe() ==
        "strong_generalisation(validation 0.1, test 0.1, seed 42, history random 0.8)");
  CHECK_THROWS_WITH(mm::split::strong_generalisation{.history = 1.0}(all),
                    "split::strong_generalisation: history must lie between 0 and 1");
  using split_type = mm::split::strong_generalisation;
  STATIC_REQUIRE(!std::is_convertible_v<mm::split::test_history<split_type>, mm::split::validation_history<split_type>>);
  STATIC_REQUIRE(!std::is_convertible_v<mm::split::test_history<split_type>, const interactions&>);
}

TEST_CASE("a leak of time can be refused") {
  const interactions all = from_keys(random_events(8));
  const auto honest = mm::split::global_time{}(all);
  CHECK_NOTHROW(mm::split::require_no_time_leaks(honest.train, honest.test));
  const auto random = mm::split::user_random{.validation = 0.2, .test = 0.3}(all);
  CHECK_THROWS_WITH(mm::split::require_no_time_leaks(random.train, random.test),
                    test::contains("interactions of the test set are older than the last one of the train set"));
}

TEST_CASE("splits that would leave nothing to train on are refused") {
  const auto single = one_user({1, 1});
  const auto few = from_keys({{"a", "x", 1, 1}, {"b", "y", 1, 2}});
  const auto message = [](auto split, const interactions& all) {
    try {
      split(all);
    } catch (const mm::data_error& error) {
      return std::string(error.what());
    }
    return std::string("no data_error");
  };
  const std::string held = ": all 2 interactions would be held out, and none left to train on";
  CHECK(message(mm::split::user_ratio{.validation = 0.0, .test = 0.6}, few) == "split::user_ratio" + held);
  CHECK(message(mm::split::user_random{.validation = 0.0, .test = 0.6}, few) == "split::user_random" + held);
  CHECK(message(mm::split::random_ratio{.validation = 0.0, .test = 0.9}, few) == "split::random_ratio" + held);
  CHECK(message(mm::split::cold_items{.validation = 0.0, .test = 0.9}, few) == "split::cold_items" + held);
  CHECK(message(mm::split::cold_users{.validation = 0.0, .test = 0.9}, few) == "split::cold_users" + held);
  CHECK(message(mm::split::strong_generalisation{.validation = 0.0, .test = 0.9}, few) ==
        "split::strong_generalisation: no user is left to train on");
  std::size_t refused = 0;
  for (std::uint64_t key = 0; key < 40; ++key) {
    for (std::size_t fold = 0; fold < 2; ++fold) {
      const mm::split::k_fold folds{.folds = 2, .fold = fold, .validation = false, .key = mm::seed{key}};
      refused += message(folds, single) == "split::k_fold" + held ? 1 : 0;
    }
  }
  CHECK(refused > 5);
  CHECK(refused < 40);
}
