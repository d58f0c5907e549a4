// mmrec/io/movielens.hpp - MovieLens data sets, with the plots, posters and trailer features that go with one of them.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
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
#include <mmrec/data/image.hpp>
#include <mmrec/data/interactions.hpp>
#include <mmrec/data/matrix.hpp>
#include <mmrec/data/text_column.hpp>
#include <mmrec/io/feature_table.hpp>
#include <mmrec/io/file.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/partial_column.hpp>
#include <mmrec/io/table.hpp>

namespace mmrec::inline v0 {
namespace io {

/// ratings.csv of MovieLens latest, 20M, 25M and 32M.
inline interaction_table movielens_ratings() {
  return {.user = "userId",
          .item = "movieId",
          .value = "rating",
          .time = "timestamp",
          .numeric_keys = true,
          .lowest_value = 0.5f,
          .largest_value = 5.0f};
}
/// ratings.dat of MovieLens 1M and 10M.
inline interaction_table movielens_1m_ratings() {
  return {.format = {.delimiter = "::", .quotes = false, .header = false},
          .user = 0,
          .item = 1,
          .value = 2,
          .time = 3,
          .numeric_keys = true,
          .lowest_value = 0.5f,
          .largest_value = 5.0f};
}
/// u.data of MovieLens 100K, and its parts u1.base, u1.test, ...
inline interaction_table movielens_100k_ratings() {
  return {.format = {.delimiter = "\t", .quotes = false, .header = false},
          .user = 0,
          .item = 1,
          .value = 2,
          .time = 3,
          .numeric_keys = true,
          .lowest_value = 1.0f,
          .largest_value = 5.0f};
}

/// A MovieLens data set: films in the order of movies.csv, ratings, and what else is known about the films.
struct movielens {
  std::shared_ptr<const data::item_map> items;   ///< keys are movieIds
  std::vector<std::string> titles;               ///< as in the file, mostly with the year: "Toy Story (1995)"
  std::vector<int> years;                        ///< 0 where the title names none
  std::vector<std::vector<std::string>> genres;  ///< empty where none are listed
  std::vector<std::string> tags;                 ///< all tags that users gave the film, in the file's order, split by ", "
  data::interactions ratings;                    ///< 0.5 to 5, with Unix times

  partial_column<data::text_column> plots;
  partial_column<data::image_column> posters;  ///< 48 x 32 (height x width)
  partial_column<matrix<float>> sound;         ///< i-vectors of the trailer's sound, D = 100
  partial_column<matrix<float>> pictures;      ///< aesthetic visual features of the trailer's frames, D = 107

  std::size_t tag_count = 0;              ///< tags given, repeated ones included
  std::size_t tags_of_unknown_items = 0;  ///< left out
  table_report ratings_table;
  table_report movies_table;
  table_report tags_table;
};

namespace detail {

inline constexpr std::size_t poster_height = 48;
inline constexpr std::size_t poster_width = 32;
inline constexpr std::size_t poster_bytes = poster_height * poster_width * data::rgb_channels;

/// The year at the end of a title, "Toy Story (1995)" or "Death Note (2006-2007)"; 0 if there is none.
inline int year_of(std::string_view title) {
  constexpr std::size_t digits = 4;
  const std::size_t open = title.rfind('(');
  if (!title.ends_with(')') || open == std::string_view::npos || title.size() - open < digits + 2) return 0;
  return find_number<int>(title.substr(open + 1, digits)).value_or(0);
}

inline std::vector<std::string> split_genres(std::string_view text) {
  std::vector<std::string> genres;
  if (text.empty() || text == "(no genres listed)") return genres;
  for (;;) {
    const std::size_t bar = text.find('|');
    genres.emplace_back(text.substr(0, bar));
    if (bar == std::string_view::npos) return genres;
    text.remove_prefix(bar + 1);
  }
}

inline void read_movies(const std::filesystem::path& path, malformed on_malformed, const limits& bounds, movielens& result) {
  const std::string bytes = read_file(path, bounds);
  table_reader table(bytes, path.native(), {.on_malformed = on_malformed}, bounds);
  const std::size_t key = table.column("movieId"), title = table.column("title"), genres = table.column("genres");
  data::item_map items;
  for_each_record(table, [&](table_reader& record) {
    const auto id = record.value<std::int64_t>(key);
    if (id < 0) record.fail(key, in_quotation(record[key]) + " is negative");
    if (items.find(id)) record.fail(key, in_quotation(record[key]) + " is in the table already");
    items.insert(id);
    std::string_view name = record[title];
    name = name.substr(0, name.find_last_not_of(' ') + 1);
    result.titles.emplace_back(name);
    result.years.push_back(year_of(name));
    result.genres.push_back(split_genres(record[genres]));
  });
  result.items = std::make_shared<const data::item_map>(std::move(items));
  result.movies_table = table.report();
}

inline void read_tags(const std::filesystem::path& path, malformed on_malformed, const limits& bounds, movielens& result) {
  result.tags.resize(result.items->size());
  if (!file_exists(path)) return;
  const std::string bytes = read_file(path, bounds);
  table_reader table(bytes, path.native(), {.on_malformed = on_malformed}, bounds);
  const std::size_t key = table.column("movieId"), tag = table.column("tag");
  for_each_record(table, [&](table_reader& record) {
    const std::optional<item_id> item = result.items->find(record.value<std::int64_t>(key));
    ++result.tag_count;
    if (!item) {
      ++result.tags_of_unknown_items;
      return;
    }
    std::string& tags = result.tags[item->index()];
    if (!tags.empty()) tags += ", ";
    tags += record[tag];
  });
  result.tags_table = table.report();
}

/// Reads a table with one line an item; `value_of(record)` gives what is kept of it, or nothing.
/// The result has one entry an item.
template <class Value, class ValueOf>
std::vector<std::optional<Value>> read_by_item(table_reader& table, const data::item_map& items, std::size_t& unknown_items,
                                               ValueOf&& value_of) {
  std::vector<std::optional<Value>> values(items.size());
  std::vector<bool> seen(items.size(), false);
  const std::size_t key = table.column("movieId");
  for_each_record(table, [&](table_reader& record) {
    const std::optional<item_id> item = items.find(record.value<std::int64_t>(key));
    if (item && seen[item->index()]) record.fail(key, in_quotation(record[key]) + " is in the table already");
    std::optional<Value> value = value_of(record);
    if (!item) {
      unknown_items += value ? 1 : 0;
      return;
    }
    seen[item->index()] = true;
    values[item->index()] = std::move(value);
  });
  return values;
}

inline partial_column<data::text_column> read_plots(const std::filesystem::path& path, const data::item_map& items,
                                                    const limits& bounds) {
  partial_column<data::text_column> plots{.values = {}, .present = data::presence(items.size(), 0), .file = {}};
  if (!file_exists(path)) return plots;
  const std::string bytes = read_file(path, bounds);
  table_reader table(bytes, path.native(), {.delimiter = "\t", .quotes = false}, bounds);
  const std::size_t text = table.column("text");
  const auto values = read_by_item<std::string_view>(table, items, plots.unknown_items, [&](table_reader& record) {
    return record[text].empty() ? std::nullopt : std::optional(record[text]);
  });
  for (std::size_t item = 0; item < values.size(); ++item) {
    if (!values[item]) continue;
    plots.present[item] = 1;
    plots.values.push_back(*values[item]);
  }
  plots.file = path.native();
  return plots;
}

inline partial_column<data::image_column> read_posters(const std::filesystem::path& pixels,
                                                       const std::filesystem::path& index, const data::item_map& items,
                                                       const limits& bounds) {
  partial_column<data::image_column> posters{.values = {}, .present = data::presence(items.size(), 0), .file = {}};
  if (!file_exists(pixels)) return posters;
  const std::string bytes = read_file(pixels, bounds);
  if (bytes.size() % poster_bytes != 0) {
    throw parse_error(
        pixels.native(), 0, 0,
        std::to_string(bytes.size()) + " bytes are not a whole number of posters of " + std::to_string(poster_bytes));
  }
  const std::size_t packed = bytes.size() / poster_bytes;
  const std::string index_bytes = read_file(index, bounds);
  table_reader table(index_bytes, index.native(), {.delimiter = "\t", .quotes = false}, bounds);
  const std::size_t place = table.column("packed_row");
  const auto rows = read_by_item<std::size_t>(
      table, items, posters.unknown_items, [&](table_reader& record) -> std::optional<std::size_t> {
        const auto row = record.value<std::int64_t>(place);
        if (row == -1) return std::nullopt;  // known, but not among the packed ones
        if (row < 0 || static_cast<std::uint64_t>(row) >= packed) {
          record.fail(place, in_quotation(record[place]) + " is none of the " + std::to_string(packed) + " posters");
        }
        return static_cast<std::size_t>(row);
      });
  const std::span pixel_bytes(reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  for (std::size_t item = 0; item < rows.size(); ++item) {
    if (!rows[item]) continue;
    posters.present[item] = 1;
    posters.values.push_back(
        data::image_view(pixel_bytes.subspan(*rows[item] * poster_bytes, poster_bytes), poster_height, poster_width));
  }
  posters.file = pixels.native();
  return posters;
}

/// NAME.npy with NAME_ids.npy, else NAME.tsv, else nothing.
inline partial_column<matrix<float>> read_trailer(const std::filesystem::path& folder, const std::string& name,
                                                  const data::item_map& items, const limits& bounds) {
  if (file_exists(folder / (name + ".npy"))) {
    return read_feature_npy(folder / (name + ".npy"), folder / (name + "_ids.npy"), items, bounds);
  }
  if (file_exists(folder / (name + ".tsv"))) {
    return read_feature_table(folder / (name + ".tsv"), items, {.delimiter = "\t", .quotes = false}, bounds);
  }
  return {.values = {}, .present = data::presence(items.size(), 0), .file = {}};
}
}  // namespace detail

/// Reads a folder of MovieLens latest-small (or another MovieLens release of its shape).
///
/// Needed     ratings.csv, movies.csv
/// Used       tags.csv; text.tsv (movieId, text: plots); posters_32x48_rgb.u8 with posters_index.tsv (movieId, packed_row or -1);
///            audio_ivector100 and trailer_avf107, each as .npy with _ids.npy or as .tsv (movieId, then numbers).
///            What is not there is missing for every film.
/// Result     non-finite features are kept and counted: a stage with a policy for them is to repair them
/// Throws     io_error for files that are needed and not there; parse_error and unknown_id, naming file, line and column, for
///            malformed tables, ratings outside 0.5..5, films or ratings that come twice, ratings of unknown films.
///            `on_malformed` set to skip: malformed records of the three .csv files are counted in the reports instead
/// Reference  Harper and Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015
inline movielens read_movielens(const std::filesystem::path& folder, malformed on_malformed = malformed::error,
                                const limits& bounds = {}) {
  movielens result;
  detail::read_movies(folder / "movies.csv", on_malformed, bounds, result);
  detail::read_tags(folder / "tags.csv", on_malformed, bounds, result);
  interaction_table table = movielens_ratings();
  table.format.on_malformed = on_malformed;
  interaction_file ratings = read_interactions(folder / "ratings.csv", table, {.items = result.items}, bounds);
  result.ratings = std::move(ratings.interactions);
  result.ratings_table = std::move(ratings.table);
  result.plots = detail::read_plots(folder / "text.tsv", *result.items, bounds);
  result.posters =
      detail::read_posters(folder / "posters_32x48_rgb.u8", folder / "posters_index.tsv", *result.items, bounds);
  result.sound = detail::read_trailer(folder, "audio_ivector100", *result.items, bounds);
  result.pictures = detail::read_trailer(folder, "trailer_avf107", *result.items, bounds);
  return result;
}

/// Reads ratings of MovieLens 100K: u.data, or a part such as u1.base with the maps of u.data. See read_interactions.
inline interaction_file read_movielens_100k(const std::filesystem::path& file, const key_maps& keys = {},
                                            const limits& bounds = {}) {
  return read_interactions(file, movielens_100k_ratings(), keys, bounds);
}

}  // namespace io
}  // namespace mmrec::inline v0
