#include <mmrec/decomp/pca.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>

#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

#include "decomp/cases.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using mm::decomp::pca;
using mm::decomp::pca_solver;

static_assert(mm::stage<pca>);
static_assert(mm::takes<pca, mm::kind::dense<float>> && mm::takes<pca, mm::kind::dense<float, 20>>);
static_assert(!mm::takes<pca, mm::kind::sparse<float>> && !mm::takes<pca, mm::kind::dense<double>>);
static_assert(std::is_aggregate_v<pca>);

namespace {

struct golden_case {
  std::string name;
  std::size_t rows, columns, components;
};
const golden_case cases[] = {{"tall", 60, 12, 5}, {"wide", 15, 40, 6}, {"square", 20, 20, 3}, {"decaying", 300, 80, 6}};

template <class T>
mm::matrix<T> data_of(const golden_case& wanted) {
  return wanted.name == "decaying" ? test::decaying_case<T>(wanted.rows, wanted.columns)
                                   : test::dense_case<T>(wanted.rows, wanted.columns);
}

}  // namespace

TEST_CASE("in double, both solvers agree with LAPACK") {
  for (const auto& wanted : cases) {
    const auto x = data_of<double>(wanted);
    auto expected = test::golden(wanted.name);
    for (const auto solver : {pca_solver::exact, pca_solver::randomized}) {
      CAPTURE(wanted.name, solver == pca_solver::exact);
      const mm::decomp::basic_pca<double> spec{.components = wanted.components, .solver = solver, .power_iterations = 20};
      const auto model = spec.fit(mm::exec::cpu{}, x, mm::seed{4});
      CHECK(model.features() == wanted.components);
      CHECK(test::difference(model.mean(), expected["mean"]) < 1e-14);
      CHECK(test::relative_difference(model.explained_variance(), expected["variance"]) < 1e-10);
      CHECK(test::relative_difference(model.explained_variance_ratio(), expected["ratio"]) < 1e-10);
      CHECK(test::largest_angle(model.components(), expected["components"], wanted.columns) < 1e-8);
      CHECK(test::difference(model.components(), expected["components"]) < 1e-8);
      CHECK(test::difference(model.transform(mm::exec::cpu{}, x), expected["projected"]) < 1e-8);
      auto whitening = spec;
      whitening.whiten = true;
      const auto white = whitening.fit(mm::exec::cpu{}, x, mm::seed{4});
      CHECK(white.whitened());
      CHECK(test::difference(white.transform(mm::exec::cpu{}, x), expected["whitened"]) < 1e-8);
    }
  }
}

TEST_CASE("in float, both solvers stay within rounding of the double results") {
  for (const auto& wanted : cases) {
    const auto x = data_of<float>(wanted);
    auto expected = test::golden(wanted.name);
    for (const auto solver : {pca_solver::exact, pca_solver::randomized}) {
      CAPTURE(wanted.name, solver == pca_solver::exact);
      const pca spec{.components = wanted.components, .solver = solver, .power_iterations = 20};
      const auto model = spec.fit(mm::exec::cpu{}, x, mm::seed{4});
      const double bound = 4 * std::sqrt(static_cast<double>(std::max(wanted.rows, wanted.columns))) * std::pow(2.0, -24);
      CHECK(test::difference(model.mean(), expected["mean"]) < bound);
      CHECK(test::difference(model.explained_variance(), expected["variance"]) < bound);
      CHECK(test::difference(model.explained_variance_ratio(), expected["ratio"]) < bound);
      // Directions are off by the rounding error over the gap between neighbouring variances, about 1/20 here.
      CHECK(test::difference(model.components(), expected["components"]) < 20 * bound);
      CHECK(test::difference(model.transform(mm::exec::cpu{}, x), expected["projected"]) < 20 * bound);
    }
  }
}

TEST_CASE("a mean far from zero costs no accuracy") {
  auto near = test::dense_case<double>(200, 6), far = near;
  far.array() += 1e6;
  const mm::decomp::basic_pca<double> spec{.components = 3};
  const auto at_zero = spec.fit(mm::exec::cpu{}, near), away = spec.fit(mm::exec::cpu{}, far);
  CHECK((at_zero.components() - away.components()).cwiseAbs().maxCoeff() < 1e-8);
}

TEST_CASE("components are orthonormal, with their largest entry positive, also where there is no variance") {
  mm::matrix<double> x = test::dense_case<double>(30, 10);
  x.col(3) = 2.0 * x.col(1);
  x.col(7).setConstant(5.0);
  for (const auto solver : {pca_solver::exact, pca_solver::randomized}) {
    for (const std::size_t rows : {30u, 9u}) {
      CAPTURE(solver == pca_solver::exact, rows);
      const mm::matrix<double> part = x.topRows(static_cast<Eigen::Index>(rows));
      const mm::decomp::basic_pca<double> spec{.components = 9, .solver = solver, .whiten = true};
      const auto model = spec.fit(mm::exec::cpu{}, part);
      const mm::matrix<double>& v = model.components();
      CHECK((v * v.transpose() - mm::matrix<double>::Identity(9, 9)).cwiseAbs().maxCoeff() < 1e-12);
      for (Eigen::Index k = 0; k < 9; ++k) {
        Eigen::Index at = 0;
        v.row(k).cwiseAbs().maxCoeff(&at);
        CHECK(v(k, at) > 0);
        if (k > 0)
          CHECK(model.explained_variance()[static_cast<std::size_t>(k)] <=
                model.explained_variance()[static_cast<std::size_t>(k - 1)]);
      }
      // The last of 9 directions has no variance (rank 8): whitened it is 0, not noise.
      const auto white = model.transform(mm::exec::cpu{}, part);
      CHECK(white.allFinite());
      CHECK(white.col(8).cwiseAbs().maxCoeff() == 0.0);
      const double degrees = static_cast<double>(rows - 1);
      CHECK(white.col(0).squaredNorm() / degrees == Approx(1.0).epsilon(1e-10));
    }
  }
}

TEST_CASE("all components give the rows back") {
  const auto x = test::dense_case<double>(50, 8);
  for (const bool whiten : {false, true}) {
    const auto model = mm::decomp::basic_pca<double>{.components = 8, .whiten = whiten}.fit(mm::exec::cpu{}, x);
    const auto back = model.inverse_transform(mm::exec::cpu{}, model.transform(mm::exec::cpu{}, x));
    CHECK((back - x).cwiseAbs().maxCoeff() < 1e-11);
    double sum = 0;
    for (const double ratio : model.explained_variance_ratio()) sum += ratio;
    CHECK(sum == Approx(1.0).epsilon(1e-12));
  }
}

TEST_CASE("one row at a time gives the bits of the batch, without allocation") {
  const auto x = test::dense_case<float>(131, 77);
  const auto model = pca{.components = 20, .whiten = true}.fit(mm::exec::cpu{}, x);
  const auto batch = model.transform(mm::exec::cpu{}, x);
  mm::decomp::pca_model<float>::workspace scratch;
  std::vector<float> out;
  model.transform_one(mm::row_of<float>(x, 0), out, scratch);
  bool equal = true;
  const std::size_t allocations = test::allocations_of([&] {
    for (Eigen::Index row = 0; row < x.rows(); ++row) {
      model.transform_one(mm::row_of<float>(x, row), out, scratch);
      for (std::size_t k = 0; k < out.size(); ++k) equal = equal && out[k] == batch(row, static_cast<Eigen::Index>(k));
    }
  });
  CHECK(equal);
  CHECK(allocations == 0);
}

TEST_CASE("a block of a wider matrix is taken without a copy") {
  const auto wide = test::dense_case<float>(40, 12);
  const mm::matrix<float> narrow = wide.middleCols(2, 7);
  const pca spec{.components = 4};
  CHECK(spec.fit(mm::exec::cpu{}, wide.middleCols(2, 7)) == spec.fit(mm::exec::cpu{}, narrow));
}

TEST_CASE("any number of threads gives the same bits") {
  const auto x = test::dense_case<float>(2500, 60);
  for (const auto solver : {pca_solver::exact, pca_solver::randomized}) {
    const pca spec{.components = 10, .solver = solver};
    const auto one = spec.fit(mm::exec::cpu{}, x, mm::seed{1});
    for (const std::size_t threads : {2u, 8u}) {
      const mm::exec::cpu exec{.threads = threads};
      CHECK(spec.fit(exec, x, mm::seed{1}) == one);
      CHECK(one.transform(exec, x) == one.transform(mm::exec::cpu{}, x));
      CHECK(one.inverse_transform(exec, one.transform(exec, x)) ==
            one.inverse_transform(mm::exec::cpu{}, one.transform(exec, x)));
    }
  }
}

TEST_CASE("the automatic solver takes the cheaper way") {
  CHECK_FALSE(pca{.components = 64}.uses_randomized(100000, 512));
  CHECK(pca{.components = 64}.uses_randomized(100000, 4096));
  CHECK_FALSE(pca{.components = 64, .solver = pca_solver::exact}.uses_randomized(100000, 4096));
}

TEST_CASE("bad input is refused with the function's name") {
  const auto x = test::dense_case<float>(10, 4);
  const mm::exec::cpu exec;
  CHECK(test::thrown<mm::invalid_config>([&] { pca{.components = 0}.fit(exec, x); }) ==
        "decomp::pca::fit: components must be at least 1");
  CHECK(test::thrown<mm::invalid_config>([&] { pca{.components = 5}.fit(exec, x); }) ==
        "decomp::pca::fit: components 5 exceeds min(rows, features) = 4");
  CHECK(test::thrown<mm::data_error>([&] { pca{.components = 1}.fit(exec, mm::matrix<float>(x.topRows(1))); }) ==
        "decomp::pca::fit: needs at least 2 rows, got 1");
  CHECK(test::thrown<mm::data_error>([&] { pca{.components = 1}.fit(exec, mm::matrix<float>(0, 4)); }) ==
        "decomp::pca::fit: needs at least 2 rows, got 0");
  const auto model = pca{.components = 2}.fit(exec, x);
  mm::decomp::pca_model<float>::workspace scratch;
  std::vector<float> out;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto dirty = x;
    dirty(6, 3) = bad;
    for (const auto solver : {pca_solver::exact, pca_solver::randomized}) {
      CHECK(test::thrown<mm::data_error>([&] { pca{.components = 1, .solver = solver}.fit(exec, dirty); }) ==
            "decomp::pca::fit: features: non-finite value in row 6, column 3");
    }
    CHECK(test::thrown<mm::data_error>([&] { model.transform(exec, dirty); }) ==
          "decomp::pca::transform: features: non-finite value in row 6, column 3");
    CHECK(test::thrown<mm::data_error>([&] { model.transform_one(mm::row_of<float>(dirty, 6), out, scratch); }) ==
          "decomp::pca::transform_one: non-finite feature");
  }
  CHECK(test::thrown<mm::shape_error>([&] { model.transform(exec, mm::matrix<float>(x.leftCols(3))); }) ==
        "decomp::pca::transform: features: expected 4, got 3");
  CHECK(test::thrown<mm::shape_error>([&] { model.transform_one(mm::row_of<float>(x, 0).first(3), out, scratch); }) ==
        "decomp::pca::transform_one: features: expected 4, got 3");
  CHECK(test::thrown<mm::shape_error>([&] { model.inverse_transform(exec, x); }) ==
        "decomp::pca::inverse_transform: features: expected 2, got 4");
  mm::matrix<double> huge = test::dense_case<double>(10, 4) * 1e300;
  CHECK(test::thrown<mm::numeric_error>([&] {
          mm::decomp::basic_pca<double>{.components = 1}.fit(exec, huge);
        }).find("decomp::pca::fit: ") == 0);
}

TEST_CASE("pca takes any oversampling and refuses absurd numbers of iterations") {
  const mm::matrix<float> x = mm::matrix<float>::Random(9, 6);
  const auto most = (std::numeric_limits<std::size_t>::max)();
  const auto with = [&](std::size_t oversampling, std::size_t iterations) {
    return pca{.components = 2,
               .solver = mm::decomp::pca_solver::randomized,
               .oversampling = oversampling,
               .power_iterations = iterations}
        .fit(mm::exec::cpu{}, x);
  };
  CHECK(with(most, 4) == with(4, 4));
  CHECK(pca{.components = 2, .oversampling = most}.uses_randomized(9, 6) ==
        pca{.components = 2, .oversampling = 1000}.uses_randomized(9, 6));
  CHECK(test::thrown<mm::invalid_config>([&] { with(4, most); }) ==
        "decomp::pca::fit: power_iterations must be at most 1000");
}
