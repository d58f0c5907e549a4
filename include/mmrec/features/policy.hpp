// mmrec/features/policy.hpp - what feature stages do with values they cannot use, and how they count them.
#pragma once
#include <cstddef>
#include <type_traits>

#include <mmrec/core/kind.hpp>

namespace mmrec::inline v0 {
namespace features {

/// What to do with NaN and infinities, while fitting and in every later transform. Statistics are those of the finite
/// values.
enum class non_finite {
  error,        ///< data_error naming row and column
  zero,         ///< as if the value were 0
  impute_mean,  ///< as if it were the mean of the column's finite values
  clip,         ///< infinities as the column's largest or smallest finite value, NaN as its mean
};

/// What to do with a column that has the same value in every row, and so cannot be scaled. A column without any finite
/// value counts as one that is always 0.
enum class constant_column {
  zero,   ///< the column says nothing: it becomes 0 (min_max: `low`), whatever values come later
  keep,   ///< it is moved as the others are but not scaled (what scikit-learn does)
  error,  ///< data_error naming the column
};

/// What `fit` met in its data.
struct repair_report {
  std::size_t non_finite_values = 0;  ///< NaN and infinities that were replaced
  std::size_t constant_columns = 0;   ///< columns with one value only
  std::size_t zero_rows = 0;          ///< rows of length 0, left as they are (l2_normalize only)
  friend bool operator==(const repair_report&, const repair_report&) = default;
};

namespace detail {

/// The output of a stage that takes dense<T> of any width and keeps the width; void for other kinds.
template <class T, class Given>
struct same_width {
  using type = void;
};
template <class T, int D>
struct same_width<T, kind::dense<T, D>> {
  using type = kind::dense<T, D>;
};
template <class T, class Given>
using same_width_t = typename same_width<T, Given>::type;

}  // namespace detail
}  // namespace features
}  // namespace mmrec::inline v0
