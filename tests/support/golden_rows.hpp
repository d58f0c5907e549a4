// tests/support/golden_rows.hpp - golden files of named rows: "name,number,number,..." on each line.
#pragma once
#include <cstddef>
#include <fstream>
#include <map>
#include <sstream>
#include <stdexcept>
#include <string>
#include <vector>

namespace test {

using golden_table = std::vector<std::vector<double>>;

/// The rows of each name, in the order of the file. `file` is its name in tests/golden.
inline std::map<std::string, golden_table> read_golden_rows(const std::string& file) {
  std::map<std::string, golden_table> read;
  std::ifstream stream(std::string(MMREC_TEST_GOLDEN_DIR "/") + file);
  for (std::string line; std::getline(stream, line);) {
    std::istringstream fields(line);
    std::string name, field;
    std::getline(fields, name, ',');
    auto& row = read[name].emplace_back();
    while (std::getline(fields, field, ',')) row.push_back(std::stod(field));
  }
  if (read.empty()) throw std::runtime_error("no golden file " + file);
  return read;
}

}  // namespace test
