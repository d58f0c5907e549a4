// mmrec/nn/loss/detail/softmax_row.hpp - the logarithm of a sum of exponentials, and the softmax of one row.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>

namespace mmrec::inline v0 {
namespace nn::loss::detail {

/// What is left of a row of which the exponentials were taken.
struct shifted_exponentials {
  double sum = 0.0;
  double largest = 0.0;

  /// log(sum of exp(row)) of the row as it was.
  double log_sum() const { return largest + std::log(sum); }
};

/// Writes exp(row - its largest element) to `result`, unless that is null, and gives their sum and the largest element.
/// Entries of -infinity become 0. A NaN in the row makes the sum NaN.
template <class T>
shifted_exponentials exponentiate_row(const T* row, std::size_t width, T* result) {
  T largest = -std::numeric_limits<T>::infinity();
  for (std::size_t j = 0; j < width; ++j) largest = (std::max)(largest, row[j]);
  if (!std::isfinite(largest)) largest = T(0);
  double sum = 0.0;
  for (std::size_t j = 0; j < width; ++j) {
    const T e = std::exp(row[j] - largest);
    sum += static_cast<double>(e);
    if (result != nullptr) result[j] = e;
  }
  return {sum, static_cast<double>(largest)};
}

}  // namespace nn::loss::detail
}  // namespace mmrec::inline v0
