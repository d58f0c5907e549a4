// Neighbours on ratings: against scikit-surprise (tests/golden/ratings.py) in all combinations, and by hand.
#include <mmrec/cf/rating_knn.hpp>

#include <limits>

#include <mmrec/exec/cpu.hpp>

#include "cf/rating_support.hpp"
#include "support/data.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::thrown;

// For rated items, too, but for what a row's similarity to itself is: there always 1.
TEST_CASE("rating_knn predicts what scikit-surprise does") {
  const auto log = ratings::golden_log();
  const bool of_users = GENERATE(true, false);
  const int measure = GENERATE(0, 1, 2, 3);
  const int centring = GENERATE(0, 1, 2, 3);
  const char* const names[] = {"msd", "cosine", "pearson", "pearson_baseline"};
  const bool strict = centring % 2 == 1;  // few neighbours, and demands on them
  const cf::rating_knn spec{
      .side = of_users ? cf::rating_side::users : cf::rating_side::items,
      .similarity = static_cast<cf::rating_similarity>(measure),
      .centring = static_cast<cf::rating_centring>(centring),
      .neighbours = strict ? 4u : 40u,
      .least_neighbours = strict ? 2u : 1u,
      .least_support = strict ? 3u : 1u,
      .shrinkage = 2.0f,
      .biases = {.item_regularization = 3.0f, .user_regularization = 5.0f, .epochs = 4},
  };
  ratings::check_predictions(spec.fit(exec::cpu{.threads = 2}, log),
                             (of_users ? "users " : "items ") + std::string(names[measure]) + ' ' + std::to_string(centring),
                             3e-6, false);
}

TEST_CASE("rating_knn by hand") {
  // Users 0 and 1 agree but for one point on item 1, user 2 is 3 and 4 away.
  const auto log = ratings::log_of(3, 3,
                                   {{user_id{0}, item_id{0}, 5.0f},
                                    {user_id{0}, item_id{1}, 4.0f},
                                    {user_id{1}, item_id{0}, 5.0f},
                                    {user_id{1}, item_id{1}, 5.0f},
                                    {user_id{1}, item_id{2}, 2.0f},
                                    {user_id{2}, item_id{0}, 2.0f},
                                    {user_id{2}, item_id{1}, 1.0f},
                                    {user_id{2}, item_id{2}, 4.0f}});
  cf::rating_knn spec{
      .side = cf::rating_side::users, .similarity = cf::rating_similarity::msd, .centring = cf::rating_centring::none};
  const auto model = spec.fit(exec::cpu{}, log);
  CHECK(model.similarity(0, 1) == Approx(1.0 / 1.5));
  CHECK(model.similarity(2, 0) == Approx(1.0 / 10.0));
  CHECK(model.similarity(1, 1) == 1.0f);
  CHECK(double{model.predict(user_id{0}, item_id{2})} == Approx((2.0 / 1.5 + 4.0 / 10.0) / (1.0 / 1.5 + 1.0 / 10.0)));
  spec.neighbours = 1;
  CHECK(spec.fit(exec::cpu{}, log).predict(user_id{0}, item_id{2}) == 2.0f);
  spec.neighbours = 3;
  spec.least_neighbours = 3;
  CHECK(spec.fit(exec::cpu{}, log).predict(user_id{0}, item_id{2}) == 3.5f);  // the mean of all: two are too few
}

TEST_CASE("equal similarities go to the lower id") {
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < 6; ++user) {
    events.push_back({user_id{user}, item_id{0}, 3.0f});  // all alike
    if (user > 0) events.push_back({user_id{user}, item_id{1}, static_cast<float>(user)});
  }
  const cf::rating_knn spec{.side = cf::rating_side::users,
                            .similarity = cf::rating_similarity::msd,
                            .centring = cf::rating_centring::none,
                            .neighbours = 2};
  const auto model = spec.fit(exec::cpu{}, ratings::log_of(6, 2, std::move(events)));
  CHECK(model.predict(user_id{0}, item_id{1}) == 1.5f);  // users 1 and 2
}

TEST_CASE("rating_knn on the first official fold of MovieLens 100K is near scikit-surprise's") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  const auto [train, held_out] = ratings::read_fold(*folder, 1);
  struct expectation {
    cf::rating_knn spec;
    ratings::errors surprise;
  };
  using enum cf::rating_similarity;
  using enum cf::rating_centring;
  constexpr auto users = cf::rating_side::users;
  const expectation expected[] = {
      {{.side = users, .similarity = msd, .centring = none}, {0.988862, 0.783365}},
      {{.side = users, .similarity = msd, .centring = mean}, {0.964911, 0.759368}},
      {{.side = users, .similarity = msd, .centring = z_score}, {0.963518, 0.755328}},
      {{.side = users, .similarity = msd, .centring = baseline}, {0.941800, 0.741403}},
      {{.side = users}, {0.933473, 0.730241}},
      {{.similarity = msd, .centring = none}, {0.997428, 0.787036}},
  };
  for (const auto& [spec, surprise] : expected) {
    const auto found = ratings::errors_of(spec.fit(exec::cpu{}, train), held_out);
    CAPTURE(static_cast<int>(spec.similarity), static_cast<int>(spec.centring));
    CHECK(std::abs(found.rmse - surprise.rmse) < 2e-6);
    CHECK(std::abs(found.mae - surprise.mae) < 2e-6);
  }
}

TEST_CASE("rating_knn finds no correlation where ratings are all alike, and none beyond 1") {
  // 3.3 three times: n sum of squares - squared sum is not quite 0. The others are multiples of each other.
  cf::detail::common_sums alike, multiples;
  for (const double y : {0.1, 0.7, 0.4}) {
    const double x = 3.3;
    alike.xy += x * y, alike.xx += x * x, alike.yy += y * y, alike.x += x, alike.y += y;
    ++alike.count;
  }
  for (int i = 1; i <= 7; ++i) {
    const double x = 0.1 * i, y = 0.3 * i;
    multiples.xy += x * y, multiples.xx += x * x, multiples.yy += y * y, multiples.x += x, multiples.y += y;
    ++multiples.count;
  }
  const cf::detail::similarity_rule rule{cf::rating_similarity::pearson};
  CHECK(cf::detail::similarity_of(alike, rule) == 0.0);
  CHECK(cf::detail::similarity_of(multiples, rule) == Approx(1.0));
  CHECK(cf::detail::similarity_of(multiples, rule) <= 1.0);
  const auto constant = ratings::log_of(2, 7, [] {
    std::vector<data::interaction> events;
    for (std::size_t item = 0; item < 7; ++item) {
      events.push_back({user_id{0u}, item_id{item}, 3.3f});
      events.push_back({user_id{1u}, item_id{item}, 1.1f + 0.7f * static_cast<float>(item % 2)});
    }
    return events;
  }());
  const auto model = cf::rating_knn{.side = cf::rating_side::users, .similarity = cf::rating_similarity::pearson}.fit(
      exec::cpu{}, constant);
  CHECK(model.similarity(0, 1) == 0.0f);
  CHECK(model.similarity(0, 0) == 0.0f);
}

TEST_CASE("rating_knn refuses fields that make no sense") {
  const auto log = ratings::golden_log();
  const auto message = [&](const cf::rating_knn& spec) {
    return thrown<invalid_config>([&] { spec.fit(exec::cpu{}, log); });
  };
  const std::string where = "cf::rating_knn::fit: ";
  CHECK(message({.neighbours = 0}) == where + "neighbours must be at least 1");
  CHECK(message({.neighbours = 3, .least_neighbours = 4}) == where + "least_neighbours must be 1 to neighbours");
  CHECK(message({.least_neighbours = 0}) == where + "least_neighbours must be 1 to neighbours");
  CHECK(message({.least_support = 0}) == where + "least_support must be at least 1");
  CHECK(message({.shrinkage = -1.0f}) == where + "shrinkage must be finite and not negative");
  CHECK(message({.biases = {.epochs = 0}}) == where + "epochs must be 1 to 100000");
  CHECK(thrown<limit_error>([&] { cf::rating_knn{.max_rows = 13}.fit(exec::cpu{}, log); }) ==
        where + "number of items 14 exceeds the limit of 13");
  CHECK(thrown<limit_error>([&] { cf::rating_knn{.side = cf::rating_side::users, .max_rows = 13}.fit(exec::cpu{}, log); }) ==
        where + "number of users 16 exceeds the limit of 13");
  const auto model = cf::rating_knn{}.fit(exec::cpu{}, log);
  CHECK(thrown<unknown_id>([&] { static_cast<void>(model.similarity(0, 14)); }) ==
        "cf::rating_knn::similarity: unknown item 14 (14 known)");
}
