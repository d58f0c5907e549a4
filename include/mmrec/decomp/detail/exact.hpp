// mmrec/decomp/detail/exact.hpp - leading right singular vectors through the smaller of the two Gram matrices.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/decomp/detail/directions.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/gram.hpp>
#include <mmrec/kernel/orthonormalize.hpp>
#include <mmrec/kernel/symmetric_eigen.hpp>

namespace mmrec::inline v0 {
namespace decomp::detail {

/// The `count` leading right singular vectors of the centred rows, by the eigenvectors of X^T X or, when there are fewer
/// rows than columns, of X X^T.
template <class T, executor Exec>
directions<T> exact_directions(std::string_view function, const Exec& exec, const kernel::centered_rows<T>& x,
                               std::size_t count) {
  const std::size_t size = (std::min)(x.rows, x.columns);
  std::vector<double> gram(size * size), squares(size);
  if (x.columns <= x.rows) {
    kernel::gram_of_columns(exec, x, gram.data());
  } else {
    kernel::gram_of_rows(exec, x, gram.data());
  }
  double total = 0.0;
  for (std::size_t i = 0; i < size; ++i) total += gram[i * size + i];
  if (!kernel::symmetric_eigen(exec, std::span<double>(gram), std::span<double>(squares))) {
    throw numeric_error(function, "the covariance has no finite eigenvalues: the values are too large");
  }
  const std::span<const double> leading = std::span(squares).first(count);
  if (x.columns <= x.rows) return make_directions<T>(gram.data(), leading, x.columns, total);

  // Column k of X^T U is a right singular vector times its singular value; one of (nearly) no length gives no direction,
  // and gets one orthogonal to the others.
  std::vector<T> left(count * x.rows);
  std::transform(gram.begin(), gram.begin() + static_cast<std::ptrdiff_t>(left.size()), left.begin(),
                 [](double value) { return static_cast<T>(value); });
  std::vector<double> columns(x.columns * count), vectors(count * x.columns);
  constexpr std::size_t block = 1024;
  std::vector<T> part(x.rows * (std::min)(block, x.columns)), product((std::min)(block, x.columns) * count);
  for (std::size_t first = 0; first < x.columns; first += block) {
    const std::size_t width = (std::min)(block, x.columns - first);
    x.copy(0, x.rows, first, width, part.data());
    kernel::gemm(exec, kernel::gemm_problem<T>{.rows = width,
                                               .columns = count,
                                               .inner = x.rows,
                                               .a = kernel::transposed<T>(part.data(), width),
                                               .b = kernel::transposed<T>(left.data(), x.rows),
                                               .c = product.data(),
                                               .c_stride = count});
    std::copy_n(product.begin(), width * count, columns.begin() + static_cast<std::ptrdiff_t>(first * count));
  }
  kernel::orthonormalize_columns(exec, columns.data(), x.columns, count);
  for (std::size_t j = 0; j < x.columns; ++j) {
    for (std::size_t k = 0; k < count; ++k) vectors[k * x.columns + j] = columns[j * count + k];
  }
  return make_directions<T>(vectors.data(), leading, x.columns, total);
}

}  // namespace decomp::detail
}  // namespace mmrec::inline v0
