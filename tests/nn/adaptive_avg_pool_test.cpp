#include <vector>

#include <mmrec/nn/layers/adaptive_avg_pool.hpp>
#include <mmrec/nn/layers/hw.hpp>
#include <mmrec/nn/sequential.hpp>

#include "support/catch.hpp"
#include "support/gradient.hpp"
#include "support/network.hpp"

namespace nn = mmrec::nn;

template <class In, nn::hw Size>
using pooled = nn::sequential<In, nn::adaptive_avg_pool<Size>>;
using smaller = pooled<nn::chw<2, 7, 5>, nn::hw{3, 2}>;
using larger = pooled<nn::chw<3, 2, 1>, nn::hw{3, 2}>;
using unchanged = pooled<nn::chw<2, 3, 4>, nn::hw{3, 4}>;
static_assert(smaller::output_shape == nn::chw<2, 3, 2>{});

TEST_CASE("the gradients of adaptive pooling are those that differences give") {
  CHECK(test::worst_gradient_error<smaller>() <= 1e-7);
  CHECK(test::worst_gradient_error<larger>() <= 1e-7);
  test::check_network<smaller>(3);
  test::check_network<larger>(3);
  test::check_network<unchanged>(2);
}

TEST_CASE("adaptive pooling averages the parts of a picture") {
  // Rows 0-2, 2-4, 4-6 of seven, columns 0-2, 2-4 of five: PyTorch's floor and ceiling.
  const auto given = test::random_case<smaller>(2, 1, false);
  const auto outputs = test::run<double>(given, {}).outputs;
  for (std::size_t picture = 0; picture < 2; ++picture) {
    for (std::size_t i = 0; i < 3; ++i) {
      for (std::size_t j = 0; j < 2; ++j) {
        for (std::size_t c = 0; c < 2; ++c) {
          double sum = 0.0;
          for (std::size_t row = 2 * i; row < 2 * i + 3; ++row) {
            for (std::size_t column = 2 * j; column < 2 * j + 3; ++column) {
              sum += given.values[((picture * 7 + row) * 5 + column) * 2 + c];
            }
          }
          CHECK(outputs[((picture * 3 + i) * 2 + j) * 2 + c] == Approx(sum / 9.0).epsilon(1e-13));
        }
      }
    }
  }
  const auto same = test::random_case<unchanged>(2, 1, false);
  CHECK(test::run<double>(same, {}).outputs == same.values);
  // A part of a shorter side is a pixel: 2 rows make 0, 0 and 1, 1 overlapping in the middle.
  const auto small = test::random_case<larger>(1, 1, false);
  const auto repeated = test::run<double>(small, {}).outputs;
  for (std::size_t c = 0; c < 3; ++c) {
    CHECK(repeated[c] == small.values[c]);
    CHECK(repeated[2 * 3 + c] == Approx((small.values[c] + small.values[3 + c]) / 2.0));
    CHECK(repeated[4 * 3 + c] == small.values[3 + c]);
  }
}
