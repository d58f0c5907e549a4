// mmrec/io/movielens_classic.hpp - MovieLens 100K, 1M and 10M: the releases that are no .csv files.
#pragma once
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <iterator>
#include <memory>
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
#include <mmrec/data/split/given.hpp>
#include <mmrec/data/split/parts.hpp>
#include <mmrec/io/detail/latin1.hpp>
#include <mmrec/io/file.hpp>
#include <mmrec/io/interactions.hpp>
#include <mmrec/io/movielens.hpp>
#include <mmrec/io/table.hpp>

namespace mmrec::inline v0 {
namespace io {

/// Films in the order of the file. Titles are UTF-8, whatever the file is in.
struct movielens_films {
  std::shared_ptr<const data::item_map> items;
  std::vector<std::string> titles;               ///< "Toy Story (1995)"
  std::vector<int> years;                        ///< 0 where the title names none
  std::vector<std::vector<std::string>> genres;  ///< in the order of the file; empty where none are listed
};

/// What is known about the users, in the order of the file.
struct movielens_people {
  std::shared_ptr<const data::user_map> users;
  std::vector<int> ages;                 ///< in years; of 1M the lower bound of a class: 1, 18, 25, 35, 45, 50, 56
  std::vector<char> genders;             ///< 'F' or 'M'
  std::vector<std::string> occupations;  ///< a word of 100K, a number of 1M
  std::vector<std::string> zip_codes;
};

/// A whole release. `people` is empty (a null map) for 10M, which has none.
struct movielens_release {
  movielens_films films;
  movielens_people people;
  data::interactions ratings;
};

namespace detail {

inline std::int64_t movielens_id(table_reader& record, std::size_t place) {
  const auto id = record.value<std::int64_t>(place);
  if (id < 0) record.fail(place, in_quotation(record[place]) + " is negative");
  return id;
}
template <class Id>
void add_new_id(table_reader& record, std::size_t place, data::id_map<Id>& map) {
  const std::int64_t id = movielens_id(record, place);
  if (map.find(id)) record.fail(place, in_quotation(record[place]) + " is in the table already");
  map.insert(id);
}
inline void require_columns(table_reader& table, std::size_t wanted) {
  if (table.columns() != 0 && table.columns() != wanted) {
    throw table.error_at(0, std::to_string(table.columns()) + " columns where " + std::to_string(wanted) + " are wanted");
  }
}

inline movielens_people parse_people(std::string_view bytes, std::string source, const std::string& delimiter,
                                     bool gender_first, const limits& bounds) {
  table_reader table(bytes, std::move(source), {.delimiter = delimiter, .quotes = false, .header = false}, bounds);
  require_columns(table, 5);
  movielens_people people;
  data::user_map users;
  const std::size_t age = gender_first ? 2 : 1, gender = gender_first ? 1 : 2;
  for_each_record(table, [&](table_reader& record) {
    const int years = record.value<int>(age);
    if (years < 0 || years > 150) record.fail(age, in_quotation(record[age]) + " is no age");
    if (record[gender] != "F" && record[gender] != "M")
      record.fail(gender, in_quotation(record[gender]) + " is neither F nor M");
    add_new_id(record, 0, users);
    people.ages.push_back(years);
    people.genders.push_back(record[gender].front());
    people.occupations.push_back(utf8_or_latin1(record[3]));
    people.zip_codes.push_back(utf8_or_latin1(record[4]));
  });
  people.users = std::make_shared<const data::user_map>(std::move(users));
  return people;
}

}  // namespace detail

/// Reads the bytes of u.item: number, title, two dates, address and 19 marks for genres, between bars.
/// Throws     parse_error, naming source, line and column, for another number of fields, a mark that is neither 0 nor 1, and a
///            film that comes twice
inline movielens_films parse_movielens_100k_films(std::string_view bytes, std::string source, const limits& bounds = {}) {
  constexpr std::string_view names[] = {"unknown",   "Action",   "Adventure",   "Animation", "Children's",
                                        "Comedy",    "Crime",    "Documentary", "Drama",     "Fantasy",
                                        "Film-Noir", "Horror",   "Musical",     "Mystery",   "Romance",
                                        "Sci-Fi",    "Thriller", "War",         "Western"};
  constexpr std::size_t marks = 5;  // the first of them
  table_reader table(bytes, std::move(source), {.delimiter = "|", .quotes = false, .header = false}, bounds);
  detail::require_columns(table, marks + std::size(names));
  movielens_films films;
  data::item_map items;
  for_each_record(table, [&](table_reader& record) {
    std::vector<std::string> genres;
    for (std::size_t genre = 0; genre < std::size(names); ++genre) {
      const std::string_view mark = record[marks + genre];
      if (mark != "0" && mark != "1") record.fail(marks + genre, in_quotation(mark) + " is neither 0 nor 1");
      if (mark == "1" && genre != 0) genres.emplace_back(names[genre]);
    }
    detail::add_new_id(record, 0, items);
    films.titles.push_back(detail::utf8_or_latin1(record[1]));
    films.years.push_back(detail::year_of(films.titles.back()));
    films.genres.push_back(std::move(genres));
  });
  films.items = std::make_shared<const data::item_map>(std::move(items));
  return films;
}

/// Reads the bytes of u.user: number, age, gender, occupation, zip code, between bars. Throws as for films.
inline movielens_people parse_movielens_100k_people(std::string_view bytes, std::string source, const limits& bounds = {}) {
  return detail::parse_people(bytes, std::move(source), "|", false, bounds);
}

/// Reads the bytes of movies.dat of 1M or 10M: number, title and genres between "::". Throws as for films of 100K.
inline movielens_films parse_movielens_dat_films(std::string_view bytes, std::string source, const limits& bounds = {}) {
  table_reader table(bytes, std::move(source), {.delimiter = "::", .quotes = false, .header = false}, bounds);
  detail::require_columns(table, 3);
  movielens_films films;
  data::item_map items;
  for_each_record(table, [&](table_reader& record) {
    detail::add_new_id(record, 0, items);
    films.titles.push_back(detail::utf8_or_latin1(record[1]));
    films.years.push_back(detail::year_of(films.titles.back()));
    films.genres.push_back(detail::split_genres(record[2]));
  });
  films.items = std::make_shared<const data::item_map>(std::move(items));
  return films;
}

/// Reads the bytes of users.dat of 1M: number, gender, age, occupation, zip code between "::".
inline movielens_people parse_movielens_1m_people(std::string_view bytes, std::string source, const limits& bounds = {}) {
  return detail::parse_people(bytes, std::move(source), "::", true, bounds);
}

/// Reads the folder of MovieLens 100K: u.data, u.item, u.user.
/// Throws     io_error for a missing file; parse_error and unknown_id, naming file, line and column, for malformed tables,
///            ratings outside 1..5, pairs that come twice, and ratings by or of strangers
/// Reference  Harper and Konstan, The MovieLens Datasets: History and Context, ACM TiiS 5(4), 2015
inline movielens_release read_movielens_100k_folder(const std::filesystem::path& folder, const limits& bounds = {}) {
  const auto path = [&](const char* name) { return folder / name; };
  movielens_release release;
  release.films = parse_movielens_100k_films(read_file(path("u.item"), bounds), path("u.item").native(), bounds);
  release.people = parse_movielens_100k_people(read_file(path("u.user"), bounds), path("u.user").native(), bounds);
  release.ratings =
      read_movielens_100k(path("u.data"), {.users = release.people.users, .items = release.films.items}, bounds)
          .interactions;
  return release;
}

/// One of the five official folds of MovieLens 100K, each an 80 % / 20 % split; validation is empty.
///
/// Result     test is uN.test. Training is uN.base or, where that file is not there, u.data without uN.test, which is
///            the same; the maps are those of the given ratings
/// Throws     invalid_config unless 1 <= fold <= 5; as read_movielens_100k_folder; data_error for a pair that is in both parts
/// Example    const auto parts = io::read_movielens_100k_fold(folder, 1, release.ratings);
inline split::parts<split::given> read_movielens_100k_fold(const std::filesystem::path& folder, int fold,
                                                           const data::interactions& all, const limits& bounds = {}) {
  require_config(fold >= 1 && fold <= 5, "io::read_movielens_100k_fold", "fold", "must be 1 to 5");
  const std::string name = "u" + std::to_string(fold);
  const key_maps keys{.users = all.user_keys(), .items = all.item_keys()};
  data::interactions test = read_movielens_100k(folder / (name + ".test"), keys, bounds).interactions;
  const std::filesystem::path base = folder / (name + ".base");
  data::interactions train;
  if (file_exists(base)) {
    train = read_movielens_100k(base, keys, bounds).interactions;
  } else {
    train = all.filtered([&](const data::interaction& event) {
      const auto held = test.history(event.user).items;
      return !std::binary_search(held.begin(), held.end(), event.item);
    });
  }
  data::interactions none(keys.users, keys.items, {});
  return split::given{.name = "MovieLens 100K " + name}(std::move(train), std::move(none), std::move(test));
}

/// Reads the folder of MovieLens 1M or 10M: ratings.dat, movies.dat and, where it is there, users.dat.
/// Throws     as read_movielens_100k_folder, ratings outside 0.5..5
inline movielens_release read_movielens_dat(const std::filesystem::path& folder, const limits& bounds = {}) {
  const auto path = [&](const char* name) { return folder / name; };
  movielens_release release;
  release.films = parse_movielens_dat_films(read_file(path("movies.dat"), bounds), path("movies.dat").native(), bounds);
  if (file_exists(path("users.dat"))) {
    release.people = parse_movielens_1m_people(read_file(path("users.dat"), bounds), path("users.dat").native(), bounds);
  }
  const key_maps keys{.users = release.people.users, .items = release.films.items};
  release.ratings = read_interactions(path("ratings.dat"), movielens_1m_ratings(), keys, bounds).interactions;
  return release;
}

}  // namespace io
}  // namespace mmrec::inline v0
