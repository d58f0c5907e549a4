// report.hpp - clocks and tables.
#pragma once
#include <algorithm>
#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include <mmrec/eval/table.hpp>

namespace contest {

/// Wall-clock seconds since it was made.
class stopwatch {
 public:
  double seconds() const { return std::chrono::duration<double>(std::chrono::steady_clock::now() - start_).count(); }

 private:
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

/// A number with so many digits after the point.
inline std::string digits(double value, int count) { return mmrec::eval::fixed_digits(value, count); }

/// "0.1234 [0.1200, 0.1290]"
inline std::string with_interval(const mmrec::eval::interval& value) {
  std::string text = digits(value.mean, 4);
  if (value.low == value.high) return text;
  return text + " [" + digits(value.low, 4) + ", " + digits(value.high, 4) + ']';
}

/// Lines of cells, the first one the titles; each column is padded to one width.
class text_table {
 public:
  explicit text_table(std::vector<std::string> titles) { add(std::move(titles)); }
  void add(std::vector<std::string> line) { lines_.push_back(std::move(line)); }
  /// Below the titles.
  std::size_t rows() const { return lines_.size() - 1; }

  std::string plain() const { return text("", "  ", "\n", false); }
  std::string markdown() const { return text("| ", " | ", " |\n", true); }

 private:
  std::string text(const char* begin, const char* between, const char* end, bool ruled) const {
    std::vector<std::size_t> widths(lines_.front().size(), 0);
    for (const auto& line : lines_) {
      for (std::size_t column = 0; column < line.size(); ++column) {
        widths[column] = (std::max)(widths[column], line[column].size());
      }
    }
    std::string all;
    const auto write = [&](auto&& cell) {
      all += begin;
      for (std::size_t column = 0; column < widths.size(); ++column) {
        const std::string value = cell(column);
        all += value;
        if (column + 1 < widths.size()) all.append(widths[column] - value.size(), ' ').append(between);
      }
      all += end;
    };
    for (std::size_t line = 0; line < lines_.size(); ++line) {
      write([&](std::size_t column) { return lines_[line][column]; });
      if (ruled && line == 0) write([&](std::size_t column) { return std::string(widths[column], '-'); });
    }
    return all;
  }

  std::vector<std::vector<std::string>> lines_;
};

}  // namespace contest
