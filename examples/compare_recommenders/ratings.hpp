// ratings.hpp - which models foretell how users rate.
#pragma once
#include <algorithm>
#include <cstdio>
#include <string>
#include <utility>

#include <mmrec/eval.hpp>

#include "arena.hpp"
#include "lineup.hpp"
#include "report.hpp"

namespace contest {

/// Whether values say more than that something was done.
inline bool has_ratings(const mm::data::interactions& log) {
  const auto values = log.value_array();
  return std::any_of(values.begin(), values.end(), [&](float value) { return value != values.front(); });
}

/// Judges all models that predict ratings, and prints a line of each: errors with intervals, what learning took, and how
/// many ratings a second are predicted.
inline text_table compare_ratings(const arena& at) {
  using mm::eval::rating_measure;
  text_table lines({"model", "rmse", "mae", "fit s", "fit MB", "ratings/s"});
  if (!has_ratings(at.past()) || at.data().test.size() == 0) return lines;
  for_each_rating_model([&](const std::string& name, const auto& spec) {
    at.enter(name, spec, [&](const auto& model, const cost& learning) {
      const stopwatch clock;
      const auto errors = mm::eval::evaluate_ratings(at.exec(), model, at.data().test);
      const double ratings_per_second = static_cast<double>(errors.ratings()) / clock.seconds();
      lines.add({name, with_interval(mm::eval::bootstrap_mean(at.exec(), errors, rating_measure::rmse)),
                 with_interval(mm::eval::bootstrap_mean(at.exec(), errors, rating_measure::mae)),
                 digits(learning.seconds, 2), digits(learning.megabytes, 0), digits(ratings_per_second, 0)});
    });
  });
  if (lines.rows() != 0) std::printf("errors of predicted ratings, over all held-out ones\n%s\n", lines.plain().c_str());
  return lines;
}

}  // namespace contest
