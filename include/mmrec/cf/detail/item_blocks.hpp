// mmrec/cf/detail/item_blocks.hpp - cells of users x items that can be worked on at the same time without conflict.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Cuts users and items into B blocks each, and so the interactions into B x B cells. Cells that share neither users nor
/// items do not depend on one another: in round r of an epoch the cells (p, (p + r) mod B) are worked on in parallel, and
/// the result does not depend on which thread takes which. The users keep their blocks, which have about as many
/// interactions each; the items are dealt anew in each epoch, so that after some of them every item has met every other.
/// The rows of a cell's items stay in a core's cache.
///
/// B follows from the numbers of users and items and the bytes of a row, never from the executor.
///
/// Memory     8 E + 16 I + 8 B^2 bytes
/// Reference  Gemulla, Nijkamp, Haas, Sismanis, "Large-scale matrix factorization with distributed stochastic gradient
///            descent", KDD 2011 (cells without conflict)
class item_blocks {
 public:
  /// One interaction.
  struct pair {
    std::uint32_t user;
    std::uint32_t item;
  };

  static constexpr std::size_t least_items = 128;  ///< of a block: negatives are drawn among them
  static constexpr std::size_t usual_blocks = 16;  ///< for so many threads there is work
  static constexpr std::size_t most_blocks = 64;
  static constexpr std::size_t block_bytes = std::size_t{1} << 19;  ///< of the rows of a block: a part of the second cache

  static std::size_t blocks_for(std::size_t users, std::size_t items, std::size_t row_bytes) {
    const std::size_t wanted = (std::max)(usual_blocks, items * row_bytes / block_bytes + 1);
    return (std::max)(std::size_t{1}, (std::min)({wanted, most_blocks, items / least_items, users / 16}));
  }
  static std::uint64_t bytes(std::size_t users, std::size_t items, std::size_t interactions, std::size_t row_bytes) {
    const std::uint64_t blocks = blocks_for(users, items, row_bytes);
    return 8 * std::uint64_t{interactions} + 8 * std::uint64_t{items} + 8 * blocks * blocks;
  }

  item_blocks(const data::interactions& log, std::size_t row_bytes)
      : log_(log),
        blocks_(blocks_for(log.users(), log.items(), row_bytes)),
        order_(log.items()),
        block_of_(log.items()),
        starts_(blocks_ * blocks_ + 1, 0),
        pairs_(log.size()) {
    std::iota(order_.begin(), order_.end(), std::uint32_t{0});
    user_starts_.assign(blocks_ + 1, log.users());
    for (std::size_t block = 0; block < blocks_; ++block) {
      const std::size_t entries = log.size() * block / blocks_;
      const auto starts = log.starts();
      user_starts_[block] =
          static_cast<std::size_t>(std::lower_bound(starts.begin(), starts.end() - 1, entries) - starts.begin());
    }
    user_starts_[0] = 0;
  }

  /// B
  std::size_t blocks() const { return blocks_; }
  /// The items of a block, in random order.
  std::span<const std::uint32_t> items(std::size_t block) const {
    const std::size_t begin = first_item(block);
    return std::span(order_).subspan(begin, first_item(block + 1) - begin);
  }
  /// The interactions of a cell, by user.
  std::span<const pair> cell(std::size_t user_block, std::size_t item_block) const {
    const std::size_t at = user_block * blocks_ + item_block;
    return std::span(pairs_).subspan(starts_[at], starts_[at + 1] - starts_[at]);
  }

  /// Deals the items to blocks and sorts the interactions into cells. O(E + I).
  template <executor Exec>
  void deal(const Exec& exec, seed key) {
    random_stream random(key);
    random.shuffle(std::span(order_));
    for (std::size_t block = 0; block < blocks_; ++block) {
      for (const std::uint32_t item : items(block)) block_of_[item] = static_cast<std::uint32_t>(block);
    }
    exec.run(blocks_, [&](std::size_t user_block) { sort(user_block); });
    starts_.back() = log_.size();
  }

 private:
  std::size_t first_item(std::size_t block) const { return order_.size() * block / blocks_; }

  void sort(std::size_t user_block) {
    const auto starts = log_.starts();
    const auto items = log_.item_array();
    const std::size_t first = user_starts_[user_block], last = user_starts_[user_block + 1];
    std::vector<std::size_t> next(blocks_ + 1, 0);
    for (std::size_t entry = starts[first]; entry < starts[last]; ++entry) ++next[block_of_[items[entry].index()] + 1];
    next[0] = starts[first];
    std::partial_sum(next.begin(), next.end(), next.begin());
    std::copy_n(next.begin(), blocks_, starts_.begin() + static_cast<std::ptrdiff_t>(user_block * blocks_));
    for (std::size_t user = first; user < last; ++user) {
      for (std::size_t entry = starts[user]; entry < starts[user + 1]; ++entry) {
        const std::uint32_t item = items[entry].value;
        pairs_[next[block_of_[item]]++] = {static_cast<std::uint32_t>(user), item};
      }
    }
  }

  const data::interactions& log_;
  std::size_t blocks_;
  std::vector<std::uint32_t> order_;     // the items, block after block
  std::vector<std::uint32_t> block_of_;  // of each item
  std::vector<std::size_t> user_starts_;
  std::vector<std::size_t> starts_;  // of each cell in pairs_
  std::vector<pair> pairs_;
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0
