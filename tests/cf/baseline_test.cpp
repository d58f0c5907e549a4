// Biases: against scikit-surprise (tests/golden/ratings.py), and on the official folds of MovieLens 100K.
#include <mmrec/cf/baseline.hpp>

#include <limits>

#include <mmrec/exec/cpu.hpp>

#include "cf/rating_support.hpp"
#include "support/data.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::thrown;

TEST_CASE("baseline predicts what scikit-surprise does") {
  const auto log = ratings::golden_log();
  const cf::baseline als{.item_regularization = 3.0f, .user_regularization = 5.0f, .epochs = 4};
  ratings::check_predictions(als.fit(exec::cpu{}, log), "als", 1e-6);
  const cf::baseline_sgd sgd{.learning_rate = 0.02f, .regularization = 0.05f, .epochs = 6};
  ratings::check_predictions(sgd.fit(exec::cpu{}, log), "sgd", 1e-6);
}

TEST_CASE("baseline on the official folds of MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const ratings::errors expected[] = {
      {.959944, .761583}, {.947652, .749399}, {.940523, .744516}, {.938284, .744233}, {.942279, .749940}};
  for (int number = 1; number <= 5; ++number) {
    const auto [train, held_out] = ratings::read_fold(*folder, number);
    const auto found = ratings::errors_of(cf::baseline{}.fit(exec::cpu{.threads = 2}, train), held_out);
    CAPTURE(number);
    CHECK(std::abs(found.rmse - expected[number - 1].rmse) < 1e-6);
    CHECK(std::abs(found.mae - expected[number - 1].mae) < 1e-6);
  }
}

TEST_CASE("the baseline of a history is the exact minimum, to which steps come near") {
  const auto log = ratings::golden_log();
  const auto model = cf::baseline_sgd{.epochs = 3000}.fit(exec::cpu{}, log);
  cf::baseline_model::workspace scratch;
  std::vector<float> known(log.items()), folded(log.items());
  for (std::size_t user = 0; user < log.users(); ++user) {
    model.score(user_id{user}, known, scratch);
    model.score_history(log.history(user_id{user}), folded, scratch);
    for (std::size_t item = 0; item < log.items(); ++item) {
      if (item != 5) CHECK(std::abs(known[item] - folded[item]) < 0.02f);
    }
  }
}

TEST_CASE("baseline refuses fields that make no sense") {
  const auto log = ratings::golden_log();
  const auto message = [&](const auto& spec) { return thrown<invalid_config>([&] { spec.fit(exec::cpu{}, log); }); };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(message(cf::baseline{.item_regularization = -1.0f}) ==
        "cf::baseline::fit: item_regularization must be finite and not negative");
  CHECK(message(cf::baseline{.user_regularization = nan}) ==
        "cf::baseline::fit: user_regularization must be finite and not negative");
  CHECK(message(cf::baseline{.epochs = 0}) == "cf::baseline::fit: epochs must be 1 to 100000");
  CHECK(message(cf::baseline_sgd{.learning_rate = 0.0f}) ==
        "cf::baseline_sgd::fit: learning_rate must be positive and finite");
  CHECK(message(cf::baseline_sgd{.regularization = nan}) ==
        "cf::baseline_sgd::fit: regularization must be finite and not negative");
  CHECK(thrown<numeric_error>([&] { cf::baseline_sgd{.learning_rate = 50.0f, .epochs = 500}.fit(exec::cpu{}, log); }) ==
        "cf::baseline_sgd::fit: the biases diverge; lower learning_rate");
}
