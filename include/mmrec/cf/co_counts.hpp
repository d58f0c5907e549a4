// mmrec/cf/co_counts.hpp - how many users share two items, kept up to date one interaction at a time.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/histories.hpp>
#include <mmrec/cf/detail/item_lists.hpp>
#include <mmrec/cf/detail/item_users.hpp>
#include <mmrec/cf/detail/neighbour_search.hpp>
#include <mmrec/cf/item_knn.hpp>
#include <mmrec/cf/similarity.hpp>
#include <mmrec/cf/weighting.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/exec/cpu.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf {

/// Holds who chose what and how many users share each pair of items; takes interactions in and out, and gives the item_knn
/// model of what it holds without counting anything anew.
///
/// Shapes     U users, I items, P pairs of items with a shared user, L the length of a history
/// Cost       from a log O(sum over users of L^2); add and remove O(sum over the history's items of their pairs), a few
///            microseconds to a millisecond; fit O(P log neighbours); 16 P + 4 E bytes and what vectors keep in reserve
/// Result     exact: fit gives bit for bit the neighbours and scores of item_knn::fit on a log of the same pairs, in
///            whatever order they came; same bits for any number of threads
/// Throws     unknown_id; from fit: invalid_config for a spec that is not binary or has a weighting, which counts do not
///            tell, and what item_knn::fit throws, limit_error above the executor's memory limit among it
/// Avoid when values matter; or the histories are very long: one new item of a history of 10,000 touches 10,000 counts
/// Example    tests/cf/co_counts_test.cpp
/// Reference  Papagelis, Rousidis, Plexousakis, Theoharopoulos, "Incremental collaborative filtering for highly-scalable
///            recommendation algorithms", ISMIS 2005
class item_co_counts {
 public:
  /// Nothing yet.
  item_co_counts(std::size_t users, std::size_t items) : histories_(users), pairs_(items), users_of_(items, 0) {}

  /// All pairs of a log; their values and times do not matter.
  template <executor Exec>
  item_co_counts(const Exec& exec, const data::interactions& log) : item_co_counts(log.users(), log.items()) {
    constexpr std::string_view function = "cf::item_co_counts";
    for (std::size_t user = 0; user < log.users(); ++user) {
      const history_view history = log.history(user_id{user});
      histories_[user].assign(history.items.begin(), history.items.end());
    }
    const detail::item_users users_of(log, true);
    detail::require_countable(function, users_of.largest_count());
    for_ranges(exec, log.items(), 128, [&](std::size_t begin, std::size_t end) {
      std::vector<float> row(log.items(), 0.0f);
      for (std::size_t item = begin; item < end; ++item) {
        users_of_[item] = static_cast<std::uint32_t>(users_of.count(item));
        users_of.add_products(item, row);
        row[item] = 0.0f;
        std::size_t others = 0;
        for (const float shared : row) others += shared > 0.0f ? 1 : 0;
        pairs_[item].reserve(others);
        for (std::size_t other = 0; other < row.size(); ++other) {
          if (row[other] > 0.0f) pairs_[item].push_back({item_id{other}, static_cast<std::uint32_t>(row[other])});
          row[other] = 0.0f;
        }
      }
    });
  }

  std::size_t users() const { return histories_.size(); }
  std::size_t items() const { return pairs_.size(); }
  /// The items of a user, in increasing order.
  std::span<const item_id> history(user_id user) const {
    require_user("cf::item_co_counts::history", user);
    return histories_[user.index()];
  }

  /// Users who chose both items; who chose the item, if they are the same.
  std::uint32_t count(item_id item, item_id other) const {
    constexpr std::string_view function = "cf::item_co_counts::count";
    detail::require_item(function, item, items());
    detail::require_item(function, other, items());
    if (item == other) return users_of_[item.index()];
    const auto& list = pairs_[item.index()];
    const auto place = std::lower_bound(list.begin(), list.end(), other, before);
    return place != list.end() && place->item == other ? place->shared : 0;
  }

  /// More users and items, as yet without interactions. Throws shape_error for fewer.
  void grow(std::size_t new_users, std::size_t new_items) {
    constexpr std::string_view function = "cf::item_co_counts::grow";
    if (new_users < users()) throw shape_error(function, "users, at least", users(), new_users);
    if (new_items < items()) throw shape_error(function, "items, at least", items(), new_items);
    histories_.resize(new_users);
    pairs_.resize(new_items);
    users_of_.resize(new_items, 0);
  }

  /// The user chose the item. False, and nothing changes, if that was known.
  bool add(user_id user, item_id item) {
    constexpr std::string_view function = "cf::item_co_counts::add";
    require_user(function, user);
    detail::require_item(function, item, items());
    std::vector<item_id>& history = histories_[user.index()];
    const auto place = std::lower_bound(history.begin(), history.end(), item);
    if (place != history.end() && *place == item) return false;
    for (const item_id other : history) {
      increase(item, other);
      increase(other, item);
    }
    history.insert(place, item);
    ++users_of_[item.index()];
    return true;
  }

  /// The user did not choose the item after all. False, and nothing changes, if that was known.
  bool remove(user_id user, item_id item) {
    constexpr std::string_view function = "cf::item_co_counts::remove";
    require_user(function, user);
    detail::require_item(function, item, items());
    std::vector<item_id>& history = histories_[user.index()];
    const auto place = std::lower_bound(history.begin(), history.end(), item);
    if (place == history.end() || *place != item) return false;
    history.erase(place);
    for (const item_id other : history) {
      decrease(item, other);
      decrease(other, item);
    }
    --users_of_[item.index()];
    return true;
  }

  /// The bytes that fit takes at its peak, the model included; the counts not.
  template <executor Exec>
  std::uint64_t fit_bytes(const Exec&, const item_knn& spec) const {
    std::uint64_t room = 0, chosen = 0;
    for (const auto& list : pairs_) room += (std::min)(spec.neighbours, list.size());
    for (const auto& history : histories_) chosen += history.size();
    const std::uint64_t inputs = detail::column_similarity::bytes(spec.similarity, items()) + 9 * std::uint64_t{items()};
    const std::uint64_t transposition =
        spec.neighbourhood == neighbourhood::of_target ? sizeof(scored_item) * room + 16 * std::uint64_t{items()} : 0;
    const std::uint64_t histories = 8 * (std::uint64_t{users()} + 1) + 8 * chosen + 8 * std::uint64_t{items()};
    return inputs + detail::list_bytes(items(), room) + (std::max)(transposition, histories);
  }

  /// What spec.fit gives for a log of these pairs.
  template <executor Exec>
  item_knn_model fit(const Exec& asked, const item_knn& spec) const {
    constexpr std::string_view function = "cf::item_co_counts::fit";
    const exec::session<Exec> session(asked);
    const Exec& exec = session.executor();
    detail::require_item_knn(function, spec);
    require_config(spec.binary, function, "binary", "must be true: counts know no values");
    require_config(spec.weighting.scheme == weighting_scheme::none, function, "weighting",
                   "must be none: counts know no weights");
    require_memory(exec, function, fit_bytes(exec, spec));
    detail::column_similarity alike(spec.similarity, spec.shrinkage, items(), users());
    std::vector<std::size_t> room(items());
    std::vector<std::uint8_t> known(items(), 0);
    for (std::size_t item = 0; item < items(); ++item) {
      alike.set_count(item, users_of_[item]);
      detail::require_countable(function, users_of_[item]);
      known[item] = users_of_[item] != 0 ? 1 : 0;
      room[item] = (std::min)(spec.neighbours, pairs_[item].size());
    }
    detail::item_lists lists = detail::make_item_lists(exec, function, room, [&] {
      return [&, kept = std::vector<detail::neighbour>()](std::size_t item, std::span<scored_item> out) mutable {
        kept.resize(out.size());
        kernel::basic_top_k_collector<detail::neighbour> best(kept);
        for (const pair& other : pairs_[item]) {
          const double score = alike(item, other.item.index(), static_cast<double>(other.shared));
          if (score > 0.0) best.offer(other.item, score);
        }
        const std::size_t found = best.finish();
        for (std::size_t place = 0; place < found; ++place) {
          out[place] = {kept[place].item, static_cast<float>(kept[place].score)};
        }
        return found;
      };
    });
    lists = detail::finish_neighbours(exec, spec, std::move(lists));
    std::vector<std::size_t> starts(1, 0);
    starts.reserve(users() + 1);
    std::size_t pairs = 0;
    for (const std::vector<item_id>& history : histories_) pairs += history.size();
    std::vector<item_id> chosen;
    chosen.reserve(pairs);
    for (const std::vector<item_id>& history : histories_) {
      chosen.insert(chosen.end(), history.begin(), history.end());
      starts.push_back(chosen.size());
    }
    std::vector<float> values(chosen.size(), 1.0f);
    const std::vector<double> sums(users_of_.begin(), users_of_.end());
    std::vector<float> base = detail::centred_base(spec, sums, users(), lists);
    return {detail::user_histories(std::move(starts), std::move(chosen), std::move(values)), std::move(lists),
            std::move(known), true, std::move(base)};
  }

 private:
  struct pair {
    item_id item;
    std::uint32_t shared = 0;
  };
  static bool before(const pair& left, item_id right) { return left.item < right; }

  void require_user(std::string_view function, user_id user) const {
    if (user.index() >= users()) throw unknown_id(function, "user", std::to_string(user.index()), users());
  }
  void increase(item_id item, item_id other) {
    std::vector<pair>& list = pairs_[item.index()];
    const auto place = std::lower_bound(list.begin(), list.end(), other, before);
    if (place != list.end() && place->item == other) {
      ++place->shared;
    } else {
      list.insert(place, {other, 1});
    }
  }
  void decrease(item_id item, item_id other) {
    std::vector<pair>& list = pairs_[item.index()];
    const auto place = std::lower_bound(list.begin(), list.end(), other, before);
    if (--place->shared == 0) list.erase(place);
  }

  std::vector<std::vector<item_id>> histories_;
  std::vector<std::vector<pair>> pairs_;  // of each item, by the other one
  std::vector<std::uint32_t> users_of_;
};

}  // namespace cf
}  // namespace mmrec::inline v0
