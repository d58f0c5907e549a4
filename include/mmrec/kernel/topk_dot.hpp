// mmrec/kernel/topk_dot.hpp - the items with the largest inner products with a query, exactly.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/aligned.hpp>
#include <mmrec/kernel/cpu_features.hpp>
#include <mmrec/kernel/detail/candidates.hpp>
#include <mmrec/kernel/detail/dot_tiles.hpp>
#include <mmrec/kernel/detail/search_plan.hpp>
#include <mmrec/kernel/listing_filter.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Item vectors laid out for inner products with many queries, and the exact search for the largest of them. The matrix of
/// scores never exists: a tile of it lives in registers, and what does not beat a query's k-th best is dropped there.
///
/// Shapes     items I x K, queries B x K, both row-major
/// Cost       packing O(I K), memory 4 I K bytes (I rounded up to 48); search O(B I K) time, O(B k) memory. One query runs
/// at
///            the speed of reading the items from memory, large batches at the speed of multiplication.
/// Result     exact. An inner product is summed in the order 0..K-1 by fused multiply-adds, whatever the batch, the number
///            of threads and the instruction set (portable code rounds twice instead), so that one query gets the same
///            bits alone and in a batch, from search() and from score().
/// Avoid when only approximate lists are wanted and I is in the millions
/// Example    tests/kernel/topk_dot_test.cpp
class packed_items {
 public:
  packed_items() = default;

  /// Rows of `width` numbers, `stride` apart. A row with a NaN is an item that is never listed.
  /// Throws shape_error if `rows` is too short for them, invalid_config if `width` is 0, limit_error if their
  /// number has more than 64 bits.
  packed_items(std::span<const float> rows, std::size_t items, std::size_t width, std::size_t stride)
      : items_(items), width_(width) {
    constexpr std::string_view function = "kernel::packed_items";
    require_config(width >= 1, function, "width", "must be at least 1");
    const std::uint64_t needed =
        items == 0 ? 0 : checked_add(function, checked_multiply(function, items - 1, stride), width);
    if (rows.size() < needed) throw shape_error(function, "numbers in rows", needed, rows.size());
    // Lanes beyond the last item hold NaN, which no comparison admits: the tiles need no bounds check.
    panels_.assign(checked_multiply(function, panels(), checked_multiply(function, detail::panel_items, width)), no_score);
    for (std::size_t item = 0; item < items; ++item) {
      float* lane = panels_.data() + (item / detail::panel_items) * panel_size() + item % detail::panel_items;
      for (std::size_t factor = 0; factor < width; ++factor)
        lane[factor * detail::panel_items] = rows[item * stride + factor];
    }
  }
  packed_items(std::span<const float> rows, std::size_t items, std::size_t width)
      : packed_items(rows, items, width, width) {}

  std::size_t items() const { return items_; }
  std::size_t width() const { return width_; }

  /// All inner products with one query. No allocation.
  /// Throws shape_error if `query` is not K long or `out` not I long.
  void score(std::span<const float> query, std::span<float> out, simd_level level = best_simd_level()) const {
    require_size("kernel::packed_items::score", "query", width_, query.size());
    require_size("kernel::packed_items::score", "out", items_, out.size());
    alignas(64) float last[detail::panel_items];
    for (std::size_t panel = 0; panel < panels(); ++panel) {
      const std::size_t begin = panel * detail::panel_items;
      const std::size_t count = (std::min)(detail::panel_items, items_ - begin);
      const bool whole = count == detail::panel_items;
      detail::score_panel(panels_.data() + panel * panel_size(), query.data(), width_, whole ? out.data() + begin : last,
                          level);
      if (!whole) std::copy_n(last, count, out.data() + begin);
    }
  }

  /// The memory of a search, reused by the next one.
  class scratch {
    friend class packed_items;
    std::vector<detail::candidates> found;
    std::vector<detail::query_group> groups;
    aligned_vector<float> values, scores;
    aligned_vector<std::uint32_t> items;
    std::vector<std::size_t> asked, again;  // the queries' numbers
    std::vector<float> floors;              // what the lists of `asked` are thought to reach
  };

  /// The k best items of each query, in the order of listed_before, without the items excluded for it.
  ///
  /// Shapes     queries: B x K    excluded: empty, or B lists of items in increasing order
  ///            out: B x k, the list of query b begins at b k    counts: B, the length of each list; it is shorter than k
  ///            only if fewer items have a score that is not NaN and are not excluded
  /// Throws     shape_error if a size does not fit
  template <executor Exec>
  void search(const Exec& exec, std::span<const float> queries, std::size_t k,
              std::span<const std::span<const item_id>> excluded, std::span<scored_item> out, std::span<std::size_t> counts,
              simd_level level = best_simd_level()) const {
    if (excluded.empty()) {
      search_if(
          exec, queries, k, [](std::size_t) { return list_all{}; }, out, counts, level);
    } else {
      require_size("kernel::packed_items::search", "excluded lists", counts.size(), excluded.size());
      search_if(
          exec, queries, k, [&](std::size_t query) { return list_others{excluded[query]}; }, out, counts, level);
    }
  }

  /// The same under a filter of each query's own: filter_of(b) gives a listing_filter. Only the items whose inner product is
  /// high enough for the list are shown to it.
  template <executor Exec, class FilterOf>
  void search_if(const Exec& exec, std::span<const float> queries, std::size_t k, const FilterOf& filter_of,
                 std::span<scored_item> out, std::span<std::size_t> counts, simd_level level = best_simd_level()) const {
    if (!begin_search(queries, k, out, counts)) return;
    detail::search_in_tasks(exec, k, panels(), largest_query_block, out, counts,
                            [&](std::size_t begin, std::size_t end, std::size_t first, std::size_t last, scored_item* lists,
                                std::size_t* lengths) {
                              scratch own;
                              search_block(queries, k, filter_of, begin, end, first, last, lists, lengths, own, level);
                            });
  }

  /// The same on the calling thread, in the caller's memory: no allocation once `own` has served a search of this size.
  template <class FilterOf>
  void search_if(std::span<const float> queries, std::size_t k, const FilterOf& filter_of, std::span<scored_item> out,
                 std::span<std::size_t> counts, scratch& own, simd_level level = best_simd_level()) const {
    if (!begin_search(queries, k, out, counts)) return;
    for (std::size_t begin = 0; begin < counts.size(); begin += largest_query_block) {
      search_block(queries, k, filter_of, begin, (std::min)(counts.size(), begin + largest_query_block), 0, panels(),
                   out.data() + begin * k, counts.data() + begin, own, level);
    }
  }

 private:
  /// Queries that share one pass over the items: enough to pay for reading a panel from memory, few enough to stay in cache.
  static constexpr std::size_t largest_query_block = 128;

  std::size_t panels() const { return (items_ + detail::panel_items - 1) / detail::panel_items; }
  std::size_t panel_size() const { return detail::panel_items * width_; }

  /// Checks the sizes and says whether there is anything to search.
  bool begin_search(std::span<const float> queries, std::size_t k, std::span<scored_item> out,
                    std::span<std::size_t> counts) const {
    constexpr std::string_view function = "kernel::packed_items::search";
    require_size(function, "numbers in queries", checked_multiply(function, counts.size(), width_), queries.size());
    require_size(function, "entries of out", checked_multiply(function, counts.size(), k), out.size());
    std::fill(counts.begin(), counts.end(), std::size_t{0});
    return k != 0 && !counts.empty() && items_ != 0;
  }

  /// Searches a range of queries in a range of panels; `out` and `counts` begin with those of the first query.
  template <class FilterOf>
  void search_block(std::span<const float> queries, std::size_t k, const FilterOf& filter_of, std::size_t begin,
                    std::size_t end, std::size_t first_panel, std::size_t last_panel, scored_item* out, std::size_t* counts,
                    scratch& own, simd_level level) const {
    const std::size_t kept = (std::min)(k, items_), room = detail::candidates_room(detail::candidates_limit(kept, items_));
    own.items.resize((end - begin) * room);
    own.scores.resize((end - begin) * room);
    own.found.resize(end - begin);
    own.asked.resize(end - begin);
    own.again.reserve(end - begin);
    std::iota(own.asked.begin(), own.asked.end(), begin);
    for (std::size_t query = 0; query < end - begin; ++query) {
      own.found[query].items = own.items.data() + query * room;
      own.found[query].scores = own.scores.data() + query * room;
    }
    const float nothing_yet = -std::numeric_limits<float>::infinity();
    own.floors.assign(end - begin, nothing_yet);
    if (detail::sample_pays(kept, (last_panel - first_panel) * detail::panel_items)) {
      const std::size_t rank = detail::sample_rank(kept);
      scan(queries, rank, filter_of, first_panel, last_panel, detail::sample_stride, own, level);
      for (std::size_t index = 0; index < own.asked.size(); ++index) {
        own.floors[index] = detail::keep_best(own.found[index], rank, filter_of(own.asked[index]), level);
      }
    }
    while (!own.asked.empty()) {
      scan(queries, kept, filter_of, first_panel, last_panel, 1, own, level);
      own.again.clear();
      for (std::size_t index = 0; index < own.asked.size(); ++index) {
        const std::size_t query = own.asked[index];
        const float worst = detail::finish(own.found[index], kept, filter_of(query), out + (query - begin) * k, level);
        counts[query - begin] = own.found[index].count;
        if (worst < own.floors[index]) own.again.push_back(query);
      }
      own.asked.swap(own.again);
      own.floors.assign(own.asked.size(), nothing_yet);
    }
  }

  /// Collects candidates for the queries own.asked, from each `stride`-th panel.
  template <class FilterOf>
  void scan(std::span<const float> queries, std::size_t k, const FilterOf& filter_of, std::size_t first_panel,
            std::size_t last_panel, std::size_t stride, scratch& own, simd_level level) const {
    const std::size_t batch = own.asked.size();
    for (std::size_t index = 0; index < batch; ++index) {
      detail::restart(own.found[index], detail::candidates_limit(k, items_), own.floors[index], filter_of(own.asked[index]));
    }
    // Queries in groups whose values of one factor lie side by side.
    const std::size_t widest = detail::widest_query_group(level);
    own.groups.clear();
    own.values.resize(batch * width_);
    for (std::size_t first = 0; first < batch;) {
      std::size_t count = widest;
      while (count > batch - first) count /= 2;
      float* values = own.values.data() + first * width_;
      for (std::size_t member = 0; member < count; ++member) {
        const float* query = queries.data() + own.asked[first + member] * width_;
        for (std::size_t factor = 0; factor < width_; ++factor) values[factor * count + member] = query[factor];
      }
      own.groups.push_back({values, own.found.data() + first, count});
      first += count;
    }
    for (std::size_t panel = first_panel; panel < last_panel; panel += stride) {
      const float* values = panels_.data() + panel * panel_size();
      for (const detail::query_group& group : own.groups) {
        if (!detail::search_panel(values, group, width_, panel * detail::panel_items, level)) continue;
        for (std::size_t member = 0; member < group.count; ++member) {
          detail::candidates& found = group.found[member];
          if (found.count <= found.limit) continue;
          const auto index = static_cast<std::size_t>(&found - own.found.data());
          detail::keep_best(found, k, filter_of(own.asked[index]), level);
        }
      }
    }
  }

  std::size_t items_ = 0;
  std::size_t width_ = 0;
  aligned_vector<float> panels_;
};

}  // namespace kernel
}  // namespace mmrec::inline v0
