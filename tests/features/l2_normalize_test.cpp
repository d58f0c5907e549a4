#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/features/expect.hpp>
#include <mmrec/features/l2_normalize.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <type_traits>
#include <vector>

#include "features/support.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"

namespace mm = mmrec;
using mm::features::non_finite;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();

template <class T, class Spec>
mm::matrix<T> fit_transform(const Spec& spec, const mm::matrix<T>& in) {
  return spec.fit(mm::exec::cpu{}, in).transform(mm::exec::cpu{}, in);
}

}  // namespace

TEST_CASE("l2_normalize agrees with scikit-learn") {
  const auto golden = test::golden_features();
  const mm::matrix<float> x = golden.leftCols(4).cast<float>();
  const auto out = fit_transform(mm::features::l2_normalize{.non_finite = non_finite::zero}, x);
  for (Eigen::Index r = 0; r < 9; ++r) {
    for (Eigen::Index c = 0; c < 4; ++c) CHECK(out(r, c) == Approx(golden(r, 12 + c)).epsilon(1e-6).margin(1e-45));
  }
}

TEST_CASE("rows have length 1, rows of zeros stay zeros") {
  mm::matrix<float> x = mm::matrix<float>::Random(20, 19);
  x.row(4).setZero();
  const auto model = mm::features::l2_normalize{}.fit(mm::exec::cpu{}, x);
  CHECK(model.report() == mm::features::repair_report{.zero_rows = 1});
  CHECK(model.features() == 19);
  const auto out = model.transform(mm::exec::cpu{}, x);
  for (Eigen::Index r = 0; r < 20; ++r) CHECK(out.row(r).norm() == Approx(r == 4 ? 0.0 : 1.0).epsilon(1e-6));
}

TEST_CASE("rows of huge and tiny numbers have length 1 too") {
  for (const float scale : {3e38f, 1e-20f, 1e-44f}) {
    mm::matrix<float> x(1, 2);
    x << scale, -scale;
    CHECK(fit_transform(mm::features::l2_normalize{}, x)(0, 1) == Approx(-std::sqrt(0.5)).epsilon(1e-6));
  }
  for (const double scale : {1.7e308, 1e-200, 5e-324}) {
    mm::matrix<double> x(1, 2);
    x << -scale, scale;
    CHECK(fit_transform(mm::features::basic_l2_normalize<double>{}, x)(0, 1) == Approx(std::sqrt(0.5)).epsilon(1e-12));
  }
}

TEST_CASE("non-finite values in rows follow the policy") {
  mm::matrix<float> x(3, 3);
  x << 3, inf, 4, std::nanf(""), -inf, 0, 1, 1, 1;
  const mm::features::l2_normalize spec{.non_finite = non_finite::zero};
  const auto model = spec.fit(mm::exec::cpu{}, x);
  CHECK(model.report() == mm::features::repair_report{.non_finite_values = 3, .zero_rows = 1});
  const auto out = model.transform(mm::exec::cpu{}, x);
  CHECK(out(0, 0) == Approx(0.6));
  CHECK(out(0, 1) == 0.0f);
  CHECK(out(0, 2) == Approx(0.8));
  CHECK(out.row(1).isZero(0));

  CHECK_THROWS_WITH(mm::features::l2_normalize{}.fit(mm::exec::cpu{}, x),
                    "features::l2_normalize::fit: features: non-finite value in row 0, column 1");
  const auto strict = mm::features::l2_normalize{}.fit(mm::exec::cpu{}, x.bottomRows(1));
  CHECK_THROWS_WITH(strict.transform(mm::exec::cpu{}, x),
                    "features::l2_normalize::transform: non-finite value in row 0, column 1");
  CHECK_THROWS_WITH(mm::features::l2_normalize{.non_finite = non_finite::clip}.fit(mm::exec::cpu{}, x),
                    "features::l2_normalize::fit: non_finite must be error or zero");
  CHECK_THROWS_AS(strict.transform(mm::exec::cpu{}, x.leftCols(2)), mm::shape_error);
}

TEST_CASE("a normalized row alone has the bits of the batch, for any number of threads") {
  const mm::matrix<float> x = mm::matrix<float>::Random(2000, 21);
  const auto model = mm::features::l2_normalize{}.fit(mm::exec::cpu{}, x);
  const auto out = model.transform(mm::exec::cpu{}, x);
  CHECK(model.transform(mm::exec::cpu{.threads = 2}, x) == out);
  CHECK(model.transform(mm::exec::cpu{.threads = 8}, x) == out);
  std::vector<float> one(21);
  decltype(model)::workspace scratch;
  for (Eigen::Index row = 0; row < 2000; ++row) {
    const std::size_t allocated =
        test::allocations_of([&] { model.transform_one(mm::row_of<float>(x, row), one, scratch); });
    const auto expected = mm::row_of<float>(out, row);
    if (allocated != 0 || !std::equal(one.begin(), one.end(), expected.begin(), expected.end())) FAIL("row " << row);
  }
}

TEST_CASE("expect pins a width") {
  using mm::kind::dense;
  using stage = mm::features::expect<3>;
  CHECK(std::is_same_v<mm::output_of<stage, dense<float>>, dense<float, 3>>);
  CHECK(std::is_same_v<mm::output_of<mm::features::l2_normalize, mm::output_of<stage, dense<float>>>, dense<float, 3>>);
  CHECK(!mm::takes<stage, dense<float, 4>>);
  CHECK(mm::takes<stage, dense<float, 3>>);

  const mm::matrix<float> x = mm::matrix<float>::Random(4, 3);
  CHECK(fit_transform(stage{}, x) == x);
  std::vector<float> one;
  stage::workspace scratch;
  stage{}.transform_one(mm::row_of<float>(x, 2), one, scratch);
  CHECK(one == std::vector<float>{x(2, 0), x(2, 1), x(2, 2)});
  const mm::matrix<float> wide = mm::matrix<float>::Random(4, 5);
  CHECK_THROWS_WITH(fit_transform(stage{}, wide), "features::expect::fit: features: expected 3, got 5");
  CHECK_THROWS_AS(stage{}.transform(mm::exec::cpu{}, wide), mm::shape_error);
  CHECK_THROWS_AS(stage{}.transform_one(mm::row_of<float>(wide, 0), one, scratch), mm::shape_error);
}
