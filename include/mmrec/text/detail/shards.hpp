// mmrec/text/detail/shards.hpp - consecutive documents for each of several tasks, worked on in steps that report progress.
#pragma once
#include <algorithm>
#include <cstddef>
#include <string_view>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/progress.hpp>

namespace mmrec::inline v0 {
namespace text::detail {

/// Counting is exact and rows do not touch each other, so that no number depends on how many shards there are.
template <executor Exec>
std::size_t shard_count(const Exec& exec, std::size_t documents) {
  constexpr std::size_t fewest_documents = 64;
  const auto threads = static_cast<std::size_t>(exec.concurrency());
  if (threads <= 1) return 1;
  return std::clamp<std::size_t>(documents / fewest_documents, 1, 2 * threads);
}

/// Calls body(shard, begin, end) until each shard has seen all of its documents in order, and reports between the steps.
template <executor Exec, class Body>
void for_shards(const Exec& exec, std::string_view function, std::size_t documents, std::size_t shards, Body&& body) {
  constexpr std::size_t step_documents = 1024;
  const std::size_t steps = std::clamp<std::size_t>(documents / (shards * step_documents), 1, 64);
  const auto bound = [&](std::size_t shard, std::size_t step) {
    const std::size_t first = documents * shard / shards;
    const std::size_t last = documents * (shard + 1) / shards;
    return first + (last - first) * step / steps;
  };
  for (std::size_t step = 0; step < steps; ++step) {
    exec.run(shards, [&](std::size_t shard) { body(shard, bound(shard, step), bound(shard, step + 1)); });
    report_progress(exec.sink(), function, documents * (step + 1) / steps, documents);
  }
}

}  // namespace text::detail
}  // namespace mmrec::inline v0
