// mmrec/cluster/k_means.hpp - k-means: groups of rows around their means.
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

#include <mmrec/cluster/detail/lloyd.hpp>
#include <mmrec/cluster/detail/points.hpp>
#include <mmrec/cluster/detail/seeding.hpp>
#include <mmrec/cluster/k_means_model.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// Partitions rows into `clusters` groups so that the squared distances to the groups' means are small; as a stage, it gives
/// the distances to the means.
///
/// Shapes     in N x D; out N x K, K = clusters
/// Cost       fit: for each start 16 N K D operations for seeding and at most 2 N K D for an iteration, less where bounds rule
///            out the other centres; 4 N D + 70 N + 16 K D bytes beside the rows. transform: 3 N K D; predict: 2 N K D
/// Result     Lloyd's iteration exactly, up to rounding in float; means and inertia are summed in double. The start with
///            the lowest inertia wins, the earlier one among equals. A row as near to two centres belongs to the one with the
///            lower number. A cluster that loses all its rows takes the row that is farthest from its centre, out of a
///            cluster of several; with fewer distinct rows than clusters, some stay empty. Same bits for any number of threads
/// Throws     invalid_config for clusters < 1 or > N, starts or iterations < 1 or a tolerance that is negative or not finite;
///            data_error without rows or for a non-finite value; numeric_error if squares of the values overflow;
///            shape_error if D differs from fit; cancelled
/// Avoid when groups differ much in size or spread, or are long: use gaussian_mixture; when N is in the millions and passes
///            over it are dear: use mini_batch_k_means
/// Example    const auto model = cluster::k_means{.clusters = 20}.fit(exec, user_vectors, seed{1});
///            const std::vector<std::uint32_t> label = model.predict(exec, user_vectors);
/// Reference  Lloyd, "Least squares quantization in PCM", IEEE Trans. Inf. Theory 28(2), 1982; Arthur, Vassilvitskii,
///            "k-means++: the advantages of careful seeding", SODA 2007; Hamerly, "Making k-means even faster", SDM 2010
struct k_means {
  using input_kind = kind::dense<float>;
  using output_kind = kind::dense<float>;

  std::size_t clusters = 8;      ///< K, 1 .. N
  std::size_t starts = 3;        ///< seedings to try
  std::size_t iterations = 300;  ///< at most, for each start
  double tolerance = 1e-4;  ///< stop when the centres move less: the sum of their squared moves over the rows' mean variance

  template <executor Exec>
  k_means_model fit(const Exec& asked, const matrix_view<float>& in, seed key = {}) const {
    constexpr std::string_view function = "cluster::k_means::fit";
    require_settings(function, in);
    const exec::session<Exec> session(asked);
    const Exec& exec = session.executor();
    const detail::points rows(function, exec, in);
    detail::lloyd_result best;
    detail::plus_plus seeding(rows, clusters);
    detail::lloyd lloyd(rows, clusters);
    for (std::size_t start = 0; start < starts; ++start) {
      std::vector<float> centres;
      centres.reserve(clusters * rows.width());
      for (const std::size_t row : seeding.pick(exec, clusters, key.derive(start))) {
        for (std::size_t d = 0; d < rows.width(); ++d) centres.push_back(static_cast<float>(rows.centred(row, d)));
      }
      detail::lloyd_result found = lloyd.run(function, exec, std::move(centres), iterations, movement(rows));
      if (start == 0 || found.inertia < best.inertia) best = std::move(found);
    }
    return model_of(rows, best);
  }

  /// Lloyd's iteration from given centres, K x D: no seeding, `starts` is not used.
  /// Throws     as fit; shape_error unless there are `clusters` centres of D numbers
  template <executor Exec>
  k_means_model fit_from(const Exec& asked, const matrix_view<float>& in, const matrix_view<float>& centres) const {
    constexpr std::string_view function = "cluster::k_means::fit_from";
    require_settings(function, in);
    require_size(function, "centres", clusters, static_cast<std::size_t>(centres.rows()));
    require_size(function, "features of the centres", static_cast<std::size_t>(in.cols()),
                 static_cast<std::size_t>(centres.cols()));
    require_finite<float>(function, "centres", centres);
    const exec::session<Exec> session(asked);
    const Exec& exec = session.executor();
    const detail::points rows(function, exec, in);
    std::vector<float> centred;
    centred.reserve(clusters * rows.width());
    for (Eigen::Index centre = 0; centre < centres.rows(); ++centre) {
      const auto values = row_of<float>(centres, centre);
      for (std::size_t d = 0; d < rows.width(); ++d) centred.push_back(values[d] - rows.shift()[d]);
    }
    return model_of(rows, detail::lloyd(rows, clusters).run(function, exec, std::move(centred), iterations, movement(rows)));
  }

  friend bool operator==(const k_means&, const k_means&) = default;

 private:
  void require_settings(std::string_view function, const matrix_view<float>& in) const {
    require_config(clusters >= 1, function, "clusters", "must be at least 1");
    require_config(starts >= 1, function, "starts", "must be at least 1");
    require_config(iterations >= 1, function, "iterations", "must be at least 1");
    require_config(tolerance >= 0.0 && std::isfinite(tolerance), function, "tolerance", "must be finite and at least 0");
    const auto rows = static_cast<std::size_t>(in.rows());
    if (rows == 0 || in.cols() == 0) throw data_error(function, "there are no rows to cluster");
    if (rows >= 0xffffffffU) throw limit_error(function, "rows", 0xfffffffeU, rows);
    require_config(clusters <= rows, function, "clusters",
                   std::to_string(clusters) + " exceeds the number of rows, " + std::to_string(rows));
  }
  double movement(const detail::points& rows) const {
    return tolerance * rows.total_square() / static_cast<double>(rows.rows()) / static_cast<double>(rows.width());
  }
  k_means_model model_of(const detail::points& rows, const detail::lloyd_result& found) const {
    matrix<float> centres(static_cast<Eigen::Index>(clusters), static_cast<Eigen::Index>(rows.width()));
    for (std::size_t index = 0; index < found.centres.size(); ++index) {
      centres.data()[index] = found.centres[index] + rows.shift()[index % rows.width()];
    }
    return k_means_model(std::move(centres), {found.inertia, found.iterations, found.converged});
  }
};

}  // namespace cluster
}  // namespace mmrec::inline v0
