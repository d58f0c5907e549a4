// mmrec/eval/sampled.hpp - rankings of the relevant items among a few others, as many papers report them.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/eval/metric.hpp>
#include <mmrec/eval/protocol.hpp>

namespace mmrec::inline v0 {
namespace eval {

/// Where the items come from that the relevant ones are ranked among. Items that the user has in any set that the
/// evaluation sees are never drawn, and none twice; where too few are left, all of them are taken.
namespace negatives {

/// Each other item equally likely.
struct uniform {
  std::size_t per_relevant = 100;  ///< for each relevant item of a user, at least 1
  seed key = seed{42};

  std::string describe() const { return std::to_string(per_relevant) + " uniform negatives for each relevant item"; }
  void validate(std::string_view function) const {
    require_config(per_relevant >= 1, function, "negatives.per_relevant", "must be at least 1");
  }
  /// Adds the negatives of a user with that many relevant items; eligible: one flag for each item.
  void draw(user_id user, std::size_t relevant, std::span<const std::uint8_t> eligible, std::span<const std::uint32_t>,
            std::vector<item_id>& out) const {
    std::vector<item_id> pool;
    for (std::size_t item = 0; item < eligible.size(); ++item) {
      if (eligible[item] != 0) pool.push_back(item_id{item});
    }
    random_stream random(key, user.index());
    const std::size_t wanted = (std::min)(pool.size(), per_relevant * relevant);
    for (std::size_t drawn = 0; drawn < wanted; ++drawn) {
      const std::size_t other = drawn + random.below(static_cast<std::uint32_t>(pool.size() - drawn));
      std::swap(pool[drawn], pool[other]);
      out.push_back(pool[drawn]);
    }
  }
  friend bool operator==(const uniform&, const uniform&) = default;
};

/// Each draw in proportion to the training interactions of the items that are left; items without any are never drawn.
/// Reference  Efraimidis, Spirakis, "Weighted random sampling with a reservoir", Information Processing Letters 97, 2006
struct popular {
  std::size_t per_relevant = 100;  ///< for each relevant item of a user, at least 1
  seed key = seed{42};

  std::string describe() const { return std::to_string(per_relevant) + " popular negatives for each relevant item"; }
  void validate(std::string_view function) const {
    require_config(per_relevant >= 1, function, "negatives.per_relevant", "must be at least 1");
  }
  void draw(user_id user, std::size_t relevant, std::span<const std::uint8_t> eligible,
            std::span<const std::uint32_t> train_counts, std::vector<item_id>& out) const {
    std::vector<std::pair<double, std::uint32_t>> keys;  // the largest log(u) / weight are drawn
    random_stream random(key, user.index());
    for (std::size_t item = 0; item < eligible.size(); ++item) {
      if (eligible[item] == 0 || train_counts[item] == 0) continue;
      keys.emplace_back(-std::log1p(-random.uniform()) / static_cast<double>(train_counts[item]),
                        static_cast<std::uint32_t>(item));
    }
    const std::size_t wanted = (std::min)(keys.size(), per_relevant * relevant);
    std::partial_sort(keys.begin(), keys.begin() + static_cast<std::ptrdiff_t>(wanted), keys.end());
    for (std::size_t drawn = 0; drawn < wanted; ++drawn) out.push_back(item_id{std::size_t{keys[drawn].second}});
  }
  friend bool operator==(const popular&, const popular&) = default;
};

/// Lists that somebody else drew, such as the 99 negatives of each user that come with NCF's data. Items of a list that the
/// user has in a set of the evaluation are left out.
struct given {
  std::string name;                                                       ///< whose lists
  std::shared_ptr<const std::vector<std::vector<item_id>>> of_user = {};  ///< U lists, in any order

  std::string describe() const { return "negatives of " + name; }
  void validate(std::string_view function) const {
    require_config(of_user != nullptr, function, "negatives.of_user", "must not be null");
  }
  /// Throws unknown_id.
  void draw(user_id user, std::size_t, std::span<const std::uint8_t> eligible, std::span<const std::uint32_t>,
            std::vector<item_id>& out) const {
    constexpr std::string_view function = "eval::negatives::given";
    if (user.index() >= of_user->size()) throw unknown_id(function, "user", std::to_string(user.index()), of_user->size());
    std::vector<item_id> list = (*of_user)[user.index()];
    std::sort(list.begin(), list.end());
    list.erase(std::unique(list.begin(), list.end()), list.end());
    for (const item_id item : list) {
      if (item.index() >= eligible.size()) throw unknown_id(function, "item", std::to_string(item.index()), eligible.size());
      if (eligible[item.index()] != 0) out.push_back(item);
    }
  }
  friend bool operator==(const given& left, const given& right) {
    const bool both = left.of_user != nullptr && right.of_user != nullptr;
    return left.name == right.name && (left.of_user == right.of_user || (both && *left.of_user == *right.of_user));
  }
};

}  // namespace negatives

/// Ranks each user's relevant items among a few others only. This flatters, and it can turn the order of two models round:
/// the numbers estimate no metric of the full ranking. Use it to set a number beside that of a paper that did so, never to
/// choose a model. The values do not compare with those of eval::ranking: that does not compile.
///
/// Cost       as eval::ranking, and O(I) for each user to draw
/// Result     the drawn items depend on the key, the user's id and the sets given: the same for every model
/// Throws     invalid_config; unknown_id for lists that do not fit; otherwise as evaluate
/// Avoid when no paper has to be matched
/// Example    eval::sampled_ranking_for_comparison_with_papers<eval::negatives::uniform, eval::mask::train>{
///                .negatives = {.per_relevant = 100}}
/// Reference  Krichene, Rendle, "On sampled metrics for item recommendation", CACM 65(7), 2022: "sampled metrics ... are
///            inconsistent"; Canamares, Castells, "On target item sampling in offline recommender system evaluation", RecSys 2020
template <class Negatives, class Mask>
struct sampled_ranking_for_comparison_with_papers {
  using candidates_type = candidates::catalogue;
  using mask_type = Mask;
  using targets_type = targets::all_items;
  static constexpr bool sampled = true;

  eval::metrics metrics = {};
  eval::relevance relevance = {};
  Negatives negatives = {};

  /// For captions and reports; without the cut-offs.
  std::string describe() const {
    return "SAMPLED, not comparable with full rankings: " + negatives.describe() + ", " + std::string(Mask::name) +
           ", equal scores by item id" + relevance.describe();
  }

  friend bool operator==(const sampled_ranking_for_comparison_with_papers&,
                         const sampled_ranking_for_comparison_with_papers&) = default;
};

}  // namespace eval
}  // namespace mmrec::inline v0
