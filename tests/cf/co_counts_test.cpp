// Counts kept up to date give the model of a fit on everything, bit for bit.
#include <mmrec/cf/co_counts.hpp>

#include <cstdint>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

void check_same(const cf::item_knn_model& found, const cf::item_knn_model& expected) {
  REQUIRE(found.items() == expected.items());
  REQUIRE(found.users() == expected.users());
  for (std::size_t item = 0; item < expected.items(); ++item) {
    const auto left = found.neighbours(item_id{item}), right = expected.neighbours(item_id{item});
    REQUIRE(std::vector<scored_item>(left.begin(), left.end()) == std::vector<scored_item>(right.begin(), right.end()));
    REQUIRE(found.base(item_id{item}) == expected.base(item_id{item}));
  }
  for (std::size_t user = 0; user < expected.users(); ++user) {
    const auto left = neighbours::scores_of(found, user_id{user}), right = neighbours::scores_of(expected, user_id{user});
    for (std::size_t item = 0; item < left.size(); ++item) {
      const bool same = left[item] == right[item] || (left[item] != left[item] && right[item] != right[item]);
      REQUIRE(same);
    }
  }
}

}  // namespace

TEST_CASE("co-counts that grew by additions and removals give the model of a fit on the outcome") {
  constexpr std::size_t users = 60, items = 50;
  const auto start = neighbours::random_log(users - 5, items - 5, 12);
  cf::item_co_counts counts(exec::cpu{.threads = 2}, start);
  counts.grow(users, items);
  std::set<std::pair<std::size_t, std::size_t>> pairs;
  for (const data::interaction& event : start.events()) pairs.emplace(event.user.index(), event.item.index());
  random_stream random(seed{5});
  for (int step = 0; step < 1500; ++step) {
    const std::size_t user = random.below(users), item = random.below(items) * random.below(items) / items;
    if (random.below(3) == 0) {
      CHECK(counts.remove(user_id{user}, item_id{item}) == (pairs.erase({user, item}) == 1));
    } else {
      CHECK(counts.add(user_id{user}, item_id{item}) == pairs.emplace(user, item).second);
    }
  }
  std::vector<data::interaction> events;
  for (const auto& [user, item] : pairs) events.push_back({user_id{user}, item_id{item}});
  const auto log = neighbours::log_of(users, items, std::move(events));
  const auto spec =
      GENERATE(cf::item_knn{.neighbours = 5}, cf::item_knn{.similarity = cf::item_similarity::jaccard, .shrinkage = 2.0f},
               cf::item_knn{.neighbours = 7, .similarity = cf::item_similarity::pearson},
               cf::item_knn{.neighbours = 3,
                            .similarity = cf::item_similarity::dot,
                            .neighbourhood = cf::neighbourhood::of_target,
                            .normalize = true,
                            .centred = true});
  check_same(counts.fit(exec::cpu{}, spec), spec.fit(exec::cpu{}, log));
  check_same(counts.fit(exec::cpu{.threads = 8}, spec), spec.fit(exec::cpu{}, log));
  for (std::size_t user = 0; user < users; ++user) {
    const auto history = counts.history(user_id{user});
    const auto expected = log.history(user_id{user}).items;
    CHECK(std::vector<item_id>(history.begin(), history.end()) == std::vector<item_id>(expected.begin(), expected.end()));
  }
}

TEST_CASE("co-counts count users") {
  cf::item_co_counts counts(3, 4);
  CHECK(counts.add(user_id{0u}, item_id{1u}));
  CHECK(counts.add(user_id{0u}, item_id{3u}));
  CHECK(counts.add(user_id{2u}, item_id{3u}));
  CHECK(counts.add(user_id{2u}, item_id{1u}));
  CHECK_FALSE(counts.add(user_id{2u}, item_id{1u}));
  CHECK(counts.count(item_id{1u}, item_id{3u}) == 2);
  CHECK(counts.count(item_id{3u}, item_id{1u}) == 2);
  CHECK(counts.count(item_id{1u}, item_id{1u}) == 2);
  CHECK(counts.count(item_id{1u}, item_id{0u}) == 0);
  CHECK(counts.remove(user_id{0u}, item_id{1u}));
  CHECK_FALSE(counts.remove(user_id{0u}, item_id{1u}));
  CHECK(counts.count(item_id{3u}, item_id{1u}) == 1);
  CHECK(counts.count(item_id{1u}, item_id{1u}) == 1);
}

TEST_CASE("co-counts tell the memory of a fit, and refuse one beyond the limit") {
  const cf::item_co_counts counts(exec::cpu{}, neighbours::random_log(3000, 600, 40));
  const auto spec = GENERATE(cf::item_knn{.neighbours = 50},
                             cf::item_knn{.neighbours = 300, .neighbourhood = cf::neighbourhood::of_target});
  const std::uint64_t bytes = counts.fit_bytes(exec::cpu{}, spec);
  test::check_peak(bytes, [&] { counts.fit(exec::cpu{}, spec); });
  CHECK(test::thrown<limit_error>([&] {
          counts.fit(exec::cpu{.memory_limit = bytes - 1}, spec);
        }).starts_with("cf::item_co_counts::fit: memory in bytes"));
}

TEST_CASE("co-counts refuse what they cannot know, by name") {
  cf::item_co_counts counts(3, 4);
  CHECK(test::thrown<unknown_id>([&] { counts.add(user_id{3u}, item_id{0u}); }) ==
        "cf::item_co_counts::add: unknown user 3 (3 known)");
  CHECK(test::thrown<unknown_id>([&] { counts.remove(user_id{0u}, item_id{4u}); }) ==
        "cf::item_co_counts::remove: unknown item 4 (4 known)");
  CHECK(test::thrown<shape_error>([&] { counts.grow(2, 9); }) ==
        "cf::item_co_counts::grow: users, at least: expected 3, got 2");
  CHECK(test::thrown<invalid_config>([&] { counts.fit(exec::cpu{}, cf::item_knn{.binary = false}); }) ==
        "cf::item_co_counts::fit: binary must be true: counts know no values");
  const cf::item_knn weighted{.weighting = {.scheme = cf::weighting_scheme::bm25}};
  CHECK_THROWS_AS(counts.fit(exec::cpu{}, weighted), invalid_config);
  CHECK_THROWS_AS(counts.fit(exec::cpu{}, cf::item_knn{.neighbours = 0}), invalid_config);
}
