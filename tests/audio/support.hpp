// tests/audio/support.hpp - golden files whose lines are a name and numbers, and sounds made for tests.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <fstream>
#include <initializer_list>
#include <map>
#include <numbers>
#include <string>
#include <vector>

#include <mmrec/core/parse.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/sound.hpp>

#include "support/catch.hpp"

namespace test {

using golden_lines = std::map<std::string, std::vector<double>>;

inline golden_lines read_golden(const std::string& name) {
  std::ifstream file(std::string(MMREC_TEST_GOLDEN_DIR) + "/" + name);
  REQUIRE(file.good());
  golden_lines lines;
  for (std::string line; std::getline(file, line);) {
    std::size_t at = line.find(',');
    std::vector<double>& numbers = lines[line.substr(0, at)];
    while (at < line.size()) {
      const std::size_t end = std::min(line.find(',', at + 1), line.size());
      const auto number = mmrec::parse_number<double>(std::string_view(line).substr(at + 1, end - at - 1));
      REQUIRE(number);
      numbers.push_back(number.value);
      at = end;
    }
  }
  return lines;
}

inline std::vector<float> as_floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }

template <class T>
std::vector<T> noise(std::size_t count, std::uint64_t stream) {
  mmrec::random_stream random(mmrec::seed{21}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(0.3 * random.normal());
  return values;
}

inline std::vector<float> tone(double hertz, double rate, std::size_t count) {
  std::vector<float> values(count);
  for (std::size_t i = 0; i < count; ++i) {
    values[i] = static_cast<float>(std::sin(2.0 * std::numbers::pi * hertz * static_cast<double>(i) / rate));
  }
  return values;
}

/// Noises of different lengths, an empty one and a very short one among them.
inline std::vector<mmrec::data::sound> noises(std::uint32_t rate) {
  std::vector<mmrec::data::sound> sounds;
  for (const std::size_t length :
       std::initializer_list<std::size_t>{4000, 1, 0, 801, 12000, 33, 5000, 2500, 7777, 640, 1200}) {
    sounds.push_back({noise<float>(length, 100 + sounds.size()), rate});
  }
  return sounds;
}

}  // namespace test
