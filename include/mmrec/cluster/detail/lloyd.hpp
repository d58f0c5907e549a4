// mmrec/cluster/detail/lloyd.hpp - Lloyd's iteration: rows to their nearest centre, centres to the mean of their rows.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cluster/detail/points.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/kernel/nearest.hpp>
#include <mmrec/kernel/ordered_sum.hpp>
#include <mmrec/kernel/row_sums.hpp>

namespace mmrec::inline v0 {
namespace cluster::detail {

/// What one start came to. Centres are relative to the shift of the points.
struct lloyd_result {
  std::vector<float> centres;  // K x D
  double inertia = 0.0;        // sum of the squared distances of the rows to these centres, each to its nearest
  std::size_t iterations = 0;
  bool converged = false;
};

class lloyd {
 public:
  lloyd(const points& rows, std::size_t centres)
      : points_(rows),
        count_(centres),
        labels_(rows.rows(), none),
        next_(rows.panels() * kernel::panel_points),
        scores_(rows.panels() * kernel::panel_points),
        sums_(centres * rows.width()),
        sizes_(centres) {}

  template <executor Exec>
  lloyd_result run(std::string_view function, const Exec& exec, std::vector<float> centres, std::size_t most_iterations,
                   double tolerance) {
    std::fill(labels_.begin(), labels_.end(), none);
    std::fill(sums_.begin(), sums_.end(), 0.0);
    std::fill(sizes_.begin(), sizes_.end(), std::int64_t{0});
    lloyd_result result;
    result.centres = std::move(centres);
    while (result.iterations < most_iterations && !result.converged) {
      report_progress(exec.sink(), function, result.iterations, most_iterations);
      ++result.iterations;
      assign(exec, result.centres);
      const bool refilled = refill_empty(result.centres);
      const bool moved = add_moves(exec) || refilled;
      const double shift = move_centres(result.centres);
      result.converged = !moved || shift <= tolerance;
    }
    assign(exec, result.centres);
    result.inertia = inertia(exec, result.centres);
    return result;
  }

 private:
  static constexpr std::uint32_t none = 0xffffffffU;

  template <executor Exec>
  void assign(const Exec& exec, const std::vector<float>& centres) {
    const kernel::packed_centres packed(centres.data(), count_, points_.width());
    for_ranges(exec, points_.panels(), panel_grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t panel = begin; panel < end; ++panel) {
        const std::size_t first = panel * kernel::panel_points;
        const float* const ahead = panel + 1 < points_.panels() ? points_.panel(panel + 1) : nullptr;
        kernel::nearest(points_.panel(panel), packed, scores_.data() + first, next_.data() + first, ahead);
      }
    });
  }

  double distance(std::size_t row, const std::vector<float>& centres) const {
    return kernel::squared_difference(points_.row(row), points_.shift().data(),
                                      centres.data() + next_[row] * points_.width(), points_.width());
  }

  /// By differences: sums of the scores would lose the digits that the squared lengths share.
  template <executor Exec>
  double inertia(const Exec& exec, const std::vector<float>& centres) const {
    constexpr std::size_t block_rows = 4096;
    double total = 0.0;
    kernel::add_blocks<double>(exec, (points_.rows() + block_rows - 1) / block_rows, 1, &total,
                               [&](const auto&, std::size_t block, double* sum) {
                                 *sum = 0.0;
                                 const std::size_t end = (std::min)(points_.rows(), (block + 1) * block_rows);
                                 for (std::size_t row = block * block_rows; row < end; ++row) *sum += distance(row, centres);
                               });
    return total;
  }

  /// Gives each cluster that no row is nearest to the row that is farthest from its centre, out of a cluster of several.
  bool refill_empty(const std::vector<float>& centres) {
    std::vector<std::size_t> sizes(count_, 0);
    for (std::size_t row = 0; row < points_.rows(); ++row) ++sizes[next_[row]];
    if (std::find(sizes.begin(), sizes.end(), std::size_t{0}) == sizes.end()) return false;
    std::vector<double> distances(points_.rows());
    for (std::size_t row = 0; row < points_.rows(); ++row) distances[row] = distance(row, centres);
    bool any = false;
    for (std::size_t cluster = 0; cluster < count_; ++cluster) {
      if (sizes[cluster] != 0) continue;
      std::size_t farthest = points_.rows();
      for (std::size_t row = 0; row < points_.rows(); ++row) {
        if (sizes[next_[row]] < 2 || distances[row] <= 1e-12 * points_.square(row)) continue;
        if (farthest == points_.rows() || distances[row] > distances[farthest]) farthest = row;
      }
      if (farthest == points_.rows()) return any;  // fewer distinct rows than centres: the rest stays empty
      --sizes[next_[farthest]];
      next_[farthest] = static_cast<std::uint32_t>(cluster);
      sizes[cluster] = 1;
      any = true;
    }
    return any;
  }

  /// Brings the sums up to date with the rows whose label changed. Whether there were any.
  template <executor Exec>
  bool add_moves(const Exec& exec) {
    const std::size_t width = points_.width(), size = count_ * width;
    // Long enough that clearing and adding a block's sums costs little beside its rows.
    const std::size_t block_rows = std::max<std::size_t>(4096, 16 * count_);
    const std::size_t blocks = (points_.rows() + block_rows - 1) / block_rows;
    std::size_t moved = 0;
    for (std::size_t row = 0; row < points_.rows(); ++row) {
      if (labels_[row] == next_[row]) continue;
      ++moved;
      if (labels_[row] != none) --sizes_[labels_[row]];
      ++sizes_[next_[row]];
    }
    if (moved == 0) return false;
    const auto add = [&](std::size_t begin, std::size_t end, double* sums) {
      for (std::size_t row = begin; row < end; ++row) {
        if (labels_[row] == next_[row]) continue;
        double* const to = sums + next_[row] * width;
        if (labels_[row] == none) {
          kernel::add_row(to, points_.row(row), points_.shift().data(), width);
        } else {
          kernel::move_row(to, sums + labels_[row] * width, points_.row(row), points_.shift().data(), width);
        }
        labels_[row] = next_[row];
      }
    };
    kernel::add_blocks<double>(exec, blocks, size, sums_.data(), [&](const auto&, std::size_t block, double* partial) {
      std::fill_n(partial, size, 0.0);
      add(block * block_rows, (std::min)(points_.rows(), (block + 1) * block_rows), partial);
    });
    return true;
  }

  /// The means of the clusters; an empty one stays where it is. The sum of the squared distances moved.
  double move_centres(std::vector<float>& centres) const {
    double shift = 0.0;
    for (std::size_t cluster = 0; cluster < count_; ++cluster) {
      if (sizes_[cluster] == 0) continue;
      for (std::size_t d = 0; d < points_.width(); ++d) {
        float& value = centres[cluster * points_.width() + d];
        const auto mean = static_cast<float>(sums_[cluster * points_.width() + d] / static_cast<double>(sizes_[cluster]));
        const double difference = static_cast<double>(mean) - static_cast<double>(value);
        shift += difference * difference;
        value = mean;
      }
    }
    return shift;
  }

  const points& points_;
  std::size_t count_;
  std::vector<std::uint32_t> labels_;  // what sums_ and sizes_ stand for
  std::vector<std::uint32_t> next_;    // the nearest centre of each row, with lanes for a whole last panel
  std::vector<float> scores_;          // half the squared distance minus half the squared length
  std::vector<double> sums_;           // K x D, of the rows of each cluster
  std::vector<std::int64_t> sizes_;
};

}  // namespace cluster::detail
}  // namespace mmrec::inline v0
