// mmrec/decomp/pca.hpp - principal component analysis of dense features.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <functional>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/decomp/detail/exact.hpp>
#include <mmrec/decomp/detail/operators.hpp>
#include <mmrec/decomp/detail/projection.hpp>
#include <mmrec/decomp/detail/randomized.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/gemm.hpp>
#include <mmrec/kernel/gram.hpp>

namespace mmrec::inline v0 {
namespace decomp {

/// How the directions of largest variance are found.
enum class pca_solver {
  automatic,  ///< the one that should take less time
  exact,      ///< all eigenvectors of the covariance, or of the rows' inner products when there are fewer rows than columns
  randomized  ///< a random subspace, refined by power iterations
};

/// What pca learns. const: any number of threads may share a model, each with its own workspace.
template <class T>
class pca_model {
 public:
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;
  struct workspace {
    std::vector<T> centered;
  };

  /// From its parts, e.g. out of a file: mean of D, components K x D with rows of length 1, variance along each and in all.
  pca_model(std::vector<T> mean, matrix<T> components, std::vector<double> explained_variance, double total_variance,
            bool whiten)
      : mean_(std::move(mean)),
        components_(std::move(components)),
        explained_variance_(std::move(explained_variance)),
        total_variance_(total_variance),
        whiten_(whiten) {
    constexpr std::string_view function = "decomp::pca_model";
    require_size(function, "means", static_cast<std::size_t>(components_.cols()), mean_.size());
    require_size(function, "variances", static_cast<std::size_t>(components_.rows()), explained_variance_.size());
    projection_ = detail::projection<T>(components_, factors());
  }

  /// Number of features at the end, K.
  std::size_t features() const { return explained_variance_.size(); }
  std::span<const T> mean() const { return mean_; }
  /// K x D, rows of length 1, by decreasing variance; the entry of largest magnitude of each is positive.
  const matrix<T>& components() const { return components_; }
  /// Variance of the training rows along each component (divided by N - 1).
  std::span<const double> explained_variance() const { return explained_variance_; }
  double total_variance() const { return total_variance_; }
  /// Share of the total variance along each component; zeros when there is no variance.
  std::vector<double> explained_variance_ratio() const {
    std::vector<double> ratio(explained_variance_);
    for (double& value : ratio) value = total_variance_ > 0.0 ? value / total_variance_ : 0.0;
    return ratio;
  }
  bool whitened() const { return whiten_; }

  /// N x D to N x K. Throws shape_error for another width, data_error for a non-finite value.
  template <executor Exec>
  matrix<T> transform(const Exec& exec, const matrix_view<T>& in) const {
    constexpr std::string_view function = "decomp::pca::transform";
    require_size(function, "features", mean_.size(), static_cast<std::size_t>(in.cols()));
    matrix<T> out(in.rows(), static_cast<Eigen::Index>(features()));
    constexpr std::size_t grain = 64;
    for_ranges(exec, static_cast<std::size_t>(in.rows()), grain, [&](std::size_t begin, std::size_t end) {
      std::vector<T> centered((end - begin) * mean_.size());
      for (std::size_t row = begin; row < end; ++row) {
        center(row_of<T>(in, static_cast<Eigen::Index>(row)), centered.data() + (row - begin) * mean_.size());
      }
      T* const projected = out.data() + begin * features();
      projection_.apply(centered.data(), mean_.size(), end - begin, projected);
      if (!detail::all_finite<T>({projected, (end - begin) * features()})) require_finite<T>(function, "features", in);
    });
    return out;
  }

  /// One row: the same numbers, no allocation once out and scratch have grown to size.
  void transform_one(std::span<const T> in, std::vector<T>& out, workspace& scratch) const {
    constexpr std::string_view function = "decomp::pca::transform_one";
    require_size(function, "features", mean_.size(), in.size());
    scratch.centered.resize(mean_.size());
    out.resize(features());
    center(in, scratch.centered.data());
    projection_.apply(scratch.centered.data(), mean_.size(), 1, out.data());
    if (!detail::all_finite<T>(out) && !detail::all_finite<T>(in)) throw data_error(function, "non-finite feature");
  }

  /// N x K back to N x D: the point of the components' plane that has these coordinates.
  template <executor Exec>
  matrix<T> inverse_transform(const Exec& exec, const matrix_view<T>& in) const {
    require_size("decomp::pca::inverse_transform", "features", features(), static_cast<std::size_t>(in.cols()));
    const std::size_t count = features();
    matrix<T> scaled = components_;
    if (whiten_) {
      for (std::size_t k = 0; k < count; ++k) {
        scaled.row(static_cast<Eigen::Index>(k)) *= static_cast<T>(std::sqrt(explained_variance_[k]));
      }
    }
    matrix<T> out(in.rows(), components_.cols());
    const auto stride = static_cast<std::size_t>(in.outerStride());
    for_ranges(exec, static_cast<std::size_t>(in.rows()), 64, [&](std::size_t begin, std::size_t end) {
      T* const rows = out.data() + begin * mean_.size();
      kernel::multiply_rows<T>(in.data() + begin * stride, stride, end - begin, count, scaled.data(), mean_.size(),
                               mean_.size(), rows, mean_.size());
      for (std::size_t i = 0; i < (end - begin) * mean_.size(); ++i) rows[i] += mean_[i % mean_.size()];
    });
    return out;
  }

  friend bool operator==(const pca_model&, const pca_model&) = default;

 private:
  void center(std::span<const T> in, T* out) const {
    std::transform(in.begin(), in.end(), mean_.begin(), out, std::minus<>());
  }

  /// What a coordinate is multiplied by: 1, or what makes its variance 1. Variance at the level of rounding is none: such
  /// a coordinate becomes 0, not noise.
  std::vector<double> factors() const {
    std::vector<double> result(features(), 1.0);
    if (!whiten_) return result;
    const double noise = static_cast<double>(std::numeric_limits<T>::epsilon()) * total_variance_;
    for (std::size_t k = 0; k < result.size(); ++k) {
      const double variance = explained_variance_[k];
      result[k] = variance > noise ? 1.0 / std::sqrt(variance) : 0.0;
    }
    return result;
  }

  std::vector<T> mean_;
  matrix<T> components_;
  std::vector<double> explained_variance_;
  double total_variance_ = 0.0;
  bool whiten_ = false;
  detail::projection<T> projection_;
};

/// Projects rows on the `components` directions of largest variance.
///
/// Shapes     in N x D; out N x K, K = components
/// Cost       fit: exact 2 min(N, D) N D + 9 min(N, D)^3 operations and 3 min(N, D)^2 doubles; randomized
///            4 (power_iterations + 2) N D (K + oversampling) operations. transform 2 N D K
/// Result     the sign of each component is fixed (its entry of largest magnitude is positive); sums in double beyond blocks
///            of rows; same bits for any number of threads; the seed matters to the randomized solver alone
/// Throws     invalid_config for components < 1 or > min(N, D) or power_iterations > 1000; data_error for fewer than 2 rows
///            or a non-finite value; shape_error if D differs from fit; numeric_error if squares of the values overflow
/// Avoid when the data are sparse (centring makes them dense): use truncated_svd
/// Example    decomp::pca{.components = 32, .whiten = true}
/// Reference  Jolliffe, "Principal Component Analysis", 2nd ed., 2002, chapters 2 and 3; Halko, Martinsson, Tropp, "Finding
///            structure with randomness", SIAM Review 53(2), 2011, algorithms 4.4 and 5.1
template <class T>
struct basic_pca {
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;

  std::size_t components = 64;  ///< K, 1 .. min(N, D)
  pca_solver solver = pca_solver::automatic;
  bool whiten = false;               ///< scale each output to variance 1
  std::size_t oversampling = 10;     ///< randomized: dimensions of the subspace beyond K
  std::size_t power_iterations = 4;  ///< 0..1000; randomized: more separate close variances better

  template <executor Exec>
  pca_model<T> fit(const Exec& asked, const matrix_view<T>& in, seed key = {}) const {
    const exec::session<Exec> session(asked);
    const Exec& exec = session.executor();
    constexpr std::string_view function = "decomp::pca::fit";
    const auto rows = static_cast<std::size_t>(in.rows()), columns = static_cast<std::size_t>(in.cols());
    const std::size_t most = (std::min)(rows, columns);
    require_config(components >= 1, function, "components", "must be at least 1");
    if (rows < 2) throw data_error(function, "needs at least 2 rows, got " + std::to_string(rows));
    require_config(components <= most, function, "components",
                   std::to_string(components) + " exceeds min(rows, features) = " + std::to_string(most));
    detail::require_power_iterations(function, power_iterations);

    kernel::centered_rows<T> centered{in.data(), static_cast<std::size_t>(in.outerStride()), rows, columns, nullptr};
    std::vector<double> mean(columns);
    kernel::column_means(exec, centered, mean.data());
    // A non-finite value makes its column's mean non-finite: no pass of its own is needed to find that there is one.
    if (!detail::all_finite<double>(mean)) require_finite<T>(function, "features", in);
    centered.mean = mean.data();

    const auto degrees = static_cast<double>(rows - 1);
    detail::directions<T> found = [&] {
      if (!uses_randomized(rows, columns)) return detail::exact_directions<T>(function, exec, centered, components);
      detail::dense_operator<T> matrix(centered);
      return detail::randomized_directions<T>(function, exec, matrix, columns, components,
                                              detail::subspace_width(most, components, oversampling), power_iterations, key,
                                              kernel::sum_of_squares(exec, centered));
    }();
    for (double& square : found.squares) square /= degrees;
    return pca_model<T>(std::vector<T>(mean.begin(), mean.end()), std::move(found.vectors), std::move(found.squares),
                        found.total / degrees, whiten);
  }

  /// Whether fit takes the randomized way for N x D data.
  bool uses_randomized(std::size_t rows, std::size_t columns) const {
    if (solver != pca_solver::automatic) return solver == pca_solver::randomized;
    const auto n = static_cast<double>(rows), d = static_cast<double>(columns), side = (std::min)(n, d);
    const double width = (std::min)(side, static_cast<double>(components) + static_cast<double>(oversampling));
    // Multiply-adds; those of an eigensolver run at about a sixth of the speed of the others.
    const double exact = 0.5 * n * d * side + 27.0 * side * side * side;
    const double randomized = (2.0 * static_cast<double>(power_iterations) + 3.0) * n * d * width;
    return randomized < exact;
  }

  friend bool operator==(const basic_pca&, const basic_pca&) = default;
};

using pca = basic_pca<float>;

}  // namespace decomp
}  // namespace mmrec::inline v0
