// mmrec/cf/detail/least_squares_fold_in.hpp - the vector of a new user who gave values.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include <mmrec/cf/detail/latent_vectors.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

struct least_squares_scratch {
  std::vector<double> solution, residual, direction, product;
};

/// Lowers the sum over the history of (value - query . item)^2 + penalty (its length) |factors and weight|^2 over the first
/// K numbers and the last of `query`, whose number K stays, by conjugate gradients in float64: exact up to rounding after
/// K + 1 steps. Items without a vector, which are NaN, are passed over; where no other is left, `query` becomes NaN.
inline void fold_in_least_squares(const latent_vectors& vectors, double penalty, history_view history,
                                  std::span<float> query, least_squares_scratch& scratch) {
  const std::size_t factors = query.size() - 2, unknowns = factors + 1;
  const auto known = [&](item_id item) { return !std::isnan(vectors.items.row(item.index())[factors]); };
  const auto count = std::count_if(history.items.begin(), history.items.end(), known);
  if (count == 0) {
    std::fill(query.begin(), query.end(), no_score);
    return;
  }
  const double ridge = penalty * static_cast<double>(count);
  const double offset = static_cast<double>(query[factors + 1]);
  const auto coefficient = [&](std::span<const float> row, std::size_t k) {
    return static_cast<double>(row[k < factors ? k : factors + 1]);
  };
  // out = (Y^T Y + ridge) x
  const auto apply = [&](const std::vector<double>& x, std::vector<double>& out) {
    for (std::size_t k = 0; k < unknowns; ++k) out[k] = ridge * x[k];
    for (const item_id item : history.items) {
      if (!known(item)) continue;
      const auto row = vectors.items.row(item.index());
      double sum = 0.0;
      for (std::size_t k = 0; k < unknowns; ++k) sum += coefficient(row, k) * x[k];
      for (std::size_t k = 0; k < unknowns; ++k) out[k] += coefficient(row, k) * sum;
    }
  };
  for (std::vector<double>* of : {&scratch.solution, &scratch.residual, &scratch.direction, &scratch.product}) {
    of->assign(unknowns, 0.0);
  }
  auto& residual = scratch.residual;
  for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
    if (!known(history.items[entry])) continue;
    const auto row = vectors.items.row(history.items[entry].index());
    const double wanted = static_cast<double>(history.values[entry]) - static_cast<double>(row[factors]) - offset;
    for (std::size_t k = 0; k < unknowns; ++k) residual[k] += wanted * coefficient(row, k);
  }
  scratch.direction = residual;
  const auto square = [](const std::vector<double>& x) {
    double sum = 0.0;
    for (const double value : x) sum += value * value;
    return sum;
  };
  const double first = square(residual);
  double length = first;
  for (std::size_t step = 0; step < 2 * unknowns && length > 1e-24 * first && length > 0.0; ++step) {
    apply(scratch.direction, scratch.product);
    double curvature = 0.0;
    for (std::size_t k = 0; k < unknowns; ++k) curvature += scratch.direction[k] * scratch.product[k];
    if (!(curvature > 0.0)) break;
    const double stride = length / curvature;
    for (std::size_t k = 0; k < unknowns; ++k) {
      scratch.solution[k] += stride * scratch.direction[k];
      residual[k] -= stride * scratch.product[k];
    }
    const double next = square(residual);
    for (std::size_t k = 0; k < unknowns; ++k) {
      scratch.direction[k] = residual[k] + next / length * scratch.direction[k];
    }
    length = next;
  }
  for (std::size_t k = 0; k < factors; ++k) query[k] = static_cast<float>(scratch.solution[k]);
  query[factors + 1] = static_cast<float>(offset + scratch.solution[factors]);
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
