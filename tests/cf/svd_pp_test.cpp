// SVD++: against a replay in float64 that moves every implicit row at every rating (tests/golden/ratings.py), and on
// MovieLens 100K.
#include <mmrec/cf/svd_pp.hpp>

#include <mmrec/exec/cpu.hpp>

#include "cf/rating_support.hpp"
#include "support/data.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::thrown;

TEST_CASE("svd_pp replays four epochs of float64 from the same start in the same order") {
  const cf::svd_pp spec{.factors = 5, .epochs = 4, .learning_rate = 0.05f, .regularization = 0.03f, .initial_scale = 0.2f};
  ratings::check_predictions(spec.fit(exec::cpu{}, ratings::golden_log(), seed{42}), "svd_pp", 3e-6);
}

TEST_CASE("svd_pp gives a user described by ratings what the rated items say") {
  const auto log = ratings::golden_log();
  // So strong a regularization leaves nothing of the user but the part of the rated items.
  const auto model =
      cf::svd_pp{.factors = 4, .epochs = 1, .learning_rate = 1e-6f, .regularization = 1e5f}.fit(exec::cpu{}, log, seed{1});
  const std::vector<item_id> items{item_id{1}, item_id{2}, item_id{7}};
  const std::vector<float> values{5.0f, 1.0f, 3.0f};
  std::vector<float> scores(log.items());
  cf::svd_pp_model::workspace scratch;
  model.score_history({items, values}, scores, scratch);
  for (std::size_t item = 0; item < log.items(); ++item) {
    if (item == 5) continue;
    double expected = model.mean() + double{model.item_biases()[item]};
    for (std::size_t k = 0; k < 4; ++k) {
      double implicit = 0.0;
      for (const item_id rated : items) implicit += double{model.implicit_factors(rated)[k]};
      expected += implicit / std::sqrt(3.0) * double{model.item_factors(item_id{item})[k]};
    }
    CHECK(std::abs(double{scores[item]} - expected) < 1e-4);
  }
}

TEST_CASE("svd_pp on the first official fold of MovieLens 100K beats svd") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto [train, held_out] = ratings::read_fold(*folder, 1);
  const auto found = ratings::errors_of(cf::svd_pp{}.fit(exec::cpu{}, train, seed{1}), held_out);
  CHECK(std::abs(found.rmse - 0.932) < 0.003);  // svd has 0.950
}

TEST_CASE("svd_pp refuses fields that make no sense") {
  const auto log = ratings::golden_log();
  const auto message = [&](const cf::svd_pp& spec) {
    return thrown<invalid_config>([&] { spec.fit(exec::cpu{}, log, seed{1}); });
  };
  const std::string where = "cf::svd_pp::fit: ";
  CHECK(message({.factors = 0}) == where + "factors must be 1 to 4096");
  CHECK(message({.epochs = 100'001}) == where + "epochs must be 1 to 100000");
  CHECK(message({.learning_rate = 0.5f, .regularization = 2.0f}) ==
        where + "learning_rate * regularization must be less than 1");
  CHECK(thrown<numeric_error>([&] { cf::svd_pp{.learning_rate = 9.0f}.fit(exec::cpu{}, log, seed{1}); }) ==
        where + "the factors diverge; lower learning_rate");
}
