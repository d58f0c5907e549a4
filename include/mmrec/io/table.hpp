// mmrec/io/table.hpp - delimited text tables, read strictly.
#pragma once
#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/config.hpp>
#include <mmrec/core/error.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/parse.hpp>

namespace mmrec::inline v0 {
namespace io {

/// What to do with a record that cannot be understood.
enum class malformed { error, skip };

/// How a table is written. The default is CSV as in RFC 4180 with a header line; TSV is {.delimiter = "\t", .quotes =
/// false}.
struct table_options {
  std::string delimiter = ",";  ///< what separates fields: one or more bytes; " " stands for any run of blanks and tabs
  bool quotes = true;           ///< fields in "..." may hold delimiters, line ends and, doubled, quotes
  bool header = true;           ///< the first record names the columns
  malformed on_malformed = malformed::error;
  friend bool operator==(const table_options&, const table_options&) = default;
};

/// What was read and what was not.
struct table_report {
  std::size_t records = 0;          ///< records given out, those that the caller then refused included; without the header
  std::size_t skipped = 0;          ///< malformed records, passed over because the options say so
  std::vector<std::string> faults;  ///< what was wrong with the first few of them
  friend bool operator==(const table_report&, const table_report&) = default;
};

/// A column by its name in the header, or by its place counted from 0.
struct column_ref {
  std::string name;
  std::size_t place = 0;

  column_ref(const char* column) : name(column) {}             // NOLINT: implicit on purpose
  column_ref(std::string column) : name(std::move(column)) {}  // NOLINT
  template <std::integral Integer>
  column_ref(Integer column) : place(static_cast<std::size_t>(column)) {}  // NOLINT
  friend bool operator==(const column_ref&, const column_ref&) = default;
};

/// Reads a table record by record from bytes in memory, which it does not own: views of fields point into them.
///
/// Lines end in LF or CRLF, the last one may lack its end, empty lines at the end of the file are ignored, and so is a UTF-8
/// byte order mark. Each record must have as many fields as the first. Bytes of fields are passed on as they are, blanks
/// included; the encoding is not checked.
///
/// Cost       one pass; no allocation for a record once warm, except where fields hold doubled quotes
/// Throws     parse_error, whose line and column (in bytes, from 1) are where the fault is; when the record at fault began
///            on an earlier line, inside quotes, the message names that line too. limit_error beyond the limits
/// Avoid when a table does not fit in memory
/// Example    io::table_reader table(bytes, "ratings.csv");
///            const auto rating = table.column("rating");
///            io::for_each_record(table, [&](auto& record) { sum += record.template value<float>(rating); });
/// Reference  RFC 4180, Common Format and MIME Type for CSV Files
class table_reader {
 public:
  /// `source` names the bytes in messages. Reads the header. Throws invalid_config for an impossible delimiter.
  table_reader(std::string_view bytes, std::string source, table_options options = {}, const limits& bounds = {})
      : bytes_(bytes), source_(std::move(source)), options_(std::move(options)), bounds_(bounds) {
    const std::string& delimiter = options_.delimiter;
    require_config(!delimiter.empty(), "io::table_reader", "delimiter", "must not be empty");
    require_config(delimiter.find_first_of(std::string_view("\"\r\n\0", 4)) == std::string::npos, "io::table_reader",
                   "delimiter", "must not hold quotes, line ends or NUL");
    blanks_ = delimiter == " ";
    for (const char c : {'\n', '\r', '\0', delimiter.front()}) special_[static_cast<unsigned char>(c)] = true;
    if (options_.quotes) special_[static_cast<unsigned char>('"')] = true;
    if (blanks_) special_[static_cast<unsigned char>('\t')] = true;
    begin();
  }

  /// Number of columns; 0 for a table that has neither header nor records.
  std::size_t columns() const { return columns_; }
  /// Names of the columns; empty for a table without a header.
  std::span<const std::string> header() const { return header_; }
  const std::string& source() const { return source_; }
  const table_report& report() const { return report_; }

  /// The place of a column. Throws parse_error when it is not there, or when two columns have that name.
  std::size_t column(const column_ref& wanted) {
    if (wanted.name.empty()) {
      if (columns_ != 0 && wanted.place >= columns_) {
        raise(start_, "there is no column " + std::to_string(wanted.place + 1) + ", only " + std::to_string(columns_));
      }
      return wanted.place;
    }
    const auto found = std::find(header_.begin(), header_.end(), wanted.name);
    if (found == header_.end()) raise(start_, "there is no column " + in_quotation(wanted.name) + known_columns());
    if (std::find(found + 1, header_.end(), wanted.name) != header_.end()) {
      raise(start_, "two columns are named " + in_quotation(wanted.name));
    }
    return static_cast<std::size_t>(found - header_.begin());
  }
  bool has_column(std::string_view name) const { return std::find(header_.begin(), header_.end(), name) != header_.end(); }

  /// Goes to the next record; false when there is none.
  bool next() {
    while (!at_end()) {
      std::optional<fault> bad = scan();
      if (bad) {
        skip_line(bad->offset);
      } else if (columns_ == 0) {
        columns_ = fields_.size();
      } else if (fields_.size() != columns_) {
        bad = wrong_count();
      }
      if (!bad) {
        if (report_.records == bounds_.rows)
          throw limit_error("io::table_reader", source_ + ": records", bounds_.rows, bounds_.rows + 1);
        ++report_.records;
        return true;
      }
      const parse_error error = error_at(bad->offset, bad->what);
      if (!skip(error)) throw error;
    }
    fields_.clear();
    return false;
  }

  /// A field of the current record.
  std::string_view operator[](std::size_t place) const {
    MMREC_ASSERT(place < fields_.size());
    const field& f = fields_[place];
    return (f.unescaped ? std::string_view(scratch_) : bytes_).substr(f.start, f.size);
  }

  /// A field of the current record as a number. Throws parse_error.
  template <number T>
  T value(std::size_t place, number_options accepted = {}) {
    const number_result<T> result = parse_number<T>((*this)[place], accepted);
    if (!result) fail(place, in_quotation((*this)[place]) + ' ' + std::string(describe<T>(result.fault)));
    return result.value;
  }

  /// Throws a parse_error that points to a field of the current record: for the caller's own checks.
  [[noreturn]] void fail(std::size_t place, std::string_view what) {
    const std::string name = place < header_.size() ? in_quotation(header_[place]) : std::to_string(place + 1);
    raise(fields_[place].offset, "column " + name + ": " + std::string(what));
  }

  /// Where a field of the current record starts, in bytes; see error_at.
  std::size_t offset(std::size_t place) const { return fields_[place].offset; }
  /// An error that points to a byte of the table.
  parse_error error_at(std::size_t offset, std::string_view what) {
    const std::uint64_t first_line = position((std::min)(record_, offset)).first;  // asked for in order, see position()
    const auto [line, column] = position(offset);
    std::string text(what);
    if (first_line != line) text += " (in the record that starts on line " + std::to_string(first_line) + ')';
    return {source_, line, column, text};
  }

  /// Counts a record as skipped, if the options allow that.
  bool skip(const parse_error& error) {
    constexpr std::size_t remembered = 8;
    if (options_.on_malformed != malformed::skip) return false;
    ++report_.skipped;
    if (report_.faults.size() < remembered) report_.faults.emplace_back(error.what());
    return true;
  }

 private:
  struct field {
    std::size_t offset;  // in the bytes, opening quote included
    std::size_t start;   // in the bytes or in the scratch memory
    std::size_t size;
    bool unescaped;
  };
  struct fault {
    std::size_t offset;
    std::string what;
  };

  void begin() {
    if (bytes_.starts_with("\xff\xfe") || bytes_.starts_with("\xfe\xff")) raise(0, "is UTF-16; convert it to UTF-8");
    if (bytes_.starts_with("\xef\xbb\xbf")) start_ = 3;
    cursor_ = record_ = line_start_ = start_;
    const std::size_t last = bytes_.find_last_not_of("\r\n");
    content_end_ = last == std::string_view::npos ? start_ : (std::max)(start_, last + 1);
    if (!options_.header) {
      look_ahead();
      return;
    }
    if (at_end()) raise(start_, "is empty where a header line is wanted");
    if (const auto bad = scan()) raise(bad->offset, bad->what);
    columns_ = fields_.size();
    for (std::size_t place = 0; place < columns_; ++place) header_.emplace_back((*this)[place]);
  }

  /// Learns the number of columns from the first record that next() will give.
  void look_ahead() {
    while (columns_ == 0 && !at_end()) {
      if (const auto bad = scan()) {
        if (options_.on_malformed == malformed::error) break;  // next() will throw
        skip_line(bad->offset);
      } else {
        columns_ = fields_.size();
      }
    }
    cursor_ = record_ = start_;
    fields_.clear();
  }

  void skip_line(std::size_t offset) {
    const std::size_t line_end = bytes_.find('\n', offset);
    cursor_ = line_end == std::string_view::npos ? bytes_.size() : line_end + 1;
  }

  // Empty lines after the last record are none of a table's records, except in a table of one column.
  bool at_end() const { return cursor_ >= bytes_.size() || (cursor_ >= content_end_ && columns_ != 1); }

  /// Splits the record at the cursor into fields and moves the cursor behind it.
  std::optional<fault> scan() {
    fields_.clear();
    scratch_.clear();
    record_ = cursor_;
    std::size_t at = blanks_ ? after_blanks(cursor_) : cursor_;
    for (;;) {
      if (fields_.size() == bounds_.columns) {
        throw limit_error("io::table_reader", place_of(record_) + ": fields in a record", bounds_.columns,
                          bounds_.columns + 1);
      }
      const bool in_quotes = options_.quotes && at < bytes_.size() && bytes_[at] == '"';
      if (in_quotes) {
        if (auto bad = scan_quoted(at)) return bad;
      } else {
        const std::size_t stop = plain_end(at);
        fields_.push_back({at, at, stop - at, false});
        at = stop;
      }
      if (const std::optional<std::size_t> after = line_end(at)) return finish(*after);
      if (!at_delimiter(at)) return stray(at, in_quotes);
      at = blanks_ ? after_blanks(at) : at + options_.delimiter.size();
      if (!blanks_) continue;
      if (const std::optional<std::size_t> after = line_end(at)) return finish(*after);
    }
  }

  std::optional<fault> finish(std::size_t after) {
    cursor_ = after;
    if (after - record_ > bounds_.line_bytes) {
      throw limit_error("io::table_reader", place_of(record_) + ": bytes in a record", bounds_.line_bytes, after - record_);
    }
    return std::nullopt;
  }

  /// Where the next record starts, if the current one ends at this place.
  std::optional<std::size_t> line_end(std::size_t at) const {
    if (at == bytes_.size()) return at;
    if (bytes_[at] == '\n') return at + 1;
    if (bytes_[at] == '\r' && at + 1 < bytes_.size() && bytes_[at + 1] == '\n') return at + 2;
    return std::nullopt;
  }

  std::size_t plain_end(std::size_t at) const {
    const char* const bytes = bytes_.data();
    const std::size_t size = bytes_.size();
    for (;; ++at) {
      while (at < size && !special_[static_cast<unsigned char>(bytes[at])]) ++at;
      const bool part_of_delimiter = at < size && bytes[at] == options_.delimiter.front() && !at_delimiter(at);
      if (!part_of_delimiter) return at;
    }
  }

  bool at_delimiter(std::size_t at) const {
    if (blanks_) return bytes_[at] == ' ' || bytes_[at] == '\t';
    return bytes_.compare(at, options_.delimiter.size(), options_.delimiter) == 0;
  }

  std::size_t after_blanks(std::size_t at) const { return (std::min)(bytes_.find_first_not_of(" \t", at), bytes_.size()); }

  /// Reads a field in quotes and moves `at` behind its closing quote.
  std::optional<fault> scan_quoted(std::size_t& at) {
    const std::size_t opening = at;
    std::size_t from = opening + 1;
    bool unescaped = false;
    const std::size_t scratch_start = scratch_.size();
    for (;;) {
      const std::size_t quote = bytes_.find('"', from);
      if (quote == std::string_view::npos) return fault{opening, "the quote that opens here is never closed"};
      at = quote + 1;
      const bool doubled = at < bytes_.size() && bytes_[at] == '"';
      if (doubled || unescaped) scratch_.append(bytes_, from, quote - from + (doubled ? 1 : 0));
      if (!doubled) {
        if (unescaped) {
          fields_.push_back({opening, scratch_start, scratch_.size() - scratch_start, true});
        } else {
          fields_.push_back({opening, opening + 1, quote - opening - 1, false});
        }
        return std::nullopt;
      }
      unescaped = true;
      from = at + 1;
    }
  }

  fault stray(std::size_t at, bool after_quotes) const {
    if (bytes_[at] == '\0') return {at, "NUL byte: this is not a text table"};
    if (bytes_[at] == '\r') return {at, "carriage return without a line feed"};
    if (after_quotes) return {at, "text after a closing quote"};
    return {at, "quote inside a field that does not start with one"};
  }

  fault wrong_count() const {
    const std::size_t count = fields_.size();
    const std::size_t offset = count > columns_ ? fields_[columns_].offset : fields_.back().offset;
    return {offset, std::to_string(count) + (count == 1 ? " field" : " fields") + " where " + std::to_string(columns_) +
                        (columns_ == 1 ? " is wanted" : " are wanted")};
  }

  std::string known_columns() const {
    if (header_.empty()) return ": this table has no header";
    std::string text = "; there are";
    for (std::size_t place = 0; place < header_.size() && text.size() < 200; ++place)
      text += ' ' + in_quotation(header_[place]);
    return text;
  }

  /// Line and column of a byte, counted on from the last place asked for, so that many errors cost one pass in all.
  std::pair<std::uint64_t, std::uint64_t> position(std::size_t offset) {
    if (offset < line_start_) {
      line_start_ = start_;
      line_ = 1;
    }
    for (;;) {
      const std::size_t end = bytes_.find('\n', line_start_);
      if (end == std::string_view::npos || end >= offset) break;
      line_start_ = end + 1;
      ++line_;
    }
    return {line_, offset < line_start_ ? 1 : offset - line_start_ + 1};
  }
  std::string place_of(std::size_t offset) { return source_ + ':' + std::to_string(position(offset).first); }

  [[noreturn]] void raise(std::size_t offset, std::string_view what) { throw error_at(offset, what); }

  std::string_view bytes_;
  std::string source_;
  table_options options_;
  limits bounds_;
  std::array<bool, 256> special_{};
  bool blanks_ = false;
  std::size_t start_ = 0;        // behind the byte order mark
  std::size_t content_end_ = 0;  // behind the last byte that is not part of a line end
  std::size_t cursor_ = 0;
  std::size_t record_ = 0;
  std::size_t columns_ = 0;
  std::vector<std::string> header_;
  std::vector<field> fields_;
  std::string scratch_;  // fields whose doubled quotes were undone
  table_report report_;
  std::size_t line_start_ = 0;
  std::uint64_t line_ = 1;
};

/// Calls body(reader) for each record. Where the options say skip, a record for which the body throws a parse_error is
/// counted as skipped like a malformed one: read all fields of a record before using any.
template <class Body>
const table_report& for_each_record(table_reader& table, Body&& body) {
  while (table.next()) {
    try {
      body(table);
    } catch (const parse_error& error) {
      if (!table.skip(error)) throw;
    }
  }
  return table.report();
}

}  // namespace io
}  // namespace mmrec::inline v0
