// mmrec/kernel/detail/reflector.hpp - one Householder reflection.
#pragma once
#include <cmath>
#include <cstddef>

#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/vector_ops.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

struct reflector {
  double tau;
  double beta;
};

/// v := the Householder vector, with v[0] = 1, whose reflection I - tau v v^T maps what was in v to (beta, 0, ..., 0).
/// Reference  Golub, Van Loan, "Matrix Computations", 4th ed., section 5.1
inline reflector make_reflector(std::size_t count, double* v, simd_level level) {
  const double head = v[0];
  const double tail = dot(count - 1, v + 1, v + 1, level);
  v[0] = 1.0;
  if (tail == 0.0) return {0.0, head};
  const double beta = -std::copysign(std::sqrt(head * head + tail), head);
  for (std::size_t i = 1; i < count; ++i) v[i] /= head - beta;
  return {(beta - head) / beta, beta};
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
