// mmrec/data/split/by_time.hpp - splits at points of time that are the same for everybody.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/data/split/share.hpp>

namespace mmrec::inline v0 {
namespace split {

/// Interactions before `validation_from` train, those before `test_from` validate, the rest test.
///
/// Result     no leak: every training time < every validation time < every test time
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config if validation_from > test_from; data_error if nothing is left to train on
/// Example    const auto parts = split::at_times{.validation_from = 1577836800, .test_from = 1580515200}(ratings);
struct at_times {
  std::int64_t validation_from = 0;  ///< the first moment of validation; equal to test_from for no validation
  std::int64_t test_from = 0;        ///< the first moment of test

  parts<at_times> operator()(const data::interactions& all) const {
    constexpr std::string_view function = "split::at_times";
    require_config(validation_from <= test_from, function, "validation_from", "must not be later than test_from");
    return detail::distribute(*this, all, labels(function, all));
  }

  /// For captions and reports.
  std::string describe() const {
    return "at_times(validation from " + std::to_string(validation_from) + ", test from " + std::to_string(test_from) + ')';
  }

  friend bool operator==(const at_times&, const at_times&) = default;

 private:
  friend struct global_time;
  std::vector<detail::label> labels(std::string_view function, const data::interactions& all) const {
    std::vector<detail::label> result(all.size());
    std::transform(all.time_array().begin(), all.time_array().end(), result.begin(), [&](std::int64_t time) {
      if (time >= test_from) return detail::label::test;
      return time >= validation_from ? detail::label::validation : detail::label::train;
    });
    const bool trains =
        std::any_of(result.begin(), result.end(), [](detail::label one) { return one == detail::label::train; });
    if (all.size() > 0 && !trains) throw data_error(function, "no interaction is old enough to train on");
    return result;
  }
};

/// Cuts the time line so that about the given shares of all interactions are held out: the protocol without leaks.
///
/// Rule       with all n times in increasing order t[0..n-1], test begins at t[n - round(test n)] and validation at
///            t[n - round(test n) - round(validation n)], halves rounded to even; equal times stay together, in the later
///            part
/// Result     no leak: every training time < every validation time < every test time
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config unless both shares are in [0, 1) and their sum in (0, 1); data_error if all times are equal or
///            nothing is left to train on
/// Avoid when most users appear only in the later part: they have no history (a model for cold users is then judged)
/// Example    const auto parts = split::global_time{.validation = 0.1, .test = 0.1}(ratings);
struct global_time {
  double validation = 0.1;
  double test = 0.1;

  parts<global_time> operator()(const data::interactions& all) const {
    constexpr std::string_view function = "split::global_time";
    detail::require_shares(function, validation, test);
    detail::require_times(function, all);
    return detail::distribute(*this, all, cuts(all).labels(function, all));
  }

  /// The points of time that the shares come to on this data. Throws invalid_config as the split does.
  at_times cuts(const data::interactions& all) const {
    detail::require_shares("split::global_time::cuts", validation, test);
    std::vector<std::int64_t> times(all.time_array().begin(), all.time_array().end());
    if (times.empty()) return {};
    std::sort(times.begin(), times.end());
    const std::size_t tested = detail::rounded_share(test, times.size());
    const std::size_t held_out = tested + (std::min)(detail::rounded_share(validation, times.size()), times.size() - tested);
    // A part that gets nothing begins after the last moment.
    const std::int64_t never = times.back() + (times.back() < (std::numeric_limits<std::int64_t>::max)() ? 1 : 0);
    const auto start = [&](std::size_t last) { return last == 0 ? never : times[times.size() - last]; };
    return {.validation_from = start(held_out), .test_from = start(tested)};
  }

  /// For captions and reports.
  std::string describe() const { return detail::shares_text("global_time", validation, test); }

  friend bool operator==(const global_time&, const global_time&) = default;
};

}  // namespace split
}  // namespace mmrec::inline v0
