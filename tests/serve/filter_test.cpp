// Rules against a walk over all items, sorted.
#include <mmrec/serve/filter.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <mmrec/core/random.hpp>
#include <mmrec/kernel/topk.hpp>
#include <mmrec/kernel/topk_if.hpp>
#include <mmrec/serve/best.hpp>
#include <mmrec/serve/predicates.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

using price = serve::numeric<"price">;
using margin = serve::numeric<"margin">;
using brand = serve::categorical<"brand">;
using genre = serve::categorical<"genre">;
using catalogue = serve::item_attributes<price, margin, brand, genre>;

/// One random catalogue with its columns, scores and a user; everything a rule may ask.
struct world {
  std::size_t items;
  std::vector<float> prices, margins, scores;
  std::vector<std::string> brands, genres;
  std::vector<item_id> history, listed;
  catalogue about;

  static world make(random_stream& random) {
    const std::size_t items = random.below(random.below(4) == 0 ? 600 : 70);  // beyond a search's buffer, or within it
    std::vector<float> prices(items), margins(items), scores(items);
    std::vector<std::string> brands(items), genres(items);
    std::vector<item_id> history, listed;
    const auto kind = random.below(3);
    for (std::size_t item = 0; item < items; ++item) {
      prices[item] = random.below(6) == 0 ? serve::no_value : static_cast<float>(random.below(20));
      margins[item] = random.below(6) == 0 ? serve::no_value : static_cast<float>(1 + random.below(4)) / 2.0f;
      brands[item] = random.below(7) == 0 ? "" : "b" + std::to_string(random.below(4));
      genres[item] = random.below(7) == 0 ? "" : "g" + std::to_string(random.below(3));
      scores[item] = kind == 0 ? static_cast<float>(random.below(5)) - 2.0f : static_cast<float>(random.normal());
      if (random.below(10) == 0) scores[item] = no_score;
      if (random.below(40) == 0) scores[item] = std::numeric_limits<float>::infinity();
      if (random.below(40) == 0) scores[item] = -std::numeric_limits<float>::infinity();
      if (random.below(4) == 0) history.emplace_back(item);
      if (random.below(2) == 0) listed.emplace_back(items - 1 - random.below(static_cast<std::uint32_t>(items)));
    }
    catalogue about(items, price(prices), margin(margins), brand(brands), genre(genres));
    return {items, prices, margins, scores, brands, genres, history, listed, about};
  }
  bool was_seen(std::size_t item) const { return std::count(history.begin(), history.end(), item_id{item}) != 0; }
  bool is_listed(std::size_t item) const { return std::count(listed.begin(), listed.end(), item_id{item}) != 0; }
};

/// Sort all, then walk: with the conditions and boosts as plain functions of the item's number.
template <class Admits, class Adjust>
std::vector<scored_item> by_full_sort(const world& w, std::size_t k, Admits admits, Adjust adjust, std::size_t brand_cap,
                                      std::size_t genre_cap) {
  std::vector<scored_item> all;
  for (std::size_t item = 0; item < w.items; ++item) {
    if (!std::isnan(w.scores[item])) all.push_back({item_id{item}, adjust(item, w.scores[item])});
  }
  std::stable_sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.score > b.score; });
  std::vector<scored_item> list;
  for (const scored_item& entry : all) {
    const std::size_t item = entry.item.index();
    if (list.size() == k || !admits(item)) continue;
    const auto of_same = [&](const std::vector<std::string>& column) {
      return static_cast<std::size_t>(std::count_if(
          list.begin(), list.end(), [&](const scored_item& other) { return column[other.item.index()] == column[item]; }));
    };
    if (!w.brands[item].empty() && of_same(w.brands) >= brand_cap) continue;
    if (!w.genres[item].empty() && of_same(w.genres) >= genre_cap) continue;
    list.push_back(entry);
  }
  return list;
}

constexpr std::size_t no_cap = 1000;
const auto unchanged = [](std::size_t, float score) { return score; };

template <class Rule>
std::vector<scored_item> listed(const world& w, const Rule& rule, std::size_t k, serve::best_workspace& scratch) {
  const serve::filter filter(rule, w.about);
  const auto list = serve::best(w.scores, k, filter, w.history, scratch);
  return {list.begin(), list.end()};
}

}  // namespace

TEST_CASE("rules give the lists of a full sort and a walk over it, in 14,000 random cases") {
  using namespace serve;
  random_stream random(seed{11}, 0);
  best_workspace scratch;
  for (int round = 0; round < 2000; ++round) {
    const world w = world::make(random);
    const std::size_t k = random.below(25);
    const auto limit = static_cast<float>(random.below(20));
    const std::size_t most = random.below(4), few = random.below(5);
    const std::string name = "b" + std::to_string(random.below(5));
    CAPTURE(round, w.items, k, limit, most, few, name);

    REQUIRE(listed(w, anything{}, k, scratch) == by_full_sort(
                                                     w, k, [](std::size_t) { return true; }, unchanged, no_cap, no_cap));
    REQUIRE(listed(w, unseen{} & deny{w.listed}, k, scratch) ==
            by_full_sort(
                w, k, [&](std::size_t item) { return !w.was_seen(item) && !w.is_listed(item); }, unchanged, no_cap, no_cap));
    REQUIRE(listed(w, allow{w.listed} & (where<"price">(at_most{limit}) | !has_value<"price">{}), k, scratch) ==
            by_full_sort(
                w, k, [&](std::size_t item) { return w.is_listed(item) && !(w.prices[item] > limit); }, unchanged, no_cap,
                no_cap));
    REQUIRE(listed(w, (where<"brand">(is{name}) | where<"price">(above{limit})) & !(seen{} & where<"genre">(is{"g1"})), k,
                   scratch) ==
            by_full_sort(
                w, k,
                [&](std::size_t item) {
                  return (w.brands[item] == name || w.prices[item] > limit) && !(w.was_seen(item) && w.genres[item] == "g1");
                },
                unchanged, no_cap, no_cap));
    REQUIRE(listed(w, unseen{} & cap<"brand">{most} & cap<"genre">{few}, k, scratch) ==
            by_full_sort(
                w, k, [&](std::size_t item) { return !w.was_seen(item); }, unchanged, most, few));
    // Factors and scores of few digits: sums and products are exact, whatever the compiler fuses.
    const auto boosted = [&](std::size_t item, float score) {
      if (w.brands[item] == name) score = score * 2.0f + 0.5f;
      if (w.was_seen(item)) score = score * 0.25f;
      if (!std::isnan(w.margins[item])) score = score * w.margins[item];
      if (!std::isnan(w.prices[item])) score = score + -0.5f * w.prices[item];
      return score;
    };
    world exact = w;
    for (float& score : exact.scores) score = std::isfinite(score) ? std::round(score * 8.0f) / 8.0f : score;
    const auto boosts = boost(where<"brand">(is{name}), 2.0f, 0.5f) & boost(seen{}, 0.25f) & multiply_by<"margin">{} &
                        add<"price">{.weight = -0.5f};
    REQUIRE(listed(exact, boosts, k, scratch) == by_full_sort(
                                                     exact, k, [](std::size_t) { return true; }, boosted, no_cap, no_cap));
    REQUIRE(listed(exact, cap<"brand">{most} & boosts & where<"genre">(one_of{{"g0", "g2"}}), k, scratch) ==
            by_full_sort(
                exact, k, [&](std::size_t item) { return w.genres[item] == "g0" || w.genres[item] == "g2"; }, boosted, most,
                no_cap));
  }
}

TEST_CASE("caps find k items behind any number of items of one category") {
  using namespace serve;
  constexpr std::size_t items = 5000;
  std::vector<float> scores(items);
  std::vector<std::string> brands(items, "giant");
  for (std::size_t item = 0; item < items; ++item) scores[item] = static_cast<float>(items - item);
  for (std::size_t item = items - 3; item < items; ++item) brands[item] = "small";
  const item_attributes about(items, categorical<"brand">(brands));
  const filter two_each(cap<"brand">{2}, about);
  best_workspace scratch;
  const auto list = best(scores, 4, two_each, {}, scratch);
  REQUIRE(list.size() == 4);
  CHECK(list[0].item == item_id{0u});
  CHECK(list[1].item == item_id{1u});
  CHECK(list[2].item == item_id{items - 3});
  CHECK(list[3].item == item_id{items - 2});
  CHECK(best(scores, 5, two_each, {}, scratch).size() == 4);  // no more exist
  CHECK(best(scores, 5, filter(cap<"brand">{0}, about), {}, scratch).empty());
}

TEST_CASE("boosts leave nothing out where products overflow or vanish") {
  using namespace serve;
  random_stream random(seed{12}, 0);
  best_workspace scratch;
  constexpr std::size_t items = 700;
  for (int round = 0; round < 300; ++round) {
    std::vector<float> scores(items), factors(items);
    for (std::size_t item = 0; item < items; ++item) {
      scores[item] = static_cast<float>(random.normal() * std::pow(10.0, static_cast<double>(random.below(80)) - 42.0));
      factors[item] = static_cast<float>(std::pow(10.0, static_cast<double>(random.below(60)) - 30.0));
    }
    const item_attributes about(items, numeric<"factor">(factors));
    const filter boosted(multiply_by<"factor">{}, about);
    const auto list = best(scores, 10, boosted, {}, scratch);
    std::vector<scored_item> all(items);
    for (std::size_t item = 0; item < items; ++item) all[item] = {item_id{item}, scores[item] * factors[item]};
    std::sort(all.begin(), all.end(), kernel::listed_before{});
    all.resize(10);
    REQUIRE(std::vector<scored_item>(list.begin(), list.end()) == all);
  }
}

TEST_CASE("a filter takes any predicate, and a new rule of the same form") {
  using namespace serve;
  const item_attributes about(4, numeric<"age">({1, 5, 9, no_value}), categorical<"brand">({"acme", "apex", "zeta", ""}));
  const std::vector<float> scores{1, 2, 3, 4};
  best_workspace scratch;
  const auto items_of = [&](const auto& filter) {
    std::vector<std::uint32_t> items;
    for (const scored_item& entry : best(scores, 10, filter, {}, scratch)) items.push_back(entry.item.value);
    return items;
  };
  CHECK(items_of(filter(where<"age">([](float days) { return days > 2.0f; }), about)) == std::vector<std::uint32_t>{2, 1});
  CHECK(items_of(filter(where<"brand">([](std::string_view name) { return name.front() == 'a'; }), about)) ==
        std::vector<std::uint32_t>{1, 0});
  CHECK(items_of(filter(where<"age">(between{1, 5}) & where<"age">(at_least{2}) & where<"age">(below{6}), about)) ==
        std::vector<std::uint32_t>{1});
  CHECK(items_of(filter(!where<"age">(yes{}), about)) == std::vector<std::uint32_t>{3});
  const std::vector<item_id> first{item_id{3u}, item_id{0u}, item_id{3u}}, second{item_id{2u}};
  filter some(allow{first}, about);
  CHECK(items_of(some) == std::vector<std::uint32_t>{3, 0});
  some.bind(allow{second});
  CHECK(items_of(some) == std::vector<std::uint32_t>{2});
  some.bind(allow{});
  CHECK(items_of(some).empty());
}

TEST_CASE("a filter that cannot take a rule stays as it was") {
  using namespace serve;
  const item_attributes about(3, categorical<"brand">({"acme", "apex", "zeta"}));
  const std::vector<float> scores{1, 2, 3};
  const std::vector<item_id> first{item_id{0u}, item_id{1u}}, other{item_id{2u}}, beyond{item_id{2u}, item_id{3u}};
  const auto rule = [](std::span<const item_id> listed, float factor) {
    return allow{listed} & cap<"brand">{1} & boost(seen{}, factor);
  };
  filter some(rule(first, 2.0f), about);
  best_workspace scratch;
  const auto listed = [&] {
    const auto list = best(scores, 3, some, {}, scratch);
    return std::vector<scored_item>(list.begin(), list.end());
  };
  const std::vector<scored_item> before{{item_id{1u}, 2.0f}, {item_id{0u}, 1.0f}};
  CHECK(listed() == before);
  CHECK_THROWS_AS(some.bind(rule(beyond, 2.0f)), unknown_id);
  CHECK(listed() == before);
  CHECK_THROWS_AS(some.bind(rule(other, -1.0f)), invalid_config);
  CHECK(listed() == before);
  some.bind(rule(other, 2.0f));
  CHECK(listed() == std::vector<scored_item>{{item_id{2u}, 3.0f}});
  CHECK(test::allocations_of([&] { some.bind(rule(first, 3.0f)); }) == 0);
}

TEST_CASE("rules are regular values") {
  using namespace serve;
  const auto rule = unseen{} & where<"price">(at_most{20}) & cap<"brand">{2} & boost(where<"brand">(is{"acme"}), 1.5f);
  const auto same = unseen{} & where<"price">(at_most{20}) & cap<"brand">{2} & boost(where<"brand">(is{"acme"}), 1.5f);
  const auto other = unseen{} & where<"price">(at_most{21}) & cap<"brand">{2} & boost(where<"brand">(is{"acme"}), 1.5f);
  CHECK(rule == same);
  CHECK(!(rule == other));
}

TEST_CASE("filters refuse what makes no sense, by name") {
  using namespace serve;
  CHECK(test::thrown<shape_error>([] {
          item_attributes(3, numeric<"price">({1, 2}));
        }) == "serve::item_attributes: entries of column \"price\": expected 3, got 2");
  const item_attributes about(2, numeric<"price">({1, -2}));
  const std::vector<item_id> beyond{item_id{2u}};
  CHECK(test::thrown<unknown_id>([&] { filter(allow{beyond}, about); }) == "serve::filter: unknown item 2 (2 known)");
  CHECK(test::thrown<invalid_config>([&] { filter(boost(seen{}, -1.0f), about); }) ==
        "serve::filter: boost must have a positive, finite factor");
  CHECK(test::thrown<invalid_config>([&] { filter(boost(seen{}, 1.0f, no_value), about); }) ==
        "serve::filter: boost must have a finite addend");
  CHECK(test::thrown<invalid_config>([&] { filter(multiply_by<"price">{}, about); }) ==
        "serve::filter: multiply_by<\"price\"> must have a positive, finite factor");
  best_workspace scratch;
  const std::vector<float> scores(3);
  CHECK(test::thrown<shape_error>([&] { best(scores, 1, filter(anything{}, about), {}, scratch); }) ==
        "serve::best: scores: expected 2, got 3");
}
