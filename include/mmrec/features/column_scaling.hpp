// mmrec/features/column_scaling.hpp - what standardize and min_max learn: a shift and a scale for each column.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/features/detail/column_statistics.hpp>
#include <mmrec/features/detail/finite.hpp>
#include <mmrec/features/policy.hpp>

namespace mmrec::inline v0 {
namespace features {

/// Maps each column to (x - shift) * scale + low, in double. Made by standardize and min_max; see there.
template <class T>
class column_scaling_model {
 public:
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;
  struct workspace {};

  std::size_t features() const { return shift_.size(); }
  std::span<const double> shift() const { return shift_; }
  std::span<const double> scale() const { return scale_; }
  const repair_report& report() const { return report_; }

  template <executor Exec>
  matrix<T> transform(const Exec& exec, const matrix_view<T>& in) const {
    require_size(function("transform"), "features", features(), static_cast<std::size_t>(in.cols()));
    matrix<T> out(in.rows(), in.cols());
    constexpr std::size_t grain = 256;
    for_ranges(exec, static_cast<std::size_t>(in.rows()), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t row = begin; row < end; ++row) {
        transform_row("transform", row_of<T>(in, static_cast<Eigen::Index>(row)).data(), out.data() + row * features(), row);
      }
    });
    return out;
  }

  void transform_one(std::span<const T> in, std::vector<T>& out, workspace&) const {
    if (in.size() != features()) throw shape_error(function("transform_one"), "features", features(), in.size());
    out.resize(features());
    transform_row("transform_one", in.data(), out.data(), 0);
  }

  friend bool operator==(const column_scaling_model&, const column_scaling_model&) = default;

 private:
  template <class>
  friend struct basic_standardize;
  template <class>
  friend struct basic_min_max;

  column_scaling_model(std::string_view stage, features::non_finite on_non_finite,
                       const detail::column_statistics<T>& statistics)
      : stage_(stage),
        non_finite_(on_non_finite),
        smallest_(statistics.smallest),
        largest_(statistics.largest),
        mean_(statistics.mean) {
    report_.non_finite_values = statistics.non_finite;
    for (std::size_t column = 0; column < mean_.size(); ++column) {
      if (statistics.count[column] == 0) smallest_[column] = largest_[column] = T{0};
      if (statistics.constant(column)) ++report_.constant_columns;
    }
  }

  std::string function(std::string_view member) const { return stage_ + "::" + std::string(member); }

  void transform_row(std::string_view member, const T* in, T* out, std::size_t row) const {
    const double* __restrict shift = shift_.data();
    const double* __restrict scale = scale_.data();
    T* __restrict to = out;
    for (std::size_t column = 0; column < shift_.size(); ++column) {
      to[column] = static_cast<T>((static_cast<double>(in[column]) - shift[column]) * scale[column] + low_);
    }
    if (!detail::all_finite(out, shift_.size())) repair_row(member, in, out, row);
    if (clamp_) {
      for (std::size_t column = 0; column < shift_.size(); ++column) {
        out[column] = std::clamp(out[column], static_cast<T>(low_), static_cast<T>(high_));
      }
    }
  }

  void repair_row(std::string_view member, const T* in, T* out, std::size_t row) const {
    const auto fail = [&](std::size_t column, std::string_view what) {
      throw data_error(function(member),
                       std::string(what) + " in row " + std::to_string(row) + ", column " + std::to_string(column));
    };
    for (std::size_t column = 0; column < shift_.size(); ++column) {
      if (!std::isfinite(in[column])) {
        if (non_finite_ == features::non_finite::error) fail(column, "non-finite value");
        out[column] = static_cast<T>((replacement(column, in[column]) - shift_[column]) * scale_[column] + low_);
      }
      if (!std::isfinite(out[column])) fail(column, "value too far from those the model was fitted on");
    }
  }

  double replacement(std::size_t column, T value) const {
    if (non_finite_ == features::non_finite::zero) return 0.0;
    if (non_finite_ == features::non_finite::impute_mean || std::isnan(value)) return mean_[column];
    return static_cast<double>(value > T{0} ? largest_[column] : smallest_[column]);
  }

  /// The scale of a column whose values all are the same, or data_error.
  double constant_scale(features::constant_column on_constant, std::size_t column) const {
    if (on_constant == features::constant_column::error) {
      throw data_error(function("fit"), "column " + std::to_string(column) + " is constant (" +
                                            std::to_string(mean_[column]) +
                                            "); choose features::constant_column::zero or keep");
    }
    return on_constant == features::constant_column::keep ? 1.0 : 0.0;
  }

  std::string stage_;
  features::non_finite non_finite_ = features::non_finite::error;
  std::vector<T> smallest_;
  std::vector<T> largest_;
  std::vector<double> mean_;
  std::vector<double> shift_;
  std::vector<double> scale_;
  double low_ = 0.0;
  double high_ = 0.0;
  bool clamp_ = false;
  repair_report report_;
};

namespace detail {

/// Count, mean and range of a batch of at least one row, after the policy for non-finite values had its say.
template <class T, executor Exec>
column_statistics<T> checked_statistics(std::string_view function, const Exec& exec, const matrix_view<T>& in,
                                        non_finite on_non_finite) {
  if (in.rows() == 0) throw data_error(function, "no rows to learn from");
  column_statistics<T> statistics = means_of_columns<T>(exec, in);
  if (statistics.non_finite != 0 && on_non_finite == non_finite::error) require_finite<T>(function, "features", in);
  return statistics;
}

}  // namespace detail
}  // namespace features
}  // namespace mmrec::inline v0
