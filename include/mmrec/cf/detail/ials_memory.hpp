// mmrec/cf/detail/ials_memory.hpp - the memory that fitting iALS takes at its peak.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include <mmrec/cf/detail/ials_basis.hpp>
#include <mmrec/cf/detail/ials_half_step.hpp>
#include <mmrec/cf/detail/ials_refine.hpp>
#include <mmrec/cf/detail/ials_social.hpp>
#include <mmrec/cf/detail/ials_solver.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/social_graph.hpp>
#include <mmrec/kernel/als.hpp>
#include <mmrec/kernel/als_refine.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// What is known beside the interactions, where it is.
struct ials_sources {
  const data::dense_features* features = nullptr;
  const data::social_graph* graph = nullptr;
};

/// Entries of the longest row of either side.
inline std::size_t longest_row(const data::interactions& log) {
  std::vector<std::size_t> counts(log.items(), 0);
  for (const item_id item : log.item_array()) ++counts[item.index()];
  std::size_t longest = counts.empty() ? 0 : *std::max_element(counts.begin(), counts.end());
  for (std::size_t user = 0; user < log.users(); ++user) {
    longest = (std::max)(longest, log.starts()[user + 1] - log.starts()[user]);
  }
  return longest;
}

/// The bytes of one fit_ials with `threads` tasks at a time: what lives through all of it, and the larger of what a half-step
/// and a Gram matrix take for a while.
template <class Spec>
std::uint64_t ials_fit_bytes(std::size_t threads, const Spec& spec, const data::interactions& log,
                             const ials_sources& sources) {
  const data::dense_features* const features = sources.features;
  const std::uint64_t users = log.users(), items = log.items(), factors = spec.factors;
  const std::uint64_t width = kernel::als_padded(spec.factors), square = width * width, tasks = threads;
  const std::size_t longest = longest_row(log);
  const std::size_t most_rows = (std::max)(log.users(), log.items());

  std::uint64_t floats =
      (users + items) * factors + 2 * square + tasks * ials_scratch::size(width, kernel::largest_cholesky_batch);
  std::uint64_t passing = gram_count(most_rows) * square;
  switch (spec.solver) {
    case ials_solver::cholesky:
      if (longest > heavy_row) {
        passing = (std::max)(passing, square + heavy_count(longest) * ials_scratch::size(width, 1));
      }
      break;
    case ials_solver::conjugate_gradient:
      if (width != factors) floats += most_rows * width;
      floats += tasks * refine_scratch::size(width, kernel::als_conjugate_gradient_scratch(width));
      break;
    case ials_solver::subspace:
      floats += ials_basis::bytes(most_rows, spec.factors) / 4;
      floats += tasks * refine_scratch::size(width, subspace_scratch(width, longest, spec.block_size));
      passing = (std::max)(passing, ials_basis::passing_bytes(most_rows, spec.factors, threads) / 4);
      break;
  }
  const std::uint64_t rows_of_both = 2 * 8 * log.size() + (users + items) * (8 + 2);

  std::uint64_t of_features = 0;
  if (features != nullptr) {
    const std::uint64_t described = data::count_present(features->present), columns = features->width() + 1;
    of_features =
        4 * items * factors + 16 * described + 4 * columns * factors + 2 * 4 * described * columns + 8 * columns * columns;
    // The normal equations beside their factorisation, or a prediction for all described items.
    passing = (std::max)(passing, (std::max)(2 * columns * columns, described * factors));
  }
  const std::uint64_t of_graph = sources.graph == nullptr ? 0 : social_pull::bytes(*sources.graph, factors);
  return 4 * (floats + passing) + rows_of_both + of_features + of_graph;
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
