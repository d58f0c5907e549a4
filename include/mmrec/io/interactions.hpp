// mmrec/io/interactions.hpp - tables of who did what with which item.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/parse.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/io/detail/duplicates.hpp>
#include <mmrec/io/file.hpp>
#include <mmrec/io/table.hpp>

namespace mmrec::inline v0 {
namespace io {

/// What to do with a user or item that is not in the map the caller gave.
enum class unknown_keys { error, skip };

/// Maps that a reader must use; where one is null, the reader makes it from the file, in the order of first appearance.
struct key_maps {
  std::shared_ptr<const data::user_map> users = nullptr;
  std::shared_ptr<const data::item_map> items = nullptr;
};

/// Where a table keeps what, and what to do with the unexpected.
struct interaction_table {
  table_options format = {};  ///< how the table is written; also the policy for malformed records
  column_ref user = "user";
  column_ref item = "item";
  std::optional<column_ref> value = std::nullopt;  ///< absent: every event counts 1
  std::optional<column_ref> time = std::nullopt;   ///< absent: 0
  bool numeric_keys = false;                       ///< keys must be whole numbers from 0; 7, 07 and 007 are then one key
  float lowest_value = std::numeric_limits<float>::lowest();  ///< a finite value outside lowest..largest is malformed
  float largest_value = (std::numeric_limits<float>::max)();
  unknown_keys on_unknown_user = unknown_keys::error;
  unknown_keys on_unknown_item = unknown_keys::error;
  data::interaction_policy policy = {};  ///< duplicates and non-finite values
  friend bool operator==(const interaction_table&, const interaction_table&) = default;
};

/// Interactions and how their table was read. What became of duplicates and bad values is in interactions.report().
struct interaction_file {
  data::interactions interactions;
  table_report table;
  std::size_t unknown_users = 0;  ///< events skipped for a user who is not in the caller's map
  std::size_t unknown_items = 0;  ///< events skipped for an item that is not in the caller's map
};

namespace detail {

/// Finds or makes the ids of one kind of key.
template <class Id>
class key_reader {
 public:
  using map_type = data::id_map<Id>;

  key_reader(std::shared_ptr<const map_type> given, bool numeric) : given_(std::move(given)), numeric_(numeric) {}

  /// Throws parse_error when the field cannot be a key.
  void check(table_reader& table, std::size_t place) const {
    if (table[place].empty()) table.fail(place, "is empty where a key is wanted");
    if (numeric_ && table.value<std::int64_t>(place) < 0) table.fail(place, in_quotation(table[place]) + " is negative");
  }
  /// The id of a key that was checked, making it unless a map was given. Throws unknown_id, or gives nothing, by the policy.
  std::optional<Id> find(table_reader& table, std::size_t place, unknown_keys on_unknown) const {
    const std::optional<Id> id = numeric_ ? given_->find(number(table[place])) : given_->find(table[place]);
    if (!id && on_unknown == unknown_keys::error) {
      const parse_error where = table.error_at(table.offset(place), "");
      throw unknown_id(where.source() + ':' + std::to_string(where.line()) + ':' + std::to_string(where.column()),
                       std::is_same_v<Id, user_id> ? "user" : "item", in_quotation(table[place]), given_->size());
    }
    return id;
  }
  Id make(std::string_view key) {
    // Tables are often grouped by user: the last key saves most look-ups then.
    if (key != last_key_ || made_.size() == 0) {
      last_id_ = numeric_ ? made_.insert(number(key)) : made_.insert(key);
      last_key_ = key;
    }
    return last_id_;
  }
  bool is_given() const { return given_ != nullptr; }
  std::shared_ptr<const map_type> finish() { return given_ ? given_ : std::make_shared<const map_type>(std::move(made_)); }

 private:
  static std::int64_t number(std::string_view key) { return parse_number<std::int64_t>(key).value; }

  std::shared_ptr<const map_type> given_;
  bool numeric_;
  map_type made_;
  std::string last_key_;
  Id last_id_;
};

}  // namespace detail

/// Reads a table of events from bytes in memory.
///
/// Cost       one pass over the bytes and a sort; 24 bytes an event, 56 where duplicates are errors, and two maps of keys
/// Result     users and items numbered by the given maps, else in the order of their first appearance in the table
/// Throws     parse_error for malformed records, values out of range and duplicates, unknown_id for unknown keys, as far as
///            the policies say error: each names source, line and column. limit_error beyond the limits
/// Example    io::read_interactions("ratings.csv", {.user = "userId", .item = "movieId", .value = "rating", .time =
///            "timestamp"})
inline interaction_file parse_interactions(std::string_view bytes, std::string source, const interaction_table& spec = {},
                                           const key_maps& keys = {}, const limits& bounds = {}) {
  table_reader table(bytes, std::move(source), spec.format, bounds);
  const std::size_t user_column = table.column(spec.user), item_column = table.column(spec.item);
  const auto optional_column = [&](const std::optional<column_ref>& wanted) {
    return wanted ? std::optional<std::size_t>(table.column(*wanted)) : std::nullopt;
  };
  const std::optional<std::size_t> value_column = optional_column(spec.value), time_column = optional_column(spec.time);
  const number_options value_options{.non_finite = spec.policy.on_bad_value == data::bad_values::skip};
  const bool keep_offsets = spec.policy.on_duplicate == data::duplicates::error;

  detail::key_reader<user_id> users(keys.users, spec.numeric_keys);
  detail::key_reader<item_id> items(keys.items, spec.numeric_keys);
  std::size_t unknown_users = 0, unknown_items = 0;
  std::vector<data::interaction> events;
  std::vector<std::size_t> offsets;

  for_each_record(table, [&](table_reader& record) {
    users.check(record, user_column);
    items.check(record, item_column);
    data::interaction event;
    if (value_column) {
      event.value = record.value<float>(*value_column, value_options);
      if (std::isfinite(event.value) && (event.value < spec.lowest_value || event.value > spec.largest_value)) {
        record.fail(*value_column, in_quotation(record[*value_column]) + " is outside the range of values");
      }
    }
    if (time_column) event.time = record.value<std::int64_t>(*time_column);
    // Given maps first: nothing is to be made for an event that is skipped.
    std::optional<user_id> user;
    if (users.is_given() && !(user = users.find(record, user_column, spec.on_unknown_user))) {
      ++unknown_users;
      return;
    }
    std::optional<item_id> item;
    if (items.is_given() && !(item = items.find(record, item_column, spec.on_unknown_item))) {
      ++unknown_items;
      return;
    }
    event.user = user ? *user : users.make(record[user_column]);
    event.item = item ? *item : items.make(record[item_column]);
    events.push_back(event);
    if (keep_offsets) offsets.push_back(record.offset(user_column));
  });

  const auto user_map = users.finish();
  const auto item_map = items.finish();
  if (!keep_offsets) {
    return {data::interactions(user_map, item_map, std::move(events), spec.policy), table.report(), unknown_users,
            unknown_items};
  }
  try {
    return {data::interactions(user_map, item_map, events, spec.policy), table.report(), unknown_users, unknown_items};
  } catch (const data_error&) {
    const auto duplicate = detail::first_duplicate(events);
    if (!duplicate) throw;
    const std::uint64_t line = table.error_at(offsets[duplicate->earlier], "").line();
    throw table.error_at(offsets[duplicate->later],
                         "the same user and item as on line " + std::to_string(line) + "; choose a policy for duplicates");
  }
}

/// Reads a table of events from a file; see parse_interactions and read_file.
inline interaction_file read_interactions(const std::filesystem::path& path, const interaction_table& spec = {},
                                          const key_maps& keys = {}, const limits& bounds = {}) {
  return parse_interactions(read_file(path, bounds), path.native(), spec, keys, bounds);
}

}  // namespace io
}  // namespace mmrec::inline v0
