// mmrec/io/recbole_interactions.hpp - RecBole's .inter files as interactions, .net files as edges between users.
#pragma once
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/parse.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/io/detail/duplicates.hpp>
#include <mmrec/io/file.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/table.hpp>

namespace mmrec::inline v0 {
namespace io {

/// Which fields of an .inter file mean what; the types stand in the file's header.
struct recbole_interactions {
  std::string user = "user_id";
  std::string item = "item_id";
  std::optional<std::string> value = "rating";    ///< absent, or not in the file: every event counts 1
  std::optional<std::string> time = "timestamp";  ///< absent, or not in the file: 0
  malformed on_malformed = malformed::error;
  unknown_keys on_unknown_user = unknown_keys::error;
  unknown_keys on_unknown_item = unknown_keys::error;
  data::interaction_policy policy = {};
  friend bool operator==(const recbole_interactions&, const recbole_interactions&) = default;
};

namespace detail {

/// The place of "name:type" in a header; nothing when there is no field of that name. Throws parse_error for another type.
inline std::optional<std::size_t> typed_field(table_reader& table, std::string_view name, std::string_view type) {
  const auto header = table.header();
  for (std::size_t place = 0; place < header.size(); ++place) {
    const std::string_view title = header[place];
    if (title.substr(0, title.rfind(':')) != name || title.find(':') == std::string_view::npos) continue;
    if (title.substr(title.rfind(':') + 1) != type) {
      throw table.error_at(0, "field " + in_quotation(title) + " is not of type " + std::string(type));
    }
    return table.column(column_ref(std::string(title)));
  }
  return std::nullopt;
}
inline std::size_t needed_field(table_reader& table, std::string_view name, std::string_view type) {
  const auto place = typed_field(table, name, type);
  if (!place) throw table.error_at(0, "there is no field " + in_quotation(std::string(name) + ':' + std::string(type)));
  return *place;
}

/// Times are "float" in atomic files. Whole seconds are kept exactly; what lies between is rounded down.
inline std::int64_t recbole_time(table_reader& record, std::size_t place) {
  if (const auto whole = parse_number<std::int64_t>(record[place])) return whole.value;
  const double time = std::floor(record.value<double>(place));
  constexpr double beyond = 9.2e18;
  if (!(time > -beyond && time < beyond)) record.fail(place, in_quotation(record[place]) + " is out of range");
  return static_cast<std::int64_t>(time);
}

}  // namespace detail

/// Reads interactions from the bytes of an .inter file.
///
/// Cost       one pass over the bytes and a sort; 24 bytes an event, 56 where duplicates are errors
/// Result     users and items numbered by the given maps, else in the order of their first appearance
/// Throws     parse_error for what is malformed, fields of another type and duplicates, unknown_id for unknown keys, as far as
///            the policies say error: each names source, line and column; limit_error beyond the limits
/// Example    const auto log = io::read_recbole_interactions("ml-100k.inter").interactions;
inline interaction_file parse_recbole_interactions(std::string_view bytes, std::string source,
                                                   const recbole_interactions& spec = {}, const key_maps& keys = {},
                                                   const limits& bounds = {}) {
  table_reader table(bytes, std::move(source), {.delimiter = "\t", .quotes = false, .on_malformed = spec.on_malformed},
                     bounds);
  const std::size_t user_field = detail::needed_field(table, spec.user, "token");
  const std::size_t item_field = detail::needed_field(table, spec.item, "token");
  const auto value_field = spec.value ? detail::typed_field(table, *spec.value, "float") : std::nullopt;
  const auto time_field = spec.time ? detail::typed_field(table, *spec.time, "float") : std::nullopt;
  const number_options value_options{.non_finite = spec.policy.on_bad_value == data::bad_values::skip};
  const bool keep_offsets = spec.policy.on_duplicate == data::duplicates::error;

  detail::key_reader<user_id> users(keys.users, false);
  detail::key_reader<item_id> items(keys.items, false);
  interaction_file result;
  std::vector<data::interaction> events;
  std::vector<std::size_t> offsets;
  for_each_record(table, [&](table_reader& record) {
    users.check(record, user_field);
    items.check(record, item_field);
    data::interaction event;
    if (value_field) event.value = record.value<float>(*value_field, value_options);
    if (time_field) event.time = detail::recbole_time(record, *time_field);
    std::optional<user_id> user;
    if (users.is_given() && !(user = users.find(record, user_field, spec.on_unknown_user))) {
      ++result.unknown_users;
      return;
    }
    std::optional<item_id> item;
    if (items.is_given() && !(item = items.find(record, item_field, spec.on_unknown_item))) {
      ++result.unknown_items;
      return;
    }
    event.user = user ? *user : users.make(record[user_field]);
    event.item = item ? *item : items.make(record[item_field]);
    events.push_back(event);
    if (keep_offsets) offsets.push_back(record.offset(user_field));
  });
  result.table = table.report();
  const auto user_map = users.finish();
  const auto item_map = items.finish();
  try {
    result.interactions = data::interactions(user_map, item_map, events, spec.policy);
  } catch (const data_error&) {
    const auto duplicate = keep_offsets ? detail::first_duplicate(events) : std::nullopt;
    if (!duplicate) throw;
    const std::uint64_t line = table.error_at(offsets[duplicate->earlier], "").line();
    throw table.error_at(offsets[duplicate->later],
                         "the same user and item as on line " + std::to_string(line) + "; choose a policy for duplicates");
  }
  return result;
}

/// Reads an .inter file; see parse_recbole_interactions and read_file.
inline interaction_file read_recbole_interactions(const std::filesystem::path& path, const recbole_interactions& spec = {},
                                                  const key_maps& keys = {}, const limits& bounds = {}) {
  return parse_recbole_interactions(read_file(path, bounds), path.native(), spec, keys, bounds);
}

/// Edges between users, in the order of the file.
struct recbole_edges {
  std::vector<std::pair<user_id, user_id>> edges;  ///< from, to
  std::size_t unknown_users = 0;                   ///< edges left out because an end is not in the map
};

/// Reads the bytes of a .net file with the fields `from` and `to`; what the data set says twice, stands twice.
/// Throws     parse_error, naming source, line and column, for what is malformed
/// Example    for (const auto [from, to] : io::read_recbole_edges("lastfm.net", *log.user_keys()).edges) ...
inline recbole_edges parse_recbole_edges(std::string_view bytes, std::string source, const data::user_map& users,
                                         std::string_view from = "source_id", std::string_view to = "target_id",
                                         const limits& bounds = {}) {
  table_reader table(bytes, std::move(source), {.delimiter = "\t", .quotes = false}, bounds);
  const std::size_t from_field = detail::needed_field(table, from, "token"),
                    to_field = detail::needed_field(table, to, "token");
  recbole_edges result;
  for_each_record(table, [&](table_reader& record) {
    for (const std::size_t place : {from_field, to_field}) {
      if (record[place].empty()) record.fail(place, "is empty where a key is wanted");
    }
    const auto source_user = users.find(record[from_field]), target = users.find(record[to_field]);
    if (source_user && target) {
      result.edges.emplace_back(*source_user, *target);
    } else {
      ++result.unknown_users;
    }
  });
  return result;
}

inline recbole_edges read_recbole_edges(const std::filesystem::path& path, const data::user_map& users,
                                        std::string_view from = "source_id", std::string_view to = "target_id",
                                        const limits& bounds = {}) {
  return parse_recbole_edges(read_file(path, bounds), path.native(), users, from, to, bounds);
}

}  // namespace io
}  // namespace mmrec::inline v0
