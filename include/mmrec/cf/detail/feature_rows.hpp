// mmrec/cf/detail/feature_rows.hpp - the features of the items as vectors: sums, inner products, one item with all.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/topk_dot.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Inner product, added up in double: one number at a time is wanted, and exactly.
inline double dot(std::span<const float> left, std::span<const float> right) {
  double sum = 0.0;
  for (std::size_t column = 0; column < left.size(); ++column) sum += double{left[column]} * double{right[column]};
  return sum;
}

/// 1 / length of values, 0 if that is 0. In double: for tiny values it is beyond float.
inline double inverse_length(std::span<const float> values) {
  const double square = dot(values, values);
  return square == 0.0 ? 0.0 : 1.0 / std::sqrt(square);
}

/// Multiplies in double.
inline void scale(std::span<float> values, double factor) {
  for (float& value : values) value = static_cast<float>(double{value} * factor);
}

template <class Features>
void require_features(std::string_view function, const Features& features, std::size_t items) {
  require_size(function, "items of the features", items, features.items());
  if (features.width() == 0) throw data_error(function, "the features have no columns");
}

inline void require_finite_row(std::string_view function, std::span<const float> values) {
  for (const float value : values) {
    if (!std::isfinite(value)) throw data_error(function, "a feature is not finite");
  }
}

/// Dense features. Rows of items without features are NaN, so that whatever is computed from them is no_score.
class dense_rows {
 public:
  using row_view = std::span<const float>;

  dense_rows(std::string_view function, const data::dense_features& features, std::size_t items, bool unit_length)
      : values_(features.values), present_(features.present) {
    require_features(function, features, items);
    require_size(function, "rows of the features", items, static_cast<std::size_t>(values_.rows()));
    require_finite<float>(function, "features", values_);
    for (std::size_t item = 0; item < items; ++item) {
      auto row = values_.row(static_cast<Eigen::Index>(item));
      if (present_[item] == 0) {
        row.setConstant(no_score);
      } else if (unit_length) {
        scale({row.data(), width()}, inverse_length(this->row(item_id{item})));
      }
    }
    packed_ = kernel::packed_items({values_.data(), static_cast<std::size_t>(values_.size())}, items, width());
  }

  std::size_t items() const { return present_.size(); }
  std::size_t width() const { return static_cast<std::size_t>(values_.cols()); }
  bool has(item_id item) const { return present_[item.index()] != 0; }
  row_view row(item_id item) const { return row_of(values_, static_cast<Eigen::Index>(item.value)); }
  const matrix<float>& values() const { return values_; }

  /// sum += weight row
  static void add(row_view row, float weight, std::span<float> sum) {
    for (std::size_t column = 0; column < row.size(); ++column) sum[column] += weight * row[column];
  }
  static double dot(row_view left, std::span<const float> right) { return detail::dot(left, right); }
  static double inverse_length(row_view row) { return detail::inverse_length(row); }

  /// out[i] = row i . direction
  void dot_all(std::span<const float> direction, std::span<float> out) const { packed_.score(direction, out); }

  /// Throws shape_error for a row of another width, data_error for a feature that is not finite.
  void require_row(std::string_view function, row_view row) const {
    require_size(function, "width of the features", width(), row.size());
    require_finite_row(function, row);
  }

 private:
  matrix<float> values_;
  data::presence present_;
  kernel::packed_items packed_;
};

/// Sparse features.
class sparse_rows {
 public:
  using row_view = sparse_row_view<float>;

  sparse_rows(std::string_view function, const data::sparse_features& features, std::size_t items, bool unit_length)
      : values_(features.values), present_(features.present) {
    require_features(function, features, items);
    require_size(function, "rows of the features", items, values_.rows());
    for (std::size_t item = 0; item < items; ++item) {
      const auto begin = static_cast<std::size_t>(values_.starts()[item]);
      const std::span<float> row = values_.values().subspan(begin, values_.row(item).values.size());
      for (std::size_t entry = 0; entry < row.size(); ++entry) {
        if (!std::isfinite(row[entry])) {
          throw data_error(function, "features: non-finite value in row " + std::to_string(item) + ", column " +
                                         std::to_string(values_.row(item).indices[entry]));
        }
      }
      if (unit_length) scale(row, inverse_length(values_.row(item)));
    }
  }

  std::size_t items() const { return present_.size(); }
  std::size_t width() const { return values_.cols(); }
  bool has(item_id item) const { return present_[item.index()] != 0; }
  row_view row(item_id item) const { return values_.row(item.index()); }
  const csr_matrix<float>& values() const { return values_; }

  static void add(row_view row, float weight, std::span<float> sum) {
    for (std::size_t entry = 0; entry < row.indices.size(); ++entry) {
      sum[static_cast<std::size_t>(row.indices[entry])] += weight * row.values[entry];
    }
  }
  static double dot(row_view left, std::span<const float> right) {
    double sum = 0.0;
    for (std::size_t entry = 0; entry < left.indices.size(); ++entry) {
      sum += double{left.values[entry]} * double{right[static_cast<std::size_t>(left.indices[entry])]};
    }
    return sum;
  }
  /// Both in increasing order of columns.
  static double dot(row_view left, row_view right) {
    double sum = 0.0;
    for (std::size_t a = 0, b = 0; a < left.indices.size() && b < right.indices.size();) {
      if (left.indices[a] == right.indices[b]) {
        sum += double{left.values[a++]} * double{right.values[b++]};
      } else if (left.indices[a] < right.indices[b]) {
        ++a;
      } else {
        ++b;
      }
    }
    return sum;
  }
  static double inverse_length(row_view row) { return detail::inverse_length(row.values); }

  void dot_all(std::span<const float> direction, std::span<float> out) const {
    for (std::size_t item = 0; item < items(); ++item) {
      out[item] = present_[item] != 0 ? static_cast<float>(dot(values_.row(item), direction)) : no_score;
    }
  }

  /// Throws shape_error for a column beyond the width, data_error for a feature that is not finite or columns that are not
  /// in increasing order.
  void require_row(std::string_view function, row_view row) const {
    require_size(function, "values of the row", row.indices.size(), row.values.size());
    for (const std::int32_t column : row.indices) {
      if (column < 0 || static_cast<std::size_t>(column) >= width()) {
        throw shape_error(function, "width of the features", width(), static_cast<std::size_t>(column) + 1);
      }
    }
    if (std::adjacent_find(row.indices.begin(), row.indices.end(), std::greater_equal<>()) != row.indices.end()) {
      throw data_error(function, "the columns of the features are not in increasing order");
    }
    require_finite_row(function, row.values);
  }

 private:
  csr_matrix<float> values_;
  data::presence present_;
};

/// The bytes of dense_rows and sparse_rows of these features.
inline std::uint64_t feature_bytes(const data::dense_features& features) {
  return 8 * static_cast<std::uint64_t>(features.values.size()) + features.items();
}
inline std::uint64_t feature_bytes(const data::sparse_features& features) {
  return 8 * std::uint64_t{features.values.entries()} + 9 * std::uint64_t{features.items()};
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
