// mmrec/features/detail/column_statistics.hpp - mean, variance and range of each column, over its finite values.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/features/detail/finite.hpp>

namespace mmrec::inline v0 {
namespace features::detail {

template <class T>
struct column_statistics {
  std::vector<std::size_t> count;  ///< finite values
  std::vector<double> mean;        ///< 0 for a column without finite values
  std::vector<double> variance;    ///< divided by count, not count - 1
  std::vector<T> smallest;
  std::vector<T> largest;
  std::size_t non_finite = 0;

  bool constant(std::size_t column) const { return count[column] == 0 || smallest[column] == largest[column]; }
};

/// Sums of each column over a block of rows.
template <class T>
struct column_sums {
  std::vector<double> sum;
  std::vector<T> smallest;
  std::vector<T> largest;
  std::vector<std::size_t> skipped;  ///< values that are not finite

  explicit column_sums(std::size_t columns)
      : sum(columns, 0.0),
        smallest(columns, std::numeric_limits<T>::infinity()),
        largest(columns, -std::numeric_limits<T>::infinity()),
        skipped(columns, 0) {}

  void add(const T* row) {
    const std::size_t columns = sum.size();
    if (all_finite(row, columns)) {
      double* __restrict to = sum.data();
      T* __restrict low = smallest.data();
      T* __restrict high = largest.data();
      for (std::size_t column = 0; column < columns; ++column) to[column] += static_cast<double>(row[column]);
      for (std::size_t column = 0; column < columns; ++column)
        low[column] = row[column] < low[column] ? row[column] : low[column];
      for (std::size_t column = 0; column < columns; ++column)
        high[column] = row[column] > high[column] ? row[column] : high[column];
      return;
    }
    for (std::size_t column = 0; column < columns; ++column) {
      if (!std::isfinite(row[column])) {
        ++skipped[column];
        continue;
      }
      sum[column] += static_cast<double>(row[column]);
      smallest[column] = (std::min)(smallest[column], row[column]);
      largest[column] = (std::max)(largest[column], row[column]);
    }
  }
};

inline constexpr std::size_t statistics_grain = 1024;

/// Count, mean and range. Each block of rows keeps its own sums, in double, which are added in the order of the blocks: the
/// same bits for any executor. Float values of any size do not overflow.
template <class T, executor Exec>
column_statistics<T> means_of_columns(const Exec& exec, const matrix_view<T>& values) {
  const auto rows = static_cast<std::size_t>(values.rows());
  const auto columns = static_cast<std::size_t>(values.cols());
  std::vector<column_sums<T>> partial(rows / statistics_grain + 1, column_sums<T>(columns));
  for_ranges(exec, rows, statistics_grain, [&](std::size_t begin, std::size_t end) {
    column_sums<T>& sums = partial[begin / statistics_grain];
    for (std::size_t row = begin; row < end; ++row) sums.add(row_of<T>(values, static_cast<Eigen::Index>(row)).data());
  });
  column_statistics<T> result{std::vector<std::size_t>(columns, rows), std::vector<double>(columns, 0.0), {}, {}, {}, 0};
  result.smallest = partial[0].smallest;
  result.largest = partial[0].largest;
  for (const column_sums<T>& sums : partial) {
    for (std::size_t column = 0; column < columns; ++column) {
      result.mean[column] += sums.sum[column];
      result.count[column] -= sums.skipped[column];
      result.non_finite += sums.skipped[column];
      result.smallest[column] = (std::min)(result.smallest[column], sums.smallest[column]);
      result.largest[column] = (std::max)(result.largest[column], sums.largest[column]);
    }
  }
  for (std::size_t column = 0; column < columns; ++column) {
    if (result.count[column] == 0) continue;
    result.mean[column] /= static_cast<double>(result.count[column]);
    // Rounding of the sum must not move the mean of a constant column off its value.
    if (result.constant(column)) result.mean[column] = static_cast<double>(result.smallest[column]);
  }
  return result;
}

/// A second pass for the variance about the mean, so that nothing cancels.
template <class T, executor Exec>
void add_variances(const Exec& exec, const matrix_view<T>& values, column_statistics<T>& statistics) {
  const auto rows = static_cast<std::size_t>(values.rows());
  const auto columns = static_cast<std::size_t>(values.cols());
  std::vector<std::vector<double>> partial(rows / statistics_grain + 1, std::vector<double>(columns, 0.0));
  for_ranges(exec, rows, statistics_grain, [&](std::size_t begin, std::size_t end) {
    double* __restrict sum = partial[begin / statistics_grain].data();
    const double* __restrict mean = statistics.mean.data();
    for (std::size_t row = begin; row < end; ++row) {
      const T* from = row_of<T>(values, static_cast<Eigen::Index>(row)).data();
      if (all_finite(from, columns)) {
        for (std::size_t column = 0; column < columns; ++column) {
          const double away = static_cast<double>(from[column]) - mean[column];
          sum[column] += away * away;
        }
        continue;
      }
      for (std::size_t column = 0; column < columns; ++column) {
        const double away = std::isfinite(from[column]) ? static_cast<double>(from[column]) - mean[column] : 0.0;
        sum[column] += away * away;
      }
    }
  });
  statistics.variance.assign(columns, 0.0);
  for (std::size_t column = 0; column < columns; ++column) {
    for (const std::vector<double>& sums : partial) statistics.variance[column] += sums[column];
    if (statistics.count[column] != 0) statistics.variance[column] /= static_cast<double>(statistics.count[column]);
  }
}

}  // namespace features::detail
}  // namespace mmrec::inline v0
