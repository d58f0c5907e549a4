// mmrec/serve/detail/approximate.hpp - lists from an index that may miss items: fetch, score exactly, filter, fetch more.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/kernel/ordered_dot.hpp>
#include <mmrec/kernel/topk.hpp>
#include <mmrec/serve/filter.hpp>
#include <mmrec/serve/metric.hpp>
#include <mmrec/serve/rule.hpp>

namespace mmrec::inline v0 {
namespace serve::detail {

struct approximate_workspace {
  std::vector<float> query, scores;
  std::vector<std::uint32_t> found;
  std::vector<scored_item> judged, list;
  std::vector<std::uint32_t> counters;
};

/// The vectors that an approximate index was built of: what it fetches is scored again in the way of the exact indexes.
class scored_rows {
 public:
  scored_rows(const matrix_view<float>& rows, metric how)
      : how_(how), items_(static_cast<std::size_t>(rows.rows())), width_(static_cast<std::size_t>(rows.cols())) {
    values_.resize(items_ * width_);
    for (std::size_t item = 0; item < items_; ++item) {
      float* own = values_.data() + item * width_;
      write_vector(row_of(rows, static_cast<Eigen::Index>(item)), how, own);
      if (std::all_of(own, own + width_, [](float value) { return std::isfinite(value); })) {
        usable_.push_back(static_cast<std::uint32_t>(item));
      }
    }
  }

  std::size_t items() const { return items_; }
  std::size_t width() const { return width_; }
  metric compared_by() const { return how_; }
  const float* row(std::size_t item) const { return values_.data() + item * width_; }
  /// The items whose vectors are finite: the only ones that are indexed.
  std::span<const std::uint32_t> usable() const { return usable_; }

  /// fetch(n, query, found) replaces `found` by up to n items. Begins with `breadth` of them and asks for 4 times as many
  /// as long as the filter leaves fewer than k and there are more.
  template <class Rule, class Table, class Fetch>
  std::span<const scored_item> list(std::string_view function, std::span<const float> query, std::size_t k,
                                    std::size_t breadth, const filter<Rule, Table>& filter, std::span<const item_id> history,
                                    approximate_workspace& scratch, const Fetch& fetch) const {
    require_size(function, "query", width_, query.size());
    require_size(function, "items of the filter", items_, filter.items());
    scratch.query.resize(width_);
    write_vector(query, how_, scratch.query.data());
    const std::size_t wanted = (std::min)(k, usable_.size());
    scratch.list.resize(wanted);
    const bool finite = std::all_of(scratch.query.begin(), scratch.query.end(), [](float x) { return std::isfinite(x); });
    if (wanted == 0 || !finite) return {};
    const auto view = filter.of(history);
    for (std::size_t depth = (std::min)(usable_.size(), (std::max)(breadth, wanted));; depth *= 4) {
      depth = (std::min)(depth, usable_.size());
      fetch(depth, scratch.query.data(), scratch.found);
      scratch.scores.resize(scratch.found.size());
      kernel::ordered_dots(values_.data(), width_, scratch.found, scratch.query.data(), scratch.scores.data());
      scratch.judged.clear();
      for (std::size_t index = 0; index < scratch.found.size(); ++index) {
        const item_id item{std::size_t{scratch.found[index]}};
        if (view.admits(item)) scratch.judged.push_back({item, view.adjust(item, scratch.scores[index])});
      }
      std::sort(scratch.judged.begin(), scratch.judged.end(), kernel::listed_before{});
      const std::size_t listed = filter.walk(scratch.judged, wanted, scratch.list, scratch.counters);
      if (listed == wanted || scratch.found.size() < depth || depth == usable_.size()) {
        return std::span<const scored_item>(scratch.list).first(listed);
      }
    }
  }

 private:
  metric how_;
  std::size_t items_;
  std::size_t width_;
  std::vector<float> values_;
  std::vector<std::uint32_t> usable_;
};

}  // namespace serve::detail
}  // namespace mmrec::inline v0
