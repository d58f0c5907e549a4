// mmrec/io/adjacency.hpp - interactions as lists: "user item item ..." on each line.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
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

namespace mmrec::inline v0 {
namespace io {

/// What to do with the unexpected in files of lists.
struct adjacency_lists {
  unknown_keys on_unknown_user = unknown_keys::error;  ///< where the caller gave a map
  unknown_keys on_unknown_item = unknown_keys::error;
  data::interaction_policy policy = {};
  friend bool operator==(const adjacency_lists&, const adjacency_lists&) = default;
};

namespace detail {

/// What one file holds, with users and items as ids of the given maps or, where there is none, as the numbers themselves.
struct list_events {
  std::vector<data::interaction> events;
  std::vector<std::size_t> offsets;  // of the item in the bytes, one an event
  std::size_t users = 0;             // one more than the largest number
  std::size_t items = 0;
  std::size_t unknown_users = 0;
  std::size_t unknown_items = 0;
};

/// How many users or items may be numbered by files of this many bytes together: as many as could be named, and some more.
inline std::uint64_t most_numbered(std::uint64_t bytes, const limits& bounds) {
  constexpr std::uint64_t always_fine = 65536;
  return (std::min)(bounds.rows, (std::max)(bytes, always_fine));
}

class list_reader {
 public:
  list_reader(std::string_view bytes, std::string_view source, const adjacency_lists& spec, const key_maps& keys,
              std::uint64_t most_ids)
      : bytes_(bytes), source_(source), spec_(spec), keys_(keys), most_ids_(most_ids) {}

  list_events read() {
    if (bytes_.starts_with("\xef\xbb\xbf")) next_ = 3;
    const std::size_t content_end = bytes_.find_last_not_of("\r\n") + 1;  // 0 when there is no content
    for (; next_ < content_end; ++line_) {
      line_start_ = next_;
      const std::size_t end = (std::min)(bytes_.find('\n', next_), bytes_.size());
      next_ = end + 1;
      const bool carriage_return = end < bytes_.size() && end > line_start_ && bytes_[end - 1] == '\r';
      read_line(bytes_.substr(line_start_, end - line_start_ - (carriage_return ? 1 : 0)));
    }
    return std::move(result_);
  }

 private:
  void read_line(std::string_view line) {
    bool first = true;
    std::optional<user_id> user;
    for (std::size_t at = line.find_first_not_of(" \t"); at < line.size();) {
      const std::size_t end = (std::min)(line.find_first_of(" \t", at), line.size());
      const std::string_view word = line.substr(at, end - at);
      if (std::exchange(first, false)) {
        user = id_of<user_id>(word, at, keys_.users.get(), result_.users, spec_.on_unknown_user);
        if (!user) ++result_.unknown_users;
      } else if (user) {
        if (const auto item = id_of<item_id>(word, at, keys_.items.get(), result_.items, spec_.on_unknown_item)) {
          result_.events.push_back({.user = *user, .item = *item});
          result_.offsets.push_back(line_start_ + at);
        } else {
          ++result_.unknown_items;
        }
      }
      at = (std::min)(line.find_first_not_of(" \t", end), line.size());
    }
    if (first) fail(0, "is empty where a user is wanted");
  }

  template <class Id>
  std::optional<Id> id_of(std::string_view word, std::size_t at, const data::id_map<Id>* map, std::size_t& count,
                          unknown_keys on_unknown) {
    const auto number = parse_number<std::int64_t>(word);
    if (!number) fail(at, in_quotation(word) + ' ' + std::string(describe<std::int64_t>(number.fault)));
    if (number.value < 0) fail(at, in_quotation(word) + " is negative");
    if (map != nullptr) {
      const std::optional<Id> id = map->find(number.value);
      if (!id && on_unknown == unknown_keys::error) {
        throw unknown_id(place(at), std::is_same_v<Id, user_id> ? "user" : "item", in_quotation(word), map->size());
      }
      return id;
    }
    // Numbers are ids here, so that one number costs memory for all below it: a small file must not ask for much.
    const auto value = static_cast<std::uint64_t>(number.value);
    if (value >= most_ids_) {
      throw limit_error(place(at), "users or items numbered from 0 in files of this size:", most_ids_, value + 1);
    }
    count = (std::max)(count, static_cast<std::size_t>(value) + 1);
    return Id{static_cast<std::size_t>(value)};
  }

  std::string place(std::size_t at) const {
    return std::string(source_) + ':' + std::to_string(line_) + ':' + std::to_string(at + 1);
  }
  [[noreturn]] void fail(std::size_t at, std::string_view what) const { throw parse_error(source_, line_, at + 1, what); }

  std::string_view bytes_;
  std::string_view source_;
  const adjacency_lists& spec_;
  const key_maps& keys_;
  std::uint64_t most_ids_;
  std::size_t next_ = 0;
  std::size_t line_start_ = 0;
  std::uint64_t line_ = 1;
  list_events result_;
};

inline std::uint64_t line_of(std::string_view bytes, std::size_t offset) {
  return static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(offset), '\n')) +
         1;
}

inline interaction_file finish_lists(list_events read, std::string_view bytes, std::string_view source,
                                     const adjacency_lists& spec, const key_maps& keys) {
  table_report report;
  report.records = read.events.size();
  try {
    return {data::interactions(keys.users, keys.items, read.events, spec.policy), std::move(report), read.unknown_users,
            read.unknown_items};
  } catch (const data_error&) {
    const auto duplicate = first_duplicate(read.events);
    if (!duplicate) throw;
    const std::size_t offset = read.offsets[duplicate->later];
    const std::size_t line_start = offset == 0 ? 0 : bytes.rfind('\n', offset - 1) + 1;
    throw parse_error(source, line_of(bytes, offset), offset - line_start + 1,
                      "the same user and item as on line " +
                          std::to_string(line_of(bytes, read.offsets[duplicate->earlier])) +
                          "; choose a policy for duplicates");
  }
}
}  // namespace detail

/// Reads files of lists, as graph recommenders use them: on each line a user and the items of that user, whole numbers from
/// 0, between blanks or tabs. Parts of one split (train, validation, test) are read in one call and share their maps.
///
/// Where no maps are given, users and items are 0 .. the largest number in any of the files, and keys are these numbers: an
/// item that occurs nowhere still has its row, as feature files of such data sets expect.
///
/// Cost       one pass; 32 bytes an event, and the maps
/// Result     one element a file, values 1, times 0; a line with a user alone makes the user known
/// Throws     parse_error for what is not such a list, duplicates where the policy says error; unknown_id for users and
///            items outside the given maps; limit_error, without maps, for a number of 65,536 or more that is not below the
///            bytes of all files of the call, or not below bounds.rows: each names file, line and column
/// Example    const auto split = io::read_adjacency({"train.txt", "valid.txt", "test.txt"});
inline std::vector<interaction_file> read_adjacency(const std::vector<std::filesystem::path>& paths,
                                                    const adjacency_lists& spec = {}, const key_maps& keys = {},
                                                    const limits& bounds = {}) {
  std::vector<std::string> contents;
  std::vector<detail::list_events> parts;
  std::size_t users = 0, items = 0;
  std::uint64_t bytes = 0;
  for (const std::filesystem::path& path : paths) {
    contents.push_back(read_file(path, bounds));
    bytes += contents.back().size();
  }
  const std::uint64_t most_ids = detail::most_numbered(bytes, bounds);
  for (std::size_t part = 0; part < paths.size(); ++part) {
    parts.push_back(detail::list_reader(contents[part], paths[part].native(), spec, keys, most_ids).read());
    users = (std::max)(users, parts.back().users);
    items = (std::max)(items, parts.back().items);
  }
  const key_maps maps{keys.users ? keys.users : std::make_shared<const data::user_map>(data::user_map::numbered(users)),
                      keys.items ? keys.items : std::make_shared<const data::item_map>(data::item_map::numbered(items))};
  std::vector<interaction_file> files;
  for (std::size_t part = 0; part < paths.size(); ++part) {
    files.push_back(detail::finish_lists(std::move(parts[part]), contents[part], paths[part].native(), spec, maps));
  }
  return files;
}

/// The same for the bytes of one file.
inline interaction_file parse_adjacency(std::string_view bytes, std::string_view source, const adjacency_lists& spec = {},
                                        const key_maps& keys = {}, const limits& bounds = {}) {
  detail::list_events part =
      detail::list_reader(bytes, source, spec, keys, detail::most_numbered(bytes.size(), bounds)).read();
  const key_maps maps{
      keys.users ? keys.users : std::make_shared<const data::user_map>(data::user_map::numbered(part.users)),
      keys.items ? keys.items : std::make_shared<const data::item_map>(data::item_map::numbered(part.items))};
  return detail::finish_lists(std::move(part), bytes, source, spec, maps);
}

}  // namespace io
}  // namespace mmrec::inline v0
