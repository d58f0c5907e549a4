// NMF: against a replay in float64 (tests/golden/ratings.py), on planted factors, and on MovieLens 100K.
#include <mmrec/cf/nmf.hpp>

#include <mmrec/exec/cpu.hpp>

#include "cf/rating_support.hpp"
#include "support/data.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::thrown;

TEST_CASE("nmf replays six epochs of float64 from the same start") {
  cf::nmf spec{.factors = 4, .epochs = 6, .item_regularization = 0.04f, .initial_low = 0.1f, .initial_high = 0.9f};
  ratings::check_predictions(spec.fit(exec::cpu{.threads = 2}, ratings::golden_log(), seed{42}), "nmf", 3e-6);
  spec.biased = true;
  ratings::check_predictions(spec.fit(exec::cpu{.threads = 2}, ratings::golden_log(), seed{42}), "nmf biased", 3e-6);
}

TEST_CASE("nmf factors are never negative, and those of a history are near those of the fit") {
  const auto log = ratings::golden_log();
  const auto model = cf::nmf{.factors = 2, .epochs = 2000}.fit(exec::cpu{}, log, seed{4});
  for (std::size_t user = 0; user < log.users(); ++user) {
    for (const float value : model.user_factors(user_id{user})) CHECK(value >= 0.0f);
  }
  cf::nmf_model::workspace scratch;
  std::vector<float> known(log.items()), folded(log.items());
  for (std::size_t user = 0; user < log.users(); ++user) {
    if (user == 11) continue;
    model.score(user_id{user}, known, scratch);
    model.score_history(log.history(user_id{user}), folded, scratch);
    for (std::size_t item = 0; item < log.items(); ++item) {
      if (item != 5) CHECK(std::abs(known[item] - folded[item]) < 0.03f);
    }
  }
}

TEST_CASE("nmf learns nothing from a history of cold items") {
  const auto log = ratings::golden_log();  // nobody has item 5
  const auto model = cf::nmf{.factors = 3, .user_regularization = 0.0f, .biased = true}.fit(exec::cpu{}, log, seed{1});
  cf::nmf_model::workspace scratch;
  std::vector<float> none(log.items()), cold(log.items());
  model.score_history({}, none, scratch);
  const std::vector<item_id> items{item_id{5u}};
  const std::vector<float> values{1.0f};
  model.score_history({items, values}, cold, scratch);
  for (std::size_t item = 0; item < log.items(); ++item) {
    if (item != 5) CHECK(cold[item] == none[item]);
  }
}

TEST_CASE("nmf on the first official fold of MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto [train, held_out] = ratings::read_fold(*folder, 1);
  const auto found = ratings::errors_of(cf::nmf{}.fit(exec::cpu{}, train, seed{1}), held_out);
  CHECK(std::abs(found.rmse - 0.98) < 0.005);
}

TEST_CASE("nmf refuses fields and ratings that make no sense") {
  const auto log = ratings::golden_log();
  const auto message = [&](const cf::nmf& spec) {
    return thrown<invalid_config>([&] { spec.fit(exec::cpu{}, log, seed{1}); });
  };
  const std::string where = "cf::nmf::fit: ";
  CHECK(message({.factors = 0}) == where + "factors must be 1 to 4096");
  CHECK(message({.epochs = 0}) == where + "epochs must be 1 to 100000");
  CHECK(message({.user_regularization = -1.0f}) == where + "user_regularization must be finite and not negative");
  CHECK(message({.item_regularization = -1.0f}) == where + "item_regularization must be finite and not negative");
  CHECK(message({.initial_low = -1.0f}) == where + "initial_low must be finite and not negative");
  CHECK(message({.initial_low = 1.0f}) == where + "initial_high must exceed initial_low");
  CHECK(message({.bias_learning_rate = 0.0f}) == where + "bias_learning_rate must be positive and finite");
  CHECK(message({.bias_regularization = -1.0f}) == where + "bias_regularization must be finite and not negative");
  const auto negative = ratings::log_of(1, 1, {{user_id{0}, item_id{0}, -1.0f}});
  CHECK(thrown<data_error>([&] { cf::nmf{}.fit(exec::cpu{}, negative, seed{1}); }) ==
        where + "a rating is negative or not finite");
  CHECK(thrown<numeric_error>([&] {
          cf::nmf{.epochs = 2000, .biased = true, .bias_learning_rate = 50.0f}.fit(exec::cpu{}, log, seed{1});
        }) == where + "the biases diverge; lower bias_learning_rate");
}
