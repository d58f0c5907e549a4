// mmrec/eval/permutation.hpp - whether a difference between two models can be chance, and what many such questions cost.
#pragma once
#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/eval/bootstrap.hpp>
#include <mmrec/eval/evaluation.hpp>
#include <mmrec/eval/metric.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// How often the signs are drawn.
struct permutation_options {
  std::size_t permutations = 10'000;  ///< at least 1; the smallest p value of a sample is 1 / (permutations + 1)
  seed key = seed{42};
  friend bool operator==(const permutation_options&, const permutation_options&) = default;
};

/// What a permutation test found.
struct permutation_result {
  double difference = 0.0;  ///< mean of first - second over users
  double p_value = 1.0;     ///< two-sided
  bool exact = false;       ///< whether all permutations were counted, not a sample
  friend bool operator==(const permutation_result&, const permutation_result&) = default;
};

namespace detail {

/// Draws that are summed side by side.
inline constexpr std::size_t sign_lanes = 8;

/// The sums of the differences with the signs of several draws, from `first_draw` on. Each sum adds in the order of users; a
/// bit that is 0 turns a sign round. The bits of a draw come from its own stream (key, draw), or are its number.
inline std::array<double, sign_lanes> signed_sums(std::span<const double> differences, seed key, std::size_t first_draw,
                                                  bool numbered) {
  constexpr std::size_t word = 32;  // signs of one random number
  constexpr std::uint64_t sign = std::uint64_t{1} << 63;
  std::vector<random_stream> random;
  for (std::size_t lane = 0; lane < sign_lanes; ++lane) random.emplace_back(key, first_draw + lane);
  std::array<double, sign_lanes> sums{};
  std::array<std::uint64_t, sign_lanes> turned{};
  for (std::size_t start = 0; start < differences.size(); start += word) {
    for (std::size_t lane = 0; lane < sign_lanes; ++lane) {
      turned[lane] =
          ~std::uint64_t{numbered ? static_cast<std::uint32_t>((first_draw + lane) >> start) : random[lane].bits32()};
    }
    const std::size_t stop = (std::min)(differences.size(), start + word);
    for (std::size_t user = start; user < stop; ++user) {
      const auto bits = std::bit_cast<std::uint64_t>(differences[user]);
      const std::size_t shift = 63 - (user - start);
      for (std::size_t lane = 0; lane < sign_lanes; ++lane) {
        sums[lane] += std::bit_cast<double>(bits ^ ((turned[lane] << shift) & sign));
      }
    }
  }
  return sums;
}

}  // namespace detail

/// Paired randomisation test: if two models are equally good, each user's difference could as well have had the other sign.
/// p is the share of sign changes whose mean is at least as far from 0 as the observed one.
///
/// Cost       O(min(2^m, permutations) m) time for m users whose values differ
/// Result     exact if 2^m <= permutations, with no random number drawn; else a sample, the observed signs counted in:
///            p = (1 + number as far) / (permutations + 1). Same bits for any number of threads
/// Throws     shape_error if the lengths differ; invalid_config; data_error without values or for one that is not finite
/// Avoid when an interval is wanted: paired_bootstrap
/// Example    eval::paired_permutation(exec, values_of_one, values_of_other).p_value < 0.05
/// Reference  Smucker, Allan, Carterette, "A comparison of statistical significance tests for information retrieval
///            evaluation", CIKM 2007
template <executor Exec>
permutation_result paired_permutation(const Exec& exec, std::span<const double> first, std::span<const double> second,
                                      const permutation_options& options = {}) {
  constexpr std::string_view function = "eval::paired_permutation";
  require_size(function, "values of the second model", first.size(), second.size());
  require_config(options.permutations >= 1, function, "permutations", "must be at least 1");
  if (first.empty()) throw data_error(function, "there are no users to compare");
  detail::require_finite(function, "first model's value", first);
  detail::require_finite(function, "second model's value", second);
  // Users without a difference change no sum.
  std::vector<double> differences;
  for (std::size_t user = 0; user < first.size(); ++user) {
    if (first[user] != second[user]) differences.push_back(first[user] - second[user]);
  }
  const double observed = std::accumulate(differences.begin(), differences.end(), 0.0);
  permutation_result result{observed / static_cast<double>(first.size()), 1.0, false};
  double magnitude = 0.0;
  for (const double difference : differences) magnitude += std::abs(difference);
  const double distance = detail::distance_of(observed, magnitude);
  result.exact = differences.size() < 64 && (std::uint64_t{1} << differences.size()) <= options.permutations;
  const std::size_t draws = result.exact ? std::size_t{1} << differences.size() : options.permutations;
  std::vector<std::uint8_t> as_far(draws);
  for_ranges(exec, draws, 8 * detail::sign_lanes, [&](std::size_t begin, std::size_t end) {
    for (std::size_t first_draw = begin; first_draw < end; first_draw += detail::sign_lanes) {
      const auto sums = detail::signed_sums(differences, options.key, first_draw, result.exact);
      const std::size_t last_draw = (std::min)(end, first_draw + detail::sign_lanes);
      for (std::size_t draw = first_draw; draw < last_draw; ++draw) {
        as_far[draw] = std::abs(sums[draw - first_draw]) >= distance ? 1 : 0;
      }
    }
  });
  const auto count = static_cast<double>(std::count(as_far.begin(), as_far.end(), std::uint8_t{1}));
  const auto total = static_cast<double>(draws);
  result.p_value = result.exact ? count / total : (1.0 + count) / (1.0 + total);
  return result;
}

/// Compares two models user by user on a measure. Evaluations of different protocols, splits or parts do not compile.
///
/// Throws     data_error see require_comparable; otherwise as above
/// Example    eval::paired_permutation(exec, with_text, without, "recall@20").p_value
template <executor Exec, class P1, class S1, class R1, class P2, class S2, class R2>
permutation_result paired_permutation(const Exec& exec, const evaluation<P1, S1, R1>& first,
                                      const evaluation<P2, S2, R2>& second, metric which,
                                      const permutation_options& options = {}) {
  constexpr bool comparable = comparable_evaluations<evaluation<P1, S1, R1>, evaluation<P2, S2, R2>>;
  static_assert(comparable,
                "mmrec: these evaluations do not compare: they differ in protocol (candidates, mask), in the kind of split "
                "or in the part that was judged");
  if constexpr (comparable) {
    require_comparable("eval::paired_permutation", first, second, which);
    return paired_permutation(exec, first.per_user(which), second.per_user(which), options);
  } else {
    return {};
  }
}

/// Holm's correction of the p values of several questions asked at once: below 0.05 after it, the chance that any of them
/// is answered yes by accident stays below 5 %.
///
/// Result     in the order given: with the p values p(1) <= ... <= p(m) in increasing order, the largest of
///            min(1, (m - j + 1) p(j)) over j <= i. Equals R's p.adjust(method = "holm")
/// Cost       O(m log m)
/// Throws     data_error for a value outside [0, 1]
/// Reference  Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of Statistics 6, 1979
inline std::vector<double> holm(std::span<const double> p_values) {
  for (const double p : p_values) {
    if (!(p >= 0.0 && p <= 1.0)) throw data_error("eval::holm", "a p value lies outside [0, 1]");
  }
  std::vector<std::size_t> order(p_values.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return p_values[a] < p_values[b]; });
  std::vector<double> adjusted(p_values.size());
  double largest = 0.0;
  for (std::size_t rank = 0; rank < order.size(); ++rank) {
    const auto left = static_cast<double>(order.size() - rank);
    largest = (std::max)(largest, (std::min)(1.0, left * p_values[order[rank]]));
    adjusted[order[rank]] = largest;
  }
  return adjusted;
}

}  // namespace eval
}  // namespace mmrec::inline v0
