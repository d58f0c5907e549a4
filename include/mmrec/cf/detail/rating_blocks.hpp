// mmrec/cf/detail/rating_blocks.hpp - ratings in blocks of which several can be learnt from at once without a race.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <mmrec/core/executor.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/kernel/rating_sgd.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Blocks that for_epoch runs at once, at least, if there are enough ratings: more threads than this do not help.
inline constexpr std::size_t rating_least_blocks = 8;
inline constexpr std::size_t rating_most_blocks = 256;
/// Ratings of a block, on average, that pay for handing it to a thread.
inline constexpr std::size_t rating_block_size = 1024;
/// Bytes of factors that a block may touch: about the second cache. More and smaller blocks fetch the same rows more often.
inline constexpr std::size_t rating_block_bytes = std::size_t{2} << 20;

/// How many strips users and items are each cut into; follows from the sizes alone.
inline std::size_t rating_block_count(std::size_t users, std::size_t items, std::size_t ratings, std::size_t width) {
  const std::size_t bytes = (users + items) * width * sizeof(float);
  std::size_t count = std::clamp(bytes / rating_block_bytes + 1, rating_least_blocks, rating_most_blocks);
  while (count > 1 && ratings / (count * count) < rating_block_size) --count;
  return count;
}

/// Users and items are cut into B strips of consecutive ids with about as many ratings each; block (b, c) holds the ratings
/// of user strip b and item strip c, in an order drawn once. Blocks (0, s), (1, s + 1), ... share neither users nor items:
/// for each s in turn they are learnt from at once. What is learnt depends on B and the seed, not on the threads.
///
/// Reference  Gemulla, Nijkamp, Haas, Sismanis, "Large-scale matrix factorization with distributed stochastic gradient
///            descent", KDD 2011
class rating_blocks {
 public:
  /// `mean` is taken off every rating.
  template <executor Exec>
  rating_blocks(const Exec& exec, const data::interactions& log, double mean, std::size_t blocks, seed key)
      : blocks_(blocks), starts_(blocks * blocks + 1, 0), pairs_(log.size()) {
    const std::vector<std::uint32_t> item_strip = strips_of(log.item_counts(), blocks);
    std::vector<std::uint32_t> user_counts(log.users());
    for (std::size_t user = 0; user < log.users(); ++user) {
      user_counts[user] = static_cast<std::uint32_t>(log.starts()[user + 1] - log.starts()[user]);
    }
    const std::vector<std::uint32_t> user_strip = strips_of(user_counts, blocks);
    const auto for_each = [&](auto&& body) {
      for (std::size_t user = 0; user < log.users(); ++user) {
        for (std::size_t entry = log.starts()[user]; entry < log.starts()[user + 1]; ++entry) {
          body(user, entry, user_strip[user] * blocks + item_strip[log.item_array()[entry].index()]);
        }
      }
    };
    for_each([&](std::size_t, std::size_t, std::size_t block) { ++starts_[block + 1]; });
    for (std::size_t block = 0; block + 1 < starts_.size(); ++block) starts_[block + 1] += starts_[block];
    std::vector<std::size_t> next(starts_.begin(), starts_.end() - 1);
    for_each([&](std::size_t user, std::size_t entry, std::size_t block) {
      pairs_[next[block]++] = {static_cast<std::uint32_t>(user), log.item_array()[entry].value,
                               static_cast<float>(double{log.value_array()[entry]} - mean)};
    });
    exec.run(blocks * blocks, [&](std::size_t block) { random_stream(key, block).shuffle(pairs_of(block)); });
  }

  static std::uint64_t bytes(const data::interactions& log) {
    return sizeof(kernel::rated_pair) * std::uint64_t{log.size()};
  }

  /// learn(pairs) for every block once.
  template <executor Exec, class Learn>
  void for_epoch(const Exec& exec, const Learn& learn) {
    for (std::size_t shift = 0; shift < blocks_; ++shift) {
      exec.run(blocks_, [&](std::size_t strip) { learn(pairs_of(strip * blocks_ + (strip + shift) % blocks_)); });
    }
  }

 private:
  /// The strip of each id: cut where the counts so far pass a B-th of all.
  static std::vector<std::uint32_t> strips_of(const std::vector<std::uint32_t>& counts, std::size_t blocks) {
    std::uint64_t total = 0, before = 0;
    for (const std::uint32_t count : counts) total += count;
    std::vector<std::uint32_t> strips(counts.size());
    for (std::size_t id = 0; id < counts.size(); ++id) {
      strips[id] = static_cast<std::uint32_t>((std::min<std::uint64_t>)(before * blocks / total, blocks - 1));
      before += counts[id];
    }
    return strips;
  }
  std::span<kernel::rated_pair> pairs_of(std::size_t block) {
    return std::span(pairs_).subspan(starts_[block], starts_[block + 1] - starts_[block]);
  }

  std::size_t blocks_;
  std::vector<std::size_t> starts_;
  std::vector<kernel::rated_pair> pairs_;
};

}  // namespace cf::detail
}  // namespace mmrec::inline v0
