// mmrec/serve/lists.hpp - the lists of a batch of queries.
#pragma once
#include <cstddef>
#include <span>
#include <vector>

#include <mmrec/core/recommender.hpp>

namespace mmrec::inline v0 {
namespace serve {

/// One list for each query, best first, in one piece of memory.
class batch_lists {
 public:
  batch_lists() = default;
  batch_lists(std::size_t batch, std::size_t longest) : longest_(longest), entries_(batch * longest), counts_(batch) {}

  std::size_t size() const { return counts_.size(); }
  std::span<const scored_item> operator[](std::size_t query) const {
    return std::span(entries_).subspan(query * longest_, counts_[query]);
  }

  /// Room for list b, and the lengths of all: for those who fill it.
  std::span<scored_item> room(std::size_t query) { return std::span(entries_).subspan(query * longest_, longest_); }
  std::span<scored_item> entries() { return entries_; }
  std::span<std::size_t> counts() { return counts_; }

 private:
  std::size_t longest_ = 0;
  std::vector<scored_item> entries_;
  std::vector<std::size_t> counts_;
};

}  // namespace serve
}  // namespace mmrec::inline v0
