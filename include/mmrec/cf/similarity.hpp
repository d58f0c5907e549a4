// mmrec/cf/similarity.hpp - how alike two items, or two users, are.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// How alike two items are, from their columns x and y of the user-item matrix, in which pairs without an interaction
/// are 0; for users, from their rows. Only pairs with x.y > 0 and a positive similarity are ever neighbours.
enum class similarity_measure {
  cosine,           ///< x.y / (|x| |y|)
  jaccard,          ///< x.y / (|x|^2 + |y|^2 - x.y): shared users over all users of both, for binary columns
  dot,              ///< x.y: the number of shared users, for binary columns
  adjusted_cosine,  ///< cosine of the values less their user's mean (for users: less their item's mean); for ratings
  pearson,          ///< correlation of x and y with all their zeros
};
using item_similarity = similarity_measure;

namespace detail {

/// Inner products become similarities: knows the sums of the columns that are compared.
class column_similarity {
 public:
  /// Columns of `rows` rows, all zeros so far.
  column_similarity(similarity_measure measure, float shrinkage, std::size_t columns, std::size_t rows)
      : measure_(measure), shrinkage_(shrinkage), rows_(static_cast<double>(rows)), squares_(columns, 0.0) {
    if (measure == similarity_measure::pearson) sums_.assign(columns, 0.0);
  }
  static std::uint64_t bytes(similarity_measure measure, std::uint64_t columns) {
    return (measure == similarity_measure::pearson ? 16 : 8) * columns;
  }

  void add(std::size_t column, double value) {
    squares_[column] += value * value;
    if (!sums_.empty()) sums_[column] += value;
  }
  /// Makes it a column of `count` ones.
  void set_count(std::size_t column, std::size_t count) {
    squares_[column] = static_cast<double>(count);
    if (!sums_.empty()) sums_[column] = squares_[column];
  }

  similarity_measure measure() const { return measure_; }
  float shrinkage() const { return shrinkage_; }
  std::size_t columns() const { return squares_.size(); }
  double square(std::size_t column) const { return squares_[column]; }

  /// 0 or less, or NaN, for what is not alike. One root of a product of squares, which is exact for counts, so that pairs
  /// of equal similarity tie.
  double operator()(std::size_t column, std::size_t other, double product) const {
    return with(squares_[column], sums_.empty() ? 0.0 : sums_[column], other, product);
  }
  /// For a column that is none of these, of which the sum of squares and the sum are given.
  double with(double square, double sum, std::size_t other, double product) const {
    double scale = 1.0;
    switch (measure_) {
      case similarity_measure::cosine:
      case similarity_measure::adjusted_cosine:
        scale = std::sqrt(square * squares_[other]);
        break;
      case similarity_measure::jaccard:
        scale = square + squares_[other] - product;
        break;
      case similarity_measure::dot:
        break;
      case similarity_measure::pearson:
        scale = std::sqrt((square - sum * sum / rows_) * (squares_[other] - sums_[other] * sums_[other] / rows_));
        product -= sum * sums_[other] / rows_;
        break;
    }
    return product / (scale + double{shrinkage_});
  }

 private:
  similarity_measure measure_;
  float shrinkage_;
  double rows_;
  std::vector<double> squares_;
  std::vector<double> sums_;  // of Pearson's measure alone
};

/// Throws numeric_error for a sum of squares that a float cannot hold: inner products are added up in float, and are not
/// larger than that of their columns.
inline void require_float_square(std::string_view function, double square) {
  if (!(square <= double{(std::numeric_limits<float>::max)()})) {
    throw numeric_error(function, "the values are too large: their squares overflow");
  }
}
inline void require_float_squares(std::string_view function, const column_similarity& columns) {
  for (std::size_t column = 0; column < columns.columns(); ++column) require_float_square(function, columns.square(column));
}

/// Takes from each value the mean of its user's values, or of its item's. Returns the means, NaN where there is no value.
inline std::vector<double> subtract_means(const data::interactions& log, bool of_users, std::span<float> values) {
  const std::size_t groups = of_users ? log.users() : log.items();
  std::vector<double> means(groups, 0.0);
  std::vector<std::size_t> counts(groups, 0);
  const auto for_entries = [&](auto&& body) {
    for (std::size_t user = 0; user < log.users(); ++user) {
      for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
        body(entry, of_users ? user : log.item_array()[entry].index());
      }
    }
  };
  for_entries([&](std::size_t entry, std::size_t group) {
    means[group] += double{values[entry]};
    ++counts[group];
  });
  for (std::size_t group = 0; group < groups; ++group) means[group] /= static_cast<double>(counts[group]);
  for_entries([&](std::size_t entry, std::size_t group) {
    values[entry] = static_cast<float>(double{values[entry]} - means[group]);
  });
  return means;
}

inline void require_similarity(std::string_view function, similarity_measure measure, float shrinkage, bool binary) {
  require_config(std::isfinite(shrinkage) && shrinkage >= 0.0f, function, "shrinkage", "must be finite and not negative");
  require_config(measure != similarity_measure::adjusted_cosine || !binary, function, "binary",
                 "must be false for similarity_measure::adjusted_cosine: values that are all 1 have nothing left to adjust");
}

}  // namespace detail
}  // namespace cf
}  // namespace mmrec::inline v0
