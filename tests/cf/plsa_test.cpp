// Probabilistic latent semantic analysis: against its formulas written down plainly, and on data made of two tastes.
#include <mmrec/cf/plsa.hpp>

#include <cmath>
#include <vector>

#include <mmrec/cf/factor_model.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"

using namespace mmrec;

static_assert(cf::factor_model<cf::plsa_model> && explainable_model<cf::plsa_model>);

namespace {

/// Users of even number choose among the first 15 of 30 items, the others among the last.
data::interactions two_tastes() {
  random_stream random(seed{3});
  std::vector<data::interaction> events;
  for (std::size_t user = 0; user < 60; ++user) {
    for (const std::uint32_t pick : random.sample(15, 6)) events.push_back({user_id{user}, item_id{pick + 15 * (user % 2)}});
  }
  return neighbours::log_of(60, 31, std::move(events));
}

}  // namespace

TEST_CASE("plsa finds the two tastes of which the data are made") {
  const auto log = two_tastes();
  const auto model = cf::plsa{.factors = 2, .iterations = 100}.fit(exec::cpu{}, log, seed{1});
  for (std::size_t user = 0; user < 60; ++user) {
    const auto scores = neighbours::scores_of(model, user_id{user});
    double own = 0.0, other = 0.0;
    for (std::size_t item = 0; item < 30; ++item) (item / 15 == user % 2 ? own : other) += double{scores[item]};
    CHECK(own == Approx(1.0).margin(1e-3));
    CHECK(other < 1e-3);
    CHECK(std::isnan(scores[30]));
  }
}

TEST_CASE("plsa never lowers the likelihood") {
  const auto log = neighbours::random_log(100, 80, 20);
  const auto binary = GENERATE(true, false);
  const auto model = cf::plsa{.factors = 6, .iterations = 40, .binary = binary}.fit(exec::cpu{}, log, seed{2});
  const auto found = model.log_likelihood();
  REQUIRE(found.size() == 40);
  for (std::size_t step = 1; step < 40; ++step) CHECK(found[step] >= found[step - 1] - 1e-9 * std::abs(found[step - 1]));
  CHECK(found[39] > found[0] + 10.0);
  // Where no user has a taste of his own, the best is the items' popularity: with one taste that is what comes out.
  const auto one = cf::plsa{.factors = 1, .iterations = 2, .binary = binary}.fit(exec::cpu{}, log, seed{2});
  double total = 0.0;
  std::vector<double> sums(80, 0.0);
  for (const data::interaction& event : log.events()) {
    sums[event.item.index()] += binary ? 1.0 : double{event.value};
    total += binary ? 1.0 : double{event.value};
  }
  const auto scores = neighbours::scores_of(one, user_id{0u});
  for (std::size_t item = 0; item < 80; ++item) {
    if (sums[item] > 0.0) CHECK(double{scores[item]} == Approx(sums[item] / total).epsilon(1e-5));
  }
}

TEST_CASE("plsa folds a history in by its formulas, tempered or not") {
  const auto log = neighbours::random_log(60, 30, 12);
  const auto beta = GENERATE(1.0f, 0.7f);
  const cf::plsa spec{.factors = 4, .iterations = 10, .fold_in_iterations = 7, .beta = beta};
  const auto model = spec.fit(exec::cpu{}, log, seed{4});
  const std::vector<item_id> history{item_id{0u}, item_id{2u}, item_id{5u}};
  std::vector<double> mixture(4, 0.25);
  for (int step = 0; step < 7; ++step) {
    std::vector<double> next(4, 0.0);
    for (const item_id item : history) {
      std::vector<double> posterior(4);
      double sum = 0.0;
      for (std::size_t z = 0; z < 4; ++z) {
        const double given =
            double{model.item_vectors()(static_cast<Eigen::Index>(item.value), static_cast<Eigen::Index>(z))};
        sum += posterior[z] = std::pow(mixture[z] * given, double{beta});
      }
      for (std::size_t z = 0; z < 4; ++z) next[z] += posterior[z] / sum / 3.0;
    }
    mixture = next;
  }
  std::vector<float> found(4);
  cf::plsa_model::workspace scratch;
  model.mixture({history, std::vector<float>(3, 1.0f)}, found, scratch);
  for (std::size_t z = 0; z < 4; ++z) CHECK(double{found[z]} == Approx(mixture[z]).epsilon(1e-5).margin(1e-9));
}

TEST_CASE("plsa says which item of the history brought a score about") {
  const auto log = two_tastes();
  const cf::plsa spec{.factors = 3, .iterations = 20, .beta = GENERATE(1.0f, 0.8f), .binary = false};
  const auto model = spec.fit(exec::cpu{}, log, seed{5});
  // Item 30 has no interactions, a value of 0 says nothing.
  const std::vector<item_id> items{item_id{1u}, item_id{4u}, item_id{20u}, item_id{21u}, item_id{30u}};
  const std::vector<float> values{1.0f, 3.0f, 2.0f, 0.0f, 5.0f};
  cf::plsa_model::workspace scratch;
  std::vector<float> scores(31), parts(5);
  model.score_history({items, values}, scores, scratch);
  for (std::size_t item = 0; item < 30; ++item) {
    model.explain({items, values}, item_id{item}, parts);
    double sum = 0.0;
    for (const float part : parts) sum += double{part};
    CHECK(sum == Approx(double{scores[item]}).epsilon(1e-5).margin(1e-9));
    CHECK(parts[3] == 0.0f);
    CHECK(parts[4] == 0.0f);
  }
  // Items of the one taste are there for its own items.
  model.explain({items, values}, item_id{2u}, parts);
  CHECK(parts[1] > 10.0f * parts[2]);
  model.explain({items, values}, item_id{30u}, parts);
  CHECK(parts == std::vector<float>(5, 0.0f));
}

TEST_CASE("plsa refuses fields that make no sense, keeps to memory and stops when asked") {
  const auto log = neighbours::random_log(800, 600, 40);
  for (const cf::plsa& bad : {cf::plsa{.factors = 0}, cf::plsa{.factors = 4097}, cf::plsa{.iterations = 0},
                              cf::plsa{.fold_in_iterations = 0}, cf::plsa{.beta = 0.0f}, cf::plsa{.beta = 1.1f}}) {
    CHECK_THROWS_AS(bad.fit(exec::cpu{}, log, seed{}), invalid_config);
  }
  CHECK_THROWS_AS((cf::plsa{.binary = false}.fit(exec::cpu{}, neighbours::log_of({{1.0, -1.0}}), seed{})), data_error);
  neighbours::stopping_sink sink;
  CHECK_THROWS_AS(cf::plsa{}.fit(exec::cpu{.progress = &sink}, log, seed{}), cancelled);
  for (const cf::plsa& spec : {cf::plsa{.iterations = 2}, cf::plsa{.iterations = 2, .beta = 0.8f}}) {
    const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
    test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log, seed{}); });
    CHECK_THROWS_AS(spec.fit(exec::cpu{.memory_limit = bytes - 1}, log, seed{}), limit_error);
  }
}
