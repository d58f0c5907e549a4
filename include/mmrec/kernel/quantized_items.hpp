// mmrec/kernel/quantized_items.hpp - the exact search of topk_dot.hpp, with a first pass over bytes.
#pragma once
#include <algorithm>
#include <cmath>
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
#include <mmrec/kernel/detail/bounded_candidates.hpp>
#include <mmrec/kernel/detail/candidates.hpp>
#include <mmrec/kernel/detail/int8_queries.hpp>
#include <mmrec/kernel/detail/search_plan.hpp>
#include <mmrec/kernel/int8_dot.hpp>
#include <mmrec/kernel/int8_level.hpp>
#include <mmrec/kernel/listing_filter.hpp>
#include <mmrec/kernel/ordered_dot.hpp>

namespace mmrec::inline v0 {
namespace kernel {

/// Item vectors as bytes and as floats. A search multiplies bytes, knows from that between which bounds each score lies, and
/// computes the few scores that may be listed exactly: its lists are those of packed_items, bit for bit.
///
/// The bound    x = s c + e, q = t d + r with bytes c, d:  |<x,q> - s t <c,d>| <= |e| |q| + |s c| |r|, plus the rounding of the
///              float32 sum, at most K 2^-24 |x| |q|. The norms of e and r are measured, not estimated; no list depends on
///              how large they are, only its time does.
/// Shapes       items I x K, queries B x K, both row-major
/// Cost         memory 5 I K bytes; a search reads a quarter of the bytes that packed_items reads, and multiplies 4 (VNNI) to
///              30 (AMX) times as fast. Rows of which one value is far beyond the others have wide bounds and cost more.
///              Queries whose norm is below 1e-10 or above 1e15, and all if an item's norm is above 1e15 or infinite, are
///              scored exactly throughout.
/// Result       that of packed_items, for any number of threads and at every `level`
/// Avoid when   memory is short and batches are small: packed_items needs 4 I K bytes
/// Example      tests/kernel/quantized_items_test.cpp
class quantized_items {
 public:
  quantized_items() = default;

  /// Rows of `width` numbers, `stride` apart. A row with a NaN is an item that is never listed.
  /// Throws shape_error if `rows` is too short for them, invalid_config if `width` is not 1..16384, limit_error if their
  /// number has more than 64 bits.
  quantized_items(std::span<const float> rows, std::size_t items, std::size_t width, std::size_t stride)
      : items_(items), width_(width), groups_((width + 3) / 4) {
    constexpr std::string_view function = "kernel::quantized_items";
    require_config(width >= 1 && width <= largest_width, function, "width", "must be 1 to 16384");
    const std::uint64_t needed =
        items == 0 ? 0 : checked_add(function, checked_multiply(function, items - 1, stride), width);
    if (rows.size() < needed) throw shape_error(function, "numbers in rows", needed, rows.size());
    rows_.resize(checked_multiply(function, items, width));
    for (std::size_t item = 0; item < items; ++item) {
      std::copy_n(rows.data() + item * stride, width, rows_.data() + item * width);
    }
    bytes_.assign(blocks() * block_bytes() + int8_readable_behind, 128);
    facts_.resize(blocks());
    for (std::size_t block = 0; block < blocks(); ++block) quantize(block);
  }
  quantized_items(std::span<const float> rows, std::size_t items, std::size_t width)
      : quantized_items(rows, items, width, width) {}

  std::size_t items() const { return items_; }
  std::size_t width() const { return width_; }

  /// All inner products with one query, as packed_items::score gives them. No allocation.
  void score(std::span<const float> query, std::span<float> out, int8_level level = best_int8_level()) const {
    require_size("kernel::quantized_items::score", "query", width_, query.size());
    require_size("kernel::quantized_items::score", "out", items_, out.size());
    score_range(query.data(), 0, items_, out.data(), simd_level_of(level));
  }

  /// The memory of a search, reused by the next one.
  class scratch {
    friend class quantized_items;
    std::vector<detail::bounded_candidates> found;
    aligned_vector<float> lows, highs;
    aligned_vector<std::uint32_t> items;
    detail::int8_queries queries;
    std::vector<std::size_t> asked, again;  // the queries' numbers
    std::vector<float> floors;              // what the lists of `asked` are thought to reach
  };

  /// As packed_items::search_if.
  template <executor Exec, class FilterOf>
  void search_if(const Exec& exec, std::span<const float> queries, std::size_t k, const FilterOf& filter_of,
                 std::span<scored_item> out, std::span<std::size_t> counts, int8_level level = best_int8_level()) const {
    if (!begin_search(queries, k, out, counts)) return;
    detail::search_in_tasks(exec, k, blocks(), largest_query_block, out, counts,
                            [&](std::size_t begin, std::size_t end, std::size_t first, std::size_t last, scored_item* lists,
                                std::size_t* lengths) {
                              scratch own;
                              search_block(queries, k, filter_of, begin, end, first, last, lists, lengths, own, level);
                            });
  }

  /// The same on the calling thread, in the caller's memory: no allocation once `own` has served a search of this size.
  template <class FilterOf>
  void search_if(std::span<const float> queries, std::size_t k, const FilterOf& filter_of, std::span<scored_item> out,
                 std::span<std::size_t> counts, scratch& own, int8_level level = best_int8_level()) const {
    if (!begin_search(queries, k, out, counts)) return;
    for (std::size_t begin = 0; begin < counts.size(); begin += largest_query_block) {
      search_block(queries, k, filter_of, begin, (std::min)(counts.size(), begin + largest_query_block), 0, blocks(),
                   out.data() + begin * k, counts.data() + begin, own, level);
    }
  }

 private:
  /// So that sums of products of bytes fit in 31 bits.
  static constexpr std::size_t largest_width = 16384;
  static constexpr std::size_t largest_query_block = 128;
  static constexpr float largest_norm = 1e15f;

  std::size_t blocks() const { return (items_ + int8_block_items - 1) / int8_block_items; }
  std::size_t block_bytes() const { return int8_block_items * 4 * groups_; }

  void quantize(std::size_t block) {
    const std::size_t first = block * int8_block_items, count = (std::min)(int8_block_items, items_ - first);
    detail::int8_block_facts& facts = facts_[block];
    facts = {0.0f, 0.0f, 0.0f, 0};
    float largest = 0.0f;
    for (std::size_t lane = 0; lane < count; ++lane) {
      const float* row = rows_.data() + (first + lane) * width_;
      bool missing = false;
      float largest_here = 0.0f;
      for (std::size_t factor = 0; factor < width_; ++factor) {
        missing |= row[factor] != row[factor];
        largest_here = (std::max)(largest_here, std::abs(row[factor]));
      }
      if (missing) continue;
      facts.valid |= std::uint64_t{1} << lane;
      largest = (std::max)(largest, largest_here);
    }
    if (!(largest < largest_norm)) {
      bounded_ = false;
      facts.scale = 1.0f;
      return;
    }
    facts.scale = (std::max)(largest / 127.0f, 1e-12f);
    // Sums of K products, each rounded, are off by at most this times the product of the norms.
    const double rounding = 1.01 * static_cast<double>(width_ + 4) / 16777216.0;
    for (std::size_t lane = 0; lane < count; ++lane) {
      if (((facts.valid >> lane) & 1) == 0) continue;
      const float* row = rows_.data() + (first + lane) * width_;
      std::uint8_t* bytes = bytes_.data() + block * block_bytes() +
                            lane / int8_panel_items * int8_panel_items * 4 * groups_ + lane % int8_panel_items * 4;
      double error = 0.0, norm = 0.0, exact_norm = 0.0;
      for (std::size_t factor = 0; factor < width_; ++factor) {
        const double value = row[factor], scale = facts.scale;
        const double code = (std::min)(127.0, (std::max)(-127.0, std::nearbyint(value / scale)));
        bytes[factor / 4 * 64 + factor % 4] = static_cast<std::uint8_t>(static_cast<int>(code) + 128);
        const double rest = value - scale * code;
        error += rest * rest;
        norm += scale * scale * code * code;
        exact_norm += value * value;
      }
      // The least addend stands for underflow.
      error = std::sqrt(error) + rounding * std::sqrt(exact_norm) + 1e-22;
      facts.error = (std::max)(facts.error, static_cast<float>(error) * 1.00001f);
      facts.norm = (std::max)(facts.norm, static_cast<float>(std::sqrt(norm)) * 1.00001f);
    }
    if (!(facts.norm < largest_norm)) bounded_ = false;
  }

  bool begin_search(std::span<const float> queries, std::size_t k, std::span<scored_item> out,
                    std::span<std::size_t> counts) const {
    constexpr std::string_view function = "kernel::quantized_items::search";
    require_size(function, "numbers in queries", checked_multiply(function, counts.size(), width_), queries.size());
    require_size(function, "entries of out", checked_multiply(function, counts.size(), k), out.size());
    std::fill(counts.begin(), counts.end(), std::size_t{0});
    return k != 0 && !counts.empty() && items_ != 0;
  }

  void score_range(const float* query, std::size_t first, std::size_t last, float* out, simd_level level) const {
    constexpr std::size_t step = 64;
    std::uint32_t items[step];
    for (std::size_t begin = first; begin < last; begin += step) {
      const std::size_t count = (std::min)(step, last - begin);
      for (std::size_t index = 0; index < count; ++index) items[index] = static_cast<std::uint32_t>(begin + index);
      ordered_dots(rows_.data(), width_, {items, count}, query, out + (begin - first), level);
    }
  }

  /// Searches a range of queries in a range of blocks; `out` and `counts` begin with those of the first query.
  template <class FilterOf>
  void search_block(std::span<const float> queries, std::size_t k, const FilterOf& filter_of, std::size_t begin,
                    std::size_t end, std::size_t first_block, std::size_t last_block, scored_item* out, std::size_t* counts,
                    scratch& own, int8_level level) const {
    const simd_level simd = simd_level_of(level);
    const std::size_t kept = (std::min)(k, items_), room = detail::candidates_room(detail::bounded_limit(kept, items_));
    const auto exact = [&](std::size_t query) {
      return detail::exact_scores{rows_.data(), width_, queries.data() + query * width_};
    };
    own.items.resize((end - begin) * room);
    own.lows.resize((end - begin) * room);
    own.highs.resize((end - begin) * room);
    own.found.resize(end - begin);
    for (std::size_t query = 0; query < end - begin; ++query) {
      own.found[query].items = own.items.data() + query * room;
      own.found[query].lows = own.lows.data() + query * room;
      own.found[query].highs = own.highs.data() + query * room;
    }
    own.again.reserve(end - begin);
    own.asked.resize(end - begin);
    std::iota(own.asked.begin(), own.asked.end(), begin);
    own.again.clear();
    quantize_queries(queries, own);
    for (const std::size_t query : own.again) {
      counts[query - begin] =
          search_in_floats(queries.data() + query * width_, kept, filter_of(query), first_block * int8_block_items,
                           (std::min)(items_, last_block * int8_block_items), out + (query - begin) * k, own, simd);
    }
    const float nothing_yet = -std::numeric_limits<float>::infinity();
    own.floors.assign(own.asked.size(), nothing_yet);
    if (detail::sample_pays(kept, (last_block - first_block) * int8_block_items)) {
      const std::size_t rank = detail::sample_rank(kept);
      scan(rank, filter_of, exact, first_block, last_block, detail::sample_stride, own, level);
      for (std::size_t index = 0; index < own.asked.size(); ++index) {
        const std::size_t query = own.asked[index];
        own.floors[index] = detail::keep_best(own.found[index], rank, filter_of(query), exact(query), simd);
      }
    }
    while (!own.asked.empty()) {
      scan(kept, filter_of, exact, first_block, last_block, 1, own, level);
      own.again.clear();
      for (std::size_t index = 0; index < own.asked.size(); ++index) {
        const std::size_t query = own.asked[index];
        const float worst =
            detail::finish(own.found[index], kept, filter_of(query), exact(query), out + (query - begin) * k, simd);
        counts[query - begin] = own.found[index].count;
        if (worst < own.floors[index]) own.again.push_back(query);
      }
      own.asked.swap(own.again);
      own.again.clear();
      quantize_queries(queries, own);
      own.floors.assign(own.asked.size(), nothing_yet);
    }
  }

  /// Writes the queries own.asked as bytes; those for which bytes do not do go to own.again.
  void quantize_queries(std::span<const float> queries, scratch& own) const {
    own.queries.resize(own.asked.size(), width_);
    std::size_t kept = 0;
    for (const std::size_t query : own.asked) {
      if (bounded_ && own.queries.set(kept, queries.data() + query * width_, width_)) {
        own.asked[kept++] = query;
      } else {
        own.again.push_back(query);
      }
    }
    own.asked.resize(kept);
  }

  /// Collects candidates for the queries own.asked, from each `stride`-th block.
  template <class FilterOf, class Exact>
  void scan(std::size_t k, const FilterOf& filter_of, const Exact& exact, std::size_t first_block, std::size_t last_block,
            std::size_t stride, scratch& own, int8_level level) const {
    const simd_level simd = simd_level_of(level);
    for (std::size_t index = 0; index < own.asked.size(); ++index) {
      detail::restart(own.found[index], detail::bounded_limit(k, items_), own.floors[index], filter_of(own.asked[index]));
      own.queries.admission[index] = own.found[index].admission;
    }
    const int8_session session(level);
    alignas(64) std::int32_t sums[int8_most_queries * int8_block_items];
    alignas(64) std::int32_t limits[int8_most_queries];
    for (std::size_t block = first_block; block < last_block; block += stride) {
      const std::uint8_t* bytes = bytes_.data() + block * block_bytes();
      const detail::int8_block_facts& facts = facts_[block];
      for (std::size_t first = 0; first < own.asked.size(); first += int8_most_queries) {
        const std::size_t count = (std::min)(int8_most_queries, own.asked.size() - first);
        int8_dots(bytes, groups_, own.queries.bytes.data() + first * own.queries.stride, own.queries.stride, count, sums,
                  level);
        detail::sum_limits(own.queries, first, count, facts, limits, simd);
        if (!detail::collect_sums(sums, limits, count, first, block * int8_block_items, own.queries, facts, own.found.data(),
                                  simd)) {
          continue;
        }
        for (std::size_t index = first; index < first + count; ++index) {
          detail::bounded_candidates& found = own.found[index];
          if (found.count <= found.limit) continue;
          const std::size_t query = own.asked[index];
          detail::keep_best(found, k, filter_of(query), exact(query), simd);
          own.queries.admission[index] = found.admission;
        }
      }
    }
  }

  /// For queries and items that bytes do not stand for: every score is computed.
  template <class Filter>
  std::size_t search_in_floats(const float* query, std::size_t k, const Filter& filter, std::size_t first, std::size_t last,
                               scored_item* out, scratch& own, simd_level level) const {
    detail::candidates found;
    found.items = own.items.data();
    found.scores = own.lows.data();
    found.limit = detail::candidates_limit(k, items_);
    float scores[int8_block_items];
    for (std::size_t begin = first; begin < last; begin += int8_block_items) {
      const std::size_t end = (std::min)(last, begin + int8_block_items);
      score_range(query, begin, end, scores, level);
      std::uint64_t lanes = 0;
      for (std::size_t lane = 0; lane < end - begin; ++lane) {
        lanes |= static_cast<std::uint64_t>(scores[lane] >= found.admission) << lane;
      }
      detail::append_lanes_portable(found, begin, scores, lanes);
      if (found.count > found.limit) detail::keep_best(found, k, filter, level);
    }
    detail::finish(found, k, filter, out, level);
    return found.count;
  }

  std::size_t items_ = 0;
  std::size_t width_ = 0;
  std::size_t groups_ = 0;
  bool bounded_ = true;
  aligned_vector<float> rows_;
  aligned_vector<std::uint8_t> bytes_;
  std::vector<detail::int8_block_facts> facts_;
};

}  // namespace kernel
}  // namespace mmrec::inline v0
