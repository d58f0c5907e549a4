// The mean of all ratings: by hand, and on the official folds of MovieLens 100K.
#include <mmrec/cf/global_mean.hpp>

#include <mmrec/exec/cpu.hpp>

#include "cf/rating_support.hpp"
#include "support/data.hpp"

using namespace mmrec;

TEST_CASE("global_mean predicts the mean") {
  const auto log = ratings::log_of(2, 3, {{user_id{0}, item_id{0}, 1.0f}, {user_id{1}, item_id{2}, 4.0f}});
  const auto model = cf::global_mean{}.fit(exec::cpu{}, log);
  CHECK(model.mean() == 2.5);
  CHECK(model.scale() == rating_scale{1.0f, 4.0f});
  CHECK(model.predict(user_id{1}, item_id{1}) == 2.5f);
}

TEST_CASE("global_mean on the official folds of MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const ratings::errors expected[] = {
      {1.153676, .968049}, {1.130664, .948911}, {1.111582, .930604}, {1.113294, .936131}, {1.118675, .939934}};
  for (int number = 1; number <= 5; ++number) {
    const auto [train, held_out] = ratings::read_fold(*folder, number);
    const auto found = ratings::errors_of(cf::global_mean{}.fit(exec::cpu{}, train), held_out);
    CAPTURE(number);
    CHECK(std::abs(found.rmse - expected[number - 1].rmse) < 1e-6);
    CHECK(std::abs(found.mae - expected[number - 1].mae) < 1e-6);
  }
}
