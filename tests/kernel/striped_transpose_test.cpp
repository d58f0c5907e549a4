#include <mmrec/kernel/striped_transpose.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

mm::csr_matrix<float> random_rows(std::size_t rows, std::uint32_t columns, std::uint32_t most) {
  mm::random_stream random(mm::seed{8});
  mm::csr_matrix<float> result(columns);
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<std::int32_t> indices;
    std::vector<float> values;
    for (const std::uint32_t column : random.sample(columns, random.below(most + 1))) {
      indices.push_back(static_cast<std::int32_t>(column));
      values.push_back(static_cast<float>(random.normal()));
    }
    result.push_row({indices, values});
  }
  return result;
}

kernel::sparse_rows<float> view(const mm::csr_matrix<float>& a) { return {a.starts(), a.indices(), a.values()}; }

}  // namespace

TEST_CASE("the stripes together hold the transpose, in the order of the rows") {
  // Several stripes and groups of columns; fewer entries than lines; nothing at all.
  for (const auto& [rows, columns, most] :
       {std::tuple<std::size_t, std::uint32_t, std::uint32_t>{20000, 30, 25}, {300, 9000, 4}, {5, 1, 1}, {4, 7, 0}}) {
    CAPTURE(rows, columns);
    const auto a = random_rows(rows, columns, most);
    const auto expected = a.transposed();
    for (const std::size_t threads : {1u, 8u}) {
      const kernel::striped_transpose<float> transpose(mm::exec::cpu{.threads = threads}, view(a), columns);
      if (rows == 20000) CHECK(transpose.stripes() == 3);
      std::vector<std::int32_t> indices;
      std::vector<float> values;
      for (std::size_t column = 0; column < columns; ++column) {
        for (std::size_t stripe = 0; stripe < transpose.stripes(); ++stripe) {
          const auto part = transpose.of(stripe);
          for (auto e = static_cast<std::size_t>(part.starts[column]); e < static_cast<std::size_t>(part.starts[column + 1]);
               ++e) {
            indices.push_back(part.indices[e] + static_cast<std::int32_t>(transpose.first_row(stripe)));
            values.push_back(part.values[e]);
          }
        }
      }
      CHECK(std::equal(indices.begin(), indices.end(), expected.indices().begin(), expected.indices().end()));
      CHECK(std::equal(values.begin(), values.end(), expected.values().begin(), expected.values().end()));
      CHECK(transpose.end_row(transpose.stripes() - 1) == rows);
    }
  }
}

TEST_CASE("A^T A B agrees with plain sums, and any number of threads gives the same bits") {
  constexpr std::size_t rows = 20000, columns = 40, line = kernel::line_columns<float>;
  const auto a = random_rows(rows, columns, 30);
  mm::random_stream random(mm::seed{9});
  kernel::aligned_vector<float> b(columns * line), product(rows * line), reference;
  for (float& value : b) value = static_cast<float>(random.normal());
  std::vector<double> expected(columns * line);
  for (std::size_t row = 0; row < rows; ++row) {
    const auto entries = a.row(row);
    for (std::size_t j = 0; j < line; ++j) {
      double sum = 0;
      for (std::size_t e = 0; e < entries.indices.size(); ++e) {
        sum += double{entries.values[e]} * double{b[static_cast<std::size_t>(entries.indices[e]) * line + j]};
      }
      for (std::size_t e = 0; e < entries.indices.size(); ++e) {
        expected[static_cast<std::size_t>(entries.indices[e]) * line + j] += double{entries.values[e]} * sum;
      }
    }
  }
  for (const std::size_t threads : {1u, 2u, 8u}) {
    const mm::exec::cpu exec{.threads = threads};
    const kernel::striped_transpose<float> transpose(exec, view(a), columns);
    kernel::aligned_vector<float> c(columns * line, -3.0f);
    kernel::normal_times_lines<mm::exec::cpu, float>(exec, view(a), transpose, b.data(), product.data(), c.data());
    double worst = 0, largest = 0;
    for (std::size_t i = 0; i < c.size(); ++i) {
      worst = std::max(worst, std::abs(double{c[i]} - expected[i]));
      largest = std::max(largest, std::abs(expected[i]));
    }
    CHECK(worst < 1e-5 * largest);
    if (reference.empty()) reference = c;
    CHECK(c == reference);
  }
}
