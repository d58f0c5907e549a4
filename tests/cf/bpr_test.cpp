// BPR: its schedule and sampler by their definitions, its quality on planted and real data. Single steps are compared with
// NumPy in tests/kernel/pairwise_test.cpp.
#include <mmrec/cf/bpr.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/kinds.hpp"
#include "contract/ml100k.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::kind_share;
using test::kinds;
using test::thrown;

static_assert(recommender_model<cf::bpr_model> && cf::factor_model<cf::bpr_model>);

TEST_CASE("cells hold every interaction once, and blocks every item") {
  const data::interactions log = kinds(300, 2100, 12);
  cf::detail::item_blocks blocks(log, 256);
  REQUIRE(blocks.blocks() == 16);
  std::vector<std::vector<std::uint32_t>> dealt;
  for (const std::uint64_t epoch : {1u, 2u}) {
    blocks.deal(exec::cpu{}, seed{epoch});
    std::map<std::uint32_t, std::size_t> block_of;
    for (std::size_t block = 0; block < blocks.blocks(); ++block) {
      for (const std::uint32_t item : blocks.items(block)) CHECK(block_of.emplace(item, block).second);
    }
    CHECK(block_of.size() == log.items());
    std::set<std::pair<std::uint32_t, std::uint32_t>> met;
    std::map<std::uint32_t, std::size_t> user_block_of;
    for (std::size_t users = 0; users < blocks.blocks(); ++users) {
      for (std::size_t items = 0; items < blocks.blocks(); ++items) {
        for (const auto& pair : blocks.cell(users, items)) {
          CHECK(met.emplace(pair.user, pair.item).second);
          CHECK(block_of.at(pair.item) == items);
          CHECK(user_block_of.emplace(pair.user, users).first->second == users);
        }
      }
    }
    CHECK(met.size() == log.size());
    for (const auto& [user, item] : met) {
      const auto own = log.history(user_id{user}).items;
      CHECK(std::binary_search(own.begin(), own.end(), item_id{item}));
    }
    dealt.emplace_back(blocks.items(3).begin(), blocks.items(3).end());
  }
  CHECK(dealt[0] != dealt[1]);
}

TEST_CASE("negatives are no items of the user, come from the block of the positive, and as often as they should") {
  const auto how = GENERATE(cf::negative_sampling::uniform, cf::negative_sampling::popularity);
  const data::interactions log = kinds(400, 600, 30);
  cf::detail::item_blocks blocks(log, 256);
  REQUIRE(blocks.blocks() == 4);
  const std::vector<std::uint32_t> counts = log.item_counts();
  cf::detail::block_negatives negatives(how, counts);
  cf::detail::item_set marked(log.items());
  cf::detail::triple_buffer triples;
  std::vector<double> drawn(log.items(), 0.0), expected(log.items(), 0.0);
  std::size_t total = 0, wrong = 0;
  for (std::uint64_t epoch = 0; epoch < 60; ++epoch) {
    blocks.deal(exec::cpu{}, seed{epoch});
    negatives.rebuild(exec::cpu{}, blocks);
    for (std::size_t cell = 0; cell < 16; ++cell) {
      const auto items = blocks.items(cell % 4);
      const std::set<std::uint32_t> block(items.begin(), items.end());
      cf::detail::sample_cell(blocks, negatives, {}, cell / 4, cell % 4, random_stream(seed{epoch}, cell), marked, triples,
                              [&](const cf::detail::triple_buffer& batch) {
                                for (std::size_t n = 0; n < batch.count; ++n) {
                                  const auto own = log.history(user_id{batch.users[n]}).items;
                                  const bool positive =
                                      std::binary_search(own.begin(), own.end(), item_id{batch.positives[n]});
                                  const bool seen = std::binary_search(own.begin(), own.end(), item_id{batch.negatives[n]});
                                  wrong += positive && !seen && block.count(batch.negatives[n]) == 1 ? 0 : 1;
                                  drawn[batch.negatives[n]] += 1.0;
                                  ++total;
                                }
                              });
    }
  }
  CHECK(total == 60 * log.size());
  CHECK(wrong == 0);
  // Items in about 5 % of the histories: leaving out a user's own shifts shares by as much.
  double sum = 0.0;
  for (std::size_t item = 0; item < log.items(); ++item) {
    expected[item] = how == cf::negative_sampling::uniform ? 1.0 : static_cast<double>(counts[item]);
    sum += expected[item];
  }
  for (std::size_t item = 0; item < log.items(); ++item) {
    CAPTURE(item, counts[item]);
    CHECK(drawn[item] == Approx(expected[item] / sum * static_cast<double>(total)).epsilon(0.25));
  }
}

TEST_CASE("users can be taken alike instead of interactions") {
  std::vector<data::interaction> events;
  const std::vector<std::size_t> lengths{2, 50, 0, 8};
  for (std::size_t user = 0; user < lengths.size(); ++user) {
    for (std::size_t item = 0; item < lengths[user]; ++item) events.push_back({user_id{user}, item_id{item}});
  }
  const data::interactions log{std::make_shared<const data::user_map>(data::user_map::numbered(4)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(100)), std::move(events)};
  CHECK(cf::detail::repeats_of(cf::positive_sampling::interactions, log).empty());
  const auto repeats = cf::detail::repeats_of(cf::positive_sampling::users, log);
  cf::detail::item_blocks blocks(log, 256);
  const cf::detail::block_negatives negatives(cf::negative_sampling::uniform, log.item_counts());
  cf::detail::item_set marked(100);
  cf::detail::triple_buffer triples;
  std::vector<double> taken(4, 0.0);
  blocks.deal(exec::cpu{}, seed{1});
  for (std::uint64_t epoch = 0; epoch < 500; ++epoch) {
    cf::detail::sample_cell(blocks, negatives, repeats, 0, 0, random_stream(seed{epoch}), marked, triples,
                            [&](const cf::detail::triple_buffer& batch) {
                              for (std::size_t n = 0; n < batch.count; ++n) taken[batch.users[n]] += 1.0 / 500.0;
                            });
  }
  for (const std::size_t user : {0u, 1u, 3u}) CHECK(taken[user] == Approx(20.0).epsilon(0.02));
  CHECK(taken[2] == 0.0);
}

TEST_CASE("alias tables draw in proportion to the weights") {
  const std::vector<double> weights{0.0, 1.0, 2.5, 0.0, 6.5};
  std::vector<float> keep(5);
  std::vector<std::uint32_t> other(5);
  cf::detail::build_alias_table(weights, keep, other);
  std::vector<double> drawn(5, 0.0);
  random_stream random(seed{4});
  for (int draw = 0; draw < 100'000; ++draw) drawn[cf::detail::draw_alias(keep, other, random)] += 1e-5;
  for (std::size_t n = 0; n < 5; ++n) CHECK(drawn[n] == Approx(weights[n] / 10.0).margin(0.01));
  cf::detail::build_alias_table(std::vector<double>(5, 0.0), keep, other);
  CHECK(keep == std::vector<float>(5, 1.0f));
}

TEST_CASE("bpr finds the kinds of users and items, with any schedule, and folds new users in") {
  const data::interactions log = kinds(400, 800, 20);
  const auto schedule = GENERATE(cf::parallel::deterministic, cf::parallel::lock_free);
  const cf::bpr spec{.factors = 8, .epochs = 40, .learning_rate = 0.1f, .schedule = schedule};
  const auto model = spec.fit(exec::cpu{.threads = 2}, log, seed{1});
  cf::bpr_model::workspace scratch;
  CHECK(kind_share(log, 100, 20, [&](std::size_t user, std::span<float> out) { model.score(user_id{user}, out, scratch); }) >
        0.95);
  CHECK(kind_share(log, 100, 20, [&](std::size_t user, std::span<float> out) {
          model.score_history(log.history(user_id{user}), out, scratch);
        }) > 0.9);
  REQUIRE(model.report().ranked_right.size() == 40);
  CHECK(model.report().ranked_right.front() < 0.7);
  CHECK(model.report().ranked_right.back() > 0.85);
}

TEST_CASE("several blocks give the same bits for any number of threads") {
  const data::interactions log = kinds(400, 800, 20);
  const auto negatives = GENERATE(cf::negative_sampling::uniform, cf::negative_sampling::popularity);
  const cf::bpr spec{.factors = 20, .epochs = 3, .negatives = negatives};
  const auto one = spec.fit(exec::cpu{}, log, seed{1});
  for (const std::size_t threads : {2u, 8u}) {
    const auto more = spec.fit(exec::cpu{.threads = threads}, log, seed{1});
    CHECK(one.item_vectors() == more.item_vectors());
    CHECK(one.user_vectors() == more.user_vectors());
    CHECK(one.report() == more.report());
  }
  auto lock_free = spec;
  lock_free.schedule = cf::parallel::lock_free;
  CHECK(one.item_vectors() != spec.fit(exec::cpu{}, log, seed{2}).item_vectors());
  // Alone, nobody interferes; only the order of the cells differs.
  const auto alone = lock_free.fit(exec::cpu{}, log, seed{1});
  CHECK(alone.item_vectors() == lock_free.fit(exec::cpu{}, log, seed{1}).item_vectors());
}

TEST_CASE("vectors are what scores are made of") {
  const data::interactions log = kinds(64, 200, 10);
  const bool bias = GENERATE(true, false);
  const auto model = cf::bpr{.factors = 6, .epochs = 2, .item_bias = bias}.fit(exec::cpu{}, log, seed{1});
  REQUIRE(model.factors() == 6);
  REQUIRE(model.item_vectors().cols() == (bias ? 7 : 6));
  cf::bpr_model::workspace scratch;
  std::vector<float> scores(200), query(static_cast<std::size_t>(model.item_vectors().cols()));
  model.score(user_id{5u}, scores, scratch);
  model.user_vector(user_id{5u}, query, scratch);
  for (std::size_t item = 0; item < 200; ++item) {
    double sum = 0.0;
    for (std::size_t k = 0; k < query.size(); ++k) {
      sum += static_cast<double>(query[k]) *
             static_cast<double>(model.item_vectors()(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(k)));
    }
    CHECK(static_cast<double>(scores[item]) == Approx(sum).margin(1e-6));
  }
  CHECK(thrown<shape_error>([&] {
          model.user_vector(user_id{5u}, scores, scratch);
        }).starts_with("cf::bpr::user_vector: out"));
}

TEST_CASE("users who have everything or nothing are no obstacle") {
  std::vector<data::interaction> events;
  for (std::size_t item = 0; item < 5; ++item) events.push_back({user_id{0u}, item_id{item}});
  events.push_back({user_id{2u}, item_id{3u}});
  const data::interactions log{std::make_shared<const data::user_map>(data::user_map::numbered(3)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(5)), std::move(events)};
  const auto model = cf::bpr{.factors = 2, .epochs = 5}.fit(exec::cpu{}, log, seed{1});
  cf::bpr_model::workspace scratch;
  std::vector<float> scores(5);
  model.score(user_id{0u}, scores, scratch);
  CHECK(std::none_of(scores.begin(), scores.end(), [](float score) { return std::isnan(score); }));
  model.score_history(log.history(user_id{0u}), scores, scratch);
  CHECK(std::none_of(scores.begin(), scores.end(), [](float score) { return std::isnan(score); }));
  model.score(user_id{1u}, scores, scratch);
  CHECK(std::all_of(scores.begin(), scores.end(), [](float score) { return std::isnan(score); }));
  const data::interactions none{std::make_shared<const data::user_map>(data::user_map::numbered(0)),
                                std::make_shared<const data::item_map>(data::item_map::numbered(0)),
                                {}};
  const auto nobody = cf::bpr{.epochs = 1}.fit(exec::cpu{}, none, seed{1});
  CHECK(nobody.users() == 0);
}

TEST_CASE("bpr names what it cannot work with") {
  const data::interactions log = kinds(8, 40, 5);
  const auto fit = [&](const cf::bpr& spec) { return [&log, spec] { spec.fit(exec::cpu{}, log, seed{1}); }; };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(thrown<invalid_config>(fit({.factors = 0})) == "cf::bpr::fit: factors must be in 1..4096");
  CHECK(thrown<invalid_config>(fit({.factors = 4097})).starts_with("cf::bpr::fit: factors"));
  CHECK(thrown<invalid_config>(fit({.epochs = 0})).starts_with("cf::bpr::fit: epochs"));
  CHECK(thrown<invalid_config>(fit({.learning_rate = 0.0f})).starts_with("cf::bpr::fit: learning_rate"));
  CHECK(thrown<invalid_config>(fit({.final_rate = nan})).starts_with("cf::bpr::fit: final_rate"));
  CHECK(thrown<invalid_config>(fit({.regularization = -1.0f})).starts_with("cf::bpr::fit: regularization"));
  CHECK(thrown<invalid_config>(fit({.initial_scale = nan})).starts_with("cf::bpr::fit: initial_scale"));
  CHECK(thrown<invalid_config>(fit({.fold_in_epochs = 0})).starts_with("cf::bpr::fit: fold_in_epochs"));
  CHECK(thrown<numeric_error>(fit({.learning_rate = 1e30f})).find("lower learning_rate") != std::string::npos);
  CHECK(thrown<limit_error>([&] {
          cf::bpr{}.fit(exec::cpu{.memory_limit = 1000}, log, seed{1});
        }).starts_with("cf::bpr::fit: memory in bytes"));
}

TEST_CASE("bpr can be watched and stopped") {
  struct sink final : progress_sink {
    std::size_t calls = 0;
    bool report(const progress_event& event) override {
      CHECK(event.task == "cf::bpr::fit");
      CHECK(event.total == 10);
      return ++calls < 4;
    }
  } progress;
  const data::interactions log = kinds(8, 40, 5);
  CHECK(thrown<cancelled>([&] { cf::bpr{.epochs = 10}.fit(exec::cpu{.progress = &progress}, log, seed{1}); }) ==
        "cf::bpr::fit: cancelled by the caller");
  CHECK(progress.calls == 4);
}

TEST_CASE("bpr takes the memory that it announces") {
  const data::interactions log = kinds(3000, 2000, 30);
  const auto spec = GENERATE(cf::bpr{.factors = 64, .epochs = 1}, cf::bpr{.factors = 40, .epochs = 1, .item_bias = false},
                             cf::bpr{.factors = 16, .epochs = 1, .negatives = cf::negative_sampling::popularity});
  test::check_peak(spec.fit_bytes(exec::cpu{}, log), [&] { spec.fit(exec::cpu{}, log, seed{1}); });
}

TEST_CASE("bpr ranks films better than popularity does") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto split = ml100k::read(*folder, ml100k::protocol::last_tenth);
  const auto model = cf::bpr{.factors = 32, .epochs = 60, .regularization = 0.02f}.fit(exec::cpu{}, split.train, seed{1});
  const auto found = ml100k::evaluate(model, split);
  CAPTURE(found[0], found[1], found[2], found[3]);
  CHECK(found[0] > 0.06);
}
