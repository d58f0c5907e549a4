#include <mmrec/kernel/line_products.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

template <class T>
kernel::aligned_vector<T> random_lines(std::size_t rows, std::uint64_t stream) {
  mm::random_stream random(mm::seed{6}, stream);
  kernel::aligned_vector<T> lines(rows * kernel::line_columns<T>);
  for (T& value : lines) value = static_cast<T>(random.normal());
  return lines;
}

template <class T>
struct sparse_case {
  std::vector<std::int64_t> starts{0};
  std::vector<std::int32_t> indices;
  std::vector<T> values;
  kernel::sparse_rows<T> view() const { return {starts, indices, values}; }
};

/// Rows of 0, 1, 2, ... entries.
template <class T>
sparse_case<T> growing_rows(std::size_t rows, std::uint32_t columns) {
  mm::random_stream random(mm::seed{3});
  sparse_case<T> result;
  for (std::size_t row = 0; row < rows; ++row) {
    for (const std::uint32_t column : random.sample(columns, static_cast<std::uint32_t>(row) % columns)) {
      result.indices.push_back(static_cast<std::int32_t>(column));
      result.values.push_back(static_cast<T>(random.normal()));
    }
    result.starts.push_back(static_cast<std::int64_t>(result.values.size()));
  }
  return result;
}

}  // namespace

TEMPLATE_TEST_CASE("sparse products with line matrices agree with plain sums, at every level", "", float, double) {
  constexpr std::size_t line = kernel::line_columns<TestType>, rows = 90, inner = 70;
  const auto a = growing_rows<TestType>(rows, inner);
  const auto b = random_lines<TestType>(inner, 1), start = random_lines<TestType>(rows, 2);
  for (const bool accumulate : {false, true}) {
    kernel::aligned_vector<TestType> first_bits;
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(accumulate, kernel::name_of(level));
      auto c = start;
      kernel::sparse_times_lines<mm::exec::cpu, TestType>({}, a.view(), b.data(), c.data(), accumulate, level);
      double worst = 0;
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t j = 0; j < line; ++j) {
          long double sum = accumulate ? static_cast<long double>(start[row * line + j]) : 0.0L;
          for (auto e = static_cast<std::size_t>(a.starts[row]); e < static_cast<std::size_t>(a.starts[row + 1]); ++e) {
            sum += static_cast<long double>(a.values[e]) * b[static_cast<std::size_t>(a.indices[e]) * line + j];
          }
          worst = std::max(worst, static_cast<double>(std::abs(sum - c[row * line + j])));
        }
      }
      CHECK(worst < 100 * std::numeric_limits<TestType>::epsilon());
      if (level == kernel::simd_level::avx2) first_bits = c;
      if (level == kernel::simd_level::avx512) CHECK(c == first_bits);
    }
  }
}

TEMPLATE_TEST_CASE("products of line matrices agree with plain sums, at every level and length", "", float, double) {
  constexpr std::size_t line = kernel::line_columns<TestType>, square = line * line;
  const auto m = random_lines<TestType>(line, 3);
  for (const std::size_t rows : {0u, 1u, 3u, 8u, 13u, 100u}) {
    const auto x = random_lines<TestType>(rows, 4), y = random_lines<TestType>(rows, 5);
    kernel::aligned_vector<TestType> first_inner, first_moved;
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(rows, kernel::name_of(level));
      kernel::aligned_vector<TestType> inner(square);
      kernel::line_products(x.data(), y.data(), rows, inner.data(), level);
      auto moved = y, in_place = x;
      kernel::lines_times(x.data(), m.data(), rows, moved.data(), true, level);
      kernel::lines_times(in_place.data(), m.data(), rows, in_place.data(), false, level);
      double worst = 0;
      for (std::size_t i = 0; i < line; ++i) {
        for (std::size_t j = 0; j < line; ++j) {
          long double sum = 0;
          for (std::size_t row = 0; row < rows; ++row) {
            sum += static_cast<long double>(x[row * line + i]) * y[row * line + j];
          }
          worst = std::max(worst, static_cast<double>(std::abs(sum - inner[i * line + j])));
        }
      }
      for (std::size_t row = 0; row < rows; ++row) {
        for (std::size_t j = 0; j < line; ++j) {
          long double sum = 0;
          for (std::size_t i = 0; i < line; ++i) sum += static_cast<long double>(x[row * line + i]) * m[i * line + j];
          worst = std::max(worst, static_cast<double>(std::abs(sum - in_place[row * line + j])));
          worst = std::max(worst, static_cast<double>(std::abs(sum + y[row * line + j] - moved[row * line + j])));
        }
      }
      CHECK(worst < 200 * std::numeric_limits<TestType>::epsilon());
      if (level == kernel::simd_level::avx2) first_inner = inner, first_moved = moved;
      if (level == kernel::simd_level::avx512) CHECK((inner == first_inner && moved == first_moved));
    }
  }
}
