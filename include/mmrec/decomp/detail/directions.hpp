// mmrec/decomp/detail/directions.hpp - what a decomposition finds: unit vectors and how much lies along each.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace decomp::detail {

template <class T>
struct directions {
  matrix<T> vectors;            ///< K x D, rows are unit vectors
  std::vector<double> squares;  ///< K squared singular values, decreasing
  double total = 0.0;           ///< sum of all squared singular values
};

/// Fixes each vector's sign, so that its entry of largest magnitude (the first of several) is positive, and rounds it to T.
template <class T>
directions<T> make_directions(std::span<const double> vectors, std::span<const double> squares, std::size_t columns,
                              double total) {
  const std::size_t count = squares.size();
  directions<T> result{matrix<T>(static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(columns)),
                       std::vector<double>(count), total};
  for (std::size_t k = 0; k < count; ++k) {
    const double* vector = vectors.data() + k * columns;
    const double* largest =
        std::max_element(vector, vector + columns, [](double x, double y) { return std::abs(x) < std::abs(y); });
    const double sign = *largest < 0.0 ? -1.0 : 1.0;
    std::transform(vector, vector + columns, result.vectors.data() + k * columns,
                   [sign](double value) { return static_cast<T>(sign * value); });
    result.squares[k] = (std::max)(squares[k], 0.0);
  }
  return result;
}

}  // namespace decomp::detail
}  // namespace mmrec::inline v0
