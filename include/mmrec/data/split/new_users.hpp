// mmrec/data/split/new_users.hpp - splits that hold out whole users.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split/folded.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/data/split/share.hpp>

namespace mmrec::inline v0 {
namespace split {

namespace detail {

/// A label for each user: of those with interactions, in the order of a hash of (seed, user key), the last share is test
/// and the one before it validation.
inline std::vector<label> draw_users(const data::interactions& all, double validation, double test, seed key) {
  std::vector<std::pair<std::uint64_t, std::size_t>> drawn;  // hash and user
  for (std::size_t user = 0; user < all.users(); ++user) {
    if (all.starts()[user] == all.starts()[user + 1]) continue;
    drawn.emplace_back(keyed_hash(key, all.user_keys()->key(user_id{user})), user);
  }
  std::sort(drawn.begin(), drawn.end());
  std::vector<std::size_t> users;
  users.reserve(drawn.size());
  for (const auto& [hash, user] : drawn) users.push_back(user);
  std::vector<label> labels(all.users(), label::train);
  label_tail(users, rounded_share(validation, users.size()), rounded_share(test, users.size()), labels);
  return labels;
}

}  // namespace detail

/// Takes all interactions of a random share of the users out of train: of those users nothing is known, and a model can
/// only give them what it gives everybody.
///
/// Rule       of the users that have interactions, in the order of a hash of (seed, user key), the last round(test n) give
///            their interactions to test and the round(validation n) before them to validation
/// Result     a function of the seed and the external keys alone
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config unless both shares are in [0, 1) and their sum in (0, 1); data_error if no interaction is left to
///            train on
/// Avoid when models of users' histories are compared: strong_generalisation gives the new users some
/// Example    const auto parts = split::cold_users{.validation = 0.1, .test = 0.2}(ratings);
struct cold_users {
  double validation = 0.1;
  double test = 0.1;
  seed key = seed{42};

  parts<cold_users> operator()(const data::interactions& all) const {
    detail::require_shares("split::cold_users", validation, test);
    const std::vector<detail::label> label_of_user = detail::draw_users(all, validation, test, key);
    std::vector<detail::label> labels(all.size());
    for (std::size_t user = 0; user < all.users(); ++user) {
      for (std::size_t entry = all.starts()[user]; entry < all.starts()[user + 1]; ++entry)
        labels[entry] = label_of_user[user];
    }
    detail::require_training("split::cold_users", labels);
    return detail::distribute(*this, all, labels);
  }

  /// For captions and reports.
  std::string describe() const { return detail::shares_text("cold_users", validation, test, key); }

  friend bool operator==(const cold_users&, const cold_users&) = default;
};

/// Which interactions of a held-out user are its history.
enum class history_rule : std::uint8_t {
  random,  ///< any, by a hash of (seed, user key, item key): the usual choice
  oldest,  ///< the oldest by (time, item id)
};

/// Takes a random share of the users out of train altogether. Each held-out user is described to the model by a part of its
/// interactions, its history, and judged on the others ("strong generalisation").
///
/// Rule       users as in cold_users; of a held-out user's n interactions round(history n) are the history, but at least one,
///            and at most n - 1 of n > 1
/// Result     a function of the seed, the external keys and, for history_rule::oldest, the times
/// Cost       O(E log E) time, 2x the input's memory
/// Throws     invalid_config unless both shares of users are in [0, 1), their sum in (0, 1) and `history` in (0, 1);
///            data_error if all times are equal and history_rule::oldest asks for them, or if no user is left to train on
/// Example    const auto parts = split::strong_generalisation{}(ratings);
/// Reference  Marlin, "Modeling user rating profiles for collaborative filtering", NIPS 2003; Liang, Krishnan, Hoffman,
///            Jebara, "Variational autoencoders for collaborative filtering", WWW 2018 (random, .8)
struct strong_generalisation {
  double validation = 0.1;  ///< share of the users
  double test = 0.1;        ///< share of the users
  double history = 0.8;     ///< share of a held-out user's interactions
  history_rule rule = history_rule::random;
  seed key = seed{42};
  using folds_in = void;  ///< see of_new_users

  folded_parts<strong_generalisation> operator()(const data::interactions& all) const {
    constexpr std::string_view function = "split::strong_generalisation";
    detail::require_shares(function, validation, test);
    require_config(history > 0.0 && history < 1.0, function, "history", "must lie between 0 and 1");
    if (rule == history_rule::oldest) detail::require_times(function, all);
    const std::vector<detail::label> label_of_user = detail::draw_users(all, validation, test, key);
    enum place { train_place, validation_history_place, validation_place, test_history_place, test_place, places };
    std::vector<data::interaction> events[places];
    detail::for_each_user_by_time(all, [&](user_id user, std::vector<std::size_t> entries) {
      const detail::label label = label_of_user[user.index()];
      if (rule == history_rule::random && label != detail::label::train) sort_by_hash(all, user, entries);
      const std::size_t past = history_size(entries.size());
      for (std::size_t index = 0; index < entries.size(); ++index) {
        const std::size_t entry = entries[index];
        place to = train_place;
        if (label == detail::label::validation) to = index < past ? validation_history_place : validation_place;
        if (label == detail::label::test) to = index < past ? test_history_place : test_place;
        events[to].push_back({user, all.item_array()[entry], all.value_array()[entry], all.time_array()[entry]});
      }
    });
    if (all.size() != 0 && events[train_place].empty()) throw data_error(function, "no user is left to train on");
    const auto make = [&](place which) {
      return data::interactions(all.user_keys(), all.item_keys(), std::move(events[which]));
    };
    using self = strong_generalisation;
    return {train_set<self>(*this, make(train_place)), validation_history<self>(*this, make(validation_history_place)),
            validation_set<self>(*this, make(validation_place)), test_history<self>(*this, make(test_history_place)),
            test_set<self>(*this, make(test_place))};
  }

  /// For captions and reports.
  std::string describe() const {
    std::string text = detail::shares_text("strong_generalisation", validation, test, key);
    text.pop_back();
    return text + ", history " + (rule == history_rule::random ? "random " : "oldest ") + detail::number_text(history) + ')';
  }

  friend bool operator==(const strong_generalisation&, const strong_generalisation&) = default;

 private:
  std::size_t history_size(std::size_t count) const {
    if (count <= 1) return count;
    return std::clamp<std::size_t>(detail::rounded_share(history, count), 1, count - 1);
  }

  void sort_by_hash(const data::interactions& all, user_id user, std::vector<std::size_t>& entries) const {
    const seed own{detail::keyed_hash(key, all.user_keys()->key(user))};
    std::vector<std::pair<std::uint64_t, std::size_t>> drawn;  // hash and entry
    for (const std::size_t entry : entries) {
      drawn.emplace_back(detail::keyed_hash(own, all.item_keys()->key(all.item_array()[entry])), entry);
    }
    std::sort(drawn.begin(), drawn.end());
    std::transform(drawn.begin(), drawn.end(), entries.begin(), [](const auto& one) { return one.second; });
  }
};

}  // namespace split
}  // namespace mmrec::inline v0
