// mmrec/cluster/detail/densities.hpp - logarithms of normal densities of many rows under many components.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <numbers>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/cholesky.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/ordered_sum.hpp>

namespace mmrec::inline v0 {
namespace cluster::detail {

/// Rows that are evaluated together.
inline constexpr std::size_t density_block = 256;

/// What evaluate() works in, and what it finds.
struct density_scratch {
  std::vector<double> rows;           // B x D: minus the shift
  std::vector<double> work;           // B x max(D, K)
  std::vector<double> shares;         // B x K: responsibilities
  std::vector<double> log_densities;  // B
};

/// K components, prepared for evaluation: rows and means are taken relative to the mean of the means, and full
/// covariances as the inverses of their Cholesky factors.
class densities {
 public:
  densities(std::string_view function, std::span<const double> weights, const matrix<double>& means,
            const matrix<double>& covariances)
      : count_(weights.size()), width_(static_cast<std::size_t>(means.cols())) {
    require_size(function, "rows of the means", count_, static_cast<std::size_t>(means.rows()));
    if (count_ == 0 || width_ == 0) throw data_error(function, "there are no components");
    require_size(function, "columns of the covariances", width_, static_cast<std::size_t>(covariances.cols()));
    // One variance a component of one column is both; it is taken for a variance.
    full_ = static_cast<std::size_t>(covariances.rows()) != count_;
    if (full_) {
      require_size(function, "rows of the covariances", count_ * width_, static_cast<std::size_t>(covariances.rows()));
    }
    shift_.resize(width_);
    for (std::size_t d = 0; d < width_; ++d) {
      for (std::size_t k = 0; k < count_; ++k) shift_[d] += means.data()[k * width_ + d];
      shift_[d] /= static_cast<double>(count_);
    }
    constants_.resize(count_);
    for (std::size_t k = 0; k < count_; ++k) {
      constants_[k] = std::log(weights[k]) - 0.5 * static_cast<double>(width_) * std::log(2.0 * std::numbers::pi);
    }
    if (full_) {
      prepare_full(function, means, covariances);
    } else {
      prepare_diagonal(function, means, covariances);
    }
  }

  std::size_t count() const { return count_; }
  std::size_t width() const { return width_; }
  bool is_full() const { return full_; }
  std::span<const double> shift() const { return shift_; }

  /// Responsibilities and log densities of `rows` rows, `stride` apart. A row gives the same bits alone as among others.
  void evaluate(const float* x, std::size_t stride, std::size_t rows, density_scratch& scratch) const {
    scratch.rows.resize(rows * width_);
    scratch.work.resize(rows * (std::max)(width_, count_));
    scratch.shares.resize(rows * count_);
    scratch.log_densities.resize(rows);
    for (std::size_t row = 0; row < rows; ++row) {
      for (std::size_t d = 0; d < width_; ++d) {
        scratch.rows[row * width_ + d] = static_cast<double>(x[row * stride + d]) - shift_[d];
      }
    }
    if (full_) {
      distances_full(rows, scratch);
    } else {
      distances_diagonal(rows, scratch);
    }
    for (std::size_t row = 0; row < rows; ++row) {
      double* const own = scratch.shares.data() + row * count_;
      double largest = -std::numeric_limits<double>::infinity();
      for (std::size_t k = 0; k < count_; ++k) {
        own[k] = constants_[k] - 0.5 * own[k];
        largest = (std::max)(largest, own[k]);
      }
      double sum = 0.0;
      for (std::size_t k = 0; k < count_; ++k) {
        own[k] = std::exp(own[k] - largest);
        sum += own[k];
      }
      for (std::size_t k = 0; k < count_; ++k) own[k] /= sum;
      scratch.log_densities[row] = largest + std::log(sum);
    }
  }

 private:
  void prepare_diagonal(std::string_view function, const matrix<double>& means, const matrix<double>& covariances) {
    squares_.resize(width_ * count_);
    products_.resize(width_ * count_);
    offsets_.resize(count_);
    for (std::size_t k = 0; k < count_; ++k) {
      for (std::size_t d = 0; d < width_; ++d) {
        const double variance = covariances.data()[k * width_ + d], mean = means.data()[k * width_ + d] - shift_[d];
        if (!(variance > 0.0 && std::isfinite(variance))) refuse(function, k);
        squares_[d * count_ + k] = 1.0 / variance;
        products_[d * count_ + k] = mean / variance;
        offsets_[k] += mean * mean / variance;
        constants_[k] -= 0.5 * std::log(variance);
      }
    }
  }

  void prepare_full(std::string_view function, const matrix<double>& means, const matrix<double>& covariances) {
    const std::size_t size = width_ * width_;
    factors_.resize(count_ * size);
    offsets_.resize(count_ * width_);
    std::vector<double> lower(size), inverse(size);
    for (std::size_t k = 0; k < count_; ++k) {
      std::copy_n(covariances.data() + k * size, size, lower.begin());
      if (kernel::factor_spd(kernel::serial_executor{}, lower.data(), width_, width_)) refuse(function, k);
      // The inverse of the factor, row by row from the top.
      std::fill(inverse.begin(), inverse.end(), 0.0);
      for (std::size_t i = 0; i < width_; ++i) {
        const double pivot = lower[i * width_ + i];
        constants_[k] -= std::log(pivot);
        for (std::size_t p = 0; p < i; ++p) {
          for (std::size_t j = 0; j <= p; ++j) inverse[i * width_ + j] -= lower[i * width_ + p] * inverse[p * width_ + j];
        }
        for (std::size_t j = 0; j < i; ++j) inverse[i * width_ + j] /= pivot;
        inverse[i * width_ + i] = 1.0 / pivot;
      }
      // Transposed: rows are multiplied from the left.
      for (std::size_t i = 0; i < width_; ++i) {
        for (std::size_t j = 0; j <= i; ++j) {
          factors_[k * size + j * width_ + i] = inverse[i * width_ + j];
          offsets_[k * width_ + i] += inverse[i * width_ + j] * (means.data()[k * width_ + j] - shift_[j]);
        }
      }
    }
  }

  [[noreturn]] static void refuse(std::string_view function, std::size_t k) {
    throw numeric_error(
        function, "the covariance of component " + std::to_string(k) + " is not positive definite: raise regularization");
  }

  /// shares := squared Mahalanobis distances, x^2 / v - 2 x m / v + m^2 / v.
  void distances_diagonal(std::size_t rows, density_scratch& scratch) const {
    double* const cross = scratch.work.data();
    kernel::multiply_rows<double>(scratch.rows.data(), width_, rows, width_, products_.data(), count_, count_, cross,
                                  count_);
    for (double& value : scratch.rows) value *= value;
    kernel::multiply_rows<double>(scratch.rows.data(), width_, rows, width_, squares_.data(), count_, count_,
                                  scratch.shares.data(), count_);
    for (std::size_t i = 0; i < rows * count_; ++i) {
      scratch.shares[i] = (std::max)(0.0, scratch.shares[i] - 2.0 * cross[i] + offsets_[i % count_]);
    }
  }
  void distances_full(std::size_t rows, density_scratch& scratch) const {
    for (std::size_t k = 0; k < count_; ++k) {
      kernel::multiply_rows<double>(scratch.rows.data(), width_, rows, width_, factors_.data() + k * width_ * width_, width_,
                                    width_, scratch.work.data(), width_);
      const double* const offset = offsets_.data() + k * width_;
      for (std::size_t row = 0; row < rows; ++row) {
        double sum = 0.0;
        for (std::size_t d = 0; d < width_; ++d) {
          const double difference = scratch.work[row * width_ + d] - offset[d];
          sum += difference * difference;
        }
        scratch.shares[row * count_ + k] = sum;
      }
    }
  }

  std::size_t count_;
  std::size_t width_;
  bool full_ = false;
  std::vector<double> shift_;
  std::vector<double> constants_;  // logarithm of weight and normalisation
  std::vector<double> squares_;    // D x K: 1 / variance
  std::vector<double> products_;   // D x K: mean / variance
  std::vector<double> factors_;    // K matrices D x D: L^-T
  std::vector<double> offsets_;    // K: sum of mean^2 / variance; or K x D: L^-1 mean
};

}  // namespace cluster::detail
}  // namespace mmrec::inline v0
