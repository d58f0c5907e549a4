// mmrec/cluster/gaussian_mixture_model.hpp - a mixture of normal distributions, and what rows have to do with it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cluster/detail/densities.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// How a fit went.
struct gaussian_mixture_report {
  double log_likelihood = 0.0;  ///< mean over the training rows, of the start that won
  std::size_t iterations = 0;
  bool converged = false;
  friend bool operator==(const gaussian_mixture_report&, const gaussian_mixture_report&) = default;
};

/// What gaussian_mixture learns. const: any number of threads may share a model, each with its own workspace.
class gaussian_mixture_model {
 public:
  using input_kind = kind::dense<float>;
  using output_kind = kind::dense<float>;
  using workspace = detail::density_scratch;

  /// From its parts, e.g. out of a file: weights of K, means K x D, covariances K x D (variances) or K D x D (K symmetric
  /// matrices one below the other; the lower triangles count).
  /// Throws shape_error if sizes do not fit, numeric_error for a covariance that is not positive definite, data_error for a
  /// mean that is not finite and for weights that are negative, not finite or do not add up to 1.
  gaussian_mixture_model(std::vector<double> weights, matrix<double> means, matrix<double> covariances,
                         gaussian_mixture_report report = {})
      : weights_(checked(std::move(weights))),
        means_(checked(std::move(means))),
        covariances_(std::move(covariances)),
        report_(report),
        densities_("cluster::gaussian_mixture_model", weights_, means_, covariances_) {}

  /// Number of components, K.
  std::size_t clusters() const { return weights_.size(); }
  /// Number of features at the end, K.
  std::size_t features() const { return clusters(); }
  std::span<const double> weights() const { return weights_; }
  /// K x D.
  const matrix<double>& means() const { return means_; }
  /// K x D variances, or K D x D.
  const matrix<double>& covariances() const { return covariances_; }
  bool is_full() const { return densities_.is_full(); }
  const gaussian_mixture_report& report() const { return report_; }
  /// Free parameters: what BIC and AIC count.
  std::size_t parameters() const {
    const std::size_t count = clusters(), width = densities_.width();
    return count * width + count * (is_full() ? width * (width + 1) / 2 : width) + count - 1;
  }

  /// Responsibilities: the probability of each component given the row, N x D to N x K.
  /// Throws shape_error for another width, data_error for a non-finite value.
  template <executor Exec>
  matrix<float> transform(const Exec& exec, const matrix_view<float>& in) const {
    require_rows("cluster::gaussian_mixture::transform", in);
    matrix<float> out(in.rows(), static_cast<Eigen::Index>(clusters()));
    each_row(exec, in, [&](std::size_t row, std::span<const double> shares, double) {
      std::transform(shares.begin(), shares.end(), out.data() + row * clusters(),
                     [](double share) { return static_cast<float>(share); });
    });
    return out;
  }
  /// One row: the same numbers, no allocation once out and scratch have grown to size.
  void transform_one(std::span<const float> in, std::vector<float>& out, workspace& scratch) const {
    require_row("cluster::gaussian_mixture::transform_one", in);
    densities_.evaluate(in.data(), in.size(), 1, scratch);
    out.resize(clusters());
    std::transform(scratch.shares.begin(), scratch.shares.begin() + static_cast<std::ptrdiff_t>(clusters()), out.begin(),
                   [](double share) { return static_cast<float>(share); });
  }

  /// The most probable component of each row, the one with the lower number among equals.
  template <executor Exec>
  std::vector<std::uint32_t> predict(const Exec& exec, const matrix_view<float>& in) const {
    require_rows("cluster::gaussian_mixture::predict", in);
    std::vector<std::uint32_t> labels(static_cast<std::size_t>(in.rows()));
    each_row(exec, in, [&](std::size_t row, std::span<const double> shares, double) {
      labels[row] = static_cast<std::uint32_t>(std::max_element(shares.begin(), shares.end()) - shares.begin());
    });
    return labels;
  }
  std::uint32_t predict_one(std::span<const float> in, workspace& scratch) const {
    require_row("cluster::gaussian_mixture::predict_one", in);
    densities_.evaluate(in.data(), in.size(), 1, scratch);
    const auto begin = scratch.shares.begin();
    return static_cast<std::uint32_t>(std::max_element(begin, begin + static_cast<std::ptrdiff_t>(clusters())) - begin);
  }

  /// The logarithm of the density of each row.
  template <executor Exec>
  std::vector<double> log_densities(const Exec& exec, const matrix_view<float>& in) const {
    require_rows("cluster::gaussian_mixture::log_densities", in);
    std::vector<double> result(static_cast<std::size_t>(in.rows()));
    each_row(exec, in, [&](std::size_t row, std::span<const double>, double log_density) { result[row] = log_density; });
    return result;
  }
  /// The mean of log_densities. Throws data_error without rows.
  template <executor Exec>
  double log_likelihood(const Exec& exec, const matrix_view<float>& in) const {
    if (in.rows() == 0) throw data_error("cluster::gaussian_mixture::log_likelihood", "there are no rows");
    double sum = 0.0;
    for (const double value : log_densities(exec, in)) sum += value;
    return sum / static_cast<double>(in.rows());
  }
  /// Schwarz's and Akaike's criteria on the rows the model was fitted on: the lower, the better a number of components.
  template <executor Exec>
  double bic(const Exec& exec, const matrix_view<float>& in) const {
    const auto rows = static_cast<double>(in.rows());
    return static_cast<double>(parameters()) * std::log(rows) - 2.0 * rows * log_likelihood(exec, in);
  }
  template <executor Exec>
  double aic(const Exec& exec, const matrix_view<float>& in) const {
    return 2.0 * static_cast<double>(parameters()) - 2.0 * static_cast<double>(in.rows()) * log_likelihood(exec, in);
  }

  friend bool operator==(const gaussian_mixture_model& left, const gaussian_mixture_model& right) {
    return left.weights_ == right.weights_ && left.means_ == right.means_ && left.covariances_ == right.covariances_ &&
           left.report_ == right.report_;
  }

 private:
  static std::vector<double> checked(std::vector<double> weights) {
    constexpr std::string_view function = "cluster::gaussian_mixture_model";
    constexpr double slack = 1e-6;  // of weights that were written with few digits
    double sum = 0.0;
    for (const double weight : weights) {
      if (!std::isfinite(weight) || weight < 0.0) throw data_error(function, "a weight is negative or not finite");
      sum += weight;
    }
    if (!weights.empty() && std::abs(sum - 1.0) > slack) throw data_error(function, "the weights do not add up to 1");
    return weights;
  }
  static matrix<double> checked(matrix<double> means) {
    const bool finite =
        std::all_of(means.data(), means.data() + means.size(), [](double mean) { return std::isfinite(mean); });
    if (!finite) throw data_error("cluster::gaussian_mixture_model", "a mean is not finite");
    return means;
  }
  void require_rows(std::string_view function, const matrix_view<float>& in) const {
    require_size(function, "features", densities_.width(), static_cast<std::size_t>(in.cols()));
    require_finite<float>(function, "features", in);
  }
  void require_row(std::string_view function, std::span<const float> in) const {
    require_size(function, "features", densities_.width(), in.size());
    if (!std::all_of(in.begin(), in.end(), [](float x) { return std::isfinite(x); })) {
      throw data_error(function, "non-finite feature");
    }
  }
  /// Calls body(row, responsibilities, log density).
  template <executor Exec, class Body>
  void each_row(const Exec& exec, const matrix_view<float>& in, const Body& body) const {
    for_ranges(exec, static_cast<std::size_t>(in.rows()), detail::density_block, [&](std::size_t begin, std::size_t end) {
      workspace scratch;
      const auto stride = static_cast<std::size_t>(in.outerStride());
      densities_.evaluate(in.data() + begin * stride, stride, end - begin, scratch);
      for (std::size_t row = begin; row < end; ++row) {
        body(row, std::span<const double>(scratch.shares).subspan((row - begin) * clusters(), clusters()),
             scratch.log_densities[row - begin]);
      }
    });
  }

  std::vector<double> weights_;
  matrix<double> means_;
  matrix<double> covariances_;
  gaussian_mixture_report report_;
  detail::densities densities_;
};

}  // namespace cluster
}  // namespace mmrec::inline v0
