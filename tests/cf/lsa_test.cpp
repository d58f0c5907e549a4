// PureSVD: against NumPy's singular value decomposition (tests/golden/neighbours.py).
#include <mmrec/cf/lsa.hpp>

#include <cmath>
#include <string>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"

using namespace mmrec;

static_assert(cf::factor_model<cf::lsa_model> && explainable_model<cf::lsa_model>);

TEST_CASE("lsa rebuilds the rows as NumPy's truncated decomposition does") {
  const auto matrices = neighbours::golden();
  const auto log = neighbours::log_of(matrices.at("x"));
  const auto weighted = GENERATE(false, true);
  cf::lsa spec{.factors = 3};
  if (weighted) spec = {.factors = 3, .binary = false, .weighting = {cf::weighting_scheme::bm25, 1.2f, 0.75f}};
  const auto& expected = matrices.at(weighted ? "svd_bm25" : "svd_binary");
  const auto model = spec.fit(exec::cpu{}, log, seed{1});
  cf::lsa_model::workspace scratch;
  std::vector<float> user_vector(3), parts;
  for (std::size_t user = 0; user + 1 < log.users(); ++user) {
    const auto scores = neighbours::scores_of(model, user_id{user});
    model.user_vector(user_id{user}, user_vector, scratch);
    for (std::size_t item = 0; item + 1 < log.items(); ++item) {
      CAPTURE(user, item, weighted);
      CHECK(double{scores[item]} == Approx(expected[user][item]).margin(1e-5));
      double product = 0.0;
      for (std::size_t k = 0; k < 3; ++k) {
        product += double{user_vector[k]} *
                   double{model.item_vectors()(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(k))};
      }
      CHECK(product == Approx(double{scores[item]}).margin(1e-6));
    }
    CHECK(std::isnan(scores.back()));
  }
  for (const float score : neighbours::scores_of(model, user_id{log.users() - 1})) CHECK(std::isnan(score));
  REQUIRE(model.singular_values().size() == 3);
  CHECK(model.singular_values()[0] > model.singular_values()[2]);
}

TEST_CASE("lsa refuses fields that make no sense, keeps to memory and stops when asked") {
  const auto log = neighbours::random_log(800, 600, 40);
  CHECK_THROWS_WITH((cf::lsa{.factors = 601}.fit(exec::cpu{}, log, seed{})),
                    "cf::lsa::fit: factors 601 exceeds min(users, items) = 600");
  CHECK_THROWS_AS((cf::lsa{.factors = 0}.fit(exec::cpu{}, log, seed{})), invalid_config);
  CHECK_THROWS_AS((cf::lsa{.weighting = {.k1 = -1.0f}}.fit(exec::cpu{}, log, seed{})), invalid_config);
  neighbours::stopping_sink sink;
  CHECK_THROWS_AS(cf::lsa{}.fit(exec::cpu{.progress = &sink}, log, seed{}), cancelled);
  const cf::lsa spec{.factors = 32};
  const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
  test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log, seed{}); });
  CHECK_THROWS_AS(spec.fit(exec::cpu{.memory_limit = bytes - 1}, log, seed{}), limit_error);
}
