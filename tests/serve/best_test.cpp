// Lists of fitted recommenders under filters.
#include <mmrec/serve/best.hpp>

#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <mmrec/cf/popularity.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/pipeline/fit.hpp>
#include <mmrec/pipeline/recommender.hpp>
#include <mmrec/serve/predicates.hpp>

#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

data::interactions random_log(std::size_t users, std::size_t items) {
  random_stream random(seed{51}, 0);
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t item = 0; item < items; ++item) {
      if (random.below(static_cast<std::uint32_t>(3 + item / 20)) == 0) events.push_back({user_id{user}, item_id{item}});
    }
  }
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), events};
}

std::vector<scored_item> copy(std::span<const scored_item> list) { return {list.begin(), list.end()}; }

}  // namespace

TEST_CASE("serve::recommend under a filter is recommend without what the filter refuses") {
  using namespace serve;
  const auto model = fit(recommender(cf::popularity{}), exec::cpu{}, random_log(30, 400));
  std::vector<float> in_stock(400);
  for (std::size_t item = 0; item < in_stock.size(); ++item) in_stock[item] = item % 3 == 0 ? 1.0f : 0.0f;
  const item_attributes about(400, numeric<"in_stock">(in_stock));
  const filter fresh(unseen{}, about);
  const filter all(anything{}, about);
  const filter stocked(unseen{} & where<"in_stock">(yes{}), about);
  recommend_workspace<std::remove_cvref_t<decltype(model)>> scratch;
  for (std::size_t user = 0; user < 30; ++user) {
    const user_id who{user};
    CHECK(copy(recommend(model, who, 20, fresh, scratch)) == model.recommend(who, {.k = 20}));
    CHECK(copy(recommend(model, who, 20, all, scratch)) == model.recommend(who, {.k = 20, .exclude_seen = false}));
    std::vector<item_id> candidates;
    for (std::size_t item = 0; item < in_stock.size(); item += 3) candidates.emplace_back(item);
    CHECK(copy(recommend(model, who, 20, stocked, scratch)) == model.recommend(who, {.k = 20, .candidates = candidates}));
  }
}

TEST_CASE("serve::recommend takes a history, and a model that keeps no interactions") {
  using namespace serve;
  const auto log = random_log(30, 400);
  const auto model = fit(recommender(cf::popularity{}), exec::cpu{}, log);
  const auto bare = cf::popularity{}.fit(exec::cpu{}, log);
  const item_attributes<> about(400);
  const filter fresh(unseen{}, about);
  recommend_workspace<std::remove_cvref_t<decltype(model)>> scratch;
  recommend_workspace<cf::popularity_model> bare_scratch;
  const history_view history = log.history(user_id{7u});
  const auto expected = model.recommend(user_id{7u}, {.k = 20});
  CHECK(copy(recommend(model, history, 20, fresh, scratch)) == expected);
  CHECK(copy(recommend(bare, history, 20, fresh, bare_scratch)) == expected);
  CHECK(test::allocations_of([&] { recommend(bare, history, 20, fresh, bare_scratch); }) == 0);
  const item_attributes<> other(399);
  CHECK(test::thrown<shape_error>([&] { recommend(bare, history, 20, filter(unseen{}, other), bare_scratch); }) ==
        "serve::recommend: items of the filter: expected 400, got 399");
}

TEST_CASE("serve::recommend allocates nothing the second time, and knows its users and items") {
  using namespace serve;
  const auto model = fit(recommender(cf::popularity{}), exec::cpu{}, random_log(30, 400));
  const item_attributes about(400, categorical<"brand">(std::vector<std::string>(400, "acme")));
  const filter rule(unseen{} & cap<"brand">{5}, about);
  recommend_workspace<std::remove_cvref_t<decltype(model)>> scratch;
  const auto work = [&] { return recommend(model, user_id{3u}, 20, rule, scratch).size(); };
  CHECK(work() == 5);
  CHECK(test::allocations_of(work) == 0);
  CHECK(test::thrown<unknown_id>([&] { recommend(model, user_id{30u}, 20, rule, scratch); }) ==
        "serve::recommend: unknown user 30 (30 known)");
  const item_attributes<> other(399);
  CHECK(test::thrown<shape_error>([&] { recommend(model, user_id{3u}, 20, filter(!seen{}, other), scratch); }) ==
        "serve::recommend: items of the filter: expected 400, got 399");
}
