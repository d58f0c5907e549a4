// mmrec/cf/detail/item_lists.hpp - a sparse matrix of weights between items, as one list an item.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// For each item the items it points to, in one array cut at `starts` (I + 1 of them).
struct item_lists {
  std::vector<std::size_t> starts;
  std::vector<scored_item> entries;

  std::size_t items() const { return starts.size() - 1; }
  std::span<const scored_item> of(std::size_t item) const {
    return std::span(entries).subspan(starts[item], starts[item + 1] - starts[item]);
  }
};

/// Items of one task of make_item_lists.
inline constexpr std::size_t list_range = 128;

/// How many tasks of make_item_lists are at work at a time, at most.
inline std::size_t list_workers(std::size_t concurrency, std::size_t items) {
  return std::max<std::size_t>(1, (std::min)(concurrency, (items + list_range - 1) / list_range));
}

/// Makes the lists of all items, those of a range of items by one worker after another: `make()` gives a worker, and
/// worker(item, room) writes the list of the item and returns its length, at most `most[item]`. What a worker writes may
/// depend on the item alone. Holds 8 bytes for each entry that there is room for, 16 an item.
template <executor Exec, class Make>
item_lists make_item_lists(const Exec& exec, std::string_view function, std::span<const std::size_t> most,
                           const Make& make) {
  const std::size_t items = most.size(), tasks = (items + list_range - 1) / list_range;
  item_lists lists{std::vector<std::size_t>(items + 1, 0), {}};
  std::partial_sum(most.begin(), most.end(), lists.starts.begin() + 1);
  lists.entries.resize(lists.starts.back());
  std::vector<std::size_t> counts(items, 0);
  // Tasks between two reports: threads wait for each other there, so that each should have many.
  const std::size_t report_every = (std::max)(std::size_t{32}, 16 * (std::min)(exec.concurrency(), tasks));
  for (std::size_t first = 0; first < tasks; first += report_every) {
    report_progress(exec.sink(), function, first, tasks);
    exec.run((std::min)(report_every, tasks - first), [&](std::size_t offset) {
      const std::size_t begin = (first + offset) * list_range, end = (std::min)(items, begin + list_range);
      auto worker = make();
      for (std::size_t item = begin; item < end; ++item) {
        counts[item] = worker(item, std::span(lists.entries).subspan(lists.starts[item], most[item]));
      }
    });
  }
  report_progress(exec.sink(), function, tasks, tasks);
  std::size_t used = 0;
  for (std::size_t item = 0; item < items; ++item) {
    const auto from = lists.entries.begin() + static_cast<std::ptrdiff_t>(lists.starts[item]);
    lists.starts[item] = used;
    std::copy_n(from, counts[item], lists.entries.begin() + static_cast<std::ptrdiff_t>(used));
    used += counts[item];
  }
  lists.starts[items] = used;
  lists.entries.resize(used);
  return lists;
}

/// The bytes of lists with this much room while make_item_lists fills them.
inline std::uint64_t list_bytes(std::uint64_t items, std::uint64_t room) {
  return sizeof(scored_item) * room + 16 * items + 8;
}

/// The lists of the transposed matrix, each sorted by kernel::listed_before.
template <executor Exec>
item_lists transposed(const Exec& exec, const item_lists& lists) {
  item_lists result{std::vector<std::size_t>(lists.items() + 1, 0), std::vector<scored_item>(lists.entries.size())};
  for (const scored_item& entry : lists.entries) ++result.starts[entry.item.index() + 1];
  std::partial_sum(result.starts.begin(), result.starts.end(), result.starts.begin());
  std::vector<std::size_t> next(result.starts.begin(), result.starts.end() - 1);
  for (std::size_t item = 0; item < lists.items(); ++item) {
    for (const scored_item& entry : lists.of(item)) {
      result.entries[next[entry.item.index()]++] = {item_id{item}, entry.score};
    }
  }
  for_ranges(exec, result.items(), 512, [&](std::size_t begin, std::size_t end) {
    for (std::size_t item = begin; item < end; ++item) {
      const auto data = result.entries.begin();
      std::sort(data + static_cast<std::ptrdiff_t>(result.starts[item]),
                data + static_cast<std::ptrdiff_t>(result.starts[item + 1]), kernel::listed_before{});
    }
  });
  return result;
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
