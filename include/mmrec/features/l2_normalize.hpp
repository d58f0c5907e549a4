// mmrec/features/l2_normalize.hpp - rows of length 1.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/features/policy.hpp>

namespace mmrec::inline v0 {
namespace features {

template <class T>
class l2_normalize_model;

/// Divides each row by its Euclidean length, so that inner products become cosines. Rows of zeros stay zeros.
///
/// Shapes     in N x D; out N x D; a static D is kept
/// Cost       O(N D), one pass; fit makes one as well, to check and to count
/// Result     same bits for any number of threads; squares are summed in double, so that floats of any size neither
///            overflow nor vanish
/// Throws     invalid_config for a policy other than error and zero (rows have no column statistics to impute from);
///            data_error naming row and column for a non-finite value under the policy error; shape_error if D differs
/// Avoid when the length itself carries meaning (a count, a confidence)
/// Example    features::l2_normalize{}
template <class T>
struct basic_l2_normalize {
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;
  template <class Given>
  using output_for = detail::same_width_t<T, Given>;

  features::non_finite non_finite = features::non_finite::error;  ///< error or zero

  template <executor Exec>
  l2_normalize_model<T> fit(const Exec& exec, const matrix_view<T>& in) const;

  friend bool operator==(const basic_l2_normalize&, const basic_l2_normalize&) = default;
};

using l2_normalize = basic_l2_normalize<float>;

/// See basic_l2_normalize.
template <class T>
class l2_normalize_model {
 public:
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;
  struct workspace {};

  std::size_t features() const { return width_; }
  const repair_report& report() const { return report_; }

  template <executor Exec>
  matrix<T> transform(const Exec& exec, const matrix_view<T>& in) const {
    constexpr std::string_view function = "features::l2_normalize::transform";
    require_size(function, "features", width_, static_cast<std::size_t>(in.cols()));
    matrix<T> out(in.rows(), in.cols());
    for_ranges(exec, static_cast<std::size_t>(in.rows()), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        normalize_row(function, row_of<T>(in, static_cast<Eigen::Index>(row)), out.data() + row * width_, row);
      }
    });
    return out;
  }

  void transform_one(std::span<const T> in, std::vector<T>& out, workspace&) const {
    constexpr std::string_view function = "features::l2_normalize::transform_one";
    require_size(function, "features", width_, in.size());
    out.resize(width_);
    normalize_row(function, in, out.data(), 0);
  }

  friend bool operator==(const l2_normalize_model&, const l2_normalize_model&) = default;

 private:
  friend struct basic_l2_normalize<T>;
  static constexpr std::size_t grain = 256;

  /// Eight interleaved sums, added in a fixed order. A double near its largest or smallest magnitude needs the row scaled
  /// first; a float never does.
  static double length_of(const T* row, std::size_t width, double unit) {
    double lanes[8] = {};
    std::size_t column = 0;
    for (; column + 8 <= width; column += 8) {
      for (std::size_t lane = 0; lane < 8; ++lane) {
        const double value = static_cast<double>(row[column + lane]) * unit;
        lanes[lane] += value * value;
      }
    }
    for (; column < width; ++column)
      lanes[0] += (static_cast<double>(row[column]) * unit) * (static_cast<double>(row[column]) * unit);
    return std::sqrt(((lanes[0] + lanes[4]) + (lanes[1] + lanes[5])) + ((lanes[2] + lanes[6]) + (lanes[3] + lanes[7])));
  }

  void normalize_row(std::string_view function, std::span<const T> in, T* out, std::size_t row) const {
    const T* from = in.data();
    double length = length_of(from, width_, 1.0);
    if (!std::isfinite(length)) {
      for (std::size_t column = 0; column < width_; ++column) {
        if (!std::isfinite(in[column]) && non_finite_ == features::non_finite::error) {
          throw data_error(function,
                           "non-finite value in row " + std::to_string(row) + ", column " + std::to_string(column));
        }
        out[column] = std::isfinite(in[column]) ? in[column] : T{0};
      }
      from = out;
      length = length_of(from, width_, 1.0);
    }
    double unit = 1.0;
    if (!(length > 1e-150 && length < 1e150)) {
      double largest = 0.0;
      for (std::size_t column = 0; column < width_; ++column)
        largest = (std::max)(largest, std::abs(static_cast<double>(from[column])));
      // A power of two, so that scaling rounds nothing.
      if (largest > 0.0) unit = std::ldexp(1.0, (std::min)(1000, -std::ilogb(largest)));
      length = length_of(from, width_, unit);
    }
    const double factor = length > 0.0 ? 1.0 / length : 0.0;
    for (std::size_t column = 0; column < width_; ++column) {
      out[column] = static_cast<T>(static_cast<double>(from[column]) * unit * factor);
    }
  }

  features::non_finite non_finite_ = features::non_finite::error;
  std::size_t width_ = 0;
  repair_report report_;
};

template <class T>
template <executor Exec>
l2_normalize_model<T> basic_l2_normalize<T>::fit(const Exec&, const matrix_view<T>& in) const {
  constexpr std::string_view function = "features::l2_normalize::fit";
  require_config(non_finite == features::non_finite::error || non_finite == features::non_finite::zero, function,
                 "non_finite", "must be error or zero");
  l2_normalize_model<T> model;
  model.non_finite_ = non_finite;
  model.width_ = static_cast<std::size_t>(in.cols());
  if (non_finite == features::non_finite::error) require_finite<T>(function, "features", in);
  for (Eigen::Index row = 0; row < in.rows(); ++row) {
    bool zero = true;
    for (const T value : row_of<T>(in, row)) {
      const bool finite = std::isfinite(value);
      if (!finite) ++model.report_.non_finite_values;
      zero = zero && (!finite || value == T{0});
    }
    if (zero) ++model.report_.zero_rows;
  }
  return model;
}

}  // namespace features
}  // namespace mmrec::inline v0
