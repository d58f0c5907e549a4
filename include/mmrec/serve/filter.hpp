// mmrec/serve/filter.hpp - a rule bound to a catalogue, ready to work inside a search.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/serve/attributes.hpp>
#include <mmrec/serve/detail/bound_rule.hpp>
#include <mmrec/serve/rule.hpp>

namespace mmrec::inline v0 {
namespace serve {

/// A rule and the attributes it asks about, checked against each other by the compiler. Searches inline it: an item is
/// judged when its score is high enough for the list, and not otherwise.
///
///   const serve::item_attributes about(items, serve::numeric<"price">(prices), serve::categorical<"brand">(brands));
///   const serve::filter filter(serve::unseen{} & serve::where<"price">(serve::at_most{20}) & serve::cap<"brand">{2}, about);
///
/// Semantics  the list is made as if all items were scored, boosted and sorted by listed_before (score, then lower id), and
///            then walked from the top: an item that breaks a condition, or whose category has been listed as often as its
///            cap allows, is skipped, until k items are listed. So there are k whenever k exist.
/// Cost       binding: O(I / 64) for each list of items, O(distinct names) for each condition on a category, else O(1);
///            memory as much
/// Throws     unknown_id for a listed item beyond the catalogue; invalid_config for a boost that is not finite or whose
///            factor is not positive
/// Threads    const: shared by any number of threads. The attributes are referred to, not copied.
/// Example    tests/serve/filter_test.cpp
template <rule_part Rule, class Table>
class filter {
 public:
  filter(const Rule& rule, const Table& table) : table_(&table) { bind(rule); }
  filter(const Rule&, Table&&) = delete;  // the attributes have to outlive the filter

  /// Takes another rule of the same form, say of another request; memory is kept. Where it throws, nothing changes.
  void bind(const Rule& rule) {
    spare_.bind(rule, *table_);
    std::swap(rule_, spare_);
  }

  std::size_t items() const { return table_->items(); }
  static constexpr bool has_caps = detail::bound<Rule, Table>::caps > 0;

  /// The filter for one user: a kernel::listing_filter. The history is in increasing order, as everywhere.
  class view {
   public:
    static constexpr bool adjusts = detail::bound<Rule, Table>::adjusts;
    view(const filter& owner, std::span<const item_id> history) : owner_(&owner), history_(history) {}
    bool admits(item_id item) const { return owner_->rule_.admits(item, history_); }
    float adjust(item_id item, float score) const { return owner_->rule_.adjust(item, score, history_); }
    float least_score(float listed) const { return owner_->rule_.least_score(listed); }

   private:
    const filter* owner_;
    std::span<const item_id> history_;
  };
  view of(std::span<const item_id> history) const { return {*this, history}; }

  /// Walks a list from the top and copies the entries that the caps leave, at most k; `counters` is scratch. Returns their
  /// number. `out` may be the list itself.
  std::size_t walk(std::span<const scored_item> list, std::size_t k, std::span<scored_item> out,
                   std::vector<std::uint32_t>& counters) const {
    std::size_t groups = 0;
    rule_.each_cap([&](const auto& column, std::size_t) { groups += column.codes(); });
    counters.assign(groups, 0);
    std::size_t listed = 0;
    for (std::size_t index = 0; index < list.size() && listed < k; ++index) {
      const scored_item entry = list[index];
      bool full = false;
      std::size_t first = 0;
      rule_.each_cap([&](const auto& column, std::size_t most) {
        if (column.has(entry.item)) full |= counters[first + column.code(entry.item)] >= most;
        first += column.codes();
      });
      if (full) continue;
      first = 0;
      rule_.each_cap([&](const auto& column, std::size_t) {
        if (column.has(entry.item)) ++counters[first + column.code(entry.item)];
        first += column.codes();
      });
      out[listed++] = entry;
    }
    return listed;
  }

 private:
  const Table* table_;
  detail::bound<Rule, Table> rule_;
  detail::bound<Rule, Table> spare_;  // what was bound before, whose memory the next one takes
};

}  // namespace serve
}  // namespace mmrec::inline v0
