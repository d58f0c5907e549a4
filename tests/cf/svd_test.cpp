// SVD: against a replay in float64 (tests/golden/ratings.py), on planted factors, and on the official folds of
// MovieLens 100K.
#include <mmrec/cf/svd.hpp>

#include <limits>

#include <Eigen/Cholesky>

#include <mmrec/exec/cpu.hpp>

#include "cf/rating_support.hpp"
#include "support/data.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::thrown;

TEST_CASE("svd replays four epochs of float64 from the same start in the same order") {
  const auto log = ratings::golden_log();
  for (const std::size_t blocks : {1u, 3u}) {
    const cf::svd spec{
        .factors = 5, .epochs = 4, .learning_rate = 0.05f, .regularization = 0.03f, .initial_scale = 0.2f, .blocks = blocks};
    ratings::check_predictions(spec.fit(exec::cpu{.threads = 2}, log, seed{42}), "svd " + std::to_string(blocks), 2e-6);
  }
}

TEST_CASE("svd finds planted factors") {
  constexpr std::size_t users = 200, items = 150;
  const auto taste = [](std::size_t id, std::uint64_t part) { return id * (2 * part + 1) % 7 < 3 ? 1.0f : -1.0f; };
  std::vector<data::interaction> train, held_out;
  random_stream random(seed{1});
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t item = 0; item < items; ++item) {
      const float rating = 3.0f + taste(user, 0) * taste(item, 1) + 0.8f * taste(user, 2) * taste(item, 0);
      const double drawn = random.uniform();
      if (drawn < 0.3) train.push_back({user_id{user}, item_id{item}, rating});
      if (drawn > 0.9) held_out.push_back({user_id{user}, item_id{item}, rating});
    }
  }
  const cf::svd spec{.factors = 4, .epochs = 100, .learning_rate = 0.02f};
  const auto model = spec.fit(exec::cpu{}, ratings::log_of(users, items, std::move(train)), seed{2});
  CHECK(ratings::errors_of(model, ratings::log_of(users, items, std::move(held_out))).rmse < 0.15);  // 1.3 by the mean
}

TEST_CASE("svd on the official folds of MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  double rmse = 0.0, mae = 0.0;
  for (int number = 1; number <= 5; ++number) {
    const auto [train, held_out] = ratings::read_fold(*folder, number);
    const auto found = ratings::errors_of(cf::svd{}.fit(exec::cpu{.threads = 2}, train, seed{1}), held_out);
    rmse += found.rmse / 5.0;
    mae += found.mae / 5.0;
  }
  CHECK(std::abs(rmse - 0.9375) < 0.002);
  CHECK(std::abs(mae - 0.7391) < 0.002);
}

TEST_CASE("svd solves for a user described by ratings exactly") {
  const auto log = ratings::golden_log();
  const cf::svd spec{.factors = 5, .regularization = 0.1f};
  const auto model = spec.fit(exec::cpu{}, log, seed{3});
  // Item 5 is cold: its rating says nothing.
  const std::vector<item_id> items{item_id{0}, item_id{3}, item_id{5}, item_id{9}};
  const std::vector<float> values{5.0f, 1.0f, 2.0f, 4.0f};
  Eigen::MatrixXd left = Eigen::MatrixXd::Zero(6, 6);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(6);
  const auto extended = [&](item_id item) {
    Eigen::VectorXd row(6);
    for (std::size_t k = 0; k < 5; ++k) row[static_cast<Eigen::Index>(k)] = double{model.item_factors(item)[k]};
    row[5] = 1.0;
    return row;
  };
  for (const std::size_t n : {0u, 1u, 3u}) {
    const Eigen::VectorXd row = extended(items[n]);
    left += row * row.transpose();
    right += row * (double{values[n]} - model.mean() - double{model.item_biases()[items[n].index()]});
  }
  left.diagonal().array() += 3.0 * double{spec.regularization};
  const Eigen::VectorXd user = left.llt().solve(right);
  std::vector<float> scores(log.items());
  cf::svd_model::workspace scratch;
  model.score_history({items, values}, scores, scratch);
  for (std::size_t item = 0; item < log.items(); ++item) {
    if (item == 5) continue;
    const double expected = model.mean() + double{model.item_biases()[item]} + user.dot(extended(item_id{item}));
    CHECK(std::abs(double{scores[item]} - expected) < 1e-5);
  }
}

TEST_CASE("svd has the same bits for any number of threads, other ones for other blocks and seeds") {
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < 600; ++user) {
    random_stream random(seed{9}, user);
    for (const std::uint32_t pick : random.sample(400, 60)) {
      events.push_back({user_id{user}, item_id{std::size_t{pick}}, static_cast<float>(1 + random.below(5))});
    }
  }
  const auto log = ratings::log_of(600, 400, std::move(events));
  const auto predictions = [&](const cf::svd& spec, std::size_t threads, std::uint64_t key) {
    const auto model = spec.fit(exec::cpu{.threads = threads}, log, seed{key});
    std::vector<float> all;
    for (std::size_t user = 0; user < 600; user += 7) {
      for (std::size_t item = 0; item < 400; item += 3) all.push_back(model.predict(user_id{user}, item_id{item}));
    }
    return all;
  };
  for (const std::size_t factors : {1u, 16u, 33u, 64u, 112u, 128u, 140u}) {
    CAPTURE(factors);
    const cf::svd spec{.factors = factors, .epochs = 2};
    const auto one = predictions(spec, 1, 1);
    CHECK(predictions(spec, 2, 1) == one);
    CHECK(predictions(spec, 8, 1) == one);
    CHECK(predictions(spec, 1, 2) != one);
    CHECK(predictions({.factors = factors, .epochs = 2, .blocks = 3}, 1, 1) != one);
  }
}

TEST_CASE("svd refuses fields that make no sense") {
  const auto log = ratings::golden_log();
  const auto message = [&](const cf::svd& spec) {
    return thrown<invalid_config>([&] { spec.fit(exec::cpu{}, log, seed{1}); });
  };
  const std::string where = "cf::svd::fit: ";
  CHECK(message({.factors = 0}) == where + "factors must be 1 to 4096");
  CHECK(message({.factors = 4097}) == where + "factors must be 1 to 4096");
  CHECK(message({.epochs = 0}) == where + "epochs must be 1 to 100000");
  CHECK(message({.learning_rate = 0.0f}) == where + "learning_rate must be positive and finite");
  CHECK(message({.regularization = -0.1f}) == where + "regularization must be finite and not negative");
  CHECK(message({.initial_scale = std::numeric_limits<float>::infinity()}) ==
        where + "initial_scale must be positive and finite");
  CHECK(message({.blocks = 257}) == where + "blocks must be at most 256");
  CHECK(thrown<numeric_error>([&] { cf::svd{.learning_rate = 9.0f}.fit(exec::cpu{}, log, seed{1}); }) ==
        where + "the factors diverge; lower learning_rate");
  CHECK(thrown<unknown_id>([&] {
          static_cast<void>(cf::svd{}.fit(exec::cpu{}, log, seed{1}).item_factors(item_id{14u}));
        }) == "cf::svd::item_factors: unknown item 14 (14 known)");
}
