// mmrec/data/split/by_user.hpp - splits that hold out the latest interactions of each user.
#pragma once
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/data/split/share.hpp>

namespace mmrec::inline v0 {
namespace split {

/// Holds out the last interaction of each user for test and the one before it for validation ("leave one out").
///
/// Order      a user's interactions by (time, item id)
/// Rule       a user with no more than validation + test interactions keeps all of them in train
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config if both counts are 0; data_error if all times are equal
/// Avoid when the whole history of many users lies after others' held-out ones: train then knows the future (time_leaks
///            counts it; global_time excludes it)
/// Example    const auto parts = split::leave_last_out{}(ratings);
struct leave_last_out {
  std::size_t validation = 1;  ///< interactions of each user, before the test ones
  std::size_t test = 1;        ///< interactions of each user

  parts<leave_last_out> operator()(const data::interactions& all) const {
    constexpr std::string_view function = "split::leave_last_out";
    require_config(validation + test > 0, function, "validation + test", "must be at least 1");
    detail::require_times(function, all);
    std::vector<detail::label> labels(all.size(), detail::label::train);
    detail::for_each_user_by_time(all, [&](user_id, const std::vector<std::size_t>& entries) {
      if (entries.size() > validation + test) detail::label_tail(entries, validation, test, labels);
    });
    return detail::distribute(*this, all, labels);
  }

  /// For captions and reports.
  std::string describe() const {
    return "leave_last_out(validation " + std::to_string(validation) + ", test " + std::to_string(test) + ')';
  }

  friend bool operator==(const leave_last_out&, const leave_last_out&) = default;
};

/// Holds out the last share of each user's interactions for test and the share before it for validation.
///
/// Order      a user's interactions by (time, item id)
/// Rule       of n interactions, round(test n) and round(validation n) are held out, halves rounded to even: a user with few
///            interactions may have none, and, where the shares are large, none left in train
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config unless both shares are in [0, 1) and their sum in (0, 1); data_error if all times are equal, or
///            if no interaction is left to train on
/// Avoid when see leave_last_out
/// Example    const auto parts = split::user_ratio{.validation = 0.1, .test = 0.2}(ratings);
struct user_ratio {
  double validation = 0.1;
  double test = 0.1;

  parts<user_ratio> operator()(const data::interactions& all) const {
    constexpr std::string_view function = "split::user_ratio";
    detail::require_shares(function, validation, test);
    detail::require_times(function, all);
    std::vector<detail::label> labels(all.size(), detail::label::train);
    detail::for_each_user_by_time(all, [&](user_id, const std::vector<std::size_t>& entries) {
      detail::label_tail(entries, detail::rounded_share(validation, entries.size()),
                         detail::rounded_share(test, entries.size()), labels);
    });
    detail::require_training(function, labels);
    return detail::distribute(*this, all, labels);
  }

  /// For captions and reports.
  std::string describe() const { return detail::shares_text("user_ratio", validation, test); }

  friend bool operator==(const user_ratio&, const user_ratio&) = default;
};

}  // namespace split
}  // namespace mmrec::inline v0
