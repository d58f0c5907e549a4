#include <mmrec/kernel/gram.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/cpu_features.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <utility>
#include <vector>

#include "support/catch.hpp"

namespace mm = mmrec;
namespace kernel = mmrec::kernel;

namespace {

template <class T>
std::vector<T> values_far_from_zero(std::size_t count) {
  mm::random_stream random(mm::seed{8});
  std::vector<T> values(count);
  for (T& value : values) value = static_cast<T>(100.0 + random.normal());
  return values;
}

}  // namespace

TEMPLATE_TEST_CASE("means and Gram matrices agree with long double sums", "", float, double) {
  for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{1, 1}, {7, 3}, {1030, 19}, {9, 1100}}) {
    const std::size_t stride = columns + 2;
    const auto x = values_far_from_zero<TestType>(rows * stride);
    std::vector<double> mean(columns);
    kernel::centered_rows<TestType> view{x.data(), stride, rows, columns, nullptr};
    kernel::column_means(mm::exec::cpu{}, view, mean.data());
    for (std::size_t j = 0; j < columns; ++j) {
      long double sum = 0;
      for (std::size_t i = 0; i < rows; ++i) sum += x[i * stride + j];
      CHECK(mean[j] == Approx(static_cast<double>(sum) / static_cast<double>(rows)).epsilon(1e-14));
    }
    for (const double* subtracted : {static_cast<const double*>(nullptr), static_cast<const double*>(mean.data())}) {
      view.mean = subtracted;
      const auto value = [&](std::size_t i, std::size_t j) {
        const double whole = static_cast<double>(x[i * stride + j]);
        return static_cast<long double>(subtracted == nullptr ? whole : whole - mean[j]);
      };
      for (const auto level : kernel::usable_simd_levels()) {
        for (const bool of_rows : {false, true}) {
          CAPTURE(rows, columns, kernel::name_of(level), of_rows, subtracted != nullptr);
          const std::size_t size = of_rows ? rows : columns, inner = of_rows ? columns : rows;
          std::vector<double> gram(size * size);
          if (of_rows) {
            kernel::gram_of_rows(mm::exec::cpu{}, view, gram.data(), level);
          } else {
            kernel::gram_of_columns(mm::exec::cpu{}, view, gram.data(), level);
          }
          double worst = 0;
          for (std::size_t i = 0; i<size; i += size> 100 ? 37 : 1) {
            for (std::size_t j = 0; j < size; ++j) {
              long double sum = 0, magnitude = 0;
              for (std::size_t p = 0; p < inner; ++p) {
                const long double term = of_rows ? value(i, p) * value(j, p) : value(p, i) * value(p, j);
                sum += term;
                magnitude += std::abs(term);
              }
              if (magnitude > 0) {
                worst = std::max(worst, static_cast<double>(std::abs(gram[i * size + j] - sum) / magnitude));
              }
            }
          }
          CHECK(worst < 8 * std::numeric_limits<TestType>::epsilon());
        }
      }
    }
  }
}

TEST_CASE("any number of threads gives the same bits, above and below the size of one partial sum") {
  for (const auto& [rows, columns] : {std::pair<std::size_t, std::size_t>{9000, 30}, {1100, 1030}}) {
    const auto x = values_far_from_zero<float>(rows * columns);
    std::vector<double> reference;
    for (const std::size_t threads : {1u, 2u, 8u}) {
      const mm::exec::cpu exec{.threads = threads};
      std::vector<double> mean(columns), gram(columns * columns);
      kernel::column_means(exec, kernel::centered_rows<float>{x.data(), columns, rows, columns, nullptr}, mean.data());
      kernel::gram_of_columns(exec, kernel::centered_rows<float>{x.data(), columns, rows, columns, mean.data()},
                              gram.data());
      if (reference.empty()) reference = gram;
      CHECK(gram == reference);
    }
  }
}
