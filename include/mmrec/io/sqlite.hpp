// mmrec/io/sqlite.hpp - interactions and item columns out of an SQLite database.
// Optional component `sqlite` (CMake target mmrec::sqlite); no other header includes this one.
#pragma once
#if !__has_include(<sqlite3.h>)
#error \
    "mmrec: io/sqlite.hpp needs SQLite 3: apt install libsqlite3-dev, then find_package(mmrec COMPONENTS sqlite) and link mmrec::sqlite"
#endif
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <filesystem>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

#include <sqlite3.h>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/parse.hpp>
#include <mmrec/core/progress.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/partial_column.hpp>

namespace mmrec::inline v0 {
namespace io {

/// SQLite could not open the database or run the query. The text holds SQLite's own message.
class sqlite_error : public io_error {
 public:
  sqlite_error(std::string_view function, std::string_view file, std::string_view query, int code, std::string_view why)
      : io_error(function, file,
                 query.empty() ? std::string(why) : "query " + in_quotation(query) + ": " + std::string(why)),
        code_(code) {}
  /// SQLite's extended result code.
  int code() const noexcept { return code_; }

 private:
  int code_;
};

/// How rows of a query become interactions.
struct sqlite_interactions {
  enum class nulls { error, skip };
  nulls on_null = nulls::error;  ///< a row in which a column is NULL
  unknown_keys on_unknown_user = unknown_keys::error;
  unknown_keys on_unknown_item = unknown_keys::error;
  data::interaction_policy policy = {};  ///< duplicates, and values that are not finite
  friend bool operator==(const sqlite_interactions&, const sqlite_interactions&) = default;
};

/// Interactions, and what became of the rows of the query.
struct sqlite_interaction_result {
  data::interactions interactions;
  std::size_t rows = 0;  ///< that the query gave
  std::size_t null_rows = 0;
  std::size_t unknown_users = 0;
  std::size_t unknown_items = 0;
};

/// A database, opened for reading only; it is never created or changed. One thread at a time.
///
/// Keys are INTEGER or TEXT, and 7 and '7' are one key; numbers are INTEGER or REAL, times INTEGER. Nothing is converted:
/// text that looks like a number is an error, and so is a BLOB. A query is one statement that gives rows.
///
/// Cost       one pass over the rows of the query, without a copy of them
/// Result     users and items in the order of their first appearance, unless the caller gives maps: use ORDER BY where the
///            numbers of users and items are to be the same each time
/// Throws     sqlite_error where SQLite refuses (no such file, no database, an error in the query, a locked or damaged file);
///            data_error, naming file, query, row and column, for what does not fit; unknown_id for keys outside given maps;
///            limit_error beyond bounds.rows rows, bounds.line_bytes bytes in one text, bounds.file_bytes bytes of text in
///            all, bounds.columns columns or bounds.query_steps steps of SQLite's machine (a view in a file can ask for
///            endlessly many); cancelled through the sink, which is also asked while SQLite works on a row
/// Avoid when a query is made of untrusted text: pass values by views or by tables
/// Example    io::sqlite_database shop("shop.db");
///            const auto log = shop.interactions("SELECT user, item, stars, at FROM ratings ORDER BY rowid");
///            const auto titles = shop.text("SELECT item, title FROM items", *log.interactions.item_keys());
class sqlite_database {
 public:
  explicit sqlite_database(const std::filesystem::path& path, const limits& bounds = {}, progress_sink* progress = nullptr)
      : file_(path.native()), bounds_(bounds), progress_(progress) {
    constexpr std::string_view function = "io::sqlite_database";
    sqlite3* opened = nullptr;
    // An absolute name is always that of a file: "", ":memory:" and "file:..." mean something else to SQLite.
    std::error_code absent;
    const std::filesystem::path name = std::filesystem::absolute(path, absent);
    if (absent) throw sqlite_error(function, file_, "", SQLITE_CANTOPEN, absent.message());
    const int code = sqlite3_open_v2(name.c_str(), &opened,
                                     SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_PRIVATECACHE, nullptr);
    handle_.reset(opened);
    if (opened == nullptr) throw sqlite_error(function, file_, "", code, sqlite3_errstr(code));
    sqlite3_extended_result_codes(opened, 1);
    if (code != SQLITE_OK) throw sqlite_error(function, file_, "", sqlite3_extended_errcode(opened), sqlite3_errmsg(opened));
    // What SQLite's documentation advises for files of unknown origin.
    sqlite3_db_config(opened, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
    sqlite3_db_config(opened, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
    sqlite3_limit(opened, SQLITE_LIMIT_LENGTH, static_cast<int>(value_bytes(bounds)));
    sqlite3_limit(opened, SQLITE_LIMIT_ATTACHED, 0);
    // Damage is found by the first query: ask one, so that a file that is no database does not open.
    each_row(function, "SELECT count(*) FROM sqlite_schema", 1, 1, [](const row&) {});
  }

  /// Rows (user, item), (user, item, value) or (user, item, value, time); the value is 1 and the time 0 where there is none.
  sqlite_interaction_result interactions(std::string_view query, const sqlite_interactions& spec = {},
                                         const key_maps& keys = {}) {
    constexpr std::string_view function = "io::sqlite_database::interactions";
    data::user_map users;
    data::item_map items;
    std::vector<data::interaction> events;
    sqlite_interaction_result result;
    const bool skip_nulls = spec.on_null == sqlite_interactions::nulls::skip;
    const bool skip_bad = spec.policy.on_bad_value == data::bad_values::skip;
    const query_size size = each_row(function, query, 2, 4, [&](const row& values) {
      for (int column = 0; skip_nulls && column < values.columns(); ++column) {
        if (!values.is_null(column)) continue;
        ++result.null_rows;
        return;
      }
      const std::string_view user_key = values.key(0, user_digits_), item_key = values.key(1, item_digits_);
      data::interaction event;
      if (values.columns() > 2) event.value = values.number(2, skip_bad);
      if (values.columns() > 3) event.time = values.integer(3);
      // Both are looked up before one is made: a row that is left out adds nobody.
      const auto user = find(values, 0, user_key, keys.users.get(), spec.on_unknown_user);
      if (!user && keys.users) {
        ++result.unknown_users;
        return;
      }
      const auto item = find(values, 1, item_key, keys.items.get(), spec.on_unknown_item);
      if (!item && keys.items) {
        ++result.unknown_items;
        return;
      }
      event.user = user ? *user : users.insert(user_key);
      event.item = item ? *item : items.insert(item_key);
      events.push_back(event);
    });
    result.rows = size.rows;
    result.interactions = data::interactions(
        keys.users ? keys.users : std::make_shared<const data::user_map>(std::move(users)),
        keys.items ? keys.items : std::make_shared<const data::item_map>(std::move(items)), std::move(events), spec.policy);
    return result;
  }

  /// Rows (item, text). A NULL text is a missing one; items that are not in the catalogue are left out and counted; an item
  /// that comes twice is an error.
  partial_column<data::text_column> text(std::string_view query, const data::item_map& items) {
    constexpr std::string_view function = "io::sqlite_database::text";
    std::vector<std::optional<std::string>> found(items.size());
    std::vector<bool> seen(items.size(), false);
    partial_column<data::text_column> result{.values = {}, .present = data::presence(items.size(), 0), .file = file_};
    each_row(function, query, 2, 2, [&](const row& values) {
      const std::optional<item_id> item = item_of(values, items, seen);
      if (!item) {
        ++result.unknown_items;
      } else if (!values.is_null(1)) {
        found[item->index()] = std::string(values.text(1));
      }
    });
    for (std::size_t item = 0; item < found.size(); ++item) {
      if (!found[item]) continue;
      result.present[item] = 1;
      result.values.push_back(*found[item]);
    }
    return result;
  }

  /// Rows (item, number, number, ...), D >= 1 numbers. A NULL number becomes NaN and is counted as non-finite; an item whose
  /// numbers are all NULL has none. Otherwise as text().
  partial_column<matrix<float>> numbers(std::string_view query, const data::item_map& items) {
    constexpr std::string_view function = "io::sqlite_database::numbers";
    std::vector<std::optional<std::size_t>> place(items.size());
    std::vector<bool> seen(items.size(), false);
    std::vector<float> kept, own;
    partial_column<matrix<float>> result{.values = {}, .present = data::presence(items.size(), 0), .file = file_};
    const query_size size = each_row(function, query, 2, bounds_.columns, [&](const row& values) {
      own.clear();
      bool all_null = true;
      for (int column = 1; column < values.columns(); ++column) {
        own.push_back(values.is_null(column) ? no_number : values.number(column, true));
        all_null = all_null && values.is_null(column);
      }
      const std::optional<item_id> item = item_of(values, items, seen);
      if (!item) {
        ++result.unknown_items;
      } else if (!all_null) {
        place[item->index()] = kept.size() / own.size();
        kept.insert(kept.end(), own.begin(), own.end());
      }
    });
    const auto bad = std::count_if(kept.begin(), kept.end(), [](float x) { return !std::isfinite(x); });
    result.non_finite = static_cast<std::size_t>(bad);
    const std::size_t width = size.columns - 1, rows = kept.size() / width;
    result.values.resize(static_cast<Eigen::Index>(rows), static_cast<Eigen::Index>(width));
    float* to = result.values.data();
    for (std::size_t item = 0; item < place.size(); ++item) {
      if (!place[item]) continue;
      result.present[item] = 1;
      to = std::copy_n(kept.data() + *place[item] * width, width, to);
    }
    return result;
  }

 private:
  static constexpr float no_number = std::numeric_limits<float>::quiet_NaN();

  struct close_database {
    void operator()(sqlite3* database) const { sqlite3_close_v2(database); }
  };
  struct finish_statement {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };

  /// The current row of a query; views of text live until the next row.
  class row {
   public:
    row(const sqlite_database& owner, std::string_view function, std::string_view query, sqlite3_stmt* statement)
        : owner_(owner), function_(function), query_(query), statement_(statement) {}
    std::size_t number_of_row = 0;

    int columns() const { return sqlite3_column_count(statement_); }
    bool is_null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }

    /// A key as text; an integer's digits are written to `digits`.
    std::string_view key(int column, std::string& digits) const {
      const int type = sqlite3_column_type(statement_, column);
      if (type == SQLITE_INTEGER) return digits = std::to_string(sqlite3_column_int64(statement_, column));
      if (type != SQLITE_TEXT) refuse(column, "a key (INTEGER or TEXT)");
      return text(column);
    }
    float number(int column, bool non_finite) const {
      const int type = sqlite3_column_type(statement_, column);
      if (type != SQLITE_INTEGER && type != SQLITE_FLOAT) refuse(column, "a number (INTEGER or REAL)");
      const double value = sqlite3_column_double(statement_, column);
      const auto rounded = static_cast<float>(value);
      if (std::isfinite(value) && !std::isfinite(rounded)) fail(column, "holds a number that is too large for float");
      if (!non_finite && !std::isfinite(rounded)) fail(column, "holds a number that is not finite");
      return rounded;
    }
    std::int64_t integer(int column) const {
      if (sqlite3_column_type(statement_, column) != SQLITE_INTEGER) refuse(column, "a whole number (INTEGER)");
      return sqlite3_column_int64(statement_, column);
    }
    std::string_view text(int column) const {
      if (sqlite3_column_type(statement_, column) != SQLITE_TEXT) refuse(column, "text (TEXT)");
      const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
      if (bytes == nullptr) throw std::bad_alloc();
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
      if (size > owner_.bounds_.line_bytes) {
        throw limit_error(function_, place(column) + ": bytes", owner_.bounds_.line_bytes, size);
      }
      text_bytes_ += size;
      if (text_bytes_ > owner_.bounds_.file_bytes) {
        throw limit_error(function_, owner_.file_ + ": bytes of text", owner_.bounds_.file_bytes, text_bytes_);
      }
      return {bytes, size};
    }
    std::string place(int column) const {
      const char* const name = sqlite3_column_name(statement_, column);
      return owner_.file_ + ": query " + in_quotation(query_) + ": row " + std::to_string(number_of_row) + ", column " +
             in_quotation(name == nullptr ? "" : name);
    }
    std::string_view function() const { return function_; }
    [[noreturn]] void fail(int column, std::string_view what) const {
      throw data_error(function_, place(column) + ' ' + std::string(what));
    }

   private:
    [[noreturn]] void refuse(int column, std::string_view wanted) const {
      const char* found = "a BLOB";
      switch (sqlite3_column_type(statement_, column)) {
        case SQLITE_NULL:
          found = "NULL";
          break;
        case SQLITE_INTEGER:
          found = "an INTEGER";
          break;
        case SQLITE_FLOAT:
          found = "a REAL";
          break;
        case SQLITE_TEXT:
          found = "TEXT";
          break;
        default:
          break;
      }
      fail(column, std::string("holds ") + found + " where " + std::string(wanted) + " is wanted");
    }

    const sqlite_database& owner_;
    std::string_view function_;
    std::string_view query_;
    sqlite3_stmt* statement_;
    mutable std::uint64_t text_bytes_ = 0;
  };

  /// Nothing for a key that is not in the map, and where there is no map.
  template <class Id>
  static std::optional<Id> find(const row& values, int column, std::string_view key, const data::id_map<Id>* given,
                                unknown_keys on_unknown) {
    if (key.empty()) values.fail(column, "holds an empty text where a key is wanted");
    if (given == nullptr) return std::nullopt;
    const std::optional<Id> id = given->find(key);
    if (!id && on_unknown == unknown_keys::error) {
      throw unknown_id(std::string(values.function()) + ": " + values.place(column), column == 0 ? "user" : "item",
                       in_quotation(key), given->size());
    }
    return id;
  }

  std::optional<item_id> item_of(const row& values, const data::item_map& items, std::vector<bool>& seen) {
    const std::optional<item_id> item = items.find(values.key(0, item_digits_));
    if (item && seen[item->index()]) values.fail(0, "holds an item that has a row already");
    if (item) seen[item->index()] = true;
    return item;
  }

  /// What the progress handler needs; exceptions must not pass through SQLite's C code.
  struct watch {
    static constexpr std::uint64_t interval = 20000;  // steps between two questions, some tenths of a millisecond

    progress_sink* sink;
    std::string_view function;
    std::uint64_t most_steps;
    std::uint64_t steps = 0;
    std::size_t rows = 0;
    bool stopped = false;
    std::exception_ptr thrown = nullptr;

    static int ask(void* context) noexcept {
      watch& self = *static_cast<watch*>(context);
      self.steps += interval;
      try {
        self.stopped = self.sink != nullptr && !self.sink->report({self.function, self.rows, 0});
      } catch (...) {
        self.thrown = std::current_exception();
      }
      return self.stopped || self.thrown || self.steps > self.most_steps ? 1 : 0;
    }
  };

  /// What one value or row may hold. SQLite's own bound is also one of rows and of statements, which need some room.
  static std::uint64_t value_bytes(const limits& bounds) {
    constexpr std::uint64_t least = std::uint64_t{1} << 20, largest = std::uint64_t{1} << 30;
    return std::clamp(bounds.line_bytes, least, largest);
  }

  /// Throws why SQLite stopped, if it was not of its own accord or met a limit; gives its own complaint otherwise.
  sqlite_error complaint(const watch& watching, std::string_view query) const {
    if (watching.thrown) std::rethrow_exception(watching.thrown);
    if (watching.stopped) throw cancelled(watching.function);
    if (watching.steps > watching.most_steps) {
      throw limit_error(watching.function, file_ + ": steps of the query", watching.most_steps, watching.steps);
    }
    const int code = sqlite3_extended_errcode(handle_.get());
    if ((code & 0xFF) == SQLITE_TOOBIG) {
      const std::uint64_t most = value_bytes(bounds_);
      throw limit_error(watching.function, file_ + ": bytes of a value or row", most, most + 1);
    }
    return {watching.function, file_, query, code, sqlite3_errmsg(handle_.get())};
  }

  struct query_size {
    std::size_t rows = 0;
    std::size_t columns = 0;
  };

  /// Runs a query and calls body(row) for each row.
  template <class Body>
  query_size each_row(std::string_view function, std::string_view query, std::uint64_t fewest, std::uint64_t most,
                      const Body& body) {
    sqlite3* const database = handle_.get();
    const auto refuse = [&](int code, std::string_view why) -> sqlite_error { return {function, file_, query, code, why}; };
    watch watching{.sink = progress_, .function = function, .most_steps = bounds_.query_steps};
    struct guard {
      sqlite3* database;
      ~guard() { sqlite3_progress_handler(database, 0, nullptr, nullptr); }
    } const remove_handler{database};
    sqlite3_progress_handler(database, static_cast<int>(watch::interval), &watch::ask, &watching);

    if (query.empty()) throw refuse(SQLITE_MISUSE, "the query is empty");
    if (query.size() > 1'000'000) throw limit_error(function, "bytes in the query", 1'000'000, query.size());
    sqlite3_stmt* prepared = nullptr;
    const char* rest = nullptr;
    const int parsed = sqlite3_prepare_v2(database, query.data(), static_cast<int>(query.size()), &prepared, &rest);
    const std::unique_ptr<sqlite3_stmt, finish_statement> statement(prepared);
    if (parsed != SQLITE_OK) throw complaint(watching, query);
    if (!statement) throw refuse(SQLITE_MISUSE, "is empty");
    if (holds_statement(query.substr(static_cast<std::size_t>(rest - query.data())))) {
      throw refuse(SQLITE_MISUSE, "is more than one statement");
    }
    if (sqlite3_stmt_readonly(prepared) == 0) throw refuse(SQLITE_READONLY, "changes the database");
    if (sqlite3_bind_parameter_count(prepared) != 0) throw refuse(SQLITE_MISUSE, "has parameters, which nothing binds");
    const auto columns = static_cast<std::uint64_t>(sqlite3_column_count(prepared));
    if (columns > bounds_.columns) {
      throw limit_error(function, file_ + ": columns of the query", bounds_.columns, columns);
    }
    if (columns < fewest || columns > most) {
      throw refuse(SQLITE_MISUSE,
                   "gives " + std::to_string(columns) + (columns == 1 ? " column" : " columns") + " where " +
                       (fewest == most ? std::to_string(fewest) : std::to_string(fewest) + " to " + std::to_string(most)) +
                       " are wanted");
    }
    row current(*this, function, query, prepared);
    for (;;) {
      const int code = sqlite3_step(prepared);
      if (code == SQLITE_DONE) return {watching.rows, static_cast<std::size_t>(columns)};
      if (code != SQLITE_ROW) throw complaint(watching, query);
      if (watching.rows == bounds_.rows) {
        throw limit_error(function, file_ + ": rows of the query", bounds_.rows, bounds_.rows + 1);
      }
      current.number_of_row = ++watching.rows;
      body(current);
      constexpr std::size_t every = 4096;  // cheap rows may pass by without a question from SQLite
      if (watching.rows % every == 0) report_progress(progress_, function, watching.rows, 0);
    }
  }

  /// Whether text after a statement is more than spaces and comments.
  bool holds_statement(std::string_view tail) const {
    if (tail.empty()) return false;
    sqlite3_stmt* prepared = nullptr;
    const int parsed = sqlite3_prepare_v2(handle_.get(), tail.data(), static_cast<int>(tail.size()), &prepared, nullptr);
    sqlite3_finalize(prepared);
    return parsed != SQLITE_OK || prepared != nullptr;
  }

  std::string file_;
  limits bounds_;
  progress_sink* progress_;
  std::unique_ptr<sqlite3, close_database> handle_;
  std::string user_digits_, item_digits_;
};

}  // namespace io
}  // namespace mmrec::inline v0
