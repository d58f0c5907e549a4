// mmrec/cluster/detail/points.hpp - the rows to be clustered, centred and packed once for all passes over them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <limits>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/aligned_buffer.hpp>
#include <mmrec/kernel/gram.hpp>
#include <mmrec/kernel/point_panels.hpp>
#include <mmrec/kernel/row_sums.hpp>

namespace mmrec::inline v0 {
namespace cluster::detail {

/// Panels that one task goes through.
inline constexpr std::size_t panel_grain = 32;

/// N rows of D numbers minus their mean: distances by inner products lose no digits to an offset that all rows share.
class points {
 public:
  /// Throws data_error for a non-finite value, numeric_error where squares of the values overflow.
  template <executor Exec>
  points(std::string_view function, const Exec& exec, const matrix_view<float>& in)
      : data_(in.data()),
        stride_(static_cast<std::size_t>(in.outerStride())),
        rows_(static_cast<std::size_t>(in.rows())),
        width_(static_cast<std::size_t>(in.cols())),
        shift_(width_),
        panels_(kernel::panel_numbers(rows_, width_)),
        squares_(rows_) {
    std::vector<double> mean(width_);
    kernel::column_means(exec, kernel::centered_rows<float>{data_, stride_, rows_, width_, nullptr}, mean.data());
    if (!std::all_of(mean.begin(), mean.end(), [](double x) { return std::isfinite(x); })) {
      require_finite<float>(function, "features", in);
    }
    // The rounded mean, so that the packed rows are centred exactly as the caller's rows are.
    std::transform(mean.begin(), mean.end(), shift_.begin(), [](double x) { return static_cast<float>(x); });
    for_ranges(exec, panels(), panel_grain, [&](std::size_t begin, std::size_t end) {
      std::vector<float> scratch(kernel::panel_points * width_);
      for (std::size_t panel = begin; panel < end; ++panel) {
        const std::size_t first = panel * kernel::panel_points, count = count_in(panel);
        kernel::pack_points(data_ + first * stride_, stride_, count, width_, shift_.data(), scratch.data(),
                            panels_.data() + panel * kernel::panel_points * width_);
        for (std::size_t row = 0; row < count; ++row) {
          squares_[first + row] =
              kernel::squared_difference(data_ + (first + row) * stride_, shift_.data(), nullptr, width_);
        }
      }
    });
    for (const double square : squares_) total_ += square;
    const double largest = static_cast<double>((std::numeric_limits<float>::max)()) / 16.0;
    if (!std::all_of(squares_.begin(), squares_.end(), [&](double square) { return square < largest; })) {
      throw numeric_error(function, "the values are too large for float: scale them");
    }
  }

  std::size_t rows() const { return rows_; }
  std::size_t width() const { return width_; }
  std::size_t panels() const { return kernel::panels_of(rows_); }
  std::size_t count_in(std::size_t panel) const {
    return (std::min)(kernel::panel_points, rows_ - panel * kernel::panel_points);
  }
  const float* panel(std::size_t index) const { return panels_.data() + index * kernel::panel_points * width_; }
  /// A row as panel() holds it, D numbers; pack_centred() makes a panel of such rows, one after the other.
  void copy_centred(std::size_t index, float* out) const {
    const float* const from = row(index);
    for (std::size_t d = 0; d < width_; ++d) out[d] = from[d] - shift_[d];
  }
  void pack_centred(const float* rows, std::size_t count, float* out) const {
    kernel::pack_points<float>(rows, width_, count, width_, nullptr, nullptr, out);
  }
  /// Brings a row nearer to the processor, for a use soon after.
  void ask_for(std::size_t index) const {
    const float* const from = row(index);
    for (std::size_t d = 0; d < width_; d += kernel::cache_line / sizeof(float)) __builtin_prefetch(from + d);
  }
  /// A row as the caller gave it; shift() is what the packed one has less.
  const float* row(std::size_t index) const { return data_ + index * stride_; }
  const std::vector<float>& shift() const { return shift_; }
  /// One coordinate of a centred row.
  double centred(std::size_t row_index, std::size_t d) const { return static_cast<double>(row(row_index)[d] - shift_[d]); }
  double square(std::size_t index) const { return squares_[index]; }
  /// The sum of all squares: N times the total variance.
  double total_square() const { return total_; }

 private:
  const float* data_;
  std::size_t stride_;
  std::size_t rows_;
  std::size_t width_;
  std::vector<float> shift_;
  kernel::aligned_buffer<float> panels_;
  std::vector<double> squares_;
  double total_ = 0.0;
};

}  // namespace cluster::detail
}  // namespace mmrec::inline v0
