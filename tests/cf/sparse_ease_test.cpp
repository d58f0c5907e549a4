// Sparse EASE: against NumPy (tests/golden/neighbours.py) and, with all items as neighbours, EASE.
#include <mmrec/cf/sparse_ease.hpp>

#include <cstdint>
#include <vector>

#include <mmrec/cf/ease.hpp>
#include <mmrec/exec/cpu.hpp>

#include "cf/neighbours.hpp"
#include "support/catch.hpp"
#include "support/peak_memory.hpp"

using namespace mmrec;

TEST_CASE("sparse_ease solves the normal equations of each neighbourhood") {
  const auto matrices = neighbours::golden();
  const auto log = neighbours::log_of(matrices.at("x"));
  const auto model = cf::sparse_ease{.regularization = 3.0f, .neighbours = 5}.fit(exec::cpu{}, log);
  neighbours::check_equal(neighbours::weights_of(model), matrices.at("ridge"), 1e-6);
}

TEST_CASE("sparse_ease with all items for neighbours is ease") {
  const auto log = neighbours::random_log(200, 25, 20);  // so that every pair of items shares users
  const auto binary = GENERATE(true, false);
  const cf::sparse_ease spec{.regularization = 20.0f, .neighbours = 1000, .binary = binary};
  const auto model = spec.fit(exec::cpu{}, log);
  const auto whole = cf::ease{.regularization = 20.0f, .binary = binary}.fit(exec::cpu{}, log);
  const auto found = neighbours::weights_of(model);
  for (std::size_t i = 0; i < 25; ++i) {
    for (std::size_t j = 0; j < 25; ++j) {
      CAPTURE(i, j);
      CHECK(found[i][j] == Approx(double{whole.weights(item_id{i})[j]}).margin(5e-6));
    }
  }
  CHECK(neighbours::weights_of(spec.fit(exec::cpu{.threads = 8}, log)) == found);
}

TEST_CASE("sparse_ease refuses fields that make no sense, keeps to memory and stops when asked") {
  const auto log = neighbours::random_log(300, 500, 40);
  for (const cf::sparse_ease& bad : {cf::sparse_ease{.regularization = 0.0f}, cf::sparse_ease{.regularization = no_score},
                                     cf::sparse_ease{.neighbours = 0}, cf::sparse_ease{.neighbours = 4097}}) {
    CHECK_THROWS_AS(bad.fit(exec::cpu{}, log), invalid_config);
  }
  neighbours::stopping_sink sink;
  CHECK_THROWS_AS(cf::sparse_ease{}.fit(exec::cpu{.progress = &sink}, log), cancelled);
  const cf::sparse_ease spec{.neighbours = 60};
  const std::uint64_t bytes = spec.fit_bytes(exec::cpu{}, log);
  test::check_peak(bytes, [&] { spec.fit(exec::cpu{}, log); });
  CHECK_THROWS_AS(spec.fit(exec::cpu{.memory_limit = bytes - 1}, log), limit_error);
}
