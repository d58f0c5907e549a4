#include <mmrec/kernel/gemm.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>

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
std::vector<T> random_values(std::size_t count, std::uint64_t stream) {
  mm::random_stream random(mm::seed{11}, stream);
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(random.normal());
  return values;
}

template <class T>
struct product_case {
  std::size_t m, n, k;
  bool a_transposed, b_transposed;
  T alpha = T(1);
  bool accumulate = false;
};

template <class T>
kernel::gemm_operand<T> operand(const std::vector<T>& values, std::size_t stride, bool transposed) {
  return transposed ? kernel::transposed(values.data(), stride) : kernel::as_stored(values.data(), stride);
}

/// Largest error relative to the sum of magnitudes of each element's terms, in units of the rounding error.
template <class T>
double worst_error(const product_case<T>& p, const mm::exec::cpu& exec, kernel::simd_level level) {
  const std::size_t a_stride = (p.a_transposed ? p.m : p.k) + 3, b_stride = (p.b_transposed ? p.k : p.n) + 5,
                    c_stride = p.n + 2;
  const auto a = random_values<T>((p.a_transposed ? p.k : p.m) * a_stride, 1);
  const auto b = random_values<T>((p.b_transposed ? p.n : p.k) * b_stride, 2);
  auto c = random_values<T>(p.m * c_stride, 3);
  const auto before = c;
  kernel::gemm(exec,
               kernel::gemm_problem<T>{.rows = p.m,
                                       .columns = p.n,
                                       .inner = p.k,
                                       .a = operand(a, a_stride, p.a_transposed),
                                       .b = operand(b, b_stride, p.b_transposed),
                                       .c = c.data(),
                                       .c_stride = c_stride,
                                       .alpha = p.alpha,
                                       .accumulate = p.accumulate},
               level);
  double worst = 0;
  for (std::size_t i = 0; i < p.m; ++i) {
    for (std::size_t j = 0; j < p.n; ++j) {
      long double sum = 0, size = 0;
      for (std::size_t q = 0; q < p.k; ++q) {
        const long double x = p.a_transposed ? a[q * a_stride + i] : a[i * a_stride + q];
        const long double y = p.b_transposed ? b[j * b_stride + q] : b[q * b_stride + j];
        sum += x * y;
        size += std::abs(x * y);
      }
      sum *= p.alpha;
      size *= std::abs(p.alpha);
      if (p.accumulate) {
        sum += before[i * c_stride + j];
        size += std::abs(before[i * c_stride + j]);
      }
      const auto error = static_cast<double>(std::abs(c[i * c_stride + j] - sum));
      worst = std::max(worst, size > 0 ? error / static_cast<double>(size) : error);
    }
    for (std::size_t j = p.n; j < c_stride; ++j) CHECK(c[i * c_stride + j] == before[i * c_stride + j]);
  }
  return worst / std::numeric_limits<T>::epsilon();
}

}  // namespace

TEMPLATE_TEST_CASE("products agree with long double sums, at every level, shape and layout", "", float, double) {
  const std::size_t sizes[][3] = {{1, 1, 1},   {1, 7, 3},      {8, 48, 16},   {9, 49, 17},   {7, 47, 300},
                                  {40, 33, 5}, {65, 130, 257}, {400, 20, 30}, {3, 200, 512}, {16, 24, 0}};
  for (const auto level : kernel::usable_simd_levels()) {
    for (const auto& [m, n, k] : sizes) {
      for (int layout = 0; layout < 4; ++layout) {
        CAPTURE(kernel::name_of(level), m, n, k, layout);
        CHECK(worst_error<TestType>({m, n, k, layout % 2 == 1, layout / 2 == 1}, {}, level) < 12);
      }
      CHECK(worst_error<TestType>({m, n, k, false, true, TestType(-0.5), true}, {}, level) < 12);
    }
  }
}

TEST_CASE("AVX2 and AVX-512 give the same bits") {
  const auto levels = kernel::usable_simd_levels();
  if (levels.size() < 3) return;
  const std::size_t m = 61, n = 101, k = 600;
  const auto a = random_values<float>(m * k, 1), b = random_values<float>(k * n, 2);
  std::vector<float> two(m * n), five(m * n);
  const kernel::gemm_problem<float> problem{.rows = m,
                                            .columns = n,
                                            .inner = k,
                                            .a = kernel::as_stored(a.data(), k),
                                            .b = kernel::as_stored(b.data(), n),
                                            .c = two.data(),
                                            .c_stride = n};
  kernel::gemm(mm::exec::cpu{}, problem, kernel::simd_level::avx2);
  auto other = problem;
  other.c = five.data();
  kernel::gemm(mm::exec::cpu{}, other, kernel::simd_level::avx512);
  CHECK(two == five);
}

TEST_CASE("any number of threads gives the same bits") {
  const std::size_t m = 900, n = 1700, k = 300;
  const auto a = random_values<float>(m * k, 1), b = random_values<float>(k * n, 2);
  std::vector<float> reference;
  for (const std::size_t threads : {1u, 2u, 8u}) {
    std::vector<float> c(m * n);
    kernel::gemm(mm::exec::cpu{.threads = threads}, kernel::gemm_problem<float>{.rows = m,
                                                                                .columns = n,
                                                                                .inner = k,
                                                                                .a = kernel::as_stored(a.data(), k),
                                                                                .b = kernel::as_stored(b.data(), n),
                                                                                .c = c.data(),
                                                                                .c_stride = n});
    if (reference.empty()) reference = c;
    CHECK(c == reference);
  }
}

TEST_CASE("blocks of columns beyond one packed block are covered") {
  const std::size_t m = 3, n = 128 * 48 + 77, k = 5;
  CHECK(worst_error<float>({m, n, k, false, false}, {}, kernel::best_simd_level()) < 12);
}

TEST_CASE("a lower product equals the lower part of the whole one and leaves far tiles alone") {
  const std::size_t n = 800, k = 40;
  const auto a = random_values<float>(n * k, 1);
  std::vector<float> whole(n * n), lower(n * n, -7.0f);
  kernel::gemm_problem<float> problem{.rows = n,
                                      .columns = n,
                                      .inner = k,
                                      .a = kernel::as_stored(a.data(), k),
                                      .b = kernel::transposed(a.data(), k),
                                      .c = whole.data(),
                                      .c_stride = n};
  kernel::gemm(mm::exec::cpu{}, problem);
  problem.c = lower.data();
  problem.lower = true;
  kernel::gemm(mm::exec::cpu{}, problem);
  bool equal = true;
  std::size_t untouched = 0;
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      if (j <= i) equal = equal && lower[i * n + j] == whole[i * n + j];
      if (j > i + 64 && lower[i * n + j] == -7.0f) ++untouched;
    }
  }
  CHECK(equal);
  CHECK(untouched == (n - 65) * (n - 64) / 2);
}

TEMPLATE_TEST_CASE("multiply_rows: right, and one row at a time gives the same bits", "", float, double) {
  const std::size_t rows = 21, inner = 530, columns = 67, stride = 70;
  const auto a = random_values<TestType>(rows * inner, 1), b = random_values<TestType>(inner * stride, 2);
  for (const auto level : kernel::usable_simd_levels()) {
    CAPTURE(kernel::name_of(level));
    std::vector<TestType> many(rows * columns), single(rows * columns);
    kernel::multiply_rows(a.data(), inner, rows, inner, b.data(), stride, columns, many.data(), columns, level);
    for (std::size_t row = 0; row < rows; ++row) {
      kernel::multiply_rows(a.data() + row * inner, inner, 1, inner, b.data(), stride, columns,
                            single.data() + row * columns, columns, level);
    }
    CHECK(many == single);
    double worst = 0;
    for (std::size_t i = 0; i < rows; ++i) {
      for (std::size_t j = 0; j < columns; ++j) {
        long double sum = 0;
        for (std::size_t q = 0; q < inner; ++q) sum += static_cast<long double>(a[i * inner + q]) * b[q * stride + j];
        worst = std::max(worst, static_cast<double>(std::abs(many[i * columns + j] - sum)));
      }
    }
    CHECK(worst < 4 * std::sqrt(530.0) * 8 * std::numeric_limits<TestType>::epsilon());
  }
}
