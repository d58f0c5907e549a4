// mmrec/data/id_map.hpp - external keys (numbers or strings) to dense ids and back.
#pragma once
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <unordered_map>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>

namespace mmrec::inline v0 {
namespace data {

/// Numbers distinct keys 0, 1, 2, ... in the order of their first appearance. Keys are kept as text, so that 7 and "7"
/// are one key. Lookup is O(1); about 80 bytes a key.
template <class Id>
class id_map {
 public:
  id_map() = default;

  /// The id of a key, adding it when it is new. Throws limit_error at 4294967295 keys; the map is unchanged if it throws.
  Id insert(std::string_view key) {
    if (const auto found = index_.find(key); found != index_.end()) return found->second;
    if (keys_.size() >= most_keys)
      throw limit_error("data::id_map::insert", "keys", most_keys, std::uint64_t{most_keys} + 1);
    const Id id{keys_.size()};
    keys_.emplace_back(key);
    try {
      index_.emplace(keys_.back(), id);
    } catch (...) {
      keys_.pop_back();
      throw;
    }
    return id;
  }
  Id insert(std::int64_t key) { return insert(digits(key).view()); }

  /// The id of a key, if it is known.
  std::optional<Id> find(std::string_view key) const {
    const auto found = index_.find(key);
    return found == index_.end() ? std::nullopt : std::optional<Id>(found->second);
  }
  std::optional<Id> find(std::int64_t key) const { return find(digits(key).view()); }

  /// The id of a key; throws unknown_id.
  Id at(std::string_view key) const {
    if (const auto id = find(key)) return *id;
    throw unknown_id("data::id_map::at", "key", '"' + std::string(key) + '"', size());
  }
  Id at(std::int64_t key) const { return at(digits(key).view()); }

  /// The key of an id; throws unknown_id.
  const std::string& key(Id id) const {
    if (id.index() >= keys_.size()) throw unknown_id("data::id_map::key", "id", std::to_string(id.index()), size());
    return keys_[id.index()];
  }

  std::size_t size() const { return keys_.size(); }

  /// Keys "0", "1", ..., count - 1: for data that is numbered already.
  static id_map numbered(std::size_t count) {
    id_map map;
    for (std::size_t index = 0; index < count; ++index) map.insert(static_cast<std::int64_t>(index));
    return map;
  }

  friend bool operator==(const id_map& left, const id_map& right) { return left.keys_ == right.keys_; }

 private:
  static constexpr std::size_t most_keys = 0xffffffffU;  // the last index means "no such id"

  struct decimal {
    char text[24];
    std::size_t size;
    std::string_view view() const { return {text, size}; }
  };
  static decimal digits(std::int64_t number) {
    decimal result{};
    const auto end = std::to_chars(result.text, result.text + sizeof result.text, number).ptr;
    result.size = static_cast<std::size_t>(end - result.text);
    return result;
  }
  struct hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const noexcept { return std::hash<std::string_view>{}(key); }
  };
  std::vector<std::string> keys_;
  std::unordered_map<std::string, Id, hash, std::equal_to<>> index_;
};

using user_map = id_map<user_id>;
using item_map = id_map<item_id>;

}  // namespace data
}  // namespace mmrec::inline v0
