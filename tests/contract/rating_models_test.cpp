// Every model of ratings keeps the contract.
#include <mmrec/cf/baseline.hpp>
#include <mmrec/cf/fm.hpp>
#include <mmrec/cf/global_mean.hpp>
#include <mmrec/cf/nmf.hpp>
#include <mmrec/cf/rating_knn.hpp>
#include <mmrec/cf/slope_one.hpp>
#include <mmrec/cf/svd.hpp>
#include <mmrec/cf/svd_pp.hpp>

#include "contract/rating_contract.hpp"

using namespace mmrec;

TEST_CASE("global_mean keeps the contract of rating models") {
  contract::check_rating_model(cf::global_mean{}, {.scores_without_history = true, .learns = false});
}

TEST_CASE("baseline keeps the contract of rating models") {
  contract::check_rating_model(cf::baseline{}, {.scores_without_history = true});
}

TEST_CASE("baseline_sgd keeps the contract of rating models") {
  contract::check_rating_model(cf::baseline_sgd{}, {.scores_without_history = true, .folds_in_exactly = false});
}

TEST_CASE("svd keeps the contract of rating models") {
  const auto spec = GENERATE(cf::svd{.factors = 20, .learning_rate = 0.01f}, cf::svd{.factors = 3, .blocks = 5});
  contract::check_rating_model(spec, {.scores_without_history = true, .folds_in_exactly = false, .constant_error = 0.4});
}

TEST_CASE("svd_pp keeps the contract of rating models") {
  contract::check_rating_model(cf::svd_pp{},
                               {.scores_without_history = true, .folds_in_exactly = false, .constant_error = 0.4});
}

TEST_CASE("nmf keeps the contract of rating models") {
  SECTION("plain") {
    contract::check_rating_model(cf::nmf{.factors = 3}, {.folds_in_exactly = false, .constant_error = 2.0});
  }
  SECTION("biased") {
    contract::check_rating_model(cf::nmf{.factors = 3, .biased = true},
                                 {.scores_without_history = true, .folds_in_exactly = false, .constant_error = 2.0});
  }
}

TEST_CASE("fm with squared errors keeps the contract of rating models") {
  contract::check_rating_model(cf::fm{.factors = 4}, {.folds_in_exactly = false, .constant_error = 0.1});
}

TEST_CASE("slope_one keeps the contract of rating models") { contract::check_rating_model(cf::slope_one{}); }

TEST_CASE("rating_knn keeps the contract of rating models") {
  using enum cf::rating_similarity;
  using enum cf::rating_centring;
  const auto spec =
      GENERATE(cf::rating_knn{.side = cf::rating_side::users, .similarity = msd, .centring = mean},
               cf::rating_knn{
                   .side = cf::rating_side::users, .similarity = pearson_baseline, .centring = baseline, .shrinkage = 5.0f},
               cf::rating_knn{.side = cf::rating_side::users,
                              .similarity = cosine,
                              .centring = z_score,
                              .neighbours = 7,
                              .least_neighbours = 2,
                              .least_support = 2},
               cf::rating_knn{}, cf::rating_knn{.similarity = msd, .centring = mean},
               cf::rating_knn{.similarity = cosine, .neighbours = 5});
  contract::check_rating_model(spec);
}
