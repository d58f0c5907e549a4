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

/// From `vectors`, as many rows as there are squares: fixes each one's sign, so that its entry of largest magnitude (the first of several) is positive, and rounds it to T.
template <class T, class Given>
directions<T> make_directions(const Given* vectors, std::span<const double> squares, std::size_t columns, double total) {
  const std::size_t count = squares.size();
  directions<T> result{matrix<T>(static_cast<Eigen::Index>(count), static_cast<Eigen::Index>(columns)),
                       std::vector<double>(count), total};
  for (std::size_t k = 0; k < count; ++k) {
    const Given* vector = vectors + k * columns;
    const Given* largest =
        std::max_element(vector, vector + columns, [](Given x, Given y) { return std::abs(x) < std::abs(y); });
    const Given sign = *largest < Given(0) ? Given(-1) : Given(1);
    std::transform(vector, vector + columns, result.vectors.data() + k * columns,
                   [sign](Given value) { return static_cast<T>(sign * value); });
    result.squares[k] = (std::max)(squares[k], 0.0);
  }
  return result;
}

}  // namespace decomp::detail
}  // namespace mmrec::inline v0
