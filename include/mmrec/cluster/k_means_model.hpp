// mmrec/cluster/k_means_model.hpp - centres, and what rows have to do with them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/nearest.hpp>
#include <mmrec/kernel/point_panels.hpp>

namespace mmrec::inline v0 {
namespace cluster {

/// How a fit went.
struct k_means_report {
  double inertia = 0.0;        ///< sum of the squared distances of the training rows to their centres
  std::size_t iterations = 0;  ///< of the start that won
  bool converged = false;      ///< whether it stopped before it ran out of iterations
  friend bool operator==(const k_means_report&, const k_means_report&) = default;
};

/// What k_means and mini_batch_k_means learn. const: any number of threads may share a model, each with its own workspace.
class k_means_model {
 public:
  using input_kind = kind::dense<float>;
  using output_kind = kind::dense<float>;
  struct workspace {
    std::vector<float> centred;
  };

  /// From its parts, e.g. out of a file: centres K x D. Throws data_error for no or non-finite centres.
  explicit k_means_model(matrix<float> centres, k_means_report report = {}) : centres_(std::move(centres)), report_(report) {
    constexpr std::string_view function = "cluster::k_means_model";
    if (centres_.size() == 0) throw data_error(function, "there are no centres");
    require_finite<float>(function, "centres", centres_);
    const std::size_t count = clusters(), columns = width();
    shift_.resize(columns);
    for (std::size_t d = 0; d < columns; ++d) {
      double sum = 0.0;
      for (std::size_t centre = 0; centre < count; ++centre)
        sum += static_cast<double>(centres_.data()[centre * columns + d]);
      shift_[d] = static_cast<float>(sum / static_cast<double>(count));
    }
    centred_.resize(count * columns);
    for (std::size_t i = 0; i < centred_.size(); ++i) centred_[i] = centres_.data()[i] - shift_[i % columns];
    panels_.resize(kernel::panel_numbers(count, columns));
    half_squares_.resize(count);
    for (std::size_t first = 0; first < count; first += kernel::panel_points) {
      kernel::pack_points<float>(centred_.data() + first * columns, columns, (std::min)(kernel::panel_points, count - first),
                                 columns, nullptr, nullptr, panels_.data() + first * columns);
    }
    for (std::size_t centre = 0; centre < count; ++centre) {
      half_squares_[centre] = kernel::packed_centres::half_square(centred_.data() + centre * columns, columns);
    }
  }

  /// Number of clusters, K.
  std::size_t clusters() const { return static_cast<std::size_t>(centres_.rows()); }
  /// Number of features at the end, K.
  std::size_t features() const { return clusters(); }
  /// K x D.
  const matrix<float>& centres() const { return centres_; }
  const k_means_report& report() const { return report_; }

  /// The nearest centre of each row. Throws shape_error for another width, data_error for a non-finite value.
  template <executor Exec>
  std::vector<std::uint32_t> predict(const Exec& exec, const matrix_view<float>& in) const {
    constexpr std::string_view function = "cluster::k_means::predict";
    require_size(function, "features", width(), static_cast<std::size_t>(in.cols()));
    require_finite<float>(function, "features", in);
    const auto rows = static_cast<std::size_t>(in.rows()), stride = static_cast<std::size_t>(in.outerStride());
    const kernel::packed_centres packed(centred_.data(), clusters(), width());
    std::vector<std::uint32_t> labels(rows);
    constexpr std::size_t grain = 32;
    for_ranges(exec, kernel::panels_of(rows), grain, [&](std::size_t begin, std::size_t end) {
      std::vector<float> scratch(kernel::panel_points * width());
      kernel::aligned_buffer<float> panel(kernel::panel_points * width());
      alignas(kernel::cache_line) float scores[kernel::panel_points], seconds[kernel::panel_points];
      alignas(kernel::cache_line) std::uint32_t nearest[kernel::panel_points];
      for (std::size_t index = begin; index < end; ++index) {
        const std::size_t first = index * kernel::panel_points, count = (std::min)(kernel::panel_points, rows - first);
        kernel::pack_points(in.data() + first * stride, stride, count, width(), shift_.data(), scratch.data(), panel.data());
        kernel::nearest(panel.data(), packed, scores, seconds, nearest);
        std::copy_n(nearest, count, labels.data() + first);
      }
    });
    return labels;
  }

  /// The nearest centre of one row: the same number, no allocation once scratch has grown to size.
  std::uint32_t predict_one(std::span<const float> in, workspace& scratch) const {
    constexpr std::string_view function = "cluster::k_means::predict_one";
    require_row(function, in);
    scratch.centred.resize(width());
    for (std::size_t d = 0; d < width(); ++d) scratch.centred[d] = in[d] - shift_[d];
    return kernel::nearest_one(scratch.centred.data(), panels_.data(), half_squares_.data(), clusters(), width());
  }

  /// Distances to the centres, N x D to N x K. Throws shape_error for another width, data_error for a non-finite value.
  template <executor Exec>
  matrix<float> transform(const Exec& exec, const matrix_view<float>& in) const {
    constexpr std::string_view function = "cluster::k_means::transform";
    require_size(function, "features", width(), static_cast<std::size_t>(in.cols()));
    require_finite<float>(function, "features", in);
    matrix<float> out(in.rows(), static_cast<Eigen::Index>(clusters()));
    constexpr std::size_t grain = 256;
    for_ranges(exec, static_cast<std::size_t>(in.rows()), grain, [&](std::size_t begin, std::size_t end) {
      workspace scratch;
      for (std::size_t row = begin; row < end; ++row) {
        distances(row_of<float>(in, static_cast<Eigen::Index>(row)), out.data() + row * clusters(), scratch);
      }
    });
    return out;
  }

  /// One row: the same numbers, no allocation once out and scratch have grown to size.
  void transform_one(std::span<const float> in, std::vector<float>& out, workspace& scratch) const {
    require_row("cluster::k_means::transform_one", in);
    out.resize(clusters());
    distances(in, out.data(), scratch);
  }

  friend bool operator==(const k_means_model& left, const k_means_model& right) {
    return left.centres_ == right.centres_ && left.report_ == right.report_;
  }

 private:
  std::size_t width() const { return static_cast<std::size_t>(centres_.cols()); }
  void require_row(std::string_view function, std::span<const float> in) const {
    require_size(function, "features", width(), in.size());
    if (!std::all_of(in.begin(), in.end(), [](float x) { return std::isfinite(x); })) {
      throw data_error(function, "non-finite feature");
    }
  }
  void distances(std::span<const float> in, float* out, workspace& scratch) const {
    scratch.centred.resize(width());
    for (std::size_t d = 0; d < width(); ++d) scratch.centred[d] = in[d] - shift_[d];
    kernel::squared_distances(scratch.centred.data(), panels_.data(), clusters(), width(), out);
    for (std::size_t centre = 0; centre < clusters(); ++centre) out[centre] = std::sqrt(out[centre]);
  }

  matrix<float> centres_;
  k_means_report report_;
  std::vector<float> shift_;    // the mean of the centres, which is taken off centres and rows
  std::vector<float> centred_;  // K x D
  kernel::aligned_vector<float> panels_;
  std::vector<float> half_squares_;
};

}  // namespace cluster
}  // namespace mmrec::inline v0
