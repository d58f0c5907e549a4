// mmrec/cluster/detail/lloyd.hpp - Lloyd's iteration: rows to their nearest centre, centres to the mean of their rows.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cluster/detail/points.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/nearest.hpp>
#include <mmrec/kernel/ordered_sum.hpp>
#include <mmrec/kernel/point_panels.hpp>
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
        next_(rows.rows()),
        upper_(rows.rows()),
        lower_(rows.rows()),
        moves_(centres),
        sums_(centres * rows.width()),
        sizes_(centres) {}

  template <executor Exec>
  lloyd_result run(std::string_view function, const Exec& exec, std::vector<float> centres, std::size_t most_iterations,
                   double tolerance) {
    std::fill(labels_.begin(), labels_.end(), none);
    std::fill(next_.begin(), next_.end(), std::uint32_t{0});
    std::fill(lower_.begin(), lower_.end(), -std::numeric_limits<float>::infinity());
    std::fill(moves_.begin(), moves_.end(), 0.0f);
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
  /// Rows ahead of the current one that are asked for: those to look at lie scattered.
  static constexpr std::size_t rows_ahead = 8;

  /// Finds the nearest centre of each row. A row keeps its centre unseen where bounds show that no other can be nearer: the
  /// labels are those of a full search, but for centres that are as near within rounding.
  /// Reference  Hamerly, "Making k-means even faster", SDM 2010
  template <executor Exec>
  void assign(const Exec& exec, const std::vector<float>& centres) {
    const kernel::packed_centres packed(centres.data(), count_, points_.width());
    const float longest = std::sqrt(2.0f * *std::max_element(packed.half_squares(), packed.half_squares() + count_));
    // How far the two largest moves of a centre bring a row nearer to a centre that is not its own.
    const auto fastest = static_cast<std::size_t>(std::max_element(moves_.begin(), moves_.end()) - moves_.begin());
    float others = 0.0f;
    for (std::size_t centre = 0; centre < count_; ++centre) {
      if (centre != fastest) others = (std::max)(others, moves_[centre]);
    }
    for_ranges(exec, points_.panels(), panel_grain, [&](std::size_t begin, std::size_t end) {
      const std::size_t first = begin * kernel::panel_points;
      const std::size_t last = (std::min)(end * kernel::panel_points, points_.rows());
      std::array<std::uint32_t, panel_grain * kernel::panel_points> open;  // rows to look at, from `first`
      std::size_t count = 0;
      for (std::size_t row = first; row < last; ++row) {
        const std::uint32_t own = next_[row];
        upper_[row] += moves_[own];
        lower_[row] -= own == fastest ? others : moves_[fastest];
        open[count] = static_cast<std::uint32_t>(row - first);
        count += upper_[row] < lower_[row] ? 0 : 1;
      }
      tile found;
      // Rows are packed anew where they are few; a panel as it stands costs no packing.
      if (4 * count > 3 * (last - first)) {
        for (std::size_t panel = begin; panel < end; ++panel) {
          const float* const ahead = panel + 1 < end ? points_.panel(panel + 1) : nullptr;
          kernel::nearest(points_.panel(panel), packed, found.score, found.second, found.index, ahead);
          for (std::size_t lane = 0; lane < points_.count_in(panel); ++lane) {
            adopt(panel * kernel::panel_points + lane, found, lane, longest);
          }
        }
        return;
      }
      if (count == 0) return;
      kernel::aligned_buffer<float> panel(kernel::panel_points * points_.width());
      std::vector<float> rows(kernel::panel_points * points_.width());
      for (std::size_t next = 0; next < count; next += kernel::panel_points) {
        const std::size_t here = (std::min)(kernel::panel_points, count - next);
        for (std::size_t lane = 0; lane < here; ++lane) {
          const std::size_t ahead = (std::min)(next + lane + rows_ahead, count - 1);
          points_.ask_for(first + open[ahead]);
          points_.copy_centred(first + open[next + lane], rows.data() + lane * points_.width());
        }
        points_.pack_centred(rows.data(), here, panel.data());
        kernel::nearest(panel.data(), packed, found.score, found.second, found.index);
        for (std::size_t lane = 0; lane < here; ++lane) adopt(first + open[next + lane], found, lane, longest);
      }
    });
  }

  struct tile {
    alignas(kernel::cache_line) float score[kernel::panel_points];
    alignas(kernel::cache_line) float second[kernel::panel_points];
    alignas(kernel::cache_line) std::uint32_t index[kernel::panel_points];
  };

  /// Takes a row's nearest centre, and the bounds of its distance to that and to the others: wider than what rounding can
  /// have done to the scores.
  void adopt(std::size_t row, const tile& found, std::size_t lane, float longest) {
    const auto square = static_cast<float>(points_.square(row));
    const float both = std::sqrt(square) + longest;
    const float rounding = 1.2e-7f * static_cast<float>(points_.width() + 8) * both * both;
    next_[row] = found.index[lane];
    upper_[row] = std::sqrt((std::max)(0.0f, square + 2.0f * found.score[lane]) + rounding) * 1.000001f;
    lower_[row] = std::sqrt((std::max)(0.0f, square + 2.0f * found.second[lane] - rounding)) * 0.999999f;
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
      lower_[farthest] = -std::numeric_limits<float>::infinity();
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
        const std::size_t ahead = row + 4 * rows_ahead;
        if (ahead < end && labels_[ahead] != next_[ahead]) points_.ask_for(ahead);
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
  double move_centres(std::vector<float>& centres) {
    double shift = 0.0;
    for (std::size_t cluster = 0; cluster < count_; ++cluster) {
      moves_[cluster] = 0.0f;
      if (sizes_[cluster] == 0) continue;
      double own = 0.0;
      for (std::size_t d = 0; d < points_.width(); ++d) {
        float& value = centres[cluster * points_.width() + d];
        const auto mean = static_cast<float>(sums_[cluster * points_.width() + d] / static_cast<double>(sizes_[cluster]));
        const double difference = static_cast<double>(mean) - static_cast<double>(value);
        own += difference * difference;
        value = mean;
      }
      moves_[cluster] = static_cast<float>(std::sqrt(own)) * 1.000001f;
      shift += own;
    }
    return shift;
  }

  const points& points_;
  std::size_t count_;
  std::vector<std::uint32_t> labels_;  // what sums_ and sizes_ stand for
  std::vector<std::uint32_t> next_;    // the nearest centre of each row
  std::vector<float> upper_;           // no less than the distance of each row to its centre
  std::vector<float> lower_;           // no more than its distance to any other centre
  std::vector<float> moves_;           // how far each centre went last
  std::vector<double> sums_;           // K x D, of the rows of each cluster
  std::vector<std::int64_t> sizes_;
};

}  // namespace cluster::detail
}  // namespace mmrec::inline v0
