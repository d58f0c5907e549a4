// mmrec/cf/detail/latent_vectors.hpp - vectors of users and items whose inner products are scores.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/als.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Rows of factors, `stride` numbers apart.
struct factor_rows {
  kernel::aligned_vector<float> values;
  std::size_t rows = 0;
  std::size_t width = 0;
  std::size_t stride = 0;

  factor_rows() = default;
  factor_rows(std::size_t count, std::size_t factors, std::size_t apart)
      : values(count * apart, 0.0f), rows(count), width(factors), stride(apart) {}

  std::span<float> row(std::size_t index) { return std::span(values).subspan(index * stride, width); }
  std::span<const float> row(std::size_t index) const { return std::span(values).subspan(index * stride, width); }
  Eigen::Map<const matrix<float>, 0, Eigen::OuterStride<>> view() const {
    return {values.data(), static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(width),
            Eigen::OuterStride<>(static_cast<Eigen::Index>(stride))};
  }
  /// Normal numbers of this deviation; row r has its own stream.
  void draw(seed key, double deviation) {
    for (std::size_t index = 0; index < rows; ++index) {
      random_stream random(key, index);
      for (float& value : row(index)) value = static_cast<float>(deviation * random.normal());
    }
  }
};

/// Fitted vectors. A user has K numbers, an item K or, with a bias, K + 1: the bias last, against a 1 of the user's.
struct latent_vectors {
  factor_rows users;
  factor_rows items;

  bool biased() const { return items.width != users.width; }

  std::span<const float> user(std::string_view function, user_id id) const {
    if (id.index() >= users.rows) throw unknown_id(function, "user", std::to_string(id.index()), users.rows);
    return users.row(id.index());
  }
  /// The user's part of the inner product: the factors and, with biases, a 1.
  void complete(std::span<const float> factors, std::span<float> query) const {
    std::copy(factors.begin(), factors.end(), query.begin());
    if (biased()) query.back() = 1.0f;
  }
  /// query . row of the item, the same bits as score() gives
  float score_one(std::span<const float> query, item_id item) const {
    float score = 0.0f;
    kernel::als_scores({items.row(item.index()).data(), items.width, items.stride}, 1, query.data(), &score);
    return score;
  }
  /// out[i] = query . row i
  void score(std::span<const float> query, std::span<float> out) const {
    kernel::als_scores({items.values.data(), items.width, items.stride}, items.rows, query.data(), out.data());
  }
};

/// Items with their biases, rows of K + 1 numbers.
inline factor_rows with_biases(const factor_rows& items, std::span<const float> biases) {
  factor_rows joined(items.rows, items.width + 1, items.width + 1);
  for (std::size_t item = 0; item < items.rows; ++item) {
    const auto from = items.row(item);
    *std::copy(from.begin(), from.end(), joined.row(item).begin()) = biases[item];
  }
  return joined;
}

/// The same without the padding of their rows.
inline factor_rows compact(factor_rows rows) {
  if (rows.width == rows.stride) return rows;
  factor_rows result(rows.rows, rows.width, rows.width);
  for (std::size_t index = 0; index < rows.rows; ++index) {
    const auto from = rows.row(index);
    std::copy(from.begin(), from.end(), result.row(index).begin());
  }
  return result;
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
