// mmrec/io/recbole.hpp - RecBole's atomic files: tables whose header gives each column a type.
#pragma once
#include <algorithm>
#include <cstddef>
#include <filesystem>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <mmrec/core/error.hpp>
#include <mmrec/core/ids.hpp>
#include <mmrec/core/limits.hpp>
#include <mmrec/core/parse.hpp>
#include <mmrec/data/features.hpp>
#include <mmrec/data/id_map.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/io/file.hpp>
#include <mmrec/io/partial_column.hpp>
#include <mmrec/io/table.hpp>

namespace mmrec::inline v0 {
namespace io {

/// What a column of an atomic file holds.
enum class recbole_type {
  token,      ///< one word
  token_seq,  ///< words between blanks
  number,     ///< "float"
  numbers     ///< "float_seq": numbers between blanks
};

struct recbole_field {
  std::string name;
  recbole_type type = recbole_type::token;
  friend bool operator==(const recbole_field&, const recbole_field&) = default;
};

/// An atomic file in memory (.user, .item, .kg, .link, .net, .inter): a tab-separated table with a header such as
/// "item_id:token<tab>genre:token_seq<tab>price:float". An empty field is a missing value.
///
/// Cost       one pass; the bytes of the file once, 8 bytes a field, and 4 a number
/// Throws     parse_error, naming file, line and column, for a header without types or with an unknown one, two columns of
///            one name, records of another length, and numbers that are none or not finite; limit_error beyond the limits
/// Example    const io::recbole_table items = io::read_recbole("ml-100k.item");
///            const auto titles = items.text_of("item_id", "movie_title", *ratings.item_keys());
/// Reference  Zhao et al., "RecBole: towards a unified, comprehensive and efficient framework for recommendation
///            algorithms", CIKM 2021; RecBole's documentation, "Atomic files"
class recbole_table {
 public:
  recbole_table(std::string_view bytes, std::string source, const limits& bounds = {},
                malformed on_malformed = malformed::error)
      : source_(source) {
    table_reader table(bytes, std::move(source),
                       {.delimiter = "\t", .quotes = false, .header = true, .on_malformed = on_malformed}, bounds);
    read_header(table);
    columns_.resize(fields_.size());
    std::vector<float> own;
    for_each_record(table, [&](table_reader& record) {
      for (std::size_t place = 0; place < fields_.size(); ++place) check(record, place);
      for (std::size_t place = 0; place < fields_.size(); ++place) {
        column& to = columns_[place];
        switch (fields_[place].type) {
          case recbole_type::number:
            to.numbers.push_back(record[place].empty() ? missing : parse_number<float>(record[place]).value);
            break;
          case recbole_type::numbers:
            own.clear();
            for_each_word(record[place],
                          [&](std::string_view word, std::size_t) { own.push_back(parse_number<float>(word).value); });
            to.numbers.insert(to.numbers.end(), own.begin(), own.end());
            to.ends.push_back(to.numbers.size());
            break;
          default:
            to.words.push_back(record[place]);
        }
      }
      ++rows_;
    });
    report_ = table.report();
  }

  std::size_t rows() const { return rows_; }
  std::span<const recbole_field> fields() const { return fields_; }
  const std::string& source() const { return source_; }
  const table_report& report() const { return report_; }

  bool has(std::string_view name) const { return find(name) < fields_.size(); }
  /// The place of a field. Throws unknown_id.
  std::size_t field(std::string_view name) const {
    const std::size_t place = find(name);
    if (place == fields_.size()) {
      throw unknown_id("io::recbole_table::field", "field", '"' + std::string(name) + "\" of " + source_, fields_.size());
    }
    return place;
  }

  /// The text of a token or of tokens between blanks; empty where it is missing. Throws data_error for a field of numbers.
  std::string_view text(std::size_t row, std::size_t place) const {
    require_type("io::recbole_table::text", place, recbole_type::token, recbole_type::token_seq);
    return columns_[place].words[row];
  }
  /// The tokens of a sequence, or the one token.
  std::vector<std::string_view> tokens(std::size_t row, std::size_t place) const {
    std::vector<std::string_view> result;
    for_each_word(text(row, place), [&](std::string_view word, std::size_t) { result.push_back(word); });
    return result;
  }
  /// A number; NaN where it is missing. Throws data_error for another type of field.
  float number(std::size_t row, std::size_t place) const {
    require_type("io::recbole_table::number", place, recbole_type::number, recbole_type::number);
    return columns_[place].numbers[row];
  }
  /// The numbers of a sequence, or the one number; none where it is missing.
  std::span<const float> numbers(std::size_t row, std::size_t place) const {
    require_type("io::recbole_table::numbers", place, recbole_type::number, recbole_type::numbers);
    const column& from = columns_[place];
    if (fields_[place].type == recbole_type::number) {
      const auto one = std::span(from.numbers).subspan(row, 1);
      return one[0] == one[0] ? one : one.first(0);
    }
    const std::size_t begin = row == 0 ? 0 : from.ends[row - 1];
    return std::span(from.numbers).subspan(begin, from.ends[row] - begin);
  }

  /// A field of tokens as a column of a catalogue: missing where it is empty. Keys outside the map are left out and counted.
  /// Throws     unknown_id for a field that is not there; data_error for another type and for a key that comes twice
  template <class Id>
  partial_column<data::text_column> text_of(std::string_view key, std::string_view name,
                                            const data::id_map<Id>& keys) const {
    const std::size_t place = field(name);
    partial_column<data::text_column> result{.values = {}, .present = data::presence(keys.size(), 0), .file = source_};
    for (const auto& row : rows_by_key("io::recbole_table::text_of", key, keys, result.unknown_items)) {
      if (!row.second || text(*row.second, place).empty()) continue;
      result.present[row.first] = 1;
      result.values.push_back(text(*row.second, place));
    }
    return result;
  }

  /// A field of numbers as a column of a catalogue, D = 1 for "float". Throws as text_of; shape_error for sequences of
  /// different lengths.
  template <class Id>
  partial_column<matrix<float>> numbers_of(std::string_view key, std::string_view name, const data::id_map<Id>& keys) const {
    constexpr std::string_view function = "io::recbole_table::numbers_of";
    const std::size_t place = field(name);
    partial_column<matrix<float>> result{.values = {}, .present = data::presence(keys.size(), 0), .file = source_};
    std::vector<float> values;
    std::optional<std::size_t> width;
    for (const auto& row : rows_by_key(function, key, keys, result.unknown_items)) {
      if (!row.second) continue;
      const std::span<const float> own = numbers(*row.second, place);
      if (own.empty()) continue;
      if (!width) width = own.size();
      if (own.size() != *width) {
        throw shape_error(function, "numbers of \"" + keys.key(Id{row.first}) + "\" in " + source_, *width, own.size());
      }
      result.present[row.first] = 1;
      values.insert(values.end(), own.begin(), own.end());
    }
    const std::size_t columns = width.value_or(0);
    result.values.resize(static_cast<Eigen::Index>(columns == 0 ? 0 : values.size() / columns),
                         static_cast<Eigen::Index>(columns));
    std::copy(values.begin(), values.end(), result.values.data());
    return result;
  }

 private:
  static constexpr float missing = std::numeric_limits<float>::quiet_NaN();

  struct column {
    data::text_column words;
    std::vector<float> numbers;
    std::vector<std::size_t> ends;  // of each row's numbers, for sequences
  };

  template <class Body>
  static void for_each_word(std::string_view text, Body&& body) {
    for (std::size_t at = text.find_first_not_of(' '); at < text.size();) {
      const std::size_t end = (std::min)(text.find(' ', at), text.size());
      body(text.substr(at, end - at), at);
      at = (std::min)(text.find_first_not_of(' ', end), text.size());
    }
  }

  void read_header(table_reader& table) {
    constexpr std::pair<std::string_view, recbole_type> types[] = {{"token", recbole_type::token},
                                                                   {"token_seq", recbole_type::token_seq},
                                                                   {"float", recbole_type::number},
                                                                   {"float_seq", recbole_type::numbers}};
    for (const std::string& title : table.header()) {
      const std::size_t colon = title.rfind(':');
      const std::string_view wanted = std::string_view(title).substr(colon == std::string::npos ? title.size() : colon + 1);
      const auto* const type =
          std::find_if(std::begin(types), std::end(types), [&](const auto& t) { return t.first == wanted; });
      const std::size_t offset = table.offset(fields_.size());
      if (colon == std::string::npos || colon == 0 || type == std::end(types)) {
        throw table.error_at(
            offset, in_quotation(title) +
                        " is no field of an atomic file: a name, a colon, and token, token_seq, float or float_seq");
      }
      if (has(std::string_view(title).substr(0, colon))) {
        throw table.error_at(offset, "two fields are named " + in_quotation(std::string_view(title).substr(0, colon)));
      }
      fields_.push_back({title.substr(0, colon), type->second});
    }
  }

  /// Refuses a record before any of it is kept.
  void check(table_reader& record, std::size_t place) const {
    const bool sequence = fields_[place].type == recbole_type::numbers;
    if (sequence) {
      for_each_word(record[place], [&](std::string_view word, std::size_t) {
        const auto result = parse_number<float>(word);
        if (!result) record.fail(place, in_quotation(word) + ' ' + std::string(describe<float>(result.fault)));
      });
    } else if (fields_[place].type == recbole_type::number && !record[place].empty()) {
      static_cast<void>(record.value<float>(place));
    }
  }

  std::size_t find(std::string_view name) const {
    const auto found = std::find_if(fields_.begin(), fields_.end(), [&](const recbole_field& f) { return f.name == name; });
    return static_cast<std::size_t>(found - fields_.begin());
  }

  void require_type(std::string_view function, std::size_t place, recbole_type one, recbole_type other) const {
    if (fields_[place].type != one && fields_[place].type != other) {
      throw data_error(function, "field \"" + fields_[place].name + "\" of " + source_ + " has another type");
    }
  }

  /// For each id of the map, its row if it has one.
  template <class Id>
  std::vector<std::pair<std::size_t, std::optional<std::size_t>>> rows_by_key(std::string_view function,
                                                                              std::string_view key,
                                                                              const data::id_map<Id>& keys,
                                                                              std::size_t& unknown) const {
    const std::size_t place = field(key);
    std::vector<std::pair<std::size_t, std::optional<std::size_t>>> result(keys.size());
    for (std::size_t id = 0; id < keys.size(); ++id) result[id].first = id;
    for (std::size_t row = 0; row < rows_; ++row) {
      const auto id = keys.find(text(row, place));
      if (!id) {
        ++unknown;
      } else if (std::exchange(result[id->index()].second, row)) {
        throw data_error(function, "\"" + std::string(text(row, place)) + "\" comes twice in field \"" + std::string(key) +
                                       "\" of " + source_);
      }
    }
    return result;
  }

  std::string source_;
  std::vector<recbole_field> fields_;
  std::vector<column> columns_;
  std::size_t rows_ = 0;
  table_report report_;
};

/// Reads an atomic file; see recbole_table and read_file.
inline recbole_table read_recbole(const std::filesystem::path& path, const limits& bounds = {},
                                  malformed on_malformed = malformed::error) {
  return recbole_table(read_file(path, bounds), path.native(), bounds, on_malformed);
}

}  // namespace io
}  // namespace mmrec::inline v0
