// mmrec/eval/ratings.hpp - how far predicted ratings are from held-out ones.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/core/rating_model.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/eval/bootstrap.hpp>
#include <mmrec/exec/cpu.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// What is measured of errors e = predicted - true rating. Lower is better.
enum class rating_measure : std::uint8_t {
  rmse,  ///< root of the mean of e^2
  mse,   ///< mean of e^2
  mae,   ///< mean of |e|
};

/// The errors of one model on one set of held-out ratings.
///
/// Shapes     U' judged users, those with a held-out rating
/// Memory     24 U' bytes
class rating_evaluation {
 public:
  /// The judged users in increasing order, and how many ratings of each were held out.
  std::span<const user_id> users() const { return users_; }
  std::span<const std::uint32_t> counts() const { return counts_; }
  /// All held-out ratings.
  std::size_t ratings() const { return ratings_; }

  /// Over all ratings, each counting the same: the number that papers report. 0 without ratings.
  double value(rating_measure which) const {
    return of_sum(which, std::accumulate(sums(which).begin(), sums(which).end(), 0.0), static_cast<double>(ratings_));
  }
  /// Of each judged user's own ratings, in the order of users().
  std::vector<double> per_user(rating_measure which) const {
    std::vector<double> values(users_.size());
    for (std::size_t place = 0; place < values.size(); ++place) {
      values[place] = of_sum(which, sums(which)[place], static_cast<double>(counts_[place]));
    }
    return values;
  }
  /// The mean of per_user: every user counts the same. 0 without users.
  double mean(rating_measure which) const {
    const std::vector<double> values = per_user(which);
    return values.empty() ? 0.0 : std::accumulate(values.begin(), values.end(), 0.0) / static_cast<double>(values.size());
  }

  /// The sum of e^2, for mae of |e|, over each judged user's ratings.
  std::span<const double> sums(rating_measure which) const {
    return which == rating_measure::mae ? absolute_sums_ : squared_sums_;
  }
  /// The measure of `count` errors with this sum.
  static double of_sum(rating_measure which, double sum, double count) {
    const double mean = count == 0.0 ? 0.0 : sum / count;
    return which == rating_measure::rmse ? std::sqrt(mean) : mean;
  }

  friend bool operator==(const rating_evaluation&, const rating_evaluation&) = default;

 private:
  template <executor Exec, rating_model Model>
  friend rating_evaluation evaluate_ratings(const Exec&, const Model&, const data::interactions&);

  std::vector<user_id> users_;
  std::vector<std::uint32_t> counts_;
  std::vector<double> squared_sums_;
  std::vector<double> absolute_sums_;
  std::size_t ratings_ = 0;
};

/// Compares predictions with ratings that the model was not fitted on. Cold users and items are judged like all others, by
/// what the model falls back on.
///
/// Cost       one model.predict a rating
/// Result     same bits for any number of threads
/// Throws     shape_error if the model's users or items are not those of the ratings; data_error if a prediction is not
///            finite; cancelled; what model.predict throws
/// Example    eval::evaluate_ratings(exec, model, parts.validation).value(eval::rating_measure::rmse);
template <executor Exec, rating_model Model>
rating_evaluation evaluate_ratings(const Exec& asked, const Model& model, const data::interactions& held_out) {
  constexpr std::string_view function = "eval::evaluate_ratings";
  constexpr std::size_t range = 32;  // users of one task
  constexpr std::size_t steps = 50;  // progress reports, if anybody listens
  const mmrec::exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_size(function, "users of the model", held_out.users(), model.users());
  require_size(function, "items of the model", held_out.items(), model.items());
  rating_evaluation result;
  for (std::size_t user = 0; user < held_out.users(); ++user) {
    const std::size_t count = held_out.starts()[user + 1] - held_out.starts()[user];
    if (count == 0) continue;
    result.users_.push_back(user_id{user});
    result.counts_.push_back(static_cast<std::uint32_t>(count));
  }
  const std::size_t users = result.users_.size();
  result.ratings_ = held_out.size();
  result.squared_sums_.resize(users);
  result.absolute_sums_.resize(users);
  const std::size_t step = exec.sink() == nullptr ? users : (std::max)(range, users / steps + 1);
  for (std::size_t begin = 0; begin < users; begin += step) {
    const std::size_t end = (std::min)(users, begin + step);
    for_ranges(exec, end - begin, range, [&](std::size_t first, std::size_t last) {
      typename Model::workspace scratch;
      for (std::size_t place = begin + first; place < begin + last; ++place) {
        const user_id user = result.users_[place];
        const history_view held = held_out.history(user);
        double squares = 0.0, absolutes = 0.0;
        for (std::size_t entry = 0; entry < held.items.size(); ++entry) {
          const float predicted = model.predict(user, held.items[entry], scratch);
          if (!std::isfinite(predicted)) {
            throw data_error(function, "the prediction for user \"" + held_out.user_keys()->key(user) + "\", item \"" +
                                           held_out.item_keys()->key(held.items[entry]) + "\" is not finite");
          }
          const double error = double{predicted} - double{held.values[entry]};
          squares += error * error;
          absolutes += std::abs(error);
        }
        result.squared_sums_[place] = squares;
        result.absolute_sums_[place] = absolutes;
      }
    });
    report_progress(exec.sink(), function, end, users);
  }
  return result;
}

/// The same for the validation or the test part of a split.
template <executor Exec, rating_model Model, class Role, class Split>
rating_evaluation evaluate_ratings(const Exec& exec, const Model& model, const split::part<Role, Split>& held_out) {
  return evaluate_ratings(exec, model, held_out.interactions());
}

namespace detail {

/// The measure of each resample of the users, or the difference of two models' measures: resample r draws from its own
/// stream (key, r). `second` may be null.
template <executor Exec>
std::vector<double> resampled_errors(const Exec& exec, const rating_evaluation& first, const rating_evaluation* second,
                                     rating_measure which, const bootstrap_options& options) {
  std::vector<double> values(options.resamples);
  constexpr std::size_t range = 16;
  const auto users = static_cast<std::uint32_t>(first.users().size());
  for_ranges(exec, options.resamples, range, [&](std::size_t begin, std::size_t end) {
    for (std::size_t resample = begin; resample < end; ++resample) {
      random_stream draws(options.key, resample);
      double sum = 0.0, other_sum = 0.0, count = 0.0;
      for (std::uint32_t draw = 0; draw < users; ++draw) {
        const std::size_t place = draws.below(users);
        sum += first.sums(which)[place];
        if (second != nullptr) other_sum += second->sums(which)[place];
        count += static_cast<double>(first.counts()[place]);
      }
      values[resample] = rating_evaluation::of_sum(which, sum, count);
      if (second != nullptr) values[resample] -= rating_evaluation::of_sum(which, other_sum, count);
    }
  });
  return values;
}

}  // namespace detail

/// A measure over all ratings with a percentile bootstrap interval: users are drawn, each with all of its ratings, because
/// the errors of one user are not independent.
///
/// Cost       O(resamples U') time, O(resamples) memory
/// Result     same bits for any number of threads; `mean` of the interval is result.value(which)
/// Throws     invalid_config; data_error without users
/// Reference  Efron, Tibshirani, An introduction to the bootstrap, 1993, ch. 13
template <executor Exec>
interval bootstrap_mean(const Exec& exec, const rating_evaluation& result, rating_measure which,
                        const bootstrap_options& options = {}) {
  detail::require_options("eval::bootstrap_mean", options, result.users().size());
  return detail::interval_of(detail::resampled_errors(exec, result, nullptr, which, options), result.value(which),
                             options.confidence);
}

/// How much larger the first model's error is than the second's, over the same resamples of users: negative if the first is
/// better.
///
/// Result     as the other paired_bootstrap: p is 1 for a single user
/// Throws     data_error without users, or if the evaluations judged different users or numbers of ratings; invalid_config
/// Reference  as bootstrap_mean, ch. 16
template <executor Exec>
paired_difference paired_bootstrap(const Exec& exec, const rating_evaluation& first, const rating_evaluation& second,
                                   rating_measure which, const bootstrap_options& options = {}) {
  constexpr std::string_view function = "eval::paired_bootstrap";
  detail::require_options(function, options, first.users().size());
  const bool same = std::equal(first.users().begin(), first.users().end(), second.users().begin(), second.users().end()) &&
                    std::equal(first.counts().begin(), first.counts().end(), second.counts().begin(), second.counts().end());
  if (!same) throw data_error(function, "the evaluations judged different ratings");
  const double observed = first.value(which) - second.value(which);
  std::vector<double> drawn = detail::resampled_errors(exec, first, &second, which, options);
  return detail::difference_of(std::move(drawn), observed, first.value(which) + second.value(which), first.users().size(),
                               options);
}

}  // namespace eval
}  // namespace mmrec::inline v0
