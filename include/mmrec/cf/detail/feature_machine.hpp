// mmrec/cf/detail/feature_machine.hpp - factors of features, and steps that train them on batches of examples.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/csr.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/spmm.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// What an example wants of the scores of its item and, where it has one, of its rival.
enum class example_loss {
  bpr,       ///< log(1 + exp(s_rival - s_item))
  hinge,     ///< weight (s_rival - s_item), where the caller found a rival above s_item - 1
  logistic,  ///< log(1 + exp(-s_item)) + log(1 + exp(s_rival)); for an example without rival and target 0, log(1 + exp(s_item))
  squared,  ///< (s_item - target)^2 / 2
};

inline constexpr std::uint32_t no_rival = 0xffffffffu;

struct example {
  std::uint32_t user = 0;
  std::uint32_t item = 0;
  std::uint32_t rival = no_rival;
  float target = 1.0f;
  float weight = 1.0f;  ///< 0: the example takes no part
};

/// The rows of one side, users or items, described by features, and what is learnt of each feature: K factors, then a
/// linear weight.
///
/// Shapes     N rows, F features, K factors
template <class T>
struct feature_side {
  csr_matrix<float> rows;  // N x F
  std::size_t factors = 0;
  bool interact = false;              // features of one row meet each other, as in a factorization machine
  kernel::aligned_vector<T> values;   // F x (K + 1)
  kernel::aligned_vector<T> squares;  // sums of squared gradients, the same shape

  feature_side() = default;
  feature_side(csr_matrix<float> described, std::size_t count, bool meet)
      : rows(std::move(described)),
        factors(count),
        interact(meet),
        values(rows.cols() * (count + 1), T(0)),
        squares(values.size(), T(1)) {}

  std::size_t width() const { return factors + 1; }
  T* feature(std::size_t index) { return values.data() + index * width(); }
  const T* feature(std::size_t index) const { return values.data() + index * width(); }

  /// What a model keeps: no rows, and nothing that only training needs.
  feature_side released() {
    feature_side result;
    result.rows = csr_matrix<float>(rows.cols());
    result.factors = factors;
    result.interact = interact;
    result.values = std::move(values);
    return result;
  }

  /// Normal numbers of this deviation; weights stay zero.
  void draw(seed key, double deviation) {
    for (std::size_t index = 0; index < rows.cols(); ++index) {
      random_stream random(key, index);
      for (std::size_t k = 0; k < factors; ++k) feature(index)[k] = static_cast<T>(deviation * random.normal());
    }
  }

  /// out: K + 1 numbers, the sum of x v and then the sum of x w, with the products x_a x_b v_a . v_b of all pairs of
  /// features where they meet. Columns of the row count from `first`.
  void represent(const sparse_row_view<float>& row, T* out, std::size_t first = 0) const {
    std::fill_n(out, width(), T(0));
    T own = T(0);
    for (std::size_t entry = 0; entry < row.indices.size(); ++entry) {
      const T x = static_cast<T>(row.values[entry]);
      const T* const v = feature(first + static_cast<std::size_t>(row.indices[entry]));
      for (std::size_t k = 0; k < width(); ++k) out[k] += x * v[k];
      if (!interact) continue;
      T length = T(0);
      for (std::size_t k = 0; k < factors; ++k) length += v[k] * v[k];
      own += x * x * length;
    }
    if (!interact) return;
    T square = T(0);
    for (std::size_t k = 0; k < factors; ++k) square += out[k] * out[k];
    out[factors] += (square - own) / T(2);
  }
};

/// Which features a batch touches, and with which slots and values: lists by feature, in the order in which they come.
class touched_features {
 public:
  explicit touched_features(std::size_t features) : place_(features, none) {}

  /// row_of(slot) is the sparse row of a slot; it may be empty.
  template <class RowOf>
  void collect(std::size_t slots, RowOf&& row_of) {
    for (const std::uint32_t feature : features_) place_[feature] = none;
    features_.clear();
    starts_.assign(1, 0);
    for (std::size_t slot = 0; slot < slots; ++slot) {
      for (const std::int32_t index : row_of(slot).indices) {
        std::uint32_t& place = place_[static_cast<std::size_t>(index)];
        if (place == none) {
          place = static_cast<std::uint32_t>(features_.size());
          features_.push_back(static_cast<std::uint32_t>(index));
          starts_.push_back(0);
        }
        ++starts_[place + 1];
      }
    }
    for (std::size_t place = 0; place + 1 < starts_.size(); ++place) starts_[place + 1] += starts_[place];
    slots_.resize(starts_.back());
    values_.resize(starts_.back());
    next_.assign(starts_.begin(), starts_.end() - 1);
    for (std::size_t slot = 0; slot < slots; ++slot) {
      const sparse_row_view<float> row = row_of(slot);
      for (std::size_t entry = 0; entry < row.indices.size(); ++entry) {
        const std::size_t at = next_[place_[static_cast<std::size_t>(row.indices[entry])]]++;
        slots_[at] = static_cast<std::int32_t>(slot);
        values_[at] = row.values[entry];
      }
    }
  }

  std::size_t size() const { return features_.size(); }
  std::size_t feature(std::size_t place) const { return features_[place]; }
  std::span<const std::int32_t> slots(std::size_t place) const {
    return std::span(slots_).subspan(starts_[place], starts_[place + 1] - starts_[place]);
  }
  std::span<const float> values(std::size_t place) const {
    return std::span(values_).subspan(starts_[place], starts_[place + 1] - starts_[place]);
  }

 private:
  static constexpr std::uint32_t none = 0xffffffffu;
  std::vector<std::uint32_t> place_;  // of each feature in the lists
  std::vector<std::uint32_t> features_;
  std::vector<std::size_t> starts_;
  std::vector<std::size_t> next_;
  std::vector<std::int32_t> slots_;
  std::vector<float> values_;
};

struct feature_steps {
  example_loss loss = example_loss::bpr;
  double learning_rate = 0.05;
  double regularization = 0.0;  ///< of the squared factors and weights of the features of each example, halved
  bool adaptive = true;         ///< AdaGrad; else plain steps
  bool global_bias = false;
};

/// Learns from batches. A batch is scored with the factors that it finds; the gradients of a feature are added in the order
/// of the examples, and each feature moves once. The result does not depend on the number of threads.
template <class T>
class feature_machine {
 public:
  feature_machine(feature_side<T> users, feature_side<T> items, std::size_t batch)
      : users_(std::move(users)),
        items_(std::move(items)),
        examples_(batch),
        losses_(batch),
        user_sums_(batch * users_.width()),
        item_sums_(2 * batch * items_.width()),
        user_gradients_(user_sums_.size()),
        item_gradients_(item_sums_.size()),
        touched_users_(users_.rows.cols()),
        touched_items_(items_.rows.cols()) {}

  feature_side<T>& users() { return users_; }
  feature_side<T>& items() { return items_; }
  const feature_side<T>& users() const { return users_; }
  const feature_side<T>& items() const { return items_; }
  T bias() const { return bias_; }
  T& bias() { return bias_; }
  static std::uint64_t bytes(std::size_t user_features, std::size_t item_features, std::size_t factors, std::size_t batch) {
    const std::uint64_t width = factors + 1, features = std::uint64_t{user_features} + item_features;
    return 2 * sizeof(T) * width * features + 4 * features + 6 * sizeof(T) * width * batch +
           (sizeof(example) + sizeof(double)) * batch;
  }

  /// The loss of a batch, its gradients left for apply(). draw(index, example, random, score) fills in an example;
  /// score(item) tells the score of any item for the example's user as soon as that is filled in.
  template <executor Exec, class Draw>
  double prepare(const Exec& exec, std::size_t count, seed key, const feature_steps& how, Draw&& draw) {
    constexpr std::size_t grain = 32;
    for_ranges(exec, count, grain, [&](std::size_t begin, std::size_t end) {
      random_stream random(key, begin / grain);
      for (std::size_t slot = begin; slot < end; ++slot) {
        example& one = examples_[slot];
        one = example{};
        std::uint32_t represented = no_rival;
        const auto score = [&](std::uint32_t item) {
          if (represented != one.user) users_.represent(users_.rows.row(one.user), user_sum(slot));
          represented = one.user;
          items_.represent(items_.rows.row(item), item_sum(2 * slot + 1));
          return static_cast<double>(product(slot, 2 * slot + 1));
        };
        draw(slot, one, random, score);
        losses_[slot] = differentiate(slot, how);
      }
    });
    double loss = 0.0;
    for (std::size_t slot = 0; slot < count; ++slot) loss += losses_[slot];
    return loss;
  }

  /// Moves every feature of the batch against its gradient.
  template <executor Exec>
  void apply(const Exec& exec, std::size_t count, const feature_steps& how) {
    const auto active = [&](std::size_t slot) { return examples_[slot].weight != 0.0f; };
    touched_users_.collect(count, [&](std::size_t slot) {
      return active(slot) ? users_.rows.row(examples_[slot].user) : sparse_row_view<float>{};
    });
    touched_items_.collect(2 * count, [&](std::size_t slot) {
      const example& one = examples_[slot / 2];
      const std::uint32_t item = slot % 2 == 0 ? one.item : one.rival;
      return active(slot / 2) && item != no_rival ? items_.rows.row(item) : sparse_row_view<float>{};
    });
    move_features(exec, users_, touched_users_, user_gradients_, how);
    move_features(exec, items_, touched_items_, item_gradients_, how);
    if (!how.global_bias) return;
    T gradient = T(0);
    for (std::size_t slot = 0; slot < count; ++slot) {
      if (active(slot)) gradient += user_gradients_[slot * users_.width() + users_.factors];
    }
    move(bias_, bias_square_, gradient, how);
  }

 private:
  T* user_sum(std::size_t slot) { return user_sums_.data() + slot * users_.width(); }
  T* item_sum(std::size_t slot) { return item_sums_.data() + slot * items_.width(); }

  /// The score of a user's and an item's sums.
  T product(std::size_t user_slot, std::size_t item_slot) {
    const T* const p = user_sum(user_slot);
    const T* const q = item_sum(item_slot);
    T sum = p[users_.factors] + q[items_.factors] + bias_;
    for (std::size_t k = 0; k < items_.factors; ++k) sum += p[k] * q[k];
    return sum;
  }

  static T sigmoid(T x) { return T(1) / (T(1) + std::exp(-x)); }
  /// log(1 + exp(x)), without overflow
  static T softplus(T x) { return (std::max)(T(0), x) + std::log1p(std::exp(-std::abs(x))); }

  double differentiate(std::size_t slot, const feature_steps& how) {
    const example& one = examples_[slot];
    if (one.weight == 0.0f) return 0.0;
    const bool has_rival = one.rival != no_rival;
    users_.represent(users_.rows.row(one.user), user_sum(slot));
    items_.represent(items_.rows.row(one.item), item_sum(2 * slot));
    if (has_rival) items_.represent(items_.rows.row(one.rival), item_sum(2 * slot + 1));
    const T weight = static_cast<T>(one.weight), target = static_cast<T>(one.target);
    const T up = product(slot, 2 * slot), down = has_rival ? product(slot, 2 * slot + 1) : T(0);
    T loss = T(0), of_item = T(0), of_rival = T(0);  // the last two: derivatives with respect to the scores
    switch (how.loss) {
      case example_loss::bpr:
        loss = weight * softplus(down - up);
        of_rival = weight * sigmoid(down - up);
        of_item = -of_rival;
        break;
      case example_loss::hinge:
        loss = weight * (down - up);
        of_rival = weight;
        of_item = -weight;
        break;
      case example_loss::logistic:
        loss = weight * (softplus(up) - target * up + (has_rival ? softplus(down) : T(0)));
        of_item = weight * (sigmoid(up) - target);
        of_rival = has_rival ? weight * sigmoid(down) : T(0);
        break;
      case example_loss::squared:
        loss = weight * (up - target) * (up - target) / T(2);
        of_item = weight * (up - target);
        break;
    }
    const T* const p = user_sum(slot);
    T* const to_user = user_gradients_.data() + slot * users_.width();
    T* const to_item = item_gradients_.data() + 2 * slot * items_.width();
    const T* const q = item_sum(2 * slot);
    const T* const r = item_sum(2 * slot + 1);
    const std::size_t factors = items_.factors, width = items_.width();
    to_user[factors] = of_item + of_rival;
    to_item[factors] = of_item;
    to_item[width + factors] = of_rival;
    for (std::size_t k = 0; k < factors; ++k) {
      to_user[k] = of_item * q[k] + (has_rival ? of_rival * r[k] : T(0));
      to_item[k] = of_item * p[k];
      to_item[width + k] = of_rival * p[k];
      // Where features of a row meet, the derivative of their products by v_a is x_a (sum of x v - x_a v_a).
      if (users_.interact) to_user[k] += to_user[factors] * p[k];
      if (items_.interact) {
        to_item[k] += of_item * q[k];
        if (has_rival) to_item[width + k] += of_rival * r[k];
      }
    }
    return static_cast<double>(loss);
  }

  void move(T& value, T& square, T gradient, const feature_steps& how) const {
    const T rate = static_cast<T>(how.learning_rate);
    value -= how.adaptive ? rate / std::sqrt(square) * gradient : rate * gradient;
    square += gradient * gradient;
  }

  template <executor Exec>
  void move_features(const Exec& exec, feature_side<T>& side, const touched_features& touched,
                     const kernel::aligned_vector<T>& gradients, const feature_steps& how) {
    constexpr std::size_t grain = 64;
    const std::size_t width = side.width();
    for_ranges(exec, touched.size(), grain, [&](std::size_t begin, std::size_t end) {
      std::vector<T> gradient(width), weights;
      for (std::size_t place = begin; place < end; ++place) {
        const auto slots = touched.slots(place);
        const auto values = touched.values(place);
        weights.assign(values.begin(), values.end());
        kernel::sparse_row_times<T>(slots, weights, gradients.data(), width, width, gradient.data());
        T own = T(0);
        for (std::size_t entry = 0; side.interact && entry < slots.size(); ++entry) {
          own += weights[entry] * weights[entry] * gradients[static_cast<std::size_t>(slots[entry]) * width + side.factors];
        }
        const T penalty = static_cast<T>(how.regularization) * static_cast<T>(slots.size());
        T* const value = side.feature(touched.feature(place));
        T* const square = side.squares.data() + touched.feature(place) * width;
        for (std::size_t k = 0; k < width; ++k) {
          const T whole = gradient[k] + (penalty - (k < side.factors ? own : T(0))) * value[k];
          move(value[k], square[k], whole, how);
        }
      }
    });
  }

  feature_side<T> users_;
  feature_side<T> items_;
  T bias_ = T(0);
  T bias_square_ = T(1);
  std::vector<example> examples_;
  std::vector<double> losses_;
  kernel::aligned_vector<T> user_sums_, item_sums_;            // what represent gives: of users; of items and their rivals
  kernel::aligned_vector<T> user_gradients_, item_gradients_;  // of those
  touched_features touched_users_, touched_items_;
};

/// The rows of features, which may be absent, with, in front, one feature for each row of its own.
inline csr_matrix<float> with_identity(const csr_matrix<float>* features, std::size_t rows, bool identity) {
  const std::size_t first = identity ? rows : 0;
  std::vector<std::int64_t> starts(1, 0);
  std::vector<std::int32_t> indices;
  std::vector<float> values;
  starts.reserve(rows + 1);
  const std::size_t entries = first + (features == nullptr ? 0 : features->entries());
  indices.reserve(entries);
  values.reserve(entries);
  for (std::size_t row = 0; row < rows; ++row) {
    if (identity) {
      indices.push_back(static_cast<std::int32_t>(row));
      values.push_back(1.0f);
    }
    if (features != nullptr) {
      const sparse_row_view<float> own = features->row(row);
      for (const std::int32_t index : own.indices) indices.push_back(static_cast<std::int32_t>(first) + index);
      values.insert(values.end(), own.values.begin(), own.values.end());
    }
    starts.push_back(static_cast<std::int64_t>(indices.size()));
  }
  return {first + (features == nullptr ? 0 : features->cols()), std::move(starts), std::move(indices), std::move(values)};
}

/// Throws data_error unless all values are finite.
inline void require_finite_features(std::string_view function, const csr_matrix<float>& features, std::string_view whose) {
  for (std::size_t row = 0; row < features.rows(); ++row) {
    for (const float value : features.row(row).values) {
      if (!std::isfinite(value)) {
        throw data_error(function, std::string(whose) + ": a value of row " + std::to_string(row) + " is not finite");
      }
    }
  }
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
