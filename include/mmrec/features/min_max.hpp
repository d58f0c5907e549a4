// mmrec/features/min_max.hpp - columns that run from 0 to 1.
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

/// Maps the smallest value of each column to `low` and the largest to `high`, straight in between.
///
/// Shapes     in N x D; out N x D; a static D is kept
/// Cost       fit one pass over the data, O(N D); transform one pass; model 56 D bytes at most
/// Result     same bits for any number of threads. Values outside the range seen by fit land outside [low, high] unless
///            `clamp` is set
/// Throws     invalid_config unless low < high, both finite; data_error for no rows, a non-finite value or constant column
///            where the policy is error; numeric_error if doubles are too far apart; shape_error if D differs from fit
/// Avoid when there are outliers: one of them squeezes all other values together (standardize suffers less)
/// Example    features::min_max{.low = -1.0f}
template <class T>
struct basic_min_max {
  using input_kind = kind::dense<T>;
  using output_kind = kind::dense<T>;
  template <class Given>
  using output_for = detail::same_width_t<T, Given>;

  T low = T{0};
  T high = T{1};
  bool clamp = false;  ///< hold later values within [low, high]
  features::non_finite non_finite = features::non_finite::error;
  features::constant_column constant_column = features::constant_column::zero;

  template <executor Exec>
  column_scaling_model<T> fit(const Exec& exec, const matrix_view<T>& in) const {
    constexpr std::string_view function = "features::min_max::fit";
    require_config(std::isfinite(low) && std::isfinite(high) && low < high, function, "low",
                   "must be below high, both finite");
    const auto statistics = detail::checked_statistics<T>(function, exec, in, non_finite);
    column_scaling_model<T> model("features::min_max", non_finite, statistics);
    for (std::size_t column = 0; column < statistics.mean.size(); ++column) {
      const auto smallest = static_cast<double>(model.smallest_[column]);
      const double range = static_cast<double>(model.largest_[column]) - smallest;
      if (!std::isfinite(range))
        throw numeric_error(function, "the range of column " + std::to_string(column) + " overflows");
      model.shift_.push_back(smallest);
      model.scale_.push_back(statistics.constant(column) ? model.constant_scale(constant_column, column)
                                                         : (static_cast<double>(high) - static_cast<double>(low)) / range);
    }
    model.low_ = static_cast<double>(low);
    model.high_ = static_cast<double>(high);
    model.clamp_ = clamp;
    return model;
  }

  friend bool operator==(const basic_min_max&, const basic_min_max&) = default;
};

using min_max = basic_min_max<float>;

}  // namespace features
}  // namespace mmrec::inline v0
