// mmrec/io/feature_table.hpp - dense features of items, from text tables or .npy files.
#pragma once
#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
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
#include <mmrec/io/file.hpp>
#include <mmrec/io/npy.hpp>
#include <mmrec/io/partial_column.hpp>
#include <mmrec/io/table.hpp>

namespace mmrec::inline v0 {
namespace io {

namespace detail {
/// Rows of features in the order of a file, put in item order.
class feature_rows {
 public:
  explicit feature_rows(std::size_t items) : row_of_item_(items) {}

  bool has(item_id item) const { return row_of_item_[item.index()].has_value(); }
  /// Says which item the next row of the file belongs to, if any of the catalogue.
  void next_row(std::optional<item_id> item) {
    if (item) {
      row_of_item_[item->index()] = next_;
    } else {
      ++unknown_items_;
    }
    ++next_;
  }

  partial_column<matrix<float>> finish(std::span<const float> values, std::size_t width, std::string file) const {
    partial_column<matrix<float>> result;
    result.file = std::move(file);
    result.unknown_items = unknown_items_;
    for (const auto& row : row_of_item_) result.present.push_back(row ? 1 : 0);
    result.values.resize(static_cast<Eigen::Index>(result.present_count()), static_cast<Eigen::Index>(width));
    Eigen::Index target = 0;
    for (const auto& row : row_of_item_) {
      if (!row) continue;
      const std::span<const float> numbers = values.subspan(*row * width, width);
      std::copy(numbers.begin(), numbers.end(), result.values.data() + target * result.values.cols());
      result.non_finite +=
          static_cast<std::size_t>(std::count_if(numbers.begin(), numbers.end(), [](float x) { return !std::isfinite(x); }));
      ++target;
    }
    return result;
  }

 private:
  std::vector<std::optional<std::size_t>> row_of_item_;
  std::size_t next_ = 0;
  std::size_t unknown_items_ = 0;
};
}  // namespace detail

/// Reads features from a table whose first column is an item's key, a whole number, and whose other columns are numbers.
/// Non-finite numbers (inf, nan) are kept and counted; items that are not in the catalogue are left out and counted.
/// Throws     parse_error, naming file, line and column, for anything else, an item that comes twice included
inline partial_column<matrix<float>> read_feature_table(const std::filesystem::path& path, const data::item_map& items,
                                                        const table_options& format = {.delimiter = "\t", .quotes = false},
                                                        const limits& bounds = {}) {
  const std::string bytes = read_file(path, bounds);
  table_reader table(bytes, path.native(), format, bounds);
  detail::feature_rows rows(items.size());
  std::vector<float> values, row;
  for_each_record(table, [&](table_reader& record) {
    const std::optional<item_id> item = items.find(record.value<std::int64_t>(0));
    if (item && rows.has(*item)) record.fail(0, in_quotation(record[0]) + " has a row already");
    row.clear();
    for (std::size_t place = 1; place < record.columns(); ++place) {
      row.push_back(record.value<float>(place, {.non_finite = true}));
    }
    rows.next_row(item);
    values.insert(values.end(), row.begin(), row.end());
  });
  return rows.finish(values, table.columns() == 0 ? 0 : table.columns() - 1, path.native());
}

/// Reads features from an .npy matrix of float32, and the key of the item of each row from an .npy vector of int32.
/// What is kept, left out and counted is as for read_feature_table.
/// Throws     parse_error naming the file for malformed arrays and for an item that comes twice; shape_error when the two
///            files have different numbers of rows
inline partial_column<matrix<float>> read_feature_npy(const std::filesystem::path& values_path,
                                                      const std::filesystem::path& keys_path, const data::item_map& items,
                                                      const limits& bounds = {}) {
  const npy_array<float> values = read_npy<float>(values_path, bounds);
  const npy_array<std::int32_t> keys = read_npy<std::int32_t>(keys_path, bounds);
  if (values.shape.size() != 2) throw parse_error(values_path.native(), 0, 0, "holds no matrix");
  if (keys.shape.size() != 1) throw parse_error(keys_path.native(), 0, 0, "holds no vector");
  require_size("io::read_feature_npy", "rows of " + values_path.native(), keys.shape[0], values.shape[0]);
  detail::feature_rows rows(items.size());
  for (std::size_t row = 0; row < keys.values.size(); ++row) {
    const std::optional<item_id> item = items.find(std::int64_t{keys.values[row]});
    if (item && rows.has(*item)) {
      throw parse_error(keys_path.native(), 0, 0,
                        "item " + std::to_string(keys.values[row]) + " comes again in row " + std::to_string(row));
    }
    rows.next_row(item);
  }
  return rows.finish(values.values, values.shape[1], values_path.native());
}

}  // namespace io
}  // namespace mmrec::inline v0
