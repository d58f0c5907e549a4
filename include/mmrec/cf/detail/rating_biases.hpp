// mmrec/cf/detail/rating_biases.hpp - how much higher or lower than the mean each user rates and each item is rated.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/cf/detail/rating_data.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Rows of one task of a half-step.
inline constexpr std::size_t bias_grain = 256;

/// The bias of a row that minimises the squared error of its ratings plus
/// (constant + per_rating * number of ratings) bias^2, the biases of the other side held fixed; 0 without ratings.
/// `ids` are anything with a .value or plain numbers: those of the other side.
struct bias_ridge {
  double constant = 0.0;
  double per_rating = 0.0;

  template <class Ids>
  double solve(const Ids& ids, std::span<const float> values, double mean, std::span<const double> others) const {
    if (values.empty()) return 0.0;
    double sum = 0.0;
    for (std::size_t entry = 0; entry < values.size(); ++entry) {
      sum += double{values[entry]} - mean - others[index(ids[entry])];
    }
    const auto count = static_cast<double>(values.size());
    return sum / (constant + count * (1.0 + per_rating));
  }

 private:
  static std::size_t index(std::uint32_t id) { return id; }
  static std::size_t index(item_id id) { return id.index(); }
};

/// Biases of all users and items.
struct rating_biases {
  std::vector<double> users;
  std::vector<double> items;
};

/// Alternating least squares: all items, then all users, `epochs` times, from 0.
template <executor Exec>
rating_biases als_biases(const Exec& exec, std::string_view function, const data::interactions& log,
                         const rating_rows& by_item, double mean, const bias_ridge& of_users, const bias_ridge& of_items,
                         std::size_t epochs) {
  rating_biases biases{std::vector<double>(log.users(), 0.0), std::vector<double>(log.items(), 0.0)};
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    for_ranges(exec, log.items(), bias_grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t item = begin; item < end; ++item) {
        biases.items[item] = of_items.solve(by_item.ids_of(item), by_item.values_of(item), mean, biases.users);
      }
    });
    for_ranges(exec, log.users(), bias_grain, [&](std::size_t begin, std::size_t end) {
      for (std::size_t user = begin; user < end; ++user) {
        const history_view history = log.history(user_id{user});
        biases.users[user] = of_users.solve(history.items, history.values, mean, biases.items);
      }
    });
  }
  report_progress(exec.sink(), function, epochs, epochs);
  return biases;
}

/// Stochastic gradient descent, one rating after another in the order of users and items, from 0.
template <executor Exec>
rating_biases sgd_biases(const Exec& exec, std::string_view function, const data::interactions& log, double mean,
                         double learning_rate, double regularization, std::size_t epochs) {
  rating_biases biases{std::vector<double>(log.users(), 0.0), std::vector<double>(log.items(), 0.0)};
  for (std::size_t epoch = 0; epoch < epochs; ++epoch) {
    report_progress(exec.sink(), function, epoch, epochs);
    for (std::size_t user = 0; user < log.users(); ++user) {
      double& own = biases.users[user];
      for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
        double& others = biases.items[log.item_array()[entry].index()];
        const double error = double{log.value_array()[entry]} - (mean + own + others);
        own += learning_rate * (error - regularization * own);
        others += learning_rate * (error - regularization * others);
      }
    }
  }
  report_progress(exec.sink(), function, epochs, epochs);
  return biases;
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
