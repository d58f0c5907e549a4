// User neighbours: against NumPy (tests/golden/neighbours.py) and against all pairs.
#include <mmrec/cf/user_knn.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/cf/ease.hpp>
#include <mmrec/cf/item_knn.hpp>
#include <mmrec/cf/lsa.hpp>
#include <mmrec/cf/plsa.hpp>
#include <mmrec/cf/slim.hpp>
#include <mmrec/cf/sparse_ease.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

/// The votes of the k users with the largest positive similarities among those with other items.
std::vector<double> votes(const neighbours::table& x, const std::vector<double>& similar, std::size_t self, std::size_t k,
                          bool binary) {
  std::vector<std::pair<double, std::size_t>> voters;
  for (std::size_t user = 0; user < x.size(); ++user) {
    bool same = true;
    double product = 0.0;
    for (std::size_t item = 0; item < x[user].size(); ++item) {
      same = same && (x[user][item] != 0.0) == (x[self][item] != 0.0);
      product += x[user][item] * x[self][item];
    }
    if (!same && product > 0.0 && similar[user] > 0.0) voters.emplace_back(-similar[user], user);
  }
  std::sort(voters.begin(), voters.end());
  if (voters.size() > k) voters.resize(k);
  std::vector<double> scores(x.front().size(), 0.0);
  for (const auto& [negative, user] : voters) {
    for (std::size_t item = 0; item < scores.size(); ++item) {
      if (x[user][item] != 0.0) scores[item] -= negative * (binary ? 1.0 : x[user][item]);
    }
  }
  return scores;
}

neighbours::table cosines(const neighbours::table& rows) {
  neighbours::table result(rows.size(), std::vector<double>(rows.size(), 0.0));
  for (std::size_t a = 0; a < rows.size(); ++a) {
    for (std::size_t b = 0; b < rows.size(); ++b) {
      double product = 0.0, left = 0.0, right = 0.0;
      for (std::size_t item = 0; item < rows[a].size(); ++item) {
        product += rows[a][item] * rows[b][item];
        left += rows[a][item] * rows[a][item];
        right += rows[b][item] * rows[b][item];
      }
      if (a != b && left > 0.0 && right > 0.0) result[a][b] = product / std::sqrt(left * right);
    }
  }
  return result;
}

}  // namespace

TEST_CASE("user_knn adds up the votes of the most similar users") {
  const auto matrices = neighbours::golden();
  const auto& x = matrices.at("x");
  const auto log = neighbours::log_of(x);
  const auto k = GENERATE(std::size_t{4}, std::size_t{1000});
  const auto which = GENERATE(0, 1, 2);
  const cf::weighting bm25{.scheme = cf::weighting_scheme::bm25, .k1 = 1.2f, .b = 0.75f};
  cf::user_knn spec{.neighbours = k, .binary = false};
  neighbours::table similar = matrices.at("users_cosine");
  if (which == 1) {
    spec.similarity = cf::similarity_measure::pearson;
    similar = matrices.at("users_pearson");
  } else if (which == 2) {
    spec.weighting = bm25;
    similar = cosines(matrices.at("bm25_users"));
  }
  const auto model = spec.fit(exec::cpu{}, log);
  for (std::size_t user = 0; user + 1 < x.size(); ++user) {
    const auto expected = votes(x, similar[user], user, k, false);
    const auto found = neighbours::scores_of(model, user_id{user});
    for (std::size_t item = 0; item + 1 < expected.size(); ++item) {
      CAPTURE(user, item, k, which);
      CHECK(double{found[item]} == Approx(expected[item]).epsilon(2e-5).margin(1e-5));
    }
    CHECK(std::isnan(found.back()));  // the item without interactions
  }
  for (const float score : neighbours::scores_of(model, user_id{x.size() - 1})) CHECK(std::isnan(score));
}

TEST_CASE("user_knn counts shared items and adjusts by the items' means") {
  const neighbours::table x{{1, 2, 0, 0}, {1, 0, 5, 0}, {4, 1, 3, 0}, {0, 0, 1, 2}};
  const auto log = neighbours::log_of(x);
  cf::user_knn_model::workspace scratch;
  std::vector<cf::similar_user> found(4);
  auto model = cf::user_knn{.similarity = cf::similarity_measure::dot}.fit(exec::cpu{}, log);
  REQUIRE(model.neighbours(log.history(user_id{0u}), found, scratch) == 2);
  CHECK(found[0] == cf::similar_user{user_id{2u}, 2.0f});
  CHECK(found[1] == cf::similar_user{user_id{1u}, 1.0f});
  model = cf::user_knn{.similarity = cf::similarity_measure::jaccard, .shrinkage = 1.0f}.fit(exec::cpu{}, log);
  REQUIRE(model.neighbours(log.history(user_id{0u}), found, scratch) == 2);
  CHECK(found[0] == cf::similar_user{user_id{2u}, 0.5f});   // 2 / (3 + 1)
  CHECK(found[1] == cf::similar_user{user_id{1u}, 0.25f});  // 1 / (3 + 1)
  // Means of the items 2, 1.5, 3, 2: user 0 is (-1, .5), user 1 (-1, -, 2), user 2 (2, -.5, 0).
  model = cf::user_knn{.similarity = cf::similarity_measure::adjusted_cosine, .binary = false}.fit(exec::cpu{}, log);
  REQUIRE(model.neighbours(log.history(user_id{0u}), found, scratch) == 1);
  CHECK(found[0].user == user_id{1u});
  CHECK(double{found[0].similarity} == Approx(1.0 / std::sqrt(1.25 * 5.0)));
}

TEST_CASE("user_knn with adjusted_cosine passes over items without interactions") {
  const auto log = neighbours::log_of({{1, 2, 0, 0, 0}, {1, 0, 5, 0, 0}, {4, 1, 3, 0, 0}, {0, 0, 1, 2, 0}});
  const auto model =
      cf::user_knn{.similarity = cf::similarity_measure::adjusted_cosine, .binary = false}.fit(exec::cpu{}, log);
  cf::user_knn_model::workspace scratch;
  const std::vector<item_id> with_cold{item_id{0u}, item_id{1u}, item_id{4u}};
  const std::vector<float> values{1.0f, 2.0f, 5.0f};
  std::vector<cf::similar_user> found(4);
  REQUIRE(model.neighbours({with_cold, values}, found, scratch) == 2);
  CHECK(found[0].user == user_id{0u});
  CHECK(double{found[0].similarity} == Approx(1.0));
  CHECK(found[1].user == user_id{1u});
  CHECK(double{found[1].similarity} == Approx(1.0 / std::sqrt(1.25 * 5.0)));
}

TEST_CASE("models whose histories have values refuse those that are not finite") {
  const auto log = neighbours::random_log(30, 20, 6);
  const std::vector<item_id> items{item_id{0u}, item_id{1u}};
  const std::vector<float> values{1.0f, std::numeric_limits<float>::quiet_NaN()};
  std::vector<float> out(20);
  const auto check = [&](const auto& counting, const auto& binary, const std::string& name) {
    typename std::remove_cvref_t<decltype(counting)>::workspace scratch;
    CHECK(test::thrown<data_error>([&] {
            counting.score_history({items, values}, out, scratch);
          }) == name + "::score_history: a value of the history is not finite");
    CHECK_NOTHROW(binary.score_history({items, values}, out, scratch));
  };
  const exec::cpu exec;
  check(cf::user_knn{.binary = false}.fit(exec, log), cf::user_knn{}.fit(exec, log), "cf::user_knn");
  check(cf::item_knn{.binary = false}.fit(exec, log), cf::item_knn{}.fit(exec, log), "cf::item_knn");
  check(cf::ease{.binary = false}.fit(exec, log), cf::ease{}.fit(exec, log), "cf::ease");
  check(cf::lsa{.factors = 3, .binary = false}.fit(exec, log, seed{1}), cf::lsa{.factors = 3}.fit(exec, log, seed{1}),
        "cf::lsa");
  check(cf::plsa{.factors = 3, .binary = false}.fit(exec, log, seed{1}), cf::plsa{.factors = 3}.fit(exec, log, seed{1}),
        "cf::plsa");
}

TEST_CASE("values whose squares overflow are refused") {
  const auto log = neighbours::log_of({{1e20, 2e20, 0}, {3e20, 0, 1e20}, {1, 2, 3}});
  const auto refused = [&](const auto& spec, const std::string& name) {
    CHECK(test::thrown<numeric_error>([&] { spec.fit(exec::cpu{}, log); }) ==
          name + "::fit: the values are too large: their squares overflow");
  };
  refused(cf::user_knn{.binary = false}, "cf::user_knn");
  refused(cf::item_knn{.binary = false}, "cf::item_knn");
  refused(cf::slim{.binary = false}, "cf::slim");
  refused(cf::sparse_ease{.binary = false}, "cf::sparse_ease");
  refused(cf::ease{.binary = false}, "cf::ease");
  refused(cf::ease{.binary = false, .precision = cf::ease_precision::float32}, "cf::ease");
  CHECK_NOTHROW(cf::user_knn{}.fit(exec::cpu{}, log));
}

TEST_CASE("user_knn leaves out users who have the same items") {
  const auto log = neighbours::log_of({{1, 1, 0}, {1, 1, 0}, {1, 1, 1}, {1, 0, 0}});
  const auto model = cf::user_knn{.neighbours = 2}.fit(exec::cpu{}, log);
  cf::user_knn_model::workspace scratch;
  std::vector<cf::similar_user> found(2);
  REQUIRE(model.neighbours(log.history(user_id{0u}), found, scratch) == 2);
  CHECK(found[0].user == user_id{2u});
  CHECK(found[1].user == user_id{3u});
  std::vector<cf::similar_user> none;
  CHECK(test::thrown<shape_error>([&] { model.neighbours(log.history(user_id{0u}), none, scratch); }) ==
        "cf::user_knn::neighbours: entries of out, at least: expected 2, got 0");
}

TEST_CASE("user_knn refuses fields that make no sense, keeps to memory and stops when asked") {
  const auto log = neighbours::random_log(800, 300, 40);
  CHECK_THROWS_WITH(cf::user_knn{.neighbours = 0}.fit(exec::cpu{}, log), "cf::user_knn::fit: neighbours must be at least 1");
  CHECK_THROWS_AS(cf::user_knn{.shrinkage = -1.0f}.fit(exec::cpu{}, log), invalid_config);
  CHECK_THROWS_AS(cf::user_knn{.similarity = cf::similarity_measure::adjusted_cosine}.fit(exec::cpu{}, log), invalid_config);
  neighbours::stopping_sink sink;
  CHECK_THROWS_AS(cf::user_knn{}.fit(exec::cpu{.progress = &sink}, log), cancelled);
  for (const cf::user_knn& spec :
       {cf::user_knn{}, cf::user_knn{.binary = false, .weighting = {cf::weighting_scheme::bm25}}}) {
    const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
    test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log); });
    CHECK_THROWS_AS(spec.fit(exec::cpu{.memory_limit = bytes - 1}, log), limit_error);
  }
}
