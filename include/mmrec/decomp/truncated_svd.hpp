// mmrec/decomp/truncated_svd.hpp - leading singular vectors of sparse or dense features (latent semantic analysis).
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/decomp/detail/operators.hpp>
#include <mmrec/decomp/detail/projection.hpp>
#include <mmrec/decomp/detail/randomized.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/gram.hpp>

namespace mmrec::inline v0 {
namespace decomp {

/// What truncated_svd learns. const: any number of threads may share a model, each with its own workspace.
template <class T>
class truncated_svd_model {
 public:
  using input_kind = kind::sparse<T>;
  using output_kind = kind::dense<T>;
  struct workspace {};

  /// From its parts, e.g. out of a file: components K x D with rows of length 1, the singular value of each, the variance of
  /// the training rows along each and in all.
  truncated_svd_model(matrix<T> components, std::vector<double> singular_values, std::vector<double> explained_variance,
                      double total_variance)
      : components_(std::move(components)),
        singular_values_(std::move(singular_values)),
        explained_variance_(std::move(explained_variance)),
        total_variance_(total_variance) {
    constexpr std::string_view function = "decomp::truncated_svd_model";
    require_size(function, "singular values", static_cast<std::size_t>(components_.rows()), singular_values_.size());
    require_size(function, "variances", singular_values_.size(), explained_variance_.size());
    projection_ = detail::projection<T>(components_, std::vector<double>(singular_values_.size(), 1.0));
  }

  /// Number of features at the end, K.
  std::size_t features() const { return singular_values_.size(); }
  /// K x D, rows of length 1, by decreasing singular value; the entry of largest magnitude of each is positive.
  const matrix<T>& components() const { return components_; }
  std::span<const double> singular_values() const { return singular_values_; }
  /// Variance of the training rows along each component (divided by N).
  std::span<const double> explained_variance() const { return explained_variance_; }
  double total_variance() const { return total_variance_; }
  /// Share of the total variance along each component; zeros when there is no variance.
  std::vector<double> explained_variance_ratio() const {
    std::vector<double> ratio(explained_variance_);
    for (double& value : ratio) value = total_variance_ > 0.0 ? value / total_variance_ : 0.0;
    return ratio;
  }

  /// N x D to N x K. Throws shape_error for another width, data_error for a non-finite value.
  template <executor Exec>
  matrix<T> transform(const Exec& exec, const csr_matrix<T>& in) const {
    require_size(transform_name, "features", projection_.inputs(), in.cols());
    matrix<T> out(static_cast<Eigen::Index>(in.rows()), static_cast<Eigen::Index>(features()));
    for_ranges(exec, in.rows(), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        if (!project(in.row(row), out.data() + row * features())) {
          throw data_error(transform_name, "non-finite value in row " + std::to_string(row));
        }
      }
    });
    return out;
  }
  template <executor Exec>
  matrix<T> transform(const Exec& exec, const matrix_view<T>& in) const {
    require_size(transform_name, "features", projection_.inputs(), static_cast<std::size_t>(in.cols()));
    matrix<T> out(in.rows(), static_cast<Eigen::Index>(features()));
    const auto stride = static_cast<std::size_t>(in.outerStride());
    for_ranges(exec, static_cast<std::size_t>(in.rows()), grain, [&](std::size_t begin, std::size_t end) {
      T* const projected = out.data() + begin * features();
      projection_.apply(in.data() + begin * stride, stride, end - begin, projected);
      if (!detail::all_finite<T>({projected, (end - begin) * features()})) require_finite<T>(transform_name, "features", in);
    });
    return out;
  }

  /// One row: the same numbers, no allocation once out has grown to size. Throws shape_error for an index beyond D,
  /// data_error for a non-finite value.
  void transform_one(const sparse_row_view<T>& in, std::vector<T>& out, workspace&) const {
    constexpr std::string_view function = "decomp::truncated_svd::transform_one";
    require_size(function, "entries", in.indices.size(), in.values.size());
    for (const std::int32_t index : in.indices) {
      if (index < 0 || static_cast<std::size_t>(index) >= projection_.inputs()) {
        throw shape_error(function, "features", projection_.inputs(), static_cast<std::size_t>(index) + 1);
      }
    }
    out.resize(features());
    if (!project(in, out.data())) throw data_error(function, "non-finite feature");
  }
  void transform_one(std::span<const T> in, std::vector<T>& out, workspace&) const {
    constexpr std::string_view function = "decomp::truncated_svd::transform_one";
    require_size(function, "features", projection_.inputs(), in.size());
    out.resize(features());
    projection_.apply(in.data(), in.size(), 1, out.data());
    if (!detail::all_finite<T>(out) && !detail::all_finite<T>(in)) throw data_error(function, "non-finite feature");
  }

  friend bool operator==(const truncated_svd_model&, const truncated_svd_model&) = default;

 private:
  static constexpr std::string_view transform_name = "decomp::truncated_svd::transform";
  static constexpr std::size_t grain = 64;

  /// False when the row has a non-finite value.
  bool project(const sparse_row_view<T>& in, T* out) const {
    projection_.apply(in, out);
    return detail::all_finite<T>({out, features()}) || detail::all_finite<T>(in.values);
  }

  matrix<T> components_;
  std::vector<double> singular_values_;
  std::vector<double> explained_variance_;
  double total_variance_ = 0.0;
  detail::projection<T> projection_;
};

/// Projects rows on the right singular vectors of the `components` largest singular values, without centring, so that
/// sparse data stay sparse. After tf-idf this is latent semantic analysis.
///
/// Shapes     in N x D, sparse or dense; out N x K dense, K = components
/// Cost       fit, dense: 4 (power_iterations + 2) L operations for each entry, 3 (D + N) L numbers, L = K + oversampling.
///            fit, sparse: 4 M operations for each entry and 4 D M^2, D M numbers and a transposed copy, with
///            M = 2 L + 26 sqrt(power_iterations + 2): block Lanczos, whose space of M dimensions holds the leading ones at
///            least as exactly as so many power iterations on L. transform 2 K operations for each entry
/// Result     the sign of each component is fixed (its entry of largest magnitude is positive); same bits for any number of
///            threads; depends on the seed only as far as the iteration has not converged
/// Throws     invalid_config for components < 1 or > min(N, D) or power_iterations > 1000; data_error for no rows or a
///            non-finite value; shape_error if D differs from fit; numeric_error if squares of the values overflow
/// Avoid when the mean matters and the data are dense: use pca
/// Example    text::tfidf{} | decomp::truncated_svd{.components = 64}
/// Reference  Halko, Martinsson, Tropp, "Finding structure with randomness", SIAM Review 53(2), 2011; Deerwester et al.,
///            "Indexing by latent semantic analysis", JASIS 41(6), 1990; Musco, Musco, "Randomized block Krylov methods for
///            stronger and faster approximate singular value decomposition", NIPS 2015
template <class T>
struct basic_truncated_svd {
  using input_kind = kind::sparse<T>;
  using output_kind = kind::dense<T>;
  template <class Given>
  using output_for =
      std::conditional_t<kind_fits<Given, kind::sparse<T>> || kind_fits<Given, kind::dense<T>>, kind::dense<T>, void>;

  std::size_t components = 64;       ///< K, 1 .. min(N, D)
  std::size_t oversampling = 10;     ///< dimensions of the random subspace beyond K
  std::size_t power_iterations = 4;  ///< 0..1000; more separate close singular values better

  template <executor Exec>
  truncated_svd_model<T> fit(const Exec& asked, const csr_matrix<T>& in, seed key = {}) const {
    const exec::session<Exec> session(asked);
    const Exec& exec = session.executor();
    require_components(in.rows(), in.cols());
    std::vector<double> mean(in.cols(), 0.0);
    double squares = 0.0;
    for (std::size_t row = 0; row < in.rows(); ++row) {
      const sparse_row_view<T> entries = in.row(row);
      if (!detail::all_finite<T>(entries.values)) {
        throw data_error(fit_name, "non-finite value in row " + std::to_string(row));
      }
      for (std::size_t e = 0; e < entries.values.size(); ++e) {
        const auto value = static_cast<double>(entries.values[e]);
        mean[static_cast<std::size_t>(entries.indices[e])] += value;
        squares += value * value;
      }
    }
    for (double& value : mean) value /= static_cast<double>(in.rows());
    const std::size_t width = detail::subspace_width((std::min)(in.rows(), in.cols()), components, oversampling);
    return model_of(detail::krylov_directions<T>(fit_name, exec, in, components, width, power_iterations, key, squares),
                    in.rows(), mean);
  }
  template <executor Exec>
  truncated_svd_model<T> fit(const Exec& asked, const matrix_view<T>& in, seed key = {}) const {
    const exec::session<Exec> session(asked);
    const Exec& exec = session.executor();
    const auto rows = static_cast<std::size_t>(in.rows()), columns = static_cast<std::size_t>(in.cols());
    require_components(rows, columns);
    const kernel::centered_rows<T> values{in.data(), static_cast<std::size_t>(in.outerStride()), rows, columns, nullptr};
    std::vector<double> mean(columns);
    kernel::column_means(exec, values, mean.data());
    if (!detail::all_finite<double>(mean)) require_finite<T>(fit_name, "features", in);
    detail::dense_operator<T> matrix(values);
    const std::size_t width = detail::subspace_width((std::min)(rows, columns), components, oversampling);
    return model_of(detail::randomized_directions<T>(fit_name, exec, matrix, columns, components, width, power_iterations,
                                                     key, kernel::sum_of_squares(exec, values)),
                    rows, mean);
  }

  friend bool operator==(const basic_truncated_svd&, const basic_truncated_svd&) = default;

 private:
  static constexpr std::string_view fit_name = "decomp::truncated_svd::fit";

  void require_components(std::size_t rows, std::size_t columns) const {
    const std::size_t most = (std::min)(rows, columns);
    require_config(components >= 1, fit_name, "components", "must be at least 1");
    if (rows == 0) throw data_error(fit_name, "no rows to learn from");
    require_config(components <= most, fit_name, "components",
                   std::to_string(components) + " exceeds min(rows, features) = " + std::to_string(most));
    detail::require_power_iterations(fit_name, power_iterations);
  }

  truncated_svd_model<T> model_of(detail::directions<T> found, std::size_t rows, const std::vector<double>& mean) const {
    const std::size_t columns = mean.size();
    // The rows' mean along a component is the component times their mean: variances need no pass over the data.
    const auto count = static_cast<double>(rows);
    std::vector<double> singular_values(components), variance(components);
    double mean_square = 0.0;
    for (const double value : mean) mean_square += value * value;
    for (std::size_t k = 0; k < components; ++k) {
      singular_values[k] = std::sqrt(found.squares[k]);
      double along = 0.0;
      for (std::size_t j = 0; j < columns; ++j)
        along += mean[j] * static_cast<double>(found.vectors.data()[k * columns + j]);
      variance[k] = (std::max)(found.squares[k] / count - along * along, 0.0);
    }
    return truncated_svd_model<T>(std::move(found.vectors), std::move(singular_values), std::move(variance),
                                  (std::max)(found.total / count - mean_square, 0.0));
  }
};

using truncated_svd = basic_truncated_svd<float>;

}  // namespace decomp
}  // namespace mmrec::inline v0
