// mmrec/data/supervision.hpp - what a stage may learn from besides its own input.
#pragma once
#include <cstdint>
#include <span>

#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace data {

/// Handed by a recommender to those stages of its modalities that ask for it (see core/stage.hpp): row i of the batch that
/// they are fitted on is the item items[i] of the table and of the interactions, which are those that are trained on.
template <class Table>
struct supervision {
  using table_type = Table;
  const Table& table;
  const interactions& events;
  std::span<const std::uint32_t> items;
};

}  // namespace data
}  // namespace mmrec::inline v0
