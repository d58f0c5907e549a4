#include <mmrec/cluster/gaussian_mixture.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numbers>
#include <type_traits>
#include <utility>
#include <vector>

#include "cluster/cases.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using mm::cluster::covariance_kind;
using mm::cluster::gaussian_mixture;
using mm::cluster::gaussian_mixture_model;

static_assert(mm::stage<gaussian_mixture>);
static_assert(std::is_aggregate_v<gaussian_mixture>);

namespace {

struct stopping : mm::progress_sink {
  std::size_t reports = 0;
  bool report(const mm::progress_event&) override { return ++reports < 4; }
};

constexpr covariance_kind kinds[] = {covariance_kind::diagonal, covariance_kind::full};

}  // namespace

TEST_CASE("from given clusters, EM agrees with scikit-learn") {
  const auto x = test::groups(400, 3, 4, 6.0);
  std::vector<std::uint32_t> nearest;
  for (Eigen::Index row = 0; row < x.rows(); ++row) {
    Eigen::Index best = 0;
    for (Eigen::Index centre = 1; centre < 4; ++centre) {
      const auto distance = [&](Eigen::Index c) { return (x.row(row) - x.row(c)).cast<double>().squaredNorm(); };
      if (distance(centre) < distance(best)) best = centre;
    }
    nearest.push_back(static_cast<std::uint32_t>(best));
  }
  for (const covariance_kind kind : kinds) {
    const bool full = kind == covariance_kind::full;
    CAPTURE(full);
    auto expected = test::golden(full ? "mixture_full" : "mixture_diagonal");
    const gaussian_mixture spec{
        .components = 4, .covariance = kind, .regularization = 1e-3, .iterations = 20, .tolerance = 0.0};
    const mm::exec::cpu exec;
    const gaussian_mixture_model model = spec.fit_from(exec, x, nearest);
    const auto weights = model.weights();
    CHECK(test::difference(std::vector<double>(weights.begin(), weights.end()), expected["weights"]) < 1e-8);
    CHECK(test::difference(model.means(), expected["means"]) < 1e-8);
    CHECK(test::difference(model.covariances(), expected["covariances"]) < 1e-8);
    CHECK(model.report().log_likelihood == Approx(expected["likelihood"][0]).epsilon(1e-9));
    CHECK(model.log_likelihood(exec, x) == model.report().log_likelihood);
    CHECK(model.bic(exec, x) == Approx(expected["bic"][0]).epsilon(1e-9));
    CHECK(model.aic(exec, x) == Approx(expected["aic"][0]).epsilon(1e-9));
    CHECK(test::difference(model.transform(exec, x), expected["responsibilities"]) < 1e-6);
    const auto labels = model.predict(exec, x);
    CHECK(std::vector<double>(labels.begin(), labels.end()) == expected["labels"]);
    CHECK(model.report().iterations == 20);
    CHECK(model.is_full() == full);
  }
}

TEST_CASE("one component is the mean and the covariance of the rows, and its density the normal one") {
  const auto x = test::groups(200, 2, 3, 5.0);
  const mm::exec::cpu exec;
  const auto model =
      gaussian_mixture{.components = 1, .covariance = covariance_kind::full, .regularization = 0.0}.fit(exec, x);
  const mm::matrix<double> values = x.cast<double>();
  const mm::matrix<double> centred = values.rowwise() - values.colwise().mean();
  const mm::matrix<double> covariance = centred.transpose() * centred / 200.0;
  CHECK((model.means().row(0) - values.colwise().mean()).cwiseAbs().maxCoeff() < 1e-10);
  CHECK((model.covariances() - covariance).cwiseAbs().maxCoeff() < 1e-10);
  const double determinant = covariance(0, 0) * covariance(1, 1) - covariance(0, 1) * covariance(1, 0);
  const double a = centred(7, 0), b = centred(7, 1);
  const double distance = (a * a * covariance(1, 1) - 2 * a * b * covariance(0, 1) + b * b * covariance(0, 0)) / determinant;
  CHECK(model.log_densities(exec, x)[7] ==
        Approx(-0.5 * distance - 0.5 * std::log(determinant) - std::log(2 * std::numbers::pi)).epsilon(1e-10));
  CHECK(model.transform(exec, x).minCoeff() == 1.0f);
}

TEST_CASE("more iterations never make the rows less likely, and groups that lie apart are found") {
  const auto x = test::groups(500, 4, 5, 4.0);
  const mm::exec::cpu exec;
  for (const covariance_kind kind : kinds) {
    double last = -std::numeric_limits<double>::infinity();
    for (const std::size_t iterations : {1u, 2u, 4u, 8u, 16u}) {
      const gaussian_mixture spec{
          .components = 5, .covariance = kind, .regularization = 0.0, .iterations = iterations, .tolerance = 0.0};
      const double reached = spec.fit(exec, x, mm::seed{1}).report().log_likelihood;
      CHECK(reached >= last - 1e-9);
      last = reached;
    }
  }
  mm::matrix<float> apart(90, 2);
  for (Eigen::Index row = 0; row < 90; ++row) {
    apart.row(row) << static_cast<float>(20.0 * static_cast<double>(row % 3) + 0.01 * static_cast<double>(row % 7)),
        static_cast<float>(0.02 * static_cast<double>(row % 11));
  }
  const auto labels = gaussian_mixture{.components = 3}.fit(exec, apart, mm::seed{2}).predict(exec, apart);
  for (std::size_t row = 3; row < 90; ++row) CHECK(labels[row] == labels[row % 3]);
  CHECK((labels[0] != labels[1] && labels[1] != labels[2] && labels[0] != labels[2]));
}

TEST_CASE("equal rows need regularization, and rows far from zero lose nothing") {
  const mm::matrix<float> same = mm::matrix<float>::Constant(6, 2, 3.0f);
  const mm::exec::cpu exec;
  const auto model = gaussian_mixture{.components = 2}.fit(exec, same);
  CHECK(model.transform(exec, same).allFinite());
  for (const covariance_kind kind : kinds) {
    CHECK(test::thrown<mm::numeric_error>(
              [&] { (gaussian_mixture{.components = 1, .covariance = kind, .regularization = 0.0}.fit(exec, same)); }) ==
          "cluster::gaussian_mixture::fit: the covariance of component 0 is not positive definite: raise regularization");
  }
  const auto near = test::groups(300, 3, 4, 4.0);
  mm::matrix<float> far = near;
  far.array() += 8192.0f;
  const mm::matrix<float> rounded = (far.array() - 8192.0f).matrix();
  const gaussian_mixture spec{.components = 4, .covariance = covariance_kind::full};
  const auto here = spec.fit(exec, rounded, mm::seed{1}), there = spec.fit(exec, far, mm::seed{1});
  CHECK(here.report().log_likelihood == Approx(there.report().log_likelihood).epsilon(1e-6));
}

TEST_CASE("same bits for any number of threads, and for one row alone without allocation") {
  const auto x = test::groups(3000, 5, 6, 5.0);
  for (const covariance_kind kind : kinds) {
    const gaussian_mixture spec{.components = 6, .covariance = kind, .iterations = 5};
    const auto one = spec.fit(mm::exec::cpu{}, x, mm::seed{7});
    const auto shares = one.transform(mm::exec::cpu{}, x);
    for (const std::size_t threads : {2u, 8u}) {
      const mm::exec::cpu exec{.threads = threads};
      CHECK(spec.fit(exec, x, mm::seed{7}) == one);
      CHECK(one.transform(exec, x) == shares);
    }
    CHECK((shares.rowwise().sum().array() - 1.0f).abs().maxCoeff() < 1e-6f);
    const auto labels = one.predict(mm::exec::cpu{}, x);
    gaussian_mixture_model::workspace scratch;
    std::vector<float> out;
    one.transform_one(mm::row_of(x, 0), out, scratch);
    for (Eigen::Index row = 0; row < 300; ++row) {
      std::uint32_t label = 0;
      CHECK(test::allocations_of([&] {
              one.transform_one(mm::row_of(x, row), out, scratch);
              label = one.predict_one(mm::row_of(x, row), scratch);
            }) == 0);
      CHECK(std::equal(out.begin(), out.end(), shares.data() + row * 6));
      CHECK(label == labels[static_cast<std::size_t>(row)]);
    }
    const auto weights = one.weights();
    CHECK(gaussian_mixture_model({weights.begin(), weights.end()}, one.means(), one.covariances(), one.report()) == one);
  }
}

TEST_CASE("what cannot be fitted is refused") {
  const auto x = test::groups(10, 3, 2, 4.0);
  const mm::exec::cpu exec;
  CHECK(test::thrown<mm::invalid_config>([&] { (gaussian_mixture{.components = 11}.fit(exec, x)); }) ==
        "cluster::gaussian_mixture::fit: components 11 exceeds the number of rows, 10");
  CHECK(test::thrown<mm::invalid_config>([&] { (gaussian_mixture{.components = 0}.fit(exec, x)); }) ==
        "cluster::gaussian_mixture::fit: components must be at least 1");
  CHECK(test::thrown<mm::invalid_config>([&] { (gaussian_mixture{.regularization = -1.0}.fit(exec, x)); }) ==
        "cluster::gaussian_mixture::fit: regularization must be finite and at least 0");
  CHECK(test::thrown<mm::invalid_config>([&] { (gaussian_mixture{.tolerance = -1.0}.fit(exec, x)); }) ==
        "cluster::gaussian_mixture::fit: tolerance must be finite and at least 0");
  CHECK(test::thrown<mm::invalid_config>([&] { (gaussian_mixture{.iterations = 0}.fit(exec, x)); }) ==
        "cluster::gaussian_mixture::fit: iterations must be at least 1");
  CHECK(test::thrown<mm::data_error>([&] { (gaussian_mixture{}.fit(exec, mm::matrix<float>(0, 2))); }) ==
        "cluster::gaussian_mixture::fit: there are no rows to cluster");
  mm::matrix<float> bad = x;
  bad(4, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK(test::thrown<mm::data_error>([&] { (gaussian_mixture{}.fit(exec, bad)); }) ==
        "cluster::gaussian_mixture::fit: features: non-finite value in row 4, column 2");
  const std::vector<std::uint32_t> labels(10, 4);
  CHECK(test::thrown<mm::unknown_id>([&] { (gaussian_mixture{.components = 4}.fit_from(exec, x, labels)); }) ==
        "cluster::gaussian_mixture::fit_from: unknown component 4 (4 known)");
  CHECK(test::thrown<mm::shape_error>([&] {
          (gaussian_mixture{.components = 4}.fit_from(exec, x, std::span(labels).first(9)));
        }) == "cluster::gaussian_mixture::fit_from: labels: expected 10, got 9");
  CHECK(test::thrown<mm::shape_error>([&] {
          gaussian_mixture_model({0.5, 0.5}, mm::matrix<double>::Zero(2, 3), mm::matrix<double>::Ones(4, 3));
        }) == "cluster::gaussian_mixture_model: rows of the covariances: expected 6, got 4");
  const auto model = gaussian_mixture{.components = 2}.fit(exec, x);
  const mm::matrix<float> narrow = x.leftCols(2);
  CHECK(test::thrown<mm::shape_error>([&] { model.predict(exec, narrow); }) ==
        "cluster::gaussian_mixture::predict: features: expected 3, got 2");
  stopping sink;
  CHECK(test::thrown<mm::cancelled>([&] {
          (gaussian_mixture{.components = 2, .tolerance = 0.0, .starts = 1}.fit(mm::exec::cpu{.progress = &sink}, x));
        }).ends_with(": cancelled by the caller"));
}

TEST_CASE("parts that make no mixture are refused") {
  const auto made = [](std::vector<double> weights, double mean) {
    return gaussian_mixture_model(std::move(weights), mm::matrix<double>{{mean}, {1.0}}, mm::matrix<double>{{1.0}, {1.0}});
  };
  const double nan = std::numeric_limits<double>::quiet_NaN(), infinity = std::numeric_limits<double>::infinity();
  for (const double mean : {nan, infinity}) {
    CHECK(test::thrown<mm::data_error>([&] {
            made({0.5, 0.5}, mean);
          }) == "cluster::gaussian_mixture_model: a mean is not finite");
  }
  for (const std::vector<double>& weights : {std::vector{nan, 1.0}, {-0.5, 1.5}, {infinity, 0.0}}) {
    CHECK(test::thrown<mm::data_error>([&] { made(weights, 0.0); }) ==
          "cluster::gaussian_mixture_model: a weight is negative or not finite");
  }
  for (const std::vector<double>& weights : {std::vector{0.5, 0.4}, {0.0, 0.0}, {1.0, 1.0}}) {
    CHECK(test::thrown<mm::data_error>([&] { made(weights, 0.0); }) ==
          "cluster::gaussian_mixture_model: the weights do not add up to 1");
  }
  CHECK(made({1.0, 0.0}, 0.0).clusters() == 2);
  CHECK(made({0.3333333, 0.6666667}, 0.0).clusters() == 2);
}
