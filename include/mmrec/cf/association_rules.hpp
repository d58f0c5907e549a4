// mmrec/cf/association_rules.hpp - who chose this also chose that: rules between pairs of items.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
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

/// What a rule "who has i has j" is worth, with n_i users of i, n_ij of both and U in all.
enum class rule_measure {
  confidence,  ///< n_ij / n_i
  lift,        ///< U n_ij / (n_i n_j): 1 for independent items; high for rare ones, so ask for min_users
};
/// How the rules that end in one item come together.
enum class rule_combination {
  best,  ///< the score is that of the best rule
  sum,   ///< the score is the sum over the rules
};

class association_rules_model;

/// Association rules of one item each side: a history fires the rules of its items, and their confidence or lift is the
/// score of what they lead to.
///
/// Shapes     out: I scores; 0 for an item that no rule leads to, no_score for an item without interactions and for
///            everything if no item of the history has interactions
/// Cost       fit O(sum over users of |history|^2), 8 bytes a rule; score O(|history| rules of an item + I)
/// Result     exact; of equal rules that to the lower item id is kept; same bits for any number of threads. A new user is
///            scored as a user of the fit is (exact fold-in)
/// Throws     invalid_config if rules or min_users < 1 or a threshold is negative or not a number; limit_error if more than
///            2^24 users chose one item, or above the executor's memory limit; unknown_id; cancelled
/// Avoid when lists have to be long: rules with enough support are few; cf::item_knn
/// Example    tests/cf/association_rules_test.cpp
/// Reference  Agrawal, Imielinski, Swami, "Mining association rules between sets of items in large databases", SIGMOD
///            1993; Brin, Motwani, Ullman, Tsur, "Dynamic itemset counting and implication rules for market basket data",
///            SIGMOD 1997 (lift)
struct association_rules {
  using output_kind = kind::scores;
  static constexpr bool collaborative = true;  ///< learns from interactions alone

  std::size_t rules = 100;      ///< >= 1, rules kept for an item, the best
  std::size_t min_users = 2;    ///< >= 1, support: users who have both items
  float min_confidence = 0.0f;  ///< 0..1
  float min_lift = 0.0f;        ///< >= 0
  rule_measure measure = rule_measure::confidence;
  rule_combination combination = rule_combination::sum;

  template <executor Exec>
  association_rules_model fit(const Exec& exec, const data::interactions& log) const;
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec& exec, const data::interactions& log) const;

  friend bool operator==(const association_rules&, const association_rules&) = default;
};

/// A rule "who has i has `item`".
struct association_rule {
  item_id item;
  std::size_t users = 0;  ///< who have both
  double support = 0.0;   ///< their share of all users
  double confidence = 0.0;
  double lift = 0.0;
};

/// Fitted rules.
class association_rules_model {
 public:
  struct workspace {};

  std::size_t users() const { return histories_.users(); }
  std::size_t items() const { return counts_.size(); }

  void score(user_id user, std::span<float> out, workspace& scratch) const {
    score_history(histories_.of("cf::association_rules::score", user), out, scratch);
  }
  void score_history(history_view history, std::span<float> out, workspace&) const {
    constexpr std::string_view function = "cf::association_rules::score_history";
    detail::require_history(function, history, items());
    require_size(function, "out", items(), out.size());
    const bool judges =
        std::any_of(history.items.begin(), history.items.end(), [&](item_id item) { return counts_[item.index()] != 0; });
    for (std::size_t item = 0; item < items(); ++item) out[item] = judges && counts_[item] != 0 ? 0.0f : no_score;
    if (!judges) return;
    for (const item_id item : history.items) {
      for (const scored_item& rule : lists_.of(item.index())) {
        float& score = out[rule.item.index()];
        score = spec_.combination == rule_combination::sum ? score + rule.score : (std::max)(score, rule.score);
      }
    }
  }

  /// What each item of the history adds to the score of `item`; with rule_combination::best the first of the best rules
  /// has it all.
  void explain(history_view history, item_id item, std::span<float> out) const {
    constexpr std::string_view function = "cf::association_rules::explain";
    detail::require_history(function, history, items());
    detail::require_item(function, item, items());
    require_size(function, "out", history.items.size(), out.size());
    for (std::size_t entry = 0; entry < history.items.size(); ++entry) {
      out[entry] = 0.0f;
      for (const scored_item& rule : lists_.of(history.items[entry].index())) {
        if (rule.item == item) out[entry] = rule.score;
      }
    }
    if (spec_.combination == rule_combination::sum || out.empty()) return;
    const auto best = std::max_element(out.begin(), out.end());
    std::fill(out.begin(), best, 0.0f);
    std::fill(best + 1, out.end(), 0.0f);
  }

  /// The rules "who has `item` has ...", the best first.
  std::vector<association_rule> rules(item_id item) const {
    detail::require_item("cf::association_rules::rules", item, items());
    std::vector<association_rule> found;
    const auto users_of = static_cast<double>(counts_[item.index()]), all = static_cast<double>(users());
    for (const scored_item& rule : lists_.of(item.index())) {
      const auto others = static_cast<double>(counts_[rule.item.index()]);
      const double confidence =
          spec_.measure == rule_measure::confidence ? double{rule.score} : double{rule.score} * others / all;
      const double both = std::round(confidence * users_of);  // the score has 24 bits, as many as a count may have
      found.push_back(
          {rule.item, static_cast<std::size_t>(both), both / all, both / users_of, both * all / (users_of * others)});
    }
    return found;
  }

 private:
  friend struct association_rules;
  association_rules_model(const association_rules& spec, detail::user_histories histories, detail::item_lists lists,
                          std::vector<std::uint32_t> counts)
      : spec_(spec), histories_(std::move(histories)), lists_(std::move(lists)), counts_(std::move(counts)) {}

  association_rules spec_;
  detail::user_histories histories_;
  detail::item_lists lists_;
  std::vector<std::uint32_t> counts_;  // users of each item
};

namespace detail {

/// Worker of make_item_lists: the rules of one item after another.
class rule_search {
 public:
  rule_search(const association_rules& spec, const item_users& users_of, std::size_t users, std::size_t items)
      : spec_(spec), users_of_(users_of), users_(static_cast<double>(users)), row_(items, 0.0f) {}

  std::size_t operator()(std::size_t item, std::span<scored_item> room) {
    kept_.resize(room.size());
    kernel::basic_top_k_collector<neighbour> best(kept_);
    users_of_.add_products(item, row_);
    row_[item] = 0.0f;
    const auto own = static_cast<double>(users_of_.count(item));
    users_of_.for_neighbours(item, [&](std::size_t other) {
      const double both = double{row_[other]};
      row_[other] = 0.0f;
      if (both < static_cast<double>(spec_.min_users) || both == 0.0) return;
      const double confidence = both / own;
      const double lift = both * users_ / (own * static_cast<double>(users_of_.count(other)));
      if (confidence < double{spec_.min_confidence} || lift < double{spec_.min_lift}) return;
      best.offer(item_id{other}, spec_.measure == rule_measure::confidence ? confidence : lift);
    });
    const std::size_t found = best.finish();
    for (std::size_t place = 0; place < found; ++place) {
      room[place] = {kept_[place].item, static_cast<float>(kept_[place].score)};
    }
    return found;
  }

 private:
  const association_rules& spec_;
  const item_users& users_of_;
  double users_;
  std::vector<float> row_;
  std::vector<neighbour> kept_;
};

}  // namespace detail

/// The most bytes that fit takes at its peak, the model included: rules below the thresholds take less.
template <executor Exec>
std::uint64_t association_rules::fit_bytes(const Exec& exec, const data::interactions& log) const {
  const std::uint64_t items = log.items();
  std::uint64_t room = 0;
  for (const std::size_t most : detail::neighbour_room(log, rules)) room += most;
  const std::uint64_t searches = detail::list_workers(exec.concurrency(), items) *
                                 (4 * items + sizeof(detail::neighbour) * (std::min)(items, std::uint64_t{rules}));
  return detail::item_users_bytes(log, true) + 12 * items + detail::list_bytes(items, room) +
         (std::max)(searches, detail::user_histories::bytes(log));
}

template <executor Exec>
association_rules_model association_rules::fit(const Exec& asked, const data::interactions& log) const {
  constexpr std::string_view function = "cf::association_rules::fit";
  const exec::session<Exec> session(asked);
  const Exec& exec = session.executor();
  require_config(rules >= 1, function, "rules", "must be at least 1");
  require_config(min_users >= 1, function, "min_users", "must be at least 1");
  require_config(min_confidence >= 0.0f && min_confidence <= 1.0f, function, "min_confidence", "must be in 0..1");
  require_config(min_lift >= 0.0f, function, "min_lift", "must not be negative");
  require_memory(exec, function, fit_bytes(exec, log));
  const detail::item_users users_of(log, true);
  detail::require_countable(function, users_of.largest_count());
  detail::item_lists lists = detail::make_item_lists(exec, function, detail::neighbour_room(log, rules), [&] {
    return detail::rule_search(*this, users_of, log.users(), log.items());
  });
  return {*this, detail::user_histories(log), std::move(lists), log.item_counts()};
}

}  // namespace cf
}  // namespace mmrec::inline v0
