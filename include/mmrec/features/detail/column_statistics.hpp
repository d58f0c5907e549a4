// mmrec/features/detail/column_statistics.hpp - mean, variance and range of each column, over its finite values.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/data/matrix.hpp>

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

/// Two passes, the second about the mean, in double: no cancellation, and float values of any size do not overflow.
/// Each block of rows keeps its own sums, which are added in the order of the blocks: the same bits for any executor.
template <class T, executor Exec>
column_statistics<T> statistics_of_columns(const Exec& exec, const matrix_view<T>& values) {
  constexpr std::size_t grain = 1024;
  const auto rows = static_cast<std::size_t>(values.rows());
  const auto columns = static_cast<std::size_t>(values.cols());
  const std::size_t blocks = rows / grain + (rows % grain != 0 ? 1 : 0);
  constexpr T infinity = std::numeric_limits<T>::infinity();

  std::vector<double> sums(blocks * columns, 0.0);
  std::vector<std::size_t> counts(blocks * columns, 0);
  std::vector<T> smallest(blocks * columns, infinity);
  std::vector<T> largest(blocks * columns, -infinity);
  for_ranges(exec, rows, grain, [&](std::size_t begin, std::size_t end) {
    const std::size_t place = begin / grain * columns;
    for (std::size_t row = begin; row < end; ++row) {
      const T* from = row_of<T>(values, static_cast<Eigen::Index>(row)).data();
      for (std::size_t column = 0; column < columns; ++column) {
        const T value = from[column];
        const bool finite = std::abs(value) < infinity;
        sums[place + column] += finite ? static_cast<double>(value) : 0.0;
        counts[place + column] += finite ? 1 : 0;
        smallest[place + column] = finite && value < smallest[place + column] ? value : smallest[place + column];
        largest[place + column] = finite && value > largest[place + column] ? value : largest[place + column];
      }
    }
  });

  column_statistics<T> result{std::vector<std::size_t>(columns, 0), std::vector<double>(columns, 0.0),
                              std::vector<double>(columns, 0.0),    std::vector<T>(columns, infinity),
                              std::vector<T>(columns, -infinity),   0};
  for (std::size_t index = 0; index < sums.size(); ++index) {
    const std::size_t column = index % columns;
    result.mean[column] += sums[index];
    result.count[column] += counts[index];
    result.smallest[column] = std::min(result.smallest[column], smallest[index]);
    result.largest[column] = std::max(result.largest[column], largest[index]);
  }
  for (std::size_t column = 0; column < columns; ++column) {
    result.non_finite += rows - result.count[column];
    if (result.count[column] != 0) result.mean[column] /= static_cast<double>(result.count[column]);
    if (result.constant(column) && result.count[column] != 0)
      result.mean[column] = static_cast<double>(result.smallest[column]);
  }

  std::fill(sums.begin(), sums.end(), 0.0);
  for_ranges(exec, rows, grain, [&](std::size_t begin, std::size_t end) {
    double* sum = sums.data() + begin / grain * columns;
    for (std::size_t row = begin; row < end; ++row) {
      const T* from = row_of<T>(values, static_cast<Eigen::Index>(row)).data();
      for (std::size_t column = 0; column < columns; ++column) {
        const double away =
            std::abs(from[column]) < infinity ? static_cast<double>(from[column]) - result.mean[column] : 0.0;
        sum[column] += away * away;
      }
    }
  });
  for (std::size_t index = 0; index < sums.size(); ++index) result.variance[index % columns] += sums[index];
  for (std::size_t column = 0; column < columns; ++column) {
    if (result.count[column] != 0) result.variance[column] /= static_cast<double>(result.count[column]);
  }
  return result;
}

}  // namespace features::detail
}  // namespace mmrec::inline v0
