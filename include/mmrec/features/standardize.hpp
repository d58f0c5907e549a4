// mmrec/features/standardize.hpp - columns with mean 0 and standard deviation 1.
#pragma once
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/features/column_scaling.hpp>
#include <mmrec/features/policy.hpp>

namespace mmrec::inline v0 {
namespace features {

/// Subtracts the mean of each column and divides by its standard deviation (that of the population: divided by N).
///
/// Shapes     in N x D; out N x D; a static D is kept
/// Cost       fit two passes over the data, O(N D); transform one pass; model 56 D bytes at most
/// Result     same bits for any number of threads; statistics in two passes and in double, so that a column far from 0 or
///            with values up to the largest float is exact to rounding
/// Throws     data_error for no rows, a non-finite value or constant column where the policy is error; numeric_error if
///            doubles are too large for a variance; shape_error if D differs from fit
/// Avoid when the data are sparse (zeros do not stay zeros); when a few rows are far outliers, which then set the scale
/// Example    features::standardize{.non_finite = features::non_finite::clip}
/// Reference  the algorithm of two passes: Chan, Golub, LeVeque, The American Statistician 37(3), 1983
template <class T>
struct basic_standardize {
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;
  template <class Given>
  using output_for = detail::same_width_t<T, Given>;

  bool center = true;  ///< subtract the mean
  bool scale = true;   ///< divide by the standard deviation
  features::non_finite non_finite = features::non_finite::error;
  features::constant_column constant_column = features::constant_column::zero;

  template <executor Exec>
  column_scaling_model<T> fit(const Exec& exec, const matrix_view<T>& in) const {
    constexpr std::string_view function = "features::standardize::fit";
    auto statistics = detail::checked_statistics<T>(function, exec, in, non_finite);
    detail::add_variances<T>(exec, in, statistics);
    column_scaling_model<T> model("features::standardize", non_finite, statistics);
    for (std::size_t column = 0; column < statistics.mean.size(); ++column) {
      const double deviation = std::sqrt(statistics.variance[column]);
      if (!std::isfinite(deviation)) {
        throw numeric_error(function, "the variance of column " + std::to_string(column) + " overflows");
      }
      const double factor = statistics.constant(column) ? model.constant_scale(constant_column, column) : 1.0 / deviation;
      model.shift_.push_back(center ? statistics.mean[column] : 0.0);
      model.scale_.push_back(scale || factor == 0.0 ? factor : 1.0);
    }
    return model;
  }

  friend bool operator==(const basic_standardize&, const basic_standardize&) = default;
};

using standardize = basic_standardize<float>;

}  // namespace features
}  // namespace mmrec::inline v0
