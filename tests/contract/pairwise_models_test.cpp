// The recommenders trained on pairs of items, on graphs and on features keep the contract.
#include <mmrec/cf/bpr.hpp>
#include <mmrec/cf/fm.hpp>
#include <mmrec/cf/hybrid_mf.hpp>
#include <mmrec/cf/light_gcn.hpp>
#include <mmrec/cf/warp.hpp>
#include <mmrec/core/random.hpp>

#include "contract/recommender_contract.hpp"

using namespace mmrec;

TEST_CASE("bpr keeps the contract of recommenders") {
  const auto spec = GENERATE(cf::bpr{.factors = 8, .epochs = 60}, cf::bpr{.factors = 5, .epochs = 60, .item_bias = false},
                             cf::bpr{.factors = 16, .epochs = 60, .negatives = cf::negative_sampling::popularity});
  contract::check_recommender([&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log, seed{1}); },
                              {.folds_in_exactly = false});
}

TEST_CASE("light_gcn keeps the contract of recommenders") {
  const cf::light_gcn spec{.factors = 8, .layers = 2, .epochs = 60, .batch = 256, .learning_rate = 0.02f};
  contract::check_recommender([&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log, seed{1}); },
                              {.folds_in_exactly = false});
}

TEST_CASE("warp keeps the contract of recommenders") {
  const auto spec = GENERATE(cf::warp{.factors = 3, .epochs = 20},
                             cf::warp{.factors = 2, .epochs = 20, .regularization = 0.01f, .item_bias = false});
  contract::check_recommender([&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log, seed{1}); },
                              {.folds_in_exactly = false});
}

TEST_CASE("hybrid_mf keeps the contract of recommenders") {
  const auto spec = GENERATE(cf::hybrid_mf{.factors = 3, .epochs = 40, .loss = cf::hybrid_loss::bpr, .batch = 32},
                             cf::hybrid_mf{.factors = 3, .epochs = 40, .loss = cf::hybrid_loss::logistic, .batch = 32});
  contract::check_recommender([&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log, seed{1}); },
                              {.folds_in_exactly = false});
}

TEST_CASE("fm keeps the contract of recommenders") {
  const auto spec =
      GENERATE(cf::fm{.factors = 3, .epochs = 40, .loss = cf::fm_loss::bpr, .batch = 32, .regularization = 0.001f},
               cf::fm{.factors = 3, .epochs = 40, .loss = cf::fm_loss::logistic, .batch = 32, .regularization = 0.001f});
  contract::check_recommender([&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log, seed{1}); },
                              {.folds_in_exactly = false});
}
