// mmrec/cf/detail/ials_content.hpp - the linear map from features of items to their factors.
#pragma once
#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include <Eigen/Cholesky>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/matrix.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Ridge regression of item factors on item features, with one weight for each item. The features and weights stay the same
/// over all iterations, so that the normal equations are factorised once.
///
///   minimises over W   sum over i of weight_i |y_i - (f_i, 1) W|^2 + ridge * mean weight * |W without its last row|^2
///
/// Shapes     P items with features and interactions, D features; W is (D + 1) x K, the last row is the intercept
class content_regression {
 public:
  content_regression() = default;

  /// `items` are those to learn from, `weights` go with them.
  content_regression(const data::dense_features& features, std::vector<std::size_t> items, std::vector<float> weights,
                     float ridge, std::string_view function)
      : items_(std::move(items)) {
    const auto rows = static_cast<Eigen::Index>(items_.size());
    const auto columns = static_cast<Eigen::Index>(features.width()) + 1;
    features_.resize(rows, columns);
    weighted_.resize(rows, columns);
    double total = 0.0;
    for (Eigen::Index row = 0; row < rows; ++row) {
      const auto item = static_cast<Eigen::Index>(items_[static_cast<std::size_t>(row)]);
      const float weight = weights[static_cast<std::size_t>(row)];
      features_.row(row) << features.values.row(item), 1.0f;
      weighted_.row(row) = weight * features_.row(row);
      total += static_cast<double>(weight);
    }
    if (rows == 0) return;
    ridge_ = static_cast<double>(ridge) * total / static_cast<double>(rows);
    matrix<double> normal = matrix<double>::Zero(columns, columns);
    constexpr Eigen::Index step = 1024;  // float32 products of short blocks, summed in float64
    for (Eigen::Index begin = 0; begin < rows; begin += step) {
      const Eigen::Index count = (std::min)(step, rows - begin);
      const matrix<float> part = weighted_.middleRows(begin, count).transpose() * features_.middleRows(begin, count);
      normal += part.cast<double>();
    }
    normal.diagonal().head(columns - 1).array() += ridge_;
    solver_.compute(normal);
    if (solver_.info() != Eigen::Success) {
      throw numeric_error(function,
                          "the features' normal equations are not positive definite; raise feature_regularization");
    }
  }

  std::span<const std::size_t> items() const { return items_; }

  /// W for these factors (I x K).
  matrix<float> fit(const matrix_view<float>& factors) const {
    const Eigen::Index columns = features_.cols();
    matrix<double> right = matrix<double>::Zero(columns, factors.cols());
    constexpr Eigen::Index step = 1024;
    const auto rows = static_cast<Eigen::Index>(items_.size());
    for (Eigen::Index begin = 0; begin < rows; begin += step) {
      const Eigen::Index count = (std::min)(step, rows - begin);
      matrix<float> targets(count, factors.cols());
      for (Eigen::Index row = 0; row < count; ++row) {
        targets.row(row) = factors.row(static_cast<Eigen::Index>(items_[static_cast<std::size_t>(begin + row)]));
      }
      const matrix<float> part = weighted_.middleRows(begin, count).transpose() * targets;
      right += part.cast<double>();
    }
    return solver_.solve(right).cast<float>();
  }

  /// The factors that W gives to each item; rows of items that are not learnt from stay zero.
  void predict(const matrix<float>& map, matrix<float>& means) const {
    const matrix<float> rows = features_ * map;
    for (std::size_t row = 0; row < items_.size(); ++row) {
      means.row(static_cast<Eigen::Index>(items_[row])) = rows.row(static_cast<Eigen::Index>(row));
    }
  }

  /// The ridge's part of the objective.
  double penalty(const matrix<float>& map) const {
    return ridge_ * map.topRows(map.rows() - 1).cast<double>().squaredNorm();
  }

 private:
  std::vector<std::size_t> items_;
  matrix<float> features_;  // P x (D + 1)
  matrix<float> weighted_;  // the same, each row times its item's weight
  double ridge_ = 0.0;
  Eigen::LLT<Eigen::MatrixXd> solver_;
};

/// (f, 1) W
inline void map_features(const matrix<float>& map, std::span<const float> feature, std::span<float> out) {
  const Eigen::Map<const Eigen::RowVectorXf> row(feature.data(), static_cast<Eigen::Index>(feature.size()));
  Eigen::Map<Eigen::RowVectorXf> result(out.data(), static_cast<Eigen::Index>(out.size()));
  result.noalias() = row * map.topRows(map.rows() - 1);
  result += map.row(map.rows() - 1);
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
