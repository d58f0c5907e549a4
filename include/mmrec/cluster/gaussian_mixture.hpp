// mmrec/cluster/gaussian_mixture.hpp - soft clusters: a mixture of normal distributions, by expectation-maximisation.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cluster/detail/densities.hpp>
#include <mmrec/cluster/gaussian_mixture_model.hpp>
#include <mmrec/cluster/k_means.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/gram.hpp>
#include <mmrec/kernel/ordered_sum.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// The shape of the components.
enum class covariance_kind {
  diagonal,  ///< a variance for each feature
  full       ///< a covariance matrix
};

/// Describes rows as drawn from `components` normal distributions; as a stage, it gives the probability of each of them.
///
/// Shapes     in N x D; out N x K, K = components
/// Cost       a fit of k_means, then for an iteration 8 N K D (diagonal) or 4 N K D^2 (full) operations; beside the
///            parameters, 8 (2 K D or K D^2) bytes a thread. transform: half of that
/// Result     EM in double. Each covariance has `regularization` added to its diagonal, so that a component never
///            collapses on a row; one that loses all its rows keeps that alone and weighs nothing. Stops when the mean
///            log-likelihood gains less than `tolerance`. Same bits for any number of threads
/// Throws     invalid_config for components < 1 or > N, iterations < 1, a tolerance or regularization that is
///            negative or not finite; data_error without rows or for a non-finite value; numeric_error where a covariance
///            is not positive definite (no regularization) or values overflow; shape_error if D differs from fit; cancelled
/// Avoid when D is large: full covariances have K D^2 / 2 parameters, and in many dimensions probabilities are all 0 or 1
/// Example    const auto model = cluster::gaussian_mixture{.components = 5, .covariance = cluster::covariance_kind::full}
///                                   .fit(exec, users, seed{1});
///            model.bic(exec, users);
/// Reference  Dempster, Laird, Rubin, "Maximum likelihood from incomplete data via the EM algorithm", JRSS B 39(1), 1977;
///            Bishop, "Pattern Recognition and Machine Learning", 2006, section 9.2
struct gaussian_mixture {
  using input_kind = kind::dense<float>;
  using output_kind = kind::dense<float>;

  std::size_t components = 4;  ///< K, 1 .. N
  covariance_kind covariance = covariance_kind::diagonal;
  double regularization = 1e-6;  ///< added to the variances; in squared units of the features
  std::size_t iterations = 100;  ///< at most
  double tolerance = 1e-3;
  std::size_t starts = 3;  ///< of k_means, whose clusters EM starts from

  template <executor Exec>
  gaussian_mixture_model fit(const Exec& asked, const matrix_view<float>& in, seed key = {}) const {
    constexpr std::string_view function = "cluster::gaussian_mixture::fit";
    require_settings(function, in);
    require_config(starts >= 1, function, "starts", "must be at least 1");
    const exec::session<Exec> session(asked);
    const k_means_model clusters = k_means{.clusters = components, .starts = starts}.fit(session.executor(), in, key);
    return run(function, session.executor(), in, clusters.predict(session.executor(), in));
  }

  /// EM from a given cluster of each row, below `components`.
  template <executor Exec>
  gaussian_mixture_model fit_from(const Exec& asked, const matrix_view<float>& in,
                                  std::span<const std::uint32_t> labels) const {
    constexpr std::string_view function = "cluster::gaussian_mixture::fit_from";
    require_settings(function, in);
    require_size(function, "labels", static_cast<std::size_t>(in.rows()), labels.size());
    for (const std::uint32_t label : labels) {
      if (label >= components) throw unknown_id(function, "component", std::to_string(label), components);
    }
    const exec::session<Exec> session(asked);
    return run(function, session.executor(), in, labels);
  }

  friend bool operator==(const gaussian_mixture&, const gaussian_mixture&) = default;

 private:
  void require_settings(std::string_view function, const matrix_view<float>& in) const {
    const auto rows = static_cast<std::size_t>(in.rows());
    require_config(components >= 1, function, "components", "must be at least 1");
    require_config(iterations >= 1, function, "iterations", "must be at least 1");
    require_config(tolerance >= 0.0 && std::isfinite(tolerance), function, "tolerance", "must be finite and at least 0");
    require_config(regularization >= 0.0 && std::isfinite(regularization), function, "regularization",
                   "must be finite and at least 0");
    if (rows == 0 || in.cols() == 0) throw data_error(function, "there are no rows to cluster");
    require_config(components <= rows, function, "components",
                   std::to_string(components) + " exceeds the number of rows, " + std::to_string(rows));
    require_finite<float>(function, "features", in);
  }

  template <executor Exec>
  gaussian_mixture_model run(std::string_view function, const Exec& exec, const matrix_view<float>& in,
                             std::span<const std::uint32_t> labels) const {
    report_progress(exec.sink(), function, 0, iterations + 1);
    const std::vector<double> shift = column_shift(exec, in);
    parameters current = maximise(function, exec, in, shift, nullptr, labels).first;
    gaussian_mixture_report report;
    double likelihood = -std::numeric_limits<double>::infinity();
    while (report.iterations < iterations && !report.converged) {
      report_progress(exec.sink(), function, ++report.iterations, iterations + 1);
      const detail::densities shapes(function, current.weights, current.means, current.covariances);
      auto [next, reached] = maximise(function, exec, in, shift, &shapes, {});
      report.converged = std::abs(reached - likelihood) < tolerance;
      likelihood = reached;
      current = std::move(next);
    }
    gaussian_mixture_model model(current.weights, current.means, current.covariances, report);
    report.log_likelihood = model.log_likelihood(exec, in);
    if (!std::isfinite(report.log_likelihood))
      throw numeric_error(function, "the likelihood is not finite: scale the values");
    return gaussian_mixture_model(std::move(current.weights), std::move(current.means), std::move(current.covariances),
                                  report);
  }

  struct parameters {
    std::vector<double> weights;
    matrix<double> means;
    matrix<double> covariances;
  };

  /// The column means: sums of squares around them keep their digits.
  template <executor Exec>
  static std::vector<double> column_shift(const Exec& exec, const matrix_view<float>& in) {
    std::vector<double> mean(static_cast<std::size_t>(in.cols()));
    kernel::column_means(exec,
                         kernel::centered_rows<float>{in.data(), static_cast<std::size_t>(in.outerStride()),
                                                      static_cast<std::size_t>(in.rows()), mean.size(), nullptr},
                         mean.data());
    return mean;
  }

  /// One pass over the rows: their responsibilities (or labels), and the parameters that are most likely given those.
  /// Also the mean log-likelihood of the parameters that came in.
  template <executor Exec>
  std::pair<parameters, double> maximise(std::string_view function, const Exec& exec, const matrix_view<float>& in,
                                         const std::vector<double>& shift, const detail::densities* shapes,
                                         std::span<const std::uint32_t> labels) const {
    const auto rows = static_cast<std::size_t>(in.rows()), width = static_cast<std::size_t>(in.cols());
    const auto stride = static_cast<std::size_t>(in.outerStride());
    const bool full = covariance == covariance_kind::full;
    const std::size_t count = components, second = full ? width * width : width;
    // For each component: its weight, the sum of the rows, the sum of their squares or products; then the likelihood.
    const std::size_t own = 1 + width + second, size = count * own + 1;
    constexpr std::size_t block_rows = detail::density_block;
    std::vector<double> sums(size, 0.0);
    kernel::add_blocks<double>(
        exec, (rows + block_rows - 1) / block_rows, size, sums.data(),
        [&](const auto& inner, std::size_t block, double* partial) {
          const std::size_t first = block * block_rows, here = (std::min)(block_rows, rows - first);
          const float* const x = in.data() + first * stride;
          detail::density_scratch scratch;
          std::fill_n(partial, size, 0.0);
          if (shapes != nullptr) {
            shapes->evaluate(x, stride, here, scratch);
            for (std::size_t row = 0; row < here; ++row) partial[size - 1] += scratch.log_densities[row];
          } else {
            scratch.shares.assign(here * count, 0.0);
            for (std::size_t row = 0; row < here; ++row) scratch.shares[row * count + labels[first + row]] = 1.0;
          }
          std::vector<double> centred(here * width), weighted(here * width);
          for (std::size_t i = 0; i < here * width; ++i) {
            centred[i] = static_cast<double>(x[i / width * stride + i % width]) - shift[i % width];
          }
          for (std::size_t k = 0; k < count; ++k) {
            double* const to = partial + k * own;
            for (std::size_t row = 0; row < here; ++row) {
              const double share = scratch.shares[row * count + k];
              to[0] += share;
              for (std::size_t d = 0; d < width; ++d) {
                const double value = share * centred[row * width + d];
                weighted[row * width + d] = value;
                to[1 + d] += value;
                if (!full) to[1 + width + d] += value * centred[row * width + d];
              }
            }
            if (full) {
              kernel::gemm(inner, kernel::gemm_problem<double>{.rows = width,
                                                               .columns = width,
                                                               .inner = here,
                                                               .a = kernel::transposed<double>(weighted.data(), width),
                                                               .b = kernel::as_stored<double>(centred.data(), width),
                                                               .c = to + 1 + width,
                                                               .c_stride = width});
            }
          }
        });
    parameters next{std::vector<double>(count), matrix<double>(static_cast<Eigen::Index>(count), in.cols()),
                    matrix<double>(static_cast<Eigen::Index>(full ? count * width : count), in.cols())};
    for (std::size_t k = 0; k < count; ++k) {
      const double* const from = sums.data() + k * own;
      // Some roundings' worth, so that a component without rows divides by more than zero.
      const double total = from[0] + 10.0 * std::numeric_limits<double>::epsilon();
      next.weights[k] = total / static_cast<double>(rows);
      for (std::size_t d = 0; d < width; ++d) {
        const double mean = from[1 + d] / total;
        next.means.data()[k * width + d] = shift[d] + mean;
        if (!std::isfinite(mean)) throw numeric_error(function, "sums of the values overflow: scale them");
        if (!full) {
          next.covariances.data()[k * width + d] =
              (std::max)(0.0, from[1 + width + d] / total - mean * mean) + regularization;
          continue;
        }
        for (std::size_t j = 0; j < width; ++j) {
          const double product = from[1 + width + d * width + j] / total - mean * (from[1 + j] / total);
          next.covariances.data()[(k * width + d) * width + j] = product + (j == d ? regularization : 0.0);
        }
      }
    }
    return {std::move(next), sums[size - 1] / static_cast<double>(rows)};
  }
};

}  // namespace cluster
}  // namespace mmrec::inline v0
