// catalogue.hpp - the films as an item table, and what was loaded.
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include <mmrec/core/random.hpp>
#include <mmrec/data/item_table.hpp>
#include <mmrec/io/movielens.hpp>

#include "console.hpp"

namespace night {

namespace mm = mmrec;

/// One entry of a column, taken over into another one.
inline void append(mm::data::text_column& to, const mm::data::text_column& from, std::size_t entry) {
  to.push_back(from[entry]);
}
inline void append(mm::data::image_column& to, const mm::data::image_column& from, std::size_t entry) {
  to.push_back(from[entry]);
}
inline void append(mm::matrix<float>& to, const mm::matrix<float>& from, std::size_t entry) {
  to.conservativeResize(to.rows() + 1, from.cols());
  to.row(to.rows() - 1) = from.row(static_cast<Eigen::Index>(entry));
}

/// The values of the films that are kept.
template <class Values>
mm::io::partial_column<Values> kept_values(const mm::io::partial_column<Values>& all,
                                           const std::vector<std::uint8_t>& keep) {
  mm::io::partial_column<Values> kept{.values = {}, .present = {}, .file = all.file, .non_finite = all.non_finite};
  std::size_t entry = 0;
  for (std::size_t film = 0; film < keep.size(); ++film) {
    if (keep[film] != 0) kept.present.push_back(all.present[film]);
    if (keep[film] != 0 && all.present[film] != 0) append(kept.values, all.values, entry);
    entry += all.present[film];
  }
  return kept;
}

/// The same data set without the films that have fewer ratings.
inline mm::io::movielens well_known(mm::io::movielens all, std::size_t min_ratings) {
  if (min_ratings == 0) return all;
  const std::vector<std::uint32_t> counts = all.ratings.item_counts();
  std::vector<std::uint8_t> keep;
  mm::data::item_map items;
  mm::io::movielens kept;
  for (std::size_t film = 0; film < counts.size(); ++film) {
    keep.push_back(counts[film] >= min_ratings ? 1 : 0);
    if (keep.back() == 0) continue;
    items.insert(all.items->key(mm::item_id{film}));
    kept.titles.push_back(all.titles[film]);
    kept.genres.push_back(all.genres[film]);
    kept.tags.push_back(all.tags[film]);
  }
  kept.items = std::make_shared<const mm::data::item_map>(std::move(items));
  std::vector<mm::data::interaction> events;
  for (mm::data::interaction event : all.ratings.events()) {
    const auto item = kept.items->find(all.items->key(event.item));
    if (!item) continue;
    event.item = *item;
    events.push_back(event);
  }
  kept.ratings = {all.ratings.user_keys(), kept.items, std::move(events)};
  kept.plots = kept_values(all.plots, keep);
  kept.posters = kept_values(all.posters, keep);
  kept.sound = kept_values(all.sound, keep);
  kept.pictures = kept_values(all.pictures, keep);
  kept.tag_count = all.tag_count;
  kept.tags_of_unknown_items = all.tags_of_unknown_items;
  return kept;
}

/// What a film is like: its title, genres and tags in one text.
inline std::string words_of(const mm::io::movielens& movies, std::size_t film) {
  std::string text = movies.titles[film];
  for (const std::string& genre : movies.genres[film]) text += ' ' + genre;
  return text + ' ' + movies.tags[film];
}

/// A modality that says nothing, as a control: Gaussian noise of the width of the sound.
inline auto noise_column(std::size_t films, mm::seed key) {
  mm::data::column<"noise", mm::kind::dense<float>> column;
  std::vector<float> row(100);
  for (std::size_t film = 0; film < films; ++film) {
    mm::random_stream random(key, film);
    for (float& value : row) value = static_cast<float>(random.normal());
    column.push_back(std::span<const float>(row));
  }
  return column;
}

/// All modalities as columns. Those that the folder does not have are missing for every film.
inline auto make_table(const mm::io::movielens& movies, mm::seed key) {
  mm::data::column<"words", mm::kind::text> words;
  for (std::size_t film = 0; film < movies.items->size(); ++film) words.push_back(words_of(movies, film));
  return mm::data::item_table(movies.items, std::move(words), mm::io::to_column<"plot", mm::kind::text>(movies.plots),
                              mm::io::to_column<"poster", mm::kind::image<48, 32>>(movies.posters),
                              mm::io::to_column<"sound", mm::kind::dense<float>>(movies.sound),
                              mm::io::to_column<"pictures", mm::kind::dense<float>>(movies.pictures),
                              noise_column(movies.items->size(), key.derive(1)));
}
using film_table = decltype(make_table(std::declval<const mm::io::movielens&>(), mm::seed{}));

/// A one-row table of the same shape for a film that is described by words alone.
inline film_table describe_new_film(const std::string& description) {
  mm::data::column<"words", mm::kind::text> words;
  mm::data::column<"plot", mm::kind::text> plot;
  mm::data::column<"poster", mm::kind::image<48, 32>> poster;
  mm::data::column<"sound", mm::kind::dense<float>> sound;
  mm::data::column<"pictures", mm::kind::dense<float>> pictures;
  mm::data::column<"noise", mm::kind::dense<float>> noise;
  words.push_back(description);
  plot.push_back(description);
  poster.push_missing();
  sound.push_missing();
  pictures.push_missing();
  noise.push_missing();
  return film_table(mm::data::item_map::numbered(1), words, plot, poster, sound, pictures, noise);
}

/// Prints what is there, what is missing and what will be repaired, and puts the same into the report.
inline void show_loaded(const mm::io::movielens& movies, const std::string& folder, nlohmann::json& report) {
  heading("Loaded " + folder);
  const std::size_t films = movies.items->size();
  std::printf("%zu users, %zu films, %zu ratings, %zu tags (%zu for films that are not in the catalogue)\n",
              movies.ratings.users(), films, movies.ratings.size(), movies.tag_count, movies.tags_of_unknown_items);
  report["loaded"] = {
      {"users", movies.ratings.users()}, {"films", films}, {"ratings", movies.ratings.size()}, {"tags", movies.tag_count}};
  const auto line = [&](const char* name, const std::string& what, std::size_t present, std::size_t non_finite) {
    std::printf("  %-9s %-46s %5zu films, missing for %5zu", name, what.c_str(), present, films - present);
    if (non_finite > 0) std::printf("; %zu values are not finite: clipped to their column's range", non_finite);
    std::printf("\n");
    report["loaded"]["modalities"][name] = {{"present", present}, {"missing", films - present}, {"non_finite", non_finite}};
  };
  line("words", "title, genres and tags", films, 0);
  if (!movies.plots.file.empty()) line("plot", "plot", movies.plots.present_count(), 0);
  if (!movies.posters.file.empty()) line("poster", "poster, 48 x 32 pixels", movies.posters.present_count(), 0);
  line("sound", "trailer sound, i-vectors", movies.sound.present_count(), movies.sound.non_finite);
  line("pictures", "trailer pictures, aesthetic features", movies.pictures.present_count(), movies.pictures.non_finite);
}

}  // namespace night
