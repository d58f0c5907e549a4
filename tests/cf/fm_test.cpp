// Factorization machines: predictions by their definition (tests/golden/pairwise.py), gradients against differences, exact
// fold-in, planted data and ratings.
#include <mmrec/cf/fm.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <Eigen/Cholesky>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/feature_gradients.hpp"
#include "cf/kinds.hpp"
#include "support/catch.hpp"
#include "support/golden_rows.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::kinds;
using test::thrown;

static_assert(rating_model<cf::fm_model> && cf::factor_model<cf::fm_model>);
static_assert(std::is_same_v<output_of<cf::fm, kind::sparse<float>>, kind::scores>);

namespace {

csr_matrix<float> rows_of(const test::golden_table& dense) {
  csr_matrix<float> rows(dense[0].size());
  for (const auto& row : dense) {
    sparse_row<float> entries;
    for (std::size_t column = 0; column < row.size(); ++column) {
      if (row[column] == 0.0) continue;
      entries.indices.push_back(static_cast<std::int32_t>(column));
      entries.values.push_back(static_cast<float>(row[column]));
    }
    rows.push_row(entries.view());
  }
  return rows;
}

/// Ratings near 3 + a user's and an item's part + a product, rounded to halves.
data::interactions ratings(std::size_t users, std::size_t items, double share) {
  random_stream random(seed{9});
  std::vector<double> p(users), q(items), a(users), b(items);
  for (auto* of : {&p, &q, &a, &b}) {
    for (double& value : *of) value = 0.7 * random.normal();
  }
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t item = 0; item < items; ++item) {
      if (random.uniform() >= share) continue;
      const double rating = 3.0 + a[user] + b[item] + p[user] * q[item];
      events.push_back({user_id{user}, item_id{item}, static_cast<float>(std::round(2.0 * rating) / 2.0), 0});
    }
  }
  return test::log_of(users, items, std::move(events));
}

double rmse(const cf::fm_model& model, const data::interactions& log) {
  cf::fm_model::workspace scratch;
  std::vector<float> scores(log.items());
  double sum = 0.0;
  for (std::size_t user = 0; user < log.users(); ++user) {
    model.score(user_id{user}, scores, scratch);
    const history_view own = log.history(user_id{user});
    for (std::size_t entry = 0; entry < own.items.size(); ++entry) {
      const double error = static_cast<double>(scores[own.items[entry].index()]) - static_cast<double>(own.values[entry]);
      sum += error * error;
    }
  }
  return std::sqrt(sum / static_cast<double>(log.size()));
}

}  // namespace

TEST_CASE("a machine predicts what its definition says") {
  const auto golden = test::read_golden_rows("pairwise.csv");
  const auto& v = golden.at("fm_v");
  cf::detail::feature_side<double> side(rows_of(golden.at("fm_x")), 3, true);
  for (std::size_t feature = 0; feature < v.size(); ++feature) {
    std::copy(v[feature].begin(), v[feature].end(), side.feature(feature));
    side.feature(feature)[3] = golden.at("fm_w")[0][feature];
  }
  for (std::size_t row = 0; row < side.rows.rows(); ++row) {
    std::vector<double> out(4);
    side.represent(side.rows.row(row), out.data());
    CHECK(out[3] == Approx(golden.at("fm_y")[0][row]).epsilon(1e-12));
  }
}

TEST_CASE("gradients of machines are those of the losses, by central differences") {
  using cf::detail::example_loss;
  CHECK(test::gradient_error(example_loss::squared, true) < 1e-8);
  CHECK(test::gradient_error(example_loss::logistic, true) < 1e-8);
  CHECK(test::gradient_error(example_loss::bpr, true) < 1e-8);
}

TEST_CASE("fit_rows learns products of features") {
  const auto steps = GENERATE(cf::fm_steps::adagrad, cf::fm_steps::sgd);
  random_stream random(seed{11});
  csr_matrix<float> rows(10);
  std::vector<float> targets, signs;
  for (int row = 0; row < 2000; ++row) {
    const auto a = static_cast<std::int32_t>(random.below(5)), b = static_cast<std::int32_t>(5 + random.below(5));
    const std::vector<std::int32_t> indices{a, b};
    const std::vector<float> values{1.0f, 1.0f};
    rows.push_row({indices, values});
    const float product = (a % 2 == 0 ? 1.0f : -1.0f) * (b % 2 == 0 ? 1.0f : -1.0f);
    targets.push_back(2.0f + product);
    signs.push_back(product > 0.0f ? 1.0f : 0.0f);
  }
  const cf::fm spec{.factors = 4,
                    .epochs = 40,
                    .steps = steps,
                    .batch = 32,
                    .learning_rate = steps == cf::fm_steps::sgd ? 0.01f : 0.1f,
                    .regularization = 0.0f};
  const auto machine = spec.fit_rows(exec::cpu{}, rows, targets, seed{1});
  std::vector<float> scratch;
  double sum = 0.0;
  for (std::size_t row = 0; row < 2000; ++row) {
    const double error = static_cast<double>(machine.predict(rows.row(row), scratch) - targets[row]);
    sum += error * error / 2000.0;
  }
  CHECK(sum < 0.01);
  CHECK(machine.report().loss.back() < 0.01);
  auto logistic = spec;
  logistic.loss = cf::fm_loss::logistic;
  const auto classifier = logistic.fit_rows(exec::cpu{.threads = 2}, rows, signs, seed{1});
  std::size_t right = 0;
  for (std::size_t row = 0; row < 2000; ++row) {
    right += (classifier.predict(rows.row(row), scratch) > 0.0f) == (signs[row] == 1.0f) ? 1 : 0;
  }
  CHECK(right == 2000);
  CHECK(machine.feature_width() == 10);
  CHECK(machine.feature(3).size() == 5);
}

TEST_CASE("fm predicts ratings, and a history with the items held fixed exactly") {
  const data::interactions log = ratings(120, 80, 0.4);
  const cf::fm spec{.factors = 4, .epochs = 60, .learning_rate = 0.1f, .regularization = 0.02f};
  const auto model = spec.fit(exec::cpu{}, log, seed{1});
  CHECK(rmse(model, log) < 0.35);
  // Fold-in: the normal equations in float64, solved by Cholesky.
  const history_view own = log.history(user_id{7u});
  Eigen::MatrixXd system = Eigen::MatrixXd::Identity(5, 5) * (0.02f * static_cast<double>(own.items.size()));
  Eigen::VectorXd side = Eigen::VectorXd::Zero(5);
  std::vector<float> query(6);
  cf::fm_model::workspace scratch;
  const auto items = model.item_vectors();
  // A user of whom nothing is known adds w_0: what user_vector_from_features gives without any.
  model.user_vector_from_features({}, query);
  const double bias = static_cast<double>(query[5]);
  for (std::size_t entry = 0; entry < own.items.size(); ++entry) {
    Eigen::VectorXd y(5);
    for (Eigen::Index k = 0; k < 4; ++k) y(k) = static_cast<double>(items(own.items[entry].value, k));
    y(4) = 1.0;
    system += y * y.transpose();
    side += y * (static_cast<double>(own.values[entry]) - static_cast<double>(items(own.items[entry].value, 4)) - bias);
  }
  const Eigen::VectorXd solution = system.llt().solve(side);
  std::vector<float> scores(80);
  model.score_history(own, scores, scratch);
  for (std::size_t item = 0; item < 80; ++item) {
    const auto row = items.row(static_cast<Eigen::Index>(item));
    double wanted = bias + solution(4) + static_cast<double>(row(4));
    for (Eigen::Index k = 0; k < 4; ++k) wanted += solution(k) * static_cast<double>(row(k));
    CHECK(static_cast<double>(scores[item]) == Approx(wanted).epsilon(1e-5).margin(1e-5));
  }
}

TEST_CASE("fm finds the kinds of users and items with ranking losses") {
  const data::interactions log = kinds(200, 400, 20);
  const auto loss = GENERATE(cf::fm_loss::logistic, cf::fm_loss::bpr);
  const auto model = cf::fm{.factors = 8, .epochs = 30, .loss = loss, .regularization = 0.001f, .initial_scale = 0.5f}.fit(
      exec::cpu{}, log, seed{1});
  cf::fm_model::workspace scratch;
  CHECK(test::kind_share(log, 100, 20,
                         [&](std::size_t user, std::span<float> out) { model.score(user_id{user}, out, scratch); }) > 0.8);
  CHECK(test::kind_share(log, 100, 20, [&](std::size_t user, std::span<float> out) {
          model.score_history(log.history(user_id{user}), out, scratch);
        }) > 0.75);
}

TEST_CASE("fm gives the same bits for any number of threads") {
  const data::interactions log = ratings(100, 60, 0.3);
  const auto loss = GENERATE(cf::fm_loss::squared, cf::fm_loss::logistic, cf::fm_loss::bpr);
  const cf::fm spec{.factors = 12, .epochs = 2, .loss = loss};
  const auto one = spec.fit(exec::cpu{}, log, seed{1});
  for (const std::size_t threads : {2u, 8u}) {
    const auto more = spec.fit(exec::cpu{.threads = threads}, log, seed{1});
    CHECK(one.item_vectors() == more.item_vectors());
    CHECK(one.user_vectors() == more.user_vectors());
    CHECK(one.report() == more.report());
  }
}

TEST_CASE("fm that predicts values has no scores for items of which nothing is known") {
  std::vector<data::interaction> events;
  for (const data::interaction& event : ratings(40, 20, 0.5).events()) events.push_back(event);
  const data::interactions log = test::log_of(40, 23, std::move(events));  // nobody has the last three
  const cf::fm spec{.factors = 4, .epochs = 5};
  cf::fm_model::workspace scratch;
  std::vector<float> scores(23);
  const auto plain = spec.fit(exec::cpu{}, log, seed{1});
  plain.score(user_id{0u}, scores, scratch);
  for (std::size_t item = 0; item < 23; ++item) CHECK(std::isnan(scores[item]) == (item >= 20));
  const std::vector<item_id> cold{item_id{21u}}, mixed{item_id{3u}, item_id{21u}}, known{item_id{3u}};
  const std::vector<float> one{4.0f}, two{4.0f, 1.0f};
  plain.score_history({cold, one}, scores, scratch);
  for (const float score : scores) CHECK(std::isnan(score));
  std::vector<float> without(23);
  plain.score_history({mixed, two}, scores, scratch);
  plain.score_history({known, one}, without, scratch);
  CHECK(std::equal(scores.begin(), scores.begin() + 20, without.begin()));
  // What has features has a score; the other losses judge every item.
  data::sparse_features features{csr_matrix<float>(1), data::presence(23, 1)};
  const std::vector<std::int32_t> column{0};
  for (std::size_t item = 0; item < 23; ++item) {
    features.values.push_row(item == 22 ? sparse_row_view<float>{} : sparse_row_view<float>{column, one});
  }
  spec.fit(exec::cpu{}, log, features, seed{1}).score(user_id{0u}, scores, scratch);
  for (std::size_t item = 0; item < 23; ++item) CHECK(std::isnan(scores[item]) == (item == 22));
  cf::fm{.factors = 4, .epochs = 5, .loss = cf::fm_loss::bpr}
      .fit(exec::cpu{}, log, seed{1})
      .score(user_id{0u}, scores, scratch);
  for (const float score : scores) CHECK_FALSE(std::isnan(score));
}

TEST_CASE("fm with ranking losses predicts no values") {
  const auto model = cf::fm{.factors = 4, .epochs = 1, .loss = cf::fm_loss::bpr}.fit(exec::cpu{}, kinds(8, 40, 5), seed{1});
  const std::string said = "scores are no values unless loss is fm_loss::squared";
  CHECK(thrown<data_error>([&] { model.scale(); }) == "cf::fm::scale: " + said);
  CHECK(thrown<data_error>([&] { model.predict(user_id{0u}, item_id{0u}); }) == "cf::fm::predict: " + said);
}

TEST_CASE("fm names what it cannot work with") {
  const data::interactions log = kinds(8, 40, 5);
  const auto fit = [&](const cf::fm& spec) { return [&log, spec] { spec.fit(exec::cpu{}, log, seed{1}); }; };
  CHECK(thrown<invalid_config>(fit({.factors = 0})) == "cf::fm::fit: factors must be in 1..4096");
  CHECK(thrown<invalid_config>(fit({.epochs = 0})).starts_with("cf::fm::fit: epochs"));
  CHECK(thrown<invalid_config>(fit({.batch = 0})).starts_with("cf::fm::fit: batch"));
  CHECK(thrown<invalid_config>(fit({.learning_rate = 0.0f})).starts_with("cf::fm::fit: learning_rate"));
  CHECK(thrown<invalid_config>(fit({.regularization = -1.0f})).starts_with("cf::fm::fit: regularization"));
  CHECK(thrown<invalid_config>(fit({.initial_scale = 0.0f})).starts_with("cf::fm::fit: initial_scale"));
  CHECK(thrown<invalid_config>(fit({.fold_in_epochs = 0})).starts_with("cf::fm::fit: fold_in_epochs"));
  CHECK(thrown<numeric_error>(fit({.steps = cf::fm_steps::sgd, .learning_rate = 1e20f})).find("lower learning_rate") !=
        std::string::npos);
  csr_matrix<float> rows(2);
  rows.push_row({});
  std::vector<float> scratch;
  const std::vector<float> one{1.0f}, two{2.0f}, both{1.0f, 0.0f}, infinite{std::numeric_limits<float>::infinity()};
  CHECK(thrown<invalid_config>([&] {
          cf::fm{.loss = cf::fm_loss::bpr}.fit_rows(exec::cpu{}, rows, one, seed{1});
        }).starts_with("cf::fm::fit_rows: loss"));
  CHECK(thrown<shape_error>([&] { cf::fm{}.fit_rows(exec::cpu{}, rows, both, seed{1}); }) ==
        "cf::fm::fit_rows: targets: expected 1, got 2");
  CHECK(thrown<data_error>([&] { cf::fm{}.fit_rows(exec::cpu{}, rows, infinite, seed{1}); }) ==
        "cf::fm::fit_rows: target of row 0 is not finite");
  CHECK(thrown<data_error>([&] { cf::fm{.loss = cf::fm_loss::logistic}.fit_rows(exec::cpu{}, rows, two, seed{1}); }) ==
        "cf::fm::fit_rows: target of row 0 is neither 0 nor 1");
  // Without features the bias alone diverges.
  csr_matrix<float> bare(2);
  for (int row = 0; row < 4; ++row) bare.push_row({});
  const std::vector<float> apart{1.0f, 2.0f, 3.0f, 5.0f};
  CHECK(thrown<numeric_error>([&] {
          cf::fm{.steps = cf::fm_steps::sgd, .batch = 1, .learning_rate = 1e20f}.fit_rows(exec::cpu{}, bare, apart, seed{1});
        }).starts_with("cf::fm::fit_rows: "));
  const auto machine = cf::fm{.epochs = 1}.fit_rows(exec::cpu{}, rows, one, seed{1});
  const std::vector<std::int32_t> outside{2};
  CHECK(thrown<shape_error>([&] {
          machine.predict({outside, one}, scratch);
        }) == "cf::fm_machine::predict: width of the row: expected 2, got 3");
}

TEST_CASE("fm takes the memory that it announces") {
  const data::interactions log = kinds(3000, 2000, 20);
  const cf::fm spec{.factors = 32, .epochs = 1, .batch = 512};
  test::check_peak(spec.fit_bytes(exec::cpu{}, log), [&] { spec.fit(exec::cpu{}, log, seed{1}); });
  data::sparse_features items{csr_matrix<float>(7000), data::presence(2000, 1)};
  for (std::int32_t item = 0; item < 2000; ++item) {
    const std::vector<std::int32_t> columns{item, item + 5000};
    items.values.push_row({columns, std::vector<float>{1.0f, 0.5f}});
  }
  test::check_peak(spec.fit_bytes(exec::cpu{}, log, items), [&] { spec.fit(exec::cpu{}, log, items, seed{1}); });
}
