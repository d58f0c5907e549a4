// Neighbours by users and features: against item_knn and profile, and against all pairs.
#include <mmrec/cf/feature_knn.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/cf/item_knn.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

namespace {

/// Every seventh item has none; some numbers are negative, half are 0.
data::dense_features features_of(std::size_t items) {
  random_stream random(seed{9});
  data::dense_features features{matrix<float>::Zero(static_cast<Eigen::Index>(items), 6), data::presence(items, 1)};
  for (std::size_t item = 0; item < items; ++item) {
    if (item % 7 == 3) {
      features.present[item] = 0;
      continue;
    }
    for (Eigen::Index column = 0; column < 6; ++column) {
      if (random.below(2) == 0) features.values(static_cast<Eigen::Index>(item), column) = random.uniform_float() - 0.3f;
    }
  }
  return features;
}

data::sparse_features sparse(const data::dense_features& dense) {
  csr_matrix<float> values(6);
  for (Eigen::Index item = 0; item < dense.values.rows(); ++item) {
    sparse_row<float> row;
    for (Eigen::Index column = 0; column < 6; ++column) {
      if (dense.values(item, column) == 0.0f) continue;
      row.indices.push_back(static_cast<std::int32_t>(column));
      row.values.push_back(dense.values(item, column));
    }
    values.push_row(row.view());
  }
  return {std::move(values), dense.present};
}

double cosine(const data::dense_features& features, std::size_t a, std::size_t b) {
  if (features.present[a] == 0 || features.present[b] == 0) return 0.0;
  const auto left = features.values.row(static_cast<Eigen::Index>(a)).cast<double>();
  const auto right = features.values.row(static_cast<Eigen::Index>(b)).cast<double>();
  const double length = left.norm() * right.norm();
  return length == 0.0 ? 0.0 : left.dot(right) / length;
}

}  // namespace

TEST_CASE("feature_knn mixes the similarities of users and features") {
  constexpr std::size_t items = 60;
  const auto log = neighbours::random_log(80, items, 12);
  const auto features = features_of(items);
  const auto share = GENERATE(0.0f, 0.4f, 1.0f);
  const auto users = neighbours::weights_of(cf::item_knn{.neighbours = items}.fit(exec::cpu{}, log));
  neighbours::table expected(items, std::vector<double>(items, 0.0));
  for (std::size_t item = 0; item < items; ++item) {
    std::vector<std::pair<double, std::size_t>> alike;
    for (std::size_t other = 0; other < items; ++other) {
      const double score = (1.0 - double{share}) * users[item][other] + double{share} * cosine(features, item, other);
      if (other != item && score > 1e-6) alike.emplace_back(-score, other);
    }
    std::sort(alike.begin(), alike.end());
    if (alike.size() > 8) alike.resize(8);
    for (const auto& [negative, other] : alike) expected[item][other] = -negative;
  }
  const cf::feature_knn spec{.content_share = share, .neighbours = 8};
  const auto model = spec.fit(exec::cpu{}, log, features);
  neighbours::check_equal(neighbours::weights_of(model), expected, 1e-6);
  neighbours::check_equal(neighbours::weights_of(spec.fit(exec::cpu{}, log, sparse(features))), expected, 1e-6);
  CHECK(neighbours::weights_of(spec.fit(exec::cpu{.threads = 8}, log, features)) == neighbours::weights_of(model));
}

TEST_CASE("feature_knn scores a new item from its features as a refit with it does") {
  constexpr std::size_t items = 40;
  const auto log = neighbours::random_log(80, items, 12);  // the last item is never chosen
  std::vector<data::interaction> events;
  for (const data::interaction& event : log.events()) {
    if (event.item.index() + 1 < items) events.push_back(event);
  }
  const auto whole = neighbours::log_of(80, items, events), without = neighbours::log_of(80, items - 1, events);
  const auto features = features_of(items);
  data::dense_features fewer{features.values.topRows(items - 1), features.present};
  fewer.present.pop_back();
  const cf::feature_knn spec{.content_share = 0.6f, .neighbours = 10};
  const auto refit = spec.fit(exec::cpu{}, whole, features);
  const auto model = spec.fit(exec::cpu{}, without, fewer);
  const auto in_sparse = spec.fit(exec::cpu{}, without, sparse(fewer));
  const auto all_sparse = sparse(features);
  std::size_t scored = 0;
  for (std::size_t user = 0; user < 80; ++user) {
    const float expected = neighbours::scores_of(refit, user_id{user})[items - 1];
    const float found = model.score_features(row_of(features.values, items - 1), user_id{user});
    const float found_in_sparse = in_sparse.score_features(all_sparse.values.row(items - 1), user_id{user});
    if (std::isnan(expected)) {
      CHECK(std::isnan(found));
      continue;
    }
    scored += expected > 0.0f ? 1 : 0;
    CHECK(double{found} == Approx(double{expected}).margin(1e-5));
    CHECK(double{found_in_sparse} == Approx(double{expected}).margin(1e-5));
  }
  CHECK(scored > 10);
}

TEST_CASE("feature_knn refuses rows of features that are none") {
  const auto log = neighbours::random_log(30, 40, 12);
  const auto features = features_of(40);
  const auto model = cf::feature_knn{}.fit(exec::cpu{}, log, features);
  std::vector<float> row(6, 1.0f);
  row[2] = no_score;
  CHECK(test::thrown<data_error>([&] { model.score_features(row, user_id{0u}); }) ==
        "cf::feature_knn::score_features: a feature is not finite");
  const auto in_sparse = cf::feature_knn{}.fit(exec::cpu{}, log, sparse(features));
  const std::vector<std::int32_t> falling{3, 1}, twice{1, 1}, rising{1, 3};
  const std::vector<float> ones{1.0f, 1.0f};
  for (const auto& columns : {falling, twice}) {
    CHECK(test::thrown<data_error>([&] {
            in_sparse.score_features({columns, ones}, user_id{0u});
          }) == "cf::feature_knn::score_features: the columns of the features are not in increasing order");
  }
  CHECK_NOTHROW(in_sparse.score_features({rising, ones}, user_id{0u}));
  CHECK_THROWS_AS(in_sparse.score_features({rising, std::span(row).subspan(1, 2)}, user_id{0u}), data_error);
}

TEST_CASE("feature_knn refuses what makes no sense, keeps to memory and stops when asked") {
  const auto log = neighbours::random_log(300, 500, 40);
  const auto features = features_of(500);
  for (const cf::feature_knn& bad :
       {cf::feature_knn{.content_share = 1.5f}, cf::feature_knn{.neighbours = 0}, cf::feature_knn{.shrinkage = -1.0f}}) {
    CHECK_THROWS_AS(bad.fit(exec::cpu{}, log, features), invalid_config);
  }
  CHECK(test::thrown<shape_error>([&] { cf::feature_knn{}.fit(exec::cpu{}, log, features_of(499)); }) ==
        "cf::feature_knn::fit: items of the features: expected 500, got 499");
  neighbours::stopping_sink sink;
  CHECK_THROWS_AS(cf::feature_knn{}.fit(exec::cpu{.progress = &sink}, log, features), cancelled);
  const cf::feature_knn spec{.neighbours = 30};
  const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log, features);
  test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log, features); });
  CHECK_THROWS_AS(spec.fit(exec::cpu{.memory_limit = bytes - 1}, log, features), limit_error);
  const auto in_sparse = sparse(features);
  test::check_peak(spec.fit_bytes(exec::cpu{}, log, in_sparse), [&] { spec.fit(exec::cpu{}, log, in_sparse); });
}
