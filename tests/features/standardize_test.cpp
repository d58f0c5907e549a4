#include <mmrec/core/random.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/features/min_max.hpp>
#include <mmrec/features/standardize.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include "features/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::features::constant_column;
using mm::features::non_finite;

namespace {

constexpr float nan_value = std::numeric_limits<float>::quiet_NaN();
constexpr float inf = std::numeric_limits<float>::infinity();

mm::matrix<float> random_matrix(Eigen::Index rows, Eigen::Index columns, std::uint64_t key = 1) {
  mm::random_stream random(mm::seed{key});
  mm::matrix<float> m(rows, columns);
  for (Eigen::Index i = 0; i < m.size(); ++i) m.data()[i] = static_cast<float>(3 + 2 * random.normal());
  return m;
}

mm::matrix<float> column(std::initializer_list<float> values) {
  mm::matrix<float> m(static_cast<Eigen::Index>(values.size()), 1);
  Eigen::Index row = 0;
  for (const float value : values) m(row++, 0) = value;
  return m;
}

template <class Spec>
mm::matrix<float> fit_transform(const Spec& spec, const mm::matrix<float>& in) {
  return spec.fit(mm::exec::cpu{}, in).transform(mm::exec::cpu{}, in);
}

/// Compares with the golden table where it has a number.
void check_golden(const mm::matrix<float>& actual, Eigen::Index first) {
  const auto golden = test::golden_features();
  for (Eigen::Index r = 0; r < 9; ++r) {
    for (Eigen::Index c = 0; c < 4; ++c) {
      INFO("row " << r << ", column " << c);
      if (!std::isnan(golden(r, first + c))) CHECK(actual(r, c) == Approx(golden(r, first + c)).epsilon(2e-7).margin(1e-7));
    }
  }
}

}  // namespace

TEST_CASE("column scalers agree with scikit-learn") {
  const mm::matrix<float> x = test::golden_features().leftCols(4).cast<float>();
  const auto standard = fit_transform(mm::features::standardize{.non_finite = non_finite::impute_mean}, x);
  check_golden(standard, 4);
  CHECK(standard(1, 3) == 0.0f);
  check_golden(
      fit_transform(
          mm::features::standardize{.non_finite = non_finite::impute_mean, .constant_column = constant_column::keep}, x),
      4);
  check_golden(fit_transform(mm::features::min_max{.low = -1, .high = 3, .non_finite = non_finite::clip}, x), 8);

  // The same in double, to double's precision.
  const mm::matrix<double> d = test::golden_features();
  const auto model =
      mm::features::basic_standardize<double>{.non_finite = non_finite::zero}.fit(mm::exec::cpu{}, d.leftCols(4));
  const auto out = model.transform(mm::exec::cpu{}, d.leftCols(4));
  for (Eigen::Index r = 0; r < 9; ++r) {
    for (Eigen::Index c = 0; c < 3; ++c) CHECK(out(r, c) == Approx(d(r, 4 + c)).epsilon(1e-11).margin(1e-13));
  }
}

TEST_CASE("center and scale can be switched off") {
  const auto x = random_matrix(50, 3);
  const auto moved = fit_transform(mm::features::standardize{.scale = false}, x);
  const auto scaled = fit_transform(mm::features::standardize{.center = false}, x);
  const auto both = fit_transform(mm::features::standardize{}, x);
  for (Eigen::Index c = 0; c < 3; ++c) {
    const double mean = x.col(c).cast<double>().mean();
    const double deviation = std::sqrt((x.col(c).cast<double>().array() - mean).square().mean());
    for (Eigen::Index r = 0; r < 50; ++r) {
      CHECK(moved(r, c) == Approx(x(r, c) - mean).margin(1e-6));
      CHECK(scaled(r, c) == Approx(x(r, c) / deviation).epsilon(1e-6));
      CHECK(both(r, c) == Approx((x(r, c) - mean) / deviation).margin(1e-6));
    }
  }
}

TEST_CASE("each policy for non-finite values does what it says") {
  // Finite values 1, 2, 6: mean 3, variance 14 / 3.
  const auto x = column({1, nan_value, 2, inf, -inf, 6});
  const double s = std::sqrt(14.0 / 3.0);
  const auto z = fit_transform(mm::features::standardize{.non_finite = non_finite::zero}, x);
  const auto m = fit_transform(mm::features::standardize{.non_finite = non_finite::impute_mean}, x);
  const auto c = fit_transform(mm::features::standardize{.non_finite = non_finite::clip}, x);
  const double zero[] = {-2 / s, -3 / s, -1 / s, -3 / s, -3 / s, 3 / s};
  const double mean[] = {-2 / s, 0, -1 / s, 0, 0, 3 / s};
  const double clip[] = {-2 / s, 0, -1 / s, 3 / s, -2 / s, 3 / s};
  for (Eigen::Index r = 0; r < 6; ++r) {
    CHECK(z(r, 0) == Approx(zero[r]).epsilon(1e-6).margin(1e-7));
    CHECK(m(r, 0) == Approx(mean[r]).epsilon(1e-6).margin(1e-7));
    CHECK(c(r, 0) == Approx(clip[r]).epsilon(1e-6).margin(1e-7));
  }
  const auto model = mm::features::standardize{.non_finite = non_finite::clip}.fit(mm::exec::cpu{}, x);
  CHECK(model.report() == mm::features::repair_report{.non_finite_values = 3});
  CHECK_THROWS_AS(fit_transform(mm::features::standardize{}, x), mm::data_error);
  CHECK_THROWS_WITH(fit_transform(mm::features::standardize{}, x),
                    "features::standardize::fit: features: non-finite value in row 1, column 0");
  CHECK_THROWS_WITH(fit_transform(mm::features::min_max{}, x),
                    Catch::StartsWith("features::min_max::fit: features: non-finite"));
}

TEST_CASE("the strict policy holds for later data too") {
  auto x = random_matrix(10, 3);
  const auto model = mm::features::standardize{}.fit(mm::exec::cpu{}, x);
  x(4, 2) = nan_value;
  CHECK_THROWS_WITH(model.transform(mm::exec::cpu{}, x),
                    "features::standardize::transform: non-finite value in row 4, column 2");
  std::vector<float> out;
  decltype(model)::workspace scratch;
  CHECK_THROWS_AS(model.transform_one(mm::row_of<float>(x, 4), out, scratch), mm::data_error);
  // Far from what fit saw: an error too, and no infinity handed on.
  const auto narrow = mm::features::standardize{}.fit(mm::exec::cpu{}, column({0, 1e-30f}));
  CHECK_THROWS_WITH(narrow.transform(mm::exec::cpu{}, column({1e30f})),
                    test::contains("value too far from those the model was fitted on in row 0, column 0"));
}

TEST_CASE("each policy for constant columns does what it says") {
  mm::matrix<float> x(4, 3);
  x << 0.1f, 1, nan_value, 0.1f, 2, inf, 0.1f, 3, nan_value, 0.1f, 4, nan_value;
  for (const auto policy : {constant_column::zero, constant_column::keep}) {
    const mm::features::standardize spec{.non_finite = non_finite::impute_mean, .constant_column = policy};
    const auto model = spec.fit(mm::exec::cpu{}, x);
    CHECK(model.report() == mm::features::repair_report{.non_finite_values = 4, .constant_columns = 2});
    const auto out = model.transform(mm::exec::cpu{}, x);
    CHECK(out.col(0).isZero(0));
    CHECK(out.col(2).isZero(0));
    mm::matrix<float> later(1, 3);
    later << 5, 1, 7;
    const auto moved = model.transform(mm::exec::cpu{}, later);
    CHECK(moved(0, 0) == (Approx(policy == constant_column::zero ? 0.0 : 4.9)));
    CHECK(moved(0, 2) == (policy == constant_column::zero ? 0.0f : 7.0f));
  }
  const auto low = fit_transform(mm::features::min_max{.low = 2, .high = 3}, column({7, 7, 7}));
  CHECK(low(0, 0) == 2.0f);
  CHECK_THROWS_WITH(
      fit_transform(mm::features::standardize{.constant_column = constant_column::error}, column({7, 7, 7})),
      "features::standardize::fit: column 0 is constant (7.000000); choose features::constant_column::zero or keep");
  CHECK_THROWS_AS(fit_transform(mm::features::min_max{.constant_column = constant_column::error}, column({7, 7, 7})),
                  mm::data_error);
  // One row makes every column constant.
  CHECK(fit_transform(mm::features::standardize{}, random_matrix(1, 4)).isZero(0));
}

TEST_CASE("min_max maps the range and clamps where asked") {
  const auto x = column({-3, 1, 5});
  const auto model = mm::features::min_max{.low = 10, .high = 20}.fit(mm::exec::cpu{}, x);
  CHECK(model.transform(mm::exec::cpu{}, column({-3, 1, 5, 9, -7})) == column({10, 15, 20, 25, 5}));
  const auto clamped = mm::features::min_max{.low = 10, .high = 20, .clamp = true}.fit(mm::exec::cpu{}, x);
  CHECK(clamped.transform(mm::exec::cpu{}, column({-3, 1, 5, 9, -7})) == column({10, 15, 20, 20, 10}));
  CHECK_THROWS_AS(fit_transform(mm::features::min_max{.low = 1, .high = 1}, x), mm::invalid_config);
  CHECK_THROWS_AS(fit_transform(mm::features::min_max{.low = 1, .high = inf}, x), mm::invalid_config);
  CHECK(fit_transform(mm::features::min_max{}, column({-3e38f, 0, 3e38f})) == column({0, 0.5f, 1}));
}

TEST_CASE("numbers far from 0, huge and tiny keep their precision") {
  const float big = 1 << 23;
  CHECK(fit_transform(mm::features::standardize{}, column({big, big + 1, big, big + 1})) == column({-1, 1, -1, 1}));
  CHECK(fit_transform(mm::features::standardize{}, column({3e38f, -3e38f})) == column({1, -1}));
  CHECK(fit_transform(mm::features::standardize{}, column({1e-40f, -1e-40f})) == column({1, -1}));
  mm::matrix<double> d(2, 1);
  d << 1e300, -1e300;
  CHECK_THROWS_AS(mm::features::basic_standardize<double>{}.fit(mm::exec::cpu{}, d), mm::numeric_error);
}

TEST_CASE("shapes are checked") {
  const auto model = mm::features::standardize{}.fit(mm::exec::cpu{}, random_matrix(5, 3));
  CHECK(model.features() == 3);
  CHECK_THROWS_WITH(model.transform(mm::exec::cpu{}, random_matrix(5, 4)),
                    "features::standardize::transform: features: expected 3, got 4");
  std::vector<float> in(2), out;
  decltype(model)::workspace scratch;
  CHECK_THROWS_AS(model.transform_one(in, out, scratch), mm::shape_error);
  CHECK_THROWS_WITH(fit_transform(mm::features::standardize{}, mm::matrix<float>(0, 3)),
                    "features::standardize::fit: no rows to learn from");
  CHECK(model.transform(mm::exec::cpu{}, mm::matrix<float>(0, 3)).rows() == 0);
  CHECK(fit_transform(mm::features::standardize{}, mm::matrix<float>(3, 0)).cols() == 0);
}

TEST_CASE("a block of rows and columns of another matrix can be given") {
  const auto x = random_matrix(20, 7);
  const mm::matrix<float> copy = x.block(3, 2, 10, 4);
  const auto model = mm::features::standardize{}.fit(mm::exec::cpu{}, x.block(3, 2, 10, 4));
  CHECK(model.transform(mm::exec::cpu{}, x.block(3, 2, 10, 4)) == fit_transform(mm::features::standardize{}, copy));
}

TEST_CASE("one element gives the bits of the batch and does not allocate once warm") {
  auto x = random_matrix(40, 9);
  x(3, 3) = inf;
  x(5, 0) = nan_value;
  const auto model = mm::features::standardize{.non_finite = non_finite::clip}.fit(mm::exec::cpu{}, x);
  const auto out = model.transform(mm::exec::cpu{}, x);
  std::vector<float> one(9);
  decltype(model)::workspace scratch;
  for (Eigen::Index row = 0; row < 40; ++row) {
    CHECK(test::allocations_of([&] { model.transform_one(mm::row_of<float>(x, row), one, scratch); }) == 0);
    const auto expected = mm::row_of<float>(out, row);
    CHECK(std::equal(one.begin(), one.end(), expected.begin(), expected.end()));
  }
}

TEST_CASE("scaling has the same bits for any number of threads") {
  const auto x = random_matrix(5000, 11);
  const auto model = mm::features::standardize{}.fit(mm::exec::cpu{}, x);
  for (const std::size_t threads : {std::size_t{2}, std::size_t{8}}) {
    const mm::exec::cpu exec{.threads = threads};
    const auto other = mm::features::standardize{}.fit(exec, x);
    CHECK(other == model);
    CHECK(other.transform(exec, x) == model.transform(mm::exec::cpu{}, x));
  }
}

TEST_CASE("a static width passes through a scaler") {
  using mm::kind::dense;
  CHECK(std::is_same_v<mm::output_of<mm::features::standardize, dense<float, 7>>, dense<float, 7>>);
  CHECK(std::is_same_v<mm::output_of<mm::features::min_max, dense<float>>, dense<float>>);
  CHECK(!mm::takes<mm::features::standardize, dense<double, 7>>);
  CHECK(!mm::takes<mm::features::standardize, mm::kind::sparse<float>>);
  CHECK(mm::features::standardize{.scale = false} != mm::features::standardize{});
}
