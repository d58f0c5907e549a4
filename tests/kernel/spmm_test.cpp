#include <mmrec/kernel/spmm.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

template <class T>
struct sparse_case {
  std::vector<std::int64_t> starts{0};
  std::vector<std::int32_t> indices;
  std::vector<T> values;
  kernel::sparse_rows<T> view() const { return {starts, indices, values}; }
};

template <class T>
sparse_case<T> random_rows(std::size_t rows, std::uint32_t columns) {
  mm::random_stream random(mm::seed{3});
  sparse_case<T> result;
  for (std::size_t row = 0; row < rows; ++row) {
    for (const std::uint32_t column : random.sample(columns, random.below(std::min(columns, 30u) + 1))) {
      result.indices.push_back(static_cast<std::int32_t>(column));
      result.values.push_back(static_cast<T>(random.normal()));
    }
    result.starts.push_back(static_cast<std::int64_t>(result.values.size()));
  }
  return result;
}

}  // namespace

TEMPLATE_TEST_CASE("sparse products agree with plain sums, at every level and width", "", float, double) {
  const std::size_t rows = 50;
  const std::uint32_t inner = 40;
  const auto a = random_rows<TestType>(rows, inner);
  for (const std::size_t columns : {1u, 7u, 8u, 9u, 16u, 63u, 64u, 65u, 128u, 138u, 300u}) {
    const std::size_t stride = columns + 3;
    mm::random_stream random(mm::seed{4});
    std::vector<TestType> b(inner * stride);
    for (auto& value : b) value = static_cast<TestType>(random.normal());
    std::vector<TestType> first_bits;
    for (const auto level : kernel::usable_simd_levels()) {
      CAPTURE(columns, kernel::name_of(level));
      std::vector<TestType> c(rows * stride, TestType(-5));
      kernel::spmm(mm::exec::cpu{}, a.view(), b.data(), stride, columns, c.data(), stride, level);
      double worst = 0;
      bool padding_kept = true, rows_alone = true;
      for (std::size_t row = 0; row < rows; ++row) {
        const auto begin = static_cast<std::size_t>(a.starts[row]), end = static_cast<std::size_t>(a.starts[row + 1]);
        for (std::size_t j = 0; j < columns; ++j) {
          long double sum = 0;
          for (std::size_t e = begin; e < end; ++e) {
            sum += static_cast<long double>(a.values[e]) * b[static_cast<std::size_t>(a.indices[e]) * stride + j];
          }
          worst = std::max(worst, static_cast<double>(std::abs(sum - c[row * stride + j])));
        }
        for (std::size_t j = columns; j < stride; ++j) padding_kept = padding_kept && c[row * stride + j] == TestType(-5);
        std::vector<TestType> alone(columns);
        kernel::sparse_row_times<TestType>(std::span(a.indices).subspan(begin, end - begin),
                                           std::span(a.values).subspan(begin, end - begin), b.data(), stride, columns,
                                           alone.data(), level);
        rows_alone =
            rows_alone && std::equal(alone.begin(), alone.end(), c.begin() + static_cast<std::ptrdiff_t>(row * stride));
      }
      CHECK(worst < 60 * std::numeric_limits<TestType>::epsilon());
      CHECK(padding_kept);
      CHECK(rows_alone);
      if (level == kernel::simd_level::avx2) first_bits = c;
      if (level == kernel::simd_level::avx512) CHECK(c == first_bits);
    }
  }
}

TEST_CASE("any number of threads gives the same bits") {
  const auto a = random_rows<float>(1000, 500);
  std::vector<float> b(500 * 20);
  mm::random_stream random(mm::seed{4});
  for (auto& value : b) value = static_cast<float>(random.normal());
  std::vector<float> reference;
  for (const std::size_t threads : {1u, 2u, 8u}) {
    std::vector<float> c(1000 * 20);
    kernel::spmm(mm::exec::cpu{.threads = threads}, a.view(), b.data(), 20, 20, c.data(), 20);
    if (reference.empty()) reference = c;
    CHECK(c == reference);
  }
}

TEST_CASE("a row without entries gives zeros") {
  const std::vector<std::int64_t> starts{0, 0};
  std::vector<float> b(4, 1.0f), c(4, 9.0f);
  for (const auto level : kernel::usable_simd_levels()) {
    kernel::spmm<mm::exec::cpu, float>({}, {starts, {}, {}}, b.data(), 4, 4, c.data(), 4, level);
    CHECK(c == std::vector<float>(4, 0.0f));
  }
}
