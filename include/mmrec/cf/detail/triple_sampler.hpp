// mmrec/cf/detail/triple_sampler.hpp - draws a negative item for each interaction of a cell.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include <mmrec/cf/detail/alias_table.hpp>
#include <mmrec/cf/detail/item_blocks.hpp>
#include <mmrec/cf/pairwise.hpp>
#include <mmrec/core/executor.hpp>
#include <mmrec/core/random.hpp>
#include <mmrec/data/interactions.hpp>

namespace mmrec::inline v0 {
namespace cf::detail {

/// Triples on their way from the sampler to the steps: as many as stay in the first cache beside the rows.
inline constexpr std::size_t triple_batch = 512;
/// Draws before an interaction is passed over, because its user has nearly all items.
inline constexpr std::size_t most_draws = 64;

/// The triples of a batch. Those of one user, which come one after another, are spread over the batch: steps on different
/// rows do not wait for each other in the processor.
struct triple_buffer {
  static constexpr std::size_t streams = 8;
  std::uint32_t users[triple_batch];
  std::uint32_t positives[triple_batch];
  std::uint32_t negatives[triple_batch];
  std::size_t count = 0;

  void add(std::uint32_t user, std::uint32_t positive, std::uint32_t negative) {
    const std::size_t slot = count % streams * (triple_batch / streams) + count / streams;
    users[slot] = user;
    positives[slot] = positive;
    negatives[slot] = negative;
    ++count;
  }
  /// Closes the gaps of a batch that is not full.
  void close() {
    std::size_t next = 0;
    for (std::size_t stream = 0; count != triple_batch && stream < streams; ++stream) {
      for (std::size_t at = 0; at * streams + stream < count; ++at, ++next) {
        const std::size_t slot = stream * (triple_batch / streams) + at;
        users[next] = users[slot];
        positives[next] = positives[slot];
        negatives[next] = negatives[slot];
      }
    }
  }
};

/// Which items a user has, one bit each.
class item_set {
 public:
  explicit item_set(std::size_t items) : bits_(items / 64 + 1, 0) {}
  void insert(std::uint32_t item) { bits_[item / 64] |= std::uint64_t{1} << (item % 64); }
  /// Forgets the item, and perhaps others.
  void clear(std::uint32_t item) { bits_[item / 64] = 0; }
  bool contains(std::uint32_t item) const { return (bits_[item / 64] >> (item % 64) & 1) != 0; }
  static std::size_t bytes(std::size_t items) { return (items / 64 + 1) * 8; }

 private:
  std::vector<std::uint64_t> bits_;
};

/// How often an interaction of each user is taken in an epoch; empty if once.
using user_repeats = std::vector<float>;

inline user_repeats repeats_of(positive_sampling how, const data::interactions& log) {
  if (how == positive_sampling::interactions) return {};
  const auto length = [starts = log.starts()](std::size_t user) { return starts[user + 1] - starts[user]; };
  std::size_t active = 0;
  for (std::size_t user = 0; user < log.users(); ++user) active += length(user) != 0 ? 1 : 0;
  user_repeats repeats(log.users(), 0.0f);
  for (std::size_t user = 0; user < log.users(); ++user) {
    if (length(user) == 0) continue;
    const double share = static_cast<double>(log.size()) / static_cast<double>(active);
    repeats[user] = static_cast<float>(share / static_cast<double>(length(user)));
  }
  return repeats;
}

/// Whole times whose mean is `repeat`.
inline std::size_t times_of(float repeat, random_stream& random) {
  const float whole = std::floor(repeat);
  return static_cast<std::size_t>(whole) + (random.uniform_float() < repeat - whole ? 1 : 0);
}

/// The distributions that the negatives of each block of items are drawn from.
class block_negatives {
 public:
  block_negatives(negative_sampling how, std::vector<std::uint32_t> counts) : how_(how), counts_(std::move(counts)) {
    if (how_ == negative_sampling::uniform) return;
    keep_.resize(counts_.size());
    other_.resize(counts_.size());
  }
  static std::size_t bytes(negative_sampling how, std::size_t items) {
    return items * (how == negative_sampling::uniform ? 4 : 12);
  }

  /// To be called when the items have been dealt anew.
  template <executor Exec>
  void rebuild(const Exec& exec, const item_blocks& blocks) {
    if (how_ == negative_sampling::uniform) return;
    exec.run(blocks.blocks(), [&](std::size_t block) {
      const auto items = blocks.items(block);
      std::vector<double> weights;
      weights.reserve(items.size());
      for (const std::uint32_t item : items) weights.push_back(static_cast<double>(counts_[item]));
      const auto offset = static_cast<std::size_t>(items.data() - blocks.items(0).data());
      build_alias_table(weights, std::span(keep_).subspan(offset, items.size()),
                        std::span(other_).subspan(offset, items.size()));
    });
  }

  std::uint32_t draw(const item_blocks& blocks, std::span<const std::uint32_t> items, random_stream& random) const {
    if (how_ == negative_sampling::uniform) return items[random.below(static_cast<std::uint32_t>(items.size()))];
    const auto offset = static_cast<std::size_t>(items.data() - blocks.items(0).data());
    return items[draw_alias(std::span(keep_).subspan(offset, items.size()), std::span(other_).subspan(offset, items.size()),
                            random)];
  }

 private:
  negative_sampling how_;
  std::vector<std::uint32_t> counts_;
  std::vector<float> keep_;
  std::vector<std::uint32_t> other_;
};

/// Calls each(pair, random) for the interactions of a cell, by user, as often as they are to be taken. Meanwhile the user's
/// items of this cell are marked: negatives come from the same block, so that the others do not matter. `marked` is empty
/// before and after.
template <class Each>
void for_each_pair(const item_blocks& blocks, const user_repeats& repeats, std::size_t user_block, std::size_t item_block,
                   random_stream random, item_set& marked, Each&& each) {
  const auto pairs = blocks.cell(user_block, item_block);
  for (std::size_t begin = 0; begin < pairs.size();) {
    std::size_t end = begin;
    for (; end < pairs.size() && pairs[end].user == pairs[begin].user; ++end) marked.insert(pairs[end].item);
    for (std::size_t at = begin; at < end; ++at) {
      const std::size_t times = repeats.empty() ? 1 : times_of(repeats[pairs[at].user], random);
      for (std::size_t time = 0; time < times; ++time) each(pairs[at], random);
    }
    for (std::size_t at = begin; at < end; ++at) marked.clear(pairs[at].item);
    begin = end;
  }
}

/// Calls take(triples) with all triples of a cell, up to triple_batch at a time.
template <class Take>
void sample_cell(const item_blocks& blocks, const block_negatives& negatives, const user_repeats& repeats,
                 std::size_t user_block, std::size_t item_block, random_stream random, item_set& marked,
                 triple_buffer& triples, Take&& take) {
  const auto items = blocks.items(item_block);
  triples.count = 0;
  for_each_pair(blocks, repeats, user_block, item_block, random, marked,
                [&](const item_blocks::pair& pair, random_stream& stream) {
                  std::uint32_t negative = negatives.draw(blocks, items, stream);
                  for (std::size_t draw = 1; draw < most_draws && marked.contains(negative); ++draw) {
                    negative = negatives.draw(blocks, items, stream);
                  }
                  if (marked.contains(negative)) return;
                  triples.add(pair.user, pair.item, negative);
                  if (triples.count != triple_batch) return;
                  take(triples);
                  triples.count = 0;
                });
  if (triples.count == 0) return;
  triples.close();
  take(triples);
}

}  // namespace cf::detail
}  // namespace mmrec::inline v0
