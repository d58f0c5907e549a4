// Slope One: by hand, and against scikit-surprise (tests/golden/ratings.py).
#include <mmrec/cf/slope_one.hpp>

#include <cmath>
#include <cstddef>
#include <vector>

#include <mmrec/exec/cpu.hpp>

#include "cf/rating_support.hpp"
#include "support/data.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::thrown;

TEST_CASE("slope_one predicts what scikit-surprise does") {
  ratings::check_predictions(cf::slope_one{}.fit(exec::cpu{}, ratings::golden_log()), "slope_one", 1e-6);
}

TEST_CASE("slope_one by hand") {
  // Item 0 is rated 0.5 higher than item 1 by the two users of both; nobody rated items 0 and 2.
  const auto log = ratings::log_of(3, 3,
                                   {{user_id{0}, item_id{0}, 4.0f},
                                    {user_id{0}, item_id{1}, 3.0f},
                                    {user_id{1}, item_id{0}, 3.0f},
                                    {user_id{1}, item_id{1}, 3.0f},
                                    {user_id{2}, item_id{1}, 1.0f},
                                    {user_id{2}, item_id{2}, 5.0f}});
  const auto model = cf::slope_one{}.fit(exec::cpu{}, log);
  CHECK(model.differences(item_id{0})[1] == 0.5f);
  CHECK(model.differences(item_id{1})[0] == -0.5f);
  CHECK(std::isnan(model.differences(item_id{0})[2]));
  CHECK(model.predict(user_id{2}, item_id{0}) == 3.5f);  // mean 3 + 0.5
  CHECK(model.predict(user_id{0}, item_id{2}) == 5.0f);  // 3.5 + 4, within the scale
  const auto apart = cf::slope_one{}.fit(
      exec::cpu{}, ratings::log_of(2, 2, {{user_id{0}, item_id{0}, 4.0f}, {user_id{1}, item_id{1}, 2.0f}}));
  CHECK(apart.predict(user_id{0}, item_id{1}) == 4.0f);  // the user's mean
  CHECK(thrown<limit_error>([&] { cf::slope_one{.max_items = 2}.fit(exec::cpu{}, log); }) ==
        "cf::slope_one::fit: number of items 3 exceeds the limit of 2");
}

TEST_CASE("slope_one scores what its differences add up to, in the order of the history, bit by bit") {
  const auto log = ratings::golden_log();
  const auto model = cf::slope_one{}.fit(exec::cpu{}, log);
  cf::slope_one_model::workspace scratch;
  std::vector<float> scores(log.items());
  for (std::size_t user = 0; user < log.users(); ++user) {
    const history_view history = log.history(user_id{user});
    model.score(user_id{user}, scores, scratch);
    double mean = 0.0;
    for (const float rating : history.values) mean += double{rating};
    mean /= static_cast<double>(history.values.size());
    for (std::size_t item = 0; item < log.items(); ++item) {
      double sum = 0.0;
      std::size_t count = 0;
      for (const item_id other : history.items) {
        const float difference = model.differences(item_id{item})[other.index()];
        if (std::isnan(difference)) continue;
        sum += double{difference};
        ++count;
      }
      if (count == 0) {
        CHECK(std::isnan(scores[item]));
      } else {
        CHECK(scores[item] == static_cast<float>(mean + sum / static_cast<double>(count)));
      }
    }
  }
}

TEST_CASE("slope_one on the first official fold of MovieLens 100K is scikit-surprise's") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto [train, held_out] = ratings::read_fold(*folder, 1);
  const auto found = ratings::errors_of(cf::slope_one{}.fit(exec::cpu{}, train), held_out);
  CHECK(std::abs(found.rmse - 0.9567192) < 1e-6);
  CHECK(std::abs(found.mae - 0.7505899) < 1e-6);
}
