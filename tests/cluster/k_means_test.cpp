#include <mmrec/cluster/k_means.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/nearest.hpp>
#include <mmrec/kernel/row_sums.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <set>
#include <string>
#include <type_traits>
#include <vector>

#include "cluster/cases.hpp"
#include "support/allocations.hpp"
#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using mm::cluster::k_means;
using mm::cluster::k_means_model;

static_assert(mm::stage<k_means>);
static_assert(mm::takes<k_means, mm::kind::dense<float>> && !mm::takes<k_means, mm::kind::sparse<float>>);
static_assert(std::is_aggregate_v<k_means>);

namespace {

mm::matrix<float> noise(std::size_t rows, std::size_t columns, std::uint64_t key) {
  mm::matrix<float> x(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  mm::random_stream random(mm::seed{key});
  for (Eigen::Index i = 0; i < x.size(); ++i) x.data()[i] = static_cast<float>(random.normal());
  return x;
}

double squared_distance(const mm::matrix<float>& x, Eigen::Index row, const mm::matrix<float>& centres,
                        Eigen::Index centre) {
  return (x.row(row).cast<double>() - centres.row(centre).cast<double>()).squaredNorm();
}

struct stopping : mm::progress_sink {
  std::size_t reports = 0;
  bool report(const mm::progress_event&) override { return ++reports < 3; }
};

}  // namespace

TEST_CASE("from given centres, Lloyd's iteration agrees with scikit-learn") {
  struct golden_case {
    std::string name;
    std::size_t rows, columns, groups, clusters;
    double spread;
    k_means spec;
  };
  const golden_case cases[] = {
      {"k_means", 300, 5, 6, 6, 6.0, {.clusters = 6}},
      {"k_means_short", 300, 5, 6, 6, 6.0, {.clusters = 6, .iterations = 3, .tolerance = 0.0}},
      {"k_means_wide", 500, 67, 11, 11, 9.0, {.clusters = 11, .tolerance = 0.0}},
  };
  for (const golden_case& wanted : cases) {
    CAPTURE(wanted.name);
    const auto x = test::groups(wanted.rows, wanted.columns, wanted.groups, wanted.spread);
    auto expected = test::golden(wanted.name);
    const mm::matrix<float> start = x.topRows(static_cast<Eigen::Index>(wanted.clusters));
    const k_means_model model = wanted.spec.fit_from(mm::exec::cpu{}, x, start);
    CHECK(test::difference(model.centres(), expected["centres"]) < 1e-6);
    CHECK(model.report().inertia == Approx(expected["inertia"][0]).epsilon(1e-6));
    CHECK(static_cast<double>(model.report().iterations) == expected["iterations"][0]);
    CHECK(model.report().converged == (wanted.name != "k_means_short"));
    const auto labels = model.predict(mm::exec::cpu{}, x);
    CHECK(std::vector<double>(labels.begin(), labels.end()) == expected["labels"]);
    CHECK(test::difference(model.transform(mm::exec::cpu{}, x), expected["distances"]) < 1e-6);
  }
}

TEST_CASE("a converged fit is a fixed point: nearest centres, which are the means of their rows") {
  const auto x = test::groups(1000, 9, 7, 5.0);
  const k_means_model model = k_means{.clusters = 7, .tolerance = 0.0}.fit(mm::exec::cpu{}, x, mm::seed{5});
  CHECK(model.report().converged);
  const auto labels = model.predict(mm::exec::cpu{}, x);
  mm::matrix<double> sums = mm::matrix<double>::Zero(7, 9);
  std::vector<double> sizes(7, 0.0);
  double inertia = 0.0;
  for (Eigen::Index row = 0; row < x.rows(); ++row) {
    const auto own = static_cast<Eigen::Index>(labels[static_cast<std::size_t>(row)]);
    for (Eigen::Index centre = 0; centre < 7; ++centre) {
      CHECK(squared_distance(x, row, model.centres(), own) <= squared_distance(x, row, model.centres(), centre) + 1e-4);
    }
    inertia += squared_distance(x, row, model.centres(), own);
    sums.row(own) += x.row(row).cast<double>();
    sizes[static_cast<std::size_t>(own)] += 1.0;
  }
  for (Eigen::Index centre = 0; centre < 7; ++centre) {
    REQUIRE(sizes[static_cast<std::size_t>(centre)] > 0.0);
    const double worst =
        (sums.row(centre) / sizes[static_cast<std::size_t>(centre)] - model.centres().row(centre).cast<double>())
            .cwiseAbs()
            .maxCoeff();
    CHECK(worst < 1e-5);
  }
  CHECK(model.report().inertia == Approx(inertia).epsilon(1e-6));
}

TEST_CASE("k-means++ finds groups that lie apart, and more starts are never worse") {
  mm::matrix<float> x = noise(400, 3, 9) * 0.1f;
  for (Eigen::Index row = 0; row < x.rows(); ++row) x(row, row % 3) += static_cast<float>(10 * (row % 8));
  const auto one = k_means{.clusters = 22, .starts = 1}.fit(mm::exec::cpu{}, x, mm::seed{2});
  const auto many = k_means{.clusters = 22, .starts = 6}.fit(mm::exec::cpu{}, x, mm::seed{2});
  CHECK(many.report().inertia <= one.report().inertia);
  CHECK(many.report().inertia < 400 * 3 * 0.01 * 1.3);  // 22 groups of variance 0.01 in each coordinate
}

TEST_CASE("an offset of all rows costs no accuracy") {
  const auto near = test::groups(300, 5, 6, 6.0);
  mm::matrix<float> far = near;
  far.array() += 4096.0f;
  const mm::matrix<float> rounded = (far.array() - 4096.0f).matrix();
  const mm::matrix<float> start = far.topRows(6), near_start = rounded.topRows(6);
  const k_means spec{.clusters = 6, .tolerance = 0.0};
  const auto away = spec.fit_from(mm::exec::cpu{}, far, start),
             at_zero = spec.fit_from(mm::exec::cpu{}, rounded, near_start);
  CHECK(away.predict(mm::exec::cpu{}, far) == at_zero.predict(mm::exec::cpu{}, rounded));
  CHECK(away.report().inertia == Approx(at_zero.report().inertia).epsilon(1e-5));
}

TEST_CASE("a cluster that loses its rows takes the farthest one; with too few distinct rows it stays empty") {
  mm::matrix<float> x(6, 1);
  x << 0.0f, 0.1f, 0.2f, 5.0f, 5.1f, 9.0f;
  mm::matrix<float> start(3, 1);
  start << 0.0f, 5.0f, 100.0f;  // nobody is near to the third
  const auto model = k_means{.clusters = 3, .tolerance = 0.0}.fit_from(mm::exec::cpu{}, x, start);
  CHECK(model.predict(mm::exec::cpu{}, x) == std::vector<std::uint32_t>{0, 0, 0, 1, 1, 2});
  CHECK(model.centres()(2, 0) == Approx(9.0));

  const mm::matrix<float> same = mm::matrix<float>::Constant(5, 2, 3.0f);
  const auto flat = k_means{.clusters = 4}.fit(mm::exec::cpu{}, same, mm::seed{1});
  CHECK(flat.report().inertia == 0.0);
  CHECK(flat.predict(mm::exec::cpu{}, same) == std::vector<std::uint32_t>(5, 0));
  CHECK(flat.centres().allFinite());
}

TEST_CASE("as many clusters as rows leave no distance, one cluster is the mean, one row is enough") {
  const auto x = noise(20, 4, 1);
  const auto all = k_means{.clusters = 20}.fit(mm::exec::cpu{}, x, mm::seed{3});
  CHECK(all.report().inertia < 1e-10);
  const auto labels = all.predict(mm::exec::cpu{}, x);
  CHECK(std::set<std::uint32_t>(labels.begin(), labels.end()).size() == 20);
  const auto one = k_means{.clusters = 1}.fit(mm::exec::cpu{}, x, mm::seed{3});
  CHECK((one.centres().row(0) - x.colwise().mean()).cwiseAbs().maxCoeff() < 1e-6f);
  const mm::matrix<float> row = x.topRows(1);
  CHECK(k_means{.clusters = 1}.fit(mm::exec::cpu{}, row).report().inertia == 0.0);
}

TEST_CASE("same bits for any number of threads; the seed matters") {
  const auto x = noise(20'000, 7, 4);
  const k_means spec{.clusters = 13, .starts = 2, .iterations = 12};
  const auto one = spec.fit(mm::exec::cpu{}, x, mm::seed{8});
  for (const std::size_t threads : {2u, 8u}) {
    const mm::exec::cpu exec{.threads = threads};
    CHECK(spec.fit(exec, x, mm::seed{8}) == one);
    CHECK(one.predict(exec, x) == one.predict(mm::exec::cpu{}, x));
    CHECK(one.transform(exec, x) == one.transform(mm::exec::cpu{}, x));
  }
  CHECK_FALSE(spec.fit(mm::exec::cpu{}, x, mm::seed{9}) == one);
}

TEST_CASE("one row gives the numbers of a batch, without allocation; a row is told its cluster wherever it stands") {
  const auto x = noise(101, 37, 6);
  const auto model = k_means{.clusters = 50, .starts = 1}.fit(mm::exec::cpu{}, x, mm::seed{1});
  const auto labels = model.predict(mm::exec::cpu{}, x);
  const auto distances = model.transform(mm::exec::cpu{}, x);
  CHECK(distances.cols() == 50);
  k_means_model::workspace scratch;
  std::vector<float> out;
  model.transform_one(mm::row_of(x, 0), out, scratch);
  for (Eigen::Index row = 0; row < x.rows(); ++row) {
    std::uint32_t label = 0;
    CHECK(test::allocations_of([&] {
            model.transform_one(mm::row_of(x, row), out, scratch);
            label = model.predict_one(mm::row_of(x, row), scratch);
          }) == 0);
    CHECK(label == labels[static_cast<std::size_t>(row)]);
    CHECK(std::equal(out.begin(), out.end(), distances.data() + row * 50));
  }
  const mm::matrix<float> part = x.middleRows(1, 60);
  CHECK(std::equal(labels.begin() + 1, labels.begin() + 61, model.predict(mm::exec::cpu{}, part).begin()));
  CHECK(k_means_model(model.centres(), model.report()) == model);
}

TEST_CASE("all levels of instructions find the nearest centres") {
  for (const std::size_t width : {1u, 5u, 64u}) {
    for (const std::size_t count : {1u, 8u, 13u, 50u}) {
      const auto x = noise(48, width, 20 + width), centres = noise(count, width, 30 + count);
      std::vector<float> panel(mm::kernel::panel_numbers(48, width)), panels(mm::kernel::panel_numbers(count, width));
      for (const mm::kernel::simd_level level : mm::kernel::usable_simd_levels()) {
        CAPTURE(width, count, mm::kernel::name_of(level));
        mm::kernel::pack_points<float>(x.data(), width, 48, width, nullptr, nullptr, panel.data(), level);
        for (std::size_t first = 0; first < count; first += 48) {
          mm::kernel::pack_points<float>(centres.data() + first * width, width, std::min<std::size_t>(48, count - first),
                                         width, nullptr, nullptr, panels.data() + first * width, level);
        }
        const mm::kernel::packed_centres packed(centres.data(), count, width);
        std::vector<float> score(48), second(48), products(count * 48), distances(count);
        std::vector<std::uint32_t> index(48);
        mm::kernel::nearest(panel.data(), packed, score.data(), second.data(), index.data(), nullptr, level);
        mm::kernel::panel_products(panel.data(), packed, products.data(), level);
        for (std::size_t p = 0; p < 48; ++p) {
          mm::kernel::squared_distances(x.data() + p * width, panels.data(), count, width, distances.data(), level);
          for (std::size_t c = 0; c < count; ++c) {
            const double exact = squared_distance(x, static_cast<Eigen::Index>(p), centres, static_cast<Eigen::Index>(c));
            CHECK(static_cast<double>(distances[c]) == Approx(exact).margin(1e-4));
            const double product = x.row(static_cast<Eigen::Index>(p))
                                       .cast<double>()
                                       .dot(centres.row(static_cast<Eigen::Index>(c)).cast<double>());
            CHECK(static_cast<double>(products[c * 48 + p]) == Approx(product).margin(1e-4));
          }
          const auto nearest =
              static_cast<std::uint32_t>(std::min_element(distances.begin(), distances.end()) - distances.begin());
          CHECK(index[p] == nearest);
          std::sort(distances.begin(), distances.end());
          const double square = x.row(static_cast<Eigen::Index>(p)).cast<double>().squaredNorm();
          if (count > 1) {
            CHECK(static_cast<double>(2.0f * second[p]) + square == Approx(static_cast<double>(distances[1])).margin(1e-3));
          } else {
            CHECK(std::isinf(second[p]));
          }
          CHECK(static_cast<double>(2.0f * score[p]) + square == Approx(static_cast<double>(distances[0])).margin(1e-3));
          std::vector<float> halves(count);
          for (std::size_t c = 0; c < count; ++c) {
            halves[c] = mm::kernel::packed_centres::half_square(centres.data() + c * width, width);
          }
          CHECK(mm::kernel::nearest_one(x.data() + p * width, panels.data(), halves.data(), count, width, level) ==
                index[p]);
        }
      }
    }
  }
}

TEST_CASE("sums over a row are the same at all levels of instructions") {
  for (const std::size_t width : {1u, 7u, 8u, 29u, 64u}) {
    const auto x = noise(3, width, width);
    const float *row = x.data(), *shift = row + width, *centre = shift + width;
    double expected = 0.0, without = 0.0;
    for (std::size_t d = 0; d < width; ++d) {
      const double value = static_cast<double>(row[d] - shift[d]);
      expected += (value - static_cast<double>(centre[d])) * (value - static_cast<double>(centre[d]));
      without += value * value;
    }
    std::vector<std::vector<double>> found;
    for (const mm::kernel::simd_level level : mm::kernel::usable_simd_levels()) {
      std::vector<double> to(width, 1.0), from(width, 5.0);
      mm::kernel::move_row(to.data(), from.data(), row, shift, width, level);
      mm::kernel::add_row(to.data(), row, shift, width, level);
      for (std::size_t d = 0; d < width; ++d) {
        const auto value = static_cast<double>(row[d] - shift[d]);
        CHECK(to[d] == 1.0 + value + value);
        CHECK(from[d] == 5.0 - value);
      }
      to.push_back(mm::kernel::squared_difference(row, shift, centre, width, level));
      to.push_back(mm::kernel::squared_difference(row, shift, nullptr, width, level));
      CHECK(to[width] == Approx(expected).epsilon(1e-12));
      CHECK(to[width + 1] == Approx(without).epsilon(1e-12));
      found.push_back(to);
      CHECK(found.front() == to);
    }
  }
}

TEST_CASE("equal distances belong to the centre with the lower number") {
  mm::matrix<float> centres(3, 2);
  centres << 1, 0, -1, 0, 1, 0;
  const k_means_model model(centres);
  mm::matrix<float> x(2, 2);
  x << 0, 3, 2, 0;
  CHECK(model.predict(mm::exec::cpu{}, x) == std::vector<std::uint32_t>{0, 0});
}

TEST_CASE("what cannot be clustered is refused") {
  const auto x = noise(10, 3, 1);
  const mm::exec::cpu exec;
  CHECK(test::thrown<mm::invalid_config>([&] { (k_means{.clusters = 0}.fit(exec, x)); }) ==
        "cluster::k_means::fit: clusters must be at least 1");
  CHECK(test::thrown<mm::invalid_config>([&] { (k_means{.clusters = 11}.fit(exec, x)); }) ==
        "cluster::k_means::fit: clusters 11 exceeds the number of rows, 10");
  CHECK(test::thrown<mm::invalid_config>([&] { (k_means{.starts = 0}.fit(exec, x)); }) ==
        "cluster::k_means::fit: starts must be at least 1");
  CHECK(test::thrown<mm::invalid_config>([&] { (k_means{.iterations = 0}.fit(exec, x)); }) ==
        "cluster::k_means::fit: iterations must be at least 1");
  CHECK(test::thrown<mm::invalid_config>([&] {
          (k_means{.tolerance = std::numeric_limits<double>::quiet_NaN()}.fit(exec, x));
        }) == "cluster::k_means::fit: tolerance must be finite and at least 0");
  CHECK(test::thrown<mm::data_error>([&] { (k_means{}.fit(exec, mm::matrix<float>(0, 3))); }) ==
        "cluster::k_means::fit: there are no rows to cluster");
  mm::matrix<float> bad = x;
  bad(4, 2) = std::numeric_limits<float>::infinity();
  CHECK(test::thrown<mm::data_error>([&] { (k_means{.clusters = 2}.fit(exec, bad)); }) ==
        "cluster::k_means::fit: features: non-finite value in row 4, column 2");
  bad(4, 2) = 1e30f;
  CHECK(test::thrown<mm::numeric_error>([&] { (k_means{.clusters = 2}.fit(exec, bad)); }) ==
        "cluster::k_means::fit: the values are too large for float: scale them");
  CHECK(test::thrown<mm::shape_error>([&] { (k_means{.clusters = 3}.fit_from(exec, x, x)); }) ==
        "cluster::k_means::fit_from: centres: expected 3, got 10");
  const mm::matrix<float> narrow = x.leftCols(2);
  const auto model = k_means{.clusters = 2}.fit(exec, x);
  CHECK(test::thrown<mm::shape_error>([&] { (model.predict(exec, narrow)); }) ==
        "cluster::k_means::predict: features: expected 3, got 2");
  bad(4, 2) = std::numeric_limits<float>::quiet_NaN();
  CHECK(test::thrown<mm::data_error>([&] { (model.predict(exec, bad)); }) ==
        "cluster::k_means::predict: features: non-finite value in row 4, column 2");
  CHECK(test::thrown<mm::data_error>([&] { (model.transform(exec, bad)); }) ==
        "cluster::k_means::transform: features: non-finite value in row 4, column 2");
  CHECK(test::thrown<mm::data_error>([&] { k_means_model(mm::matrix<float>(0, 3)); }) ==
        "cluster::k_means_model: there are no centres");
  stopping sink;
  CHECK(test::thrown<mm::cancelled>([&] {
          (k_means{.clusters = 5, .tolerance = 0.0}.fit(mm::exec::cpu{.progress = &sink}, noise(3000, 3, 1)));
        }) == "cluster::k_means::fit: cancelled by the caller");
}
