#include <mmrec/cluster/mini_batch_k_means.hpp>

#include <mmrec/cluster/k_means.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>

#include <cstddef>
#include <limits>
#include <type_traits>

#include "cluster/cases.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using mm::cluster::k_means;
using mm::cluster::mini_batch_k_means;

static_assert(mm::stage<mini_batch_k_means>);
static_assert(std::is_aggregate_v<mini_batch_k_means>);

TEST_CASE("batch by batch, the centres agree with scikit-learn") {
  const auto x = test::groups(300, 5, 6, 6.0);
  const mm::matrix<float> start = x.topRows(6);
  const auto model = mini_batch_k_means{.clusters = 6, .batch = 50}.fit_from(mm::exec::cpu{}, x, start);
  CHECK(test::difference(model.centres(), test::golden("mini_batch")["centres"]) < 1e-6);
  CHECK(model.report().iterations == 6);
}

TEST_CASE("clusters are about as good as those of k-means") {
  const auto x = test::groups(6000, 6, 9, 3.0);
  const auto whole = k_means{.clusters = 9}.fit(mm::exec::cpu{}, x, mm::seed{1});
  const auto sampled = mini_batch_k_means{.clusters = 9, .batch = 300}.fit(mm::exec::cpu{}, x, mm::seed{1});
  CHECK(sampled.report().inertia < 1.15 * whole.report().inertia);
  const auto labels = sampled.predict(mm::exec::cpu{}, x);
  double inertia = 0.0;
  for (Eigen::Index row = 0; row < x.rows(); ++row) {
    const auto centre = static_cast<Eigen::Index>(labels[static_cast<std::size_t>(row)]);
    inertia += (x.row(row) - sampled.centres().row(centre)).cast<double>().squaredNorm();
  }
  CHECK(sampled.report().inertia == Approx(inertia).epsilon(1e-6));
}

TEST_CASE("same bits for any number of threads; the seed matters; batches may be larger than the data") {
  const auto x = test::groups(5000, 6, 9, 3.0);
  const mini_batch_k_means spec{.clusters = 5, .batch = 256, .epochs = 2};
  const auto one = spec.fit(mm::exec::cpu{}, x, mm::seed{3});
  for (const std::size_t threads : {2u, 8u}) CHECK(spec.fit(mm::exec::cpu{.threads = threads}, x, mm::seed{3}) == one);
  CHECK_FALSE(spec.fit(mm::exec::cpu{}, x, mm::seed{4}) == one);
  const mm::matrix<float> few = x.topRows(7);
  CHECK(mini_batch_k_means{.clusters = 7}.fit(mm::exec::cpu{}, few, mm::seed{1}).report().inertia < 1e-6);
}

TEST_CASE("what cannot be clustered is refused") {
  const auto x = test::groups(10, 3, 2, 1.0);
  const mm::exec::cpu exec;
  CHECK(test::thrown<mm::invalid_config>([&] { (mini_batch_k_means{.clusters = 11}.fit(exec, x)); }) ==
        "cluster::mini_batch_k_means::fit: clusters 11 exceeds the number of rows, 10");
  CHECK(test::thrown<mm::invalid_config>([&] { (mini_batch_k_means{.batch = 0}.fit(exec, x)); }) ==
        "cluster::mini_batch_k_means::fit: batch must be at least 1");
  CHECK(test::thrown<mm::invalid_config>([&] { (mini_batch_k_means{.epochs = 0}.fit(exec, x)); }) ==
        "cluster::mini_batch_k_means::fit: epochs must be at least 1");
  CHECK(test::thrown<mm::invalid_config>([&] { (mini_batch_k_means{.patience = 0}.fit(exec, x)); }) ==
        "cluster::mini_batch_k_means::fit: patience must be at least 1");
  CHECK(test::thrown<mm::data_error>([&] { (mini_batch_k_means{}.fit(exec, mm::matrix<float>(0, 3))); }) ==
        "cluster::mini_batch_k_means::fit: there are no rows to cluster");
  mm::matrix<float> bad = x;
  bad(3, 1) = std::numeric_limits<float>::quiet_NaN();
  CHECK(test::thrown<mm::data_error>([&] { (mini_batch_k_means{.clusters = 2}.fit(exec, bad)); }) ==
        "cluster::mini_batch_k_means::fit: features: non-finite value in row 3, column 1");
  CHECK(test::thrown<mm::shape_error>([&] { (mini_batch_k_means{.clusters = 2}.fit_from(exec, x, x)); }) ==
        "cluster::mini_batch_k_means::fit_from: centres: expected 2, got 10");
}
