// Every recommender of the library keeps the contract.
#include <cstdint>
#include <vector>

#include <mmrec/cf.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>

#include "contract/recommender_contract.hpp"

using namespace mmrec;

namespace {

/// Two columns say whether the item's number is even or odd, the others are noise; every seventh item has no features when
/// the catalogue is that of the random log.
data::dense_features dense_features(std::size_t items) {
  random_stream random(seed{23});
  data::dense_features features{matrix<float>::Zero(static_cast<Eigen::Index>(items), 10), data::presence(items, 1)};
  for (std::size_t item = 0; item < items; ++item) {
    if (items == 90 && item % 7 == 3) {
      features.present[item] = 0;
      continue;
    }
    const auto row = static_cast<Eigen::Index>(item);
    for (Eigen::Index column = 2; column < 10; ++column) features.values(row, column) = 0.05f * random.uniform_float();
    features.values(row, static_cast<Eigen::Index>(item % 2)) = 1.0f;
  }
  return features;
}

data::sparse_features sparse_features(std::size_t items) {
  const data::dense_features dense = dense_features(items);
  std::vector<std::int64_t> starts{0};
  std::vector<std::int32_t> columns;
  std::vector<float> values;
  for (std::size_t item = 0; item < items; ++item) {
    for (std::int32_t column = 0; column < 10; ++column) {
      const float value = dense.values(static_cast<Eigen::Index>(item), column);
      if (value == 0.0f) continue;
      columns.push_back(column);
      values.push_back(value);
    }
    starts.push_back(static_cast<std::int64_t>(values.size()));
  }
  return {csr_matrix<float>(10, std::move(starts), std::move(columns), std::move(values)), dense.present};
}

}  // namespace

TEST_CASE("popularity keeps the contract of recommenders") {
  contract::check_recommender(
      [](const auto& exec, const data::interactions& log) { return cf::popularity{}.fit(exec, log); },
      {.personal = false, .scores_without_history = true});
}

TEST_CASE("item_knn keeps the contract of recommenders") {
  const auto spec = GENERATE(cf::item_knn{}, cf::item_knn{.neighbours = 40, .similarity = cf::item_similarity::jaccard},
                             cf::item_knn{.similarity = cf::item_similarity::dot, .shrinkage = 3.0f, .binary = false});
  contract::check_recommender([&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log); });
}

TEST_CASE("ease keeps the contract of recommenders") {
  const auto spec = GENERATE(cf::ease{.regularization = 5.0f}, cf::ease{.regularization = 50.0f, .binary = false});
  contract::check_recommender([&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log); });
}

TEST_CASE("ials keeps the contract of recommenders") {
  contract::check_recommender(
      [](const auto& exec, const data::interactions& log) { return cf::ials{.factors = 8}.fit(exec, log, seed{1}); },
      {.explain_error = 1e-4});
}

TEST_CASE("profile keeps the contract of recommenders") {
  const auto spec =
      GENERATE(cf::profile{}, cf::profile{.similarity = cf::profile_similarity::dot},
               cf::profile{.weighting = cf::profile_weighting::values},
               cf::profile{.similarity = cf::profile_similarity::dot, .weighting = cf::profile_weighting::centred});
  SECTION("dense features") {
    contract::check_recommender(
        [&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log, dense_features(log.items())); });
  }
  SECTION("sparse features") {
    contract::check_recommender(
        [&](const auto& exec, const data::interactions& log) { return spec.fit(exec, log, sparse_features(log.items())); });
  }
}
