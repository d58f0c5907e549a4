// mmrec/text/detail/term_table.hpp - a hash table keyed by short strings.
#pragma once
#include <array>
#include <bit>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
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

static_assert(std::endian::native == std::endian::little,
              "mmrec::text: keys of terms are laid out for little-endian machines");

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

/// For each length, the bytes that count of two 8-byte loads.
inline constexpr std::array<term_key, short_term + 1> short_key_masks = [] {
  std::array<term_key, short_term + 1> masks{};
  for (std::size_t size = 0; size <= short_term; ++size) {
    const auto bytes = [](std::size_t count) { return count == 0 ? 0 : ~std::uint64_t{0} >> (64 - 8 * count); };
    masks[size] = {bytes(size < 8 ? size : 8), bytes(size < 8 ? 0 : size - 8)};
  }
  return masks;
}();

/// short_key without a branch, for a term with `token_padding` bytes behind it: lengths of words are hard to predict.
inline term_key short_key_padded(std::string_view term) {
  const term_key& mask = short_key_masks[term.size()];
  return {load_bytes(term.data(), 8) & mask.low,
          (load_bytes(term.data() + 8, 8) & mask.high) | static_cast<std::uint64_t>(term.size() + 1) << 56};
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

/// A term with its hash for one table. `bytes` matter for a long term only.
struct hashed_term {
  term_key key;
  std::uint64_t hash = 0;
  std::string_view bytes;
};

struct no_payload {
  friend bool operator==(const no_payload&, const no_payload&) = default;
};

/// Terms numbered in the order in which they came. Open addressing with linear probing over 4-byte entries (a term's
/// number and some bits of its hash), so that the part touched at random is small; the records lie in the order of the
/// terms, frequent ones, which come early, together. A term of up to 15 bytes lies in its record; longer ones in one store.
/// Memory: 16 bytes + Payload and 8 to 16 bytes of index for each term.
template <class Payload>
class term_table {
 public:
  struct record {
    term_key key;
    [[no_unique_address]] Payload payload{};
  };
  static constexpr std::uint32_t none = 0xffffffff;

  explicit term_table(hash_seed seed = hash_seed::fresh()) : seed_(seed), index_(minimum_slots, 0) {}

  std::size_t size() const { return records_.size(); }
  std::span<const record> records() const { return records_; }
  record& operator[](std::uint32_t number) { return records_[number]; }

  template <bool Padded = false>
  hashed_term hash(std::string_view term) const {
    if (term.size() <= short_term) return hash(Padded ? short_key_padded(term) : short_key(term));
    const std::uint64_t hash = hash_long(term, seed_);
    return {{hash, long_mark}, hash, term};
  }
  hashed_term hash(const term_key& short_term_key) const {
    // The second product makes up for a first one whose factors have few bits set.
    const std::uint64_t mixed = fold_multiply(short_term_key.low ^ seed_.first, short_term_key.high ^ seed_.second);
    return {short_term_key, fold_multiply(mixed, 0x9e3779b97f4a7c15u), {}};
  }

  /// Starts to load what look-up of this term reads first, and second.
  void prefetch_index(const hashed_term& term) const { __builtin_prefetch(&index_[term.hash & mask()]); }
  void prefetch_record(const hashed_term& term) const {
    const std::uint32_t wanted = tag(term.hash) & ~mask32();
    for (std::size_t place = term.hash & mask(); index_[place] != 0; place = (place + 1) & mask()) {
      if ((index_[place] & ~mask32()) == wanted) return __builtin_prefetch(&records_[(index_[place] & mask32()) - 1]);
    }
  }

  /// The number of the term, or none.
  std::uint32_t find(const hashed_term& term) const { return number_at(probe(term)); }
  std::uint32_t find(std::string_view term) const { return find(hash(term)); }

  /// The number of the term; one that is not there yet gets the next number. Throws limit_error beyond 2^30 terms.
  std::uint32_t find_or_insert(const hashed_term& term) {
    std::size_t place = probe(term);
    if (index_[place] == 0) {
      if ((records_.size() + 1) * 2 > index_.size()) {
        grow();
        place = free_place(term.hash);
      }
      term_key key = term.key;
      if (is_long(key)) key.high |= store(term.bytes);
      records_.push_back({key, {}});
      index_[place] = (tag(term.hash) & ~mask32()) | static_cast<std::uint32_t>(records_.size());
    }
    return number_at(place);
  }

  /// The bytes of a long term of this table.
  std::string_view long_term(const term_key& key) const {
    const char* place = store_.data() + (key.high & ~long_mark);
    return {place + sizeof(std::uint32_t), static_cast<std::size_t>(load_bytes(place, sizeof(std::uint32_t)))};
  }

  void reserve(std::size_t terms) {
    while (terms * 2 > index_.size()) grow();
    records_.reserve(terms);
  }

 private:
  static constexpr std::size_t minimum_slots = 64;
  static constexpr std::size_t maximum_slots = std::size_t{1} << 31;

  std::size_t mask() const { return index_.size() - 1; }
  std::uint32_t mask32() const { return static_cast<std::uint32_t>(mask()); }
  static std::uint32_t tag(std::uint64_t hash) { return static_cast<std::uint32_t>(hash >> 32); }
  std::uint32_t number_at(std::size_t place) const { return (index_[place] & mask32()) - 1; }  // none where it is free

  /// Where the term is, or the free place where it belongs.
  std::size_t probe(const hashed_term& term) const {
    const std::uint32_t wanted = tag(term.hash) & ~mask32();
    for (std::size_t place = term.hash & mask();; place = (place + 1) & mask()) {
      const std::uint32_t entry = index_[place];
      if (entry == 0) return place;
      if ((entry & ~mask32()) != wanted) continue;
      const term_key& key = records_[(entry & mask32()) - 1].key;
      if (key == term.key) return place;
      if (is_long(term.key) && is_long(key) && key.low == term.hash && long_term(key) == term.bytes) return place;
    }
  }

  std::size_t free_place(std::uint64_t hash) const {
    std::size_t place = hash & mask();
    while (index_[place] != 0) place = (place + 1) & mask();
    return place;
  }

  void grow() {
    if (index_.size() >= maximum_slots) {
      throw limit_error("text::vocabulary", "different terms", maximum_slots / 2, records_.size() + 1);
    }
    index_.assign(index_.size() * 2, 0);
    for (std::size_t number = 0; number < records_.size(); ++number) {
      const term_key& key = records_[number].key;
      const std::uint64_t hash_of_term = is_long(key) ? key.low : hash(key).hash;
      index_[free_place(hash_of_term)] = (tag(hash_of_term) & ~mask32()) | static_cast<std::uint32_t>(number + 1);
    }
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
  std::vector<std::uint32_t> index_;  // 0: free; else 1 + number of a term in the low bits, bits of its hash above
  std::vector<record> records_;
  std::vector<char> store_;
};

}  // namespace text::detail
}  // namespace mmrec::inline v0
