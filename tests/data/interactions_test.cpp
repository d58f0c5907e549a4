#include <mmrec/data/interactions.hpp>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <memory>
#include <vector>

#include <mmrec/core/random.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace data = mmrec::data;

namespace {
const auto users = std::make_shared<const data::user_map>(data::user_map::numbered(4));
const auto items = std::make_shared<const data::item_map>(data::item_map::numbered(5));

data::interaction event(std::size_t user, std::size_t item, float value = 1.0f, std::int64_t time = 0) {
  return {mm::user_id{user}, mm::item_id{item}, value, time};
}
data::interactions with(std::vector<data::interaction> events, data::duplicates rule) {
  return {users, items, std::move(events), {.on_duplicate = rule}};
}
}  // namespace

TEST_CASE("events are grouped by user, items in order") {
  const data::interactions all(users, items, {event(2, 4, 3, 30), event(0, 1, 1, 10), event(2, 0, 2, 20)});
  CHECK(all.users() == 4);
  CHECK(all.items() == 5);
  CHECK(all.size() == 3);
  CHECK(std::vector<std::size_t>(all.starts().begin(), all.starts().end()) == std::vector<std::size_t>{0, 1, 1, 3, 3});
  const mm::history_view history = all.history(mm::user_id{2});
  REQUIRE(history.items.size() == 2);
  CHECK(history.items[0] == mm::item_id{0});
  CHECK(history.values[1] == 3);
  CHECK(all.times(mm::user_id{2})[0] == 20);
  CHECK(all.history(mm::user_id{1}).items.empty());
  CHECK(all.events() == std::vector<data::interaction>{event(0, 1, 1, 10), event(2, 0, 2, 20), event(2, 4, 3, 30)});
  CHECK(all.item_counts() == std::vector<std::uint32_t>{1, 1, 0, 0, 1});
  CHECK(all.report() == data::interaction_report{.events = 3, .kept = 3});
  CHECK_THROWS_AS(all.history(mm::user_id{4}), mm::unknown_id);
  CHECK_THROWS_AS(all.times(mm::user_id{4}), mm::unknown_id);
}

TEST_CASE("no events, no users") {
  CHECK(data::interactions().users() == 0);
  CHECK(data::interactions().size() == 0);
  const data::interactions none(users, items, {});
  CHECK(none.users() == 4);
  CHECK(none.history(mm::user_id{3}).items.empty());
}

TEST_CASE("the order of events does not matter") {
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < 4; ++user) {
    for (std::size_t item = 0; item < 5; ++item)
      events.push_back(event(user, item, static_cast<float>(user * 5 + item), static_cast<std::int64_t>(item)));
  }
  const auto wanted = data::interactions(users, items, events).events();
  mm::random_stream random(mm::seed{2});
  for (int round = 0; round < 10; ++round) {
    random.shuffle(std::span(events));
    CHECK(data::interactions(users, items, events).events() == wanted);
  }
}

TEST_CASE("ids outside the maps are errors") {
  CHECK(test::thrown<mm::unknown_id>([] { data::interactions(users, items, {event(4, 0)}); }) ==
        "data::interactions: unknown user 4 (4 known)");
  CHECK(test::thrown<mm::unknown_id>([] { data::interactions(users, items, {event(0, 5)}); }) ==
        "data::interactions: unknown item 5 (5 known)");
}

TEST_CASE("duplicates follow the named policy, first and last by time, then by position") {
  const std::vector<data::interaction> events{event(1, 2, 3, 20), event(1, 2, 5, 10), event(1, 2, 4, 20), event(1, 3)};
  CHECK(test::thrown<mm::data_error>([&] { data::interactions(users, items, events); }) ==
        "data::interactions: user \"1\", item \"2\" appears more than once; choose a policy for duplicates");
  CHECK(with(events, data::duplicates::keep_first).events()[0] == event(1, 2, 5, 10));
  CHECK(with(events, data::duplicates::keep_last).events()[0] == event(1, 2, 4, 20));
  CHECK(with(events, data::duplicates::keep_largest).events()[0] == event(1, 2, 5, 10));
  CHECK(with(events, data::duplicates::sum).events()[0] == event(1, 2, 12, 20));
  CHECK(with(events, data::duplicates::sum).report() == data::interaction_report{.events = 4, .kept = 2, .duplicates = 2});
}

TEST_CASE("values that are not finite follow the named policy") {
  constexpr float nan = std::numeric_limits<float>::quiet_NaN(), infinity = std::numeric_limits<float>::infinity();
  CHECK(test::thrown<mm::data_error>([] { data::interactions(users, items, {event(1, 2, nan)}); }) ==
        "data::interactions: value of user \"1\", item \"2\" is not finite");
  CHECK_THROWS_AS(data::interactions(users, items, {event(1, 2, -infinity)}), mm::data_error);
  const data::interactions kept(users, items, {event(1, 2, nan), event(1, 2, 3), event(0, 0, infinity)},
                                {.on_bad_value = data::bad_values::skip});
  CHECK(kept.events() == std::vector<data::interaction>{event(1, 2, 3)});
  CHECK(kept.report() == data::interaction_report{.events = 3, .kept = 1, .bad_values = 2});
}

TEST_CASE("sums of duplicates are taken in double and must be finite") {
  std::vector<data::interaction> events{event(1, 2, 16777216.0f)};
  for (int more = 0; more < 4; ++more) events.push_back(event(1, 2, 1.0f));  // each alone is lost in float
  CHECK(with(events, data::duplicates::sum).value_array()[0] == 16777220.0f);
  constexpr float largest = (std::numeric_limits<float>::max)();
  CHECK(test::thrown<mm::data_error>([] {
          with({event(1, 2, largest), event(1, 2, largest)}, data::duplicates::sum);
        }) == "data::interactions: the sum for user \"1\", item \"2\" is not finite");
  CHECK(test::thrown<mm::invalid_config>([] { data::interactions(nullptr, items, {}); }) ==
        "data::interactions: users must not be null");
  CHECK(test::thrown<mm::invalid_config>([] { data::interactions(users, nullptr, {}); }) ==
        "data::interactions: items must not be null");
}

TEST_CASE("a filtered part has the same users and items") {
  const data::interactions all(users, items, {event(0, 1, 1), event(0, 2, 5), event(3, 1, 4)});
  const data::interactions liked = all.filtered([](const data::interaction& e) { return e.value >= 4; });
  CHECK(liked.events() == std::vector<data::interaction>{event(0, 2, 5), event(3, 1, 4)});
  CHECK(liked.user_keys() == all.user_keys());
  CHECK(liked.item_keys() == all.item_keys());
}
