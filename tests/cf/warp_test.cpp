// WARP: its weights and rivals by their definitions, its quality on planted and real data. Single steps are compared with
// NumPy in tests/kernel/pairwise_test.cpp.
#include <mmrec/cf/warp.hpp>

#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/kinds.hpp"
#include "contract/ml100k.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::kinds;
using test::thrown;

static_assert(recommender_model<cf::warp_model> && cf::factor_model<cf::warp_model>);

TEST_CASE("the weight of a rival is the logarithm of how many there seem to be") {
  CHECK(cf::detail::warp_weight(101, 1) == Approx(std::log(100.0)));
  CHECK(cf::detail::warp_weight(101, 30) == Approx(std::log(3.0)));
  CHECK(cf::detail::warp_weight(101, 1000) == 0.0f);
  CHECK(cf::detail::warp_weight(1, 1) == 0.0f);
}

TEST_CASE("warp finds the kinds of users and items, and folds new users in") {
  const data::interactions log = kinds(400, 800, 20);
  const auto positives = GENERATE(cf::positive_sampling::interactions, cf::positive_sampling::users);
  const cf::warp spec{.factors = 8, .epochs = 25, .positives = positives};
  const auto model = spec.fit(exec::cpu{.threads = 2}, log, seed{1});
  cf::warp_model::workspace scratch;
  CHECK(test::kind_share(log, 100, 20,
                         [&](std::size_t user, std::span<float> out) { model.score(user_id{user}, out, scratch); }) > 0.85);
  CHECK(test::kind_share(log, 100, 20, [&](std::size_t user, std::span<float> out) {
          model.score_history(log.history(user_id{user}), out, scratch);
        }) > 0.85);
  REQUIRE(model.report().violated.size() == 25);
  CHECK(model.report().violated.front() > 0.95);
  CHECK(model.report().violated.back() < model.report().violated.front());
}

TEST_CASE("several blocks give the same bits for any number of threads") {
  const data::interactions log = kinds(400, 800, 20);
  const bool bias = GENERATE(true, false);
  const cf::warp spec{.factors = 20, .epochs = 3, .regularization = 1e-4f, .item_bias = bias};
  const auto one = spec.fit(exec::cpu{}, log, seed{1});
  REQUIRE(one.item_vectors().cols() == (bias ? 21 : 20));
  for (const std::size_t threads : {2u, 8u}) {
    const auto more = spec.fit(exec::cpu{.threads = threads}, log, seed{1});
    CHECK(one.item_vectors() == more.item_vectors());
    CHECK(one.user_vectors() == more.user_vectors());
    CHECK(one.report() == more.report());
  }
  CHECK(one.item_vectors() != spec.fit(exec::cpu{}, log, seed{2}).item_vectors());
}

TEST_CASE("vectors are what scores are made of") {
  const data::interactions log = kinds(64, 200, 10);
  const bool bias = GENERATE(true, false);
  const auto model = cf::warp{.factors = 6, .epochs = 2, .item_bias = bias}.fit(exec::cpu{}, log, seed{1});
  cf::warp_model::workspace scratch;
  std::vector<float> scores(200), query(bias ? 7 : 6);
  model.score(user_id{5u}, scores, scratch);
  model.user_vector(user_id{5u}, query, scratch);
  if (bias) CHECK(query.back() == 1.0f);
  for (std::size_t item = 0; item < 200; ++item) {
    double sum = 0.0;
    for (std::size_t k = 0; k < query.size(); ++k) {
      sum += static_cast<double>(query[k]) *
             static_cast<double>(model.item_vectors()(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(k)));
    }
    CHECK(static_cast<double>(scores[item]) == Approx(sum).margin(1e-6));
  }
}

TEST_CASE("warp names what it cannot work with") {
  const data::interactions log = kinds(8, 40, 5);
  const auto fit = [&](const cf::warp& spec) { return [&log, spec] { spec.fit(exec::cpu{}, log, seed{1}); }; };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(thrown<invalid_config>(fit({.factors = 0})) == "cf::warp::fit: factors must be in 1..4096");
  CHECK(thrown<invalid_config>(fit({.epochs = 0})).starts_with("cf::warp::fit: epochs"));
  CHECK(thrown<invalid_config>(fit({.learning_rate = nan})).starts_with("cf::warp::fit: learning_rate"));
  CHECK(thrown<invalid_config>(fit({.regularization = -1.0f})).starts_with("cf::warp::fit: regularization"));
  CHECK(thrown<invalid_config>(fit({.most_trials = 0})).starts_with("cf::warp::fit: most_trials"));
  CHECK(thrown<invalid_config>(fit({.initial_scale = 0.0f})).starts_with("cf::warp::fit: initial_scale"));
  CHECK(thrown<invalid_config>(fit({.fold_in_epochs = 0})).starts_with("cf::warp::fit: fold_in_epochs"));
  CHECK(thrown<numeric_error>(fit({.learning_rate = 1e30f})).find("lower learning_rate") != std::string::npos);
  CHECK(thrown<limit_error>([&] {
          cf::warp{}.fit(exec::cpu{.memory_limit = 1000}, log, seed{1});
        }).starts_with("cf::warp::fit: memory in bytes"));
}

TEST_CASE("warp takes the memory that it announces") {
  const data::interactions log = kinds(3000, 2000, 30);
  const auto spec = GENERATE(cf::warp{.factors = 64, .epochs = 1}, cf::warp{.factors = 32, .epochs = 1, .item_bias = false},
                             cf::warp{.factors = 10, .epochs = 1, .positives = cf::positive_sampling::users});
  test::check_peak(spec.fit_bytes(exec::cpu{}, log), [&] { spec.fit(exec::cpu{}, log, seed{1}); });
}

TEST_CASE("warp ranks films better than popularity does") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto split = ml100k::read(*folder, ml100k::protocol::last_tenth);
  const auto model = cf::warp{.factors = 32, .epochs = 20}.fit(exec::cpu{}, split.train, seed{1});
  const auto found = ml100k::evaluate(model, split);
  CAPTURE(found[0], found[1], found[2], found[3]);
  CHECK(found[0] > 0.06);
}
