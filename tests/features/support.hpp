// tests/features/support.hpp - the golden table of scikit-learn's scalers.
#pragma once
#include <mmrec/data/matrix.hpp>

#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "support/catch.hpp"

namespace test {

/// tests/golden/features.csv, made by features.py: blanks are NaN. Columns 0-3 input, 4-7 StandardScaler, 8-11 MinMaxScaler
/// to
/// [-1, 3], 12-15 normalize.
inline mmrec::matrix<double> golden_features() {
  std::ifstream file(MMREC_TEST_GOLDEN_DIR "/features.csv");
  REQUIRE(file);
  std::string line;
  std::getline(file, line);
  mmrec::matrix<double> table(9, 16);
  for (Eigen::Index row = 0; row < 9; ++row) {
    REQUIRE(std::getline(file, line));
    std::istringstream fields(line + ',');
    for (Eigen::Index column = 0; column < 16; ++column) {
      std::string field;
      REQUIRE(std::getline(fields, field, ','));
      table(row, column) = field.empty() ? std::numeric_limits<double>::quiet_NaN() : std::stod(field);
    }
  }
  return table;
}

}  // namespace test
