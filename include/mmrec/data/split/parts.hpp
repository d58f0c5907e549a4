// mmrec/data/split/parts.hpp - the parts of a split data set, as types that cannot be taken for one another.
#pragma once
#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace split {

/// What a part is for.
namespace role {
struct train {
  static constexpr std::string_view name = "train";
};
struct validation {
  static constexpr std::string_view name = "validation";
};
struct test {
  static constexpr std::string_view name = "test";
};
}  // namespace role

/// Interactions that serve one purpose in one kind of split. A function that tunes takes a train_set<S> and a
/// validation_set<S>, and can then not be given test data: that does not compile.
template <class Role, class Split>
class part {
 public:
  using role_type = Role;
  using split_type = Split;

  part(Split rule, data::interactions content) : rule_(std::move(rule)), content_(std::move(content)) {}

  /// How the split was made.
  const Split& rule() const { return rule_; }
  const data::interactions& interactions() const { return content_; }
  std::size_t size() const { return content_.size(); }

  /// Only a training set turns into plain interactions by itself, so that no model is fitted on the others by accident.
  operator const data::interactions&() const  // NOLINT: implicit on purpose
      requires std::same_as<Role, role::train> {
    return content_;
  }

 private:
  Split rule_;
  data::interactions content_;
};

template <class Split>
using train_set = part<role::train, Split>;
template <class Split>
using validation_set = part<role::validation, Split>;
template <class Split>
using test_set = part<role::test, Split>;

/// The interactions of both sets. They must not share a pair; they share their id maps.
template <class Split>
data::interactions merged(const train_set<Split>& train, const validation_set<Split>& validation) {
  std::vector<data::interaction> events = train.interactions().events();
  const std::vector<data::interaction> more = validation.interactions().events();
  events.insert(events.end(), more.begin(), more.end());
  return {train.interactions().user_keys(), train.interactions().item_keys(), std::move(events)};
}

/// A data set in three parts that share the id maps. Each interaction is in at most one part.
template <class Split>
struct parts {
  train_set<Split> train;
  validation_set<Split> validation;
  test_set<Split> test;

  /// What the final model is fitted on, once everything has been chosen on the validation set.
  data::interactions train_and_validation() const { return merged(train, validation); }
};

/// Held-out interactions that are older than something the model was trained on.
struct leak_report {
  std::size_t within_user = 0;  ///< older than the same user's last training interaction
  std::size_t global = 0;       ///< older than the last training interaction of anybody
  friend bool operator==(const leak_report&, const leak_report&) = default;
};

/// Counts what a model trained on `train` learned from the future of `held_out`. A split by global time has neither kind,
/// one by each user's order has none within users, a random one has both.
template <class Role, class Split>
leak_report time_leaks(const train_set<Split>& train, const part<Role, Split>& held_out) {
  const data::interactions& past = train.interactions();
  const data::interactions& future = held_out.interactions();
  require_size("split::time_leaks", "users", past.users(), future.users());
  leak_report report;
  if (past.size() == 0) return report;
  const std::int64_t last_of_all = *std::max_element(past.time_array().begin(), past.time_array().end());
  for (std::size_t index = 0; index < past.users(); ++index) {
    const user_id user{index};
    const auto own = past.times(user);
    const auto last_own = std::max_element(own.begin(), own.end());
    for (const std::int64_t time : future.times(user)) {
      report.within_user += last_own != own.end() && time < *last_own ? 1 : 0;
      report.global += time < last_of_all ? 1 : 0;
    }
  }
  return report;
}

/// Throws data_error if any of the held-out interactions is older than something the model was trained on.
template <class Role, class Split>
void require_no_time_leaks(const train_set<Split>& train, const part<Role, Split>& held_out) {
  const leak_report leaks = time_leaks(train, held_out);
  if (leaks.global == 0) return;
  throw data_error("split::require_no_time_leaks",
                   std::to_string(leaks.global) + " of " + std::to_string(held_out.size()) + " interactions of the " +
                       std::string(Role::name) + " set are older than the last one of the train set, " +
                       std::to_string(leaks.within_user) + " of them older than the same user's last one");
}

namespace detail {

enum class label : std::uint8_t { train, validation, test };

/// Makes the parts from one label for each interaction, in the order of the arrays of `all`.
template <class Split>
parts<Split> distribute(const Split& rule, const data::interactions& all, const std::vector<label>& labels) {
  std::vector<data::interaction> events[3];
  for (std::size_t user = 0; user < all.users(); ++user) {
    for (std::size_t entry = all.starts()[user]; entry < all.starts()[user + 1]; ++entry) {
      events[static_cast<std::size_t>(labels[entry])].push_back(
          {user_id{user}, all.item_array()[entry], all.value_array()[entry], all.time_array()[entry]});
    }
  }
  const auto make = [&](label which) {
    return data::interactions(all.user_keys(), all.item_keys(), std::move(events[static_cast<std::size_t>(which)]));
  };
  return {train_set<Split>(rule, make(label::train)), validation_set<Split>(rule, make(label::validation)),
          test_set<Split>(rule, make(label::test))};
}

/// Calls choose(user, entries) with the positions of each user's interactions, oldest first, equal times by item id.
template <class Choose>
void for_each_user_by_time(const data::interactions& all, Choose&& choose) {
  std::vector<std::size_t> entries;
  for (std::size_t user = 0; user < all.users(); ++user) {
    entries.clear();
    for (std::size_t entry = all.starts()[user]; entry < all.starts()[user + 1]; ++entry) entries.push_back(entry);
    // Entries stand by item id already: a stable sort by time leaves equal times in that order.
    std::stable_sort(entries.begin(), entries.end(),
                     [&](std::size_t left, std::size_t right) { return all.time_array()[left] < all.time_array()[right]; });
    choose(user_id{user}, entries);
  }
}

/// Marks the last `test` of the entries as test and the `validation` ones before them; both are cut to what there is.
inline void label_tail(const std::vector<std::size_t>& entries, std::size_t validation, std::size_t test,
                       std::vector<label>& labels) {
  const std::size_t test_begin = entries.size() - (std::min)(test, entries.size());
  const std::size_t validation_begin = test_begin - (std::min)(validation, test_begin);
  for (std::size_t place = validation_begin; place < entries.size(); ++place) {
    labels[entries[place]] = place < test_begin ? label::validation : label::test;
  }
}

/// Refuses data without times: a split by time would silently become one by item id.
inline void require_times(std::string_view function, const data::interactions& all) {
  const auto times = all.time_array();
  const bool constant = std::all_of(times.begin(), times.end(), [&](std::int64_t time) { return time == times.front(); });
  if (times.size() > 1 && constant) {
    throw data_error(function, "all interactions have the same time; use split::user_random for data without times");
  }
}

/// Refuses to hold out everything: shares of a few interactions round up to that.
inline void require_training(std::string_view function, const std::vector<label>& labels) {
  if (labels.empty() || std::find(labels.begin(), labels.end(), label::train) != labels.end()) return;
  throw data_error(function,
                   "all " + std::to_string(labels.size()) + " interactions would be held out, and none left to train on");
}

inline void require_shares(std::string_view function, double validation, double test) {
  require_config(validation >= 0.0 && validation < 1.0, function, "validation", "must be at least 0 and less than 1");
  require_config(test >= 0.0 && test < 1.0, function, "test", "must be at least 0 and less than 1");
  require_config(validation + test > 0.0, function, "validation + test", "must be more than 0");
  require_config(validation + test < 1.0, function, "validation + test", "must be less than 1");
}

}  // namespace detail
}  // namespace split
}  // namespace mmrec::inline v0
