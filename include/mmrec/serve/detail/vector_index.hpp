// mmrec/serve/detail/vector_index.hpp - an index of item vectors over one of the exact searches of kernel/.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/listing_filter.hpp>
#include <mmrec/serve/detail/capped.hpp>
#include <mmrec/serve/filter.hpp>
#include <mmrec/serve/lists.hpp>
#include <mmrec/serve/metric.hpp>

namespace mmrec::inline v0 {
namespace serve::detail {

/// The rows of a matrix as an index holds them.
inline std::vector<float> index_rows(const matrix_view<float>& rows, metric how) {
  const auto width = static_cast<std::size_t>(rows.cols());
  std::vector<float> values(static_cast<std::size_t>(rows.rows()) * width);
  for (Eigen::Index row = 0; row < rows.rows(); ++row) {
    write_vector(row_of(rows, row), how, values.data() + static_cast<std::size_t>(row) * width);
  }
  return values;
}

/// Items is kernel::packed_items or kernel::quantized_items. See serve/exact_index.hpp for what the members promise.
template <class Items>
class vector_index {
 public:
  explicit vector_index(const matrix_view<float>& rows, metric how = metric::inner_product)
      : how_(how),
        items_(index_rows(rows, how), static_cast<std::size_t>(rows.rows()), static_cast<std::size_t>(rows.cols())) {}

  std::size_t items() const { return items_.items(); }
  std::size_t width() const { return items_.width(); }
  metric compared_by() const { return how_; }

  /// Scratch memory of one thread; sized by the first search, no allocation afterwards.
  struct workspace {
    typename Items::scratch search;
    capped_workspace capped;
    std::vector<float> query;
    std::vector<scored_item> list;
  };

  std::span<const scored_item> search(std::span<const float> query, std::size_t k, workspace& scratch) const {
    prepare(query, k, scratch);
    const std::size_t found = one(scratch.query, (std::min)(k, items()), kernel::list_all{}, scratch.list, scratch);
    return std::span<const scored_item>(scratch.list).first(found);
  }

  template <class Rule, class Table>
  std::span<const scored_item> search(std::span<const float> query, std::size_t k, const filter<Rule, Table>& filter,
                                      std::span<const item_id> history, workspace& scratch) const {
    require_size("serve::index::search", "items of the filter", items(), filter.items());
    prepare(query, k, scratch);
    const std::size_t found = capped(scratch.query, (std::min)(k, items()), filter, history, scratch.list, scratch);
    return std::span<const scored_item>(scratch.list).first(found);
  }

  template <executor Exec>
  batch_lists search(const Exec& exec, const matrix_view<float>& queries, std::size_t k) const {
    require_width(queries);
    const std::size_t wanted = (std::min)(k, items());
    batch_lists lists(static_cast<std::size_t>(queries.rows()), wanted);
    items_.search_if(
        exec, index_rows(queries, how_), wanted, [](std::size_t) { return kernel::list_all{}; }, lists.entries(),
        lists.counts());
    return lists;
  }

  template <executor Exec, class Rule, class Table>
  batch_lists search(const Exec& exec, const matrix_view<float>& queries, std::size_t k, const filter<Rule, Table>& filter,
                     std::span<const std::span<const item_id>> histories) const {
    constexpr std::string_view function = "serve::index::search";
    require_width(queries);
    require_size(function, "items of the filter", items(), filter.items());
    const auto batch = static_cast<std::size_t>(queries.rows());
    if (!histories.empty()) require_size(function, "histories", batch, histories.size());
    const auto history_of = [&](std::size_t query) {
      return histories.empty() ? std::span<const item_id>{} : histories[query];
    };
    const std::vector<float> values = index_rows(queries, how_);
    const std::size_t wanted = (std::min)(k, items());
    batch_lists lists(batch, wanted);
    const auto view_of = [&](std::size_t query) { return filter.of(history_of(query)); };
    if constexpr (!serve::filter<Rule, Table>::has_caps) {
      items_.search_if(exec, values, wanted, view_of, lists.entries(), lists.counts());
    } else {
      // All queries together as deep as is mostly enough; those for which it is not go on by themselves.
      const std::size_t depth = first_depth(wanted, items());
      batch_lists deep(batch, depth);
      items_.search_if(exec, values, depth, view_of, deep.entries(), deep.counts());
      constexpr std::size_t queries_per_task = 16;
      for_ranges(exec, batch, queries_per_task, [&](std::size_t begin, std::size_t end) {
        workspace scratch;
        for (std::size_t query = begin; query < end; ++query) {
          const auto list = deep[query];
          std::size_t& listed = lists.counts()[query];
          listed = filter.walk(list, wanted, lists.room(query), scratch.capped.counters);
          if (listed == wanted || list.size() < depth || depth == items()) continue;
          listed = capped(std::span(values).subspan(query * width(), width()), wanted, filter, history_of(query),
                          lists.room(query), scratch);
        }
      });
    }
    return lists;
  }

 private:
  void require_width(const matrix_view<float>& queries) const {
    require_size("serve::index::search", "width of the queries", width(), static_cast<std::size_t>(queries.cols()));
  }
  void prepare(std::span<const float> query, std::size_t k, workspace& scratch) const {
    require_size("serve::index::search", "query", width(), query.size());
    scratch.query.resize(width());
    write_vector(query, how_, scratch.query.data());
    scratch.list.resize((std::min)(k, items()));
  }
  template <class View>
  std::size_t one(std::span<const float> query, std::size_t k, const View& view, std::span<scored_item> out,
                  workspace& scratch) const {
    std::size_t count = 0;
    items_.search_if(
        query, k, [&](std::size_t) { return view; }, out, std::span(&count, 1), scratch.search);
    return count;
  }
  template <class Filter>
  std::size_t capped(std::span<const float> query, std::size_t wanted, const Filter& filter,
                     std::span<const item_id> history, std::span<scored_item> out, workspace& scratch) const {
    const auto view = filter.of(history);
    return capped_list(filter, items(), wanted, out, scratch.capped, [&](std::size_t depth, std::span<scored_item> list) {
      return one(query, depth, view, list.first(depth), scratch);
    });
  }

  metric how_;
  Items items_;
};

}  // namespace serve::detail
}  // namespace mmrec::inline v0
