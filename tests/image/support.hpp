// tests/image/support.hpp - pictures made by formula, and the golden numbers for them.
#pragma once
#include <mmrec/data/image.hpp>
#include <mmrec/exec/cpu.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <fstream>
#include <string>
#include <vector>

#include "support/catch.hpp"

namespace test {

/// The same formula as `noise` of tests/golden/image.py.
inline mmrec::data::image noise(std::size_t height, std::size_t width, std::uint32_t key = 12345) {
  mmrec::data::image picture;
  picture.resize(height, width);
  std::size_t index = 0;
  for (std::uint32_t y = 0; y < height; ++y) {
    for (std::uint32_t x = 0; x < width; ++x) {
      for (std::uint32_t c = 0; c < 3; ++c) {
        std::uint32_t h = y * 73856093u + x * 19349663u + c * 83492791u + key;
        h = (h ^ (h >> 13)) * 1274126177u;
        picture.bytes[index++] = static_cast<std::uint8_t>((h ^ (h >> 16)) % 256);
      }
    }
  }
  return picture;
}

/// The same formula as `disc` of tests/golden/image.py.
inline mmrec::data::image disc(std::size_t height, std::size_t width) {
  mmrec::data::image picture;
  picture.resize(height, width);
  const auto h = static_cast<int>(height);
  const auto w = static_cast<int>(width);
  const int radius = std::min(h, w) * 3 / 4;
  std::size_t index = 0;
  for (int y = 0; y < h; ++y) {
    for (int x = 0; x < w; ++x) {
      const bool inside = (2 * y - h) * (2 * y - h) + (2 * x - w) * (2 * x - w) < radius * radius;
      picture.bytes[index++] = static_cast<std::uint8_t>(inside ? 250 : 200 * y / h);
      picture.bytes[index++] = static_cast<std::uint8_t>(inside ? 240 : 200 * x / w);
      picture.bytes[index++] = static_cast<std::uint8_t>(inside ? 30 : (y * 5 + x * 3) % 100);
    }
  }
  return picture;
}

inline mmrec::data::image picture(const std::string& name, std::size_t height, std::size_t width) {
  return name == "noise" ? noise(height, width) : disc(height, width);
}

inline mmrec::data::image_column column(const std::vector<mmrec::data::image>& pictures) {
  mmrec::data::image_column result;
  for (const auto& one : pictures) result.push_back(one.view());
  return result;
}

inline mmrec::data::image filled(std::size_t height, std::size_t width, std::uint8_t level) {
  mmrec::data::image result;
  result.resize(height, width);
  result.bytes.assign(result.bytes.size(), level);
  return result;
}

/// The lines of tests/golden/image.csv that start with `what`, without that word.
inline std::vector<std::vector<std::string>> golden_lines(const std::string& what) {
  std::ifstream file(MMREC_TEST_GOLDEN_DIR "/image.csv");
  REQUIRE(file);
  std::vector<std::vector<std::string>> lines;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> fields(1);
    for (const char c : line) {
      if (c == ',') {
        fields.emplace_back();
      } else {
        fields.back() += c;
      }
    }
    if (fields[0] != what) continue;
    fields.erase(fields.begin());
    lines.push_back(fields);
  }
  REQUIRE(!lines.empty());
  return lines;
}

}  // namespace test
