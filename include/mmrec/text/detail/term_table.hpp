// mmrec/text/detail/term_table.hpp - a hash table keyed by short strings.
#pragma once
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>

namespace mmrec::inline v0 {
namespace text::detail {

inline std::uint64_t load_bytes(const char* from, std::size_t count) {
  std::uint64_t value = 0;
  std::memcpy(&value, from, count);
  return value;
}

/// Both halves of the 128-bit product, folded: one multiplication that mixes every bit of both.
inline std::uint64_t fold_multiply(std::uint64_t a, std::uint64_t b) {
  __extension__ using wide = unsigned __int128;
  const wide product = static_cast<wide>(a) * b;
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64);
}

/// Two random numbers that keep who writes the documents from choosing words that collide.
struct hash_seed {
  std::uint64_t first;
  std::uint64_t second;

  /// Differs from table to table and run to run. Nothing that a caller sees depends on it: terms are numbered in the order
  /// in which they come, and columns are sorted.
  static hash_seed fresh() {
    char here = 0;
    const auto place = static_cast<std::uint64_t>(reinterpret_cast<std::uintptr_t>(&here));
    const auto time = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
    const std::uint64_t mixed = fold_multiply(place ^ 0x9e3779b97f4a7c15u, time ^ 0xd1b54a32d192ed03u);
    // A byte 0xff is in no UTF-8 text, so that no word can equal a seed and make a product zero.
    return {mixed | 0xff00000000000000u, fold_multiply(mixed, 0xaef17502108ef2d9u) | 0x00000000000000ffu};
  }
};

/// A string of up to 15 bytes as two numbers: its bytes, zeros, and its length + 1 in the highest byte.
/// For a longer one: its hash, and 255 in the highest byte above its place in the table's store. Zero is "no string".
struct term_key {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  friend bool operator==(const term_key&, const term_key&) = default;
};

inline constexpr std::size_t short_term = 15;
inline constexpr std::uint64_t long_mark = std::uint64_t{0xff} << 56;

inline bool is_long(const term_key& key) { return key.high >= long_mark; }

static_assert(std::endian::native == std::endian::little, "mmrec::text: keys of terms are laid out for little-endian machines");

/// Reads exactly the bytes of the term; overlapping loads instead of a loop.
inline term_key short_key(std::string_view term) {
  const char* bytes = term.data();
  const std::size_t size = term.size();
  term_key key;
  if (size >= 8) {
    key.low = load_bytes(bytes, 8);
    key.high = (load_bytes(bytes + size - 8, 8) >> (8 * (15 - size))) >> 8;
  } else if (size >= 4) {
    key.low = load_bytes(bytes, 4) | load_bytes(bytes + size - 4, 4) << (8 * (size - 4));
  } else if (size != 0) {
    key.low = load_bytes(bytes, 1) | load_bytes(bytes + size / 2, 1) << (8 * (size / 2)) |
              load_bytes(bytes + size - 1, 1) << (8 * (size - 1));
  }
  key.high |= static_cast<std::uint64_t>(size + 1) << 56;
  return key;
}

/// The bytes of a short term, written to `buffer`.
inline std::string_view short_term_bytes(const term_key& key, std::array<char, 16>& buffer) {
  std::memcpy(buffer.data(), &key, sizeof key);
  return {buffer.data(), static_cast<std::size_t>(key.high >> 56) - 1};
}

inline std::uint64_t hash_long(std::string_view term, const hash_seed& seed) {
  const char* bytes = term.data();
  std::size_t left = term.size();
  std::uint64_t hash = seed.first;
  for (; left > 16; left -= 16, bytes += 16) {
    hash = fold_multiply(load_bytes(bytes, 8) ^ seed.second ^ hash, load_bytes(bytes + 8, 8) ^ hash);
  }
  bytes = term.data() + term.size() - 16;
  hash = fold_multiply(load_bytes(bytes, 8) ^ seed.second ^ hash, load_bytes(bytes + 8, 8) ^ hash);
  return fold_multiply(hash ^ seed.second, static_cast<std::uint64_t>(term.size()) ^ seed.first);
}

/// Open addressing with linear probing; a term of up to 15 bytes lies in its slot, so that a look-up touches one cache line.
/// Longer ones lie in one store. Memory: 16 bytes + Payload for each slot, at most twice (after growth 4 times) the terms.
template <class Payload>
class term_table {
 public:
  struct slot {
    term_key key;
    Payload payload;
  };

  explicit term_table(hash_seed seed = hash_seed::fresh()) : seed_(seed), slots_(minimum_slots) {}

  std::size_t size() const { return size_; }

  /// The payload of the term, or null.
  const Payload* find(std::string_view term) const {
    if (term.size() <= short_term) {
      const term_key key = short_key(term);
      std::size_t index = hash_short(key) & mask();
      while (slots_[index].key != key) {
        if (slots_[index].key.high == 0) return nullptr;
        index = (index + 1) & mask();
      }
      return &slots_[index].payload;
    }
    const slot& found = slots_[probe_long(term, hash_long(term, seed_))];
    return found.key.high == 0 ? nullptr : &found.payload;
  }

  /// The payload of the term, made by make() if it was not there.
  template <class Make>
  Payload& find_or_insert(std::string_view term, Make&& make) {
    if (term.size() <= short_term) return find_or_insert_short(short_key(term), std::forward<Make>(make));
    return find_or_insert_long(term, std::forward<Make>(make)).payload;
  }
  template <class Make>
  slot& find_or_insert_long(std::string_view term, Make&& make) {
    const std::uint64_t hash = hash_long(term, seed_);
    std::size_t index = probe_long(term, hash);
    if (slots_[index].key.high == 0) index = insert(index, hash, {hash, long_mark | store(term)}, make());
    return slots_[index];
  }
  template <class Make>
  Payload& find_or_insert_short(const term_key& key, Make&& make) {
    const std::uint64_t hash = hash_short(key);
    std::size_t index = hash & mask();
    while (slots_[index].key != key) {
      if (slots_[index].key.high == 0) {
        index = insert(index, hash, key, make());
        break;
      }
      index = (index + 1) & mask();
    }
    return slots_[index].payload;
  }

  /// The bytes of a long term of this table.
  std::string_view long_term(const term_key& key) const {
    const char* place = store_.data() + (key.high & ~long_mark);
    return {place + sizeof(std::uint32_t), static_cast<std::size_t>(load_bytes(place, sizeof(std::uint32_t)))};
  }
  /// Calls visit(key, payload) for each term, in no order that means anything.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (const slot& entry : slots_) {
      if (entry.key.high != 0) visit(entry.key, entry.payload);
    }
  }

  void reserve(std::size_t terms) {
    while (terms * 2 > slots_.size()) grow();
  }

 private:
  static constexpr std::size_t minimum_slots = 64;

  std::size_t mask() const { return slots_.size() - 1; }
  std::uint64_t hash_short(const term_key& key) const { return fold_multiply(key.low ^ seed_.first, key.high ^ seed_.second); }

  std::size_t probe_long(std::string_view term, std::uint64_t hash) const {
    std::size_t index = hash & mask();
    for (;;) {
      const term_key& key = slots_[index].key;
      if (key.high == 0 || (key.low == hash && is_long(key) && long_term(key) == term)) return index;
      index = (index + 1) & mask();
    }
  }

  std::size_t insert(std::size_t index, std::uint64_t hash, const term_key& key, Payload payload) {
    if ((size_ + 1) * 2 > slots_.size()) {
      grow();
      index = hash & mask();
      while (slots_[index].key.high != 0) index = (index + 1) & mask();
    }
    slots_[index] = {key, std::move(payload)};
    ++size_;
    return index;
  }

  void grow() {
    std::vector<slot> larger(slots_.size() * 2);
    for (slot& old : slots_) {
      if (old.key.high == 0) continue;
      std::size_t index = (is_long(old.key) ? old.key.low : hash_short(old.key)) & (larger.size() - 1);
      while (larger[index].key.high != 0) index = (index + 1) & (larger.size() - 1);
      larger[index] = std::move(old);
    }
    slots_ = std::move(larger);
  }

  std::uint64_t store(std::string_view term) {
    constexpr std::uint64_t longest = 0xffffffff;
    if (term.size() > longest) throw limit_error("text::vocabulary", "bytes of one term", longest, term.size());
    const std::uint64_t place = store_.size();
    const auto size = static_cast<std::uint32_t>(term.size());
    store_.resize(store_.size() + sizeof size + term.size());
    std::memcpy(store_.data() + place, &size, sizeof size);
    std::memcpy(store_.data() + place + sizeof size, term.data(), term.size());
    return place;
  }

  hash_seed seed_;
  std::vector<slot> slots_;
  std::size_t size_ = 0;
  std::vector<char> store_;
};

}  // namespace text::detail
}  // namespace mmrec::inline v0
