// mmrec/cluster/mini_batch_k_means.hpp - k-means from small samples of the rows.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cluster/detail/points.hpp>
#include <mmrec/cluster/detail/seeding.hpp>
#include <mmrec/cluster/k_means_model.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/ordered_sum.hpp>
#include <mmrec/kernel/row_sums.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// The clusters of k_means, about as good, from a fraction of the passes: each step moves the centres by one batch of rows.
///
/// Shapes     in N x D; out N x K, K = clusters
/// Cost       fit: 2 B K D operations a step, B = batch, and 2 N K D at the end for the inertia; 8 B D + 16 K D bytes
/// Result     each centre is the mean of all rows that were ever assigned to it (a step size that falls as 1 / rows). Seeded
///            by k-means++ on a sample of 3 B rows (at least 3 K). Stops when a moving average of the batches' inertia has not
///            fallen for `patience` steps. A centre that no row comes to stays where it was seeded. Same bits for any number
///            of threads
/// Throws     invalid_config for clusters < 1 or > N, batch < 1, epochs < 1 or patience < 1; otherwise as k_means
/// Avoid when N K D is small: k_means finds better clusters, and takes seconds up to N K = 10^8
/// Example    const auto model = cluster::mini_batch_k_means{.clusters = 100}.fit(exec, item_vectors, seed{1});
/// Reference  Sculley, "Web-scale k-means clustering", WWW 2010
struct mini_batch_k_means {
  using input_kind = kind::dense<float>;
  using output_kind = kind::dense<float>;

  std::size_t clusters = 8;   ///< K, 1 .. N
  std::size_t batch = 1024;   ///< B, rows of a step
  std::size_t epochs = 10;    ///< at most so many times N rows are drawn
  std::size_t patience = 10;  ///< steps without progress until it stops

  template <executor Exec>
  k_means_model fit(const Exec& asked, const matrix_view<float>& in, seed key = {}) const {
    constexpr std::string_view function = "cluster::mini_batch_k_means::fit";
    require_settings(function, in);
    const exec::session<Exec> session(asked);
    const Exec& exec = session.executor();
    const auto rows = static_cast<std::uint32_t>(in.rows());
    const auto sampled = static_cast<std::uint32_t>(std::min<std::size_t>(rows, 3 * (std::max)(batch, clusters)));
    random_stream choice(key.derive(0));
    const std::vector<std::uint32_t> sample = choice.sample(rows, sampled);
    const matrix<float> first = gathered(in, sample);
    const detail::points points(function, exec, first);
    detail::plus_plus seeding(points, clusters);
    std::vector<std::uint32_t> seeds;
    for (const std::size_t row : seeding.pick(exec, clusters, key.derive(1))) seeds.push_back(sample[row]);

    state current(gathered(in, seeds));
    std::vector<std::uint32_t> drawn((std::min)(batch, static_cast<std::size_t>(rows)));
    const std::size_t steps = (epochs * rows + drawn.size() - 1) / drawn.size();
    const double weight = (std::min)(1.0, 2.0 * static_cast<double>(drawn.size()) / (static_cast<double>(rows) + 1.0));
    k_means_report report;
    double average = 0.0, lowest = std::numeric_limits<double>::infinity();
    std::size_t since = 0;
    while (report.iterations < steps && !report.converged) {
      report_progress(exec.sink(), function, report.iterations, steps);
      random_stream random(key.derive(2), report.iterations++);
      for (std::uint32_t& row : drawn) row = random.below(rows);
      const double inertia = current.step(exec, gathered(in, drawn)) / static_cast<double>(drawn.size());
      average = report.iterations == 1 ? inertia : average * (1.0 - weight) + inertia * weight;
      since = average < lowest ? 0 : since + 1;
      lowest = (std::min)(lowest, average);
      report.converged = since >= patience;
    }
    return current.finish(exec, in, report);
  }

  /// Steps through the rows once, in their order, from given centres, K x D: for rows that come as a stream. Nothing is drawn,
  /// and it does not stop early.
  template <executor Exec>
  k_means_model fit_from(const Exec& asked, const matrix_view<float>& in, const matrix_view<float>& centres) const {
    constexpr std::string_view function = "cluster::mini_batch_k_means::fit_from";
    require_settings(function, in);
    require_size(function, "centres", clusters, static_cast<std::size_t>(centres.rows()));
    require_size(function, "features of the centres", static_cast<std::size_t>(in.cols()),
                 static_cast<std::size_t>(centres.cols()));
    require_finite<float>(function, "centres", centres);
    const exec::session<Exec> session(asked);
    const Exec& exec = session.executor();
    state current{matrix<float>(centres)};
    const auto rows = static_cast<std::size_t>(in.rows());
    k_means_report report;
    for (std::size_t first = 0; first < rows; first += batch) {
      report_progress(exec.sink(), function, first, rows);
      const auto count = static_cast<Eigen::Index>((std::min)(batch, rows - first));
      current.step(exec, in.middleRows(static_cast<Eigen::Index>(first), count));
      ++report.iterations;
    }
    return current.finish(exec, in, report);
  }

  friend bool operator==(const mini_batch_k_means&, const mini_batch_k_means&) = default;

 private:
  void require_settings(std::string_view function, const matrix_view<float>& in) const {
    require_config(clusters >= 1, function, "clusters", "must be at least 1");
    require_config(batch >= 1, function, "batch", "must be at least 1");
    require_config(epochs >= 1, function, "epochs", "must be at least 1");
    require_config(patience >= 1, function, "patience", "must be at least 1");
    const auto rows = static_cast<std::size_t>(in.rows());
    if (rows == 0 || in.cols() == 0) throw data_error(function, "there are no rows to cluster");
    if (rows >= 0xffffffffU) throw limit_error(function, "rows", 0xfffffffeU, rows);
    require_config(clusters <= rows, function, "clusters",
                   std::to_string(clusters) + " exceeds the number of rows, " + std::to_string(rows));
    require_finite<float>(function, "features", in);
  }

  static matrix<float> gathered(const matrix_view<float>& in, const std::vector<std::uint32_t>& rows) {
    matrix<float> result(static_cast<Eigen::Index>(rows.size()), in.cols());
    for (std::size_t row = 0; row < rows.size(); ++row) {
      result.row(static_cast<Eigen::Index>(row)) = in.row(static_cast<Eigen::Index>(rows[row]));
    }
    return result;
  }

  /// Centres, and the sums and numbers of the rows that came to each.
  class state {
   public:
    explicit state(matrix<float> centres)
        : model_(std::move(centres)),
          sums_(static_cast<std::size_t>(model_.centres().size())),
          sizes_(model_.clusters()),
          zeros_(static_cast<std::size_t>(model_.centres().cols())) {}

    /// The inertia of the batch before the centres move.
    template <executor Exec>
    double step(const Exec& exec, const matrix_view<float>& rows) {
      const std::vector<std::uint32_t> labels = model_.predict(exec, rows);
      const double inertia = inertia_of(exec, rows, labels);
      for (std::size_t row = 0; row < labels.size(); ++row) {
        const auto values = row_of<float>(rows, static_cast<Eigen::Index>(row));
        kernel::add_row(sums_.data() + labels[row] * values.size(), values.data(), zeros_.data(), values.size());
        ++sizes_[labels[row]];
      }
      matrix<float> centres = model_.centres();
      for (std::size_t i = 0; i < sums_.size(); ++i) {
        const std::size_t size = sizes_[i / zeros_.size()];
        if (size != 0) centres.data()[i] = static_cast<float>(sums_[i] / static_cast<double>(size));
      }
      model_ = k_means_model(std::move(centres));
      return inertia;
    }

    template <executor Exec>
    k_means_model finish(const Exec& exec, const matrix_view<float>& rows, k_means_report report) const {
      report.inertia = inertia_of(exec, rows, model_.predict(exec, rows));
      return k_means_model(model_.centres(), report);
    }

   private:
    template <executor Exec>
    double inertia_of(const Exec& exec, const matrix_view<float>& rows, const std::vector<std::uint32_t>& labels) const {
      constexpr std::size_t block_rows = 4096;
      double total = 0.0;
      kernel::add_blocks<double>(
          exec, (labels.size() + block_rows - 1) / block_rows, 1, &total, [&](const auto&, std::size_t block, double* sum) {
            *sum = 0.0;
            for (std::size_t row = block * block_rows; row < (std::min)(labels.size(), (block + 1) * block_rows); ++row) {
              const auto values = row_of<float>(rows, static_cast<Eigen::Index>(row));
              *sum += kernel::squared_difference(values.data(), zeros_.data(),
                                                 model_.centres().data() + labels[row] * values.size(), values.size());
            }
          });
      return total;
    }

    k_means_model model_;
    std::vector<double> sums_;  // K x D
    std::vector<std::size_t> sizes_;
    std::vector<float> zeros_;
  };
};

}  // namespace cluster
}  // namespace mmrec::inline v0
