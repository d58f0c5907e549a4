// mmrec/data/split/given.hpp - a split that the data set brings along.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/split/parts.hpp>

namespace mmrec::inline v0 {
namespace split {

/// Takes parts that somebody else made, such as a published benchmark's.
///
/// Throws     shape_error if the numbers of users or items differ; data_error if the id maps differ or a (user, item) pair is
///            in two parts
/// Example    const auto parts = split::given{.name = "u1"}(base, none, test);
struct given {
  std::string name;  ///< whose split it is: results of different names do not compare

  parts<given> operator()(data::interactions train, data::interactions validation, data::interactions test) const {
    require_apart(train, validation, "train and validation");
    require_apart(train, test, "train and test");
    require_apart(validation, test, "validation and test");
    return {train_set<given>(*this, std::move(train)), validation_set<given>(*this, std::move(validation)),
            test_set<given>(*this, std::move(test))};
  }

  /// For captions and reports.
  std::string describe() const { return "given(" + name + ')'; }

  friend bool operator==(const given&, const given&) = default;

 private:
  static void require_apart(const data::interactions& left, const data::interactions& right, std::string_view which) {
    constexpr std::string_view function = "split::given";
    require_size(function, "users of " + std::string(which), left.users(), right.users());
    require_size(function, "items of " + std::string(which), left.items(), right.items());
    const bool same_users = left.user_keys() == right.user_keys() || *left.user_keys() == *right.user_keys();
    const bool same_items = left.item_keys() == right.item_keys() || *left.item_keys() == *right.item_keys();
    if (!same_users || !same_items) throw data_error(function, "the id maps of " + std::string(which) + " differ");
    for (std::size_t index = 0; index < left.users(); ++index) {
      const auto held = right.history(user_id{index}).items;
      for (const item_id item : left.history(user_id{index}).items) {
        if (!std::binary_search(held.begin(), held.end(), item)) continue;
        throw data_error(function, "user \"" + left.user_keys()->key(user_id{index}) + "\", item \"" +
                                       left.item_keys()->key(item) + "\" is in both " + std::string(which));
      }
    }
  }
};

}  // namespace split
}  // namespace mmrec::inline v0
