// mmrec/cf/detail/histories.hpp - what recommenders keep of their training data, and the checks that they share.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// The training histories of all users, without times: 8 bytes a pair, 8 a user.
class user_histories {
 public:
  explicit user_histories(const data::interactions& log)
      : starts_(log.starts().begin(), log.starts().end()),
        items_(log.item_array().begin(), log.item_array().end()),
        values_(log.value_array().begin(), log.value_array().end()) {}

  /// From its parts: user u has the entries starts[u] .. starts[u + 1] - 1 of the others.
  user_histories(std::vector<std::size_t> starts, std::vector<item_id> items, std::vector<float> values)
      : starts_(std::move(starts)), items_(std::move(items)), values_(std::move(values)) {}

  /// The bytes of the histories of a log.
  static std::uint64_t bytes(const data::interactions& log) {
    return 8 * (std::uint64_t{log.users()} + 1) + 8 * std::uint64_t{log.size()};
  }

  std::size_t users() const { return starts_.size() - 1; }

  /// Throws unknown_id.
  history_view of(std::string_view function, user_id user) const {
    if (user.index() >= users()) throw unknown_id(function, "user", std::to_string(user.index()), users());
    const std::size_t begin = starts_[user.index()];
    const std::size_t count = starts_[user.index() + 1] - begin;
    return {std::span(items_).subspan(begin, count), std::span(values_).subspan(begin, count)};
  }

 private:
  std::vector<std::size_t> starts_;
  std::vector<item_id> items_;
  std::vector<float> values_;
};

/// Throws unknown_id for an item outside 0..items-1.
inline void require_item(std::string_view function, item_id item, std::size_t items) {
  if (item.index() >= items) throw unknown_id(function, "item", std::to_string(item.index()), items);
}

/// Throws shape_error or unknown_id for a history that does not fit the catalogue; where its values count, data_error for
/// one that is not finite: the interactions of a fit cannot hold such a value, a caller's history can.
inline void require_history(std::string_view function, const history_view& history, std::size_t items,
                            bool values_count = false) {
  require_size(function, "values of the history", history.items.size(), history.values.size());
  for (const item_id item : history.items) require_item(function, item, items);
  if (!values_count) return;
  for (const float value : history.values) {
    if (!std::isfinite(value)) throw data_error(function, "a value of the history is not finite");
  }
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
