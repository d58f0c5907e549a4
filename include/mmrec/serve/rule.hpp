// mmrec/serve/rule.hpp - what may be listed, and how: conditions, caps and boosts that combine into one rule.
#pragma once
#include <cstddef>
#include <span>
#include <utility>

#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {
namespace serve {

/// What a part of a rule is: only conditions can be negated and be alternatives; caps and boosts belong to a whole rule.
enum class part { condition, cap, boost };

/// A part of a rule, or a rule made of parts: a regular value that names columns and holds numbers, and knows no catalogue.
template <class T>
concept rule_part = requires {
  { T::rule_part_kind } -> std::convertible_to<part>;
};
template <class T>
concept condition = rule_part<T> && T::rule_part_kind == part::condition;

/// Everything may be listed.
struct anything {
  static constexpr part rule_part_kind = part::condition;
  friend bool operator==(const anything&, const anything&) = default;
};

/// The item is in the user's history; see unseen.
struct seen {
  static constexpr part rule_part_kind = part::condition;
  friend bool operator==(const seen&, const seen&) = default;
};

/// The item is in a list, in any order. The list must live until the rule has been bound (serve/filter.hpp).
struct allow {
  static constexpr part rule_part_kind = part::condition;
  std::span<const item_id> items;
};

/// The item is not in a list. As allow.
struct deny {
  static constexpr part rule_part_kind = part::condition;
  std::span<const item_id> items;
};

/// The item's value in a column fulfils a predicate; see where().
template <fixed_string Name, class Predicate>
struct attribute_condition {
  static constexpr part rule_part_kind = part::condition;
  Predicate predicate;
  friend bool operator==(const attribute_condition&, const attribute_condition&) = default;
};

/// The item has a value in a column.
template <fixed_string Name>
struct has_value {
  static constexpr part rule_part_kind = part::condition;
  friend bool operator==(const has_value&, const has_value&) = default;
};

/// At most `most` items of one category in a list: items are taken in the order of the list, and one whose category is full
/// is skipped, as if the list of all items had been walked from the top. Items without a category are not capped. 0 leaves
/// out all items that have one.
template <fixed_string Name>
struct cap {
  static constexpr part rule_part_kind = part::cap;
  std::size_t most = 1;
  friend bool operator==(const cap&, const cap&) = default;
};

/// score * factor + addend for the items that fulfil a condition; see boost().
template <condition Condition>
struct conditional_boost {
  static constexpr part rule_part_kind = part::boost;
  Condition condition;
  float factor = 1.0f;
  float addend = 0.0f;
  friend bool operator==(const conditional_boost&, const conditional_boost&) = default;
};

/// The score times the item's value in a numeric column, whose values must be positive. Items without a value keep theirs.
template <fixed_string Name>
struct multiply_by {
  static constexpr part rule_part_kind = part::boost;
  friend bool operator==(const multiply_by&, const multiply_by&) = default;
};

/// The score plus `weight` times the item's value in a numeric column. Items without a value keep theirs.
template <fixed_string Name>
struct add {
  static constexpr part rule_part_kind = part::boost;
  float weight = 1.0f;
  friend bool operator==(const add&, const add&) = default;
};

/// Both parts hold: conditions both, caps and boosts as well. Boosts work in the order in which they are written.
template <rule_part Left, rule_part Right>
struct both {
  static constexpr part rule_part_kind = condition<Left> && condition<Right> ? part::condition
                                         : condition<Left>                   ? Right::rule_part_kind
                                                                             : Left::rule_part_kind;
  Left left;
  Right right;
  friend bool operator==(const both&, const both&) = default;
};

template <condition Left, condition Right>
struct either {
  static constexpr part rule_part_kind = part::condition;
  Left left;
  Right right;
  friend bool operator==(const either&, const either&) = default;
};

template <condition Condition>
struct negation {
  static constexpr part rule_part_kind = part::condition;
  Condition condition;
  friend bool operator==(const negation&, const negation&) = default;
};

/// The item is not in the user's history, as most rules begin.
using unseen = negation<seen>;

/// where<"price">(at_most{20}), where<"brand">(is{"acme"}), where<"age">([](float days) { return days < 30; }).
template <fixed_string Name, class Predicate>
constexpr attribute_condition<Name, Predicate> where(Predicate predicate) {
  return {std::move(predicate)};
}

/// boost(where<"new">(yes{}), 1.5f) multiplies the scores of new items; boost(c, 1.0f, 0.2f) adds. The factor must be
/// positive: a rule that has to turn scores round is another model.
template <class Condition>
constexpr auto boost(Condition condition, float factor, float addend = 0.0f) {
  static_assert(serve::condition<Condition>,
                "mmrec: a boost works where a condition holds: boost(where<\"name\">(...), 1.2f)");
  if constexpr (serve::condition<Condition>) {
    return conditional_boost<Condition>{std::move(condition), factor, addend};
  } else {
    return anything{};
  }
}

// A loose operator with an assertion inside: one mistake is one error, on the line where it was made. Compilers want a
// negation in parentheses beside '&', (!a) & b, lest somebody meant !(a & b).

template <rule_part Left, rule_part Right>
constexpr both<Left, Right> operator&(Left left, Right right) {
  return {std::move(left), std::move(right)};
}

template <rule_part Left, rule_part Right>
constexpr auto operator|(Left left, Right right) {
  static_assert(condition<Left> && condition<Right>,
                "mmrec: only conditions can be alternatives: caps and boosts belong to a whole rule, add them with '&'");
  if constexpr (condition<Left> && condition<Right>) {
    return either<Left, Right>{std::move(left), std::move(right)};
  } else {
    return anything{};
  }
}

template <rule_part Part>
constexpr auto operator!(Part negated) {
  static_assert(condition<Part>, "mmrec: only conditions can be negated: a cap or a boost has no opposite");
  if constexpr (condition<Part>) {
    return negation<Part>{std::move(negated)};
  } else {
    return anything{};
  }
}

}  // namespace serve
}  // namespace mmrec::inline v0
