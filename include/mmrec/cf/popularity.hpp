// mmrec/cf/popularity.hpp - the same list for everybody: what most users chose.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// What makes an item popular.
enum class popularity_measure {
  users,   ///< how many users have the item in their history
  values,  ///< the sum of their values, such as play counts
};

class popularity_model;

/// Scores every item by its popularity in the training data. The baseline that every personal recommender has to beat, and
/// the answer to a user of whom nothing is known.
///
/// Shapes     out: I scores; an item that nobody chose has score 0
/// Cost       fit O(interactions), score O(I)
/// Result     the same for every user and history; same bits for any executor
/// Throws     limit_error above the executor's memory limit; numeric_error if values add up to more than a float holds;
///            unknown_id for a user or item outside the catalogue
/// Example    tests/cf/popularity_test.cpp
struct popularity {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  popularity_measure measure = popularity_measure::users;

  template <executor Exec>
  popularity_model fit(const Exec& exec, const data::interactions& log) const;

  /// Bytes that fit takes at its peak, its result included.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec&, const data::interactions& log) const {
    return (sizeof(double) + sizeof(float)) * std::uint64_t{log.items()};
  }

  friend bool operator==(const popularity&, const popularity&) = default;
};

/// Fitted popularity.
class popularity_model {
 public:
  struct workspace {};

  popularity_model(std::size_t users, std::vector<float> scores) : users_(users), scores_(std::move(scores)) {}

  std::size_t users() const { return users_; }
  std::size_t items() const { return scores_.size(); }

  void score(user_id user, std::span<float> out, workspace&) const {
    if (user.index() >= users_) throw unknown_id("cf::popularity::score", "user", std::to_string(user.index()), users_);
    copy_scores("cf::popularity::score", out);
  }
  void score_history(history_view history, std::span<float> out, workspace&) const {
    detail::require_history("cf::popularity::score_history", history, items());
    copy_scores("cf::popularity::score_history", out);
  }

  /// The popularity of each item.
  std::span<const float> item_scores() const { return scores_; }

 private:
  void copy_scores(std::string_view function, std::span<float> out) const {
    require_size(function, "out", items(), out.size());
    std::copy(scores_.begin(), scores_.end(), out.begin());
  }
  std::size_t users_;
  std::vector<float> scores_;
};

template <executor Exec>
popularity_model popularity::fit(const Exec& exec, const data::interactions& log) const {
  require_memory(exec, "cf::popularity::fit", fit_bytes(exec, log));
  // Double sums: a float stops counting at 2^24.
  std::vector<double> sums(log.items(), 0.0);
  for (std::size_t entry = 0; entry < log.size(); ++entry) {
    sums[log.item_array()[entry].index()] += measure == popularity_measure::users ? 1.0 : double{log.value_array()[entry]};
  }
  std::vector<float> scores(sums.size());
  std::transform(sums.begin(), sums.end(), scores.begin(), [](double sum) {
    if (std::abs(sum) > double{(std::numeric_limits<float>::max)()}) {
      throw numeric_error("cf::popularity::fit", "the values of an item add up to more than a float holds");
    }
    return static_cast<float>(sum);
  });
  return {log.users(), std::move(scores)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
