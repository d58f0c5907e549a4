#include <mmrec/decomp/truncated_svd.hpp>

#include <mmrec/core/error.hpp>
#include <mmrec/core/stage.hpp>
#include <mmrec/exec/cpu.hpp>

#include <cmath>
#include <cstddef>
#include <cstdint>
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
using mm::decomp::truncated_svd;

static_assert(mm::stage<truncated_svd>);
static_assert(std::is_same_v<mm::output_of<truncated_svd, mm::kind::sparse<float>>, mm::kind::dense<float>>);
static_assert(std::is_same_v<mm::output_of<truncated_svd, mm::kind::dense<float, 9>>, mm::kind::dense<float>>);
static_assert(!mm::takes<truncated_svd, mm::kind::sparse<double>> && !mm::takes<truncated_svd, mm::kind::text>);
static_assert(std::is_aggregate_v<truncated_svd>);

namespace {

template <class T>
mm::matrix<T> dense_of(const mm::csr_matrix<T>& sparse) {
  mm::matrix<T> dense =
      mm::matrix<T>::Zero(static_cast<Eigen::Index>(sparse.rows()), static_cast<Eigen::Index>(sparse.cols()));
  for (std::size_t i = 0; i < sparse.rows(); ++i) {
    const auto row = sparse.row(i);
    for (std::size_t e = 0; e < row.indices.size(); ++e) dense(static_cast<Eigen::Index>(i), row.indices[e]) = row.values[e];
  }
  return dense;
}

template <class T, class Input>
void compare(const std::string& name, const Input& x, std::size_t components, std::size_t columns, double value_bound,
             double vector_bound) {
  CAPTURE(name, columns);
  auto expected = test::golden(name);
  const mm::decomp::basic_truncated_svd<T> spec{.components = components, .power_iterations = 60};
  const auto model = spec.fit(mm::exec::cpu{}, x, mm::seed{9});
  CHECK(model.features() == components);
  CHECK(test::relative_difference(model.singular_values(), expected["singular"]) < value_bound);
  CHECK(test::difference(model.explained_variance(), expected["variance"]) < value_bound);
  CHECK(test::difference(model.explained_variance_ratio(), expected["ratio"]) < value_bound);
  CHECK(test::largest_angle(model.components(), expected["components"], columns) < vector_bound);
  CHECK(test::difference(model.components(), expected["components"]) < vector_bound);
  CHECK(test::difference(model.transform(mm::exec::cpu{}, x), expected["projected"]) < vector_bound);
}

}  // namespace

TEST_CASE("in double, singular values and vectors agree with LAPACK") {
  const auto sparse = test::sparse_case<double>(50, 30), wide = test::sparse_case<double>(30, 70);
  compare<double>("sparse", sparse, 6, 30, 1e-10, 1e-8);
  compare<double>("sparse", dense_of(sparse), 6, 30, 1e-10, 1e-8);
  compare<double>("sparse_wide", wide, 5, 70, 1e-10, 1e-8);
  compare<double>("sparse_wide", dense_of(wide), 5, 70, 1e-10, 1e-8);
  compare<double>("dense_svd", test::decaying_case<double>(300, 80), 6, 80, 1e-10, 1e-8);
}

TEST_CASE("in float they stay within rounding of the double results") {
  const double bound = 4 * std::sqrt(70.0) * std::pow(2.0, -24);
  const auto sparse = test::sparse_case<float>(50, 30), wide = test::sparse_case<float>(30, 70);
  // Directions are off by the rounding error over the gap between neighbouring squares, about 1/40 here.
  compare<float>("sparse", sparse, 6, 30, 4 * bound, 40 * bound);
  compare<float>("sparse", dense_of(sparse), 6, 30, 4 * bound, 40 * bound);
  compare<float>("sparse_wide", wide, 5, 70, 4 * bound, 40 * bound);
}

TEST_CASE("a few power iterations are enough where the spectrum falls") {
  const auto x = test::decaying_case<double>(300, 80);
  auto expected = test::golden("dense_svd");
  const mm::decomp::basic_truncated_svd<double> spec{.components = 6};
  CHECK(test::relative_difference(spec.fit(mm::exec::cpu{}, x).singular_values(), expected["singular"]) < 1e-10);
}

TEST_CASE("without power iterations it is still close, and never above the true values") {
  const auto x = test::decaying_case<double>(300, 80);
  auto expected = test::golden("dense_svd");
  const mm::decomp::basic_truncated_svd<double> spec{.components = 6, .power_iterations = 0};
  const auto model = spec.fit(mm::exec::cpu{}, x);
  for (std::size_t k = 0; k < 6; ++k) {
    CHECK(model.singular_values()[k] <= expected["singular"][k] * (1 + 1e-12));
    CHECK(model.singular_values()[k] >= expected["singular"][k] * 0.99);
  }
}

TEST_CASE("more components than the rank are made up, orthonormal, with singular value 0") {
  // Two different rows, repeated.
  std::vector<std::int64_t> starts{0};
  std::vector<std::int32_t> indices;
  std::vector<double> values;
  for (int i = 0; i < 12; ++i) {
    indices.push_back(i % 2);
    indices.push_back(5);
    values.push_back(1.0);
    values.push_back(2.0);
    starts.push_back(static_cast<std::int64_t>(values.size()));
  }
  const mm::csr_matrix<double> x(7, starts, indices, values);
  const auto model = mm::decomp::basic_truncated_svd<double>{.components = 4}.fit(mm::exec::cpu{}, x);
  const auto& v = model.components();
  CHECK((v * v.transpose() - mm::matrix<double>::Identity(4, 4)).cwiseAbs().maxCoeff() < 1e-12);
  CHECK(model.singular_values()[0] == Approx(std::sqrt(54.0)));  // A^T A on (1, 1, 4): 6 + 12 * 4
  CHECK(model.singular_values()[1] == Approx(std::sqrt(6.0)));   // and on (1, -1, 0)
  CHECK(model.singular_values()[2] < 1e-7);
  CHECK(model.singular_values()[3] < 1e-7);
}

TEST_CASE("one row at a time gives the bits of the batch, without allocation") {
  const auto x = test::sparse_case<float>(90, 40);
  const auto model = truncated_svd{.components = 20}.fit(mm::exec::cpu{}, x);
  const auto batch = model.transform(mm::exec::cpu{}, x);
  const auto dense = dense_of(x);
  const auto dense_batch = model.transform(mm::exec::cpu{}, dense);
  mm::decomp::truncated_svd_model<float>::workspace scratch;
  std::vector<float> out;
  model.transform_one(x.row(0), out, scratch);
  bool equal = true;
  const std::size_t allocations = test::allocations_of([&] {
    for (std::size_t row = 0; row < x.rows(); ++row) {
      const auto at = static_cast<Eigen::Index>(row);
      model.transform_one(x.row(row), out, scratch);
      for (std::size_t k = 0; k < out.size(); ++k) equal = equal && out[k] == batch(at, static_cast<Eigen::Index>(k));
      model.transform_one(mm::row_of<float>(dense, at), out, scratch);
      for (std::size_t k = 0; k < out.size(); ++k) equal = equal && out[k] == dense_batch(at, static_cast<Eigen::Index>(k));
    }
  });
  CHECK(equal);
  CHECK(allocations == 0);
  CHECK((batch - dense_batch).cwiseAbs().maxCoeff() < 1e-5f);
}

TEST_CASE("an empty row maps to zero") {
  const auto model = truncated_svd{.components = 3}.fit(mm::exec::cpu{}, test::sparse_case<float>(50, 30));
  mm::decomp::truncated_svd_model<float>::workspace scratch;
  std::vector<float> out;
  model.transform_one(mm::sparse_row_view<float>{}, out, scratch);
  CHECK(out == std::vector<float>(3, 0.0f));
  CHECK(model.transform(mm::exec::cpu{}, mm::csr_matrix<float>(30, {0}, {}, {})).rows() == 0);
}

TEST_CASE("any number of threads gives the same bits, the seed decides them") {
  const auto x = test::sparse_case<float>(1500, 400);
  const truncated_svd spec{.components = 10};
  const auto one = spec.fit(mm::exec::cpu{}, x, mm::seed{1});
  for (const std::size_t threads : {2u, 8u}) {
    const mm::exec::cpu exec{.threads = threads};
    CHECK(spec.fit(exec, x, mm::seed{1}) == one);
    CHECK(one.transform(exec, x) == one.transform(mm::exec::cpu{}, x));
  }
  CHECK_FALSE(spec.fit(mm::exec::cpu{}, x, mm::seed{2}) == one);
}

TEST_CASE("bad input is refused with the function's name") {
  const auto x = test::sparse_case<float>(10, 6);
  const mm::exec::cpu exec;
  CHECK(test::thrown<mm::invalid_config>([&] { truncated_svd{.components = 0}.fit(exec, x); }) ==
        "decomp::truncated_svd::fit: components must be at least 1");
  CHECK(test::thrown<mm::invalid_config>([&] { truncated_svd{.components = 7}.fit(exec, x); }) ==
        "decomp::truncated_svd::fit: components 7 exceeds min(rows, features) = 6");
  CHECK(test::thrown<mm::data_error>([&] {
          truncated_svd{.components = 1}.fit(exec, mm::csr_matrix<float>(6, {0}, {}, {}));
        }) == "decomp::truncated_svd::fit: no rows to learn from");
  const auto model = truncated_svd{.components = 2}.fit(exec, x);
  mm::decomp::truncated_svd_model<float>::workspace scratch;
  std::vector<float> out;
  for (const float bad : {std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    auto dirty = x;
    dirty.values()[static_cast<std::size_t>(x.starts()[6])] = bad;
    CHECK(test::thrown<mm::data_error>([&] { truncated_svd{.components = 1}.fit(exec, dirty); }) ==
          "decomp::truncated_svd::fit: non-finite value in row 6");
    CHECK(test::thrown<mm::data_error>([&] { model.transform(exec, dirty); }) ==
          "decomp::truncated_svd::transform: non-finite value in row 6");
    CHECK(test::thrown<mm::data_error>([&] { model.transform_one(dirty.row(6), out, scratch); }) ==
          "decomp::truncated_svd::transform_one: non-finite feature");
    auto dense = dense_of(x);
    dense(3, 2) = bad;
    CHECK(test::thrown<mm::data_error>([&] { truncated_svd{.components = 1}.fit(exec, dense); }) ==
          "decomp::truncated_svd::fit: features: non-finite value in row 3, column 2");
    CHECK(test::thrown<mm::data_error>([&] { model.transform(exec, dense); }) ==
          "decomp::truncated_svd::transform: features: non-finite value in row 3, column 2");
    CHECK(test::thrown<mm::data_error>([&] { model.transform_one(mm::row_of<float>(dense, 3), out, scratch); }) ==
          "decomp::truncated_svd::transform_one: non-finite feature");
  }
  CHECK(test::thrown<mm::shape_error>([&] { model.transform(exec, test::sparse_case<float>(3, 7)); }) ==
        "decomp::truncated_svd::transform: features: expected 6, got 7");
  CHECK(test::thrown<mm::shape_error>([&] { model.transform(exec, test::dense_case<float>(3, 5)); }) ==
        "decomp::truncated_svd::transform: features: expected 6, got 5");
  const std::vector<std::int32_t> beyond{1, 6};
  const std::vector<float> ones{1.0f, 1.0f};
  CHECK(test::thrown<mm::shape_error>([&] {
          model.transform_one(mm::sparse_row_view<float>{beyond, ones}, out, scratch);
        }) == "decomp::truncated_svd::transform_one: features: expected 6, got 7");
  for (const std::vector<std::int32_t>& wrong : {std::vector<std::int32_t>{600, 0}, {-1, 0}}) {
    const std::vector<float> two(2, 1.0f);
    CHECK_THROWS_AS(model.transform_one(mm::sparse_row_view<float>{wrong, two}, out, scratch), mm::shape_error);
  }
}

TEST_CASE("truncated_svd takes any oversampling and refuses absurd numbers of iterations") {
  const mm::matrix<float> x = mm::matrix<float>::Random(9, 6);
  const auto most = (std::numeric_limits<std::size_t>::max)();
  const auto model = truncated_svd{.components = 2, .oversampling = most}.fit(mm::exec::cpu{}, x);
  CHECK(model == truncated_svd{.components = 2, .oversampling = 4}.fit(mm::exec::cpu{}, x));
  for (const std::size_t iterations : {std::size_t{1001}, most}) {
    CHECK(test::thrown<mm::invalid_config>([&] {
            truncated_svd{.components = 2, .power_iterations = iterations}.fit(mm::exec::cpu{}, x);
          }) == "decomp::truncated_svd::fit: power_iterations must be at most 1000");
  }
}
