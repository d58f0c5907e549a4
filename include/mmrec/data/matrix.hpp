// mmrec/data/matrix.hpp - dense matrices: Eigen, row-major, one row an element.
#pragma once
#include <cmath>
#include <cstddef>
#include <limits>
#include <span>
#include <string>
#include <string_view>

#include <Eigen/Core>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {

/// Row-major owner, N x D.
template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

/// Column vector owner.
template <class T>
using vector = Eigen::Matrix<T, Eigen::Dynamic, 1>;

/// Read-only view of any row-major matrix or block of rows whose rows are contiguous; binds without a copy to
/// matrix<T>, Eigen::Map and row blocks. Nothing lazy crosses a public function: pass evaluated matrices.
template <class T>
using matrix_view = Eigen::Ref<const matrix<T>, 0, Eigen::OuterStride<>>;

/// A row as a span.
template <class T>
std::span<const T> row_of(const matrix_view<T>& values, Eigen::Index row) {
  return {values.data() + row * values.outerStride(), static_cast<std::size_t>(values.cols())};
}
template <class T>
std::span<const T> row_of(const matrix<T>& values, Eigen::Index row) {
  return {values.data() + row * values.cols(), static_cast<std::size_t>(values.cols())};
}

/// Throws data_error naming the first non-finite entry.
template <class T>
void require_finite(std::string_view function, std::string_view what, const matrix_view<T>& values) {
  for (Eigen::Index row = 0; row < values.rows(); ++row) {
    if (values.row(row).allFinite()) continue;
    for (Eigen::Index column = 0; column < values.cols(); ++column) {
      if (!std::isfinite(values(row, column))) {
        throw data_error(function, std::string(what) + ": non-finite value in row " + std::to_string(row) + ", column " +
                                       std::to_string(column));
      }
    }
  }
}

}  // namespace mmrec::inline v0
