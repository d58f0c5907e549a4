// iALS: against NumPy in float64 (tests/golden/ials.py), by its definition, and on planted data.
#include <mmrec/cf/ials.hpp>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <fstream>
#include <limits>
#include <map>
#include <memory>
#include <numeric>
#include <sstream>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/data/social_graph.hpp>
#include <mmrec/exec/cpu.hpp>

#include "contract/ml100k.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/data.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;
using test::thrown;

static_assert(recommender_model<cf::ials_model> && explainable_model<cf::ials_model> && cf::factor_model<cf::ials_model>);
static_assert(std::is_same_v<output_of<cf::ials, kind::dense<float, 32>>, kind::scores>);
static_assert(!takes<cf::ials, kind::sparse<float>> && !takes<cf::ials, kind::text>);

namespace {

using table = std::vector<std::vector<double>>;

const std::map<std::string, table>& golden() {
  static const auto tables = [] {
    std::map<std::string, table> read;
    std::ifstream file(MMREC_TEST_GOLDEN_DIR "/ials.csv");
    for (std::string line; std::getline(file, line);) {
      std::istringstream fields(line);
      std::string name, field;
      std::getline(fields, name, ',');
      auto& row = read[name].emplace_back();
      while (std::getline(fields, field, ',')) row.push_back(std::stod(field));
    }
    return read;
  }();
  return tables;
}

data::interactions log_of(std::size_t users, std::size_t items, std::vector<data::interaction> events) {
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)),
          std::make_shared<const data::item_map>(data::item_map::numbered(items)), std::move(events)};
}

data::interactions golden_log() {
  const table& r = golden().at("r");
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < r.size(); ++user) {
    for (std::size_t item = 0; item < r[user].size(); ++item) {
      if (r[user][item] != 0.0) events.push_back({user_id{user}, item_id{item}, static_cast<float>(r[user][item]), 0});
    }
  }
  return log_of(r.size(), r[0].size(), std::move(events));
}

data::dense_features golden_features() {
  const table& values = golden().at("features");
  data::dense_features features{matrix<float>(static_cast<Eigen::Index>(values.size()), 3), {}};
  for (std::size_t item = 0; item < values.size(); ++item) {
    for (std::size_t column = 0; column < 3; ++column) {
      features.values(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(column)) =
          static_cast<float>(values[item][column]);
    }
    features.present.push_back(golden().at("present")[0][item] != 0.0 ? 1 : 0);
  }
  return features;
}

data::social_graph golden_graph() {
  const table& trust = golden().at("trust");
  std::vector<data::social_edge> edges;
  for (std::size_t from = 0; from < trust.size(); ++from) {
    for (std::size_t to = 0; to < trust.size(); ++to) {
      if (trust[from][to] != 0.0) edges.push_back({user_id{from}, user_id{to}, static_cast<float>(trust[from][to])});
    }
  }
  return {std::make_shared<const data::user_map>(data::user_map::numbered(trust.size())), std::move(edges)};
}

/// Each user trusts the next three of his kind (see random_log), two of them less.
data::social_graph graph_of_kinds(std::size_t users) {
  std::vector<data::social_edge> edges;
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t step = 1; step <= 3 && user + 3 * step < users; ++step) {
      edges.push_back({user_id{user}, user_id{user + 3 * step}, step == 1 ? 1.0f : 0.5f});
    }
  }
  return {std::make_shared<const data::user_map>(data::user_map::numbered(users)), std::move(edges)};
}

/// Largest difference; rows that are NaN in one have to be NaN in the other.
double difference(const matrix_view<float>& values, const table& expected) {
  REQUIRE(static_cast<std::size_t>(values.rows()) == expected.size());
  REQUIRE(static_cast<std::size_t>(values.cols()) == expected[0].size());
  double worst = 0.0;
  for (std::size_t row = 0; row < expected.size(); ++row) {
    for (std::size_t column = 0; column < expected[row].size(); ++column) {
      const float value = values(static_cast<Eigen::Index>(row), static_cast<Eigen::Index>(column));
      REQUIRE(std::isnan(value) == std::isnan(expected[row][column]));
      if (!std::isnan(value)) worst = std::max(worst, std::abs(static_cast<double>(value) - expected[row][column]));
    }
  }
  return worst;
}

/// Two thirds of the users' own kind of items and a few others, with values 1..5; the last user and item have nothing.
data::interactions random_log(std::size_t users, std::size_t items, std::uint64_t key = 5) {
  random_stream random(seed{key});
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user + 1 < users; ++user) {
    for (std::size_t item = 0; item + 1 < items; ++item) {
      if (random.uniform() < (item % 3 == user % 3 ? 0.6 : 0.05)) {
        events.push_back({user_id{user}, item_id{item}, static_cast<float>(1 + random.below(5)), 0});
      }
    }
  }
  return log_of(users, items, std::move(events));
}

std::uint64_t hash_of(const cf::ials_model& model) {
  std::uint64_t hash = 14695981039346656037u;
  const auto add = [&hash](const matrix_view<float>& values) {
    for (Eigen::Index row = 0; row < values.rows(); ++row) {
      for (Eigen::Index column = 0; column < values.cols(); ++column) {
        const float value = values(row, column);
        std::uint32_t bits = 0;
        std::memcpy(&bits, &value, sizeof bits);
        hash = (hash ^ (std::isnan(value) ? 0 : bits)) * 1099511628211u;
      }
    }
  };
  add(model.user_vectors());
  add(model.item_vectors());
  add(model.feature_map());
  return hash;
}

}  // namespace

TEST_CASE("ials replays three iterations of float64 from the same start") {
  const data::interactions log = golden_log();
  const cf::ials common{.factors = 7, .iterations = 3, .initial_scale = 0.1f, .track_loss = true};
  const auto check = [&](const std::string& name, const cf::ials_model& model) {
    CAPTURE(name);
    CHECK(difference(model.user_vectors(), golden().at(name + " users")) < 2e-5);
    CHECK(difference(model.item_vectors(), golden().at(name + " items")) < 2e-5);
    const auto& objective = golden().at(name + " objective")[0];
    REQUIRE(model.report().objective.size() == 3);
    for (std::size_t n = 0; n < 3; ++n) CHECK(model.report().objective[n] == Approx(objective[n]).epsilon(1e-5));
  };
  cf::ials spec = common;
  spec.alpha = 4.0f;
  spec.regularization = 2.0f;
  spec.regularization_exponent = 0.0f;
  check("plain", spec.fit(exec::cpu{}, log, seed{42}));
  spec.regularization = 0.05f;
  spec.regularization_exponent = 1.0f;
  check("scaled", spec.fit(exec::cpu{}, log, seed{42}));
  spec.alpha = 2.0f;
  spec.regularization = 0.5f;
  spec.regularization_exponent = 0.5f;
  spec.content_weight = 1.5f;
  spec.feature_regularization = 0.7f;
  const auto model = spec.fit(exec::cpu{}, log, golden_features(), seed{42});
  check("content", model);
  CHECK(difference(model.feature_map(), golden().at("content map")) < 2e-5);
}

TEST_CASE("ials with a graph of users replays float64, with features as without") {
  const data::interactions log = golden_log();
  cf::ials spec{.factors = 7, .regularization = 0.5f, .alpha = 2.0f, .iterations = 3, .regularization_exponent = 0.5f};
  spec.track_loss = true;
  const auto check = [&](const std::string& name, const cf::ials_model& model) {
    CAPTURE(name);
    CHECK(difference(model.user_vectors(), golden().at(name + " users")) < 2e-5);
    CHECK(difference(model.item_vectors(), golden().at(name + " items")) < 2e-5);
    const auto& objective = golden().at(name + " objective")[0];
    REQUIRE(model.report().objective.size() == 3);
    for (std::size_t n = 0; n < 3; ++n) CHECK(model.report().objective[n] == Approx(objective[n]).epsilon(1e-5));
  };
  spec.social_weight = 1.5f;
  check("social", spec.fit(exec::cpu{}, log, golden_graph(), seed{42}));
  spec.social_weight = 0.5f;
  spec.content_weight = 1.5f;
  spec.feature_regularization = 0.7f;
  check("social content", spec.fit(exec::cpu{}, log, golden_features(), golden_graph(), seed{42}));
}

TEST_CASE("a graph of users helps those of whom little is known, and serves those of whom nothing is") {
  // Users of a kind have the same items in the end, of which the log shows one or two; the last three users show none.
  constexpr std::size_t users = 300, items = 60;
  random_stream random(seed{8});
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user + 3 < users; ++user) {
    for (std::size_t shown = 0; shown < 2; ++shown) {
      events.push_back({user_id{user}, item_id{3 * random.below(items / 3) + user % 3}, 1.0f, 0});
    }
  }
  std::sort(events.begin(), events.end(),
            [](const auto& a, const auto& b) { return std::tie(a.user, a.item) < std::tie(b.user, b.item); });
  events.erase(std::unique(events.begin(), events.end(),
                           [](const auto& a, const auto& b) { return a.user == b.user && a.item == b.item; }),
               events.end());
  const data::interactions log = log_of(users, items, std::move(events));
  std::vector<data::social_edge> edges;
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t step = 1; step <= 5; ++step) edges.push_back({user_id{user}, user_id{(user + 3 * step) % users}, 1.0f});
  }
  const data::social_graph graph(std::make_shared<const data::user_map>(data::user_map::numbered(users)), std::move(edges));
  const cf::ials spec{.factors = 16, .regularization = 0.02f, .social_weight = 5.0f};
  // The share of pairs of an item of the user's kind and another where the first has the higher score.
  const auto quality = [&](const cf::ials_model& model, std::size_t first, std::size_t last) {
    double right = 0.0, pairs = 0.0;
    cf::ials_model::workspace scratch;
    std::vector<float> scores(items);
    for (std::size_t user = first; user < last; ++user) {
      model.score(user_id{user}, scores, scratch);
      for (std::size_t own = user % 3; own < items; own += 3) {
        for (std::size_t other = 0; other < items; ++other) {
          if (other % 3 == user % 3) continue;
          ++pairs;
          right += scores[own] > scores[other] ? 1.0 : 0.0;
        }
      }
    }
    return right / pairs;
  };
  const auto alone = spec.fit(exec::cpu{}, log, seed{1});
  const auto drawn = spec.fit(exec::cpu{}, log, graph, seed{1});
  CAPTURE(quality(alone, 0, users - 3));
  CHECK(quality(drawn, 0, users - 3) > quality(alone, 0, users - 3) + 0.1);
  CHECK(std::isnan(alone.user_vectors()(users - 1, 0)));
  CHECK(quality(drawn, users - 3, users) > 0.9);
}

TEST_CASE("folding in a user who trusts others solves this user's equations") {
  const data::interactions log = random_log(40, 25);
  const data::social_graph graph = graph_of_kinds(40);
  const cf::ials spec{.factors = 6, .regularization = 0.03f, .alpha = 3.0f, .iterations = 4, .social_weight = 2.0f};
  const auto model = spec.fit(exec::cpu{}, log, graph, seed{1});
  const std::vector<item_id> items{item_id{2u}, item_id{5u}, item_id{11u}};
  const std::vector<float> values{1.0f, 3.0f, 2.0f};
  const data::trust_view trusted = graph.trusted_by(user_id{1u});
  REQUIRE(trusted.users.size() == 3);

  const matrix<double> y = model.item_vectors().topRows(24).cast<double>();  // item 24 has no interactions
  matrix<double> left = y.transpose() * y;
  Eigen::VectorXd right = Eigen::VectorXd::Zero(6), mean = Eigen::VectorXd::Zero(6);
  double confidence = 24.0;
  for (std::size_t entry = 0; entry < items.size(); ++entry) {
    const auto row = y.row(static_cast<Eigen::Index>(items[entry].index())).transpose();
    left += 3.0 * static_cast<double>(values[entry]) * row * row.transpose();
    right += (1.0 + 3.0 * static_cast<double>(values[entry])) * row;
    confidence += 3.0 * static_cast<double>(values[entry]);
  }
  for (std::size_t edge = 0; edge < 3; ++edge) {
    mean += static_cast<double>(trusted.weights[edge]) / 2.0 *
            model.user_vectors().row(static_cast<Eigen::Index>(trusted.users[edge].index())).cast<double>().transpose();
  }
  const double lambda = static_cast<double>(0.03f) * confidence;
  left += 3.0 * lambda * matrix<double>::Identity(6, 6);
  right += 2.0 * lambda * mean;
  const Eigen::VectorXd expected = left.ldlt().solve(right);

  cf::ials_model::workspace scratch;
  std::vector<float> found(6), scores(25);
  model.history_vector({items, values}, trusted, found, scratch);
  for (std::size_t k = 0; k < 6; ++k) CHECK(found[k] == Approx(expected[static_cast<Eigen::Index>(k)]).margin(1e-5));
  model.score_history({items, values}, trusted, scores, scratch);
  for (std::size_t item = 0; item < 24; ++item) {
    CHECK(scores[item] == Approx(expected.dot(y.row(static_cast<Eigen::Index>(item)))).margin(1e-5));
  }
  // Nothing but trust: the mean of the trusted; nothing at all: no scores.
  model.history_vector({}, trusted, found, scratch);
  for (std::size_t k = 0; k < 6; ++k) CHECK(found[k] == Approx(mean[static_cast<Eigen::Index>(k)]).margin(1e-6));
  model.history_vector({}, data::trust_view{}, found, scratch);
  CHECK(std::isnan(found[0]));
  std::vector<float> without(6);
  model.history_vector({items, values}, data::trust_view{}, found, scratch);
  model.history_vector({items, values}, without, scratch);
  CHECK(found == without);

  const std::vector<user_id> nobody{user_id{40u}}, one{user_id{1u}};
  const std::vector<float> too_much{1.5f}, all{1.0f};
  CHECK(thrown<unknown_id>([&] {
          model.history_vector({}, {nobody, all}, found, scratch);
        }) == "cf::ials::history_vector: unknown user 40 (40 known)");
  CHECK(thrown<data_error>([&] {
          model.history_vector({}, {one, too_much}, found, scratch);
        }) == "cf::ials::history_vector: the weight to user 1 is not above 0 and at most 1");
  CHECK(thrown<shape_error>([&] {
          model.history_vector({}, {one, {}}, found, scratch);
        }) == "cf::ials::history_vector: weights of the trusted: expected 1, got 0");
}

TEST_CASE("ials with a graph lowers its objective, has the same bits for any number of threads and foretells its memory") {
  const auto solver = GENERATE(cf::ials_solver::cholesky, cf::ials_solver::conjugate_gradient, cf::ials_solver::subspace);
  CAPTURE(static_cast<int>(solver));
  const data::interactions log = random_log(600, 90);
  const data::social_graph graph = graph_of_kinds(600);
  const cf::ials spec{.factors = 20, .iterations = 6, .social_weight = 5.0f, .track_loss = true, .solver = solver};
  const auto model = spec.fit(exec::cpu{}, log, graph, seed{1});
  const auto& objective = model.report().objective;
  for (std::size_t n = 1; n < objective.size(); ++n) CHECK(objective[n] <= objective[n - 1] * (1.0 + 1e-6));
  for (const std::size_t threads : {std::size_t{2}, std::size_t{8}}) {
    CHECK(hash_of(spec.fit(exec::cpu{.threads = threads}, log, graph, seed{1})) == hash_of(model));
  }
  test::check_peak(spec.fit_bytes(exec::cpu{}, log, graph), [&] { spec.fit(exec::cpu{}, log, graph, seed{1}); });
  const data::social_graph others = graph_of_kinds(599);
  CHECK(thrown<shape_error>([&] { spec.fit(exec::cpu{}, log, others, seed{1}); }) ==
        "cf::ials::fit: users of the graph: expected 600, got 599");
}

TEST_CASE("the solvers that better factors replay float64, with features as without") {
  const data::interactions log = golden_log();
  const auto check = [&](const std::string& name, const cf::ials_model& model) {
    CAPTURE(name);
    CHECK(difference(model.user_vectors(), golden().at(name + " users")) < 2e-5);
    CHECK(difference(model.item_vectors(), golden().at(name + " items")) < 2e-5);
    const auto& objective = golden().at(name + " objective")[0];
    REQUIRE(model.report().objective.size() == 3);
    for (std::size_t n = 0; n < 3; ++n) CHECK(model.report().objective[n] == Approx(objective[n]).epsilon(1e-5));
  };
  cf::ials plain{.factors = 7, .regularization = 2.0f, .alpha = 4.0f, .iterations = 3, .regularization_exponent = 0.0f};
  plain.track_loss = true;
  cf::ials content = plain;
  content.alpha = 2.0f;
  content.regularization = content.regularization_exponent = 0.5f;
  content.content_weight = 1.5f;
  content.feature_regularization = 0.7f;
  plain.solver = content.solver = cf::ials_solver::conjugate_gradient;
  plain.cg_steps = 2;
  check("cg", plain.fit(exec::cpu{}, log, seed{42}));
  check("cg content", content.fit(exec::cpu{}, log, golden_features(), seed{42}));
  // 20 factors in blocks of 16: one whole and one of 4.
  plain.solver = content.solver = cf::ials_solver::subspace;
  plain.factors = content.factors = 20;
  plain.block_size = content.block_size = 16;
  check("subspace", plain.fit(exec::cpu{}, log, seed{42}));
  check("subspace content", content.fit(exec::cpu{}, log, golden_features(), seed{42}));
}

TEST_CASE("all solvers of ials come to one optimum") {
  const data::interactions log = random_log(60, 45);
  const auto fit = [&](cf::ials_solver solver) {
    return cf::ials{
        .factors = 36, .regularization = 0.2f, .iterations = 200, .track_loss = true, .solver = solver, .block_size = 16}
        .fit(exec::cpu{}, log, seed{1});
  };
  const auto scores = [](const cf::ials_model& model) -> matrix<float> {
    return model.user_vectors().topRows(59) * model.item_vectors().topRows(44).transpose();
  };
  const auto exact = fit(cf::ials_solver::cholesky);
  for (const auto solver : {cf::ials_solver::conjugate_gradient, cf::ials_solver::subspace}) {
    CAPTURE(static_cast<int>(solver));
    const auto model = fit(solver);
    CHECK(model.report().objective.back() == Approx(exact.report().objective.back()).epsilon(1e-5));
    CHECK((scores(model) - scores(exact)).cwiseAbs().maxCoeff() < 2e-3f);
  }
}

TEST_CASE("ials lowers its objective in each iteration, with any number of factors") {
  const data::interactions log = random_log(50, 40);
  const std::size_t factors = GENERATE(as<std::size_t>{}, 1, 7, 16, 64, 100, 128);
  const bool content = GENERATE(false, true);
  const auto solver = GENERATE(cf::ials_solver::cholesky, cf::ials_solver::conjugate_gradient, cf::ials_solver::subspace);
  CAPTURE(factors, content, static_cast<int>(solver));
  const cf::ials spec{.factors = factors, .iterations = 6, .track_loss = true, .solver = solver};
  data::dense_features features{matrix<float>::Random(40, 5), data::presence(40, 1)};
  const auto model = content ? spec.fit(exec::cpu{}, log, features, seed{1}) : spec.fit(exec::cpu{}, log, seed{1});
  const auto& objective = model.report().objective;
  REQUIRE(objective.size() == 6);
  for (std::size_t n = 1; n < objective.size(); ++n) CHECK(objective[n] <= objective[n - 1] * (1.0 + 1e-6));
  CHECK(objective.back() < 0.99 * objective.front());
}

TEST_CASE("a user's factors are those of the user's history, an item's those of its users") {
  const data::interactions log = random_log(60, 45);
  const std::size_t factors = GENERATE(as<std::size_t>{}, 1, 16, 33, 64);
  // Many iterations, because the items were solved for the users of one half-step before the last.
  const auto model = cf::ials{.factors = factors, .regularization = 0.05f, .iterations = 200}.fit(exec::cpu{}, log, seed{2});
  cf::ials_model::workspace scratch;
  std::vector<float> known(factors), folded(factors);
  for (std::size_t user = 0; user + 1 < log.users(); ++user) {
    model.user_vector(user_id{user}, known, scratch);
    model.history_vector(log.history(user_id{user}), folded, scratch);
    for (std::size_t k = 0; k < factors; ++k) CHECK(std::abs(known[k] - folded[k]) <= 1e-5f);
  }
  for (std::size_t item = 0; item + 1 < log.items(); ++item) {
    std::vector<user_id> users;
    std::vector<float> values;
    for (const data::interaction& event : log.events()) {
      if (event.item != item_id{item}) continue;
      users.push_back(event.user);
      values.push_back(event.value);
    }
    model.fold_in_item(users, values, folded, scratch);
    for (std::size_t k = 0; k < factors; ++k) {
      CHECK(std::abs(model.item_vectors()(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(k)) - folded[k]) <=
            2e-3f);
    }
  }
}

TEST_CASE("the contributions of a history add up to the folded-in score") {
  const data::interactions log = random_log(30, 25);
  const auto model = cf::ials{.factors = 12}.fit(exec::cpu{}, log, seed{3});
  cf::ials_model::workspace scratch;
  std::vector<float> scores(log.items());
  for (std::size_t user = 0; user + 1 < log.users(); ++user) {
    const history_view history = log.history(user_id{user});
    std::vector<float> parts(history.items.size());
    model.score_history(history, scores, scratch);
    for (std::size_t item = 0; item + 1 < log.items(); ++item) {
      model.explain(history, item_id{item}, parts, scratch);
      double sum = 0.0;
      for (const float part : parts) sum += static_cast<double>(part);
      CHECK(sum == Approx(static_cast<double>(scores[item])).margin(2e-5));
    }
  }
  // What an item adds is what the score loses without it, to first order: the same sign for the strongest.
  const history_view history = log.history(user_id{0});
  std::vector<float> parts(history.items.size());
  model.explain(history, history.items[0], parts);
  CHECK(std::max_element(parts.begin(), parts.end()) == parts.begin());
}

TEST_CASE("ials has the same bits for any number of threads, also with very popular items") {
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < 70000; ++user) {
    events.push_back({user_id{user}, item_id{0u}});  // longer than a task takes alone
    events.push_back({user_id{user}, item_id{1 + user % 7}});
    if (user < 40000) events.push_back({user_id{user}, item_id{8u}, 2.0f});
  }
  const data::interactions popular = log_of(70000, 9, std::move(events));
  const auto solver = GENERATE(cf::ials_solver::cholesky, cf::ials_solver::conjugate_gradient, cf::ials_solver::subspace);
  CAPTURE(static_cast<int>(solver));
  const cf::ials small{.factors = 5, .iterations = 2, .track_loss = true, .solver = solver};
  const auto one = small.fit(exec::cpu{}, popular, seed{9});
  CHECK(one.report().objective[1] <= one.report().objective[0]);
  CHECK(hash_of(small.fit(exec::cpu{.threads = 2}, popular, seed{9})) == hash_of(one));
  CHECK(hash_of(small.fit(exec::cpu{.threads = 8}, popular, seed{9})) == hash_of(one));
  CHECK(hash_of(small.fit(exec::cpu{}, popular, seed{10})) != hash_of(one));

  const data::interactions log = random_log(300, 200);
  const data::dense_features features{matrix<float>::Random(200, 8), data::presence(200, 1)};
  const cf::ials spec{.factors = 20, .iterations = 3, .solver = solver, .block_size = 16};
  const std::uint64_t hash = hash_of(spec.fit(exec::cpu{}, log, features, seed{9}));
  CHECK(hash_of(spec.fit(exec::cpu{.threads = 2}, log, features, seed{9})) == hash);
  CHECK(hash_of(spec.fit(exec::cpu{.threads = 8}, log, features, seed{9})) == hash);
}

TEST_CASE("ials recovers a planted structure of low rank") {
  // Four groups of users, four of items; a quarter of each user's pairs are hidden.
  random_stream random(seed{11});
  std::vector<data::interaction> events;
  std::vector<std::pair<std::size_t, std::size_t>> hidden;
  for (std::size_t user = 0; user < 120; ++user) {
    for (std::size_t item = user % 4; item < 80; item += 4) {
      if (random.uniform() < 0.25) {
        hidden.emplace_back(user, item);
      } else {
        events.push_back({user_id{user}, item_id{item}});
      }
    }
  }
  const auto model = cf::ials{.factors = 4}.fit(exec::cpu{}, log_of(120, 80, std::move(events)), seed{4});
  cf::ials_model::workspace scratch;
  std::vector<float> scores(80);
  float least_hidden = 1.0f, largest_other = 0.0f;
  for (std::size_t user = 0; user < 120; ++user) {
    model.score(user_id{user}, scores, scratch);
    for (const auto& [owner, item] : hidden) {
      if (owner == user) least_hidden = std::min(least_hidden, scores[item]);
    }
    for (std::size_t item = 0; item < 80; ++item) {
      if (item % 4 != user % 4) largest_other = std::max(largest_other, std::abs(scores[item]));
    }
  }
  CHECK(least_hidden > 0.5f);
  CHECK(largest_other < 0.1f);
}

TEST_CASE("features let items score that nobody has touched") {
  // Six groups; an item's features say its group, with noise. Every tenth item is withheld from the interactions.
  constexpr std::size_t users = 180, items = 240, groups = 6;
  random_stream random(seed{13});
  std::vector<data::interaction> events;
  data::dense_features features{matrix<float>::Zero(items, 12), data::presence(items, 1)};
  for (std::size_t item = 0; item < items; ++item) {
    for (Eigen::Index column = 0; column < 12; ++column) {
      features.values(static_cast<Eigen::Index>(item), column) = 0.3f * static_cast<float>(random.normal());
    }
    features.values(static_cast<Eigen::Index>(item), static_cast<Eigen::Index>(item % groups)) += 1.0f;
  }
  const auto cold = [](std::size_t item) { return item % 10 == 7; };
  for (std::size_t user = 0; user < users; ++user) {
    for (std::size_t item = 0; item < items; ++item) {
      if (!cold(item) && random.uniform() < (item % groups == user % groups ? 0.4 : 0.02)) {
        events.push_back({user_id{user}, item_id{item}});
      }
    }
  }
  const data::interactions log = log_of(users, items, std::move(events));
  const auto model = cf::ials{.factors = 8}.fit(exec::cpu{}, log, features, seed{6});
  REQUIRE(model.feature_width() == 12);
  cf::ials_model::workspace scratch;
  std::vector<float> scores(items);
  double ordered = 0.0, pairs = 0.0;
  for (std::size_t user = 0; user < users; ++user) {
    model.score(user_id{user}, scores, scratch);
    for (std::size_t liked = 7; liked < items; liked += 10) {
      if (liked % groups != user % groups) continue;
      for (std::size_t other = 7; other < items; other += 10) {
        if (other % groups == user % groups) continue;
        pairs += 1.0;
        ordered += scores[liked] > scores[other] ? 1.0 : 0.0;
      }
    }
  }
  CHECK(ordered / pairs > 0.97);  // chance is 0.5

  // A brand-new item with the features of a withheld one has its vector.
  std::vector<float> vector(8), folded(8);
  model.item_vector_from_features(row_of(features.values, 17), vector);
  for (std::size_t k = 0; k < 8; ++k) CHECK(vector[k] == model.item_vectors()(17, static_cast<Eigen::Index>(k)));
  const std::vector<user_id> nobody;
  model.fold_in_item(nobody, {}, row_of(features.values, 17), folded, scratch);
  CHECK(folded == vector);
  // An item's features and users together give what the fit found.
  const auto settled = cf::ials{.factors = 8, .iterations = 300}.fit(exec::cpu{}, log, features, seed{6});
  std::vector<user_id> touched_by;
  for (const data::interaction& event : log.events()) {
    if (event.item == item_id{16u}) touched_by.push_back(event.user);
  }
  const std::vector<float> ones(touched_by.size(), 1.0f);
  settled.fold_in_item(touched_by, ones, row_of(features.values, 16), folded, scratch);
  for (std::size_t k = 0; k < 8; ++k) {
    CHECK(std::abs(folded[k] - settled.item_vectors()(16, static_cast<Eigen::Index>(k))) < 1e-3f);
  }

  // Withheld items without features stay without a score, and leave the others as they were.
  for (std::size_t item = 7; item < items; item += 10) features.present[item] = 0;
  const auto without = cf::ials{.factors = 8}.fit(exec::cpu{}, log, features, seed{6});
  without.score(user_id{0u}, scores, scratch);
  CHECK(std::isnan(scores[7]));
  CHECK(without.item_vectors().row(8) == model.item_vectors().row(8));
}

TEST_CASE("ials of very little") {
  cf::ials_model::workspace scratch;
  const auto nothing = cf::ials{.factors = 3}.fit(exec::cpu{}, log_of(0, 0, {}), seed{1});
  CHECK(nothing.users() == 0);
  CHECK(nothing.items() == 0);

  std::vector<float> scores(4);
  const auto silent = cf::ials{.factors = 3}.fit(exec::cpu{}, log_of(2, 4, {}), seed{1});
  silent.score(user_id{0u}, scores, scratch);
  CHECK(std::all_of(scores.begin(), scores.end(), [](float score) { return std::isnan(score); }));

  const auto single = cf::ials{.factors = 2}.fit(exec::cpu{}, log_of(1, 4, {{user_id{0u}, item_id{2u}}}), seed{1});
  single.score(user_id{0u}, scores, scratch);
  CHECK(std::isnan(scores[0]));
  CHECK(scores[2] > 0.8f);

  // A value of 0 is no interaction.
  const auto zero = cf::ials{.factors = 2}.fit(
      exec::cpu{}, log_of(2, 4, {{user_id{0u}, item_id{2u}}, {user_id{1u}, item_id{3u}, 0.0f}}), seed{1});
  zero.score(user_id{1u}, scores, scratch);
  CHECK(std::all_of(scores.begin(), scores.end(), [](float score) { return std::isnan(score); }));
  zero.score_history({}, scores, scratch);
  CHECK(std::isnan(scores[2]));
}

TEST_CASE("folding in with a warm workspace allocates nothing") {
  const data::interactions log = random_log(40, 30);
  const data::dense_features features{matrix<float>::Random(30, 4), data::presence(30, 1)};
  const auto model = cf::ials{.factors = 20}.fit(exec::cpu{}, log, features, seed{1});
  cf::ials_model::workspace scratch;
  std::vector<float> scores(30), vector(20), parts(30);
  const std::vector<user_id> users{user_id{1u}, user_id{4u}};
  const std::vector<float> values{1.0f, 2.0f};
  const auto ask = [&] {
    for (std::size_t user = 0; user < 40; ++user) {
      const history_view history = log.history(user_id{user});
      model.score(user_id{user}, scores, scratch);
      model.score_history(history, scores, scratch);
      model.explain(history, item_id{2u}, std::span(parts).first(history.items.size()), scratch);
    }
    model.fold_in_item(users, values, row_of(features.values, 3), vector, scratch);
  };
  ask();
  CHECK(test::allocations_of(ask) == 0);
}

TEST_CASE("ials refuses what makes no sense") {
  const data::interactions log = random_log(10, 8);
  const auto fit = [&](const cf::ials& spec) {
    return thrown<invalid_config>([&] { spec.fit(exec::cpu{}, log, seed{1}); });
  };
  const float nan = std::numeric_limits<float>::quiet_NaN();
  CHECK(fit({.factors = 0}) == "cf::ials::fit: factors must be in 1..4096");
  CHECK(fit({.factors = 5000}) == "cf::ials::fit: factors must be in 1..4096");
  CHECK(fit({.regularization = 0.0f}) == "cf::ials::fit: regularization must be positive and finite");
  CHECK(fit({.regularization = nan}) == "cf::ials::fit: regularization must be positive and finite");
  CHECK(fit({.alpha = -1.0f}) == "cf::ials::fit: alpha must be positive and finite");
  CHECK(fit({.iterations = 0}) == "cf::ials::fit: iterations must be in 1..100000");
  CHECK(fit({.iterations = 100'001}) == "cf::ials::fit: iterations must be in 1..100000");
  CHECK(fit({.regularization_exponent = -1.0f}) == "cf::ials::fit: regularization_exponent must be in 0..2");
  CHECK(fit({.initial_scale = 0.0f}) == "cf::ials::fit: initial_scale must be positive and finite");
  CHECK(fit({.cg_steps = 0}) == "cf::ials::fit: cg_steps must be in 1..1000");
  CHECK(fit({.block_size = 0}) == "cf::ials::fit: block_size must be a multiple of 16 in 16..4096");
  CHECK(fit({.block_size = 40}) == "cf::ials::fit: block_size must be a multiple of 16 in 16..4096");
  CHECK(fit({.social_weight = 0.0f}) == "cf::ials::fit: social_weight must be positive and finite");
  CHECK(fit({.content_weight = 0.0f}) == "cf::ials::fit: content_weight must be positive and finite");
  CHECK(fit({.feature_regularization = nan}) == "cf::ials::fit: feature_regularization must be positive and finite");

  CHECK(thrown<data_error>([] {
          const auto users = std::make_shared<data::user_map>();
          const auto items = std::make_shared<data::item_map>();
          users->insert("ann");
          const user_id bob = users->insert("bob");
          const item_id film = items->insert("film");
          cf::ials{}.fit(exec::cpu{}, data::interactions(users, items, {{bob, film, -2.0f}}), seed{1});
        }) == "cf::ials::fit: the value of user \"bob\", item \"film\" is negative");
  for (const auto solver : {cf::ials_solver::cholesky, cf::ials_solver::conjugate_gradient, cf::ials_solver::subspace}) {
    CHECK(thrown<numeric_error>([&] {
            cf::ials{.alpha = 1e38f, .solver = solver}.fit(exec::cpu{}, log, seed{1});
          }).find("cf::ials::fit: ") == 0);
  }

  data::dense_features features{matrix<float>::Random(8, 2), data::presence(8, 1)};
  const auto content = [&] { cf::ials{.factors = 2}.fit(exec::cpu{}, log, features, seed{1}); };
  features.values(5, 1) = nan;
  CHECK(thrown<data_error>(content) == "cf::ials::fit: the features of item \"5\" are not finite");
  features.present[5] = 0;
  CHECK(thrown<data_error>(content) == "no exception");
  features.present.pop_back();
  CHECK(thrown<shape_error>(content) == "cf::ials::fit: items with features: expected 8, got 7");

  const auto model = cf::ials{.factors = 2}.fit(exec::cpu{}, log, seed{1});
  cf::ials_model::workspace scratch;
  std::vector<float> scores(8), vector(2), part(1);
  const std::vector<item_id> item{item_id{3u}}, unknown{item_id{8u}};
  const std::vector<float> value{1.0f}, negative{-1.0f};
  CHECK(thrown<unknown_id>([&] {
          model.explain({unknown, value}, item_id{0u}, part);
        }) == "cf::ials::explain: unknown item 8 (8 known)");
  CHECK(thrown<unknown_id>([&] {
          model.explain({item, value}, item_id{8u}, part);
        }) == "cf::ials::explain: unknown item 8 (8 known)");
  CHECK(thrown<data_error>([&] {
          model.score_history({item, negative}, scores, scratch);
        }) == "cf::ials::score_history: the value of item 3 is negative or not finite");
  CHECK(thrown<shape_error>([&] { model.item_vector_from_features(value, vector); }) ==
        "cf::ials::item_vector_from_features: feature: expected 0, got 1");
}

TEST_CASE("ials reports each half-iteration and can be stopped") {
  struct counting : progress_sink {
    std::vector<std::size_t> seen;
    std::size_t stop_after = 100;
    bool report(const progress_event& event) override {
      CHECK(event.task == "cf::ials::fit");
      CHECK(event.total == 8);
      seen.push_back(event.done);
      return seen.size() < stop_after;
    }
  };
  const data::interactions log = random_log(10, 8);
  counting all;
  cf::ials{.factors = 2, .iterations = 4}.fit(exec::cpu{.progress = &all}, log, seed{1});
  CHECK(all.seen == std::vector<std::size_t>{0, 1, 2, 3, 4, 5, 6, 7, 8});
  counting some;
  some.stop_after = 3;
  CHECK_THROWS_AS((cf::ials{.factors = 2, .iterations = 4}.fit(exec::cpu{.threads = 2, .progress = &some}, log, seed{1})),
                  cancelled);
  CHECK(some.seen.size() == 3);
}

TEST_CASE("ials is about as good as EASE on MovieLens 100K") {
  const auto folder = test::data_set("ml-100k-mm");
  MMREC_SKIP_WITHOUT(folder, "ml-100k-mm");
  // Events count alike, whatever the rating.
  ml100k::split data = ml100k::read(*folder, ml100k::protocol::last_tenth);
  std::vector<data::interaction> events = data.train.events();
  for (data::interaction& event : events) event.value = 1.0f;
  data.train = {data.train.user_keys(), data.train.item_keys(), std::move(events)};
  // The start makes a difference of some 0.002; EASE has 0.1657 here.
  double recall = 0.0;
  for (const std::uint64_t start : {1u, 2u, 42u}) {
    recall += ml100k::evaluate(cf::ials{}.fit(exec::cpu{.threads = 2}, data.train, seed{start}), data)[1] / 3.0;
  }
  CHECK(recall > 0.163);
}

TEST_CASE("folding in a history with an item that has features alone solves its normal equations exactly") {
  constexpr std::size_t factors = 6;
  std::vector<data::interaction> events;
  random_stream random(seed{11}, 0);
  for (std::size_t user = 0; user < 30; ++user) {
    for (std::size_t item = 0; item < 10; ++item) {
      if (random.uniform() < 0.4) events.push_back({.user = user_id{user}, .item = item_id{item}});
    }
  }
  const data::interactions log = log_of(30, 12, std::move(events));
  data::dense_features features{matrix<float>(12, 4), data::presence(12, 1)};
  for (Eigen::Index item = 0; item < 12; ++item) {
    for (Eigen::Index column = 0; column < 4; ++column) features.values(item, column) = static_cast<float>(random.normal());
  }
  const cf::ials spec{.factors = factors, .alpha = 0.7f};
  const auto model = spec.fit(exec::cpu{}, log, features, seed{3});
  const matrix<double> items = model.item_vectors().cast<double>();
  REQUIRE(items.allFinite());
  cf::ials_model::workspace scratch;

  // Items 10 and 11 are cold.
  const std::vector<std::vector<item_id>> histories{{item_id{11}}, {item_id{2}, item_id{10}, item_id{11}}};
  for (const auto& history : histories) {
    std::vector<float> values(history.size(), 2.0f);
    if (history.size() > 2) values[1] = 0.0f;  // says nothing
    Eigen::MatrixXd left = items.topRows(10).transpose() * items.topRows(10);
    Eigen::VectorXd right = Eigen::VectorXd::Zero(factors);
    double confidence = 10.0;
    for (std::size_t entry = 0; entry < history.size(); ++entry) {
      if (values[entry] == 0.0f) continue;
      const double weight = static_cast<double>(spec.alpha) * static_cast<double>(values[entry]);
      const bool cold = history[entry].index() >= 10;
      const Eigen::VectorXd y = items.row(static_cast<Eigen::Index>(history[entry].index()));
      left += (weight + (cold ? 1.0 : 0.0)) * y * y.transpose();
      right += (1.0 + weight) * y;
      confidence += weight + (cold ? 1.0 : 0.0);
    }
    left.diagonal().array() += static_cast<double>(spec.regularization) * confidence;
    const Eigen::VectorXd expected = left.llt().solve(right);
    std::vector<float> found(factors), scores(12), parts(history.size());
    model.history_vector({history, values}, found, scratch);
    for (std::size_t k = 0; k < factors; ++k) {
      CHECK(std::abs(static_cast<double>(found[k]) - expected[static_cast<Eigen::Index>(k)]) < 1e-4 * expected.norm());
    }
    model.score_history({history, values}, scores, scratch);
    model.explain({history, values}, item_id{3}, parts, scratch);
    CHECK(std::abs(std::accumulate(parts.begin(), parts.end(), 0.0f) - scores[3]) < 1e-4f);
  }
}

TEST_CASE("ials tells the memory of a fit, and refuses one beyond the limit") {
  const auto solver = GENERATE(cf::ials_solver::cholesky, cf::ials_solver::conjugate_gradient, cf::ials_solver::subspace);
  const std::size_t threads = GENERATE(as<std::size_t>{}, 1, 3);
  CAPTURE(static_cast<int>(solver), threads);
  const auto check = [&](std::size_t factors, const data::interactions& log) {
    CAPTURE(factors, log.users(), log.size());
    const exec::cpu exec{.threads = threads};
    const cf::ials spec{.factors = factors, .iterations = 2, .solver = solver};
    test::check_peak(spec.fit_bytes(exec, log), [&] { spec.fit(exec, log, seed{1}); });
    const data::dense_features features{matrix<float>::Random(static_cast<Eigen::Index>(log.items()), 40),
                                        data::presence(log.items(), 1)};
    test::check_peak(spec.fit_bytes(exec, log, features), [&] { spec.fit(exec, log, features, seed{1}); });
  };
  const data::interactions log = random_log(900, 700);
  check(20, log);
  check(64, log);
  if (threads == 1) check(128, log);
  // Few factors, and an item that every user has.
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < 60000; ++user) {
    events.push_back({user_id{user}, item_id{0u}});
    events.push_back({user_id{user}, item_id{1 + user % 400}});
  }
  check(32, log_of(60000, 401, std::move(events)));

  const cf::ials spec{.solver = solver};
  const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
  spec.fit(exec::cpu{.memory_limit = bytes}, log, seed{1});
  CHECK(thrown<limit_error>([&] { spec.fit(exec::cpu{.memory_limit = bytes - 1}, log, seed{1}); }) ==
        "cf::ials::fit: memory in bytes " + std::to_string(bytes) + " exceeds the limit of " + std::to_string(bytes - 1));
}
