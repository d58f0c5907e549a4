#include <mmrec/data/features.hpp>
#include <mmrec/data/matrix.hpp>

#include <limits>
#include <vector>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
namespace data = mmrec::data;

TEST_CASE("dense rows go to the places of the items that are there") {
  mm::matrix<float> rows(2, 3);
  rows << 1, 2, 3, 4, 5, 6;
  const data::dense_features all = data::scatter_rows(rows, {0, 1, 0, 1});
  CHECK(all.items() == 4);
  CHECK(all.width() == 3);
  CHECK(all.values.row(0).isZero());
  CHECK(all.values.row(1) == rows.row(0));
  CHECK(all.values.row(2).isZero());
  CHECK(all.values.row(3) == rows.row(1));
  CHECK(data::count_present(all.present) == 2);
  CHECK(data::scatter_rows(mm::matrix<float>(0, 3), {0, 0}).values.isZero());
  CHECK(data::scatter_rows(mm::matrix<float>(0, 3), {}).width() == 3);
  CHECK(test::thrown<mm::shape_error>([&] {
          data::scatter_rows(rows, {1, 1, 1});
        }) == "data::scatter_rows: rows: expected 3, got 2");
  // Any byte but 0 means present, in the count as in the placing.
  CHECK_THROWS_AS(data::scatter_rows(mm::matrix<float>(0, 3), {2}), mm::shape_error);
}

TEST_CASE("sparse rows go to the places of the items that are there") {
  const mm::csr_matrix<float> rows(4, {0, 2, 3}, {0, 3, 1}, {1, 2, 3});
  const data::sparse_features all = data::scatter_rows(rows, {1, 0, 1, 0});
  CHECK(all.items() == 4);
  CHECK(all.width() == 4);
  CHECK(all.values.row(0).indices[1] == 3);
  CHECK(all.values.row(1).indices.empty());
  CHECK(all.values.row(2).values[0] == 3);
  CHECK(all.values.row(3).indices.empty());
  CHECK_THROWS_AS(data::scatter_rows(rows, {1, 0}), mm::shape_error);
}

TEST_CASE("rows of matrices and of blocks are spans") {
  mm::matrix<double> values(3, 4);
  for (Eigen::Index at = 0; at < values.size(); ++at) values.data()[at] = static_cast<double>(at);
  CHECK(mm::row_of(values, 1)[2] == 6);
  CHECK(mm::row_of(values, 2).data() == values.data() + 8);
  const mm::matrix_view<double> block = values.block(1, 1, 2, 2);
  CHECK(block.data() == values.data() + 5);  // no copy
  CHECK(mm::row_of<double>(block, 1)[0] == 9);
  CHECK(mm::row_of<double>(block, 1).size() == 2);
}

TEST_CASE("the first number that is not finite is named") {
  mm::matrix<float> values = mm::matrix<float>::Zero(3, 4);
  CHECK_NOTHROW(mm::require_finite<float>("f", "features", values));
  values(1, 2) = std::numeric_limits<float>::quiet_NaN();
  values(2, 0) = std::numeric_limits<float>::infinity();
  CHECK(test::thrown<mm::data_error>([&] { mm::require_finite<float>("f", "features", values); }) ==
        "f: features: non-finite value in row 1, column 2");
}
