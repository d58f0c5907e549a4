// mmrec/kernel/detail/search_plan.hpp - how a search is cut into tasks, and its parts put together.
#pragma once
#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/recommender.hpp>
#include <mmrec/kernel/topk.hpp>

namespace mmrec::inline v0 {
namespace kernel::detail {

/// Runs block(first query, last query, first part, last part, lists, lengths) for all queries and all of `parts` parts of the
/// items. The lists do not depend on how the work is cut, because every score is computed alone and the order is total. So
/// the cut may follow the number of threads: queries first, then items where there are fewer queries than threads.
template <executor Exec, class Block>
void search_in_tasks(const Exec& exec, std::size_t k, std::size_t parts, std::size_t largest_query_block,
                     std::span<scored_item> out, std::span<std::size_t> counts, Block&& block) {
  const std::size_t batch = counts.size();
  const std::size_t threads = std::max<std::size_t>(exec.concurrency(), 1);
  const std::size_t share = (batch + threads - 1) / threads;
  const std::size_t queries_per_task = (std::min)(share <= 8 ? share : (share + 7) / 8 * 8, largest_query_block);
  const std::size_t query_tasks = (batch + queries_per_task - 1) / queries_per_task;
  const std::size_t item_tasks = (std::min)(query_tasks >= threads ? 1 : threads / query_tasks, parts);
  if (item_tasks == 1) {
    for_ranges(exec, batch, queries_per_task, [&](std::size_t begin, std::size_t end) {
      block(begin, end, std::size_t{0}, parts, out.data() + begin * k, counts.data() + begin);
    });
    return;
  }
  std::vector<scored_item> lists(item_tasks * batch * k);
  std::vector<std::size_t> lengths(item_tasks * batch);
  exec.run(query_tasks * item_tasks, [&](std::size_t task) {
    const std::size_t begin = task / item_tasks * queries_per_task;
    const std::size_t end = (std::min)(batch, begin + queries_per_task);
    const std::size_t part = task % item_tasks;
    block(begin, end, parts * part / item_tasks, parts * (part + 1) / item_tasks, lists.data() + (part * batch + begin) * k,
          lengths.data() + part * batch + begin);
  });
  for (std::size_t query = 0; query < batch; ++query) {
    top_k_collector best(out.subspan(query * k, k));
    for (std::size_t part = 0; part < item_tasks; ++part) {
      const std::size_t list = part * batch + query;
      for (const scored_item& entry : std::span(lists).subspan(list * k, lengths[list])) best.offer(entry.item, entry.score);
    }
    counts[query] = best.finish();
  }
}

}  // namespace kernel::detail
}  // namespace mmrec::inline v0
