// tests/decomp/cases.hpp - the data of tests/golden/decomp.py and its reference values.
#pragma once
#include <mmrec/data/csr.hpp>
#include <mmrec/data/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <fstream>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace test {

/// In [-0.5, 0.5); the same float64 value in any language.
inline double hashed(std::size_t i, std::size_t j) {
  return static_cast<double>((i * 7919 + j * 104729 + i * j * 31 + i * i * 13) % 1009) / 1009.0 - 0.5;
}

template <class T>
mmrec::matrix<T> dense_case(std::size_t rows, std::size_t columns) {
  mmrec::matrix<T> x(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      x.data()[i * columns + j] = static_cast<T>(hashed(i, j) * (1.0 + static_cast<double>(j % 7)) + static_cast<double>(j));
    }
  }
  return x;
}

template <class T>
mmrec::matrix<T> decaying_case(std::size_t rows, std::size_t columns) {
  mmrec::matrix<T> x(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      double sum = 0.001 * hashed(i, j);
      for (std::size_t k = 0; k < 20; ++k) sum += hashed(i, k) * std::pow(0.7, static_cast<double>(k)) * hashed(j, k);
      x.data()[i * columns + j] = static_cast<T>(sum);
    }
  }
  return x;
}

template <class T>
mmrec::csr_matrix<T> sparse_case(std::size_t rows, std::size_t columns) {
  std::vector<std::int64_t> starts{0};
  std::vector<std::int32_t> indices;
  std::vector<T> values;
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      if ((i * 31 + j * 17 + i * j) % 3 != 0) continue;
      indices.push_back(static_cast<std::int32_t>(j));
      values.push_back(static_cast<T>(hashed(i, j) + 0.75));
    }
    starts.push_back(static_cast<std::int64_t>(values.size()));
  }
  return {columns, std::move(starts), std::move(indices), std::move(values)};
}

/// The numbers of one case of decomp.csv, by quantity.
inline std::map<std::string, std::vector<double>> golden(const std::string& wanted) {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/decomp.csv");
  REQUIRE(file);
  std::map<std::string, std::vector<double>> result;
  std::string line;
  while (std::getline(file, line)) {
    std::istringstream fields(line);
    std::string name, quantity, field;
    std::getline(fields, name, ',');
    std::getline(fields, quantity, ',');
    if (name != wanted) continue;
    while (std::getline(fields, field, ',')) result[quantity].push_back(std::strtod(field.c_str(), nullptr));
  }
  REQUIRE(!result.empty());
  return result;
}

/// Largest difference relative to the largest expected number.
template <class Found>
double difference(const Found& found, std::span<const double> expected) {
  REQUIRE(static_cast<std::size_t>(found.size()) >= expected.size());
  double worst = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(found.data()[i]) - expected[i]));
    size = std::max(size, std::abs(expected[i]));
  }
  return worst / size;
}

/// Largest difference relative to each expected number.
template <class Found>
double relative_difference(const Found& found, std::span<const double> expected) {
  REQUIRE(static_cast<std::size_t>(found.size()) >= expected.size());
  double worst = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(found.data()[i]) / expected[i] - 1.0));
  }
  return worst;
}

/// Sine of the largest angle between a unit vector of `expected` (rows of length `columns`) and the space of the rows found.
template <class Found>
double largest_angle(const Found& found, std::span<const double> expected, std::size_t columns) {
  double worst = 0;
  for (std::size_t k = 0; k < expected.size() / columns; ++k) {
    std::vector<double> rest(expected.begin() + static_cast<std::ptrdiff_t>(k * columns),
                             expected.begin() + static_cast<std::ptrdiff_t>((k + 1) * columns));
    const std::vector<double> whole = rest;
    for (std::size_t i = 0; i < static_cast<std::size_t>(found.rows()); ++i) {
      double overlap = 0;
      for (std::size_t j = 0; j < columns; ++j) overlap += static_cast<double>(found.data()[i * columns + j]) * whole[j];
      for (std::size_t j = 0; j < columns; ++j) rest[j] -= overlap * static_cast<double>(found.data()[i * columns + j]);
    }
    double left = 0;
    for (const double value : rest) left += value * value;
    worst = std::max(worst, std::sqrt(left));
  }
  return worst;
}

}  // namespace test
