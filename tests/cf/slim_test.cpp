// SLIM: against scikit-learn's ElasticNet (tests/golden/neighbours.py), and the conditions of its minimum.
#include <mmrec/cf/slim.hpp>

#include <cmath>
#include <limits>
#include <vector>

#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"
#include "support/thrown.hpp"

using namespace mmrec;

TEST_CASE("slim finds the weights of scikit-learn's elastic net") {
  const auto matrices = neighbours::golden();
  const auto log = neighbours::log_of(matrices.at("x"));
  const auto positive = GENERATE(true, false);
  const cf::slim spec{
      .l1 = 1.5f, .l2 = 4.0f, .non_negative = positive, .binary = positive, .sweeps = 2000, .tolerance = 1e-9f};
  const auto found = neighbours::weights_of(spec.fit(exec::cpu{}, log));
  const auto& expected = matrices.at(positive ? "slim_positive" : "slim_any");
  neighbours::check_equal(found, expected, 2e-6);
  bool negative = false;
  for (const auto& row : expected) {
    for (const double weight : row) negative = negative || weight < 0.0;
  }
  CHECK(negative != positive);  // else the two cases would not differ
}

TEST_CASE("slim keeps the conditions of a minimum on larger data, for any number of threads") {
  const auto log = neighbours::random_log(150, 300, 25);
  const cf::slim spec{.l1 = 0.5f, .l2 = 2.0f, .neighbours = 1000, .sweeps = 500, .tolerance = 1e-7f};
  const auto model = spec.fit(exec::cpu{}, log);
  const auto w = neighbours::weights_of(model);
  CHECK(neighbours::weights_of(spec.fit(exec::cpu{.threads = 8}, log)) == w);
  CHECK(model.weights() > 500);
  std::vector<std::vector<double>> x(log.users(), std::vector<double>(log.items(), 0.0));
  for (const data::interaction& event : log.events()) x[event.user.index()][event.item.index()] = 1.0;
  for (std::size_t j = 0; j < log.items(); j += 7) {
    std::vector<double> residual(log.users());
    for (std::size_t u = 0; u < log.users(); ++u) {
      residual[u] = x[u][j];
      for (std::size_t i = 0; i < log.items(); ++i) residual[u] -= x[u][i] * w[i][j];
    }
    for (std::size_t i = 0; i < log.items(); ++i) {
      if (i == j) continue;
      double gradient = -2.0 * w[i][j] - 0.5;
      for (std::size_t u = 0; u < log.users(); ++u) gradient += x[u][i] * residual[u];
      CAPTURE(i, j);
      if (w[i][j] > 0.0) {
        CHECK(std::abs(gradient) < 1e-4);
      } else {
        CHECK(gradient < 1e-4);
      }
    }
  }
}

TEST_CASE("slim keeps the largest weights") {
  const auto log = neighbours::random_log(150, 60, 25);
  const auto all = neighbours::weights_of(cf::slim{.l1 = 0.5f, .neighbours = 1000}.fit(exec::cpu{}, log));
  const auto few = neighbours::weights_of(cf::slim{.l1 = 0.5f, .neighbours = 3}.fit(exec::cpu{}, log));
  for (std::size_t j = 0; j < 60; ++j) {
    std::vector<double> weights;
    for (std::size_t i = 0; i < 60; ++i) weights.push_back(all[i][j]);
    std::sort(weights.rbegin(), weights.rend());
    for (std::size_t i = 0; i < 60; ++i) {
      const double expected = all[i][j] >= weights[2] ? all[i][j] : 0.0;
      if (weights[2] != weights[3]) CHECK(few[i][j] == expected);
    }
  }
}

TEST_CASE("slim refuses fields that make no sense, keeps to memory and stops when asked") {
  const auto log = neighbours::random_log(300, 500, 40);
  const float infinity = std::numeric_limits<float>::infinity();
  for (const cf::slim& bad : {cf::slim{.l1 = -1.0f}, cf::slim{.l2 = infinity}, cf::slim{.l1 = 0.0f, .l2 = 0.0f},
                              cf::slim{.neighbours = 0}, cf::slim{.sweeps = 0}, cf::slim{.tolerance = no_score}}) {
    CHECK_THROWS_AS(bad.fit(exec::cpu{}, log), invalid_config);
  }
  const auto negative = neighbours::log_of({{1.0, -1.0}});
  CHECK(test::thrown<data_error>([&] { cf::slim{.binary = false}.fit(exec::cpu{}, negative); }) ==
        "cf::slim::fit: a value is negative, which non_negative does not take");
  CHECK_NOTHROW(cf::slim{.non_negative = false, .binary = false}.fit(exec::cpu{}, negative));
  neighbours::stopping_sink sink;
  CHECK_THROWS_AS(cf::slim{}.fit(exec::cpu{.progress = &sink}, log), cancelled);
  const cf::slim spec{.l1 = 0.0f, .l2 = 5.0f, .neighbours = 10};
  const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
  test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log); });
  CHECK_THROWS_AS(spec.fit(exec::cpu{.memory_limit = bytes - 1}, log), limit_error);
}
