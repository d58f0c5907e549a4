// mmrec/io/mmrec_folder.hpp - multimodal data sets in the layout of the MMRec toolbox.
#pragma once
#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
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
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/split/given.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/io/adjacency.hpp>
#include <mmrec/io/detail/npy_header.hpp>
#include <mmrec/io/file.hpp>
#include <mmrec/io/npy.hpp>
#include <mmrec/io/partial_column.hpp>
#include <mmrec/io/table.hpp>

namespace mmrec::inline v0 {
namespace io {

/// Names of the columns of the .inter file, and of the files with features.
struct mmrec_layout {
  std::string user = "userID";
  std::string item = "itemID";
  std::string part = "x_label";                     ///< 0 train, 1 validation, 2 test
  std::optional<std::string> value = std::nullopt;  ///< "rating" where the values matter; else every event counts 1
  std::optional<std::string> time = std::nullopt;   ///< "timestamp" where the file has it
  std::vector<std::string> features = {"image_feat", "text_feat"};  ///< NAME.npy each
  data::interaction_policy policy = {.on_duplicate = data::duplicates::keep_first};
  friend bool operator==(const mmrec_layout&, const mmrec_layout&) = default;
};

/// A data set: its split, and the features of the items, one column for each name of the layout; all items are missing
/// where there is no such file.
struct mmrec_folder {
  split::parts<split::given> parts;
  std::vector<partial_column<matrix<float>>> features;
};

namespace detail {

struct labelled_events {
  std::array<std::vector<data::interaction>, 3> parts;
  std::size_t users = 0;
  std::size_t items = 0;
};

inline labelled_events parse_labelled(std::string_view bytes, std::string source, const mmrec_layout& layout,
                                      const limits& bounds) {
  const std::uint64_t most = most_numbered(bytes.size(), bounds);
  table_reader table(bytes, std::move(source), {.delimiter = "\t", .quotes = false}, bounds);
  const std::size_t user = table.column(layout.user), item = table.column(layout.item), part = table.column(layout.part);
  const auto value = layout.value ? std::optional(table.column(*layout.value)) : std::nullopt;
  const auto time = layout.time ? std::optional(table.column(*layout.time)) : std::nullopt;
  labelled_events result;
  const auto number = [&](table_reader& record, std::size_t place, std::size_t& count) {
    const auto id = record.value<std::int64_t>(place);
    if (id < 0) record.fail(place, in_quotation(record[place]) + " is negative");
    // Numbers are ids here: a small file must not ask for much memory.
    if (static_cast<std::uint64_t>(id) >= most) {
      record.fail(place, in_quotation(record[place]) + " is too large for ids numbered from 0 in a file of this size");
    }
    count = (std::max)(count, static_cast<std::size_t>(id) + 1);
    return static_cast<std::size_t>(id);
  };
  for_each_record(table, [&](table_reader& record) {
    data::interaction event;
    event.user = user_id{number(record, user, result.users)};
    event.item = item_id{number(record, item, result.items)};
    if (value) event.value = record.value<float>(*value);
    // Whole numbers, some written as "1.3e9" or with a fraction.
    if (time) {
      const auto whole = parse_number<std::int64_t>(record[*time]);
      event.time = whole ? whole.value : static_cast<std::int64_t>(std::clamp(record.value<double>(*time), -9e18, 9e18));
    }
    const auto label = record.value<std::int64_t>(part);
    if (label < 0 || label > 2) record.fail(part, in_quotation(record[part]) + " is none of 0, 1 and 2");
    result.parts[static_cast<std::size_t>(label)].push_back(event);
  });
  return result;
}

/// Rows of features of items numbered from 0, float32 or float64.
inline partial_column<matrix<float>> feature_rows_of(const std::filesystem::path& path, std::size_t items,
                                                     const limits& bounds) {
  partial_column<matrix<float>> result{.values = {}, .present = data::presence(items, 0), .file = {}};
  if (!file_exists(path)) return result;
  const std::string bytes = read_file(path, bounds);
  std::vector<std::size_t> shape;
  std::vector<float> values;
  if (parse_npy_header(bytes, path.native(), bounds).type == npy_code<double>()) {
    npy_array<double> array = parse_npy<double>(bytes, path.native(), bounds);
    shape = std::move(array.shape);
    for (const double x : array.values) values.push_back(static_cast<float>(x));
  } else {
    npy_array<float> array = parse_npy<float>(bytes, path.native(), bounds);
    shape = std::move(array.shape);
    values = std::move(array.values);
  }
  if (shape.size() != 2) throw parse_error(path.native(), 0, 0, "holds no matrix");
  require_size("io::read_mmrec", "rows of " + path.native(), items, shape[0]);
  result.values = Eigen::Map<const matrix<float>>(values.data(), static_cast<Eigen::Index>(shape[0]),
                                                  static_cast<Eigen::Index>(shape[1]));
  result.present.assign(items, 1);
  result.file = path.native();
  result.non_finite =
      static_cast<std::size_t>(std::count_if(values.begin(), values.end(), [](float x) { return !std::isfinite(x); }));
  return result;
}

}  // namespace detail

/// The split of the bytes of an .inter file whose users and items are numbered from 0. There are as many items as the
/// largest number says, or `least_items`.
inline split::parts<split::given> parse_mmrec_interactions(std::string_view bytes, const std::string& source,
                                                           const mmrec_layout& layout = {}, std::size_t least_items = 0,
                                                           const limits& bounds = {}) {
  detail::labelled_events read = detail::parse_labelled(bytes, source, layout, bounds);
  const auto users = std::make_shared<const data::user_map>(data::user_map::numbered(read.users));
  const auto items = std::make_shared<const data::item_map>(data::item_map::numbered((std::max)(read.items, least_items)));
  const auto part = [&](std::size_t label) {
    return data::interactions(users, items, std::move(read.parts[label]), layout.policy);
  };
  return split::given{.name = std::filesystem::path(source).stem().native()}(part(0), part(1), part(2));
}

/// Reads a folder NAME with NAME.inter (tab-separated, with a header) and the .npy files of the layout.
///
/// Result     users and items are numbered from 0 by the file, and row i of a feature file belongs to item i; the split is
///            that of the label column. Events of one user and item in one part are one, the first, unless the layout says
///            otherwise. Features that are not finite are kept and counted
/// Throws     io_error for a missing .inter file; parse_error, naming file, line and column, for malformed tables and numbers
///            that are too large for the file; data_error for a pair in two parts; shape_error for a feature file that has
///            not one row for each item
/// Example    const io::mmrec_folder baby = io::read_mmrec("data/baby");
///            const auto model = cf::ease{}.fit(exec, baby.parts.train);
/// Reference  Zhou, "MMRec: simplifying multimodal recommendation", MMAsia 2023
inline mmrec_folder read_mmrec(const std::filesystem::path& folder, const mmrec_layout& layout = {},
                               const limits& bounds = {}) {
  // A name such as "data/baby/" ends in an empty part.
  const std::filesystem::path name = folder.has_filename() ? folder.filename() : folder.parent_path().filename();
  const std::filesystem::path events = folder / (name.native() + ".inter");
  std::size_t least_items = 0;
  for (const std::string& feature : layout.features) {
    const std::filesystem::path path = folder / (feature + ".npy");
    if (!file_exists(path)) continue;
    const std::string bytes = read_file(path, bounds);
    const auto shape = detail::parse_npy_header(bytes, path.native(), bounds).shape;
    const std::uint64_t most = detail::most_numbered(bytes.size(), bounds);  // rows without columns cost a file nothing
    if (!shape.empty() && shape[0] > most) throw limit_error("io::read_mmrec", "rows of " + path.native(), most, shape[0]);
    if (!shape.empty()) least_items = (std::max)(least_items, shape[0]);
  }
  mmrec_folder result{parse_mmrec_interactions(read_file(events, bounds), events.native(), layout, least_items, bounds), {}};
  const std::size_t items = result.parts.train.interactions().items();
  for (const std::string& feature : layout.features) {
    result.features.push_back(detail::feature_rows_of(folder / (feature + ".npy"), items, bounds));
  }
  return result;
}

}  // namespace io
}  // namespace mmrec::inline v0
