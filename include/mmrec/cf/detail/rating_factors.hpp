// mmrec/cf/detail/rating_factors.hpp - ratings as mean + b_user + b_item + inner product of two vectors.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/rating_data.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/als.hpp>
#include <mmrec/kernel/rating_sgd.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Scratch for the factors of a user described by a history.
struct rating_fold_scratch {
  std::vector<double> normal;  // (K + 1) x (K + 1)
  std::vector<double> side;    // K + 1
  kernel::aligned_vector<float> vector;
  kernel::aligned_vector<float> implicit;
};

/// Solves A x = b for a symmetric positive definite A of which the lower triangle is given, row-major; both are overwritten,
/// b by x. False if A is not positive definite.
inline bool solve_in_place(std::span<double> a, std::span<double> b) {
  const std::size_t n = b.size();
  for (std::size_t row = 0; row < n; ++row) {
    double* const of_row = a.data() + row * n;
    for (std::size_t column = 0; column <= row; ++column) {
      const double* const of_column = a.data() + column * n;
      double sum = of_row[column];
      for (std::size_t k = 0; k < column; ++k) sum -= of_row[k] * of_column[k];
      if (column < row) {
        of_row[column] = sum / of_column[column];
      } else {
        if (!(sum > 0.0)) return false;
        of_row[row] = std::sqrt(sum);
      }
    }
    for (std::size_t k = 0; k < row; ++k) b[row] -= of_row[k] * b[k];
    b[row] /= of_row[row];
  }
  for (std::size_t row = n; row-- > 0;) {
    b[row] /= a[row * n + row];
    for (std::size_t k = 0; k < row; ++k) b[k] -= a[row * n + k] * b[row];
  }
  return true;
}

/// Normal numbers of this standard deviation, from stream `stream` of a seed.
inline void draw_factors(std::span<float> row, float deviation, seed key, std::uint64_t stream) {
  random_stream random(key, stream);
  for (float& value : row) value = static_cast<float>(double{deviation} * random.normal());
}

/// Learnt factors and biases, and what they say of a rating. Rows of `width` numbers, the factors and then zeros.
struct rating_factors {
  rating_summary summary;
  std::size_t factors = 0;
  std::size_t width = 0;
  kernel::aligned_vector<float> user_factors;
  kernel::aligned_vector<float> item_factors;
  kernel::aligned_vector<float> user_biases;
  kernel::aligned_vector<float> item_biases;
  std::vector<std::uint8_t> rated;  ///< which items have ratings

  std::size_t users() const { return user_biases.size(); }
  std::size_t items() const { return item_biases.size(); }
  std::span<const float> user_row(std::size_t user) const { return std::span(user_factors).subspan(user * width, width); }
  std::span<const float> item_row(std::size_t item) const { return std::span(item_factors).subspan(item * width, width); }
  kernel::rating_tables tables() {
    return {user_factors.data(), item_factors.data(), user_biases.data(), item_biases.data(), width};
  }

  static std::uint64_t bytes(const data::interactions& log, std::size_t factors) {
    const std::uint64_t rows = std::uint64_t{log.users()} + log.items();
    return rows * (kernel::rating_padded(factors) + 1) * sizeof(float) + log.items();
  }

  /// Normal numbers of standard deviation `deviation` for users and items with ratings, 0 for the cold ones; biases 0.
  /// User u draws from stream u of key.derive(0), item i from stream i of key.derive(1).
  template <executor Exec>
  static rating_factors start(const Exec& exec, const data::interactions& log, const rating_summary& summary,
                              std::size_t factors, float deviation, seed key) {
    rating_factors state;
    state.summary = summary;
    state.factors = factors;
    state.width = kernel::rating_padded(factors);
    state.user_factors.assign(log.users() * state.width, 0.0f);
    state.item_factors.assign(log.items() * state.width, 0.0f);
    state.user_biases.assign(log.users(), 0.0f);
    state.item_biases.assign(log.items(), 0.0f);
    state.rated = rated_items(log);
    constexpr std::size_t grain = 256;
    const auto draw = [&](float* row, std::uint64_t part, std::size_t number) {
      draw_factors({row, factors}, deviation, key.derive(part), number);
    };
    for_ranges(exec, log.users(), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t user = begin; user < end; ++user) {
        if (log.starts()[user] != log.starts()[user + 1]) draw(state.user_factors.data() + user * state.width, 0, user);
      }
    });
    for_ranges(exec, log.items(), grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t item = begin; item < end; ++item) {
        if (state.rated[item] != 0) draw(state.item_factors.data() + item * state.width, 1, item);
      }
    });
    return state;
  }

  /// Throws numeric_error once anything learnt has ceased to be finite.
  void require_finite(std::string_view function) const {
    for (const auto* values : {&user_factors, &item_factors, &user_biases, &item_biases}) {
      // A sum is not finite if a term is not; large but finite factors do not get near the end of double.
      double sum = 0.0;
      for (const float value : *values) sum += double{value};
      if (!std::isfinite(sum)) throw numeric_error(function, "the factors diverge; lower learning_rate");
    }
  }

  /// mean + b_user + b_item + q_item . vector; `vector` begins on a cache line.
  double estimate(const float* vector, float user_bias, std::size_t item) const {
    float product = 0.0f;
    kernel::als_scores({item_row(item).data(), width, width}, 1, vector, &product);
    return summary.mean + double{user_bias} + double{item_biases[item]} + double{product};
  }
  void score(const float* vector, float user_bias, std::span<float> out) const {
    kernel::als_scores({item_factors.data(), width, width}, items(), vector, out.data());
    const double base = summary.mean + double{user_bias};
    for (std::size_t item = 0; item < items(); ++item) {
      out[item] = rated[item] != 0 ? static_cast<float>(base + double{item_biases[item]} + double{out[item]}) : no_score;
    }
  }

  /// The factors p and the bias of a user with these ratings: the exact minimum over them, items held fixed, of
  ///   sum over ratings of (r - mean - b_i - b - q_i.(p + offset))^2 + decay (b^2 + |p|^2)
  /// p is left in scratch.vector, with the padding; the bias is returned. Ratings of cold items are passed over, and without
  /// others all is 0. Throws numeric_error.
  float fold_in(std::string_view function, history_view history, double decay, const float* offset,
                rating_fold_scratch& scratch) const {
    const std::size_t n = factors + 1;
    scratch.normal.assign(n * n, 0.0);
    scratch.side.assign(n, 0.0);
    scratch.vector.assign(width, 0.0f);
    std::size_t count = 0;
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      const std::size_t item = history.items[entry].index();
      if (rated[item] == 0) continue;
      ++count;
      const float* const q = item_row(item).data();
      double rest = double{history.values[entry]} - summary.mean - double{item_biases[item]};
      if (offset != nullptr) {
        for (std::size_t k = 0; k < factors; ++k) rest -= double{q[k]} * double{offset[k]};
      }
      for (std::size_t row = 0; row < factors; ++row) {
        double* const of_row = scratch.normal.data() + row * n;
        const double weight = q[row];
        for (std::size_t column = 0; column <= row; ++column) of_row[column] += weight * double{q[column]};
        scratch.side[row] += weight * rest;
      }
      double* const last = scratch.normal.data() + factors * n;
      for (std::size_t column = 0; column < factors; ++column) last[column] += double{q[column]};
      last[factors] += 1.0;
      scratch.side[factors] += rest;
    }
    if (count == 0) return 0.0f;
    // A floor for decay 0, where fewer ratings than factors leave a choice: then, nearly, the shortest solution.
    const double ridge = static_cast<double>(count) * (std::max)(decay, 1e-6);
    for (std::size_t k = 0; k < n; ++k) scratch.normal[k * n + k] += ridge;
    if (!solve_in_place(scratch.normal, scratch.side)) {
      throw numeric_error(function, "the normal equations are not positive definite; raise regularization");
    }
    for (std::size_t k = 0; k < factors; ++k) scratch.vector[k] = static_cast<float>(scratch.side[k]);
    return static_cast<float>(scratch.side[factors]);
  }
};

/// The fields that svd and svd_pp share.
template <class Spec>
void require_descent(std::string_view function, const Spec& spec) {
  require_config(spec.factors >= 1 && spec.factors <= 4096, function, "factors", "must be 1 to 4096");
  require_config(spec.epochs >= 1 && spec.epochs <= 100'000, function, "epochs", "must be 1 to 100000");
  require_config(std::isfinite(spec.learning_rate) && spec.learning_rate > 0.0f, function, "learning_rate",
                 "must be positive and finite");
  require_config(std::isfinite(spec.regularization) && spec.regularization >= 0.0f, function, "regularization",
                 "must be finite and not negative");
  require_config(std::isfinite(spec.initial_scale) && spec.initial_scale > 0.0f, function, "initial_scale",
                 "must be positive and finite");
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
