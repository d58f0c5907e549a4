// mmrec/text/detail/pending_terms.hpp - look-ups under way, so that their cache misses overlap.
#pragma once
#include <array>
#include <cstddef>
#include <string_view>
#include <vector>

#include <mmrec/text/detail/term_table.hpp>

namespace mmrec::inline v0 {
namespace text::detail {

/// Holds the last few tokens while their slots are on the way from memory. A large vocabulary does not fit in the cache,
/// and one miss after the other costs more than all else in counting.
class pending_terms {
 public:
  /// Adds a token (with padding behind it, or not) and starts to load its slot; true when it is time to drain.
  template <bool Padded, class Payload>
  bool push(const term_table<Payload>& table, std::string_view token) {
    hashed_term& term = terms_[size_];
    term = table.template hash<Padded>(token);
    table.prefetch_index(term);
    if (is_long(term.key)) {
      places_[size_] = bytes_.size();
      bytes_.insert(bytes_.end(), token.begin(), token.end());
    }
    return ++size_ == capacity;
  }

  /// Calls take(hashed_term) for each token in order, and forgets them.
  template <class Payload, class Take>
  void drain(const term_table<Payload>& table, Take&& take) {
    for (std::size_t index = 0; index < size_; ++index) table.prefetch_record(terms_[index]);
    for (std::size_t index = 0; index < size_; ++index) {
      hashed_term& term = terms_[index];
      if (is_long(term.key)) term.bytes = {bytes_.data() + places_[index], term.bytes.size()};
      take(term);
    }
    clear();
  }

  void clear() {
    size_ = 0;
    bytes_.clear();
  }

 private:
  static constexpr std::size_t capacity = 32;
  std::array<hashed_term, capacity> terms_;
  std::array<std::size_t, capacity> places_;
  std::size_t size_ = 0;
  std::vector<char> bytes_;
};

}  // namespace text::detail
}  // namespace mmrec::inline v0
