#include <mmrec/kernel/orthonormalize.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

std::vector<double> columns_of(const std::string& name, std::size_t rows, std::size_t columns) {
  mm::random_stream random(mm::seed{5}, rows);
  std::vector<double> q(rows * columns);
  for (double& value : q) value = random.normal();
  for (std::size_t i = 0; i < rows; ++i) {
    double* row = &q[i * columns];
    if (name == "dependent" && columns > 1) row[columns - 1] = 2.0 * row[0];
    if (name == "nearly dependent" && columns > 1) row[columns - 1] = row[0] + 1e-9 * row[columns - 1];
    if (name == "graded") {
      for (std::size_t j = 0; j < columns; ++j) row[j] *= std::pow(10.0, -static_cast<double>(j));
    }
    if (name == "zero") std::fill_n(row, columns, 0.0);
  }
  return q;
}

double departure_from_orthonormality(const std::vector<double>& q, std::size_t rows, std::size_t columns) {
  double worst = 0;
  for (std::size_t j = 0; j < columns; ++j) {
    for (std::size_t k = 0; k < columns; ++k) {
      double sum = j == k ? -1.0 : 0.0;
      for (std::size_t i = 0; i < rows; ++i) sum += q[i * columns + j] * q[i * columns + k];
      worst = std::max(worst, std::abs(sum));
    }
  }
  return worst;
}

/// Largest part of a given column outside the span of the basis, relative to the column.
double part_outside(const std::vector<double>& given, const std::vector<double>& q, std::size_t rows, std::size_t columns) {
  double worst = 0;
  for (std::size_t j = 0; j < columns; ++j) {
    std::vector<double> rest(rows);
    double size = 0, left = 0;
    for (std::size_t i = 0; i < rows; ++i) size += (rest[i] = given[i * columns + j]) * rest[i];
    for (std::size_t k = 0; k < columns; ++k) {
      double overlap = 0;
      for (std::size_t i = 0; i < rows; ++i) overlap += q[i * columns + k] * given[i * columns + j];
      for (std::size_t i = 0; i < rows; ++i) rest[i] -= overlap * q[i * columns + k];
    }
    for (const double value : rest) left += value * value;
    if (size > 0) worst = std::max(worst, std::sqrt(left / size));
  }
  return worst;
}

}  // namespace

TEST_CASE("the basis is orthonormal and contains the columns, whatever their rank") {
  for (const std::string name : {"random", "dependent", "nearly dependent", "graded", "zero"}) {
    for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{1, 1}, {5, 5}, {40, 7}, {700, 30}}) {
      for (const auto level : kernel::usable_simd_levels()) {
        CAPTURE(name, rows, columns, kernel::name_of(level));
        const auto given = columns_of(name, rows, columns);
        auto q = given;
        kernel::orthonormalize_columns(mm::exec::cpu{}, q.data(), rows, columns, level);
        CHECK(departure_from_orthonormality(q, rows, columns) < 1e-14);
        CHECK(part_outside(given, q, rows, columns) < 1e-13);
      }
    }
  }
}

TEST_CASE("any number of threads gives the same bits") {
  const auto given = columns_of("random", 2000, 20);
  std::vector<double> reference;
  for (const std::size_t threads : {1u, 2u, 8u}) {
    auto q = given;
    kernel::orthonormalize_columns(mm::exec::cpu{.threads = threads}, q.data(), 2000, 20);
    if (reference.empty()) reference = q;
    CHECK(q == reference);
  }
}
