// hybrid_mf: gradients against differences, sums of features by their definition, cold items and users on planted data.
#include <mmrec/cf/hybrid_mf.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/feature_gradients.hpp"
#include "cf/kinds.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::kinds;
using test::thrown;

static_assert(recommender_model<cf::hybrid_mf_model> && cf::factor_model<cf::hybrid_mf_model>);
static_assert(std::is_same_v<output_of<cf::hybrid_mf, kind::sparse<float>>, kind::scores>);
static_assert(!takes<cf::hybrid_mf, kind::text>);

namespace {

/// One feature for each kind, and a constant one.
csr_matrix<float> kind_rows(std::size_t count) {
  csr_matrix<float> rows(5);
  for (std::size_t row = 0; row < count; ++row) {
    const std::vector<std::int32_t> indices{static_cast<std::int32_t>(row % 4), 4};
    const std::vector<float> values{1.0f, 0.5f};
    rows.push_row({indices, values});
  }
  return rows;
}

data::sparse_features kind_features(std::size_t items) { return {kind_rows(items), data::presence(items, 1)}; }

}  // namespace

TEST_CASE("gradients of sums of features are those of the losses, by central differences") {
  using cf::detail::example_loss;
  CHECK(test::gradient_error(example_loss::bpr, false) < 1e-8);
  CHECK(test::gradient_error(example_loss::hinge, false) < 1e-8);
  CHECK(test::gradient_error(example_loss::logistic, false) < 1e-8);
  CHECK(test::gradient_error(example_loss::squared, false) < 1e-8);
}

TEST_CASE("regularization adds its part for each example of a feature, and AdaGrad divides") {
  using namespace cf::detail;
  csr_matrix<float> one(1);
  const std::vector<std::int32_t> zero{0};
  const std::vector<float> unit{1.0f};
  one.push_row({zero, unit});
  feature_machine<double> machine({one, 1, false}, {one, 1, false}, 3);
  machine.users().feature(0)[0] = 2.0;
  machine.items().feature(0)[0] = 3.0;
  feature_steps how{example_loss::squared, 0.1, 0.05, true, true};
  const auto draw = [](std::size_t, example& each, random_stream&, auto&&) { each.target = 5.0f; };
  CHECK(machine.prepare(exec::cpu{}, 3, seed{1}, how, draw) == Approx(3 * 0.5));
  machine.apply(exec::cpu{}, 3, how);
  // Three examples with error 1: derivatives 3, 2 and 1 each, and 0.05 times the number.
  CHECK(machine.users().feature(0)[0] == Approx(2.0 - 0.1 * (9.0 + 0.15 * 2.0)));
  CHECK(machine.items().feature(0)[0] == Approx(3.0 - 0.1 * (6.0 + 0.15 * 3.0)));
  CHECK(machine.users().feature(0)[1] == Approx(-0.1 * 3.0));
  CHECK(machine.bias() == Approx(-0.1 * 3.0));
  CHECK(machine.users().squares[0] == Approx(1.0 + 9.3 * 9.3));
  machine.prepare(exec::cpu{}, 1, seed{1}, how, draw);
  const double before = machine.bias();
  const double gradient = machine.users().feature(0)[0] * machine.items().feature(0)[0] + machine.users().feature(0)[1] +
                          machine.items().feature(0)[1] + before - 5.0;
  machine.apply(exec::cpu{}, 1, how);
  CHECK(machine.bias() == Approx(before - 0.1 / std::sqrt(10.0) * gradient));
}

TEST_CASE("hybrid_mf finds the kinds of users and items with every loss, and folds new users in") {
  const data::interactions log = kinds(200, 400, 20);
  const auto loss = GENERATE(cf::hybrid_loss::bpr, cf::hybrid_loss::warp, cf::hybrid_loss::logistic);
  const auto model = cf::hybrid_mf{.factors = 8, .epochs = 20, .loss = loss}.fit(exec::cpu{}, log, seed{1});
  cf::hybrid_mf_model::workspace scratch;
  CAPTURE(static_cast<int>(loss));
  CHECK(test::kind_share(log, 100, 20,
                         [&](std::size_t user, std::span<float> out) { model.score(user_id{user}, out, scratch); }) > 0.8);
  CHECK(test::kind_share(log, 100, 20, [&](std::size_t user, std::span<float> out) {
          model.score_history(log.history(user_id{user}), out, scratch);
        }) > 0.75);
  REQUIRE(model.report().loss.size() == 20);
  if (loss != cf::hybrid_loss::warp) CHECK(model.report().loss.back() < 0.85 * model.report().loss.front());
}

TEST_CASE("features tell what is not known of users and items by their own") {
  // The last 40 items and 20 users have no interactions.
  const data::interactions seen = kinds(180, 360, 20);
  const data::interactions log = test::log_of(200, 400, seen.events());
  const auto features = kind_features(400);
  const cf::hybrid_mf spec{
      .factors = 8, .epochs = 20, .loss = cf::hybrid_loss::bpr, .user_identity = false, .item_identity = false};
  const auto model = spec.fit(exec::cpu{}, log, kind_rows(200), features, seed{1});
  cf::hybrid_mf_model::workspace scratch;
  std::vector<float> scores(400), query(model.vector_width()), item(model.vector_width());
  for (const std::size_t user : {5u, 191u}) {
    model.score(user_id{user}, scores, scratch);
    for (std::size_t other = 361; other < 400; ++other) {
      if (other % 4 != user % 4) CHECK(scores[other] < scores[360 + user % 4]);
    }
    std::vector<float> by_features(400);
    model.score_features(kind_rows(200).row(user), by_features, scratch);
    CHECK(by_features == scores);
    // A vector from features gives the score of the item that has them.
    model.user_vector(user_id{user}, query, scratch);
    model.item_vector_from_features(features.values.row(17), item);
    double sum = 0.0;
    for (std::size_t k = 0; k < query.size(); ++k) sum += static_cast<double>(query[k]) * static_cast<double>(item[k]);
    CHECK(static_cast<double>(scores[17]) == Approx(sum).margin(1e-5));
  }
}

TEST_CASE("a vector is the sum of the features, the own identity among them") {
  const data::interactions log = kinds(60, 80, 10);
  const auto model = cf::hybrid_mf{.factors = 4, .epochs = 2}.fit(exec::cpu{}, log, kind_features(80), seed{1});
  std::vector<float> shared(6), none(6);
  model.item_vector_from_features(kind_rows(80).row(3), shared);
  model.item_vector_from_features({}, none);
  CHECK(none == std::vector<float>{0, 0, 0, 0, 0, 1});
  // Without its identity an item is what all items of its kind have in common: another vector than that of the item.
  const auto own = model.item_vectors().row(3);
  bool differs = false;
  for (Eigen::Index k = 0; k < 4; ++k) differs = differs || own(k) != shared[static_cast<std::size_t>(k)];
  CHECK(differs);
  CHECK(own(5) == 1.0f);
}

TEST_CASE("hybrid_mf gives the same bits for any number of threads") {
  const data::interactions log = kinds(200, 400, 20);
  const auto loss = GENERATE(cf::hybrid_loss::bpr, cf::hybrid_loss::warp, cf::hybrid_loss::logistic);
  const cf::hybrid_mf spec{.factors = 12, .epochs = 2, .loss = loss};
  const auto one = spec.fit(exec::cpu{}, log, kind_rows(200), kind_features(400), seed{1});
  for (const std::size_t threads : {2u, 8u}) {
    const auto more = spec.fit(exec::cpu{.threads = threads}, log, kind_rows(200), kind_features(400), seed{1});
    CHECK(one.item_vectors() == more.item_vectors());
    CHECK(one.user_vectors() == more.user_vectors());
    CHECK(one.report() == more.report());
  }
}

TEST_CASE("hybrid_mf names what it cannot work with") {
  const data::interactions log = kinds(8, 40, 5);
  const auto fit = [&](const cf::hybrid_mf& spec) { return [&log, spec] { spec.fit(exec::cpu{}, log, seed{1}); }; };
  CHECK(thrown<invalid_config>(fit({.factors = 0})) == "cf::hybrid_mf::fit: factors must be in 1..4096");
  CHECK(thrown<invalid_config>(fit({.epochs = 0})).starts_with("cf::hybrid_mf::fit: epochs"));
  CHECK(thrown<invalid_config>(fit({.batch = 0})).starts_with("cf::hybrid_mf::fit: batch"));
  CHECK(thrown<invalid_config>(fit({.learning_rate = 0.0f})).starts_with("cf::hybrid_mf::fit: learning_rate"));
  CHECK(thrown<invalid_config>(fit({.regularization = -1.0f})).starts_with("cf::hybrid_mf::fit: regularization"));
  CHECK(thrown<invalid_config>(fit({.most_trials = 0})).starts_with("cf::hybrid_mf::fit: most_trials"));
  CHECK(thrown<invalid_config>(fit({.initial_scale = 0.0f})).starts_with("cf::hybrid_mf::fit: initial_scale"));
  CHECK(thrown<invalid_config>(fit({.fold_in_epochs = 0})).starts_with("cf::hybrid_mf::fit: fold_in_epochs"));
  const cf::hybrid_mf bare{.factors = 4, .epochs = 1, .user_identity = false, .item_identity = false};
  CHECK(
      thrown<invalid_config>(fit(bare)) ==
      "cf::hybrid_mf::fit: user_identity and item_identity must not both be off without features: nothing is left to learn");
  CHECK_NOTHROW(bare.fit(exec::cpu{}, log, kind_features(40), seed{1}));
  const cf::hybrid_mf spec{.factors = 4, .epochs = 1};
  CHECK(thrown<shape_error>([&] { spec.fit(exec::cpu{}, log, kind_features(39), seed{1}); }) ==
        "cf::hybrid_mf::fit: items with features: expected 40, got 39");
  CHECK(thrown<shape_error>([&] { spec.fit(exec::cpu{}, log, kind_rows(9), kind_features(40), seed{1}); }) ==
        "cf::hybrid_mf::fit: users with features: expected 8, got 9");
  auto broken = kind_features(40);
  broken.values.values()[5] = std::numeric_limits<float>::infinity();
  CHECK(thrown<data_error>([&] { spec.fit(exec::cpu{}, log, broken, seed{1}); }) ==
        "cf::hybrid_mf::fit: features of items: a value of row 2 is not finite");
  CHECK(thrown<limit_error>([&] {
          spec.fit(exec::cpu{.memory_limit = 100}, log, seed{1});
        }).starts_with("cf::hybrid_mf::fit: memory in bytes"));
  const auto model = spec.fit(exec::cpu{}, log, kind_features(40), seed{1});
  std::vector<float> out(6);
  const std::vector<std::int32_t> five{5};
  const std::vector<float> unit{1.0f};
  CHECK(thrown<shape_error>([&] {
          model.item_vector_from_features({five, unit}, out);
        }) == "cf::hybrid_mf::item_vector_from_features: width of the features: expected 5, got 6");
  CHECK(thrown<shape_error>([&] {
          model.item_vector_from_features({five, {}}, out);
        }).starts_with("cf::hybrid_mf::item_vector_from_features: values"));
}

TEST_CASE("hybrid_mf takes the memory that it announces") {
  const data::interactions log = kinds(3000, 2000, 20);
  const cf::hybrid_mf spec{.factors = 32, .epochs = 1, .loss = cf::hybrid_loss::bpr, .batch = 512};
  test::check_peak(spec.fit_bytes(exec::cpu{}, log), [&] { spec.fit(exec::cpu{}, log, seed{1}); });
  const auto users = kind_rows(3000);
  const auto items = kind_features(2000);
  test::check_peak(spec.fit_bytes(exec::cpu{}, log, items), [&] { spec.fit(exec::cpu{}, log, items, seed{1}); });
  test::check_peak(spec.fit_bytes(exec::cpu{}, log, users, items),
                   [&] { spec.fit(exec::cpu{}, log, users, items, seed{1}); });
}
