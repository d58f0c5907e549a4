// mmrec/cf/detail/ials_basis.hpp - the axes along which the factors of one side vary most.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/ials_half_step.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/als.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/symmetric_eigen.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// One side's factors and Gram matrix turned to the eigenvectors of that matrix, the largest eigenvalue first. The objective
/// knows no axes, but solvers that treat factors block by block do: along these, the part of each row's equations that all
/// rows share is diagonal, so that blocks get into each other's way through the row's own entries alone.
class ials_basis {
 public:
  /// Throws numeric_error if the Gram matrix is not finite.
  template <executor Exec>
  void find(const Exec& exec, std::string_view function, const factor_matrix& factors,
            const kernel::aligned_vector<float>& gram) {
    const std::size_t count = factors.columns();
    width_ = kernel::als_padded(count);
    std::vector<double> vectors(count * count), values(count);
    for (std::size_t row = 0; row < count; ++row) {
      for (std::size_t column = 0; column < count; ++column) {
        vectors[row * count + column] = static_cast<double>(gram[row * width_ + column]);
      }
    }
    if (!kernel::symmetric_eigen(exec, std::span(vectors), std::span(values))) {
      throw numeric_error(function, "factors have grown beyond float32; raise regularization or lower alpha");
    }
    to_.assign(width_ * width_, 0.0f);
    from_.assign(width_ * width_, 0.0f);
    gram_.assign(width_ * width_, 0.0f);
    for (std::size_t axis = 0; axis < count; ++axis) {
      gram_[axis * width_ + axis] = static_cast<float>(values[axis]);
      for (std::size_t k = 0; k < count; ++k) {
        const auto value = static_cast<float>(vectors[axis * count + k]);
        from_[axis * width_ + k] = value;
        to_[k * width_ + axis] = value;
      }
    }
    turned_.assign(factors.rows() * width_, 0.0f);
    kernel::gemm(exec, kernel::gemm_problem<float>{.rows = factors.rows(),
                                                   .columns = count,
                                                   .inner = count,
                                                   .a = kernel::as_stored(factors.to_gather().values, count),
                                                   .b = kernel::as_stored(std::as_const(to_).data(), width_),
                                                   .c = turned_.data(),
                                                   .c_stride = width_});
  }

  /// Bytes that it holds for factors of up to `rows` rows, and those that find() takes for a while.
  static std::uint64_t bytes(std::size_t rows, std::size_t factors) {
    const std::uint64_t width = kernel::als_padded(factors);
    return 4 * (rows * width + 3 * width * width);
  }
  static std::uint64_t passing_bytes(std::size_t rows, std::size_t factors, std::size_t threads) {
    return (std::max)(
        std::uint64_t{24} * factors * factors,
        std::uint64_t{8} * factors * factors + 4 * kernel::gemm_scratch<float>(rows, factors, factors, threads));
  }

  /// The side in its own basis.
  fixed_side side() const { return {{turned_.data(), width_, width_}, gram_.data(), width_}; }
  /// width x width: a row vector times this one is the vector in the basis,
  const float* to() const { return to_.data(); }
  /// and times this one, it is back.
  const float* from() const { return from_.data(); }

 private:
  std::size_t width_ = 0;
  kernel::aligned_vector<float> to_;
  kernel::aligned_vector<float> from_;
  kernel::aligned_vector<float> gram_;
  kernel::aligned_vector<float> turned_;
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0
