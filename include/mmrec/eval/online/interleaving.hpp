// mmrec/eval/online/interleaving.hpp - two rankers in one list, so that each user compares them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>

namespace mmrec::inline v0 {
namespace eval::online {

/// A list to show, and what it takes to credit the clicks on it.
struct interleaved_list {
  std::vector<item_id> items;
  std::vector<std::uint8_t> team;  ///< for each item: 0 if the first ranker gave it, 1 if the second did
};

/// Team draft: in each round a coin decides which ranker picks first; each picks its best item that is not in the list yet.
/// A ranker that has nothing left does not pick.
///
/// Shapes     first, second: the two lists, best first, without repetitions
/// Cost       O(k^2) time for short lists
/// Result     a function of the lists and the stream
/// Throws     data_error for an item that is twice in a list
/// Example    const auto shown = eval::online::team_draft(of_old, of_new, 10, random);
/// Reference  Radlinski, Kurup, Joachims, "How does clickthrough data reflect retrieval quality?", CIKM 2008
inline interleaved_list team_draft(std::span<const item_id> first, std::span<const item_id> second, std::size_t k,
                                   random_stream& random) {
  constexpr std::string_view function = "eval::online::team_draft";
  const std::span<const item_id> lists[2] = {first, second};
  for (const auto& list : lists) {
    std::vector<item_id> sorted(list.begin(), list.end());
    std::sort(sorted.begin(), sorted.end());
    const auto twice = std::adjacent_find(sorted.begin(), sorted.end());
    if (twice != sorted.end()) throw data_error(function, "item " + std::to_string(twice->index()) + " is twice in a list");
  }
  interleaved_list shown;
  std::size_t next[2] = {0, 0};
  const auto pick = [&](std::size_t team) {
    const auto known = [&](item_id item) {
      return std::find(shown.items.begin(), shown.items.end(), item) != shown.items.end();
    };
    while (next[team] < lists[team].size() && known(lists[team][next[team]])) ++next[team];
    if (next[team] == lists[team].size() || shown.items.size() == k) return;
    shown.items.push_back(lists[team][next[team]++]);
    shown.team.push_back(static_cast<std::uint8_t>(team));
  };
  while (shown.items.size() < k) {
    const std::size_t before = shown.items.size();
    const std::size_t leader = random.bits32() >> 31;
    pick(leader);
    pick(1 - leader);
    if (shown.items.size() == before) break;
  }
  return shown;
}

/// Clicks credited to each ranker.
struct interleaving_credit {
  std::size_t first = 0;
  std::size_t second = 0;
  friend bool operator==(const interleaving_credit&, const interleaving_credit&) = default;
};

/// Credits the clicked places (from 0, each once) of a shown list. Throws invalid_config for a place beyond the list.
inline interleaving_credit credit_clicks(const interleaved_list& shown, std::span<const std::size_t> clicked) {
  interleaving_credit credit;
  for (const std::size_t place : clicked) {
    require_config(place < shown.team.size(), "eval::online::credit_clicks", "place " + std::to_string(place),
                   "is beyond the list");
    ++(shown.team[place] == 0 ? credit.first : credit.second);
  }
  return credit;
}

/// The outcome of many interleaved lists.
struct interleaving_outcome {
  std::size_t first_wins = 0;   ///< lists where the first ranker got more clicks
  std::size_t second_wins = 0;  ///< the other way round
  std::size_t ties = 0;
  double preference = 0.0;  ///< (first_wins - second_wins) / lists, in [-1, 1]; 0 without lists
  double p_value = 1.0;     ///< exact two-sided sign test of first_wins against second_wins
  friend bool operator==(const interleaving_outcome&, const interleaving_outcome&) = default;
};

/// Sums up the credits of many lists, each one vote.
///
/// Cost       O(lists)
/// Result     p = the chance that fair coins are at least as far from balance; equals scipy.stats.binomtest
/// Example    eval::online::compare_rankers(credits).p_value
inline interleaving_outcome compare_rankers(std::span<const interleaving_credit> credits) {
  interleaving_outcome outcome;
  for (const interleaving_credit& one : credits) {
    ++(one.first > one.second ? outcome.first_wins : one.first < one.second ? outcome.second_wins : outcome.ties);
  }
  const auto wins = static_cast<double>(outcome.first_wins), losses = static_cast<double>(outcome.second_wins);
  if (!credits.empty()) outcome.preference = (wins - losses) / static_cast<double>(credits.size());
  const double tosses = wins + losses;
  const double fewer = (std::min)(wins, losses);
  if (fewer * 2.0 >= tosses) return outcome;
  double tail = 0.0;  // of the binomial distribution of fair coins, from 0 to `fewer` heads
  for (double heads = 0.0; heads <= fewer; heads += 1.0) {
    tail += std::exp(std::lgamma(tosses + 1.0) - std::lgamma(heads + 1.0) - std::lgamma(tosses - heads + 1.0) -
                     tosses * std::log(2.0));
  }
  outcome.p_value = (std::min)(1.0, 2.0 * tail);
  return outcome;
}

}  // namespace eval::online
}  // namespace mmrec::inline v0
