// mmrec/serve/detail/bound_rule.hpp - parts of a rule that know the catalogue they judge.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/fixed_string.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/serve/attributes.hpp>
#include <mmrec/serve/rule.hpp>

namespace mmrec::inline v0 {
namespace serve::detail {

using history_items = std::span<const item_id>;

// What every bound part offers; a part overrides what it is about.
struct bound_part {
  static constexpr bool adjusts = false;
  static constexpr std::size_t caps = 0;
  bool admits(item_id, history_items) const { return true; }
  float adjust(item_id, float score, history_items) const { return score; }
  float least_score(float listed) const { return listed; }
  /// Calls visit(number of groups, group of an item, most) for each cap.
  template <class Visit>
  void each_cap(Visit&&) const {}
};

/// A set of items, one bit each.
class item_bits {
 public:
  void assign(std::span<const item_id> list, std::size_t items) {
    words_.assign((items + 63) / 64, 0);
    for (const item_id item : list) {
      if (item.index() >= items) throw unknown_id("serve::filter", "item", std::to_string(item.index()), items);
      words_[item.index() / 64] |= std::uint64_t{1} << (item.index() % 64);
    }
  }
  bool contains(item_id item) const { return ((words_[item.index() / 64] >> (item.index() % 64)) & 1) != 0; }

 private:
  std::vector<std::uint64_t> words_;
};

/// A lower bound of the scores s for which fl(fl(s * factor) + addend) can reach `listed`; factor > 0. Rounding is allowed
/// for generously: a bound that is a little low costs nothing but a look at an item more.
inline float least_before(float listed, float factor, float addend) {
  const double reach = listed, scale = factor, offset = addend;
  constexpr double slack = 1e-6, huge = 1e37;
  const double low = (reach - offset) / scale;
  const double bound = low - slack * (std::abs(reach) + std::abs(offset)) / scale - 1e-37 / scale;
  // Where a product may overflow, nothing is left out. NaN ends here as well.
  if (!(std::abs(reach) < huge && std::abs(bound) < huge && std::abs(bound) * scale < huge)) {
    return -std::numeric_limits<float>::infinity();
  }
  return static_cast<float>(bound - slack * std::abs(bound));
}

template <class Part, class Table>
struct bound;

template <class Table>
struct bound<anything, Table> : bound_part {
  void bind(const anything&, const Table&) {}
};

template <class Table>
struct bound<seen, Table> : bound_part {
  void bind(const seen&, const Table&) {}
  bool admits(item_id item, history_items history) const { return std::binary_search(history.begin(), history.end(), item); }
};

template <class Table>
struct bound<allow, Table> : bound_part {
  void bind(const allow& part, const Table& table) { allowed.assign(part.items, table.items()); }
  bool admits(item_id item, history_items) const { return allowed.contains(item); }
  item_bits allowed;
};

template <class Table>
struct bound<deny, Table> : bound_part {
  void bind(const deny& part, const Table& table) { denied.assign(part.items, table.items()); }
  bool admits(item_id item, history_items) const { return !denied.contains(item); }
  item_bits denied;
};

template <class Column>
inline constexpr bool is_numeric = std::is_same_v<typename Column::value_type, float>;

template <class Table, fixed_string Name>
using column_of = std::remove_cvref_t<decltype(std::declval<const Table&>().template get<Name>())>;

/// Predicates of numbers are asked item by item, those of categories once for each name.
template <fixed_string Name, class Predicate, class Table>
struct bound<attribute_condition<Name, Predicate>, Table> : bound_part {
  using column_type = column_of<Table, Name>;
  static constexpr bool fits = std::is_invocable_r_v<bool, const Predicate&, typename column_type::value_type>;
  static_assert(fits,
                "mmrec: this predicate does not take the column's values: numeric columns hold float, categorical ones "
                "string_view");

  void bind(const attribute_condition<Name, Predicate>& part, const Table& table) {
    column = &table.template get<Name>();
    if constexpr (fits && is_numeric<column_type>) {
      predicate.assign(1, part.predicate);
    } else if constexpr (fits) {
      fulfilled.resize(column->codes());
      for (std::uint32_t code = 0; code < fulfilled.size(); ++code) {
        fulfilled[code] = static_cast<std::uint8_t>(part.predicate(column->name_of(code)));
      }
    }
  }
  bool admits([[maybe_unused]] item_id item, history_items) const {
    if constexpr (!fits) {
      return false;
    } else if constexpr (is_numeric<column_type>) {
      return column->has(item) && predicate.front()((*column)[item]);
    } else {
      return column->has(item) && fulfilled[column->code(item)] != 0;
    }
  }
  const column_type* column = nullptr;
  std::vector<Predicate> predicate;  // none or one: a lambda can be copied, but not assigned
  std::vector<std::uint8_t> fulfilled;
};

template <fixed_string Name, class Table>
struct bound<has_value<Name>, Table> : bound_part {
  void bind(const has_value<Name>&, const Table& table) { column = &table.template get<Name>(); }
  bool admits(item_id item, history_items) const { return column->has(item); }
  const column_of<Table, Name>* column = nullptr;
};

template <fixed_string Name, class Table>
struct bound<cap<Name>, Table> : bound_part {
  static_assert(!is_numeric<column_of<Table, Name>>, "mmrec: a cap counts the items of a category: the column is numeric");
  static constexpr std::size_t caps = 1;
  void bind(const cap<Name>& part, const Table& table) {
    column = &table.template get<Name>();
    most = part.most;
  }
  template <class Visit>
  void each_cap(Visit&& visit) const {
    visit(*column, most);
  }
  const column_of<Table, Name>* column = nullptr;
  std::size_t most = 0;
};

inline void require_boost(std::string_view what, float factor, float addend) {
  require_config(std::isfinite(factor) && factor > 0.0f, "serve::filter", what, "must have a positive, finite factor");
  require_config(std::isfinite(addend), "serve::filter", what, "must have a finite addend");
}

template <class Condition, class Table>
struct bound<conditional_boost<Condition>, Table> : bound_part {
  static constexpr bool adjusts = true;
  void bind(const conditional_boost<Condition>& part, const Table& table) {
    require_boost("boost", part.factor, part.addend);
    condition.bind(part.condition, table);
    factor = part.factor;
    addend = part.addend;
  }
  float adjust(item_id item, float score, history_items history) const {
    return condition.admits(item, history) ? score * factor + addend : score;
  }
  float least_score(float listed) const { return (std::min)(listed, least_before(listed, factor, addend)); }
  bound<Condition, Table> condition;
  float factor = 1.0f;
  float addend = 0.0f;
};

template <fixed_string Name, class Table>
struct bound<multiply_by<Name>, Table> : bound_part {
  static_assert(is_numeric<column_of<Table, Name>>, "mmrec: scores can be multiplied by a numeric column only");
  static constexpr bool adjusts = true;
  void bind(const multiply_by<Name>&, const Table& table) {
    column = &table.template get<Name>();
    const std::string what = "multiply_by<\"" + std::string(Name.view()) + "\">";
    least = (std::min)(1.0f, column->least());
    largest = (std::max)(1.0f, column->largest());
    require_boost(what, least, 0.0f);
    require_boost(what, largest, 0.0f);
  }
  float adjust(item_id item, float score, history_items) const {
    return column->has(item) ? score * (*column)[item] : score;
  }
  float least_score(float listed) const {
    return (std::min)(least_before(listed, least, 0.0f), least_before(listed, largest, 0.0f));
  }
  const column_of<Table, Name>* column = nullptr;
  float least = 1.0f;
  float largest = 1.0f;
};

template <fixed_string Name, class Table>
struct bound<add<Name>, Table> : bound_part {
  static_assert(is_numeric<column_of<Table, Name>>, "mmrec: only a numeric column can be added to scores");
  static constexpr bool adjusts = true;
  void bind(const add<Name>& part, const Table& table) {
    column = &table.template get<Name>();
    weight = part.weight;
    const bool none = column->least() > column->largest();
    const float one = none ? 0.0f : weight * column->least(), other = none ? 0.0f : weight * column->largest();
    largest = (std::max)(0.0f, (std::max)(one, other));
    const std::string what = "add<\"" + std::string(Name.view()) + "\">";
    require_boost(what, 1.0f, one);
    require_boost(what, 1.0f, other);
  }
  float adjust(item_id item, float score, history_items) const {
    return column->has(item) ? score + weight * (*column)[item] : score;
  }
  float least_score(float listed) const { return least_before(listed, 1.0f, largest); }
  const column_of<Table, Name>* column = nullptr;
  float weight = 1.0f;
  float largest = 0.0f;
};

template <class Left, class Right, class Table>
struct bound<both<Left, Right>, Table> {
  static constexpr bool adjusts = bound<Left, Table>::adjusts || bound<Right, Table>::adjusts;
  static constexpr std::size_t caps = bound<Left, Table>::caps + bound<Right, Table>::caps;
  void bind(const both<Left, Right>& part, const Table& table) {
    left.bind(part.left, table);
    right.bind(part.right, table);
  }
  bool admits(item_id item, history_items history) const {
    return left.admits(item, history) && right.admits(item, history);
  }
  float adjust(item_id item, float score, history_items history) const {
    return right.adjust(item, left.adjust(item, score, history), history);
  }
  float least_score(float listed) const { return left.least_score(right.least_score(listed)); }
  template <class Visit>
  void each_cap(Visit&& visit) const {
    left.each_cap(visit);
    right.each_cap(visit);
  }
  bound<Left, Table> left;
  bound<Right, Table> right;
};

template <class Left, class Right, class Table>
struct bound<either<Left, Right>, Table> : bound_part {
  void bind(const either<Left, Right>& part, const Table& table) {
    left.bind(part.left, table);
    right.bind(part.right, table);
  }
  bool admits(item_id item, history_items history) const {
    return left.admits(item, history) || right.admits(item, history);
  }
  bound<Left, Table> left;
  bound<Right, Table> right;
};

template <class Condition, class Table>
struct bound<negation<Condition>, Table> : bound_part {
  void bind(const negation<Condition>& part, const Table& table) { condition.bind(part.condition, table); }
  bool admits(item_id item, history_items history) const { return !condition.admits(item, history); }
  bound<Condition, Table> condition;
};

}  // namespace serve::detail
}  // namespace mmrec::inline v0
