// mmrec/decomp/detail/projection.hpp - rows times the transposed components, many or one at a time.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <mmrec/data/csr.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/spmm.hpp>

namespace mmrec::inline v0 {
namespace decomp::detail {

/// The components as the kernels want them: D x K, each column multiplied by a factor.
/// A row gives the same bits alone as in a batch.
template <class T>
class projection {
 public:
  projection() = default;
  projection(const matrix<T>& components, std::span<const double> factors)
      : inputs_(static_cast<std::size_t>(components.cols())),
        outputs_(static_cast<std::size_t>(components.rows())),
        weights_(inputs_ * outputs_) {
    for (std::size_t k = 0; k < outputs_; ++k) {
      const T* component = components.data() + k * inputs_;
      for (std::size_t j = 0; j < inputs_; ++j) {
        weights_[j * outputs_ + k] = static_cast<T>(static_cast<double>(component[j]) * factors[k]);
      }
    }
  }

  std::size_t inputs() const { return inputs_; }
  std::size_t outputs() const { return outputs_; }

  void apply(const T* rows, std::size_t stride, std::size_t count, T* out) const {
    kernel::multiply_rows<T>(rows, stride, count, inputs_, weights_.data(), outputs_, outputs_, out, outputs_);
  }
  void apply(const sparse_row_view<T>& row, T* out) const {
    kernel::sparse_row_times<T>(row.indices, row.values, weights_.data(), outputs_, outputs_, out);
  }

  friend bool operator==(const projection&, const projection&) = default;

 private:
  std::size_t inputs_ = 0;
  std::size_t outputs_ = 0;
  std::vector<T> weights_;
};

/// Whether all values are finite. A NaN or infinity in a row reaches every number of its projection.
template <class T>
bool all_finite(std::span<const T> values) {
  return std::all_of(values.begin(), values.end(), [](T value) { return std::isfinite(value); });
}

}  // namespace decomp::detail
}  // namespace mmrec::inline v0
