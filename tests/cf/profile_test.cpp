// Content profiles: against the definition in double, dense and sparse alike.
#include <mmrec/cf/profile.hpp>

#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk.hpp>
#include <mmrec/kernel/topk_dot.hpp>

#include "support/catch.hpp"
#include "support/peak_memory.hpp"

using namespace mmrec;

static_assert(stage<cf::profile>);
static_assert(takes<cf::profile, kind::dense<float, 64>> && takes<cf::profile, kind::dense<float>>);
static_assert(takes<cf::profile, kind::sparse<float>>);
static_assert(!takes<cf::profile, kind::text> && !takes<cf::profile, kind::scores> &&
              !takes<cf::profile, kind::dense<double>>);
static_assert(cf::factor_model<cf::profile_model<cf::detail::dense_rows>>);
static_assert(!cf::factor_model<cf::profile_model<cf::detail::sparse_rows>>);

namespace {

constexpr std::size_t users = 20, items = 70, width = 9;

data::interactions random_log() {
  random_stream random(seed{41});
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    for (const std::uint32_t item : random.sample(items, random.below(8))) {
      events.push_back({user_id{user}, item_id{std::size_t{item}}, static_cast<float>(1 + random.below(5)), 0});
    }
  }
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

data::dense_features random_features() {
  random_stream random(seed{42});
  data::dense_features features{matrix<float>::Zero(items, width), data::presence(items, 1)};
  for (std::size_t item = 0; item < items; ++item) {
    if (item % 6 == 5) features.present[item] = 0;
    if (item % 6 == 5 || item == 12) continue;  // item 12 has features, all of them 0
    for (std::size_t column = 0; column < width; ++column) {
      if (random.below(2) == 0) {
        features.values(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(column)) =
            static_cast<float>(random.normal());
      }
    }
  }
  return features;
}

data::sparse_features as_sparse(const data::dense_features& dense) {
  std::vector<std::int64_t> starts{0};
  std::vector<std::int32_t> columns;
  std::vector<float> values;
  for (Eigen::Index item = 0; item < dense.values.rows(); ++item) {
    for (Eigen::Index column = 0; column < dense.values.cols(); ++column) {
      if (dense.values(item, column) == 0.0f) continue;
      columns.push_back(static_cast<std::int32_t>(column));
      values.push_back(dense.values(item, column));
    }
    starts.push_back(static_cast<std::int64_t>(values.size()));
  }
  return {csr_matrix<float>(dense.width(), std::move(starts), std::move(columns), std::move(values)), dense.present};
}

/// The scores by the definition; NaN where there is none.
std::vector<double> by_definition(const cf::profile& spec, history_view history, const data::dense_features& features) {
  std::vector<double> weights(history.items.size(), 1.0);
  double mean = 0.0;
  for (const float value : history.values) mean += double{value} / static_cast<double>(history.values.size());
  bool varied = false;
  for (const float value : history.values) varied = varied || value != history.values.front();
  for (std::size_t entry = 0; entry < weights.size(); ++entry) {
    if (spec.weighting == cf::profile_weighting::values) weights[entry] = double{history.values[entry]};
    if (spec.weighting == cf::profile_weighting::centred && varied) weights[entry] = double{history.values[entry]} - mean;
  }
  const matrix<double> raw = features.values.cast<double>();
  const auto row_of_item = [&](std::size_t item) {
    vector<double> row = raw.row(static_cast<Eigen::Index>(item)).transpose();
    if (spec.similarity == cf::profile_similarity::cosine && row.norm() > 0.0) row /= row.norm();
    return row;
  };
  vector<double> taste = vector<double>::Zero(width);
  double total = 0.0;
  for (std::size_t entry = 0; entry < weights.size(); ++entry) {
    if (features.present[history.items[entry].index()] == 0) continue;
    taste += weights[entry] * row_of_item(history.items[entry].index());
    total += std::abs(weights[entry]);
  }
  if (total > 0.0) taste /= total;
  const bool judges = total > 0.0 && (spec.similarity == cf::profile_similarity::dot || taste.norm() > 1e-12);
  if (judges && spec.similarity == cf::profile_similarity::cosine) taste /= taste.norm();
  std::vector<double> scores(items);
  for (std::size_t item = 0; item < items; ++item) {
    scores[item] = judges && features.present[item] != 0 ? taste.dot(row_of_item(item)) : double{no_score};
  }
  return scores;
}

void check_scores(const std::vector<float>& found, const std::vector<double>& expected) {
  for (std::size_t item = 0; item < items; ++item) {
    CAPTURE(item);
    REQUIRE(std::isnan(found[item]) == std::isnan(expected[item]));
    if (!std::isnan(expected[item])) REQUIRE(double{found[item]} == Approx(expected[item]).margin(1e-6));
  }
}

}  // namespace

TEST_CASE("profile scores as defined, from dense and from sparse features") {
  const auto similarity = GENERATE(cf::profile_similarity::dot, cf::profile_similarity::cosine);
  const auto weighting =
      GENERATE(cf::profile_weighting::binary, cf::profile_weighting::values, cf::profile_weighting::centred);
  const cf::profile spec{similarity, weighting};
  const auto log = random_log();
  const auto features = random_features();
  const auto dense = spec.fit(exec::cpu{}, log, features);
  const auto sparse = spec.fit(exec::cpu{}, log, as_sparse(features));
  decltype(dense)::workspace dense_scratch;
  decltype(sparse)::workspace sparse_scratch;
  std::vector<float> scores(items);
  for (std::size_t user = 0; user < users; ++user) {
    CAPTURE(user);
    const auto expected = by_definition(spec, log.history(user_id{user}), features);
    dense.score(user_id{user}, scores, dense_scratch);
    check_scores(scores, expected);
    sparse.score(user_id{user}, scores, sparse_scratch);
    check_scores(scores, expected);
  }
}

TEST_CASE("profile lets disliked items push away what is like them") {
  data::dense_features features{matrix<float>::Zero(4, 2), data::presence(4, 1)};
  features.values << 1, 0, 0, 1, 2, 0, 0, 2;
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(1)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(4)),
                               {{user_id{0u}, item_id{0u}, 5.0f}, {user_id{0u}, item_id{1u}, 1.0f}});
  const auto model = cf::profile{.weighting = cf::profile_weighting::centred}.fit(exec::cpu{}, log, features);
  decltype(model)::workspace scratch;
  std::vector<float> scores(4);
  model.score(user_id{0u}, scores, scratch);
  CHECK(scores[2] == Approx(std::sqrt(0.5)));
  CHECK(scores[3] == Approx(-std::sqrt(0.5)));
}

TEST_CASE("profile scores a new item by its features as it would one of the catalogue") {
  const auto similarity = GENERATE(cf::profile_similarity::dot, cf::profile_similarity::cosine);
  const cf::profile spec{.similarity = similarity};
  const auto log = random_log();
  const auto features = random_features();
  const auto sparse_features = as_sparse(features);
  const auto dense = spec.fit(exec::cpu{}, log, features);
  const auto sparse = spec.fit(exec::cpu{}, log, sparse_features);
  decltype(dense)::workspace scratch;
  decltype(sparse)::workspace sparse_scratch;
  std::vector<float> scores(items);
  for (std::size_t user = 0; user < users; ++user) {
    dense.score(user_id{user}, scores, scratch);
    for (const std::size_t item : {0u, 12u, 33u}) {
      const float found =
          dense.score_features(row_of(features.values, static_cast<Eigen::Index>(item)), user_id{user}, scratch);
      const float found_sparse = sparse.score_features(sparse_features.values.row(item), user_id{user}, sparse_scratch);
      if (std::isnan(scores[item])) {
        CHECK(std::isnan(found));
        CHECK(std::isnan(found_sparse));
      } else {
        CHECK(found == Approx(scores[item]).margin(1e-6));
        CHECK(found_sparse == Approx(scores[item]).margin(1e-6));
      }
    }
  }
  const std::vector<float> narrow(width - 1, 1.0f);
  CHECK_THROWS_WITH(dense.score_features(narrow, user_id{0u}, scratch),
                    "cf::profile::score_features: width of the features: expected 9, got 8");
  const std::vector<std::int32_t> beyond{static_cast<std::int32_t>(width)};
  const std::vector<float> one{1.0f};
  CHECK_THROWS_AS(sparse.score_features({beyond, one}, user_id{0u}, sparse_scratch), shape_error);
  CHECK_THROWS_AS(dense.score_features(row_of(features.values, 0), user_id{users}, scratch), unknown_id);
}

TEST_CASE("profile finds the items that are like given features") {
  const auto log = random_log();
  const auto features = random_features();
  const auto dense = cf::profile{}.fit(exec::cpu{}, log, features);
  const auto sparse = cf::profile{}.fit(exec::cpu{}, log, as_sparse(features));
  decltype(dense)::workspace scratch;
  decltype(sparse)::workspace sparse_scratch;
  std::vector<float> found(items), found_sparse(items);
  matrix<float> query = 3.0f * features.values.row(4);
  dense.similar(row_of(query, 0), found, scratch);
  sparse.similar(as_sparse(features).values.row(4), found_sparse, sparse_scratch);
  for (std::size_t item = 0; item < items; ++item) {
    if (features.present[item] == 0) {
      CHECK(std::isnan(found[item]));
      continue;
    }
    const auto row = features.values.row(static_cast<Eigen::Index>(item));
    const double expected = item == 12 ? 0.0 : double{query.row(0).dot(row) / (query.norm() * row.norm())};
    CHECK(double{found[item]} == Approx(expected).margin(1e-6));
    CHECK(double{found_sparse[item]} == Approx(expected).margin(1e-6));
  }
}

TEST_CASE("profile's vectors give, in one search, the lists that its scores give") {
  const auto similarity = GENERATE(cf::profile_similarity::dot, cf::profile_similarity::cosine);
  const auto log = random_log();
  const auto model = cf::profile{.similarity = similarity}.fit(exec::cpu{}, log, random_features());
  decltype(model)::workspace scratch;
  const matrix_view<float> vectors = model.item_vectors();
  const kernel::packed_items packed({vectors.data(), static_cast<std::size_t>(vectors.size())}, items, width);
  std::vector<float> queries(users * width), scores(items);
  for (std::size_t user = 0; user < users; ++user) {
    model.user_vector(user_id{user}, std::span(queries).subspan(user * width, width), scratch);
  }
  constexpr std::size_t k = 12;
  std::vector<scored_item> lists(users * k), list(k);
  std::vector<std::size_t> counts(users);
  packed.search(exec::cpu{}, queries, k, {}, lists, counts);
  for (std::size_t user = 0; user < users; ++user) {
    model.score(user_id{user}, scores, scratch);
    const std::size_t count = kernel::top_k(scores, k, list);
    REQUIRE(counts[user] == count);
    for (std::size_t place = 0; place < count; ++place) CHECK(lists[user * k + place] == list[place]);
  }
}

TEST_CASE("profile refuses features that do not fit, by name") {
  const auto log = random_log();
  const exec::cpu exec;
  auto features = random_features();
  features.values(3, 2) = std::numeric_limits<float>::infinity();
  CHECK_THROWS_WITH(cf::profile{}.fit(exec, log, features),
                    "cf::profile::fit: features: non-finite value in row 3, column 2");
  CHECK_THROWS_WITH(cf::profile{}.fit(exec, log, as_sparse(features)),
                    "cf::profile::fit: features: non-finite value in row 3, column 2");
  features = random_features();
  features.values.conservativeResize(items - 1, width);
  CHECK_THROWS_AS(cf::profile{}.fit(exec, log, features), shape_error);
  features.present.pop_back();
  CHECK_THROWS_WITH(cf::profile{}.fit(exec, log, features), "cf::profile::fit: items of the features: expected 70, got 69");
  CHECK_THROWS_AS(cf::profile{}.fit(exec, log, data::dense_features{matrix<float>(items, 0), data::presence(items, 1)}),
                  data_error);
}

TEST_CASE("profile compares the directions of the tiniest features") {
  data::dense_features features{matrix<float>::Zero(3, 2), data::presence(3, 1)};
  features.values << 4e-42f, 0, 4e-42f, 4e-42f, 0, 1;
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(1)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(3)),
                               {{user_id{0u}, item_id{0u}, 5.0f}});
  const auto check = [&](const auto& model, const auto& row) {
    typename std::decay_t<decltype(model)>::workspace scratch;
    std::vector<float> scores(3), similar(3);
    model.score(user_id{0u}, scores, scratch);
    model.similar(row, similar, scratch);
    for (const auto& found : {scores, similar}) {
      CHECK(found[0] == Approx(1.0));
      CHECK(found[1] == Approx(std::sqrt(0.5)));
      CHECK(found[2] == 0.0f);
    }
  };
  check(cf::profile{}.fit(exec::cpu{}, log, features), row_of(features.values, 0));
  const data::sparse_features sparse = as_sparse(features);
  check(cf::profile{}.fit(exec::cpu{}, log, sparse), sparse.values.row(0));
}

TEST_CASE("profile tells the memory of a fit, and refuses one beyond the limit") {
  constexpr std::size_t users = 4000, items = 3000;
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t n = 0; n < 10; ++n) events.push_back({user_id{user}, item_id{(user * 7 + n * 31) % items}});
  }
  const data::interactions log(std::make_shared<const data::user_map>(data::user_map::numbered(users)),
                               std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events));
  const auto check = [&](const auto& features) {
    const std::uint64_t bytes = cf::profile{}.fit_bytes(exec::cpu{}, log, features);
    test::check_peak(bytes, [&] { cf::profile{}.fit(exec::cpu{}, log, features); });
    CHECK_THROWS_AS(cf::profile{}.fit(exec::cpu{.memory_limit = bytes - 1}, log, features), limit_error);
  };
  check(data::dense_features{matrix<float>::Random(items, 20), data::presence(items, 1)});
  std::vector<std::int64_t> starts(items + 1);
  std::vector<std::int32_t> columns(items * 12);
  for (std::size_t item = 0; item <= items; ++item) starts[item] = static_cast<std::int64_t>(item * 12);
  for (std::size_t entry = 0; entry < columns.size(); ++entry) columns[entry] = static_cast<std::int32_t>(entry % 12 * 3);
  std::vector<float> values(columns.size(), 0.5f);
  check(data::sparse_features{csr_matrix<float>(40, std::move(starts), std::move(columns), std::move(values)),
                              data::presence(items, 1)});
}
