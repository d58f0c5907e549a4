#include <mmrec/data/csr.hpp>

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include <mmrec/core/random.hpp>

#include "support/catch.hpp"
#include "support/thrown.hpp"

namespace mm = mmrec;
using csr = mm::csr_matrix<float>;

namespace {
std::map<std::pair<std::size_t, std::size_t>, float> entries_of(const csr& values) {
  std::map<std::pair<std::size_t, std::size_t>, float> result;
  for (std::size_t row = 0; row < values.rows(); ++row) {
    const auto view = values.row(row);
    for (std::size_t at = 0; at < view.indices.size(); ++at) {
      result[{row, static_cast<std::size_t>(view.indices[at])}] = view.values[at];
    }
  }
  return result;
}
}  // namespace

TEST_CASE("rows are views of the arrays") {
  const csr values(4, {0, 2, 2, 3}, {0, 3, 1}, {1, 2, 3});
  CHECK(values.rows() == 3);
  CHECK(values.cols() == 4);
  CHECK(values.entries() == 3);
  CHECK(values.row(0).indices[1] == 3);
  CHECK(values.row(0).values[1] == 2);
  CHECK(values.row(1).indices.empty());
  CHECK(values.row(2).values[0] == 3);
  CHECK(csr().rows() == 0);
  CHECK(csr(5).cols() == 5);
}

TEST_CASE("arrays that do not fit together are refused, and nothing outside them is read") {
  const auto make = [](std::vector<std::int64_t> starts, std::vector<std::int32_t> indices, std::vector<float> values) {
    return [=] { csr(4, starts, indices, values); };
  };
  CHECK(test::thrown<mm::data_error>(make({}, {}, {})) == "csr_matrix: row starts must begin with 0");
  CHECK(test::thrown<mm::data_error>(make({1, 1}, {0}, {1})) == "csr_matrix: row starts must begin with 0");
  CHECK(test::thrown<mm::shape_error>(make({0, 1}, {0}, {1, 2})) == "csr_matrix: entries: expected 1, got 2");
  CHECK(test::thrown<mm::shape_error>(make({0, 2}, {0}, {1})) == "csr_matrix: last row start: expected 1, got 2");
  CHECK_THROWS_AS(make({0, -1}, {}, {})(), mm::shape_error);
  CHECK(test::thrown<mm::data_error>(make({0, 2, 1, 2}, {0, 1}, {1, 2})) == "csr_matrix: row starts must not decrease");
  CHECK(test::thrown<mm::data_error>(make({0, 1000000000, 2}, {0, 1}, {1, 2})) ==
        "csr_matrix: row starts must not decrease");
  for (const std::vector<std::int32_t>& indices : {std::vector<std::int32_t>{0, 4}, {-1, 2}, {2, 2}, {3, 1}}) {
    CHECK(test::thrown<mm::data_error>(make({0, 2}, indices, {1, 2})) ==
          "csr_matrix: column indices must increase within a row and stay below the number of columns");
  }
}

TEST_CASE("rows are appended after the same checks") {
  csr built(4);
  mm::sparse_row<float> row;
  row.indices = {0, 3};
  row.values = {1, 2};
  built.push_row(row.view());
  row.clear();
  built.push_row(row.view());
  row.indices = {1};
  row.values = {3};
  built.push_row(row.view());
  CHECK(built == csr(4, {0, 2, 2, 3}, {0, 3, 1}, {1, 2, 3}));
  row.indices = {4};
  CHECK_THROWS_AS(built.push_row(row.view()), mm::data_error);
  row.indices = {1, 2};
  CHECK_THROWS_AS(built.push_row(row.view()), mm::shape_error);
  row.indices = {2, 1};
  row.values = {1, 2};
  CHECK_THROWS_AS(built.push_row(row.view()), mm::data_error);
  CHECK(built.rows() == 3);
}

TEST_CASE("the transposed matrix has the same entries the other way round") {
  mm::random_stream random(mm::seed{4});
  for (int round = 0; round < 50; ++round) {
    const std::size_t rows = random.below(20), columns = 1 + random.below(20);
    csr values(columns);
    for (std::size_t row = 0; row < rows; ++row) {
      mm::sparse_row<float> entries;
      for (std::uint32_t column = 0; column < columns; ++column) {
        if (random.below(4) != 0) continue;
        entries.indices.push_back(static_cast<std::int32_t>(column));
        entries.values.push_back(random.uniform_float());
      }
      values.push_row(entries.view());
    }
    const csr transposed = values.transposed();
    CHECK(transposed.rows() == columns);
    CHECK(transposed.cols() == rows);
    std::map<std::pair<std::size_t, std::size_t>, float> wanted;
    for (const auto& [place, value] : entries_of(values)) wanted[{place.second, place.first}] = value;
    CHECK(entries_of(transposed) == wanted);
    CHECK(transposed.transposed() == values);
  }
}
