// mmrec/cf/markov.hpp - what comes next: transitions from each item to those that follow it.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_lists.hpp>
#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/cf/detail/neighbour_search.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/kind.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf {

class markov_model;

/// A Markov chain over items, the baseline of sequential recommenders: the score of j is the sum over the last items i of
/// the history of recency(i) P(j | i), P from how often j followed i.
///
/// The order is that of data::interactions::times(). Items of one user with the same time make up a moment; they have no
/// order among themselves, and each counts as following the others. Where no times are known a history is one moment, and
/// the chain becomes cf::association_rules with confidences.
///
///   c_ij      = sum over users who have j d moments after i of step_decay^(d - 1), d = 1 .. steps; 1 in the same moment
///   P(j | i)  = c_ij / (sum over j of c_ij + shrinkage)
///   recency   = recency_decay^r for an item r moments before the last one, 0 from r = moments on
///
/// Shapes     out: I scores; 0 for what never followed, no_score for an item without interactions and for everything if no
///            item of the history has interactions
/// Cost       fit O(sum over users of |history| x items within `steps` moments), 8 bytes a transition kept, 8 a pair;
///            score O(|history| transitions of an item + I)
/// Result     same bits for any number of threads. score_history() takes a history without order, all of it the last
///            moment; score_sequence() one in order: the same as a user of the fit with such times gets (exact fold-in)
/// Throws     invalid_config if transitions, steps or moments < 1, a decay is not in 0..1 or shrinkage is negative or not
///            finite; limit_error above the executor's memory limit; unknown_id; cancelled
/// Avoid when order tells little (films rated from memory): cf::item_knn
/// Example    tests/cf/markov_test.cpp
/// Reference  Shani, Heckerman, Brafman, "An MDP-based recommender system", JMLR 6, 2005, section 4 (skipping, similarity
///            of sequences); Ludewig, Jannach, "Evaluation of session-based recommendation algorithms", UMUAI 28, 2018 (MC
///            and SR)
struct markov {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t transitions = 100;  ///< >= 1, kept for an item, the most probable
  std::size_t steps = 3;          ///< >= 1, how many moments ahead an item is followed; 1: a plain chain
  float step_decay = 0.5f;        ///< 0..1
  std::size_t moments = 3;        ///< >= 1, of the history that count, the last ones
  float recency_decay = 0.5f;     ///< 0..1
  float shrinkage = 0.0f;         ///< >= 0, holds down what rests on few transitions

  template <executor Exec>
  markov_model fit(const Exec& exec, const data::interactions& log) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const markov&, const markov&) = default;
};

/// Fitted transitions.
class markov_model {
 public:
  struct workspace {};

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return known_.size(); }

  /// With the times of the training data.
  void score(user_id user, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::markov::score";
    const history_view history = histories_.of(function, user);
    start(function, history.items, out);
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      add(history.items[entry], history.values[entry], out);
    }
  }
  /// For a history of which no order is known: every item is as recent as the others, whatever its value.
  void score_history(history_view history, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::markov::score_history";
    detail::require_history(function, history, items());
    start(function, history.items, out);
    for (const item_id item : history.items) add(item, 1.0f, out);
  }
  /// For items from the oldest to the latest, each a moment of its own.
  void score_sequence(std::span<const item_id> oldest_first, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::markov::score_sequence";
    for (const item_id item : oldest_first) detail::require_item(function, item, items());
    start(function, oldest_first, out);
    float recency = 1.0f;
    for (std::size_t back = 0; back < (std::min)(spec_.moments, oldest_first.size()); ++back) {
      add(oldest_first[oldest_first.size() - 1 - back], recency, out);
      recency *= spec_.recency_decay;
    }
  }

  /// What each item of a history without order adds to the score of `item`.
  void explain(history_view history, item_id item, std::span<float> out) const {
    constexpr std::string_view function = "cf::markov::explain";
    detail::require_history(function, history, items());
    detail::require_item(function, item, items());
    require_size(function, "out", history.items.size(), out.size());
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      out[entry] = 0.0f;
      for (const scored_item& next : lists_.of(history.items[entry].index())) {
        if (next.item == item) out[entry] = next.score;
      }
    }
  }

  /// The items that follow this one, the most probable first, and their probabilities.
  std::span<const scored_item> transitions(item_id item) const {
    detail::require_item("cf::markov::transitions", item, items());
    return lists_.of(item.index());
  }

 private:
  friend struct markov;
  /// The values of `histories` are recencies.
  markov_model(const markov& spec, detail::user_histories histories, detail::item_lists lists,
               std::vector<std::uint8_t> known)
      : spec_(spec), histories_(std::move(histories)), lists_(std::move(lists)), known_(std::move(known)) {}

  void start(std::string_view function, std::span<const item_id> history, std::span<float> out) const {
    require_size(function, "out", items(), out.size());
    const bool judges = std::any_of(history.begin(), history.end(), [&](item_id item) { return known_[item.index()] != 0; });
    for (std::size_t item = 0; item < items(); ++item) out[item] = judges && known_[item] != 0 ? 0.0f : no_score;
  }
  void add(item_id item, float recency, std::span<float> out) const {
    if (recency == 0.0f) return;
    for (const scored_item& next : lists_.of(item.index())) out[next.item.index()] += recency * next.score;
  }

  markov spec_;
  detail::user_histories histories_;
  detail::item_lists lists_;
  std::vector<std::uint8_t> known_;
};

namespace detail {

/// All histories in the order of time: the entries of each user from the oldest to the latest, and their moments.
struct moments_of_users {
  std::vector<item_id> items;          // by user, then time, then item
  std::vector<std::uint32_t> moments;  // of these, counted from 0 in each history
  std::vector<std::size_t> place_of;   // of the entries of the log among these

  explicit moments_of_users(const data::interactions& log)
      : items(log.size()), moments(log.size(), 0), place_of(log.size()) {
    std::vector<std::size_t> order(log.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    const auto times = log.time_array();
    for (std::size_t user = 0; user < log.users(); ++user) {
      const std::size_t begin = log.starts()[user], end = log.starts()[user + 1];
      std::stable_sort(order.begin() + static_cast<std::ptrdiff_t>(begin), order.begin() + static_cast<std::ptrdiff_t>(end),
                       [&](std::size_t a, std::size_t b) { return times[a] < times[b]; });
      for (std::size_t place = begin; place < end; ++place) {
        items[place] = log.item_array()[order[place]];
        place_of[order[place]] = place;
        if (place == begin) continue;
        moments[place] = moments[place - 1] + (times[order[place]] == times[order[place - 1]] ? 0 : 1);
      }
    }
  }
  static std::uint64_t bytes(const data::interactions& log) { return (4 + 4 + 8) * std::uint64_t{log.size()}; }
};

/// Worker of make_item_lists: the transitions of one item after another.
class transition_count {
 public:
  transition_count(const markov& spec, const data::interactions& log, const item_users& users_of,
                   const moments_of_users& in_order)
      : spec_(spec), log_(log), users_of_(users_of), in_order_(in_order), row_(log.items(), 0.0) {
    double weight = 1.0;
    for (std::size_t step = 0; step < (std::min)(spec.steps, log.items()); ++step) {
      weights_.push_back(weight);
      weight *= double{spec.step_decay};
    }
  }

  std::size_t operator()(std::size_t item, std::span<scored_item> room) {
    touched_.clear();
    double total = 0.0;
    for (const std::uint32_t user : users_of_.users(item)) {
      const std::size_t begin = log_.starts()[user], end = log_.starts()[user + 1];
      const auto history = log_.item_array().subspan(begin, end - begin);
      const auto entry = begin + static_cast<std::size_t>(std::lower_bound(history.begin(), history.end(), item_id{item}) -
                                                          history.begin());
      std::size_t place = in_order_.place_of[entry];
      const std::uint32_t own = in_order_.moments[place];
      while (place > begin && in_order_.moments[place - 1] == own) --place;
      for (; place < end; ++place) {
        const std::size_t ahead = in_order_.moments[place] - own;
        if (ahead > weights_.size()) break;
        const std::size_t other = in_order_.items[place].index();
        const double weight = weights_[ahead == 0 ? 0 : ahead - 1];
        if (other == item || weight == 0.0) continue;
        if (row_[other] == 0.0) touched_.push_back(other);
        row_[other] += weight;
        total += weight;
      }
    }
    kept_.resize(room.size());
    kernel::basic_top_k_collector<neighbour> best(kept_);
    for (const std::size_t other : touched_) {
      best.offer(item_id{other}, row_[other] / (total + double{spec_.shrinkage}));
      row_[other] = 0.0;
    }
    const std::size_t found = best.finish();
    for (std::size_t place = 0; place < found; ++place) {
      room[place] = {kept_[place].item, static_cast<float>(kept_[place].score)};
    }
    return found;
  }

 private:
  const markov& spec_;
  const data::interactions& log_;
  const item_users& users_of_;
  const moments_of_users& in_order_;
  std::vector<double> weights_;  // of 1, 2, ... moments ahead
  std::vector<double> row_;
  std::vector<std::size_t> touched_;
  std::vector<neighbour> kept_;
};

/// How recent each interaction is, in the order of the log.
inline std::vector<float> recencies(const markov& spec, const data::interactions& log, const moments_of_users& in_order) {
  std::vector<float> values(log.size(), 0.0f);
  for (std::size_t user = 0; user < log.users(); ++user) {
    const std::size_t begin = log.starts()[user], end = log.starts()[user + 1];
    for (std::size_t entry = begin; entry < end; ++entry) {
      const std::size_t back = in_order.moments[end - 1] - in_order.moments[in_order.place_of[entry]];
      if (back >= spec.moments) continue;
      values[entry] = 1.0f;
      for (std::size_t step = 0; step < back; ++step) values[entry] *= spec.recency_decay;
    }
  }
  return values;
}

}  // namespace detail

/// The most bytes that fit takes at its peak, the model included.
template <executor Exec>
std::uint64_t markov::fit_bytes(const Exec& exec, const data::interactions& log) const {
  const std::uint64_t items = log.items();
  std::uint64_t room = 0;
  for (const std::size_t most : detail::neighbour_room(log, transitions)) room += most;
  const std::uint64_t counts = detail::list_workers(exec.concurrency(), items) *
                               (16 * items + sizeof(detail::neighbour) * (std::min)(items, std::uint64_t{transitions}));
  const std::uint64_t in_order = detail::moments_of_users::bytes(log), sorting = 8 * std::uint64_t{log.size()};
  const std::uint64_t lists = 9 * items + detail::list_bytes(items, room);
  return detail::item_users_bytes(log, true) + in_order +
         (std::max)(sorting, lists + (std::max)(counts, detail::user_histories::bytes(log)));
}

template <executor Exec>
markov_model markov::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::markov::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(transitions >= 1, function, "transitions", "must be at least 1");
  require_config(steps >= 1, function, "steps", "must be at least 1");
  require_config(step_decay >= 0.0f && step_decay <= 1.0f, function, "step_decay", "must be in 0..1");
  require_config(moments >= 1, function, "moments", "must be at least 1");
  require_config(recency_decay >= 0.0f && recency_decay <= 1.0f, function, "recency_decay", "must be in 0..1");
  require_config(std::isfinite(shrinkage) && shrinkage >= 0.0f, function, "shrinkage", "must be finite and not negative");
  require_memory(exec, function, fit_bytes(exec, log));
  const detail::item_users users_of(log, true);
  const detail::moments_of_users in_order(log);
  detail::item_lists lists = detail::make_item_lists(exec, function, detail::neighbour_room(log, transitions), [&] {
    return detail::transition_count(*this, log, users_of, in_order);
  });
  std::vector<std::uint8_t> known(log.items(), 0);
  for (const item_id item : log.item_array()) known[item.index()] = 1;
  return {
      *this,
      detail::user_histories({log.starts().begin(), log.starts().end()}, {log.item_array().begin(), log.item_array().end()},
                             detail::recencies(*this, log, in_order)),
      std::move(lists), std::move(known)};
}

}  // namespace cf
}  // namespace mmrec::inline v0
