// tests/cluster/cases.hpp - the rows of tests/golden/cluster.py and its reference values.
#pragma once
#include <mmrec/data/matrix.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace test {

/// In [-0.5, 0.5); the same float64 value in any language.
inline double hashed(std::size_t i, std::size_t j) {
  return static_cast<double>((i * 7919 + j * 104729 + i * j * 31 + i * i * 13) % 1009) / 1009.0 - 0.5;
}

/// Rows around centres that lie on hashed places, away from zero.
inline mmrec::matrix<float> groups(std::size_t rows, std::size_t columns, std::size_t centres, double spread) {
  mmrec::matrix<float> x(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(columns));
  for (std::size_t i = 0; i < rows; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      const double around = hashed(i, j) * spread * (1.0 + static_cast<double>(j % 3));
      x.data()[i * columns + j] = static_cast<float>(around + 8.0 * hashed(i * i % centres, j) + 10.0);
    }
  }
  return x;
}

/// The numbers of one case of cluster.csv, by quantity.
inline std::map<std::string, std::vector<double>> golden(const std::string& wanted) {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/cluster.csv");
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

/// Largest difference, relative to the largest expected number.
template <class Found>
double difference(const Found& found, const std::vector<double>& expected) {
  REQUIRE(static_cast<std::size_t>(found.size()) >= expected.size());
  double worst = 0, size = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    worst = std::max(worst, std::abs(static_cast<double>(found.data()[i]) - expected[i]));
    size = std::max(size, std::abs(expected[i]));
  }
  return worst / size;
}

}  // namespace test
