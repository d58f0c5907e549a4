#include <mmrec/eval/log_loss.hpp>

#include <cmath>
#include <vector>

#include <mmrec/core/error.hpp>

#include "support/catch.hpp"

namespace mm = mmrec;
using mm::eval::log_loss;

TEST_CASE("log loss equals scikit-learn's") {
  CHECK(log_loss(std::vector<double>{0.9, 0.2, 0.6}, std::vector<double>{1, 0, 1}) ==
        Approx(0.2797765635793423).epsilon(1e-12));
  CHECK(log_loss(std::vector<double>{0.0}, std::vector<double>{1}) == Approx(-std::log(1e-15)));
  CHECK(log_loss({}, {}) == 0.0);
}

TEST_CASE("log loss refuses what is no probability") {
  CHECK_THROWS_WITH(log_loss(std::vector<double>{0.5, 1.5}, std::vector<double>{1, 1}),
                    "eval::log_loss: probability 1 lies outside [0, 1]");
  CHECK_THROWS_WITH(log_loss(std::vector<double>{0.5}, std::vector<double>{0.5}),
                    "eval::log_loss: outcome 0 is neither 0 nor 1");
  CHECK_THROWS_AS(log_loss(std::vector<double>{0.5}, {}), mm::shape_error);
}
